"""HTTP push: a signed POST to the agency, its signed answer on the same connection.

What a failure allows the dispatcher to do next:

| seen                                                       | raised              | because                          |
|------------------------------------------------------------|---------------------|----------------------------------|
| refused, no name, no TLS, no connection in time            | `AgencyUnavailable` | nothing was sent                 |
| 425, 429, 503                                              | `AgencyUnavailable` | they say: not handled            |
| time-out, reset or rubbish after the first byte            | `OutcomeUnknown`    | it may have been acted on        |
| 408, 500, 502, 504 and any other 5xx                       | `OutcomeUnknown`    | a gateway may hide a deed        |
| 2xx whose signature is missing or wrong                    | `OutcomeUnknown`    | nobody we know said so           |
| 3xx, other 4xx                                             | `MessageRejected`   | again would be refused again     |

A status query and a live list change nothing at the agency, so what is unknown of them is merely unavailable: it is
asked again.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final, NoReturn

from app.adapters.contract import Operation, WireMessage, WireReply
from app.adapters.evidence import evidence_of_exchange
from app.adapters.profile import AgencyProfile, AgencySettings
from app.adapters.signatures import (
    POSSIBLE_DUPLICATE,
    RequestParts,
    ResponseParts,
    SignatureRefused,
    new_nonce,
    sign_request,
    verify_response,
)
from app.adapters.transports.wire import WireTransport
from app.adapters.transports.wire_connection import Reply, WireLimits
from app.adapters.transports.wire_errors import MaybeSent, NeverSent, Unsendable
from app.clock import Clock
from app.errors import (
    AgencyUnavailable,
    ErrorCode,
    FieldError,
    MessageRejected,
    OutcomeUnknown,
    Refusal,
)

PATHS: Final = {
    Operation.REQUEST: "requests",
    Operation.STATUS_QUERY: "status-queries",
    Operation.CANCELLATION: "cancellations",
    Operation.LIVE_LIST: "live-lists",
}
"""Under the agency's endpoint (docs/agency-protocol.md)."""

LONGEST_RETRY_AFTER = timedelta(days=1)
"""A partner's word postpones us no longer than this: a deadline of the court runs meanwhile."""

_CHANGES_NOTHING = frozenset({Operation.STATUS_QUERY, Operation.LIVE_LIST})
_NOT_HANDLED = frozenset({425, 429, 503})
_MAYBE_HANDLED = frozenset({408})


class HttpTransport:
    """Fulfils `contract.Transport` for one agency."""

    def __init__(self, profile: AgencyProfile, wire: WireTransport, clock: Clock) -> None:
        self._endpoint = str(profile.settings.endpoint).rstrip("/")
        self._hub_key = profile.hub_key
        self._agency_keys = profile.keys
        self._wire = wire
        self._clock = clock

    async def exchange(self, message: WireMessage, *, attempt: int) -> WireReply:
        """As the protocol says; the reply is of a 2xx status and signed by a key of this agency, just now."""
        request = self._signed(message, attempt)
        try:
            reply = await self._wire.exchange(
                request.method, request.target_uri, request.headers, request.body
            )
        except Unsendable as error:
            raise MessageRejected(str(error)) from error
        except NeverSent as error:
            raise AgencyUnavailable(str(error)) from error
        except MaybeSent as error:
            self._raise_unknown(message, str(error))
        if not 200 <= reply.status < 300:
            self._raise_for_status(message, reply)
        response = ResponseParts(reply.status, reply.headers, reply.body)
        self._check_signature(request, response)
        fields = {name.decode("latin-1"): value.decode("latin-1") for name, value in reply.headers}
        evidence = evidence_of_exchange(request, response)
        return WireReply(reply.status, fields.get("content-type", ""), reply.body, fields, evidence)

    async def aclose(self) -> None:
        await self._wire.aclose()

    def _signed(self, message: WireMessage, attempt: int) -> RequestParts:
        headers = [(b"content-type", message.content_type.encode())]
        if attempt > 1:
            headers.append((POSSIBLE_DUPLICATE, b"?1"))
        request = RequestParts("POST", f"{self._endpoint}/{PATHS[message.operation]}", headers, message.body)
        try:
            headers += sign_request(request, self._hub_key, self._clock.now(), new_nonce())
        except SignatureRefused as error:
            raise MessageRejected(f"cannot be signed: {error.about}") from error
        return request

    def _check_signature(self, request: RequestParts, response: ResponseParts) -> None:
        try:
            verify_response(response, request, self._agency_keys, self._clock.now())
        except SignatureRefused as error:
            raise OutcomeUnknown(f"unsigned answer: {error}", raw=response.body) from error

    def _raise_for_status(self, message: WireMessage, reply: Reply) -> NoReturn:
        reason = f"status {reply.status}"
        if reply.status in _NOT_HANDLED:
            raise AgencyUnavailable(reason, retry_after=self._retry_after(reply))
        if reply.status >= 500 or reply.status in _MAYBE_HANDLED:
            self._raise_unknown(message, reason, reply)
        raise MessageRejected(reason, raw=reply.body)

    def _raise_unknown(self, message: WireMessage, reason: str, reply: Reply | None = None) -> NoReturn:
        if message.operation in _CHANGES_NOTHING:
            raise AgencyUnavailable(reason, retry_after=self._retry_after(reply) if reply else None)
        raise OutcomeUnknown(reason, raw=reply.body if reply else b"")

    def _retry_after(self, reply: Reply) -> timedelta | None:
        return retry_after(dict(reply.headers).get(b"retry-after", b""), self._clock.now())


def retry_after(value: bytes, now: datetime) -> timedelta | None:
    """How long to wait by a Retry-After field (RFC 9110 §10.2.3): seconds or a date; None when it says nothing.

    Never less than nothing and never more than `LONGEST_RETRY_AFTER`.
    """
    text = value.decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(moment - now, timedelta()), LONGEST_RETRY_AFTER)


def open_http(profile: AgencyProfile, clock: Clock, secrets: Path) -> HttpTransport:
    """The transport of an agency as its settings say; connections are opened when first needed.

    Raises:
        Refusal: a certificate or authority named in the settings is not a usable PEM file in `secrets`.
    """
    limits = profile.settings.limits
    wire = WireTransport(
        WireLimits(
            connect_seconds=limits.connect_seconds,
            read_seconds=limits.read_seconds,
            total_seconds=limits.total_seconds,
            max_connections=limits.concurrency,
        ),
        tls=_tls(profile.settings, secrets),
    )
    return HttpTransport(profile, wire, clock)


def _tls(settings: AgencySettings, secrets: Path) -> ssl.SSLContext | None:
    if not settings.trusted_authority and not settings.client_certificate:
        return None
    with _naming("trusted_authority"):
        # The agency's own authority instead of the system's, not beside them.
        authority = _secret(secrets, settings.trusted_authority) if settings.trusted_authority else None
        context = ssl.create_default_context(cafile=authority)
    if settings.client_certificate:
        with _naming("client_certificate"):
            # The empty password keeps OpenSSL from asking for one at the terminal.
            context.load_cert_chain(_secret(secrets, settings.client_certificate), password=b"")
    return context


def _secret(secrets: Path, name: str) -> Path:
    """A file of that folder and of no other."""
    if Path(name).name != name:
        raise FileNotFoundError(name)
    return secrets / name


@contextmanager
def _naming(setting: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # SSLError is an OSError
        field = FieldError(
            f"/settings/{setting}",
            "file_unusable",
            "no usable PEM file of that name in the secrets folder",
            "密钥目录中没有可用的同名 PEM 文件",
        )
        raise Refusal(ErrorCode.AGENCY_SETTINGS_INVALID, field) from error

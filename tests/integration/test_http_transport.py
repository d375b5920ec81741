"""What the dispatcher may do after each thing that can happen to a signed message."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import HttpUrl

from app.adapters.contract import Operation, Transport, WireMessage
from app.adapters.profile import AgencyProfile, AgencySettings, Limits
from app.adapters.signatures import (
    Headers,
    RequestParts,
    ResponseParts,
    SigningKey,
    VerifyingKey,
    new_nonce,
    sign_response,
    verify_request,
)
from app.adapters.transports.http import open_http, retry_after
from app.clock import ManualClock
from app.errors import (
    AgencyUnavailable,
    ErrorCode,
    ExchangeError,
    MessageRejected,
    OutcomeUnknown,
    Refusal,
)
from app.ids import new_id
from app.vocabulary import AgencyKind
from tests.integration.peers import Handler, make_certificate, peer, read_request, server_side

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HUB = SigningKey("hub-1", Ed25519PrivateKey.generate())
AGENCY = SigningKey("bank-1", Ed25519PrivateKey.generate())
LIMITS = Limits(connect_seconds=1, read_seconds=0.3, total_seconds=1.3)


def ring(*keys: SigningKey) -> dict[str, VerifyingKey]:
    return {key.key_id: VerifyingKey(key.key_id, key.private_key.public_key(), NOW) for key in keys}


def message(operation: Operation = Operation.REQUEST) -> WireMessage:
    return WireMessage(operation, new_id(), new_id(), "application/json", b'{"kind":"asset_query"}')


def profile(endpoint: str, **settings: Any) -> AgencyProfile:
    return AgencyProfile(
        agency_code="BANK-1",
        kind=AgencyKind.BANK,
        dialect="liandong-1",
        transport="http",
        capabilities=frozenset(),
        settings=AgencySettings(endpoint=HttpUrl(endpoint), limits=LIMITS, **settings),
        keys=ring(AGENCY),
        hub_key=HUB,
    )


@asynccontextmanager
async def transport_to(endpoint: str) -> AsyncIterator[Transport]:
    transport: Transport = open_http(profile(endpoint), ManualClock(NOW), Path("nowhere"))
    try:
        yield transport
    finally:
        await transport.aclose()


class Agency:
    """Verifies what comes, answers as told, and keeps what it saw."""

    def __init__(
        self,
        status: int = 202,
        body: bytes = b'{"type":"acknowledgement"}',
        key: SigningKey = AGENCY,
        scheme: str = "http",
    ) -> None:
        self.status = status
        self.body = body
        self.key = key
        self.scheme = scheme
        self.seen: list[RequestParts] = []
        self.spoil: Callable[[ResponseParts], ResponseParts] = lambda response: response
        self.extra: Headers = []

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head, body = await read_request(reader)
            first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
            headers = [
                (name.encode(), value.encode()) for name, value in (line.split(": ", 1) for line in lines)
            ]
            method, path, _ = first.split(" ")
            uri = f"{self.scheme}://{dict(headers)[b'host'].decode()}{path}"
            request = RequestParts(method, uri, headers, body)
            verify_request(request, ring(HUB), NOW)
            self.seen.append(request)
            writer.write(self.answer(request))

    def answer(self, request: RequestParts) -> bytes:
        response = ResponseParts(self.status, [(b"content-type", b"application/json")], self.body)
        signed = sign_response(response, request, self.key, NOW, new_nonce())
        response = self.spoil(replace(response, headers=[*response.headers, *signed, *self.extra]))
        head = b"".join(b"%b: %b\r\n" % line for line in response.headers)
        start = b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n" % (response.status, len(response.body))
        return start + head + b"\r\n" + response.body


async def failure(handler: Handler, operation: Operation = Operation.REQUEST) -> ExchangeError:
    async with peer(handler) as there, transport_to(there.url) as transport:
        with pytest.raises(ExchangeError) as failed:
            await transport.exchange(message(operation), attempt=1)
    return failed.value


async def test_a_signed_answer_to_a_signed_message_comes_back_as_it_was() -> None:
    agency = Agency()
    async with peer(agency.handle) as there, transport_to(there.url + "liandong/") as transport:
        sent = message()
        reply = await transport.exchange(sent, attempt=1)
    assert (reply.status, reply.content_type, reply.body) == (202, "application/json", agency.body)
    [seen] = agency.seen
    assert seen.target_uri.endswith("/liandong/requests")
    assert seen.body == sent.body
    assert b"liandong-possible-duplicate" not in dict(seen.headers)


@pytest.mark.parametrize(
    ("operation", "path"),
    [
        (Operation.REQUEST, "/requests"),
        (Operation.STATUS_QUERY, "/status-queries"),
        (Operation.CANCELLATION, "/cancellations"),
        (Operation.LIVE_LIST, "/live-lists"),
    ],
)
async def test_every_operation_has_its_path(operation: Operation, path: str) -> None:
    agency = Agency(200)
    async with peer(agency.handle) as there, transport_to(there.url) as transport:
        await transport.exchange(message(operation), attempt=1)
    assert agency.seen[0].target_uri.endswith(path)


async def test_from_the_second_attempt_on_a_possible_duplicate_is_marked_under_the_signature() -> None:
    agency = Agency()
    async with peer(agency.handle) as there, transport_to(there.url) as transport:
        sent = message()
        for attempt in (1, 2, 3):
            await transport.exchange(sent, attempt=attempt)
    marks = [dict(seen.headers).get(b"liandong-possible-duplicate") for seen in agency.seen]
    assert marks == [None, b"?1", b"?1"]
    assert len({seen.body for seen in agency.seen}) == 1
    assert len({dict(seen.headers)[b"signature"] for seen in agency.seen}) == 3


# Never sent


async def test_a_refused_connection_leaves_the_agency_unavailable() -> None:
    async with peer(Agency().handle) as gone:
        url = gone.url
    async with transport_to(url) as transport:
        with pytest.raises(AgencyUnavailable) as failed:
            await transport.exchange(message(), attempt=1)
    assert failed.value.retry_after is None


async def test_an_unknown_name_leaves_the_agency_unavailable() -> None:
    async with transport_to("http://bank.invalid/") as transport:
        with pytest.raises(AgencyUnavailable):
            await transport.exchange(message(), attempt=1)


async def test_a_message_that_cannot_be_signed_or_sent_goes_to_a_person() -> None:
    async with peer(Agency().handle) as there, transport_to(there.url) as transport:
        with pytest.raises(MessageRejected):
            await transport.exchange(replace(message(), content_type="a\r\nb: c"), attempt=1)
        assert there.connections == 0
    async with transport_to("http://user:password@127.0.0.1/") as transport:
        with pytest.raises(MessageRejected) as failed:
            await transport.exchange(message(), attempt=1)
    assert "password" not in failed.value.reason


# Maybe sent


async def drop_after_the_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)


async def drop_in_the_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n{")


async def never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    await asyncio.sleep(60)


async def answer_rubbish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"SSH-2.0-OpenSSH\r\n")


DROPS = [drop_after_the_body, drop_in_the_answer, never_answer, answer_rubbish]


@pytest.mark.parametrize("handler", DROPS)
@pytest.mark.parametrize("operation", [Operation.REQUEST, Operation.CANCELLATION])
async def test_what_breaks_after_the_first_byte_is_unknown(handler: Handler, operation: Operation) -> None:
    assert isinstance(await failure(handler, operation), OutcomeUnknown)


@pytest.mark.parametrize("handler", DROPS)
@pytest.mark.parametrize("operation", [Operation.STATUS_QUERY, Operation.LIVE_LIST])
async def test_a_question_that_breaks_is_simply_asked_again(handler: Handler, operation: Operation) -> None:
    assert isinstance(await failure(handler, operation), AgencyUnavailable)


# Statuses


@pytest.mark.parametrize("status", [425, 429, 503])
async def test_a_status_that_says_not_handled_is_retried_when_the_agency_says(status: int) -> None:
    agency = Agency(status)
    agency.extra = [(b"Retry-After", b"7")]
    error = await failure(agency.handle)
    assert isinstance(error, AgencyUnavailable)
    assert error.retry_after == timedelta(seconds=7)


@pytest.mark.parametrize("status", [408, 500, 501, 502, 504, 507, 599])
async def test_a_status_behind_which_a_deed_may_hide_is_unknown(status: int) -> None:
    error = await failure(Agency(status, b"gateway").handle)
    assert isinstance(error, OutcomeUnknown)
    assert error.raw == b"gateway"
    assert isinstance(await failure(Agency(status).handle, Operation.STATUS_QUERY), AgencyUnavailable)


@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404, 409, 413, 422, 451])
async def test_any_other_status_goes_to_a_person_with_what_the_agency_said(status: int) -> None:
    error = await failure(Agency(status, b'{"code":"signature_refused"}').handle)
    assert isinstance(error, MessageRejected)
    assert error.raw == b'{"code":"signature_refused"}'


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"0", 0),
        (b" 120 ", 120),
        (b"Mon, 02 Mar 2026 09:31:00 GMT", 60),
        (b"Mon, 02 Mar 2026 17:31:00 +0800", 60),
        (b"Monday, 02-Mar-26 09:31:00 GMT", 60),
        (b"Mon, 02 Mar 2026 09:00:00 GMT", 0),
        (b"9999999999999999999", 86_400),
        (b"Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
        (b"", None),
        (b"soon", None),
        (b"-5", None),
        (b"1.5", None),
        (b"\xb2", None),
        (b"Mon, 99 Mar 2026 09:31:00 GMT", None),
        (b"Mon, 02 Mar 99999 09:31:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_at_most_a_day(value: bytes, seconds: int | None) -> None:
    assert retry_after(value, NOW) == (None if seconds is None else timedelta(seconds=seconds))


# Signatures


def strip(response: ResponseParts) -> ResponseParts:
    return replace(response, headers=[(n, v) for n, v in response.headers if not n.startswith(b"signature")])


@pytest.mark.parametrize(
    "spoil",
    [
        strip,
        lambda response: replace(response, body=b'{"state":"nothing_found"}'),
        lambda response: replace(response, status=200),
    ],
    ids=["unsigned", "other body", "other status"],
)
@pytest.mark.parametrize("operation", Operation)
async def test_an_answer_nobody_signed_is_kept_and_not_believed(
    spoil: Callable[[ResponseParts], ResponseParts], operation: Operation
) -> None:
    agency = Agency()
    agency.spoil = spoil
    error = await failure(agency.handle, operation)
    assert isinstance(error, OutcomeUnknown)
    assert error.reason.startswith("unsigned answer")
    assert error.raw


async def test_an_answer_signed_by_somebody_else_is_not_believed() -> None:
    stranger = SigningKey(AGENCY.key_id, Ed25519PrivateKey.generate())
    unknown = SigningKey("bank-2", Ed25519PrivateKey.generate())
    for key in (stranger, unknown):
        assert isinstance(await failure(Agency(key=key).handle), OutcomeUnknown)


class ForgetfulAgency(Agency):
    """Gives every request the very bytes it gave to the first."""

    first: bytes | None = None

    def answer(self, request: RequestParts) -> bytes:
        self.first = self.first or super().answer(request)
        return self.first


async def test_an_earlier_answer_to_the_same_bytes_is_not_believed() -> None:
    async with peer(ForgetfulAgency().handle) as there, transport_to(there.url) as transport:
        sent = message()
        await transport.exchange(sent, attempt=1)
        with pytest.raises(OutcomeUnknown):
            await transport.exchange(sent, attempt=1)


# Settings


def test_a_certificate_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "rubbish.pem").write_text("rubbish")
    (tmp_path / "folder").mkdir()
    for name in (
        "missing.pem",
        "rubbish.pem",
        "folder",
        "../rubbish.pem",
        str(tmp_path / "rubbish.pem"),
        "..",
        "\0",
    ):
        for setting in ("trusted_authority", "client_certificate"):
            with pytest.raises(Refusal) as refused:
                open_http(profile("https://bank.example/", **{setting: name}), ManualClock(NOW), tmp_path)
            assert refused.value.code is ErrorCode.AGENCY_SETTINGS_INVALID
            assert refused.value.fields[0].field == f"/settings/{setting}"


async def test_the_certificates_named_in_the_settings_are_used(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path / "agency.pem")
    theirs = server_side(certificate)
    theirs.verify_mode = ssl.CERT_REQUIRED
    theirs.load_verify_locations(certificate)
    agency = Agency(scheme="https")
    async with peer(agency.handle, theirs) as there:
        named = {"trusted_authority": "agency.pem", "client_certificate": "agency.pem"}
        endpoint = f"https://127.0.0.1:{there.port}/"
        transport = open_http(profile(endpoint, **named), ManualClock(NOW), tmp_path)
        assert (await transport.exchange(message(), attempt=1)).status == 202
        await transport.aclose()

        stranger = open_http(profile(endpoint), ManualClock(NOW), tmp_path)
        with pytest.raises(AgencyUnavailable):
            await stranger.exchange(message(), attempt=1)
        await stranger.aclose()

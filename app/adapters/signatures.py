"""Who sent these bytes: a narrow profile of RFC 9421 (HTTP Message Signatures) and RFC 9530 (Content-Digest).

One label (`liandong`), one tag (`liandong-v1`), two algorithms. A request covers its method, target URI, content type
and content digest, and the mark of a possible duplicate when it is there. An answer covers its status, content type
and content digest, and of the request it answers the method, target URI, content digest and signature: it cannot be
replayed for another request, nor for another attempt at the same one (RFC 9421 §2.4). The content type may be absent
only where the body is empty.

Where two readers could understand two things (a covered field or a parameter sent twice, a line break in a value) the
message is refused instead of interpreted. Nonces are not remembered here: the caller owns that store.
"""

import re
import secrets
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature

from app.adapters.signature_claims import (
    LABEL,
    NONCE,
    Claim,
    Fields,
    Headers,
    SignatureFault,
    SignatureRefused,
    bytes_member,
    decode_bytes,
    field_value,
    read_claim,
    read_fields,
)
from app.adapters.signing_keys import SigningKey, VerifyingKey

__all__ = [
    "MAX_SKEW_SECONDS",
    "POSSIBLE_DUPLICATE",
    "TAG",
    "Headers",
    "KeyRing",
    "RequestParts",
    "ResponseParts",
    "SignatureFault",
    "SignatureRefused",
    "SigningKey",
    "Statement",
    "Verified",
    "VerifyingKey",
    "claimed_key_id",
    "content_digest",
    "new_nonce",
    "request_statement",
    "response_statement",
    "sign_request",
    "sign_response",
    "verify_request",
    "verify_response",
]

TAG = "liandong-v1"
MAX_SKEW_SECONDS = 300
POSSIBLE_DUPLICATE = b"liandong-possible-duplicate"


class KeyRing(Protocol):
    """Where keys are looked up. A dict of keys by their id is one."""

    def get(self, key_id: str, /) -> VerifyingKey | None:
        """The key of that id, also when it is expired or revoked."""
        ...


@dataclass(frozen=True, slots=True)
class RequestParts:
    """A request as it is signed. `target_uri` is the address its receiver publishes, not what a proxy made of it."""

    method: str
    target_uri: str
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ResponseParts:
    status: int
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Verified:
    """The holder of `key_id` signed this message. The caller accepts each (key_id, nonce) once only."""

    key_id: str
    nonce: str
    created: datetime


@dataclass(frozen=True, slots=True)
class Statement:
    """What a signature says and who is said to have made it; whoever has the public key can check it, without the body."""

    key_id: str
    base: bytes
    """The signature base (RFC 9421 §2.5): the very bytes that were signed. They name no person."""

    signature: bytes


def new_nonce() -> str:
    """128 random bits, base64url."""
    return secrets.token_urlsafe(16)


def content_digest(body: bytes) -> bytes:
    """The value of Content-Digest for these bytes (RFC 9530 §2)."""
    return b"sha-256=:" + b64encode(sha256(body).digest()) + b":"


def sign_request(request: RequestParts, key: SigningKey, created: datetime, nonce: str) -> Headers:
    """The field lines to add before sending: Content-Digest, Signature-Input, Signature.

    Raises SignatureRefused (malformed, missing) for a message that its receiver would have to refuse.
    """
    return _sign(_request_subject(request), key, created, nonce)


def sign_response(
    response: ResponseParts, request: RequestParts, key: SigningKey, created: datetime, nonce: str
) -> Headers:
    """The field lines to add to the answer to `request`, whose headers hold its digest and signature.

    Raises SignatureRefused as `sign_request` does, also where the request has no signature that could be bound.
    """
    return _sign(_response_subject(response, request), key, created, nonce)


def verify_request(request: RequestParts, keys: KeyRing, now: datetime) -> Verified:
    """Who signed this request. Raises SignatureRefused, and nothing else, whatever the bytes are."""
    return _verify(_request_subject(request), keys, now)


def verify_response(response: ResponseParts, request: RequestParts, keys: KeyRing, now: datetime) -> Verified:
    """Who signed this answer to `request` (as it was sent, with its signature). Raises SignatureRefused only."""
    return _verify(_response_subject(response, request), keys, now)


def claimed_key_id(headers: Headers) -> str:
    """The key that the sender says it used, for a caller that has to load it first. Proves nothing.

    Raises SignatureRefused.
    """
    return read_claim(read_fields(headers)).key_id


def request_statement(request: RequestParts) -> Statement:
    """What the signature of a request says. Its body is not looked at. Raises SignatureRefused."""
    return _statement(_request_subject(request))


def response_statement(response: ResponseParts, request: RequestParts) -> Statement:
    """As `request_statement`, for the answer to `request`."""
    return _statement(_response_subject(response, request))


def _statement(subject: "_Subject") -> Statement:
    claim = read_claim(subject.fields)
    return Statement(claim.key_id, subject.base(claim.components, claim.parameters), claim.signature)


# What is signed ---------------------------------------------------------------------------------------------------

_METHOD = re.compile(r"[A-Z]{1,20}")
_TARGET_URI = re.compile(r"https?://[!-~]{1,8000}")


@dataclass(frozen=True, slots=True)
class _Subject:
    """A message, with the components that are not fields of its own already computed."""

    derived: dict[bytes, bytes]
    fields: Fields
    body: bytes

    def required(self) -> list[bytes]:
        names = [*self.derived, b'"content-digest"']
        if self.body or b"content-type" in self.fields:
            names.append(b'"content-type"')
        if POSSIBLE_DUPLICATE in self.fields:
            names.append(b'"' + POSSIBLE_DUPLICATE + b'"')
        return names

    def base(self, components: Iterable[bytes], parameters: bytes) -> bytes:
        """The signature base (RFC 9421 §2.5)."""
        lines = [name + b": " + self._value(name) for name in components]
        lines.append(b'"@signature-params": ' + parameters)
        return b"\n".join(lines)

    def _value(self, component: bytes) -> bytes:
        derived = self.derived.get(component)
        return field_value(self.fields, component[1:-1]) if derived is None else derived


def _request_subject(request: RequestParts) -> _Subject:
    derived = {b'"@method"': _method(request), b'"@target-uri"': _target_uri(request)}
    return _Subject(derived, read_fields(request.headers), request.body)


def _response_subject(response: ResponseParts, request: RequestParts) -> _Subject:
    asked = read_fields(request.headers)
    derived = {
        b'"@status"': b"%d" % response.status,
        b'"@method";req': _method(request),
        b'"@target-uri";req': _target_uri(request),
        b'"content-digest";req': field_value(asked, b"content-digest"),
        b'"signature";req;key="liandong"': b":%b:" % bytes_member(asked, b"signature", LABEL),
    }
    return _Subject(derived, read_fields(response.headers), response.body)


def _method(request: RequestParts) -> bytes:
    if not _METHOD.fullmatch(request.method):
        raise SignatureRefused(SignatureFault.MALFORMED, "method")
    return request.method.encode()


def _target_uri(request: RequestParts) -> bytes:
    if not _TARGET_URI.fullmatch(request.target_uri):
        raise SignatureRefused(SignatureFault.MALFORMED, "target URI")
    return request.target_uri.encode()


# Signing ----------------------------------------------------------------------------------------------------------


def _sign(subject: _Subject, key: SigningKey, created: datetime, nonce: str) -> Headers:
    if not NONCE.fullmatch(nonce):
        raise SignatureRefused(SignatureFault.MALFORMED, "nonce")
    if not subject.fields.keys().isdisjoint((b"content-digest", b"signature-input", b"signature")):
        raise SignatureRefused(SignatureFault.MALFORMED, "message is signed already")
    digest = subject.fields[b"content-digest"] = content_digest(subject.body)
    components = subject.required()
    parameters = b'(%b);created=%d;keyid="%b";alg="%b";nonce="%b";tag="%b"' % (
        b" ".join(components),
        int(created.timestamp()),
        key.key_id.encode(),
        key.algorithm.encode(),
        nonce.encode(),
        TAG.encode(),
    )
    signature = key.sign(subject.base(components, parameters))
    return [
        (b"content-digest", digest),
        (b"signature-input", LABEL + b"=" + parameters),
        (b"signature", LABEL + b"=:" + b64encode(signature) + b":"),
    ]


# Verifying --------------------------------------------------------------------------------------------------------

_FIELD_COMPONENT = re.compile(rb'"[a-z0-9!#$%&\'*+.^_`|~-]+"')


def _verify(subject: _Subject, keys: KeyRing, now: datetime) -> Verified:
    claim = read_claim(subject.fields)
    _check_tag_and_time(claim, now)
    _check_coverage(claim, subject)
    key = _key_for(claim, keys, now)
    try:
        key.verify(claim.signature, subject.base(claim.components, claim.parameters))
    except InvalidSignature:
        raise SignatureRefused(SignatureFault.BAD_SIGNATURE, "signature") from None
    _check_digest(subject)  # last, so that strangers cannot make us hash large bodies
    return Verified(claim.key_id, claim.nonce, datetime.fromtimestamp(claim.created, UTC))


def _check_tag_and_time(claim: Claim, now: datetime) -> None:
    if claim.tag != TAG:
        raise SignatureRefused(SignatureFault.WRONG_TAG, "tag")
    present = now.timestamp()
    if abs(present - claim.created) > MAX_SKEW_SECONDS:
        raise SignatureRefused(SignatureFault.STALE, "created")
    if claim.expires is not None and claim.expires < present:
        raise SignatureRefused(SignatureFault.STALE, "expires")


def _check_coverage(claim: Claim, subject: _Subject) -> None:
    """All that the profile asks for is covered; what is covered beyond it are plain fields of this message."""
    covered = set(claim.components)
    for name in subject.required():
        if name not in covered:
            raise SignatureRefused(SignatureFault.UNCOVERED_COMPONENT, name.decode())
        covered.discard(name)
    if not all(map(_FIELD_COMPONENT.fullmatch, covered)):
        raise SignatureRefused(SignatureFault.MALFORMED, "component outside the profile")


def _key_for(claim: Claim, keys: KeyRing, now: datetime) -> VerifyingKey:
    key = keys.get(claim.key_id)
    if key is None:
        raise SignatureRefused(SignatureFault.UNKNOWN_KEY, "keyid")
    if key.revoked:
        raise SignatureRefused(SignatureFault.REVOKED_KEY, "keyid")
    if not key.is_current(now):
        raise SignatureRefused(SignatureFault.EXPIRED_KEY, "keyid")
    if claim.algorithm not in {None, key.algorithm}:
        raise SignatureRefused(SignatureFault.WRONG_ALGORITHM, "alg")
    return key


def _check_digest(subject: _Subject) -> None:
    """Other digests than sha-256 may stand beside it; they are signed over, and not looked at."""
    digest = bytes_member(subject.fields, b"content-digest", b"sha-256")
    if decode_bytes(digest, "content-digest") != sha256(subject.body).digest():
        raise SignatureRefused(SignatureFault.WRONG_DIGEST, "content-digest")

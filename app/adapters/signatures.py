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
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature

from app.adapters.signing_keys import SigningKey, VerifyingKey

__all__ = [
    "LABEL",
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
    "Verified",
    "VerifyingKey",
    "claimed_key_id",
    "content_digest",
    "new_nonce",
    "sign_request",
    "sign_response",
    "verify_request",
    "verify_response",
]

LABEL = "liandong"
TAG = "liandong-v1"
_LABEL = LABEL.encode()
MAX_SKEW_SECONDS = 300
POSSIBLE_DUPLICATE = b"liandong-possible-duplicate"

Headers = Sequence[tuple[bytes, bytes]]
"""Field lines in wire order, names in any case: as ASGI and the wire transport carry them."""


class SignatureFault(StrEnum):
    """Why a signature is refused. Part of the protocol with agencies: never renamed."""

    MISSING = "missing"
    MALFORMED = "malformed"
    WRONG_TAG = "wrong_tag"
    UNKNOWN_KEY = "unknown_key"
    REVOKED_KEY = "revoked_key"
    EXPIRED_KEY = "expired_key"
    WRONG_ALGORITHM = "wrong_algorithm"
    UNCOVERED_COMPONENT = "uncovered_component"
    STALE = "stale"
    BAD_SIGNATURE = "bad_signature"
    WRONG_DIGEST = "wrong_digest"


class SignatureRefused(Exception):
    """It is not proved that the holder of a known key sent this message, as it stands, just now.

    The text names the field or parameter at fault, never its value.
    """

    def __init__(self, code: SignatureFault, about: str) -> None:
        super().__init__(f"{code}: {about}")
        self.code = code
        self.about = about


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
    return _claim(_fields(headers)).key_id


# What is signed ---------------------------------------------------------------------------------------------------

_Fields = dict[bytes, bytes | None]
"""Values by lower-case name; None marks a field that came more than once."""

_METHOD = re.compile(r"[A-Z]{1,20}")
_TARGET_URI = re.compile(r"https?://[!-~]{1,8000}")
_VALUE = re.compile(rb"[\t -~]*")


@dataclass(frozen=True, slots=True)
class _Subject:
    """A message, with the components that are not fields of its own already computed."""

    derived: dict[bytes, bytes]
    fields: _Fields
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
        return _value(self.fields, component[1:-1]) if derived is None else derived


def _request_subject(request: RequestParts) -> _Subject:
    derived = {b'"@method"': _method(request), b'"@target-uri"': _target_uri(request)}
    return _Subject(derived, _fields(request.headers), request.body)


def _response_subject(response: ResponseParts, request: RequestParts) -> _Subject:
    asked = _fields(request.headers)
    derived = {
        b'"@status"': b"%d" % response.status,
        b'"@method";req': _method(request),
        b'"@target-uri";req': _target_uri(request),
        b'"content-digest";req': _value(asked, b"content-digest"),
        b'"signature";req;key="liandong"': b":%b:" % _member(asked, b"signature", _BYTES_MEMBER, _LABEL)[2],
    }
    return _Subject(derived, _fields(response.headers), response.body)


def _method(request: RequestParts) -> bytes:
    if not _METHOD.fullmatch(request.method):
        raise SignatureRefused(SignatureFault.MALFORMED, "method")
    return request.method.encode()


def _target_uri(request: RequestParts) -> bytes:
    if not _TARGET_URI.fullmatch(request.target_uri):
        raise SignatureRefused(SignatureFault.MALFORMED, "target URI")
    return request.target_uri.encode()


def _fields(headers: Headers) -> _Fields:
    fields: _Fields = {}
    for name, value in headers:
        lower = name.lower()
        fields[lower] = None if lower in fields else value
    return fields


def _value(fields: _Fields, name: bytes) -> bytes:
    """One field's value without the white space around it. Sent twice, it is refused: proxies join or drop lines."""
    if name not in fields:
        raise SignatureRefused(SignatureFault.MISSING, name.decode())
    value = fields[name]
    if value is None or not _VALUE.fullmatch(value):
        raise SignatureRefused(SignatureFault.MALFORMED, name.decode())
    return value.strip(b" \t")


# Signing ----------------------------------------------------------------------------------------------------------

_NONCE = re.compile(r"[A-Za-z0-9_-]{22,128}={0,2}")


def _sign(subject: _Subject, key: SigningKey, created: datetime, nonce: str) -> Headers:
    if not _NONCE.fullmatch(nonce):
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
        (b"signature-input", _LABEL + b"=" + parameters),
        (b"signature", _LABEL + b"=:" + b64encode(signature) + b":"),
    ]


# Verifying --------------------------------------------------------------------------------------------------------

# The grammar of RFC 9651, without what the profile has no use for: escapes in strings, dates, display strings.
# Possessive quantifiers (*+) keep it linear on hostile input.
_NAME = rb"[a-z*][a-z0-9_.*-]*+"
_STRING = rb'"[ !#-\[\]-~]*+"'
_BYTES = rb":[A-Za-z0-9+/]*+={0,2}:"
_BARE = rb"(?:" + _STRING + rb"|" + _BYTES + rb"|-?[0-9]{1,15}|\?[01]|[A-Za-z*][!#-'*+./0-9:A-Z^-z|~-]*+)"
_PARAMETERS = rb"(?:;" + _NAME + rb"(?:=" + _BARE + rb")?)*+"
_COMPONENT = _STRING + _PARAMETERS
_COMPONENTS = rb"(?:" + _COMPONENT + rb"(?: " + _COMPONENT + rb")*+)?"

_INPUT_MEMBER = re.compile(rb"(%b)=(\((%b)\)(%b))" % (_NAME, _COMPONENTS, _PARAMETERS))
_BYTES_MEMBER = re.compile(rb"(%b)=:([A-Za-z0-9+/]*+={0,2}):" % _NAME)
_BETWEEN = re.compile(rb"[ \t]*+,[ \t]*+")
_EACH_COMPONENT = re.compile(_COMPONENT)
_FIELD_COMPONENT = re.compile(rb'"[a-z0-9!#$%&\'*+.^_`|~-]+"')
_EACH_PARAMETER = re.compile(rb';([a-z]++)=(?:([0-9]{1,12})|"([^"]*+)")')
_INTEGERS = frozenset({b"created", b"expires"})
_STRINGS = frozenset({b"keyid", b"alg", b"nonce", b"tag"})
_MAX_FIELD_BYTES = 8192


@dataclass(frozen=True, slots=True)
class _Claim:
    """What Signature-Input and Signature say, before any of it is believed."""

    components: list[bytes]
    parameters: bytes
    created: int
    expires: int | None
    nonce: str
    key_id: str
    algorithm: str | None
    tag: str | None
    signature: bytes


def _verify(subject: _Subject, keys: KeyRing, now: datetime) -> Verified:
    claim = _claim(subject.fields)
    _check_tag_and_time(claim, now)
    _check_coverage(claim, subject)
    key = _key_for(claim, keys, now)
    try:
        key.verify(claim.signature, subject.base(claim.components, claim.parameters))
    except InvalidSignature:
        raise SignatureRefused(SignatureFault.BAD_SIGNATURE, "signature") from None
    _check_digest(subject)  # last, so that strangers cannot make us hash large bodies
    return Verified(claim.key_id, claim.nonce, datetime.fromtimestamp(claim.created, UTC))


def _claim(fields: _Fields) -> _Claim:
    member = _member(fields, b"signature-input", _INPUT_MEMBER, _LABEL)
    signature = _base64(_member(fields, b"signature", _BYTES_MEMBER, _LABEL)[2], "signature")
    if len(signature) != 64:
        raise SignatureRefused(SignatureFault.MALFORMED, "signature")
    parameters = _parameters(member[4])
    components = _EACH_COMPONENT.findall(member[3])
    if len(set(components)) != len(components):
        raise SignatureRefused(SignatureFault.MALFORMED, "component twice")
    nonce = _parameter(parameters, b"nonce")
    if not _NONCE.fullmatch(nonce):
        raise SignatureRefused(SignatureFault.MALFORMED, "nonce")
    expires = parameters.get(b"expires")
    return _Claim(
        components=components,
        parameters=member[2],
        created=int(_parameter(parameters, b"created")),
        expires=None if expires is None else int(expires),
        nonce=nonce,
        key_id=_parameter(parameters, b"keyid"),
        algorithm=parameters.get(b"alg"),
        tag=parameters.get(b"tag"),
        signature=signature,
    )


def _member(fields: _Fields, name: bytes, grammar: re.Pattern[bytes], key: bytes) -> re.Match[bytes]:
    """The member `key` of a dictionary field, every member of which must be well-formed and unique."""
    value = _value(fields, name)
    if len(value) > _MAX_FIELD_BYTES:
        raise SignatureRefused(SignatureFault.MALFORMED, name.decode())
    members: dict[bytes, re.Match[bytes]] = {}
    position = 0
    while True:
        member = grammar.match(value, position)
        if member is None or member[1] in members:
            raise SignatureRefused(SignatureFault.MALFORMED, name.decode())
        members[member[1]] = member
        if member.end() == len(value):
            break
        comma = _BETWEEN.match(value, member.end())
        if comma is None:
            raise SignatureRefused(SignatureFault.MALFORMED, name.decode())
        position = comma.end()
    if key not in members:
        raise SignatureRefused(SignatureFault.MISSING, f"{key.decode()} in {name.decode()}")
    return members[key]


def _parameters(text: bytes) -> dict[bytes, str]:
    """Those of the profile, each of its kind and once; another one could change the meaning, so it is refused."""
    parameters: dict[bytes, str] = {}
    position = 0
    while position < len(text):
        found = _EACH_PARAMETER.match(text, position)
        if found is None or found[1] in parameters:
            raise SignatureRefused(SignatureFault.MALFORMED, "parameters")
        name, number, string = found.groups()
        if name not in (_INTEGERS if string is None else _STRINGS):
            raise SignatureRefused(SignatureFault.MALFORMED, "parameters")
        parameters[name] = (number if string is None else string).decode()
        position = found.end()
    return parameters


def _parameter(parameters: dict[bytes, str], name: bytes) -> str:
    if name not in parameters:
        raise SignatureRefused(SignatureFault.MISSING, name.decode())
    return parameters[name]


def _base64(text: bytes, about: str) -> bytes:
    try:
        return a2b_base64(text, strict_mode=True)
    except Base64Error:
        raise SignatureRefused(SignatureFault.MALFORMED, about) from None


def _check_tag_and_time(claim: _Claim, now: datetime) -> None:
    if claim.tag != TAG:
        raise SignatureRefused(SignatureFault.WRONG_TAG, "tag")
    present = now.timestamp()
    if abs(present - claim.created) > MAX_SKEW_SECONDS:
        raise SignatureRefused(SignatureFault.STALE, "created")
    if claim.expires is not None and claim.expires < present:
        raise SignatureRefused(SignatureFault.STALE, "expires")


def _check_coverage(claim: _Claim, subject: _Subject) -> None:
    """All that the profile asks for is covered; what is covered beyond it are plain fields of this message."""
    covered = set(claim.components)
    for name in subject.required():
        if name not in covered:
            raise SignatureRefused(SignatureFault.UNCOVERED_COMPONENT, name.decode())
        covered.discard(name)
    if not all(map(_FIELD_COMPONENT.fullmatch, covered)):
        raise SignatureRefused(SignatureFault.MALFORMED, "component outside the profile")


def _key_for(claim: _Claim, keys: KeyRing, now: datetime) -> VerifyingKey:
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
    member = _member(subject.fields, b"content-digest", _BYTES_MEMBER, b"sha-256")
    if _base64(member[2], "content-digest") != sha256(subject.body).digest():
        raise SignatureRefused(SignatureFault.WRONG_DIGEST, "content-digest")

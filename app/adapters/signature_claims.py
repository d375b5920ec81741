"""What a message says about its own signature (Signature-Input, Signature, Content-Digest), before it is believed."""

import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

LABEL = b"liandong"

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


Fields = dict[bytes, bytes | None]
"""Values by lower-case name; None marks a field that came more than once."""

_VALUE = re.compile(rb"[\t -~]*")
NONCE = re.compile(r"[A-Za-z0-9_-]{22,128}={0,2}")


def read_fields(headers: Headers) -> Fields:
    fields: Fields = {}
    for name, value in headers:
        lower = name.lower()
        fields[lower] = None if lower in fields else value
    return fields


def field_value(fields: Fields, name: bytes) -> bytes:
    """One field's value without the white space around it. Sent twice, it is refused: proxies join or drop lines."""
    if name not in fields:
        raise SignatureRefused(SignatureFault.MISSING, name.decode())
    value = fields[name]
    if value is None or not _VALUE.fullmatch(value):
        raise SignatureRefused(SignatureFault.MALFORMED, name.decode())
    return value.strip(b" \t")


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
_EACH_PARAMETER = re.compile(rb';([a-z]++)=(?:([0-9]{1,12})|"([^"]*+)")')
_INTEGERS = frozenset({b"created", b"expires"})
_STRINGS = frozenset({b"keyid", b"alg", b"nonce", b"tag"})
_MAX_FIELD_BYTES = 8192


@dataclass(frozen=True, slots=True)
class Claim:
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


def read_claim(fields: Fields) -> Claim:
    """The claim under our label. Raises SignatureRefused (missing, malformed)."""
    member = _member(fields, b"signature-input", _INPUT_MEMBER, LABEL)
    signature = decode_bytes(bytes_member(fields, b"signature", LABEL), "signature")
    if len(signature) != 64:
        raise SignatureRefused(SignatureFault.MALFORMED, "signature")
    parameters = _parameters(member[4])
    components = _EACH_COMPONENT.findall(member[3])
    if len(set(components)) != len(components):
        raise SignatureRefused(SignatureFault.MALFORMED, "component twice")
    nonce = _parameter(parameters, b"nonce")
    if not NONCE.fullmatch(nonce):
        raise SignatureRefused(SignatureFault.MALFORMED, "nonce")
    expires = parameters.get(b"expires")
    return Claim(
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


def bytes_member(fields: Fields, name: bytes, key: bytes) -> bytes:
    """The base64 of the byte sequence `key` in a dictionary field. Raises SignatureRefused."""
    return _member(fields, name, _BYTES_MEMBER, key)[2]


def _member(fields: Fields, name: bytes, grammar: re.Pattern[bytes], key: bytes) -> re.Match[bytes]:
    """The member `key` of a dictionary field, every member of which must be well-formed and unique."""
    value = field_value(fields, name)
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


def decode_bytes(text: bytes, about: str) -> bytes:
    """Strict base64; `about` names the field in the SignatureRefused that anything else raises."""
    try:
        return a2b_base64(text, strict_mode=True)
    except Base64Error:
        raise SignatureRefused(SignatureFault.MALFORMED, about) from None

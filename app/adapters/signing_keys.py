"""Keys of message signatures: Ed25519 (RFC 8032), and ECDSA over P-256 with SHA-256 (RFC 9421 §3.3.4).

The algorithm is a property of the key, never of a message. Keys are read from PEM, or from base64 of DER, or from
base64 of the bare 32 bytes of an Ed25519 key: the three forms in which partners send them.
"""

import re
from base64 import b64decode
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey
PublicKey = Ed25519PublicKey | EllipticCurvePublicKey

_ECDSA_SHA256 = ECDSA(SHA256())
_KEY_ID = re.compile(r"[!#-\[\]-~]{1,128}")


class Algorithm(StrEnum):
    """Names of the IANA registry of HTTP signature algorithms."""

    ED25519 = "ed25519"
    ECDSA_P256_SHA256 = "ecdsa-p256-sha256"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, and the id under which the partner knows its public half. Raises ValueError for other kinds."""

    key_id: str
    private_key: PrivateKey = field(repr=False)
    algorithm: Algorithm = field(init=False)

    def __post_init__(self) -> None:
        _check_key_id(self.key_id)
        object.__setattr__(self, "algorithm", _algorithm_of(self.private_key))

    def sign(self, message: bytes) -> bytes:
        """64 bytes; for ECDSA r and s of 32 bytes each, big-endian."""
        if isinstance(self.private_key, Ed25519PrivateKey):
            return self.private_key.sign(message)
        r, s = decode_dss_signature(self.private_key.sign(message, _ECDSA_SHA256))
        return r.to_bytes(32) + s.to_bytes(32)


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A partner's public key, usable from `not_before` until `not_after` (excluded; None: for good)."""

    key_id: str
    public_key: PublicKey = field(repr=False)
    not_before: datetime
    not_after: datetime | None = None
    revoked: bool = False
    algorithm: Algorithm = field(init=False)

    def __post_init__(self) -> None:
        _check_key_id(self.key_id)
        object.__setattr__(self, "algorithm", _algorithm_of(self.public_key))

    def is_current(self, now: datetime) -> bool:
        return self.not_before <= now and (self.not_after is None or now < self.not_after)

    def verify(self, signature: bytes, message: bytes) -> None:
        """Raise cryptography's InvalidSignature unless this key made the 64 bytes of `signature`."""
        if isinstance(self.public_key, Ed25519PublicKey):
            self.public_key.verify(signature, message)
        else:
            r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
            self.public_key.verify(encode_dss_signature(r, s), message, _ECDSA_SHA256)


def load_private_key(text: str) -> PrivateKey:
    """Read an unencrypted private key. Raises ValueError."""
    try:
        if _is_pem(text):
            key = load_pem_private_key(_pem_bytes(text), None)
        elif len(der := b64decode(text, validate=True)) == 32:
            key = Ed25519PrivateKey.from_private_bytes(der)
        else:
            key = load_der_private_key(der, None)
    except (TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("not an unencrypted private key of a known kind") from error
    if not isinstance(key, Ed25519PrivateKey | EllipticCurvePrivateKey):
        raise ValueError(_WRONG_KIND)  # noqa: TRY004 - wrong text, not a programmer's error
    _algorithm_of(key)
    return key


def load_public_key(text: str) -> PublicKey:
    """Read a public key. Raises ValueError."""
    try:
        if _is_pem(text):
            key = load_pem_public_key(_pem_bytes(text))
        elif len(der := b64decode(text, validate=True)) == 32:
            key = Ed25519PublicKey.from_public_bytes(der)
        else:
            key = load_der_public_key(der)
    except UnsupportedAlgorithm as error:
        raise ValueError("not a public key of a known kind") from error
    if not isinstance(key, Ed25519PublicKey | EllipticCurvePublicKey):
        raise ValueError(_WRONG_KIND)  # noqa: TRY004 - as above
    _algorithm_of(key)
    return key


_WRONG_KIND = "a key is Ed25519 or ECDSA P-256 (密钥须为 Ed25519 或 ECDSA P-256)"


def _algorithm_of(key: PrivateKey | PublicKey) -> Algorithm:
    if isinstance(key, Ed25519PrivateKey | Ed25519PublicKey):
        return Algorithm.ED25519
    if isinstance(key.curve, SECP256R1):
        return Algorithm.ECDSA_P256_SHA256
    raise ValueError(_WRONG_KIND)


def _check_key_id(key_id: str) -> None:
    if not _KEY_ID.fullmatch(key_id):
        raise ValueError(
            "a key id is 1 to 128 printable ASCII characters, without space, quote and backslash"
        )


def _is_pem(text: str) -> bool:
    return text.lstrip().startswith("-----BEGIN")


def _pem_bytes(text: str) -> bytes:
    """As an environment file often carries it: on one line."""
    return text.strip().replace("\\n", "\n").encode()

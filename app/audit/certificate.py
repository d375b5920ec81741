"""A signed certificate: JSON that a person can read, and a signature that anybody can check off line.

The signature is Ed25519 over the canonical bytes of the body: keys sorted, no white space, UTF-8, strings only.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


class NotCertified(Exception):
    """Not a certificate, or not signed by this key, or altered since."""


@dataclass(frozen=True, slots=True)
class Certified:
    """What was certified."""

    body: dict[str, Any]
    key_id: str


def certify(body: dict[str, Any], key: Ed25519PrivateKey, key_id: str) -> bytes:
    """The certificate as it is handed out."""
    signature = key.sign(_canonical(body))
    certificate = {
        "certificate": body,
        "key_id": key_id,
        "signature": base64.b64encode(signature).decode(),
    }
    return json.dumps(certificate, ensure_ascii=False, indent=2).encode()


def open_certificate(document: bytes, key: object) -> Certified:
    """What the certificate says, if this key signed exactly that.

    Raises:
        NotCertified: with a text that says which of the three it is, or that the key is of another kind.
    """
    if not isinstance(key, Ed25519PublicKey):
        raise NotCertified("the key is not Ed25519（密钥须为 Ed25519）")
    try:
        certificate = json.loads(document)
        body, key_id = certificate["certificate"], certificate["key_id"]
        signature = base64.b64decode(certificate["signature"], validate=True)
        signed = _canonical(body)
    except (ValueError, KeyError, TypeError, binascii.Error, RecursionError) as error:
        raise NotCertified("not a certificate（不是证明文件）") from error
    try:
        key.verify(signature, signed)
    except InvalidSignature as error:
        raise NotCertified("altered, or signed by another key（内容被改动，或由其他密钥签署）") from error
    return Certified(body, key_id)


def _canonical(body: dict[str, Any]) -> bytes:
    return json.dumps(
        body, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode()

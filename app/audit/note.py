"""C2SP signed notes: text, an empty line, and one line for each signature (https://c2sp.org/signed-note).

A signature is found by the name *and* the id of its key; those of keys that are not at hand are left alone.
"""

import base64
import binascii
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

MAX_NOTE_BYTES = 128 * 1024
"""Room for the log's signature and sixteen post-quantum ones of witnesses."""


class SignatureType(IntEnum):
    """The byte that says what a key signs and how; part of the key's id."""

    ED25519 = 0x01
    """Over the note's text: what logs sign with."""

    COSIGNATURE = 0x04
    """Ed25519 over a checkpoint and a time (C2SP tlog-cosignature)."""

    ML_DSA_COSIGNATURE = 0x06
    """ML-DSA-44 over a checkpoint, a time and the signer's name (C2SP tlog-cosignature); post-quantum."""


_KEY_BYTES = {
    SignatureType.ED25519: 32,
    SignatureType.COSIGNATURE: 32,
    SignatureType.ML_DSA_COSIGNATURE: 1312,
}


class NoteError(ValueError):
    """A note that proves nothing."""


class MalformedNote(NoteError):
    """Not what it should be in a signed note, to the byte."""


class SignerUnknown(NoteError):
    """Nothing is wrong with the note, but no key at hand signed it."""


class SignatureWrong(NoteError):
    """The note claims to be signed by a key at hand, and is not."""


class MalformedKey(ValueError):
    """Not a verifier key, or not one for this use."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key and the name it signs under; as text `name+key id+base64` (a vkey)."""

    name: str
    public: bytes
    signature_type: SignatureType = SignatureType.ED25519

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or any(c.isspace() or ord(c) < 32 for c in self.name):
            raise MalformedKey("a key's name is not empty and has neither spaces nor a plus sign")
        if len(self.public) != _KEY_BYTES[self.signature_type]:
            raise MalformedKey("the public key has not the length of its kind")

    @property
    def key_id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + self._material).digest()[:4]

    @property
    def _material(self) -> bytes:
        return bytes([self.signature_type]) + self.public

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(self._material).decode()}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Raises `MalformedKey` unless the text is exactly what `str()` gives."""
        parts = text.split("+", 2)  # base64 may hold further plus signs
        try:
            material = exact_base64(parts[2])
            key = cls(parts[0], material[1:], SignatureType(material[0]))
        except (IndexError, ValueError) as error:
            raise MalformedKey("a verifier key reads name+key id+base64") from error
        if str(key) != text:
            raise MalformedKey("the key does not match its own key id")
        return key

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made the bare signature over exactly these bytes."""
        public: Ed25519PublicKey | MLDSA44PublicKey
        if self.signature_type is SignatureType.ML_DSA_COSIGNATURE:
            public = MLDSA44PublicKey.from_public_bytes(self.public)
        else:
            public = Ed25519PublicKey.from_public_bytes(self.public)
        try:
            public.verify(signature, message)
        except InvalidSignature:
            return False
        return True


class Signature(NamedTuple):
    """One signature line. `value` is what follows the key id: its form is that of the key's type."""

    name: str
    key_id: bytes
    value: bytes

    def __str__(self) -> str:
        return f"— {self.name} {base64.b64encode(self.key_id + self.value).decode()}\n"


class Note(NamedTuple):
    text: str
    signatures: tuple[Signature, ...]

    def by(self, key: VerifierKey) -> list[bytes]:
        """What stands in the note under this key, whether or not it is true."""
        return [one.value for one in self.signatures if (one.name, one.key_id) == (key.name, key.key_id)]


def read_note(note: str) -> Note:
    """Take a note apart; `MalformedNote` unless it is one to the byte."""
    if len(note) > MAX_NOTE_BYTES or any(ord(c) < 32 and c != "\n" for c in note):
        raise MalformedNote("a note is short and has no control characters")
    text, gap, tail = note.rpartition("\n\n")
    if not gap:
        raise MalformedNote("a note has signature lines after an empty line")
    return Note(text + "\n", read_signatures(tail))


def read_signatures(lines: str) -> tuple[Signature, ...]:
    """Signature lines as they end a note, one at least; `MalformedNote`."""
    if not lines.endswith("\n"):
        raise MalformedNote("a note ends with the end of a line")
    return tuple(_signature(line) for line in lines[:-1].split("\n"))


def _signature(line: str) -> Signature:
    parts = line.split(" ")
    if (
        len(parts) != 3
        or parts[0] != "—"
        or not parts[1]
        or "+" in parts[1]
        or parts[1].split() != [parts[1]]
    ):
        raise MalformedNote("a signature line reads: dash, key name, base64")
    try:
        raw = exact_base64(parts[2])
    except ValueError as error:
        raise MalformedNote("a signature is not base64") from error
    if len(raw) < 5:
        raise MalformedNote("a signature is too short")
    return Signature(parts[1], raw[:4], raw[4:])


def exact_base64(text: str) -> bytes:
    """Standard base64 in its only canonical spelling; ValueError otherwise."""
    try:
        value = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if base64.b64encode(value).decode() != text:
        raise ValueError("not the canonical base64 of its value")
    return value


def exact_hash(text: str) -> bytes:
    """A SHA-256 hash in base64; ValueError otherwise."""
    value = exact_base64(text)
    if len(value) != 32:
        raise ValueError("a hash has 32 bytes")
    return value


def exact_number(text: str) -> int:
    """A decimal without leading zeroes and of at most 19 digits; ValueError otherwise."""
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or (text[0] == "0" and text != "0"):
        raise ValueError("not a plain decimal number")
    return int(text)

"""Signed checkpoints: C2SP tlog-checkpoint in a C2SP signed note, with Ed25519.

A checkpoint binds the log's name (origin), its size and its root. This log writes no extension lines and takes
none: they are not auditable, and the specification advises against them. Signatures of others (witnesses)
may stand beside the log's own and are left alone.
"""

import base64
import binascii
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
MAX_NOTE_BYTES = 128 * 1024
"""Room for the log's signature and sixteen post-quantum ones of witnesses."""


class NoteError(ValueError):
    """A note that proves nothing."""


class MalformedNote(NoteError):
    """Not a checkpoint in a signed note, to the byte."""


class SignerUnknown(NoteError):
    """Nothing is wrong with the note, but the key at hand did not sign it."""


class SignatureWrong(NoteError):
    """The note claims to be signed by the key at hand, and is not."""


class MalformedKey(ValueError):
    """Not a verifier key."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key and the name it signs under; as text `name+key id+base64`."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or any(c.isspace() or ord(c) < 32 for c in self.name):
            raise MalformedKey("a key's name is not empty and has neither spaces nor a plus sign")
        if len(self.public) != 32:
            raise MalformedKey("an Ed25519 public key has 32 bytes")

    @property
    def key_id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Raises `MalformedKey` unless the text is exactly what `str()` gives."""
        parts = text.split("+", 2)  # base64 may hold further plus signs
        try:
            key = cls(parts[0], exact_base64(parts[2])[1:])
        except (IndexError, ValueError) as error:
            raise MalformedKey("a verifier key reads name+key id+base64") from error
        if str(key) != text:
            raise MalformedKey("the key does not match its own key id, or is not Ed25519")
        return key

    def verifies(self, text: str, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """The log's own key. Its name is the log's origin, so that one key never signs for two logs."""

    origin: str
    private: Ed25519PrivateKey = field(repr=False)

    @property
    def verifier(self) -> VerifierKey:
        return VerifierKey(self.origin, self.private.public_key().public_bytes_raw())

    def sign(self, size: int, root: bytes) -> str:
        """The signed note of the log's checkpoint."""
        text = Checkpoint(self.origin, size, root).text
        signature = self.verifier.key_id + self.private.sign(text.encode())
        return f"{text}\n— {self.origin} {base64.b64encode(signature).decode()}\n"


def open_checkpoint(note: str, key: VerifierKey) -> Checkpoint:
    """The checkpoint that `key` signed.

    Raises:
        MalformedNote: not such a note, byte for byte.
        SignerUnknown: no signature by this key.
        SignatureWrong: a signature by this key that does not verify.
    """
    text, signatures = _split(note)
    checkpoint = _checkpoint(text)
    own = [signature for name, signature in signatures if name == key.name and signature[:4] == key.key_id]
    if not own:
        raise SignerUnknown(f"no signature by {key.name}+{key.key_id.hex()}")
    if not all(key.verifies(text, signature[4:]) for signature in own):
        raise SignatureWrong(f"wrong signature by {key.name}+{key.key_id.hex()}")
    if checkpoint.origin != key.name:
        raise SignerUnknown("the key signs for another log than the checkpoint names")
    return checkpoint


def exact_base64(text: str) -> bytes:
    """Standard base64 in its only canonical spelling; ValueError otherwise."""
    try:
        value = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if base64.b64encode(value).decode() != text:
        raise ValueError("not the canonical base64 of its value")
    return value


def exact_number(text: str) -> int:
    """A decimal without leading zeroes and of at most 19 digits; ValueError otherwise."""
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or (text[0] == "0" and text != "0"):
        raise ValueError("not a plain decimal number")
    return int(text)


def _split(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The text of a note and its signature lines as (key name, key id and signature)."""
    if len(note) > MAX_NOTE_BYTES or any(ord(c) < 32 and c != "\n" for c in note):
        raise MalformedNote("a note is short and has no control characters")
    text, gap, tail = note.rpartition("\n\n")
    if not gap or not tail.endswith("\n"):
        raise MalformedNote("a note ends with signature lines after an empty line")
    return text + "\n", [_signature(line) for line in tail[:-1].split("\n")]


def _signature(line: str) -> tuple[str, bytes]:
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
        signature = exact_base64(parts[2])
    except ValueError as error:
        raise MalformedNote("a signature is not base64") from error
    if len(signature) < 5:
        raise MalformedNote("a signature is too short")
    return parts[1], signature


def _checkpoint(text: str) -> Checkpoint:
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0]:
        raise MalformedNote("a checkpoint of this log has three lines")
    try:
        checkpoint = Checkpoint(lines[0], exact_number(lines[1]), exact_base64(lines[2]))
    except ValueError as error:
        raise MalformedNote("a checkpoint holds a size and a root") from error
    if len(checkpoint.root) != 32:
        raise MalformedNote("a root has 32 bytes")
    return checkpoint

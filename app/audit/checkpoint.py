"""Signed checkpoints: C2SP tlog-checkpoint in a C2SP signed note, with Ed25519.

A checkpoint binds the log's name (origin), its size and its root. This log writes no extension lines and takes
none: they are not auditable, and the specification advises against them. A witness reads logs that do have some.
Signatures of others (witnesses) may stand beside the log's own and are left alone here.
"""

import base64
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.audit.note import (
    MalformedKey,
    MalformedNote,
    Note,
    Signature,
    SignatureType,
    SignatureWrong,
    SignerUnknown,
    VerifierKey,
    exact_hash,
    exact_number,
    read_note,
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True, slots=True)
class Signer:
    """The log's own key. Its name is the log's origin, so that one key never signs for two logs.

    While a key is replaced, the one that retires signs beside it: whoever knows either of them can follow the log.
    """

    origin: str
    private: Ed25519PrivateKey = field(repr=False)
    retiring: Ed25519PrivateKey | None = field(default=None, repr=False)

    @property
    def verifier(self) -> VerifierKey:
        """The key that stays."""
        return self._verifier(self.private)

    @property
    def verifiers(self) -> tuple[VerifierKey, ...]:
        return tuple(self._verifier(private) for private in self._privates)

    def sign(self, size: int, root: bytes) -> str:
        """The signed note of the log's checkpoint."""
        text = Checkpoint(self.origin, size, root).text
        lines = [
            str(Signature(self.origin, self._verifier(private).key_id, private.sign(text.encode())))
            for private in self._privates
        ]
        return f"{text}\n{''.join(lines)}"

    @property
    def _privates(self) -> tuple[Ed25519PrivateKey, ...]:
        return (self.private,) if self.retiring is None else (self.private, self.retiring)

    def _verifier(self, private: Ed25519PrivateKey) -> VerifierKey:
        return VerifierKey(self.origin, private.public_key().public_bytes_raw())


def open_checkpoint(note: str, *keys: VerifierKey) -> Checkpoint:
    """The checkpoint of this log that one of `keys` signed.

    Raises:
        MalformedNote: not such a note, byte for byte.
        SignerUnknown: no signature by any of the keys.
        SignatureWrong: a signature by one of the keys that does not verify.
    """
    opened = read_note(note)
    if read_checkpoint(opened.text).extensions:
        raise MalformedNote("a checkpoint of this log has three lines")
    return open_any(opened, keys)


def open_any(note: Note, keys: tuple[VerifierKey, ...]) -> Checkpoint:
    """As `open_checkpoint`, for the checkpoint of any log, with its extension lines."""
    checkpoint = read_checkpoint(note.text)
    signed = [(key, value) for key in keys for value in note.by(key)]
    if not signed:
        raise SignerUnknown("no signature by a key at hand")
    text = note.text.encode()
    for key, value in signed:
        if not key.verifies(text, value):
            raise SignatureWrong(f"wrong signature by {key.name}+{key.key_id.hex()}")
    if all(key.name != checkpoint.origin for key, _ in signed):
        raise SignerUnknown("the key signs for another log than the checkpoint names")
    return checkpoint


def read_checkpoint(text: str) -> Checkpoint:
    """The text of a note as a checkpoint; `MalformedNote`."""
    origin, *rest = text.split("\n")
    if len(rest) < 3 or rest.pop() or not origin or not all(rest):
        raise MalformedNote("a checkpoint has three lines, none of them empty")
    try:
        return Checkpoint(origin, exact_number(rest[0]), exact_hash(rest[1]), tuple(rest[2:]))
    except ValueError as error:
        raise MalformedNote("a checkpoint holds a size and a root") from error


def log_key(text: str) -> VerifierKey:
    """Raises `MalformedKey` unless the text is the verifier key of a log."""
    key = VerifierKey.parse(text)
    if key.signature_type is not SignatureType.ED25519:
        raise MalformedKey("not the key of a log")
    return key

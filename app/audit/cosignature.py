"""Cosignatures of witnesses: C2SP tlog-cosignature, with Ed25519 and with ML-DSA-44.

A cosignature says: at this time, this was the largest tree that the witness had seen of that log, and it began with
every tree that the witness had seen before.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from app.audit.checkpoint import Checkpoint
from app.audit.note import MalformedKey, Note, Signature, SignatureType, SignatureWrong, VerifierKey

_VALUE_BYTES = {SignatureType.COSIGNATURE: 8 + 64, SignatureType.ML_DSA_COSIGNATURE: 8 + 2420}


@dataclass(frozen=True, slots=True)
class Cosigner:
    """A witness's two keys under one name. The Ed25519 key serves no other witness: its message names nobody."""

    name: str
    ed25519: Ed25519PrivateKey = field(repr=False)
    ml_dsa: MLDSA44PrivateKey = field(repr=False)

    @property
    def verifiers(self) -> tuple[VerifierKey, VerifierKey]:
        return (
            VerifierKey(self.name, self.ed25519.public_key().public_bytes_raw(), SignatureType.COSIGNATURE),
            VerifierKey(
                self.name, self.ml_dsa.public_key().public_bytes_raw(), SignatureType.ML_DSA_COSIGNATURE
            ),
        )

    def sign(self, checkpoint: Checkpoint, timestamp: int) -> str:
        """One signature line by each key. `timestamp` is in POSIX seconds and not 0."""
        ed25519, ml_dsa = self.verifiers
        made = (
            (ed25519, self.ed25519.sign(_message(ed25519, checkpoint, timestamp))),
            (ml_dsa, self.ml_dsa.sign(_message(ml_dsa, checkpoint, timestamp))),
        )
        time = struct.pack(">Q", timestamp)
        return "".join(str(Signature(key.name, key.key_id, time + signature)) for key, signature in made)


def cosigned_at(note: Note, checkpoint: Checkpoint, key: VerifierKey) -> int | None:
    """When the witness last cosigned this note, in POSIX seconds; None when it did not.

    Raises:
        SignatureWrong: the note claims so, and it is not true.
    """
    times = [_time_of(value, checkpoint, key) for value in note.by(key)]
    return max(times, default=None)


def witness_key(text: str) -> VerifierKey:
    """Raises `MalformedKey` unless the text is the verifier key of a witness."""
    key = VerifierKey.parse(text)
    if key.signature_type not in _VALUE_BYTES:
        raise MalformedKey("not the key of a witness")
    return key


def only_by(keys: Iterable[VerifierKey], signatures: Iterable[Signature]) -> list[Signature]:
    """What of these signatures is by one of the keys."""
    known = {(key.name, key.key_id) for key in keys}
    return [one for one in signatures if (one.name, one.key_id) in known]


def _time_of(value: bytes, checkpoint: Checkpoint, key: VerifierKey) -> int:
    if len(value) != _VALUE_BYTES[key.signature_type]:
        raise SignatureWrong(f"the cosignature by {key.name} has not the length of its kind")
    (timestamp,) = struct.unpack_from(">Q", value)
    # A time of 0 makes no statement about the largest tree; such a cosignature is of no use here.
    if not 0 < timestamp < 1 << 63 or not key.verifies(_message(key, checkpoint, timestamp), value[8:]):
        raise SignatureWrong(f"wrong cosignature by {key.name}+{key.key_id.hex()}")
    return int(timestamp)


def _message(key: VerifierKey, checkpoint: Checkpoint, timestamp: int) -> bytes:
    if key.signature_type is SignatureType.COSIGNATURE:
        return f"cosignature/v1\ntime {timestamp}\n{checkpoint.text}".encode()
    name, origin = key.name.encode(), checkpoint.origin.encode()
    return b"".join(
        (
            b"subtree/v1\n\x00",
            _short(name),
            struct.pack(">Q", timestamp),
            _short(origin),
            struct.pack(">QQ", 0, checkpoint.size),
            checkpoint.root,
        )
    )


def _short(text: bytes) -> bytes:
    if not 0 < len(text) < 256:
        raise SignatureWrong("ML-DSA cosignatures need names of 1 to 255 bytes")
    return bytes([len(text)]) + text

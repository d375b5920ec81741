"""C2SP tlog-proof: a record's place in the log, in a file that is checked without the log.

c2sp.org/tlog-proof@v1
extra <base64>                what the application needs besides; proven by nothing but itself
index <number>
<base64>                      the inclusion proof, from the leaf's sibling up
(an empty line)
the signed checkpoint, with the cosignatures of witnesses
"""

from base64 import b64encode
from dataclasses import dataclass

from app.audit.note import MAX_NOTE_BYTES, exact_base64, exact_hash, exact_number

MAGIC = "c2sp.org/tlog-proof@v1"
_MOST_BYTES = 4 * 1024 * 1024
_MOST_HASHES = 63


class MalformedProof(ValueError):
    """Not a proof of this format, to the byte."""


@dataclass(frozen=True, slots=True)
class ProofFile:
    index: int
    hashes: tuple[bytes, ...]
    note: str
    extra: bytes | None = None

    def to_text(self) -> str:
        lines = [MAGIC]
        if self.extra is not None:
            lines.append(f"extra {b64encode(self.extra).decode()}")
        lines.append(f"index {self.index}")
        lines += [b64encode(value).decode() for value in self.hashes]
        return "".join(f"{line}\n" for line in lines) + "\n" + self.note


def read_proof(text: str) -> ProofFile:
    """Raises `MalformedProof`. The checkpoint is not looked into yet."""
    head, gap, note = text.partition("\n\n")
    if len(text) > _MOST_BYTES or not gap or len(note) > MAX_NOTE_BYTES:
        raise MalformedProof("a proof is short, and a checkpoint follows an empty line")
    magic, *lines = head.split("\n")
    if magic != MAGIC:
        raise MalformedProof("not a proof of this format")
    try:
        extra = exact_base64(lines.pop(0).removeprefix("extra ")) if lines[0].startswith("extra ") else None
        keyword, _, index = lines.pop(0).partition(" ")
        if keyword != "index" or len(lines) > _MOST_HASHES:
            raise MalformedProof("an index and at most 63 hashes are expected")
        return ProofFile(exact_number(index), tuple(map(exact_hash, lines)), note, extra)
    except (IndexError, ValueError) as error:
        raise MalformedProof("index or hashes are malformed") from error

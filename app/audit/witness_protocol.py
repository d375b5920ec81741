"""C2SP tlog-witness: the request and the answers of `add-checkpoint`, for both ends."""

from base64 import b64encode
from dataclasses import dataclass

from app.audit.note import MAX_NOTE_BYTES, exact_hash, exact_number

ADD_CHECKPOINT = "add-checkpoint"
SIZE_TYPE = "text/x.tlog.size"
MOST_HASHES = 63
MAX_REQUEST_BYTES = MAX_NOTE_BYTES + 64 * 64


class MalformedRequest(ValueError):
    """Not a request of this protocol, to the byte."""


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A checkpoint, and the proof that it continues the one of `old_size` that the witness cosigned last."""

    old_size: int
    proof: tuple[bytes, ...]
    note: str

    def to_bytes(self) -> bytes:
        hashes = "".join(f"{b64encode(value).decode()}\n" for value in self.proof)
        return f"old {self.old_size}\n{hashes}\n{self.note}".encode()


def read_add_checkpoint(body: bytes) -> AddCheckpoint:
    """Raises `MalformedRequest`. The note is not looked into yet."""
    try:
        head, gap, note = body.decode().partition("\n\n")
        old, *hashes = head.split("\n")
        keyword, _, size = old.partition(" ")
        if not gap or keyword != "old" or len(hashes) > MOST_HASHES:
            raise MalformedRequest("an old size and at most 63 hashes are expected, then a checkpoint")
        return AddCheckpoint(exact_number(size), tuple(map(exact_hash, hashes)), note)
    except ValueError as error:
        raise MalformedRequest("not a request of this protocol") from error


def size_answer(size: int) -> bytes:
    """The body of a 409: what the witness cosigned last."""
    return f"{size}\n".encode()


def read_size_answer(body: bytes) -> int:
    """ValueError unless it is one."""
    text = body.decode()
    if not text.endswith("\n"):
        raise ValueError("a size ends with the end of a line")
    return exact_number(text[:-1])

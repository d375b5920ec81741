r"""How a bundle is written down: text, one line an entry, to be read with `less` as well as by the verifier.

    liandong-audit-bundle/1 <TAB> log                        or: selection <TAB> what was asked for, as JSON
    the signed checkpoint, over several lines                C2SP tlog-checkpoint
                                                             (an empty line)
    index <TAB> entry <TAB> hash hash …                      the entry's canonical JSON, never a raw tab in it
    checkpoint <TAB> "an earlier signed note"                as JSON string; in logs only, where its size is reached
    end <TAB> number of entries <TAB> SHA-256 of all before

In a log the hash is the leaf hash as the hub stored it, which lets the verifier name the very entry that was changed;
in a selection the hashes are the inclusion proof from the leaf up. They are base64. Lines end with \n.
"""

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from app.audit.note import exact_base64, exact_number
from app.audit.selection import Selection

MAGIC = "liandong-audit-bundle/1"
MAX_LINE_BYTES = 512 * 1024
"""An entry of 64 KiB with its proof, or a note written as JSON, and never more."""


class BundleKind(StrEnum):
    LOG = "log"
    SELECTION = "selection"


@dataclass(frozen=True, slots=True)
class Header:
    selection: Selection | None
    """None for the whole log."""

    @property
    def kind(self) -> BundleKind:
        return BundleKind.LOG if self.selection is None else BundleKind.SELECTION


@dataclass(frozen=True, slots=True)
class EntryLine:
    index: int
    body: bytes
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class CheckpointLine:
    note: str


@dataclass(frozen=True, slots=True)
class EndLine:
    entries: int
    digest: str


class BundleWriter:
    """Makes the lines, and keeps count for the last one."""

    def __init__(self) -> None:
        self._digest = sha256()
        self._entries = 0

    def beginning(self, header: Header, note: str) -> bytes:
        asked = () if header.selection is None else (header.selection.to_json(),)
        return self._kept("\t".join((MAGIC, header.kind, *asked)).encode() + b"\n" + note.encode() + b"\n")

    def entry(self, index: int, body: bytes, hashes: Sequence[bytes]) -> bytes:
        self._entries += 1
        proof = b" ".join(map(b64encode, hashes))
        return self._kept(b"%d\t%b\t%b\n" % (index, body, proof))

    def checkpoint(self, note: str) -> bytes:
        return self._kept(f"checkpoint\t{_json_string(note)}\n".encode())

    def end(self) -> bytes:
        return f"end\t{self._entries}\t{self._digest.hexdigest()}\n".encode()

    def _kept(self, lines: bytes) -> bytes:
        self._digest.update(lines)
        return lines


def read_header(line: bytes) -> Header:
    """ValueError unless it is a header of this format."""
    magic, kind, *asked = line.decode().split("\t")
    if magic != MAGIC:
        raise ValueError("not an audit bundle of this format")
    if kind == BundleKind.LOG and not asked:
        return Header(None)
    if kind == BundleKind.SELECTION and len(asked) == 1:
        return Header(Selection.from_json(asked[0]))
    raise ValueError("an unknown kind of bundle")


def read_line(line: bytes) -> EntryLine | CheckpointLine | EndLine:
    """One line after the checkpoint; ValueError unless it is spelled exactly as `BundleWriter` would."""
    first, _, rest = line.partition(b"\t")
    if first == b"checkpoint":
        note = json.loads(rest.decode()) if rest.startswith(b'"') else None
        if not isinstance(note, str) or _json_string(note).encode() != rest:
            raise ValueError("not a note")
        return CheckpointLine(note)
    if first == b"end":
        entries, digest = rest.decode().split("\t")
        return EndLine(exact_number(entries), digest)
    body, proof = rest.split(b"\t")
    hashes = tuple(exact_base64(text) for text in proof.decode().split(" ")) if proof else ()
    if any(len(value) != 32 for value in hashes):
        raise ValueError("a hash has 32 bytes")
    return EntryLine(exact_number(first.decode()), body, hashes)


def _json_string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)

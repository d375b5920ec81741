"""The stand-alone verifier: a bundle and a public key; no database, no settings, no network.

    python -m app.audit.verify BUNDLE --key KEY [--kept CHECKPOINT]

KEY is a verifier key or a policy that names witnesses. CHECKPOINT is one that the reader kept, or got from a witness:
the log must continue it. It ends with 0 when all that the bundle claims is proven, 1 when something is wrong, 2 when the input is no bundle
or the key no key. It reads a line at a time, so that a log of any length needs little memory.
"""

import argparse
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Protocol

from app.audit.bundle_format import MAX_LINE_BYTES, EndLine, EntryLine, read_header, read_line
from app.audit.checkpoint import Checkpoint, open_checkpoint
from app.audit.kept import Kept
from app.audit.log_check import LogCheck
from app.audit.note import MAX_NOTE_BYTES, MalformedKey, MalformedNote, NoteError, SignatureWrong, read_note
from app.audit.policy import MalformedPolicy, Policy
from app.audit.selection_check import SelectionCheck
from app.audit.tree import Span
from app.audit.trust import read_kept, read_trust
from app.audit.verdict import NOT_FOLLOWED, SELECTION_INCOMPLETE, UNTRUE, Verdict, unusable
from app.audit.witnessed import tell_of_witnesses


class Check(Protocol):
    """One way of proving entries. Each method tells whether reading on makes sense."""

    def entry(self, line: EntryLine) -> bool: ...
    def note(self, note: str) -> bool: ...
    def place(self, line: bytes) -> Span | None:
        """Which entry a line that cannot be read stands for."""
        ...

    def conclude(self, *, complete: bool) -> None:
        """Say what follows; `complete` when there were no further lines."""
        ...


def verify_bundle(stream: BinaryIO, policy: Policy, kept: Checkpoint | None = None) -> Verdict:
    """Read a bundle to its end, or to the first line after which nothing could be proven any more.

    `kept` is a checkpoint of the same log, the signature of which was checked.
    """
    lines = _Lines(stream)
    try:
        header = read_header(lines.read())
    except (ValueError, EOFError):
        return unusable("不是本格式的审计文件。", "Not an audit bundle of this format.")
    verdict = Verdict(kind=header.kind)
    verdict.checkpoint = _opened(lines, policy, verdict)
    if verdict.checkpoint is None:
        return verdict
    check: Check
    if header.selection is None:
        check = LogCheck(verdict, verdict.checkpoint, policy.log_keys, Kept(verdict, kept))
    else:
        check = SelectionCheck(verdict, verdict.checkpoint, header.selection)
        verdict.not_proven += [SELECTION_INCOMPLETE] if kept is None else [SELECTION_INCOMPLETE, NOT_FOLLOWED]
    verdict.not_proven.append(UNTRUE)
    check.conclude(complete=_read_all(lines, check, verdict))
    return verdict


def verify_file(path: Path, keys: Sequence[str], kept: Path | None = None) -> Verdict:
    """As `verify_bundle`; what cannot be opened is unusable."""
    try:
        policy = read_trust(keys).policy
        known = None if kept is None else read_kept(kept, policy)
    except (NoteError, MalformedKey, MalformedPolicy, UnicodeDecodeError, OSError) as error:
        return unusable(
            f"公钥或保存的检查点不可用：{error}", f"Key or kept checkpoint cannot be used: {error}"
        )
    try:
        with path.open("rb") as stream:
            return verify_bundle(stream, policy, known)
    except OSError as error:
        return unusable(f"无法读取文件：{error.strerror}", f"The bundle cannot be read: {error.strerror}")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m app.audit.verify",
        description="离线验证审计文件 / Verify an audit bundle without hub, database or network.",
    )
    parser.add_argument("bundle", type=Path, help="审计文件 / the bundle")
    parser.add_argument(
        "--key", action="append", required=True, help="公钥或见证策略 / verifier key or policy"
    )
    parser.add_argument("--kept", type=Path, help="您保存的检查点 / a checkpoint that you kept")
    given = parser.parse_args(arguments)
    verdict = verify_file(given.bundle, given.key, given.kept)
    print(verdict.render())  # noqa: T201 - the program's answer
    return verdict.outcome


class _Lines:
    """Lines without their ends, and the digest of all but the last one read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = sha256()
        self._last = b""
        self.number = 0

    def read(self) -> bytes:
        """EOFError at the end; ValueError for a line that is cut off or longer than any may be."""
        self._digest.update(self._last)
        self._last = self._stream.readline(MAX_LINE_BYTES)
        if not self._last:
            raise EOFError
        self.number += 1
        if not self._last.endswith(b"\n"):
            raise ValueError("a line without end")
        return self._last[:-1]

    @property
    def digest_before(self) -> str:
        return self._digest.hexdigest()


def _opened(lines: _Lines, policy: Policy, verdict: Verdict) -> Checkpoint | None:
    try:
        note = _note(lines)
        checkpoint = open_checkpoint(note, *policy.log_keys)
        tell_of_witnesses(read_note(note), checkpoint, policy, verdict)
    except SignatureWrong:
        verdict.fault("检查点签名错误。", "The checkpoint's signature is wrong.")
    except (MalformedNote, UnicodeDecodeError, EOFError):
        verdict.fault("检查点格式错误。", "The checkpoint is malformed.")
    except NoteError:
        verdict.fault("检查点不是由该密钥签署。", "The checkpoint was not signed by this key.")
    else:
        return checkpoint
    return None


def _note(lines: _Lines) -> str:
    """A signed note is two paragraphs: the text, and the signatures."""
    note, paragraphs = b"", 0
    while paragraphs < 2:
        try:
            line = lines.read()
        except ValueError as error:
            raise MalformedNote("cut off") from error
        paragraphs += not line
        note += line + b"\n"
        if len(note) > MAX_NOTE_BYTES:
            raise MalformedNote("too long")
    return note[:-1].decode()


def _read_all(lines: _Lines, check: Check, verdict: Verdict) -> bool:
    """Whether all lines were read, as far as there were any."""
    reading_on = True
    while reading_on:
        raw = b""
        try:
            raw = lines.read()
            line = read_line(raw)
        except EOFError:
            verdict.fault("文件不完整：缺少结尾行。", "The bundle is cut off: its last line is missing.")
            return True
        except ValueError:
            verdict.fault(
                f"第 {lines.number} 行无法解析。", f"Line {lines.number} cannot be read.", check.place(raw)
            )
            return False
        match line:
            case EntryLine():
                verdict.entries += 1
                reading_on = check.entry(line)
            case EndLine():
                _check_end(lines, line, verdict)
                return True
            case _:
                reading_on = check.note(line.note)
    return False


def _check_end(lines: _Lines, end: EndLine, verdict: Verdict) -> None:
    if (end.entries, end.digest) != (verdict.entries, lines.digest_before):
        verdict.fault(
            "结尾行与内容不符：文件受损或被改动。",
            "The last line does not fit what stands before it: the file was damaged or changed.",
        )
    try:
        lines.read()
    except EOFError:
        return
    except ValueError:
        pass
    verdict.fault("结尾行之后还有内容。", "Something stands after the last line.")


if __name__ == "__main__":
    sys.exit(main())

"""Proving some entries of a log: each by its own proof under the signed root."""

from app.audit.bundle_format import EntryLine
from app.audit.checkpoint import Checkpoint
from app.audit.entry import Entry, MalformedEntry
from app.audit.note import exact_number
from app.audit.proof import includes
from app.audit.selection import Selection
from app.audit.tree import Span, leaf_hash
from app.audit.verdict import Statement, Verdict


class SelectionCheck:
    """One bad entry does not spoil the others, so it reads on and counts."""

    def __init__(self, verdict: Verdict, checkpoint: Checkpoint, selection: Selection) -> None:
        self._verdict = verdict
        self._checkpoint = checkpoint
        self._selection = selection
        self._last = -1
        self._proven = 0

    def entry(self, line: EntryLine) -> bool:
        if line.index <= self._last:
            self._fault(line, "重复或次序错误", "stands twice or out of order")
            return False
        self._last = line.index
        if not includes(
            self._checkpoint.root, self._checkpoint.size, line.index, leaf_hash(line.body), line.hashes
        ):
            self._fault(line, "未被检查点证明", "is not proven by the checkpoint")
            return True
        self._proven += 1
        try:
            entry = Entry.from_bytes(line.body)
        except MalformedEntry:
            self._fault(
                line, "确已入账，但不是规范格式", "was logged, but not in the canonical form of an entry"
            )
            return True
        if not self._selection.admits(entry):
            self._fault(line, "确已入账，但不符合所列条件", "was logged, but does not fit what was asked for")
        return True

    def _fault(self, line: EntryLine, zh: str, en: str) -> None:
        at = Span(line.index, line.index + 1)
        if self._verdict.first_bad is None or at < self._verdict.first_bad:
            self._verdict.fault(f"第 {line.index} 号记录{zh}。", f"Entry {line.index} {en}.", at)

    def note(self, note: str) -> bool:  # noqa: ARG002 - whatever it says
        self._verdict.fault(
            "选取文件中不应有更早的检查点。", "A selection holds no earlier checkpoints, but here is one."
        )
        return False

    def place(self, line: bytes) -> Span | None:
        try:
            index = exact_number(line.partition(b"\t")[0].decode())
        except ValueError:
            return None
        return Span(index, index + 1)

    def conclude(self, *, complete: bool) -> None:  # noqa: ARG002 - what was read is proven entry by entry
        origin, size = self._checkpoint.origin, self._checkpoint.size
        self._verdict.proven.append(
            Statement(
                f"{self._proven} 条记录确在 {origin} 大小为 {size} 的已签日志中，序号如所列。",
                f"{self._proven} entries stand in the log of {size} that {origin} signed, each at the index given.",
            )
        )

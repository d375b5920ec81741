"""Following a log from a checkpoint that its reader kept: only so are a cut-off end and a fork seen without witnesses."""

from collections.abc import Collection

from app.audit.checkpoint import Checkpoint
from app.audit.tree import Span
from app.audit.verdict import Statement, Verdict


class Kept:
    """Compares on the way through the log, and says what came of it at the end. Without a checkpoint it says nothing."""

    def __init__(self, verdict: Verdict, checkpoint: Checkpoint | None) -> None:
        self._verdict = verdict
        self._checkpoint = checkpoint
        self._agrees: bool | None = None

    def is_reached_at(self, size: int) -> bool:
        return self._checkpoint is not None and self._checkpoint.size == size

    def compare(self, roots: Collection[bytes], since: int) -> None:
        """`roots` are those that the log may have at this size, `since` the size up to which it is known to be whole."""
        assert self._checkpoint is not None
        self._agrees = self._checkpoint.root in roots
        if not self._agrees:
            size = self._checkpoint.size
            self._verdict.fault(
                f"与您保存的大小为 {size} 的检查点不一致：历史被改写或分叉。",
                f"This contradicts the checkpoint of size {size} that you kept: history was rewritten or forked.",
                Span(since, size),
            )

    def conclude(self, checkpoint: Checkpoint, *, followed: bool) -> None:
        """`followed` when all up to the log's own checkpoint was read and led to its root."""
        if self._checkpoint is None:
            return
        size = self._checkpoint.size
        if self._checkpoint.origin != checkpoint.origin:
            self._verdict.fault(
                "您保存的检查点属于另一日志。", "The checkpoint that you kept is of another log."
            )
        elif size > checkpoint.size:
            self._verdict.fault(
                f"您保存的检查点有 {size} 条记录，此处只有 {checkpoint.size} 条：日志被截短，或文件早于该检查点。",
                f"The checkpoint that you kept counts {size} entries, this one only {checkpoint.size}:"
                " the log was cut back, or this was made before.",
            )
        elif (self._agrees or size == 0) and followed:
            self._verdict.proven.append(
                Statement(
                    f"延续您保存的大小为 {size} 的检查点，其后只有增加。",
                    f"It continues the checkpoint of size {size} that you kept: since then entries were only added.",
                )
            )

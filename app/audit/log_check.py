"""Proving the whole log: every entry in its place under the signed root."""

from app.audit.bundle_format import EntryLine
from app.audit.canonical import is_canonical
from app.audit.checkpoint import Checkpoint, open_checkpoint
from app.audit.kept import Kept
from app.audit.note import NoteError, SignerUnknown, VerifierKey
from app.audit.tree import CompactRange, Span, leaf_hash
from app.audit.verdict import Statement, Verdict


class LogCheck:
    """Grows two trees: over the leaf hashes as the hub listed them, and over the entries themselves.

    They are one until an entry differs from its listed hash. Whichever of them leads to the signed root is
    authentic, and so the very place of a change can be named. When neither does (entry and leaf hash were changed
    together), the earlier signed checkpoints in the bundle still say between which two of them it happened.
    """

    def __init__(
        self, verdict: Verdict, checkpoint: Checkpoint, keys: tuple[VerifierKey, ...], kept: Kept
    ) -> None:
        self._verdict = verdict
        self._checkpoint = checkpoint
        self._keys = keys
        self._kept = kept
        self._listed = CompactRange()
        self._actual = self._listed
        self._differs: int | None = None
        self._agreed = 0
        """Size of the largest signed checkpoint met on the way that one of the trees leads to."""

        self._contradicted: Span | None = None
        """Up to the first that neither leads to, from the last before it that one did."""

        # Of each sort of finding the first is told; a hostile bundle could otherwise fill the memory with them.
        self._unreadable = False
        self._bad_note = False
        self._strange_note = False

    def entry(self, line: EntryLine) -> bool:
        index = self._listed.size
        if line.index != index or index >= self._checkpoint.size or len(line.hashes) != 1:
            self._verdict.fault(
                f"此处应为第 {index} 号记录，文件中却是第 {line.index} 号（检查点共 {self._checkpoint.size} 条）。",
                f"Entry {index} should stand here, not {line.index}; the checkpoint counts {self._checkpoint.size}.",
                _one(index),
            )
            return False
        actual = leaf_hash(line.body)
        if actual != line.hashes[0]:
            self._note_difference(line)
        elif not self._unreadable and not is_canonical(line.body):
            self._unreadable = True
            self._verdict.fault(
                f"第 {index} 号记录与其叶哈希相符，但不是规范格式。",
                f"Entry {index} fits its leaf hash, but is not in the canonical form of an entry.",
                _one(index),
            )
        self._listed.append(line.hashes[0])
        if self._actual is not self._listed:
            self._actual.append(actual)
        if self._kept.is_reached_at(self._listed.size):
            self._kept.compare({self._listed.root(), self._actual.root()}, since=self._agreed)
        return True

    def _note_difference(self, line: EntryLine) -> None:
        if self._differs is not None:
            return
        self._differs = line.index
        self._actual = self._listed.copy()
        if line.body:
            zh, en = "与其叶哈希不符", "does not fit the leaf hash listed for it"
        else:
            zh, en = "缺失", "is missing"
        self._verdict.fault(f"第 {line.index} 号记录{zh}。", f"Entry {line.index} {en}.", _one(line.index))

    def note(self, note: str) -> bool:
        size = self._listed.size
        try:
            earlier = open_checkpoint(note, *self._keys)
        except SignerUnknown:
            self._pass_over_note()
            return True
        except NoteError:
            earlier = None
        if earlier is None or not size == earlier.size < self._checkpoint.size:
            self._reject_note(size)
        elif earlier.root in {self._listed.root(), self._actual.root()}:
            self._agreed = size
        elif self._contradicted is None:
            self._contradicted = Span(self._agreed, size)
        return True

    def _pass_over_note(self) -> None:
        """As the format asks: after a change of keys, older checkpoints are by a key that the reader may not have."""
        if not self._strange_note:
            self._strange_note = True
            self._verdict.not_proven.append(
                Statement(
                    "文件中有更早的检查点由未提供的密钥签署：未作核对。",
                    "Some earlier checkpoints in the bundle were signed by a key that was not given: they were not looked at.",
                )
            )

    def _reject_note(self, size: int) -> None:
        if not self._bad_note:
            self._bad_note = True
            self._verdict.fault(
                f"第 {size} 号记录之前列出的检查点无效。",
                f"The earlier checkpoint that stands before entry {size} is not valid there.",
            )

    def place(self, line: bytes) -> Span:  # noqa: ARG002 - in a log the place is known without the line
        return _one(self._listed.size)

    def conclude(self, *, complete: bool) -> None:
        whole, proven = False, self._agreed if self._differs is None else min(self._agreed, self._differs)
        if complete and self._listed.size < self._checkpoint.size:
            self._verdict.fault(
                f"检查点共 {self._checkpoint.size} 条记录，文件只有 {self._listed.size} 条。",
                f"The checkpoint counts {self._checkpoint.size} entries, the bundle has {self._listed.size}.",
                _one(self._listed.size),
            )
        elif complete:
            whole = self._weigh_roots()
        if not whole:
            self._find_where()
        else:
            self._find_fork()
            changed = self._listed.root() == self._checkpoint.root and self._differs is not None
            proven = self._differs if changed and self._differs is not None else self._checkpoint.size
        if proven:
            self._verdict.proven.append(_prefix(proven, self._checkpoint))
        self._kept.conclude(self._checkpoint, followed=whole)

    def _weigh_roots(self) -> bool:
        """Whether one of the two trees leads to the signed root, and what follows for the other."""
        if self._listed.root() == self._checkpoint.root:
            if self._differs is not None:
                self._verdict.fault(
                    "叶哈希均由检查点证明，所以被改动的是记录本身。",
                    "The listed leaf hashes are proven by the checkpoint, so it is the entry that was changed.",
                )
            return True
        if self._actual.root() == self._checkpoint.root:
            self._verdict.fault(
                "记录均由检查点证明，所以被改动的是列出的叶哈希。",
                "The entries are proven by the checkpoint, so it is the listed leaf hash that was changed.",
            )
            return True
        self._verdict.fault(
            "记录得不出所签的根哈希。",
            "The entries do not lead to the signed root.",
            Span(self._agreed, self._checkpoint.size if self._differs is None else self._differs + 1),
        )
        return False

    def _find_where(self) -> None:
        if self._contradicted is not None:
            start, end = self._contradicted
            self._verdict.fault(
                f"记录与大小为 {end} 的已签检查点不符；第 {start} 至 {end - 1} 号之间有改动。",
                f"The entries contradict the signed checkpoint of size {end}; something from {start} to {end - 1} was changed.",
                self._contradicted,
            )

    def _find_fork(self) -> None:
        if self._contradicted is not None:
            self._verdict.fault(
                f"同一密钥在大小 {self._contradicted.end} 处签署过与本检查点不一致的历史（分叉）。",
                f"At size {self._contradicted.end} the same key signed a history that is not this one: a fork.",
            )


def _one(index: int) -> Span:
    return Span(index, index + 1)


def _prefix(end: int, checkpoint: Checkpoint) -> Statement:
    return Statement(
        f"第 0 至 {end - 1} 号记录的内容与次序，正是 {checkpoint.origin} 在大小为 {checkpoint.size} 的检查点（或更早的检查点）中所签署的。",
        f"Entries 0 to {end - 1} are, in content and order, those that {checkpoint.origin} signed"
        f" in its checkpoint of size {checkpoint.size} or an earlier one.",
    )

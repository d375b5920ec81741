"""What the verifier says: what is wrong, what is proven, and what no bundle can prove."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from app.audit.bundle_format import BundleKind
from app.audit.checkpoint import Checkpoint
from app.audit.tree import Span


class Outcome(IntEnum):
    """What the verifier's process ends with."""

    GOOD = 0
    BAD = 1
    UNUSABLE = 2


class Statement(NamedTuple):
    zh: str
    en: str


@dataclass(slots=True)
class Verdict:
    """Grows while a bundle is read."""

    outcome: Outcome = Outcome.GOOD
    kind: BundleKind | None = None
    checkpoint: Checkpoint | None = None
    """The checkpoint whose signature verified; None when there is none."""

    entries: int = 0
    first_bad: Span | None = None
    """The indexes among which the first bad entry is: mostly just one."""

    faults: list[Statement] = field(default_factory=list)
    proven: list[Statement] = field(default_factory=list)
    not_proven: list[Statement] = field(default_factory=list)

    def fault(self, zh: str, en: str, at: Span | None = None) -> None:
        self.outcome = Outcome.BAD
        self.faults.append(Statement(zh, en))
        if at is not None and (self.first_bad is None or at < self.first_bad):
            self.first_bad = at

    def render(self) -> str:
        lines = [_HEADINGS[self.outcome]]
        if self.first_bad is not None:
            lines.append(f"首个异常序号 / First bad index: {_named(self.first_bad)}")
        for title, statements in (
            ("问题 / Wrong", self.faults),
            ("已证明 / Proven", self.proven),
            ("未证明 / Not proven", self.not_proven),
        ):
            lines += [f"{title}\n  {statement.zh}\n  {statement.en}" for statement in statements]
        return "\n".join(lines)


def unusable(zh: str, en: str) -> Verdict:
    return Verdict(outcome=Outcome.UNUSABLE, faults=[Statement(zh, en)])


def _named(span: Span) -> str:
    return str(span.start) if span.end - span.start == 1 else f"{span.start} … {span.end - 1}"


_HEADINGS = {
    Outcome.GOOD: "验证通过 / GOOD",
    Outcome.BAD: "验证不通过 / BAD",
    Outcome.UNUSABLE: "无法验证 / UNUSABLE",
}

CUT_BACK = Statement(
    "该检查点之后是否还有记录，或日志是否被截回到该检查点：只有更晚的检查点或见证方能够判断。",
    "Whether entries came after this checkpoint, or the log was cut back to it: only a later checkpoint or a witness could tell.",
)
FORKED = Statement(
    "同一密钥是否向他人出示过另一份历史（分叉）：只有见证方能够判断。",
    "Whether the same key showed another history to somebody else (a fork): only a witness could tell.",
)
UNTRUE = Statement(
    "记录内容是否属实，以及应记而未记的行为。",
    "Whether what an entry says is true, and what was done without an entry.",
)

SELECTION_INCOMPLETE = Statement(
    "选取是否完整：符合条件的其他记录可能未列入本文件；只有完整日志能够证明。",
    "That the selection is complete: other entries that fit may have been left out; only the whole log could prove it.",
)

NOT_FOLLOWED = Statement(
    "是否延续您保存的检查点：选取文件不含一致性证明；只有完整日志或公开的哈希块能够证明。",
    "Whether it continues the checkpoint that you kept: a selection holds no proof of that; the whole log or the tiles do.",
)

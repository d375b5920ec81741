"""What one message, one act of the outside world, or the passing of time does: written down whole, or not at all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.measures.receipts import Consequence, Receipt
from app.sandbox.custody.holdings import Holding
from app.sandbox.custody.journal import Line, Opened, Paper, Switch, TimePassed
from app.sandbox.custody.reports import NoticeDraft, notices
from app.sandbox.custody.state import Custody


@dataclass(slots=True)
class Deed:
    """Changes the custody at once, and keeps the lines that have to be written for it.

    `at` is the instant by the agency's calendar: of the receipt of an order, which decides its rank (Seizure §1).
    """

    custody: Custody
    at: datetime
    announced: bool = True
    """Whether the hub is told of it, where it changes a freeze of the hub."""

    lines: list[Line] = field(default_factory=list)
    told: list[Consequence] = field(default_factory=list)
    answered: set[tuple[str, str]] = field(default_factory=set)
    """Freezes, each with its thing, of which the answer to the order tells."""

    def let_time_pass(self) -> None:
        if self.custody.is_due(self.at):
            self.note(Line(TimePassed(self.at)))

    def note(self, line: Line) -> Receipt | None:
        receipt, told = self.custody.do(line)
        self.lines.append(line)
        self.told += told
        return receipt

    def carry_out(self, line: Line) -> Receipt:
        """One operation of the register."""
        receipt = self.note(line)
        assert receipt is not None
        if line.request_id:
            self.answered.update((rung.freeze_id, rung.thing_id) for rung in receipt.rungs)
        return receipt

    def open(self, identity: str, held: Mapping[str, Holding]) -> None:
        """Put a thing of `held`, and all that goes with it, on the register, unless it is there."""
        fresh = [holding for holding in _together(identity, held) if not self._is_open(holding)]
        for holding in fresh:
            self.note(Line(Opened(holding.thing, holding.balance, holding.rights)))
        for prior in (prior for holding in fresh for prior in holding.priors):
            self.note(Line(prior.order, paper=Paper(prior.authority, prior.document_number)))

    def notices(self) -> list[NoticeDraft]:
        """What the hub is told of its freezes, beside what the answer to its order says."""
        if not self.announced or not self.custody.is_on(Switch.NOTICES):
            return []
        unsaid = [each for each in self.told if (each.freeze_id, each.thing_id) not in self.answered]
        return notices(self.custody, unsaid, self.at)

    def _is_open(self, holding: Holding) -> bool:
        return holding.thing.thing_id in self.custody.kept


def _together(identity: str, held: Mapping[str, Holding]) -> Iterable[Holding]:
    """The thing, what it is frozen with, and so on."""
    found: dict[str, Holding] = {}
    waiting = [identity]
    while waiting:
        thing_id = waiting.pop()
        if thing_id in held and thing_id not in found:
            found[thing_id] = held[thing_id]
            waiting += held[thing_id].thing.reached_by_a_freeze()
    return found.values()

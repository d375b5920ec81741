"""The register of one agency with what belongs to it: whose each freeze is, and how the agency's calendar stands."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

from app.measures.books import Told
from app.measures.receipts import Consequence, Receipt, Rung
from app.measures.register import Register
from app.measures.words import Change
from app.sandbox.custody.journal import (
    ClockSet,
    Closed,
    Doctored,
    Line,
    Opened,
    Paper,
    Switch,
    Switched,
    TimePassed,
)


class Custody:
    """Made by doing every line of the journal, and changed by nothing else. Not safe for threads."""

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self.register = Register()
        self.kept: dict[str, Opened] = {}
        self.papers: dict[str, Paper] = {}
        self.ordered: dict[UUID, list[str]] = {}
        """The freezes that each request of the hub laid, by their names on the register."""

        self.closed: set[str] = set()
        self.ahead = timedelta()
        """By how much the agency's calendar runs ahead of the world's."""

        self._off: set[Switch] = set()
        self._next_end: datetime | None = None
        self._queues: dict[str, list[str]] = {}
        """By thing, the live freezes as they stood after the last line."""

        for line in lines:
            self.do(line)

    def do(self, line: Line) -> tuple[Receipt | None, tuple[Consequence, ...]]:
        """The receipt of an operation, and what became of freezes that it did not name."""
        receipt, told = self._done(line)
        return receipt, (*told, *self._rank_changes(receipt, told))

    def _done(self, line: Line) -> tuple[Receipt | None, tuple[Consequence, ...]]:
        match line.event:
            case Opened() as opened:
                self.kept[opened.thing.thing_id] = opened
                self.register.add(opened.thing, balance=opened.balance)
            case TimePassed(at):
                told = self.register.lapse_until(at)
                ladders = self.register.books.ladders.values()
                ends = [ladder.next_end for ladder in ladders if ladder.next_end is not None]
                self._next_end = min(ends, default=None)
                return None, told
            case ClockSet(days):
                self.ahead = timedelta(days=days)
            case Closed(thing_id):
                self.closed.add(thing_id)
            case Switched(switch, on):
                (self._off.discard if on else self._off.add)(switch)
            case Doctored() as doctored:
                return None, self._doctored(doctored)
            case operation:
                receipt = self.register.apply(operation)
                self._remember(line, receipt)
                return receipt, receipt.consequences
        return None, ()

    def _rank_changes(self, receipt: Receipt | None, told: Iterable[Consequence]) -> Iterator[Consequence]:
        """Of the hub's freezes: whoever ends, or comes in late, moves all that stand behind."""
        touched = dict.fromkeys(
            [rung.thing_id for rung in (receipt.rungs if receipt else ())] + [each.thing_id for each in told]
        )
        for thing_id in touched:
            before = self._queues.get(thing_id, [])
            ladder = self.register.books.ladders[thing_id]
            after = [hold.freeze_id for hold in ladder.live]
            self._queues[thing_id] = after
            ranks = {freeze_id: rank for rank, freeze_id in enumerate(before)}
            for rank, freeze_id in enumerate(after):
                if ranks.get(freeze_id, rank) != rank and self.papers[freeze_id].request_id:
                    yield Consequence(Change.RANK_CHANGED, thing_id, freeze_id, ladder.latest)

    def is_on(self, switch: Switch) -> bool:
        return switch not in self._off

    def is_due(self, at: datetime) -> bool:
        """Whether a freeze may have ended by this instant."""
        return self._next_end is not None and self._next_end <= at

    def freeze_on(self, request_id: UUID, thing_id: str) -> str | None:
        """The freeze that a request of the hub laid on a thing, ended or not."""
        for freeze_id in self.ordered.get(request_id, ()):
            if any(rung.thing_id == thing_id for rung in self.register.freeze(freeze_id)):
                return freeze_id
        return None

    def rung(self, freeze_id: str, thing_id: str) -> Rung:
        """How a freeze stands on a thing that it lies on, or lay on."""
        (rung,) = [rung for rung in self.register.freeze(freeze_id) if rung.thing_id == thing_id]
        return rung

    def _remember(self, line: Line, receipt: Receipt) -> None:
        if line.paper and receipt.effective and receipt.request_id not in self.papers:
            self.papers[receipt.request_id] = line.paper
            if line.paper.request_id:
                self.ordered.setdefault(line.paper.request_id, []).append(receipt.request_id)
        for rung in receipt.rungs:
            self._look_ahead(rung.ends_at)
        for told in receipt.consequences:
            self._look_ahead(told.ends_at)

    def _doctored(self, doctored: Doctored) -> tuple[Consequence, ...]:
        told: Told = []
        ladder = self.register.books.ladders[doctored.thing_id]
        (hold,) = [hold for hold in ladder.live if hold.freeze_id == doctored.freeze_id]
        if doctored.limit is not None:
            hold.limit = doctored.limit
            ladder.settle(doctored.at, told)
        if doctored.ends_at is not None:
            ladder.end(hold, doctored.ends_at)
            self._look_ahead(doctored.ends_at)
        return tuple(told)

    def _look_ahead(self, ends_at: datetime | None) -> None:
        if ends_at is not None and (self._next_end is None or ends_at < self._next_end):
            self._next_end = ends_at

"""What the register knows: the ladders, and every freeze ever booked, ended ones too."""

from dataclasses import dataclass, field
from datetime import datetime

from app.measures.ladder import Hold, Ladder
from app.measures.operations import Operation
from app.measures.receipts import Consequence, Missed, Receipt
from app.measures.words import LIVE, Ground, State, WaitingTerm

ENDED: dict[State, Ground] = {
    State.RELEASED: Ground.ALREADY_RELEASED,
    State.LAPSED: Ground.ALREADY_LAPSED,
    State.VOID: Ground.ALREADY_VOID,
    State.EXHAUSTED: Ground.ALREADY_EXHAUSTED,
}

Told = list[Consequence]


@dataclass(slots=True)
class Books:
    """`holds` has one entry for every thing that a freeze reached; `booked` numbers the orders."""

    waiting_term: WaitingTerm
    ladders: dict[str, Ladder] = field(default_factory=dict)
    holds: dict[str, list[Hold]] = field(default_factory=dict)
    booked: int = 0

    def cited(self, freeze_id: str, case_number: str, at: datetime, told: Told) -> list[Hold] | Ground:
        """The live holds of the freeze that an order names, as they stand at this instant, or why it has none."""
        holds = self.holds.get(freeze_id)
        if holds is None:
            return Ground.FREEZE_UNKNOWN
        for hold in holds:
            self.ladders[hold.thing_id].advance(at, told)
        if case_number not in holds[0].case_numbers:
            return Ground.NOT_THIS_CASE
        live = [hold for hold in holds if hold.state in LIVE]
        return live or ENDED[holds[0].state]

    def receipt(
        self, operation: Operation, holds: list[Hold], told: Told, missed: tuple[Missed, ...] = ()
    ) -> Receipt:
        rungs = tuple([self.ladders[hold.thing_id].rung_of(hold) for hold in holds]) if holds else ()
        return Receipt(operation.request_id, operation.at, None, rungs, missed, tuple(told))


def refused(operation: Operation, ground: Ground, told: Told, missed: tuple[Missed, ...] = ()) -> Receipt:
    """Without effect; but what time alone did meanwhile is told."""
    return Receipt(operation.request_id, operation.at, ground, (), missed, tuple(told))

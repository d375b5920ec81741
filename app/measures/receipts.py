"""What the register answers. Tuples with names rather than dataclasses: half a million are made a second."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from app.measures.words import Change, Ground, Nature, Reach, State


class Rung(NamedTuple):
    """Where one freeze stands on the ladder of one thing.

    `rank` is None once it has ended. `held` is what is really frozen, apart from the limit; None for a thing that is not
    measured in money, and where it is not known. `active_at` and `ends_at` are None while the term does not run;
    `ends_at` is also None in force where another court's end was not reported.
    """

    freeze_id: str
    thing_id: str
    case_number: str
    nature: Nature
    rank: int | None
    state: State
    limit: Decimal | Reach
    held: Decimal | None
    received_at: datetime
    active_at: datetime | None
    ends_at: datetime | None


class Consequence(NamedTuple):
    """What an order, or time, did to a freeze that it did not name.

    `amount` is what a promoted freeze holds, None for a thing; by how much another holds more or less; what it holds when
    that was not known before, or None when it is not known any more; of a voided one, the surplus that it now reaches
    (法〔2022〕107号 §1), None when that is not known.
    """

    change: Change
    thing_id: str
    freeze_id: str
    at: datetime
    amount: Decimal | None = None
    ends_at: datetime | None = None


class Missed(NamedTuple):
    """A thing that the order should have reached, too, and did not."""

    thing_id: str
    ground: Ground


class Receipt(NamedTuple):
    """The answer to one operation: without effect for one `ground`, or the freezes it named as they stand after it."""

    request_id: str
    at: datetime
    ground: Ground | None
    rungs: tuple[Rung, ...] = ()
    missed: tuple[Missed, ...] = ()
    consequences: tuple[Consequence, ...] = ()

    @property
    def effective(self) -> bool:
        return self.ground is None

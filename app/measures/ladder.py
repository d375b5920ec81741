"""One thing and the freezes on it, in their order. The model is told in register.py."""

from bisect import bisect
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from app.measures.money import ZERO
from app.measures.receipts import Consequence, Rung
from app.measures.terms import Term, ends_at
from app.measures.words import (
    LIVE,
    MEASURED_IN_MONEY,
    NEXT,
    Change,
    Nature,
    Reach,
    State,
    ThingKind,
    WaitingTerm,
)

IN_FORCE = State.IN_FORCE
UNKNOWN = State.UNKNOWN
WHOLE = Reach.WHOLE
FROM_REGISTRATION = WaitingTerm.FROM_REGISTRATION
"""A member of an enum is looked up anew each time; these are where every operation comes by."""

LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Thing:
    """What can be frozen, and what goes with it.

    `goes_with` is what the law freezes together with it: house and land of one owner (Seizure §21); leave it empty where
    they belong to different people. `paid_into` is the return account of a wealth product.
    """

    thing_id: str
    kind: ThingKind
    goes_with: tuple[str, ...] = ()
    paid_into: str | None = None

    def reached_by_a_freeze(self) -> tuple[str, ...]:
        """In the order in which they are frozen: the return account before the product (domain-reference §3)."""
        first = (self.paid_into,) if self.paid_into else ()
        return (*first, self.thing_id, *self.goes_with)


@dataclass(slots=True, eq=False)
class Hold:
    """One freeze on one thing. `limit` is what it may still hold: a transfer uses it up, and `taken` grows.

    Its place is by `second`, that of receipt, and then by `booked`, the number of its booking.
    """

    freeze_id: str
    thing_id: str
    case_numbers: tuple[str, ...]
    nature: Nature
    received_at: datetime
    second: datetime
    booked: int
    term: Term | None
    limit: Decimal | Reach
    held: Decimal | None
    state: State = State.WAITING
    taken: Decimal = ZERO
    active_at: datetime | None = None
    ends_at: datetime | None = None

    def move_to(self, state: State) -> None:
        if state not in NEXT[self.state]:
            raise ValueError(f"a freeze never moves from {self.state} to {state}")
        self.state = state

    def copy(self) -> "Hold":
        return Hold(
            self.freeze_id,
            self.thing_id,
            self.case_numbers,
            self.nature,
            self.received_at,
            self.second,
            self.booked,
            self.term,
            self.limit,
            self.held,
            self.state,
            self.taken,
            self.active_at,
            self.ends_at,
        )

    def rung(self, rank: int | None) -> Rung:
        return Rung(
            self.freeze_id,
            self.thing_id,
            self.case_numbers[-1],
            self.nature,
            rank,
            self.state,
            self.limit,
            self.held,
            self.received_at,
            self.active_at,
            self.ends_at,
        )


def _second_of(hold: Hold) -> datetime:
    return hold.second


@dataclass(slots=True)
class Ladder:
    """The live freezes on one thing; a rank is a place in `live`, so ranks are contiguous by construction."""

    thing: Thing
    waiting_term: WaitingTerm
    balance: Decimal | None = None
    disposed: bool = False
    latest: datetime = LONG_AGO
    next_end: datetime | None = None
    live: list[Hold] = field(default_factory=list)
    in_money: bool = field(init=False)
    reach: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.in_money = self.thing.kind in MEASURED_IN_MONEY
        self.reach = self.thing.reached_by_a_freeze()

    def copy(self) -> "Ladder":
        live = [hold.copy() for hold in self.live]
        return Ladder(
            self.thing, self.waiting_term, self.balance, self.disposed, self.latest, self.next_end, live
        )

    def rungs(self) -> tuple[Rung, ...]:
        return tuple(hold.rung(rank) for rank, hold in enumerate(self.live, 1))

    def rung_of(self, hold: Hold) -> Rung:
        return hold.rung(self.live.index(hold) + 1 if hold.state in LIVE else None)

    def free(self) -> Decimal | None:
        """What no freeze holds; None when it cannot be known."""
        if self.balance is None or any(hold.held is None for hold in self.live):
            return None
        return self.balance - sum((hold.held for hold in self.live if hold.held), ZERO)

    def advance(self, at: datetime, told: list[Consequence]) -> datetime:
        """Let pass what has passed by this instant, and return the instant at which what follows takes effect.

        Never earlier than what is booked already: only an order to freeze takes its place by its own receipt.
        """
        while self.next_end is not None and self.next_end <= at:
            self._lapse(self.next_end, told)
        if at > self.latest:  # noqa: PLR1730 - `max` is slow, and every operation comes by here
            self.latest = at
        return self.latest

    def admit(self, hold: Hold, told: list[Consequence]) -> None:
        """Take a new freeze in at the place that its receipt gives it (Preservation §16; 法发〔2004〕5号 §20)."""
        late = bool(self.live) and hold.second < self.live[-1].second
        place = bisect(self.live, hold.second, key=_second_of) if late else len(self.live)
        self.live.insert(place, hold)
        if hold.term is not None and self.waiting_term is FROM_REGISTRATION:
            self.end(hold, ends_at(hold.received_at, hold.term))
        if late and not self.in_money:
            self._put_back(place + 1, told)
        self.settle(self.latest, told, fresh=hold)
        if late and self.in_money:
            self._put_back(place + 1, told)
        if late:
            self.advance(self.latest, told)

    def drop(self, hold: Hold, state: State) -> None:
        self.live.remove(hold)
        hold.move_to(state)
        hold.held = ZERO if self.in_money else None
        if hold.ends_at is not None and hold.ends_at == self.next_end:
            self.look_for_next_end()

    def settle(self, at: datetime, told: list[Consequence], fresh: Hold | None = None) -> None:
        """Give each freeze what is due to its rank, and put in force what may be; say nothing of the fresh one."""
        if self.in_money:
            self._share_out(at, told, fresh)
        elif self.live and self.live[0].state is not IN_FORCE:
            self._activate(self.live[0], at, told, fresh)

    def end(self, hold: Hold, ends_at: datetime | None) -> None:
        """Set when this freeze ends, and keep in mind which ends first."""
        first = self.next_end
        known = hold.ends_at is not None and hold.ends_at == first
        hold.ends_at = ends_at
        if known:
            self.look_for_next_end()
        elif ends_at is not None and (first is None or ends_at < first):
            self.next_end = ends_at

    def look_for_next_end(self) -> None:
        ends = [hold.ends_at for hold in self.live if hold.ends_at is not None]
        self.next_end = min(ends) if ends else None

    def _share_out(self, at: datetime, told: list[Consequence], fresh: Hold | None) -> None:
        left = self.balance
        for place, hold in enumerate(self.live):
            limit = hold.limit
            share: Decimal | None
            if left is not None and isinstance(limit, Decimal):
                share = limit if limit < left else left  # noqa: FURB136 - `min` costs as much as all the rest
                left -= share
            elif limit is WHOLE:
                share, left = left, ZERO
            else:
                share = left = ZERO if left == 0 else None
            before = hold.held
            hold.held = share
            if hold.state is not IN_FORCE:
                if share or not place:
                    self._activate(hold, at, told, fresh)
                    continue
                if (share is None) != (hold.state is UNKNOWN):
                    hold.move_to(UNKNOWN if share is None else State.WAITING)
            if share != before and hold is not fresh:
                told.append(self._difference(hold, before, at))

    def _difference(self, hold: Hold, before: Decimal | None, at: datetime) -> Consequence:
        if before is None or hold.held is None:
            return Consequence(Change.HELD_UNKNOWN, self.thing.thing_id, hold.freeze_id, at, hold.held)
        more = hold.held - before
        change = Change.HOLDS_MORE if more > 0 else Change.HOLDS_LESS
        return Consequence(change, self.thing.thing_id, hold.freeze_id, at, abs(more))

    def _activate(self, hold: Hold, at: datetime, told: list[Consequence], fresh: Hold | None) -> None:
        hold.move_to(IN_FORCE)
        hold.active_at = hold.received_at if hold is fresh else at
        if hold.term is not None and hold.ends_at is None:
            self.end(hold, ends_at(hold.active_at, hold.term))
        if hold is not fresh:
            told.append(
                Consequence(Change.PROMOTED, self.thing.thing_id, hold.freeze_id, at, hold.held, hold.ends_at)
            )

    def _put_back(self, place: int, told: list[Consequence]) -> None:
        """Those behind a late-booked freeze wait again, unless they still hold money."""
        for hold in self.live[place:]:
            if hold.state is State.IN_FORCE and not (self.in_money and hold.held != 0):
                hold.move_to(State.WAITING)
                hold.active_at = None
                if self.waiting_term is WaitingTerm.FROM_ACTIVATION:
                    self.end(hold, None)
                told.append(Consequence(Change.DISPLACED, self.thing.thing_id, hold.freeze_id, self.latest))

    def _lapse(self, end: datetime, told: list[Consequence]) -> None:
        """All that ends at this instant ends together; only then does the next in the queue take effect."""
        at = max(end, self.latest)
        for hold in [hold for hold in self.live if hold.ends_at == end]:
            self.drop(hold, State.LAPSED)
            told.append(Consequence(Change.LAPSED, self.thing.thing_id, hold.freeze_id, at, ends_at=end))
        self.settle(at, told)

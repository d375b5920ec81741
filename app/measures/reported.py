"""A register made of what an agency reported: the ladder of one thing, with whatever was left unsaid.

The agency's word is the truth (P6). Two things are inferred, because they follow: a limit that was not reported but is
filled, since money was left for those behind, is what the freeze holds; and where a freeze holds less than its limit,
there is no more money than is held up to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from app.measures.ladder import Hold, Ladder, Thing
from app.measures.money import ZERO
from app.measures.register import Register
from app.measures.words import MEASURED_IN_MONEY, Nature, Reach, State, WaitingTerm


@dataclass(frozen=True)
class ReportedFreeze:
    """One line of an agency's list. None and `Reach.UNKNOWN` stand for what it did not say."""

    freeze_id: str
    case_number: str
    in_force: bool
    limit: Decimal | Reach
    held: Decimal | None = None
    received_at: datetime | None = None
    ends_at: datetime | None = None
    nature: Nature = Nature.ENFORCEMENT


def reported_register(
    thing: Thing,
    balance: Decimal | None,
    freezes: Sequence[ReportedFreeze],
    as_of: datetime,
    *,
    waiting_term: WaitingTerm = WaitingTerm.FROM_ACTIVATION,
) -> Register:
    """The register of this thing, with the freezes in the order of their ranks."""
    register = Register(waiting_term=waiting_term)
    freezes = [_said(freeze, thing) for freeze in freezes]
    limits = [_limit(place, freezes, balance) for place in range(len(freezes))]
    register.add(thing, balance=_balance(freezes, limits) if balance is None else balance)
    ladder = register.books.ladders[thing.thing_id]
    for freeze, limit in zip(freezes, limits, strict=True):
        register.books.booked += 1
        hold = _hold(thing, freeze, limit, as_of, register.books.booked)
        ladder.live.append(hold)
        register.books.holds[freeze.freeze_id] = [hold]
    ladder.latest = as_of
    ladder.look_for_next_end()
    _fill_in(ladder, as_of)
    return register


def _said(freeze: ReportedFreeze, thing: Thing) -> ReportedFreeze:
    """A freeze on money that is said to wait is said to hold nothing."""
    silent = freeze.held is None and not freeze.in_force and thing.kind in MEASURED_IN_MONEY
    return replace(freeze, held=ZERO) if silent else freeze


def _limit(place: int, freezes: Sequence[ReportedFreeze], balance: Decimal | None) -> Decimal | Reach:
    freeze = freezes[place]
    if freeze.limit is not Reach.UNKNOWN or freeze.held is None:
        return freeze.limit
    up_to_here = [each.held for each in freezes[: place + 1]]
    more_came_later = any(each.held for each in freezes[place + 1 :])
    known = [held for held in up_to_here if held is not None]
    money_left = balance is not None and len(known) == len(up_to_here) and sum(known, ZERO) < balance
    return freeze.held if more_came_later or money_left else freeze.limit


def _balance(freezes: Sequence[ReportedFreeze], limits: Sequence[Decimal | Reach]) -> Decimal | None:
    total = ZERO
    for freeze, limit in zip(freezes, limits, strict=True):
        if freeze.held is None:
            return None
        total += freeze.held
        if limit is Reach.WHOLE or (isinstance(limit, Decimal) and freeze.held < limit):
            return total
    return None


def _hold(thing: Thing, freeze: ReportedFreeze, limit: Decimal | Reach, as_of: datetime, place: int) -> Hold:
    received_at = freeze.received_at or as_of
    return Hold(
        freeze.freeze_id,
        thing.thing_id,
        (freeze.case_number,),
        freeze.nature,
        received_at,
        as_of.replace(microsecond=0),  # the ranks are the agency's; its instants may contradict them
        place,
        None,
        limit,
        freeze.held,
        State.IN_FORCE if freeze.in_force else State.WAITING,
        active_at=freeze.received_at if freeze.in_force else None,
        ends_at=freeze.ends_at,
    )


def _fill_in(ladder: Ladder, as_of: datetime) -> None:
    """Work out what was not reported where it follows from the rest; what was reported stays."""
    worked_out = ladder.copy()
    worked_out.settle(as_of, [])
    for hold, twin in zip(ladder.live, worked_out.live, strict=True):
        if hold.held is None:
            hold.held = twin.held

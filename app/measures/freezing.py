"""Orders that lay a freeze, keep it, turn it into another or lift it."""

from datetime import date, timedelta
from decimal import Decimal

from app.measures.books import ENDED, Books, Told, refused
from app.measures.ladder import Hold, Ladder
from app.measures.money import exact
from app.measures.operations import Conversion, FreezeOrder, Release, Renewal
from app.measures.receipts import Missed, Receipt
from app.measures.terms import LEGAL_MAXIMUM, Term, day_in_china, end_of_term, renewed_end, within_maximum
from app.measures.words import Ground, Nature, Reach, State, ThingKind


def freeze(books: Books, order: FreezeOrder, told: Told) -> Receipt:
    """Lay the freeze on the thing and on what goes with it, each a rank of its own."""
    ladder = books.ladders.get(order.thing_id)
    if ladder is None:
        return refused(order, Ground.THING_UNKNOWN, told)
    begins_on = day_in_china(order.at)
    limit = _limit(ladder, order)
    ground = limit if isinstance(limit, Ground) else _term_objection([ladder], begins_on, order.term)
    if isinstance(limit, Ground) or ground is not None:
        return refused(order, ground or Ground.AMOUNT_INVALID, told)
    books.booked += 1
    holds: list[Hold] = []
    missed: list[Missed] = []
    for thing_id in ladder.reach:
        leg = books.ladders.get(thing_id)
        if leg is None or leg.disposed or limit == 0:
            missed.append(Missed(thing_id, _lacking(leg)))
            continue
        hold = _hold(order, leg, limit, _bounded(leg, begins_on, order.term), books.booked)
        leg.advance(order.at, told)
        leg.admit(hold, told)
        holds.append(hold)
        if hold.held is not None and isinstance(limit, Decimal):
            limit -= hold.held
    books.holds[order.request_id] = holds
    return books.receipt(order, holds, told, tuple(missed))


def _limit(ladder: Ladder, order: FreezeOrder) -> Decimal | Reach | Ground:
    """The limit as booked, or why the order cannot stand."""
    if ladder.disposed:
        return Ground.THING_DISPOSED
    if isinstance(order.limit, Decimal):
        return (exact(order.limit) or Ground.AMOUNT_INVALID) if ladder.in_money else Ground.NOT_BY_AMOUNT
    if order.limit is Reach.UNKNOWN:
        return Ground.AMOUNT_INVALID
    if order.nature is Nature.PRESERVATION and ladder.thing.kind is ThingKind.ACCOUNT:
        return Ground.AMOUNT_NEEDED  # Preservation §15
    return order.limit


def _term_objection(reached: list[Ladder], begins_on: date, term: Term) -> Ground | None:
    """A term is too long when it is so for everything that the freeze reaches (Interpretation §485)."""
    try:
        for ladder in reached:
            if within_maximum(ladder.thing.kind, begins_on, term):
                return None
    except ValueError:
        return Ground.TERM_INVALID
    return Ground.TERM_TOO_LONG


def _bounded(ladder: Ladder, begins_on: date, term: Term) -> Term:
    """The term for one leg: the account of a wealth product is a deposit, and ends earlier than the product."""
    kind = ladder.thing.kind
    return term if within_maximum(kind, begins_on, term) else LEGAL_MAXIMUM[kind]


def _lacking(leg: Ladder | None) -> Ground:
    if leg is None:
        return Ground.KEPT_ELSEWHERE
    return Ground.THING_DISPOSED if leg.disposed else Ground.LIMIT_COVERED


def _hold(order: FreezeOrder, leg: Ladder, limit: Decimal | Reach, term: Term, booked: int) -> Hold:
    return Hold(
        order.request_id,
        leg.thing.thing_id,
        (order.case_number,),
        order.nature,
        order.at,
        order.at - timedelta(microseconds=order.at.microsecond),  # in a third of the time of `replace`
        booked,
        term,
        limit,
        None,
    )


def _named(books: Books, order: Renewal | Release, told: Told) -> list[Hold] | Ground:
    """The live holds that the order names: all of the freeze, or the one on a thing."""
    holds = books.cited(order.freeze_id, order.case_number, order.at, told)
    if isinstance(holds, Ground) or order.thing_id is None:
        return holds
    for hold in books.holds[order.freeze_id]:
        if hold.thing_id == order.thing_id:
            return [hold] if hold in holds else ENDED[hold.state]
    return Ground.FREEZE_UNKNOWN


def renew(books: Books, order: Renewal, told: Told) -> Receipt:
    """Let the term run on; the rank stays. A leg that cannot be renewed is named apart."""
    holds = _named(books, order, told)
    if isinstance(holds, Ground):
        return refused(order, holds, told)
    reached = [books.ladders[hold.thing_id] for hold in holds]
    begins_on = day_in_china(order.at)
    ground = _term_objection(reached, begins_on, order.term)
    if ground is not None:
        return refused(order, ground, told)
    renewed: list[Hold] = []
    missed: list[Missed] = []
    for ladder, hold in zip(reached, holds, strict=True):
        if _next_term_is_booked(ladder, hold, begins_on):
            missed.append(Missed(hold.thing_id, Ground.RENEWED_ALREADY))
            continue
        renewed.append(hold)
        hold.term = _bounded(ladder, begins_on, order.term)
        if hold.ends_at is not None:
            ladder.end(hold, renewed_end(hold.ends_at, hold.term))
    if not renewed:
        return refused(order, Ground.RENEWED_ALREADY, told)
    return books.receipt(order, renewed, told, tuple(missed))


def _next_term_is_booked(ladder: Ladder, hold: Hold, begins_on: date) -> bool:
    """The running end lies further off than the maximum.

    Renewals booked one on another would bind the thing for longer than Interpretation §485 lets them.
    """
    return hold.ends_at is not None and hold.ends_at > end_of_term(
        begins_on, LEGAL_MAXIMUM[ladder.thing.kind]
    )


def convert(books: Books, order: Conversion, told: Told) -> Receipt:
    """Preservation turns into enforcement; term and rank run on, no new ruling is needed (Interpretation §168; Preservation §17)."""
    holds = books.cited(order.freeze_id, order.case_number, order.at, told)
    if isinstance(holds, Ground):
        return refused(order, holds, told)
    if holds[0].nature is not Nature.PRESERVATION:
        return refused(order, Ground.NOT_PRESERVATION, told)
    for hold in books.holds[
        order.freeze_id
    ]:  # also where it ended: a later order is checked by its case number
        hold.nature = Nature.ENFORCEMENT
        hold.case_numbers = (*hold.case_numbers, order.new_case_number)
    return books.receipt(order, holds, told)


def release(books: Books, order: Release, told: Told) -> Receipt:
    """Lift the freeze, waiting or in force, or lower its limit; what comes free goes to the next in the queue (Seizure §26)."""
    holds = _named(books, order, told)
    if isinstance(holds, Ground):
        return refused(order, holds, told)
    if order.amount is not None:
        if len(holds) > 1:
            return refused(order, Ground.LEG_NEEDED, told)
        return _release_part(books, holds[0], order, order.amount, told)
    for hold in holds:
        _lift(books.ladders[hold.thing_id], hold, told)
    return books.receipt(order, holds, told)


def _lift(ladder: Ladder, hold: Hold, told: Told) -> None:
    ladder.drop(hold, State.RELEASED)
    ladder.settle(ladder.latest, told)


def _release_part(books: Books, hold: Hold, order: Release, amount: Decimal, told: Told) -> Receipt:
    ladder = books.ladders[hold.thing_id]
    if not ladder.in_money:
        return refused(order, Ground.NOT_BY_AMOUNT, told)
    part = exact(amount)
    if part is None:
        return refused(order, Ground.AMOUNT_INVALID, told)
    covered = hold.limit if isinstance(hold.limit, Decimal) else hold.held
    if covered is None or hold.limit is Reach.UNKNOWN:
        return refused(order, Ground.BALANCE_UNKNOWN, told)
    if part > covered:
        return refused(order, Ground.BEYOND_LIMIT, told)
    if part == covered:
        _lift(ladder, hold, told)
    else:
        hold.limit = covered - part
        hold.held = None if hold.held is None else min(hold.held, hold.limit)
        ladder.settle(ladder.latest, told)
    return books.receipt(order, [hold], told)

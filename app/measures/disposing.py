"""Sale and set-off: what becomes of the freezes."""

from app.measures.books import Books, Told, refused
from app.measures.ladder import Hold, Ladder
from app.measures.operations import Disposal
from app.measures.receipts import Consequence, Receipt
from app.measures.words import Change, Extent, Ground, State


def dispose(books: Books, disposal: Disposal, told: Told) -> Receipt:
    """End what the disposal ends: every freeze on the whole (Seizure §27), the seller's on a part (法发〔2004〕5号 §20)."""
    ladders = [books.ladders.get(thing_id) for thing_id in disposal.thing_ids]
    known = [ladder for ladder in ladders if ladder is not None]
    if not known or len(known) < len(ladders):
        return refused(disposal, Ground.THING_UNKNOWN, told)
    for ladder in known:
        ladder.advance(disposal.at, told)
    seller = _seller(books, disposal, told)
    ground = seller if isinstance(seller, Ground) else _objection(known)
    if isinstance(seller, Ground) or ground is not None:
        return refused(disposal, ground or Ground.NOT_IN_FORCE, told)
    for ladder in known:
        own = [hold for hold in seller if hold.thing_id == ladder.thing.thing_id]
        if disposal.extent is Extent.WHOLE:
            _void_all(ladder, own, disposal, told)
        else:
            for hold in own:
                ladder.drop(hold, State.VOID)
            ladder.settle(ladder.latest, told)
    return books.receipt(disposal, seller, told)


def _objection(ladders: list[Ladder]) -> Ground | None:
    if any(ladder.in_money for ladder in ladders):
        return Ground.MONEY_IS_TRANSFERRED
    return Ground.THING_DISPOSED if any(ladder.disposed for ladder in ladders) else None


def _seller(books: Books, disposal: Disposal, told: Told) -> list[Hold] | Ground:
    """The selling freeze on each thing sold; it must be in force on all of them."""
    if disposal.freeze_id is None:
        return []
    holds = books.cited(disposal.freeze_id, disposal.case_number, disposal.at, told)
    if isinstance(holds, Ground):
        return holds
    selling = [hold for hold in holds if hold.thing_id in disposal.thing_ids and hold.state is State.IN_FORCE]
    return selling if len(selling) == len(set(disposal.thing_ids)) else Ground.NOT_IN_FORCE


def _void_all(ladder: Ladder, own: list[Hold], disposal: Disposal, told: Told) -> None:
    ladder.disposed = True
    for hold in list(ladder.live):
        ladder.drop(hold, State.VOID)
        if hold not in own:
            told.append(
                Consequence(
                    Change.VOIDED, hold.thing_id, hold.freeze_id, ladder.latest, amount=disposal.surplus
                )
            )

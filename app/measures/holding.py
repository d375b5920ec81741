"""Money that is transferred, comes in, is spent, or is paid out by a product."""

from decimal import Decimal

from app.measures.books import Books, Told, refused
from app.measures.ladder import Hold, Ladder
from app.measures.money import exact
from app.measures.operations import MoneyIn, MoneyOut, Redemption, Transfer
from app.measures.receipts import Receipt
from app.measures.words import PAYS_OUT, Ground, State


def transfer(books: Books, order: Transfer, told: Told) -> Receipt:
    """Take to the court what is in force and really held for this case, never more (Civil Procedure §253)."""
    holds = books.cited(order.freeze_id, order.case_number, order.at, told)
    if isinstance(holds, Ground):
        return refused(order, holds, told)
    paying = [hold for hold in holds if books.ladders[hold.thing_id].thing.kind in PAYS_OUT]
    if not paying:
        return refused(order, Ground.NOT_BY_AMOUNT, told)
    hold = paying[0]
    amount = _payable(hold, order.amount)
    if isinstance(amount, Ground):
        return refused(order, amount, told)
    ladder = books.ladders[hold.thing_id]
    assert ladder.balance is not None  # or nothing could be held
    assert hold.held is not None
    ladder.balance -= amount
    hold.held -= amount
    hold.taken += amount
    if isinstance(hold.limit, Decimal):
        hold.limit -= amount
    if hold.limit == 0:
        _exhaust(books, holds, told)
    else:
        ladder.settle(ladder.latest, told)
    return books.receipt(order, holds, told)


def _payable(hold: Hold, asked: Decimal) -> Decimal | Ground:
    amount = exact(asked)
    if amount is None:
        return Ground.AMOUNT_INVALID
    if hold.state is State.WAITING:
        return Ground.NOT_IN_FORCE
    if hold.held is None:
        return Ground.BALANCE_UNKNOWN
    return Ground.BEYOND_HELD if amount > hold.held else amount


def _exhaust(books: Books, holds: list[Hold], told: Told) -> None:
    """The limit of the order is used up, so the freeze ends on everything that it reached."""
    for hold in holds:
        ladder = books.ladders[hold.thing_id]
        ladder.drop(hold, State.EXHAUSTED)
        ladder.settle(ladder.latest, told)


def money_in(books: Books, movement: MoneyIn, told: Told) -> Receipt:
    """Fill the limits in the order of the ranks; money that comes to an unknown balance leaves it unknown."""
    moved = _moved(books, movement, told)
    if isinstance(moved, Ground):
        return refused(movement, moved, told)
    ladder, amount = moved
    _put(ladder, amount, told)
    return books.receipt(movement, [], told)


def money_out(books: Books, movement: MoneyOut, told: Told) -> Receipt:
    """Let the holder spend what is free; what is frozen cannot be paid out to the creditor's harm (Seizure §24)."""
    moved = _moved(books, movement, told)
    if isinstance(moved, Ground):
        return refused(movement, moved, told)
    ladder, amount = moved
    free = ladder.free()
    if free is None or ladder.balance is None:
        return refused(movement, Ground.BALANCE_UNKNOWN, told)
    if amount > free:
        return refused(movement, Ground.NOT_FREE, told)
    ladder.balance -= amount
    return books.receipt(movement, [], told)


def redeem(books: Books, movement: Redemption, told: Told) -> Receipt:
    """Move value from a product into its return account, where freezes catch it."""
    moved = _moved(books, movement, told)
    if isinstance(moved, Ground):
        return refused(movement, moved, told)
    product, amount = moved
    account = books.ladders.get(product.thing.paid_into or "")
    if account is None:
        return refused(movement, Ground.NO_RETURN_ACCOUNT, told)
    account.advance(movement.at, told)
    if product.balance is None:
        return refused(movement, Ground.BALANCE_UNKNOWN, told)
    if amount > product.balance:
        return refused(movement, Ground.BEYOND_BALANCE, told)
    product.balance -= amount
    product.settle(product.latest, told)
    _put(account, amount, told)
    return books.receipt(movement, [], told)


def _put(ladder: Ladder, amount: Decimal, told: Told) -> None:
    if ladder.balance is not None:
        ladder.balance += amount
        ladder.settle(ladder.latest, told)


def _moved(
    books: Books, movement: MoneyIn | MoneyOut | Redemption, told: Told
) -> tuple[Ladder, Decimal] | Ground:
    ladder = books.ladders.get(movement.thing_id)
    if ladder is None:
        return Ground.THING_UNKNOWN
    ladder.advance(movement.at, told)
    if not ladder.in_money:
        return Ground.NOT_BY_AMOUNT
    amount = exact(movement.amount)
    return Ground.AMOUNT_INVALID if amount is None else (ladder, amount)

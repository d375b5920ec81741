"""What a judge reads in the journal: the freezes as they stand, and every effect that an order of the hub had."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from app.measures.operations import Conversion, FreezeOrder, Release, Renewal, Transfer
from app.measures.receipts import Receipt, Rung
from app.sandbox.custody.journal import Line
from app.sandbox.custody.state import Custody
from app.vocabulary import OrderKind

_KINDS: dict[type, OrderKind] = {
    FreezeOrder: OrderKind.FREEZE,
    Renewal: OrderKind.RENEWAL,
    Release: OrderKind.RELEASE,
    Transfer: OrderKind.TRANSFER,
    Conversion: OrderKind.CONVERSION,
}


@dataclass(frozen=True, slots=True)
class KeptFreeze:
    """One freeze on one thing, ended or not. `request_id` is the hub's; None where another court ordered it."""

    request_id: UUID | None
    authority: str
    rung: Rung


@dataclass(frozen=True, slots=True)
class MeasureEffect:
    """What one order of the hub changed: a line for each freeze that it named, with the things it reached."""

    request_id: UUID
    order_id: UUID
    kind: OrderKind
    thing_ids: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class BookedTransfer:
    """Money that left an account for the court's. `at` is by the agency's calendar; so above."""

    request_id: UUID
    thing_id: str
    amount: Decimal
    paid_to: str
    at: datetime


def freezes(lines: Iterable[Line]) -> list[KeptFreeze]:
    """In the order in which they were booked."""
    custody = Custody(lines)
    return [
        KeptFreeze(paper.request_id, paper.authority, rung)
        for freeze_id, paper in custody.papers.items()
        for rung in custody.register.freeze(freeze_id)
    ]


def balances(lines: Iterable[Line]) -> dict[str, Decimal]:
    """Of all money that was ever touched by a measure."""
    register = Custody(lines).register
    found = {thing_id: register.balance(thing_id) for thing_id in register.books.ladders}
    return {thing_id: balance for thing_id, balance in found.items() if balance is not None}


def measure_effects(lines: Iterable[Line]) -> list[MeasureEffect]:
    """In their order. A request that took effect twice on one thing is there twice."""
    return [
        MeasureEffect(
            request_id=line.request_id,
            order_id=line.order_id,
            kind=_KINDS[type(line.event)],
            thing_ids=tuple(rung.thing_id for rung in receipt.rungs),
            at=receipt.at,
        )
        for line, receipt in _done_for_the_hub(lines)
        if line.request_id and line.order_id
    ]


def transfers(lines: Iterable[Line]) -> list[BookedTransfer]:
    return [
        BookedTransfer(
            line.request_id, receipt.rungs[0].thing_id, line.event.amount, line.paid_to, receipt.at
        )
        for line, receipt in _done_for_the_hub(lines)
        if isinstance(line.event, Transfer) and line.request_id and line.paid_to
    ]


def _done_for_the_hub(lines: Iterable[Line]) -> Iterator[tuple[Line, Receipt]]:
    custody = Custody()
    for line in lines:
        receipt, _ = custody.do(line)
        if line.request_id and receipt and receipt.effective:
            yield line, receipt

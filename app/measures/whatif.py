"""Before a court orders: the same register, run on a copy.

What nobody reported stays None and `UNKNOWN` in the answer; `unknown` names the freezes that it concerns.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.measures.operations import MoneyIn, Operation, Release
from app.measures.receipts import Receipt, Rung
from app.measures.register import Register
from app.measures.words import State


@dataclass(frozen=True)
class WhatIf:
    """The ladder of one thing before and after; the receipts tell ranks, sums and consequences step by step."""

    before: tuple[Rung, ...]
    after: tuple[Rung, ...]
    receipts: tuple[Receipt, ...]
    free_before: Decimal | None
    free_after: Decimal | None
    unknown: tuple[str, ...]


def what_if(register: Register, thing_id: str, *operations: Operation) -> WhatIf:
    """Run the operations on a copy; the register itself is not touched.

    Raises:
        KeyError: no such thing.
    """
    before = register.ladder(thing_id)
    copy = register.part([thing_id])
    in_money = copy.books.ladders[thing_id].in_money
    receipts = tuple([copy.apply(operation) for operation in operations])
    after = copy.ladder(thing_id)
    return WhatIf(
        before,
        after,
        receipts,
        register.free(thing_id) if in_money else None,
        copy.free(thing_id) if in_money else None,
        tuple([rung.freeze_id for rung in after if _is_unknown(rung, in_money=in_money)]),
    )


def if_released(register: Register, thing_id: str, freeze_id: str, at: datetime) -> WhatIf:
    """What becomes of the ladder "if that court's freeze is released today".

    Raises:
        KeyError: no such thing, or no such freeze on it.
    """
    case_numbers = {rung.freeze_id: rung.case_number for rung in register.ladder(thing_id)}
    return what_if(register, thing_id, Release("what-if", at, freeze_id, case_numbers[freeze_id]))


def if_money_arrives(register: Register, thing_id: str, amount: Decimal, at: datetime) -> WhatIf:
    """What becomes of the ladder "if 80,000 arrives".

    Raises:
        KeyError: no such thing.
    """
    return what_if(register, thing_id, MoneyIn("what-if", at, thing_id, amount))


def _is_unknown(rung: Rung, *, in_money: bool) -> bool:
    return rung.state is State.UNKNOWN or (in_money and rung.held is None)

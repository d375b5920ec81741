"""A register with a few things, and short words to order with. Everything happens on 1 March 2024 unless said otherwise."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

from app.measures.ladder import Thing
from app.measures.operations import FreezeOrder, MoneyIn, MoneyOut, Release, Renewal, Transfer
from app.measures.receipts import Receipt
from app.measures.register import Register
from app.measures.terms import Term
from app.measures.words import Nature, Reach, State, ThingKind, WaitingTerm

NOON = datetime(2024, 3, 1, 4, tzinfo=UTC)
"""Twelve o'clock in China."""

YEAR, TWO_YEARS, THREE_YEARS = Term(years=1), Term(years=2), Term(years=3)


def yuan(amount: str) -> Decimal:
    return Decimal(amount).quantize(Decimal("0.01"))


class Town:
    def __init__(self, waiting_term: WaitingTerm = WaitingTerm.FROM_ACTIVATION) -> None:
        self.register = Register(waiting_term=waiting_term)
        self._numbers = count(1)
        self.register.add(Thing("account", ThingKind.ACCOUNT), balance=yuan("1000"))
        self.register.add(Thing("empty", ThingKind.ACCOUNT), balance=yuan("0"))
        self.register.add(Thing("silent", ThingKind.ACCOUNT))
        self.register.add(
            Thing("product", ThingKind.WEALTH_PRODUCT, paid_into="account"), balance=yuan("5000")
        )
        self.register.add(Thing("refund", ThingKind.TAX_REFUND), balance=yuan("300"))
        self.register.add(Thing("car", ThingKind.VEHICLE))
        self.register.add(Thing("house", ThingKind.REAL_ESTATE, goes_with=("land",)))
        self.register.add(Thing("land", ThingKind.REAL_ESTATE, goes_with=("house",)))

    def freeze(
        self,
        court: str,
        thing: str,
        limit: str | None = None,
        *,
        at: datetime = NOON,
        term: Term = YEAR,
        nature: Nature = Nature.ENFORCEMENT,
    ) -> Receipt:
        """The freeze bears the name of its court, and so does the case."""
        reach = Reach.WHOLE if limit is None else Decimal(limit)
        return self.register.apply(FreezeOrder(court, at, thing, court, term, reach, nature))

    def release(
        self, court: str, part: str | None = None, *, at: datetime = NOON, thing: str | None = None
    ) -> Receipt:
        amount = None if part is None else Decimal(part)
        return self.register.apply(Release(self.number(), at, court, court, amount, thing))

    def renew(
        self, court: str, *, at: datetime = NOON, term: Term = YEAR, thing: str | None = None
    ) -> Receipt:
        return self.register.apply(Renewal(self.number(), at, court, court, term, thing))

    def transfer(self, court: str, amount: str, *, at: datetime = NOON) -> Receipt:
        return self.register.apply(Transfer(self.number(), at, court, court, Decimal(amount)))

    def money_in(self, thing: str, amount: str, *, at: datetime = NOON) -> Receipt:
        return self.register.apply(MoneyIn(self.number(), at, thing, Decimal(amount)))

    def money_out(self, thing: str, amount: str, *, at: datetime = NOON) -> Receipt:
        return self.register.apply(MoneyOut(self.number(), at, thing, Decimal(amount)))

    def number(self) -> str:
        return f"request-{next(self._numbers)}"

    def order_on(self, thing: str) -> list[str]:
        return [rung.freeze_id for rung in self.register.ladder(thing)]

    def in_force_on(self, thing: str) -> list[str]:
        return [rung.freeze_id for rung in self.register.ladder(thing) if rung.state is State.IN_FORCE]

    def held_on(self, thing: str) -> dict[str, Decimal | None]:
        return {rung.freeze_id: rung.held for rung in self.register.ladder(thing)}


def days_later(days: float) -> datetime:
    return NOON + timedelta(days=days)

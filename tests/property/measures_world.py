"""The register and the simple model side by side: what happens to one happens to the other, and then they are compared."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from app.measures.ladder import Thing
from app.measures.operations import (
    Conversion,
    Disposal,
    FreezeOrder,
    MoneyIn,
    MoneyOut,
    Operation,
    Redemption,
    Release,
    Renewal,
    Transfer,
)
from app.measures.receipts import Receipt
from app.measures.register import Register
from app.measures.snapshot import exported, imported
from app.measures.terms import Term
from app.measures.words import Change, Extent, Nature, Reach, State, ThingKind, WaitingTerm
from tests.property.measures_model import Model

THINGS = (
    Thing("account", ThingKind.ACCOUNT),
    Thing("return-account", ThingKind.ACCOUNT),
    Thing("product", ThingKind.WEALTH_PRODUCT, paid_into="return-account"),
    Thing("refund", ThingKind.TAX_REFUND),
    Thing("car", ThingKind.VEHICLE),
    Thing("house", ThingKind.REAL_ESTATE, goes_with=("land",)),
    Thing("land", ThingKind.REAL_ESTATE, goes_with=("house",)),
)
BALANCES = {"account": 90_000, "return-account": 20_000, "product": 50_000, "refund": 3_000}
START = datetime(2024, 2, 28, 1, 2, 3, tzinfo=UTC)


def yuan(fen: int) -> Decimal:
    return Decimal(fen).scaleb(-2)


class World:
    """Freezes are named by a number counted from the last one booked, amounts are fen."""

    def __init__(self, waiting_term: WaitingTerm) -> None:
        self.now = START
        self.register = Register(waiting_term=waiting_term)
        for thing in THINGS:
            fen = BALANCES.get(thing.thing_id)
            self.register.add(thing, balance=None if fen is None else yuan(fen))
        self.model = Model(
            kinds={thing.thing_id: thing.kind.value for thing in THINGS},
            together={"house": ["land"], "land": ["house"]},
            return_account={"product": "return-account"},
            balance=dict(BALANCES),
            from_registration=waiting_term is WaitingTerm.FROM_REGISTRATION,
        )
        self.came, self.went = sum(BALANCES.values()), 0
        self.done: list[tuple[Operation, Receipt]] = []
        self.booked: list[str] = []

    def name(self, back: int) -> str:
        return self.booked[-1 - back % len(self.booked)] if self.booked else "none"

    def case_of(self, back: int) -> int:
        """The case whose freeze this is, as `freeze` and the others take it."""
        rungs = self.register.freeze(self.name(back))
        return int(rungs[0].case_number.removeprefix("case-")) if rungs else 0

    def held_by(self, back: int) -> int:
        """In fen, of the first thing that the freeze reaches."""
        rungs = self.register.freeze(self.name(back))
        return int((rungs[0].held or 0) * 100) if rungs else 0

    def free_on(self, thing: int) -> int:
        thing_id = THINGS[thing % len(THINGS)].thing_id
        return self.model.free(thing_id) if self.model.money(thing_id) else 1

    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    def wait_for_an_end(self) -> None:
        """To the very instant, where an error of one would show."""
        ends = [freeze.ends_at for thing in THINGS for freeze in self.model.line(thing.thing_id)]
        self.now = min((end for end in ends if end and end > self.now), default=self.now).astimezone(UTC)

    def freeze(
        self,
        thing: int,
        case: int,
        late: int,
        years: int,
        days: int,
        limit: int | None,
        *,
        preservation: bool,
    ) -> None:
        thing_id = THINGS[thing % len(THINGS)].thing_id
        if len(self.register.ladder(thing_id)) > 7:
            return
        freeze_id = f"freeze-{len(self.done)}"
        at = self.now - timedelta(seconds=late)
        order = FreezeOrder(
            freeze_id,
            at,
            thing_id,
            f"case-{case}",
            Term(years=years, days=days),
            Reach.WHOLE if limit is None else yuan(limit),
            Nature.PRESERVATION if preservation else Nature.ENFORCEMENT,
        )
        expected = (limit is None or limit > 0) and self.model.freeze(
            freeze_id, thing_id, f"case-{case}", at, (years, days), limit, preservation=preservation
        )
        self.apply(order, expected=expected)
        if expected:
            self.booked.append(freeze_id)

    def renew(self, back: int, case: int, years: int, days: int) -> None:
        name = self.name(back)
        self.apply(
            Renewal(self.next_id(), self.now, name, f"case-{case}", Term(years=years, days=days)),
            expected=self.model.renew(name, f"case-{case}", self.now, years, days),
        )

    def convert(self, back: int, case: int, new_case: int) -> None:
        name = self.name(back)
        self.apply(
            Conversion(self.next_id(), self.now, name, f"case-{case}", f"case-{new_case}"),
            expected=self.model.convert(name, f"case-{case}", self.now, f"case-{new_case}"),
        )

    def release(self, back: int, case: int, part: int | None) -> None:
        name = self.name(back)
        self.apply(
            Release(self.next_id(), self.now, name, f"case-{case}", None if part is None else yuan(part)),
            expected=self.model.release(name, f"case-{case}", self.now, part),
        )

    def transfer(self, back: int, case: int, amount: int) -> None:
        name = self.name(back)
        expected = self.model.transfer(name, f"case-{case}", self.now, amount)
        self.went += amount if expected else 0
        self.apply(Transfer(self.next_id(), self.now, name, f"case-{case}", yuan(amount)), expected=expected)

    def money_in(self, thing: int, amount: int) -> None:
        thing_id = THINGS[thing % len(THINGS)].thing_id
        expected = self.model.money_in(thing_id, self.now, amount)
        self.came += amount if expected else 0
        self.apply(MoneyIn(self.next_id(), self.now, thing_id, yuan(amount)), expected=expected)

    def money_out(self, thing: int, amount: int) -> None:
        thing_id = THINGS[thing % len(THINGS)].thing_id
        expected = self.model.money_out(thing_id, self.now, amount)
        self.went += amount if expected else 0
        self.apply(MoneyOut(self.next_id(), self.now, thing_id, yuan(amount)), expected=expected)

    def redeem(self, amount: int) -> None:
        self.apply(
            Redemption(self.next_id(), self.now, "product", yuan(amount)),
            expected=self.model.redeem("product", self.now, amount),
        )

    def dispose(self, things: list[str], back: int | None, case: int, *, whole: bool) -> None:
        name = None if back is None else self.name(back)
        extent = Extent.WHOLE if whole else Extent.PART
        self.apply(
            Disposal(self.next_id(), self.now, tuple(things), f"case-{case}", name, extent),
            expected=self.model.dispose(things, self.now, name, f"case-{case}", whole=whole),
        )

    def lapse(self) -> None:
        told = self.register.lapse_until(self.now)
        for thing in THINGS:
            if any(each.ends_at and each.ends_at <= self.now for each in self.model.line(thing.thing_id)):
                self.model.reach(thing.thing_id, self.now)
        assert [each.at for each in told] == sorted(each.at for each in told)
        promoted = [each for each in told if each.change is Change.PROMOTED]
        assert all(each.ends_at is None or each.ends_at > each.at for each in promoted)
        self.compare()

    def repeat(self, which: int, late: int) -> None:
        """The same message again, and again with other content."""
        if not self.done:
            return
        operation, receipt = self.done[which % len(self.done)]
        before = exported(self.register)
        assert self.register.apply(replace(operation, at=operation.at + timedelta(seconds=late))) is receipt
        forged = _other_content(operation)
        assert not self.register.apply(forged).effective
        assert exported(self.register) == before

    def restart(self) -> None:
        self.register = imported(json.loads(json.dumps(exported(self.register))))
        self.done = [(operation, self.register.receipts[operation.request_id]) for operation, _ in self.done]
        self.compare()

    def next_id(self) -> str:
        return f"request-{len(self.done)}"

    def apply(self, operation: Operation, *, expected: bool) -> None:
        receipt = self.register.apply(operation)
        assert receipt.effective == expected, (operation, receipt)
        self.done.append((operation, receipt))
        self.compare()
        for each in receipt.consequences:
            assert each.change is not Change.PROMOTED or each.ends_at is None or each.ends_at > each.at
        for rung in receipt.rungs:
            assert rung in self.register.freeze(rung.freeze_id), "the receipt says what the register says"

    def compare(self) -> None:
        for thing in THINGS:
            thing_id = thing.thing_id
            rungs, line = self.register.ladder(thing_id), self.model.line(thing_id)
            money = self.model.money(thing_id)
            assert [rung.rank for rung in rungs] == list(range(1, len(rungs) + 1)), "contiguous ranks"
            assert [
                (
                    rung.freeze_id,
                    rung.case_number,
                    rung.nature is Nature.PRESERVATION,
                    rung.state is State.IN_FORCE,
                    None if rung.limit is Reach.WHOLE else rung.limit,
                    rung.held,
                    rung.active_at,
                    rung.ends_at,
                )
                for rung in rungs
            ] == [
                (
                    freeze.freeze_id,
                    freeze.cases[-1],
                    freeze.preservation,
                    freeze.active_at is not None,
                    None if freeze.limit is None else yuan(freeze.limit),
                    yuan(self.model.held(freeze)) if money else None,
                    freeze.active_at,
                    freeze.ends_at,
                )
                for freeze in line
            ]
            in_force = [rung for rung in rungs if rung.state is State.IN_FORCE]
            if not money:
                assert len(in_force) == min(1, len(rungs)), "one in force on each thing"
                continue
            held = sum((rung.held or Decimal(0) for rung in rungs), Decimal(0))
            balance = self.register.balance(thing_id)
            assert balance == yuan(self.model.balance[thing_id])
            assert balance is not None
            assert held <= balance
            assert all(rung.limit is Reach.WHOLE or rung.held <= rung.limit for rung in rungs)  # type: ignore[operator]  # both are sums here
        assert sum(self.model.balance.values()) == self.came - self.went, "no money appears or is lost"
        for freeze_id in self.booked[-12:]:
            for rung in self.register.freeze(freeze_id):
                if rung.rank is None:
                    assert not rung.held, "what has ended holds nothing"


def _other_content(operation: Operation) -> Operation:
    if isinstance(operation, MoneyIn | MoneyOut | Redemption):
        return replace(operation, amount=operation.amount + 1)
    return replace(operation, case_number="another case")

"""The pure register of measures: a day of an agency's orders and movements, and what-if on a long ladder."""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from app.measures.ladder import Thing
from app.measures.operations import FreezeOrder, MoneyIn, MoneyOut, Operation, Release, Renewal, Transfer
from app.measures.register import Register
from app.measures.terms import Term
from app.measures.whatif import if_released
from app.measures.words import Reach, ThingKind
from bench.figure import Figure
from bench.stand import Stand, say

_THINGS = 2_000
_KINDS = (ThingKind.ACCOUNT,) * 7 + (ThingKind.REAL_ESTATE,) * 2 + (ThingKind.VEHICLE,)
_BEGIN = datetime(2026, 1, 5, 1, tzinfo=UTC)
_PACE = timedelta(seconds=1.5)
_TERM = Term(days=90)
_SUMS = tuple(map(Decimal, ("800.00", "5000.00", "20000.00", "85000.00")))
_LITTLE = Decimal("300.00")
_AT_FIRST = Decimal("1000.00")
_MIX = {FreezeOrder: 30, Renewal: 8, Release: 14, Transfer: 8, MoneyIn: 28, MoneyOut: 12}
"""Of a hundred operations; by the evening three freezes lie on every second thing."""


def measure(_: Stand, operations: int, days: int, waiting: int) -> Iterator[Figure]:
    """Operations a second, refused ones too, beside the same in bare dicts and lists; ms of a what-if, beside a copy."""
    say(f"register: {days} days of {operations} operations ...")
    things = [Thing(f"thing-{number}", _KINDS[number % len(_KINDS)]) for number in range(_THINGS)]
    day = list(_Day(things).operations(operations))
    seconds = [(_booked(things, day), _kept_bare(day)) for _ in range(days)]
    register, bare = (median(each) for each in zip(*seconds, strict=True))
    yield Figure("register", operations / register, "operations/s", operations / bare)
    yield _what_if(waiting)


class _Day:
    """What comes in, as the dice have it; who asks does not know what has lapsed or what an account holds."""

    def __init__(self, things: Sequence[Thing]) -> None:
        self._things = things
        self._accounts = [thing for thing in things if thing.kind is ThingKind.ACCOUNT]
        self._dice = random.Random(20_261_124)
        self._live: list[FreezeOrder] = []

    def operations(self, count: int) -> Iterator[Operation]:
        kinds = self._dice.choices(list(_MIX), list(_MIX.values()), k=count)
        for number, kind in enumerate(kinds):
            yield self._operation(
                kind if self._live else FreezeOrder, f"request-{number}", _BEGIN + number * _PACE
            )

    def _operation(self, kind: type[Operation], name: str, at: datetime) -> Operation:
        dice = self._dice
        if kind is FreezeOrder:
            thing = dice.choice(self._things)
            limit = dice.choice(_SUMS) if thing.kind is ThingKind.ACCOUNT else Reach.WHOLE
            self._live.append(FreezeOrder(name, at, thing.thing_id, f"case-{name}", _TERM, limit))
            return self._live[-1]
        if kind is MoneyIn:
            return MoneyIn(name, at, dice.choice(self._accounts).thing_id, dice.choice(_SUMS))
        if kind is MoneyOut:
            return MoneyOut(name, at, dice.choice(self._accounts).thing_id, _LITTLE)
        place = dice.randrange(len(self._live))
        freeze = self._live.pop(place) if kind is Release else self._live[place]
        if kind is Release:
            return Release(name, at, freeze.request_id, freeze.case_number)
        if kind is Renewal:
            return Renewal(name, at, freeze.request_id, freeze.case_number, _TERM)
        return Transfer(name, at, freeze.request_id, freeze.case_number, _LITTLE)


def _booked(things: Sequence[Thing], day: Sequence[Operation]) -> float:
    register = Register()
    for thing in things:
        register.add(thing, balance=_AT_FIRST if thing.kind is ThingKind.ACCOUNT else None)
    began = time.perf_counter()
    for operation in day:
        register.apply(operation)
    return time.perf_counter() - began


class _Bare:
    """What remains when nobody asks for ranks, rules, terms or receipts: who froze what, and sums."""

    def __init__(self) -> None:
        self.seen: dict[str, Operation] = {}
        self.freezes: dict[str, FreezeOrder] = {}
        self.ladders: dict[str, list[str]] = defaultdict(list)
        self.balances: dict[str, Decimal] = defaultdict(lambda: _AT_FIRST)
        self.renewals: dict[str, datetime] = {}

    def freeze(self, order: FreezeOrder) -> None:
        self.freezes[order.request_id] = order
        self.ladders[order.thing_id].append(order.request_id)

    def renew(self, order: Renewal) -> None:
        self.renewals[order.freeze_id] = order.at

    def release(self, order: Release) -> None:
        self.ladders[self.freezes[order.freeze_id].thing_id].remove(order.freeze_id)

    def transfer(self, order: Transfer) -> None:
        self.balances[self.freezes[order.freeze_id].thing_id] -= order.amount

    def money_in(self, movement: MoneyIn) -> None:
        self.balances[movement.thing_id] += movement.amount

    def money_out(self, movement: MoneyOut) -> None:
        self.balances[movement.thing_id] -= movement.amount


def _kept_bare(day: Sequence[Operation]) -> float:
    bare = _Bare()
    verbs: dict[type, Callable[[Any], None]] = {
        FreezeOrder: bare.freeze,
        Renewal: bare.renew,
        Release: bare.release,
        Transfer: bare.transfer,
        MoneyIn: bare.money_in,
        MoneyOut: bare.money_out,
    }
    began = time.perf_counter()
    for operation in day:
        if operation.request_id not in bare.seen:
            bare.seen[operation.request_id] = operation
            verbs[type(operation)](operation)
    return time.perf_counter() - began


def _what_if(waiting: int) -> Figure:
    """What if the court in force releases, with so many behind it on one account; beside two listings of the ladder."""
    register = Register()
    register.add(Thing("account", ThingKind.ACCOUNT), balance=_AT_FIRST)
    for number in range(1 + waiting):
        register.apply(
            FreezeOrder(f"freeze-{number}", _BEGIN, "account", f"case-{number}", _TERM, Decimal("1000.00"))
        )
    asked, listed = [], []
    for _ in range(51):
        began = time.perf_counter()
        answer = if_released(register, "account", "freeze-0", _BEGIN)
        asked.append(time.perf_counter() - began)
        began = time.perf_counter()
        register.ladder("account"), register.ladder("account")
        listed.append(time.perf_counter() - began)
    assert answer.after[0].held == _AT_FIRST
    return Figure("what_if", median(asked) * 1000, "ms", median(listed) * 1000)

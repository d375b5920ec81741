"""A sandbox agency in this process, with all its books and without HTTP, and the simple model that watches its register."""

import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel

from app.adapters.contract import Operation, WireMessage, WireReply
from app.adapters.liandong import wire
from app.clock import ManualClock
from app.ids import new_id
from app.measures.operations import (
    Conversion,
    Disposal,
    FreezeOrder,
    MoneyIn,
    MoneyOut,
    Redemption,
    Release,
    Renewal,
    Transfer,
)
from app.measures.receipts import Rung
from app.measures.words import Extent, Nature, Reach, State
from app.sandbox.behaviour import Behaviour, Desk, Manner, Moment
from app.sandbox.clerk import _status_report
from app.sandbox.custody.bailiff import Bailiff
from app.sandbox.custody.deed import Deed
from app.sandbox.custody.facts import as_registered
from app.sandbox.custody.holdings import Holdings
from app.sandbox.custody.journal import Event, Line, Opened, TimePassed
from app.sandbox.custody.outside import NotHere, Outcome, happen
from app.sandbox.doing import Doing
from app.sandbox.entries import Arrival, Callback, Decision
from app.sandbox.ledger import Ledger
from app.sandbox.lookup import Finding, Registry
from app.sandbox.population import Population
from app.vocabulary import AgencyKind
from tests.property import measures_model

_FEN = Decimal(100)
T = TypeVar("T")


def fen(amount: Decimal | Reach) -> int | None:
    return int(amount * _FEN) if isinstance(amount, Decimal) else None


def yuan(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-2)


class Model(measures_model.Model):
    """The simple model, told of one leg at a time as an agency carries orders out, and rid of what has ended."""

    leg: str | None = None

    def cited(self, freeze_id: str, case: str, at: datetime) -> list[measures_model.Freeze]:
        mine = super().cited(freeze_id, case, at)
        return [freeze for freeze in mine if self.leg in {None, freeze.thing}]

    def follow(self, event: Event) -> bool:
        """Let the same happen here; whether it had an effect."""
        self.leg = getattr(event, "thing_id", None) if isinstance(event, Release | Renewal) else None
        done = self._follow(event)
        self.freezes = [freeze for freeze in self.freezes if not freeze.ended]
        return done

    def _follow(self, event: Event) -> bool:  # noqa: C901, PLR0911 - one case for each kind of event
        match event:
            case Opened():
                return self.open(event)
            case TimePassed(at):
                return self.pass_time(at)
            case FreezeOrder():
                return self._freeze(event)
            case Renewal():
                term = event.term
                return self.renew(event.freeze_id, event.case_number, event.at, term.years, term.days)
            case Release():
                part = None if event.amount is None else fen(event.amount)
                return self.release(event.freeze_id, event.case_number, event.at, part)
            case Conversion():
                return self.convert(event.freeze_id, event.case_number, event.at, event.new_case_number)
            case Transfer():
                return self.transfer(event.freeze_id, event.case_number, event.at, fen(event.amount) or 0)
            case MoneyIn():
                return self.money_in(event.thing_id, event.at, fen(event.amount) or 0)
            case MoneyOut():
                return self.money_out(event.thing_id, event.at, fen(event.amount) or 0)
            case Redemption():
                return self.redeem(event.thing_id, event.at, fen(event.amount) or 0)
            case Disposal():
                return self.dispose(
                    list(event.thing_ids),
                    event.at,
                    event.freeze_id,
                    event.case_number,
                    whole=event.extent is Extent.WHOLE,
                )
            case _:
                raise AssertionError(event)

    def open(self, opened: Opened) -> bool:
        thing = opened.thing
        self.kinds[thing.thing_id] = thing.kind.value
        self.together[thing.thing_id] = list(thing.goes_with)
        if thing.paid_into:
            self.return_account[thing.thing_id] = thing.paid_into
        if opened.balance is not None:
            self.balance[thing.thing_id] = fen(opened.balance) or 0
        return True

    def pass_time(self, at: datetime) -> bool:
        for thing in self.kinds:
            if any(freeze.ends_at and freeze.ends_at <= at for freeze in self.line(thing)):
                self.reach(thing, at)
        return True

    def _freeze(self, order: FreezeOrder) -> bool:
        return self.freeze(
            order.request_id,
            order.thing_id,
            order.case_number,
            order.at,
            (order.term.years, order.term.days),
            fen(order.limit),
            preservation=order.nature is Nature.PRESERVATION,
        )


@dataclass(eq=False)
class Agency:
    """Answers at once or later, as the dice fall. What it says by itself lies in `outgoing` until somebody takes it."""

    code: str
    kind: AgencyKind
    population: Population
    clock: ManualClock
    dice: random.Random
    outgoing: list[Callback] = field(default_factory=list)
    transferred: Counter[UUID] = field(default_factory=Counter)
    """In fen, by the request of the transfer."""

    def __post_init__(self) -> None:
        self.ledger = Ledger(Path(":memory:"))
        self.bailiff = Bailiff(
            Registry(self.code, self.kind, self.population),
            Holdings(self.code, self.kind, self.population),
        )
        self.desks = [
            Desk(self.code, Behaviour(manner, timedelta())) for manner in (Manner.AT_ONCE, Manner.LATER)
        ]
        self.model = Model({}, {}, {}, {}, from_registration=False)

    @property
    def now(self) -> datetime:
        """Never the same twice: two words of one agency are told apart by their instants."""
        self.clock.advance(timedelta(milliseconds=1))
        return self.clock.now()

    # What the hub sends --------------------------------------------------------------------------------------

    async def hear(self, message: WireMessage) -> WireReply:
        arrival = self._arrival(message)
        match message.operation:
            case Operation.REQUEST:
                return await self._settle(message, arrival)
            case Operation.STATUS_QUERY:
                standing = await self.ledger.standing(arrival)
            case Operation.CANCELLATION:
                standing = await self.ledger.cancel(arrival)
            case Operation.LIVE_LIST:
                return await self._list(message, arrival)
        assert standing is not None
        return WireReply(200, wire.CONTENT_TYPE, _status_report(arrival, standing))

    async def _settle(self, message: WireMessage, arrival: Arrival) -> WireReply:
        asked = wire.read(wire.REQUEST, message.body)
        deeds: list[Deed] = []

        def decide(doing: Doing) -> Decision:
            deeds.append(doing.deed)
            finding = self._find(asked, doing.deed)
            return self.dice.choice(self.desks).decide(asked, finding, Moment(arrival.at, doing.deed.at))

        settled = await self.ledger.settle(arrival, decide)
        assert settled.body is not None
        self._follow(deeds)
        self.outgoing += settled.callbacks
        return WireReply(settled.status, wire.CONTENT_TYPE, settled.body)

    def _find(self, asked: wire.RequestMessage, deed: Deed) -> Finding:
        if isinstance(asked, wire.MeasureMessage):
            return self.bailiff.carry_out(asked, deed)
        assert isinstance(asked, wire.AssetQueryMessage)
        finding = self.bailiff.registry.look_up(asked)
        return Finding(finding.state, as_registered(deed.custody, finding.assets))

    async def _list(self, message: WireMessage, arrival: Arrival) -> WireReply:
        listed = await self.ledger.live_list(arrival, wire.read(wire.LIVE_LIST_QUERY, message.body).after)
        assert listed is not None
        body, callbacks = listed
        assert not callbacks, "time was let pass before"
        return WireReply(200, wire.CONTENT_TYPE, body)

    def _arrival(self, message: WireMessage) -> Arrival:
        digest = sha256(message.body).hexdigest()
        return Arrival(
            message.operation,
            message.request_id,
            message.message_id,
            digest,
            possible_duplicate=False,
            key_id="hub",
            nonce=new_id().hex,
            at=self.now,
        )

    # What happens by itself ----------------------------------------------------------------------------------

    async def happen(self, act: BaseModel) -> Outcome | None:
        """None where there is nothing of the kind."""

        def attempt(deed: Deed) -> Outcome | None:
            try:
                return happen(act, self.bailiff.holdings, deed)
            except NotHere:
                return None

        return await self._act(attempt)

    async def keep_time(self) -> None:
        await self._act(lambda deed: deed.let_time_pass())

    async def _act(self, act: Callable[[Deed], T]) -> T:
        deeds: list[Deed] = []

        def acted(doing: Doing) -> T:
            deeds.append(doing.deed)
            return act(doing.deed)

        result, callbacks = await self.ledger.act(acted, self.now)
        self._follow(deeds)
        self.outgoing += callbacks
        return result

    async def aclose(self) -> None:
        await self.ledger.close()

    # The model beside it -------------------------------------------------------------------------------------

    def _follow(self, deeds: Iterable[Deed]) -> None:
        lines = [line for deed in deeds for line in deed.lines]
        for line in lines:
            done = self.model.follow(line.event)
            receipt = self._receipt(line)
            assert receipt is None or receipt == done, (line, receipt)
            if isinstance(line.event, Transfer) and done and line.request_id:
                self.transferred[line.request_id] += fen(line.event.amount) or 0
        if lines:
            self.compare()

    def _receipt(self, line: Line) -> bool | None:
        name = getattr(line.event, "request_id", None)
        return None if name is None else self.ledger.custody.register.receipts[name].effective

    def compare(self) -> None:
        """The register says what the model says; ranks have no gap; no freeze holds more than its limit or than is there."""
        register = self.ledger.custody.register
        for thing_id in self.model.kinds:
            rungs, line = register.ladder(thing_id), self.model.line(thing_id)
            money = self.model.money(thing_id)
            assert [rung.rank for rung in rungs] == list(range(1, len(rungs) + 1)), "contiguous ranks"
            assert [_said(rung) for rung in rungs] == [
                (
                    freeze.freeze_id,
                    freeze.cases[-1],
                    freeze.preservation,
                    freeze.active_at is not None,
                    freeze.limit,
                    self.model.held(freeze) if money else None,
                    freeze.active_at,
                    freeze.ends_at,
                )
                for freeze in line
            ], thing_id
            if not money:
                in_force = [rung for rung in rungs if rung.state is State.IN_FORCE]
                assert len(in_force) == min(1, len(rungs)), "one in force on each thing"
                continue
            held = [rung.held or Decimal(0) for rung in rungs]
            balance = register.balance(thing_id)
            assert balance == yuan(self.model.balance[thing_id])
            assert sum(held, Decimal(0)) <= balance
            assert all(
                not isinstance(rung.limit, Decimal) or rung.held is None or rung.held <= rung.limit
                for rung in rungs
            )

    def rung(self, request_id: UUID, identity: str) -> Rung | None:
        """How a freeze of the hub stands here; None where it was never laid."""
        custody = self.ledger.custody
        freeze_id = custody.freeze_on(request_id, identity)
        return None if freeze_id is None else custody.rung(freeze_id, identity)


def _said(rung: Rung) -> tuple[object, ...]:
    return (
        rung.freeze_id,
        rung.case_number,
        rung.nature is Nature.PRESERVATION,
        rung.state is State.IN_FORCE,
        fen(rung.limit),
        None if rung.held is None else fen(rung.held),
        rung.active_at,
        rung.ends_at,
    )

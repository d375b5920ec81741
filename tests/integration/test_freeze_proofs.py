"""Freezes in great number: at one agency at once, and through four years.

Sizes are those of the default run; `make prove-freezes` runs them in full (`LIANDONG_PROOFS=full`).
"""

import asyncio
import os
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import UUID

import pytest
from sqlalchemy import select

from app.adapters.assets import Asset as Reported
from app.adapters.contract import Answer
from app.adapters.measures import MeasureReport
from app.clock import ManualClock
from app.dispatch.housekeeping import Housekeeping
from app.ids import new_id
from app.linkage.answers import apply
from app.linkage.ledger import Ledger
from app.linkage.matters import lock_matters
from app.linkage.messages import Received
from app.measures.terms import WARNING_DAYS, Term
from app.measures.words import State
from app.models import Agency, AgencyRequest, Freeze, Task
from app.models.agency_request import RequestState
from app.models.freeze import FreezeState
from app.models.task import TaskKind
from app.sandbox.behaviour import Manner
from app.sandbox.fleet import STANDARD, Fleet, People
from app.vocabulary import AgencyKind, AnswerState, EventType
from tests.integration.conftest import Office
from tests.integration.control_desk import Desk, a_car, a_house, an_account, furnish, report
from tests.integration.measure_orders import Owned, freeze, only, unburdened_houses
from tests.integration.sandbox_hub import HubSide, hub_side, link

FULL = os.environ.get("LIANDONG_PROOFS") == "full"
LAND = "LAND-ZC"
CLIENTS = 32
ASSETS, ROUNDS = (50, 200) if FULL else (12, 3)
FREEZES = 1_000 if FULL else 36
YEARS = 4
_DAY = timedelta(days=1)
_EMPTY_AFTER_DAYS = 3 * CLIENTS
"""By then every freeze of a day has taken effect and lapsed, one after another."""


@pytest.fixture
def land(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    agencies = [agency.answering(Manner.AT_ONCE) for agency in STANDARD if agency.kind is AgencyKind.LAND]
    folder = tmp_path_factory.mktemp("land")
    with Fleet(folder, link(), agencies, people=People(count=200)) as fleet:
        fleet.switch_notices(LAND, on=False)
        yield fleet


async def order_all(
    side: HubSide, homes: Sequence[Owned], dice: random.Random
) -> list[tuple[str, int, State]]:
    """One client freezes every house, in an order of its own."""
    got = []
    for about, target, _ in dice.sample(homes, len(homes)):
        said = await only(side, freeze(LAND, about, target, term=Term(days=1)))
        assert said.rank is not None
        assert said.state is not None
        got.append((target.identity, said.rank, said.state))
    return got


async def test_no_rank_is_held_twice_however_many_clients_order_at_once(land: Fleet) -> None:
    homes = list(islice(unburdened_houses(), ASSETS))
    assert len(homes) == ASSETS
    async with AsyncExitStack() as stack:
        sides = [
            await stack.enter_async_context(hub_side(land, LAND, read_seconds=30)) for _ in range(CLIENTS)
        ]
        for number in range(ROUNDS):
            orders = [
                order_all(side, homes, random.Random(f"{number}/{client}"))
                for client, side in enumerate(sides)
            ]
            ladders: dict[str, list[tuple[int, State]]] = defaultdict(list)
            for identity, rank, state in (each for got in await asyncio.gather(*orders) for each in got):
                ladders[identity].append((rank, state))
            assert len(ladders) == ASSETS
            for ladder in ladders.values():
                assert sorted(rank for rank, _ in ladder) == list(range(1, CLIENTS + 1))
                assert [rank for rank, state in ladder if state is State.IN_FORCE] == [1]
            live = (await sides[0].live_list()).measures
            assert len({(each.measure.identity, each.measure.rank) for each in live}) == CLIENTS * ASSETS
            land.advance_clock(LAND, (number + 1) * _EMPTY_AFTER_DAYS)


# Four years -------------------------------------------------------------------------------------------------------


@dataclass
class Run:
    """A freeze from one word about its end to the next. `until` is when its renewal was heard."""

    freeze_id: UUID
    since: datetime
    ends_at: datetime
    until: datetime | None = None

    def warned(self, now: datetime) -> list[int]:
        """The days before the end on which somebody must have been warned."""
        over = self.until or now
        return [days for days in WARNING_DAYS if self.since < self.ends_at - timedelta(days=days) <= over]

    def has_lapsed(self, now: datetime) -> bool:
        return self.until is None and self.ends_at <= now


@dataclass
class Renewing:
    """What the court does about one freeze: so often, when warned so many days before, heard so many days later."""

    asset: Reported
    times: int
    at_days: int
    heard_after: int


@dataclass
class FourYears:
    desk: Desk
    house: Housekeeping
    dice: random.Random
    runs: list[Run] = field(default_factory=list)
    current: dict[UUID, Run] = field(default_factory=dict)
    plans: dict[UUID, Renewing] = field(default_factory=dict)
    to_hear: list[tuple[datetime, UUID, str]] = field(default_factory=list)
    """When the answer to a renewal arrives: of which freeze, to which order."""

    @property
    def now(self) -> datetime:
        return self.desk.clock.now()

    async def freeze_all(self, code: str, assets: Sequence[Reported]) -> None:
        """Found, ordered, and in force with ends all over the first years."""
        ids = await self.desk.found(code, *assets)
        limit = {"limit": "1.00"} if code.startswith("BANK") else {}
        things = [{"asset_id": asset_id, **limit} for asset_id in ids]
        laid = await self.desk.ordered(*things, note="无其他财产", excess_reason="无其他财产")
        reports = []
        for row, asset in zip(laid, assets, strict=True):
            ends_at = self.now + timedelta(
                days=self.dice.randrange(1, 700), minutes=self.dice.randrange(1440)
            )
            self._runs_until(row.id, ends_at)
            plan = Renewing(asset, self.dice.choice((0, 0, 1, 2, 3)), *self.dice.choice(_REACTIONS))
            self.plans[row.id] = plan
            reports.append((row.request_id, self._report(asset, ends_at)))
        await hear(self.desk, reports)

    def _runs_until(self, freeze_id: UUID, ends_at: datetime) -> None:
        run = Run(freeze_id, self.now, ends_at)
        self.runs.append(run)
        self.current[freeze_id] = run

    def _report(self, asset: Reported, ends_at: datetime) -> MeasureReport:
        limit = "1.00" if asset.kind == "bank_account" else None
        return report(asset, self.now, limit=limit, held=limit, ends_at=ends_at)

    async def day(self) -> None:
        """Clocks strike; agencies answer; officers react to their warnings."""
        self.desk.clock.advance(_DAY)
        await self.house.strike_freeze_clocks()
        due = [each for each in self.to_hear if each[0] <= self.now]
        self.to_hear = [each for each in self.to_hear if each[0] > self.now]
        for _, freeze_id, order_id in due:
            await self._hear_renewal(freeze_id, order_id)
        for freeze_id, run in list(self.current.items()):
            plan = self.plans[freeze_id]
            left = run.ends_at - self.now
            if plan.times and timedelta() < left and plan.at_days * _DAY - _DAY < left <= plan.at_days * _DAY:
                plan.times -= 1
                await self._renew(freeze_id, plan)

    async def _renew(self, freeze_id: UUID, plan: Renewing) -> None:
        await self.desk.pass_until(self.now)
        body = self.desk.signed("ruling", "freeze_notice", term={"days": 300})
        drafted = await self.desk.court.post(f"/v1/freezes/{freeze_id}/renewals", json=body)
        assert drafted.status_code == 202, drafted.text
        assert (await self.desk.decide(drafted.json()["id"])).status_code == 200
        self.to_hear.append((self.now + plan.heard_after * _DAY, freeze_id, drafted.json()["id"]))

    async def _hear_renewal(self, freeze_id: UUID, order_id: str) -> None:
        """Late, it changes nothing any more."""
        (request,) = await self.desk.requests(order_id)
        run = self.current[freeze_id]
        ends_at = run.ends_at + timedelta(days=300)
        await hear(self.desk, [(request.id, self._report(self.plans[freeze_id].asset, ends_at))])
        if run.has_lapsed(self.now):
            self.plans[freeze_id].times = 0
        else:
            run.until = self.now
            self._runs_until(freeze_id, ends_at)


_REACTIONS = ((30, 2), (15, 2), (15, 10), (7, 1), (3, 1), (1, 5))
"""Warned so many days before the end, and the agency's answer heard so many days later: the last one too late."""


async def hear(desk: Desk, said: Sequence[tuple[UUID, MeasureReport]]) -> None:
    """Answers of agencies, all in one transaction."""
    now, hub = desk.clock.now(), desk.office.hub
    async with hub.sessions.begin() as session:
        rows = await session.execute(
            select(AgencyRequest, Agency.code)
            .join(Agency, Agency.id == AgencyRequest.agency_id)
            .where(AgencyRequest.id.in_([request_id for request_id, _ in said]))
        )
        codes = {}
        for request, code in rows:  # as if they had been carried
            codes[request.id] = (request.agency_id, code)
            request.times_sent = 1
            request.move_to(RequestState.SENT, now)
        await session.flush()
        ledger = Ledger(hub.keys.vault)
        matters = await lock_matters(session, [request_id for request_id, _ in said])
        answers = [
            Answer(request_id, new_id(), AnswerState.EXECUTED, now, measures=(told,))
            for request_id, told in said
        ]
        messages = [
            Received(*codes[each.request_id], "callback", each, "application/json", b"{}", None, now)
            for each in answers
        ]
        await apply(session, ledger, matters, messages)
        await ledger.write(session, now)


@pytest.fixture
async def four_years(office: Office, clock: ManualClock) -> FourYears:
    desk = await furnish(office, clock, claim_amount="900000.00")
    hub = office.hub

    async def unguarded(work: Callable[[], Awaitable[int]], _: str) -> int:
        return await work()

    life = FourYears(
        desk, Housekeeping(hub.sessions, hub.keys.vault, clock, unguarded), random.Random(20_261_124)
    )
    third = FREEZES // 3
    for start in range(0, third, 100):
        serials = range(start, min(start + 100, third))
        await life.freeze_all("LAND-ZC", [a_house(f"411424001001GB{n:05}F00010001") for n in serials])
        await life.freeze_all("CAR-ZC", [a_car(f"LSVAU2180N{n:07}") for n in serials])
    for start in range(0, FREEZES - 2 * third, 100):
        serials = range(start, min(start + 100, FREEZES - 2 * third))
        await life.freeze_all("BANK-ZC", [an_account(f"62170000000{n:08}") for n in serials])
    return life


async def test_nothing_lapses_in_silence_through_four_years(four_years: FourYears) -> None:
    """Seizure Rules §27, and P7: every end is announced five times, escalated, and told; nothing is revived."""
    life = four_years
    for _ in range(YEARS * 365 + 1):
        await life.day()
    now, desk = life.now, life.desk
    await desk.pass_until(now)
    lapsed = [run for run in life.runs if run.has_lapsed(now)]
    assert len(lapsed) > FREEZES * 0.8
    assert sum(run.until is not None for run in life.runs) > FREEZES * 0.5

    warnings = Counter(
        (each["freeze_id"], each["ends_at"], each["days"])
        for each in await desk.events(EventType.FREEZE_ENDING)
    )
    expected = Counter(
        (str(run.freeze_id), _told(run), days) for run in life.runs for days in run.warned(now)
    )
    assert warnings == expected

    told = Counter(each["freeze_id"] for each in await desk.events(EventType.FREEZE_LAPSED))
    assert told == Counter(str(run.freeze_id) for run in lapsed)
    await _compare_rows(life, lapsed)
    await _compare_tasks(life)
    for run in lapsed[:10]:
        body = desk.signed("ruling", "freeze_notice")
        refused = await desk.court.post(f"/v1/freezes/{run.freeze_id}/renewals", json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "freeze_ended")


def _told(run: Run) -> str:
    return run.ends_at.astimezone(UTC).isoformat()


async def _compare_rows(life: FourYears, lapsed: Sequence[Run]) -> None:
    """What has lapsed did so at its very end, and all else is in force until its own."""
    ended = {run.freeze_id: run.ends_at for run in lapsed}
    async with life.desk.office.hub.sessions() as session:
        for row in await session.scalars(select(Freeze)):
            state = FreezeState.LAPSED if row.id in ended else FreezeState.IN_FORCE
            assert (row.state, row.ends_at) == (state, life.current[row.id].ends_at)
            assert row.id not in ended or row.state_at == ended[row.id]


async def _compare_tasks(life: FourYears) -> None:
    """A renewal was prepared for every end that came near, and a superior told where three days were left."""
    prepared = Counter((str(run.freeze_id), _told(run)) for run in life.runs if run.warned(life.now))
    urgent = Counter(
        (str(run.freeze_id), _told(run)) for run in life.runs if {3, 1} & set(run.warned(life.now))
    )
    async with life.desk.office.hub.sessions() as session:
        tasks = (await session.scalars(select(Task))).all()
    for kind, wanted in ((TaskKind.RENEW_FREEZE, prepared), (TaskKind.RENEWAL_ESCALATED, urgent)):
        mine = [task for task in tasks if task.kind is kind]
        assert Counter((str(task.freeze_id), task.data["ends_at"]) for task in mine) == wanted, kind

"""The worker's loop, with a carrier whose every step a test decides: what fails stays alone, what is lost is let go."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.database import session_factory
from app.dispatch.worker import Worker
from app.models.outbox import ItemState, OutboxItem
from app.outbox.bell import Listener
from app.outbox.claim import Claim
from app.outbox.settle import finish, hold
from tests.integration.outbox_desk import LEASE, Desk, item, lane_settings


class Poisoned(Exception):
    pass


@dataclass(frozen=True)
class Parcel:
    claim: Claim


@dataclass
class Courier:
    """Fulfils `Carrier`; `bad` names the references at which a step fails."""

    promising: set[UUID] = field(default_factory=set)
    carrying: set[UUID] = field(default_factory=set)
    recording: set[UUID] = field(default_factory=set)
    between: Callable[[], None] = lambda: None
    """What happens between the promise and the sending."""

    carried: list[UUID] = field(default_factory=list)
    recorded: set[UUID] = field(default_factory=set)
    given_up: list[UUID] = field(default_factory=list)
    kinds: frozenset[str] = frozenset({"request"})

    async def promise(self, session: AsyncSession, claims: Sequence[Claim], now: datetime) -> list[Parcel]:
        if any(claim.reference in self.promising for claim in claims):
            raise Poisoned
        self.between()
        return [Parcel(claim) for claim in claims]

    async def carry(self, promised: Parcel) -> Parcel:
        if promised.claim.reference in self.carrying:
            raise Poisoned
        self.carried.append(promised.claim.reference)
        return promised

    async def record(self, session: AsyncSession, carried: Sequence[Parcel], now: datetime) -> None:
        if any(parcel.claim.reference in self.recording for parcel in carried):
            raise Poisoned
        held = await hold(session, [parcel.claim for parcel in carried])
        await finish(session, list(held))
        self.recorded |= {parcel.claim.reference for parcel in carried if parcel.claim.id in held}

    async def give_up(self, session: AsyncSession, spent: Sequence[Claim], now: datetime) -> None:
        self.given_up += [claim.reference for claim in spent]

    async def aclose(self) -> None:
        """Nothing is open."""


@pytest.fixture
async def desk(engine: AsyncEngine) -> Desk:
    desk = Desk(engine)
    await desk.open(lane_settings(concurrency=1000))
    return desk


@asynccontextmanager
async def at_work(desk: Desk, courier: Courier) -> AsyncIterator[Listener]:
    """A worker, stopped at the end; then nothing is under way any more."""
    stop = asyncio.Event()
    async with Listener(desk.engine) as listener:
        worker = Worker(session_factory(desk.engine), listener, desk.clock, [courier], lease=LEASE)
        running = asyncio.create_task(worker.run(stop))
        try:
            yield listener
        finally:
            stop.set()
            listener.wake()
            await asyncio.wait_for(running, 10)


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not reached():  # noqa: ASYNC110 - the worker sends no event
            await asyncio.sleep(0.01)


async def left(desk: Desk) -> dict[UUID, ItemState]:
    async with session_factory(desk.engine)() as session:
        rows = await session.execute(select(OutboxItem.reference, OutboxItem.state))
        return {reference: state for reference, state in rows}  # noqa: C416 - rows are no pairs to mypy


@pytest.mark.parametrize("step", ["promising", "carrying", "recording"])
async def test_what_fails_at_one_step_stops_nothing_beside_it(desk: Desk, step: str) -> None:
    items = [item() for _ in range(20)]
    bad = items[7].reference
    courier = Courier()
    getattr(courier, step).add(bad)
    await desk.put(*items)

    async with at_work(desk, courier):
        await until(lambda: len(courier.recorded) == 19)

    assert courier.recorded == {each.reference for each in items} - {bad}
    assert await left(desk) == {bad: ItemState.LEASED}, "its lease runs out, and its attempt is counted"


async def test_a_worker_that_stood_still_just_before_sending_sends_nothing(desk: Desk) -> None:
    slept: list[datetime] = []

    def sleep() -> None:
        slept.append(desk.now)
        desk.wait(LEASE / timedelta(seconds=1) / 2)

    courier = Courier(between=sleep)
    await desk.put(item())
    async with at_work(desk, courier):
        await until(lambda: bool(slept))

    assert courier.carried == []
    assert list((await left(desk)).values()) == [ItemState.LEASED]


async def test_what_is_under_way_is_finished_before_the_worker_ends(desk: Desk) -> None:
    items = [item() for _ in range(50)]
    courier = Courier()
    await desk.put(*items)
    async with at_work(desk, courier):
        await until(lambda: bool(courier.carried))
    assert set(courier.carried) == courier.recorded
    assert not courier.recorded & set(await left(desk))


async def test_what_kills_every_attempt_is_given_up_and_told(desk: Desk) -> None:
    poison = item()
    courier = Courier(promising={poison.reference})
    await desk.put(poison)
    async with at_work(desk, courier) as listener, asyncio.timeout(10):
        while not courier.given_up:
            desk.wait(LEASE / timedelta(seconds=1))
            listener.wake()
            await asyncio.sleep(0.02)
    assert courier.given_up == [poison.reference]
    assert await left(desk) == {poison.reference: ItemState.DEAD}

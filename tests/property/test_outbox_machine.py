"""The outbox against a model that one can hold in one's head: a list of items, and no locks, indexes or parked rows."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database import create_engine
from app.ids import new_id
from app.outbox.claim import Claim, Claimed
from app.outbox.dead import Chosen, replay
from app.outbox.lanes import pause, resume, stop
from tests.integration.outbox_desk import LEASE, START, Desk, item, lane_settings

CONCURRENCY = {"bank": 3, "land": 1}
MAX_ATTEMPTS = 3
SUBJECTS = [new_id() for _ in range(3)]
LANES = st.sampled_from(sorted(CONCURRENCY))


@dataclass
class Item:
    """What the model knows of an item. `busy_until` is the end of its lease; dead and waiting items have none."""

    id: int
    lane: str
    subject: UUID
    run_at: datetime
    fence: int = 0
    attempts: int = 0
    busy_until: datetime | None = None
    dead: bool = False


@dataclass
class Model:
    now: datetime = START
    items: dict[int, Item] = field(default_factory=dict)
    open: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(CONCURRENCY, True))

    def under_way(self, lane: str) -> int:
        return sum(one.lane == lane and self.is_busy(one) for one in self.items.values())

    def is_busy(self, one: Item) -> bool:
        return one.busy_until is not None and one.busy_until > self.now

    def may_go(self, one: Item) -> bool:
        return (
            not one.dead
            and not self.is_busy(one)
            and one.run_at <= self.now
            and self.open[one.lane]
            and one.id == min(other.id for other in self.items.values() if other.subject == one.subject)
        )

    def sweep(self) -> None:
        """A claim by anybody notices every lease that has run out, also where nothing may be claimed."""
        for one in self.items.values():
            if not self.is_busy(one):
                one.busy_until = None

    def owns(self, claim: Claim) -> Item | None:
        one = self.items.get(claim.id)
        return one if one and one.fence == claim.fence and one.busy_until else None


class OutboxMachine(RuleBasedStateMachine):
    claims: Bundle[Claim] = Bundle("claims")

    runner: asyncio.Runner
    engine: AsyncEngine

    def __init__(self) -> None:
        super().__init__()
        self.run = self.runner.run
        self.desk = Desk(self.engine)
        self.model = Model()

    @initialize()
    def begin(self) -> None:
        async def clear() -> None:
            async with self.desk.engine.begin() as connection:
                await connection.execute(text("TRUNCATE outbox, lanes RESTART IDENTITY"))

        self.run(clear())
        lanes = [
            lane_settings(lane, concurrency=places, max_attempts=MAX_ATTEMPTS)
            for lane, places in CONCURRENCY.items()
        ]
        self.run(self.desk.open(*lanes))

    @rule(
        lane=LANES,
        subjects=st.lists(st.sampled_from(SUBJECTS), min_size=1, max_size=4),
        delay=st.sampled_from([0, 20]),
    )
    def put(self, lane: str, subjects: list[UUID], delay: int) -> None:
        run_at = self.model.now + timedelta(seconds=delay)
        self.run(self.desk.put(*[item(lane, subject=subject, run_at=run_at) for subject in subjects]))
        known = set(self.model.items)
        added = [row for row in self.run(self.desk.rows()) if row.id not in known]
        assert [row.subject for row in added] == subjects
        self.model.items |= {row.id: Item(row.id, lane, row.subject, run_at) for row in added}

    @rule(target=claims, room=st.integers(1, 6), seconds=st.sampled_from([0, 0, 1, 20, 60]))
    def claim(self, room: int, seconds: int) -> "MultipleResults[Claim]":
        """Some time later. A minute is a lease: what was claimed before is taken over, and its claims are zombies."""
        self.desk.wait(seconds)
        self.model.now = self.desk.now
        self.model.sweep()
        taken = []
        while True:
            claimed = self.run(self.desk.claim(room))
            self._check(claimed, room)
            taken += claimed.items
            if not claimed.items and not claimed.spent and not claimed.again:
                break
        self._nothing_was_overlooked()
        return multiple(*taken)

    def _check(self, claimed: Claimed, room: int) -> None:
        assert len(claimed.items) + len(claimed.spent) <= room
        going = [self.model.items[claim.id] for claim in (*claimed.items, *claimed.spent)]
        assert all(self.model.may_go(one) for one in going)
        for claim in claimed.spent:
            one = self.model.items[claim.id]
            assert one.attempts == claim.attempts == MAX_ATTEMPTS
            one.dead, one.busy_until = True, None
        for claim in claimed.items:
            one = self.model.items[claim.id]
            one.fence, one.attempts = one.fence + 1, one.attempts + 1
            one.busy_until = self.model.now + LEASE
            assert (claim.fence, claim.attempts) == (one.fence, one.attempts)
            assert one.attempts <= MAX_ATTEMPTS
        for lane, places in CONCURRENCY.items():
            assert self.model.under_way(lane) <= places

    def _nothing_was_overlooked(self) -> None:
        for lane, places in CONCURRENCY.items():
            left = [one for one in self.model.items.values() if one.lane == lane and self.model.may_go(one)]
            assert not left or self.model.under_way(lane) == places

    @rule(claim=consumes(claims), outcome=st.sampled_from(["finish", "finish", "retry", "bury"]))
    def settle(self, claim: Claim, outcome: str) -> None:
        owned = self.model.owns(claim)
        act: dict[str, Callable[[list[Claim]], Coroutine[object, object, set[int]]]] = {
            "finish": self.desk.finish,
            "retry": partial(self.desk.retry, seconds=15),
            "bury": self.desk.bury,
        }
        assert self.run(act[outcome]([claim])) == ({claim.id} if owned else set())
        if owned is None:
            return
        if outcome == "finish":
            del self.model.items[claim.id]
        owned.busy_until, owned.dead = None, outcome == "bury"
        owned.run_at = self.model.now + timedelta(seconds=15) if outcome == "retry" else owned.run_at

    @rule(limit=st.integers(1, 3))
    def replay(self, limit: int) -> None:
        async def act() -> list[int]:
            async with self.desk.engine.begin() as connection:
                return [one.id for one in await replay(connection, Chosen(), self.model.now, limit=limit)]

        dead = sorted(
            (one for one in self.model.items.values() if one.dead), key=lambda one: (one.lane, one.id)
        )
        assert self.run(act()) == sorted(one.id for one in dead[:limit])
        for one in dead[:limit]:
            one.dead, one.attempts, one.run_at = False, 0, self.model.now

    @rule(lane=LANES, act=st.sampled_from(["pause", "stop", "resume", "resume", "resume", "resume"]))
    def operate(self, lane: str, act: str) -> None:
        self.run({"pause": self._pause, "stop": self._stop, "resume": self._resume}[act](lane))
        self.model.open[lane] = act == "resume"

    async def _pause(self, lane: str) -> None:
        async with self.desk.engine.begin() as connection:
            await pause(connection, lane)

    async def _resume(self, lane: str) -> None:
        async with self.desk.engine.begin() as connection:
            await resume(connection, lane)

    async def _stop(self, lane: str) -> None:
        """What is under way is left alone, and so is what a lost worker had until somebody notices."""
        async with self.desk.engine.begin() as connection:
            stopped = await stop(connection, lane, self.model.now)
        waiting = [
            one
            for one in self.model.items.values()
            if one.lane == lane and not one.dead and not one.busy_until
        ]
        assert stopped is not None
        assert {one.id for one in stopped[1]} == {one.id for one in waiting}
        for one in waiting:
            one.dead = True

    @invariant()
    def nothing_is_lost_doubled_or_stuck(self) -> None:
        rows = self.run(self.desk.rows())
        assert [row.id for row in rows] == sorted(self.model.items)
        heads = {row.subject: row.id for row in reversed(rows)}
        for row in rows:
            one = self.model.items[row.id]
            assert (row.state == "dead") == one.dead
            assert row.state == "leased" or not self.model.is_busy(one)
            assert row.state != "behind" or heads[row.subject] != row.id


def test_the_outbox_does_what_the_model_does(database_url: str) -> None:
    with asyncio.Runner() as runner_:

        class Machine(OutboxMachine):
            runner = runner_
            engine = create_engine(database_url)

        try:
            run_state_machine_as_test(
                Machine,
                settings=settings(
                    max_examples=40,
                    stateful_step_count=50,
                    deadline=None,
                    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
                ),
            )
        finally:
            runner_.run(Machine.engine.dispose())

"""A desk at which a test works the outbox: each act is a transaction of its own, and time stands still until it is moved."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.clock import ManualClock
from app.database import session_factory
from app.ids import new_id
from app.models.outbox import Priority
from app.outbox.breaker import BreakerChange, report
from app.outbox.claim import Claim, Claimed, claim
from app.outbox.lanes import LaneSettings, ensure
from app.outbox.put import NewItem, put
from app.outbox.settle import bury, finish, hold, reschedule

START = datetime(2026, 11, 24, 1, tzinfo=UTC)
LEASE = timedelta(seconds=60)
COURT = new_id()


def item(
    lane: str = "bank",
    *,
    subject: UUID | None = None,
    share: UUID = COURT,
    priority: Priority = Priority.NORMAL,
    run_at: datetime = START,
) -> NewItem:
    reference = new_id()
    return NewItem(lane, "request", reference, subject or reference, share, run_at, priority)


def lane_settings(
    key: str = "bank",
    *,
    concurrency: int = 10,
    per_second: float | None = None,
    max_attempts: int = 5,
    breaker_failures: int = 3,
    breaker_open_seconds: float = 30,
) -> LaneSettings:
    return LaneSettings(key, concurrency, per_second, max_attempts, breaker_failures, breaker_open_seconds)


@dataclass
class Desk:
    engine: AsyncEngine
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def wait(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    async def open(self, *lanes: LaneSettings) -> None:
        async with self.engine.begin() as connection:
            for settings in lanes:
                await ensure(connection, settings, self.now)

    async def put(self, *items: NewItem) -> None:
        async with session_factory(self.engine).begin() as session:
            await put(session, items, self.now)

    async def claim(self, room: int = 100) -> Claimed:
        async with self.engine.begin() as connection:
            return await claim(connection, self.now, room, LEASE)

    async def claim_all(self) -> list[Claim]:
        """Claim until there is nothing more, as a worker does."""
        claims = []
        while True:
            claimed = await self.claim()
            claims += claimed.items
            if not claimed.items and not claimed.again:
                return claims

    async def finish(self, claims: Iterable[Claim]) -> set[int]:
        async with self.engine.begin() as connection:
            held = await hold(connection, list(claims))
            await finish(connection, list(held))
        return held

    async def retry(self, claims: Iterable[Claim], seconds: float) -> set[int]:
        run_at = self.now + timedelta(seconds=seconds)
        async with self.engine.begin() as connection:
            held = await hold(connection, list(claims))
            await reschedule(connection, [(id_, run_at, "connection_refused") for id_ in held])
        return held

    async def bury(self, claims: Iterable[Claim], error: str = "message_rejected") -> set[int]:
        async with self.engine.begin() as connection:
            held = await hold(connection, list(claims))
            await bury(connection, [(id_, error) for id_ in held], self.now)
        return held

    async def report(self, *lived: bool, lane: str = "bank") -> list[BreakerChange]:
        async with self.engine.begin() as connection:
            return await report(connection, {lane: lived}, self.now)

    async def rows(self) -> "list[Row[*tuple[object, ...]]]":
        async with self.engine.connect() as connection:
            return list(await connection.execute(text("SELECT * FROM outbox ORDER BY id")))

    async def states(self) -> Counter[str]:
        return Counter(row.state for row in await self.rows())

"""Examines the look-ups of each day, the day after."""

import asyncio
from dataclasses import dataclass

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.audit.conspicuous import Limits
from app.audit.entry import MalformedEntry
from app.clock import Clock
from app.linkage.supervision import review_day, unreviewed_days

_EVERY_SECONDS = 1800.0
_LOCK = 7_020_104

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Supervision:
    sessions: async_sessionmaker[AsyncSession]
    clock: Clock
    limits: Limits

    async def run(self, stop: asyncio.Event, every_seconds: float = _EVERY_SECONDS) -> None:
        """Until `stop`; outlives a database that is away, and an entry that cannot be read."""
        while not stop.is_set():
            try:
                while await self.review_next():
                    pass
            except (SQLAlchemyError, MalformedEntry) as error:
                _log.error("supervision.waits", reason=type(error).__name__)
            try:
                await asyncio.wait_for(stop.wait(), every_seconds)
            except TimeoutError:
                continue

    async def review_next(self) -> bool:
        """One day that is over; False when none waits, or another worker is at it."""
        now = self.clock.now()
        async with self.sessions.begin() as session:
            if not await session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
                return False
            days = await unreviewed_days(session, now)
            if not days:
                return False
            found = await review_day(session, days[0], self.limits, now)
        _log.info("supervision.reviewed", day=days[0].isoformat(), findings=len(found))
        return True

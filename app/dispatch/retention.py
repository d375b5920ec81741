"""Keeps the schedule of expiry: an hour's work now and then, a case at a time."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.clock import Clock
from app.crypto import SealBroken
from app.expiry_keys import ends_on
from app.linkage.retention import Schedule, due_cases, expire, move_case, stragglers

_AT_ONCE = 50
_EVERY_SECONDS = 3600.0
_LOCK = 7_020_103

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Retention:
    engine: AsyncEngine
    sessions: async_sessionmaker[AsyncSession]
    schedule: Schedule
    clock: Clock

    async def run(self, stop: asyncio.Event, every_seconds: float = _EVERY_SECONDS) -> None:
        """Until `stop`; outlives a database that is away."""
        while not stop.is_set():
            try:
                await self.keep()
            except SQLAlchemyError as error:
                _log.warning("retention.waits", reason=type(error).__name__)
            try:
                await asyncio.wait_for(stop.wait(), every_seconds)
            except TimeoutError:
                continue

    async def keep(self) -> list[str]:
        """Move what is due, then destroy the keys whose time is over; returns those. Nothing while another worker does.

        One at a time: nothing must be moved to a key that is just being destroyed.
        """
        async with self.engine.connect() as guard:
            await guard.execution_options(isolation_level="AUTOCOMMIT")  # no transaction stays open meanwhile
            if not await guard.scalar(select(func.pg_try_advisory_lock(_LOCK))):
                return []
            try:
                return await self._keep(self.clock.now())
            finally:
                await guard.execute(select(func.pg_advisory_unlock(_LOCK)))

    async def _keep(self, now: datetime) -> list[str]:
        failed: set[UUID] = set()
        while True:
            async with self.sessions() as session:
                due = [case for case in await due_cases(session, now, _AT_ONCE) if case not in failed]
            if not due:
                break
            for case_id in due:
                if not await self._move(case_id, now):
                    failed.add(case_id)
        over = [key_id for key_id in self.schedule.keys.held() if ends_on(key_id) <= now.date()]
        return [key_id for key_id in over if await self._destroy(key_id, now)]

    async def _move(self, case_id: UUID, now: datetime) -> bool:
        """One case that cannot be moved stops no other (P8); a value that does not open needs a person."""
        try:
            async with self.sessions.begin() as session:
                await move_case(session, self.schedule, case_id, now)
        except SealBroken as error:
            _log.error("retention.cannot_move", case_id=str(case_id), place=str(error))
            return False
        return True

    async def _destroy(self, key_id: str, now: datetime) -> bool:
        async with self.sessions() as session:
            late = await stragglers(session, key_id)
        for case_id in late:
            if not await self._move(case_id, now):
                return False
        async with self.sessions.begin() as session:
            count = await expire(session, key_id, now)
        if count is None:
            return False
        await asyncio.to_thread(self.schedule.keys.destroy, key_id)
        _log.info("retention.expired", key_id=key_id, cases=count)
        return True

"""What must happen by itself: clocks strike, old nonces go, locks of the frozen are taken from them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.clock import Clock
from app.crypto import Vault
from app.database import cut_off_frozen
from app.dispatch.reconciliation import schedule
from app.linkage.control.clocks import due_freezes, strike_freezes
from app.linkage.deadlines import due_requests, strike
from app.linkage.locating.clocks import (
    due_custodies,
    due_hits,
    due_locates,
    strike_custodies,
    strike_hits,
    strike_locates,
)
from app.linkage.locating.detention_clocks import due_detentions, strike_detentions
from app.models import Nonce

_STRUCK_TOGETHER = 200
_NONCE_LIFE = timedelta(minutes=11)
"""Longer than a signature can be fresh (± 300 s), seen from either end."""

_FROZEN = timedelta(seconds=60)
"""Longer than any of our transactions has nothing to say to the server."""

Guard = Callable[[Callable[[], Awaitable[int]], str], Awaitable[int | None]]


Due = Callable[[AsyncSession, datetime, int], Awaitable[Sequence[UUID]]]
"""What has run out, longest ago first."""

StrikeSome = Callable[[AsyncSession, Sequence[UUID], datetime], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Housekeeping:
    sessions: async_sessionmaker[AsyncSession]
    vault: Vault
    clock: Clock
    guarded: Guard
    """Runs one piece of work and outlives its failure."""

    async def run(self, stop: asyncio.Event, every_seconds: float = 1.0) -> None:
        while not stop.is_set():
            await self.guarded(self.cut_off_frozen, "cutting off frozen sessions")
            await self.guarded(self.strike_clocks, "striking clocks")
            await self.guarded(self.strike_freeze_clocks, "striking clocks of freezes")
            await self.guarded(self.strike_look_out_clocks, "striking clocks of looking out")
            await self.guarded(self.schedule_comparisons, "scheduling comparisons")
            await self.guarded(self.forget_nonces, "forgetting nonces")
            await _pause(stop, every_seconds)

    async def cut_off_frozen(self) -> int:
        """Take the locks from processes that stand still in the middle of something; theirs is rolled back."""
        async with self.sessions.begin() as session:
            return await cut_off_frozen(session, _FROZEN)

    async def strike_clocks(self) -> int:
        """All clocks of requests that have run out."""

        async def some(session: AsyncSession, ids: Sequence[UUID], now: datetime) -> int:
            return await strike(session, self.vault, ids, now)

        return await self._strike_all(due_requests, some)

    async def strike_freeze_clocks(self) -> int:
        """All warnings and ends of freezes that are due (P7)."""
        return await self._strike_all(due_freezes, strike_freezes)

    async def strike_look_out_clocks(self) -> int:
        """Sightings that wait, people who are held, grounds that are gone and recalls to be ordered."""

        async def some(session: AsyncSession, ids: Sequence[UUID], now: datetime) -> int:
            return await strike_locates(session, self.vault, ids, now)

        struck = await self._strike_all(due_hits, strike_hits)
        struck += await self._strike_all(due_custodies, strike_custodies)
        struck += await self._strike_all(due_detentions, strike_detentions)
        return struck + await self._strike_all(due_locates, some)

    async def _strike_all(self, due: Due, strike_some: StrikeSome) -> int:
        """In batches; a batch that fails is halved until the poisoned row is alone, which stops no other (P8)."""
        struck = 0
        while True:
            async with self.sessions() as session:
                waiting = await due(session, self.clock.now(), _STRUCK_TOGETHER)
            done = await self._strike(waiting, strike_some)
            struck += done
            if done == 0:
                return struck

    async def _strike(self, ids: Sequence[UUID], strike_some: StrikeSome) -> int:
        if not ids:
            return 0

        async def together() -> int:
            async with self.sessions.begin() as session:
                return await strike_some(session, ids, self.clock.now())

        done = await self.guarded(together, "striking clocks")
        if done is not None:
            return done
        if len(ids) == 1:
            return 0
        half = len(ids) // 2
        return await self._strike(ids[:half], strike_some) + await self._strike(ids[half:], strike_some)

    async def schedule_comparisons(self) -> int:
        async with self.sessions.begin() as session:
            return await schedule(session, self.clock.now())

    async def forget_nonces(self) -> int:
        old = self.clock.now() - _NONCE_LIFE
        async with self.sessions.begin() as session:
            gone = await session.scalars(delete(Nonce).where(Nonce.seen_at < old).returning(Nonce.nonce))
            return len(gone.all())


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return

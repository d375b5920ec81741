"""What must happen by itself: clocks strike, old nonces go."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.clock import Clock
from app.crypto import Vault
from app.linkage.deadlines import due_requests, strike
from app.models import Nonce

_STRUCK_TOGETHER = 200
_NONCE_LIFE = timedelta(minutes=11)
"""Longer than a signature can be fresh (± 300 s), seen from either end."""

Guard = Callable[[Callable[[], Awaitable[int]], str], Awaitable[int | None]]


@dataclass(frozen=True, slots=True)
class Housekeeping:
    sessions: async_sessionmaker[AsyncSession]
    vault: Vault
    clock: Clock
    guarded: Guard
    """Runs one piece of work and outlives its failure."""

    async def run(self, stop: asyncio.Event, every_seconds: float = 1.0) -> None:
        while not stop.is_set():
            await self.strike_clocks()
            await self.guarded(self.forget_nonces, "forgetting nonces")
            await _pause(stop, every_seconds)

    async def strike_clocks(self) -> int:
        """All clocks that have run out, in batches; a batch that fails is struck row by row (P8)."""
        struck = 0
        while True:
            async with self.sessions() as session:
                due = await due_requests(session, self.clock.now(), _STRUCK_TOGETHER)
            done = await self._strike(due)
            struck += done
            if done == 0:
                return struck

    async def _strike(self, request_ids: Sequence[UUID]) -> int:
        if not request_ids:
            return 0

        async def together() -> int:
            async with self.sessions.begin() as session:
                return await strike(session, self.vault, request_ids, self.clock.now())

        done = await self.guarded(together, "striking clocks")
        if done is not None:
            return done
        if len(request_ids) == 1:
            return 0
        return sum([await self._strike([request_id]) for request_id in request_ids])

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

"""What the worker needs of a kind of outbox item: promise, carry, record."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from app.outbox.claim import Claim


class HoldsClaim(Protocol):
    @property
    def claim(self) -> Claim: ...


Promised = TypeVar("Promised", bound=HoldsClaim)
Carried = TypeVar("Carried")


class Carrier(Protocol[Promised, Carried]):
    """Sending is promise (transaction) → carry (no transaction) → record (transaction)."""

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of outbox item it takes."""
        ...

    async def promise(
        self, session: AsyncSession, claims: Sequence[Claim], now: datetime
    ) -> Sequence[Promised]:
        """Record what will be sent and return it; claims that have nothing left to do are finished here."""
        ...

    async def carry(self, promised: Promised) -> Carried:
        """Send it. Never raises for what the far side does."""
        ...

    async def record(self, session: AsyncSession, carried: Sequence[Carried], now: datetime) -> None:
        """Record what came of it and settle the outbox items; refuse what is not ours any more."""
        ...

    async def give_up(self, session: AsyncSession, spent: Sequence[Claim], now: datetime) -> None:
        """Items whose attempts are spent have become dead letters; tell those who wait for them."""
        ...

    async def aclose(self) -> None: ...

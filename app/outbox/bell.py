"""Waking workers: a notification after the commit, and a slow poll that makes sure.

The notification has a connection and a transaction of its own, because PostgreSQL lets transactions that notify commit
only one after another.
"""

import asyncio
from abc import ABC, abstractmethod
from contextlib import suppress
from types import TracebackType
from typing import Self

import psycopg
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database import libpq_url

_COALESCE = 0.01
"""Seconds after a ring in which further ones become one: the first wakes at once, and what follows it soon meets workers
that are awake."""

_PATIENCE = 1.0
"""Seconds until a lost connection is made again."""

_log = structlog.get_logger()


class _OwnConnection(ABC):
    """A task that keeps a connection outside the pool, and makes it again whenever it is lost."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._address = libpq_url(engine.url.render_as_string(hide_password=False))
        self._rung = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _keep(self) -> None:
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(
                    self._address, autocommit=True, connect_timeout=10, application_name="liandong"
                )
                async with connection:
                    await self._use(connection)
            except psycopg.Error as lost:
                _log.warning("bell.connection_lost", error=type(lost).__name__)
            await asyncio.sleep(_PATIENCE)

    @abstractmethod
    async def _use(self, connection: psycopg.AsyncConnection) -> None: ...


class Bell(_OwnConnection):
    """Rung by whoever has committed something to carry. A ring that gets lost is made up for by the workers' poll."""

    def ring(self) -> None:
        """Wake the workers. Returns at once, and never fails."""
        self._rung.set()

    async def _use(self, connection: psycopg.AsyncConnection) -> None:
        while True:
            await self._rung.wait()
            self._rung.clear()
            await connection.execute("NOTIFY outbox")
            await asyncio.sleep(_COALESCE)


class Listener(_OwnConnection):
    """A worker's ear."""

    def wake(self) -> None:
        """Let this worker look again at once: something of its own came to an end, and left a place free."""
        self._rung.set()

    async def wait(self, seconds: float = 1.0) -> None:
        """Return when the bell rang after the last return, or when `seconds` have passed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        self._rung.clear()

    async def _use(self, connection: psycopg.AsyncConnection) -> None:
        await connection.execute("LISTEN outbox")
        self._rung.set()  # whatever rang while nobody listened
        async for _ in connection.notifies():
            self._rung.set()

"""Micro-batches: what comes in within a few milliseconds is handled together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Batches(Generic[T]):
    """Gathers items and hands them on in batches, one batch at a time.

    A lone item waits `window` seconds; while a batch is being handled the next one fills by itself, so that under
    load batches grow and transactions become fewer.
    """

    def __init__(
        self, handle: Callable[[Sequence[T]], Awaitable[None]], *, window: float = 0.002, limit: int = 200
    ) -> None:
        self._handle = handle
        self._window = window
        self._limit = limit
        self._waiting: list[T] = []
        self._filled = asyncio.Event()
        self._closing = False

    def put(self, item: T) -> None:
        self._waiting.append(item)
        self._filled.set()

    async def run(self) -> None:
        """Until `close`, and then until nothing is left."""
        while self._waiting or not self._closing:
            await self._filled.wait()
            if len(self._waiting) < self._limit and not self._closing:
                await asyncio.sleep(self._window)
            batch, self._waiting = self._waiting[: self._limit], self._waiting[self._limit :]
            if not self._waiting and not self._closing:
                self._filled.clear()
            if batch:
                await self._handle(batch)

    def close(self) -> None:
        self._closing = True
        self._filled.set()

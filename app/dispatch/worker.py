"""The worker: claims what is due for every lane that has room, and has it carried.

Any number of workers on any number of machines share one PostgreSQL. A worker may die at any point: its leases
run out, somebody else claims its items, and what may have been sent is asked about before it is sent again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.clock import Clock
from app.dispatch.batches import Batches
from app.dispatch.carrier import Carrier
from app.logs import describe
from app.outbox.bell import Listener
from app.outbox.claim import Claim, claim
from app.outbox.settle import extend, hold

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=20)
_HEARTBEAT_SECONDS = 5.0
_POLL_SECONDS = 1.0
_ERROR_PAUSE_SECONDS = 1.0
_ELSEWHERE_SECONDS = 0.005
"""Another worker, or an operator, holds the lanes for a moment: no reason to spin."""


@dataclass(slots=True)
class Worker:
    sessions: async_sessionmaker[AsyncSession]
    listener: Listener
    clock: Clock
    carriers: Sequence[Carrier[Any, Any]]
    max_in_flight: int = 400
    lease: timedelta = LEASE
    _in_flight: dict[int, Claim] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _results: dict[str, Batches[tuple[Claim, Any]]] = field(default_factory=dict)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; then finish what is under way, so that nothing is left to a lease."""
        recorders = [asyncio.create_task(batches.run()) for batches in self._open_results()]
        heartbeat = asyncio.create_task(self._heartbeat())
        while not stop.is_set():
            started = await self.guarded(self._claim_and_start, "claiming")
            if started is None:
                await asyncio.sleep(_ERROR_PAUSE_SECONDS)
            elif not started:
                await self.listener.wait(_POLL_SECONDS)
        if self._tasks:
            await asyncio.wait(self._tasks)
        for batches in self._results.values():
            batches.close()
        await asyncio.gather(*recorders)
        heartbeat.cancel()
        with suppress(asyncio.CancelledError):
            await heartbeat
        for carrier in self.carriers:
            await carrier.aclose()

    async def guarded(self, work: Callable[[], Awaitable[int]], doing: str) -> int | None:
        """The result of `work`, or None when it failed: one bad row or a lost connection must not end the worker."""
        try:
            return await work()
        except Exception as error:  # noqa: BLE001 - the worker loop; the other broad except is at the HTTP edge
            log.error("worker.failed", doing=doing, **describe(error))  # noqa: TRY400 - never the text, see describe
            return None

    def _open_results(self) -> list[Batches[tuple[Claim, Any]]]:
        for carrier in self.carriers:
            batches: Batches[tuple[Claim, Any]] = Batches(self._recording(carrier))
            self._results.update(dict.fromkeys(carrier.kinds, batches))
        return list({id(batches): batches for batches in self._results.values()}.values())

    async def _claim_and_start(self) -> int:
        room = self.max_in_flight - len(self._in_flight)
        if room <= 0:
            return 0
        # The claim commits by itself: attempts stay counted even when the promise fails, so poison cannot loop.
        async with self.sessions.begin() as session:
            claimed = await claim(session, self.clock.now(), room, self.lease)
        self._in_flight.update({item.id: item for item in claimed.items})
        for carrier in self.carriers:
            await self._give_up(carrier, [item for item in claimed.spent if item.kind in carrier.kinds])
            items = [item for item in claimed.items if item.kind in carrier.kinds]
            if items:
                await self._promise_and_start(carrier, items)
        if claimed.again and not claimed.items:
            await asyncio.sleep(_ELSEWHERE_SECONDS)
        return len(claimed.items) or int(claimed.again)

    async def _give_up(self, carrier: Carrier[Any, Any], spent: list[Claim]) -> None:
        async def give_up(items: list[Claim]) -> int:
            async with self.sessions.begin() as session:
                await carrier.give_up(session, items, self.clock.now())
            return len(items)

        for item in spent:
            await self.guarded(partial(give_up, [item]), "giving up")

    async def _promise_and_start(self, carrier: Carrier[Any, Any], items: list[Claim]) -> None:
        async def promise() -> int:
            now = self.clock.now()
            async with self.sessions.begin() as session:
                # One that stood still since its claim may have lost it (P14).
                held = await hold(session, items)
                promised = await carrier.promise(session, [item for item in items if item.id in held], now)
            going = {one.claim.id for one in promised}
            self._let_go(item for item in items if item.id not in going)
            for one in promised:
                self._start(carrier, one, now)
            return len(promised)

        if await self.guarded(promise, "promising") is not None:
            return
        if len(items) == 1:
            self._let_go(items)  # its lease runs out; its attempts are counted
            return
        for item in items:
            await self._promise_and_start(carrier, [item])

    def _start(self, carrier: Carrier[Any, Any], promised: Any, promised_at: datetime) -> None:
        async def carry() -> int:
            if self.clock.now() - promised_at >= self.lease / 2:
                # Stood still just before sending: by now another worker may be asking whether it was sent.
                self._let_go([promised.claim])
                return 0
            carried = await carrier.carry(promised)
            self._results[promised.claim.kind].put((promised.claim, carried))
            return 1

        async def guarded() -> None:
            if await self.guarded(carry, "carrying") is None:
                self._let_go([promised.claim])

        self._spawn(guarded())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _recording(
        self, carrier: Carrier[Any, Any]
    ) -> Callable[[Sequence[tuple[Claim, Any]]], Awaitable[None]]:
        async def record_all(results: Sequence[tuple[Claim, Any]]) -> None:
            async def record() -> int:
                async with self.sessions.begin() as session:
                    await carrier.record(session, [carried for _, carried in results], self.clock.now())
                return len(results)

            if await self.guarded(record, "recording") is None and len(results) > 1:
                for one in results:
                    await record_all([one])
                return
            self._let_go(item for item, _ in results)
            self.listener.wake()

        return record_all

    def _let_go(self, items: Iterable[Claim]) -> None:
        for item in items:
            self._in_flight.pop(item.id, None)

    async def _heartbeat(self) -> None:
        """Keep the leases of what is under way; a process that stands still loses them, which is the point."""

        async def extend_all() -> int:
            if not self._in_flight:
                return 0
            async with self.sessions.begin() as session:
                await extend(session, list(self._in_flight.values()), self.clock.now(), self.lease)
            return len(self._in_flight)

        while True:
            await asyncio.sleep(_HEARTBEAT_SECONDS)
            await self.guarded(extend_all, "extending leases")

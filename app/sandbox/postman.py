"""Brings later answers to the hub: each is posted until it is received, and survives a restart in the books."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import httpx

from app.adapters.liandong.wire import CONTENT_TYPE
from app.adapters.signatures import RequestParts, SigningKey, new_nonce, sign_request
from app.clock import Clock
from app.sandbox.faults import Drawn, FaultKind, FaultPlan, Target
from app.sandbox.ledger import Callback, Ledger

ANSWERS_PATH = "/agency/v1/answers"
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 30.0
_TIME_LIMIT_SECONDS = 15.0
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an agency is. `foreign_key` is another agency's, to sign with when a fault wants it."""

    agency_code: str
    key: SigningKey = field(repr=False)
    foreign_key: SigningKey = field(repr=False)


class Postman:
    """One round per request: its answers go in order, the next when the one before was received."""

    def __init__(
        self, hub_url: str, identity: Identity, ledger: Ledger, faults: FaultPlan, clock: Clock
    ) -> None:
        self._url = hub_url + ANSWERS_PATH
        self._identity = identity
        self._ledger = ledger
        self._faults = faults
        self._clock = clock
        self._waiting: dict[UUID, list[Callback]] = {}
        self._rounds: set[asyncio.Task[None]] = set()
        self._hands = asyncio.Semaphore(_AT_ONCE)
        self._client = httpx.AsyncClient(
            timeout=_TIME_LIMIT_SECONDS,
            limits=httpx.Limits(max_connections=_AT_ONCE),
            trust_env=False,
            follow_redirects=False,
        )

    async def resume(self) -> None:
        """Take up what an earlier run of the agency left undelivered."""
        by_request: dict[UUID, list[Callback]] = {}
        for callback in await self._ledger.undelivered():
            by_request.setdefault(callback.request_id, []).append(callback)
        for callbacks in by_request.values():
            self.take(callbacks)

    def take(self, callbacks: list[Callback]) -> None:
        """Deliver the answers to one request, in this order, none before it is due."""
        if not callbacks:
            return
        request_id = callbacks[0].request_id
        self._waiting[request_id] = callbacks
        task = asyncio.create_task(self._make_round(request_id, callbacks))
        self._rounds.add(task)
        task.add_done_callback(self._rounds.discard)

    def withdraw(self, request_id: UUID, now: datetime) -> None:
        """Forget the answers that are not due at `now`."""
        if waiting := self._waiting.get(request_id):
            waiting[:] = [callback for callback in waiting if callback.due_at <= now]

    async def close(self) -> None:
        for task in self._rounds:
            task.cancel()
        await asyncio.gather(*self._rounds, return_exceptions=True)
        await self._client.aclose()

    async def _make_round(self, request_id: UUID, waiting: list[Callback]) -> None:
        failures = 0
        while waiting:
            callback = waiting[0]
            if (early := (callback.due_at - self._clock.now()).total_seconds()) > 0:
                await asyncio.sleep(early)
                continue  # it may have been withdrawn meanwhile
            drawn = self._faults.draw(Target.CALLBACK)
            if drawn.fault or drawn.delay:
                await self._play(drawn, waiting)
                callback = waiting[0]
            if await self._deliver(callback, drawn):
                waiting.remove(callback)
                failures = 0
            else:
                failures += 1
                await asyncio.sleep(min(_FIRST_PAUSE_SECONDS * 2 ** (failures - 1), _LONGEST_PAUSE_SECONDS))
        del self._waiting[request_id]

    async def _play(self, drawn: Drawn, waiting: list[Callback]) -> None:
        """What a fault does before the post: wait, or let a later answer go first."""
        if drawn.fault:
            now = self._clock.now()
            await self._ledger.show_fault(drawn.fault.kind, waiting[0].request_id, now)
        await asyncio.sleep(drawn.delay)
        if not drawn.fault or drawn.fault.kind is not FaultKind.REORDERED_CALLBACKS:
            return
        if len(waiting) > 1 and waiting[0].due_at < waiting[1].due_at:
            early = (waiting[1].due_at - self._clock.now()).total_seconds()
            await asyncio.sleep(max(0, early))
            waiting[:2] = reversed(waiting[:2])
        else:
            await asyncio.sleep(drawn.fault.delay_ms / 1000)

    async def _deliver(self, callback: Callback, drawn: Drawn) -> bool:
        """Whether the hub has it. A duplicate is a second message of the same bytes, freshly signed."""
        received = await self._post(callback, drawn)
        if drawn.is_a(FaultKind.DUPLICATE_CALLBACK):
            received = await self._post(callback, drawn) or received
        return received

    async def _post(self, callback: Callback, drawn: Drawn) -> bool:
        async with self._hands:
            status: int | None = None
            receipt: bytes | None = None
            try:
                response = await self._client.post(
                    self._url, content=callback.body, headers=self._headers(callback.body, drawn)
                )
            except httpx.TransportError:
                pass  # whether it arrived is unknown; the same message again is harmless
            else:
                status, receipt = response.status_code, response.content
            await self._ledger.delivered(callback.message_id, status, receipt, self._clock.now())
        return status is not None and 200 <= status < 300

    def _headers(self, body: bytes, drawn: Drawn) -> list[tuple[bytes, bytes]]:
        key = self._identity.foreign_key if drawn.is_a(FaultKind.FOREIGN_KEY) else self._identity.key
        method = "PUT" if drawn.is_a(FaultKind.WRONG_SIGNATURE) else "POST"
        content_type = (b"content-type", CONTENT_TYPE.encode())
        request = RequestParts(method, self._url, [content_type], body)
        return [content_type, *sign_request(request, key, self._clock.now(), new_nonce())]

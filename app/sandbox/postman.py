"""Brings later answers and notices to the hub: each is posted until it is received, and survives a restart."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from enum import Enum, auto
from hashlib import sha256
from uuid import UUID

from app.adapters.liandong import wire
from app.adapters.signatures import (
    RequestParts,
    ResponseParts,
    SignatureRefused,
    new_nonce,
    sign_request,
    verify_response,
)
from app.clock import Clock
from app.errors import ErrorCode, MalformedAnswer
from app.sandbox.entries import Callback, Try
from app.sandbox.faults import Drawn, FaultKind, FaultPlan, Target
from app.sandbox.identity import Hub, Identity
from app.sandbox.ledger import Ledger
from app.sandbox.poster import NothingCameBack, Poster, Response

ANSWERS_PATH = "/agency/v1/answers"
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 30.0


class Outcome(Enum):
    """What a post came to."""

    RECEIVED = auto()
    AGAIN = auto()
    NEVER = auto()
    """The hub refuses this message for good: a person would have to look."""


class Postman:
    """One round per request: its answers, then its notices, go in order, the next when the one before was received."""

    def __init__(self, hub: Hub, identity: Identity, ledger: Ledger, faults: FaultPlan, clock: Clock) -> None:
        self._url = hub.url + ANSWERS_PATH
        self._hub_keys = hub.keys
        self._identity = identity
        self._ledger = ledger
        self._faults = faults
        self._clock = clock
        self._waiting: dict[UUID, list[Callback]] = {}
        self._rounds: set[asyncio.Task[None]] = set()
        self._poster = Poster(self._url)

    async def resume(self) -> None:
        """Take up what an earlier run of the agency left undelivered."""
        self.take(await self._ledger.undelivered())

    def take(self, callbacks: Iterable[Callback]) -> None:
        """Deliver what concerns one request in this order, behind what waits already, none before it is due."""
        for callback in callbacks:
            waiting = self._waiting.get(callback.request_id)
            if waiting is not None:
                waiting.append(callback)
                continue
            self._waiting[callback.request_id] = [callback]
            task = asyncio.create_task(self._make_round(callback.request_id))
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
        self._poster.close()

    async def _make_round(self, request_id: UUID) -> None:
        waiting, failures = self._waiting[request_id], 0
        while waiting:
            callback = waiting[0]
            if (early := (callback.due_at - self._clock.now()).total_seconds()) > 0:
                await asyncio.sleep(early)
                continue  # it may have been withdrawn meanwhile
            drawn = self._faults.draw(Target.CALLBACK)
            if drawn.fault or drawn.delay:
                await self._play(drawn, waiting)
                callback = waiting[0]
            match await self._deliver(callback, drawn):
                case Outcome.RECEIVED | Outcome.NEVER:
                    waiting.remove(callback)
                    failures = 0
                case Outcome.AGAIN:
                    await asyncio.sleep(min(_FIRST_PAUSE_SECONDS * 2**failures, _LONGEST_PAUSE_SECONDS))
                    failures += 1
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

    async def _deliver(self, callback: Callback, drawn: Drawn) -> Outcome:
        """A duplicate is a second message of the same bytes, freshly signed."""
        outcome = await self._post(callback, drawn)
        if drawn.is_a(FaultKind.DUPLICATE_CALLBACK):
            await self._post(callback, drawn)
        if outcome is Outcome.NEVER and drawn.is_a(FaultKind.FOREIGN_KEY):
            return Outcome.AGAIN  # refused as the other agency's; ours has yet to be sent
        return outcome

    async def _post(self, callback: Callback, drawn: Drawn) -> Outcome:
        request = self._signed(callback.body, drawn)
        try:
            response = await self._poster.post(request.headers, request.body)
        except NothingCameBack:
            # Whether it arrived is unknown; the same message again is harmless.
            await self._ledger.tried(Try(callback.message_id, self._clock.now()))
            return Outcome.AGAIN
        outcome = self._outcome(callback, request, response)
        received = outcome is Outcome.RECEIVED
        await self._ledger.tried(
            Try(callback.message_id, self._clock.now(), response.status, response.body, received)
        )
        return outcome

    def _outcome(self, callback: Callback, request: RequestParts, response: Response) -> Outcome:
        if response.status in {404, 409}:
            replayed = ErrorCode.MESSAGE_REPLAYED.encode() in response.body
            return Outcome.AGAIN if replayed else Outcome.NEVER
        if response.status != 200 or not self._is_receipt(callback, request, response):
            return Outcome.AGAIN
        return Outcome.RECEIVED

    def _is_receipt(self, callback: Callback, request: RequestParts, response: Response) -> bool:
        """An answer may be forgotten only when the hub itself has signed that it holds these very bytes."""
        parts = ResponseParts(response.status, response.headers, response.body)
        try:
            verify_response(parts, request, self._hub_keys, self._clock.now())
            receipt = wire.read(wire.RECEIPT, response.body)
        except (SignatureRefused, MalformedAnswer):
            return False
        digest = sha256(callback.body).hexdigest()
        return receipt.message_id == callback.message_id and receipt.sha256 == digest

    def _signed(self, body: bytes, drawn: Drawn) -> RequestParts:
        key = self._identity.foreign_key if drawn.is_a(FaultKind.FOREIGN_KEY) else self._identity.key
        headers = [(b"content-type", wire.CONTENT_TYPE.encode())]
        request = RequestParts("POST", self._url, headers, body)
        signed = replace(request, method="PUT") if drawn.is_a(FaultKind.WRONG_SIGNATURE) else request
        signature = sign_request(signed, key, self._clock.now(), new_nonce())
        return replace(request, headers=[*headers, *signature])

"""One agency's HTTP service: an ASGI application without a framework, for it has four doors and a switchboard."""

import asyncio
from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

from app.adapters.contract import Operation
from app.clock import Clock
from app.sandbox.clerk import Clerk
from app.sandbox.exchange import Exchange, PeerGone
from app.sandbox.faults import Fault, FaultKind, FaultPlan, Target
from app.sandbox.ledger import Ledger
from app.sandbox.mischief import Mischief, reset
from app.sandbox.switchboard import Switchboard

_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("POST", "/requests"): Operation.REQUEST,
    ("POST", "/status-queries"): Operation.STATUS_QUERY,
    ("POST", "/cancellations"): Operation.CANCELLATION,
    ("POST", "/live-lists"): Operation.LIVE_LIST,
}


@dataclass(frozen=True, slots=True)
class AgencyServer:
    """The ASGI application."""

    clerk: Clerk
    switchboard: Switchboard
    faults: FaultPlan
    mischief: Mischief
    ledger: Ledger
    clock: Clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, receive, send)
        operation = _OPERATIONS.get((scope["method"], scope["path"]))
        try:
            if operation is None:
                await self.mischief.give(exchange, await self.switchboard.reply(exchange))
            else:
                await self._at_the_door(operation, exchange)
        except PeerGone:
            return

    async def _at_the_door(self, operation: Operation, exchange: Exchange) -> None:
        drawn = self.faults.draw(Target(operation.value))
        fault = drawn.fault
        if fault and await self._strikes_first(exchange, fault):
            return
        reply = await self.clerk.reply(operation, exchange, drawn)
        if drawn.delay:
            await asyncio.sleep(drawn.delay)
        if fault is None:
            await self.mischief.give(exchange, reply)
        else:
            await self.ledger.show_fault(fault.kind, reply.about, self.clock.now())
            await self.mischief.spoil(exchange, reply, fault)

    async def _strikes_first(self, exchange: Exchange, fault: Fault) -> bool:
        """Faults after which nothing has been done."""
        if fault.kind is FaultKind.DROP_BEFORE_EFFECT:
            await self.ledger.show_fault(fault.kind, None, self.clock.now())
            await reset(exchange)
            return True
        if fault.kind in {FaultKind.SERVER_ERROR, FaultKind.TOO_MANY_REQUESTS}:
            await self.ledger.show_fault(fault.kind, None, self.clock.now())
            await self.mischief.refuse_service(exchange, fault)
            return True
        return False

"""One agency's HTTP service: an ASGI application without a framework, for it has three doors and a switchboard.

The switchboard is a toy: `GET`, `POST` and `DELETE /sandbox/faults` show, set and take back the faults that the agency
plays. It is unsigned and open to this machine only.
"""

import asyncio
from dataclasses import dataclass
from ipaddress import ip_address

from pydantic import TypeAdapter, ValidationError
from starlette.types import Receive, Scope, Send

from app.adapters.contract import Operation
from app.clock import Clock
from app.errors import ErrorCode
from app.sandbox.clerk import Clerk
from app.sandbox.exchange import BodyTooLarge, Exchange, PeerGone, Reply, json_reply, problem
from app.sandbox.faults import Fault, FaultKind, FaultPlan, Target
from app.sandbox.ledger import Ledger
from app.sandbox.mischief import Mischief, reset

FAULTS_PATH = "/sandbox/faults"
_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("POST", "/requests"): Operation.REQUEST,
    ("POST", "/status-queries"): Operation.STATUS_QUERY,
    ("POST", "/cancellations"): Operation.CANCELLATION,
}
_FAULTS = TypeAdapter(list[Fault])


@dataclass(frozen=True, slots=True)
class AgencyServer:
    """The ASGI application."""

    clerk: Clerk
    faults: FaultPlan
    mischief: Mischief
    ledger: Ledger
    clock: Clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, receive, send)
        operation = _OPERATIONS.get((scope["method"], scope["path"]))
        try:
            if operation is None:
                await self.mischief.give(exchange, await self._at_the_switchboard(exchange))
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

    async def _at_the_switchboard(self, exchange: Exchange) -> Reply:
        client = exchange.scope["client"]
        if exchange.scope["path"] != FAULTS_PATH or client is None or not ip_address(client[0]).is_loopback:
            return problem(ErrorCode.NOT_FOUND, "POST /requests, /status-queries or /cancellations")
        match exchange.scope["method"]:
            case "GET":
                return self._switched_on()
            case "DELETE":
                self.faults.replace([])
                return self._switched_on()
            case "POST":
                return await self._switch(exchange)
            case _:
                return problem(ErrorCode.METHOD_NOT_ALLOWED, "GET, POST or DELETE")

    async def _switch(self, exchange: Exchange) -> Reply:
        try:
            request = await exchange.read(self.clerk.identity.url)
            self.faults.replace(_FAULTS.validate_json(request.body))
        except (BodyTooLarge, ValidationError) as error:
            return problem(ErrorCode.INVALID_BODY, str(error))
        return self._switched_on()

    def _switched_on(self) -> Reply:
        faults = [fault.model_dump(mode="json", exclude_unset=True) for fault in self.faults.remaining()]
        return json_reply(faults)

"""A refused attempt to look somebody up, or to tell us of somebody, leaves no state behind, but it leaves a trace.

It is written in a transaction of its own: the business transaction has been rolled back by now. What no known client
or agency can stand behind leaves no entry, since a stranger must not be able to fill the log.
"""

from starlette.requests import Request

from app.api.hub import Hub
from app.api.permissions import PERMISSIONS
from app.audit.entry import Actor, Entry
from app.audit.record import record
from app.crypto import sha256_hex
from app.errors import ErrorCode
from app.ids import new_id
from app.linkage.agency_messages import claimed_sender
from app.linkage.callers import Facts, entry_of
from app.vocabulary import ActorKind, AuditAction


async def record_refused_attempt(request: Request, code: ErrorCode, detail: str = "") -> None:
    """Audit the refusal of an operation that touches a person, or of a message in an agency's name."""
    if "signed_message" in request.scope:
        await _record_refused_message(request, f"{code}:{detail}" if detail else code.value)
        return
    caller = request.scope.get("caller")
    operation = getattr(request.scope.get("route"), "name", "")
    rule = PERMISSIONS.get(operation)
    if caller is None or rule is None or not rule.personal:
        return
    facts: Facts = request.scope.get("refusal_is_about", {})
    facts["outcome"] = code.value
    facts["detail"] = {"operation": operation}
    async with request.app.state.hub.sessions.begin() as session:
        await record(session, [entry_of(caller, AuditAction.ORDER_REFUSED, **facts)])


async def _record_refused_message(request: Request, outcome: str) -> None:
    """Under the agency in whose name it came; whether it came from there is just what is not proved."""
    hub: Hub = request.app.state.hub
    message = request.scope["signed_message"]
    now = hub.clock.now()
    async with hub.sessions.begin() as session:
        agency_code = await claimed_sender(session, message)
        if agency_code is None or hub.forgeries.is_closed(agency_code, now):
            return
        hub.forgeries.fail(agency_code, now)
        entry = Entry(
            entry_id=new_id(),
            recorded_at=now,
            action=AuditAction.MESSAGE_REFUSED,
            actor=Actor(ActorKind.HUB, "agency door"),
            agency_code=agency_code,
            digests=(("received", sha256_hex(message.body)),),
            correlation_id=request.scope["correlation_id"],
            outcome=outcome,
            detail={"operation": request.scope["route"].name},
        )
        await record(session, [entry])

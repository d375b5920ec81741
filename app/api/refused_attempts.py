"""A refused attempt to look somebody up leaves no state behind, but it leaves a trace."""

from starlette.requests import Request

from app.api.permissions import PERMISSIONS
from app.audit.record import record
from app.errors import ErrorCode
from app.linkage.callers import Facts, entry_of
from app.vocabulary import AuditAction


async def record_refused_attempt(request: Request, code: ErrorCode) -> None:
    """Audit a refusal of an operation that touches a person, in a transaction of its own.

    The business transaction has been rolled back by now. What is not known to be a client's leaves no entry: a
    stranger must not be able to fill the log.
    """
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

"""An operator's hand on the lanes, and on what became undeliverable: each act recorded, none silent (P17)."""

from collections.abc import Callable, Sequence
from itertools import islice
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.entry import Actor
from app.audit.record import record
from app.crypto import Vault
from app.errors import ErrorCode, Refusal
from app.linkage.callers import Caller, Facts, entry_of
from app.linkage.ledger import Ledger
from app.linkage.matters import Deed, Matter, lock_matters
from app.linkage.parking import park_request
from app.linkage.querying import CARRY, agency_lane
from app.models.agency_request import RequestState
from app.outbox import dead, lanes
from app.outbox.put import FILLED
from app.vocabulary import AuditAction, EventType

_TOGETHER = 500
"""Requests locked and changed by one round of statements."""


async def pause_lane(session: AsyncSession, caller: Caller, key: str) -> None:
    """Raises `Refusal(not_found)`; so for the two below."""
    await _record(session, caller, _known(await lanes.pause(session, key)))


async def resume_lane(session: AsyncSession, caller: Caller, key: str) -> None:
    await _record(session, caller, _known(await lanes.resume(session, key)))
    session.info[FILLED] = True


async def stop_lane(session: AsyncSession, caller: Caller, vault: Vault, key: str) -> int:
    """Bury what waits in the lane, and park its requests so that their courts know; returns how many were buried."""
    stopped = await lanes.stop(session, key, caller.at)
    if stopped is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    change, buried = stopped
    await _record(session, caller, change, buried=len(buried))

    def park(ledger: Ledger, matter: Matter) -> None:
        park_request(ledger, matter, lanes.STOPPED, caller.at)

    await _for_requests(
        session, caller, vault, [item.reference for item in buried if item.kind == CARRY], park
    )
    return len(buried)


async def replay_dead_letters(
    session: AsyncSession, caller: Caller, vault: Vault, chosen: dead.Chosen, *, limit: int
) -> list[dead.Replayed]:
    """Send dead letters again.

    A request that may have reached its agency is asked about first (P4); one that never left is simply sent.
    """
    replayed = await dead.replay(session, chosen, caller.at, limit=limit)

    def requeue(ledger: Ledger, matter: Matter) -> None:
        request = matter.request
        if request.state is not RequestState.UNDELIVERABLE:
            return
        request.move_to(RequestState.UNKNOWN if request.times_sent else RequestState.QUEUED, caller.at)
        actor = Actor(caller.kind, caller.client_name)
        ledger.note(matter, Deed(AuditAction.REQUEST_REPLAYED, actor, caller.at))
        ledger.announce(matter.event(EventType.REQUEST_REQUEUED))

    await _for_requests(
        session, caller, vault, [item.reference for item in replayed if item.kind == CARRY], requeue
    )
    if replayed:
        session.info[FILLED] = True
    entry = entry_of(
        caller, AuditAction.LANE_CHANGED, detail={"changed": "replay", "items": str(len(replayed))}
    )
    await record(session, [entry])
    return replayed


async def _for_requests(
    session: AsyncSession,
    caller: Caller,
    vault: Vault,
    request_ids: Sequence[UUID],
    act: Callable[[Ledger, Matter], None],
) -> None:
    """Lock the requests in the order of their ids, and write what `act` notes of each."""
    waiting = iter(sorted(request_ids))
    while batch := list(islice(waiting, _TOGETHER)):
        ledger = Ledger(vault)
        for matter in (await lock_matters(session, batch)).values():
            act(ledger, matter)
        await ledger.write(session, caller.at)


def _known(change: lanes.LaneChange | None) -> lanes.LaneChange:
    if change is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    return change


async def _record(
    session: AsyncSession, caller: Caller, change: lanes.LaneChange, *, buried: int = 0
) -> None:
    facts: Facts = {"detail": {"lane": change.key, "from": change.before, "to": change.after}}
    if buried:
        facts["detail"]["buried"] = str(buried)
    agency = change.key.removeprefix(agency_lane(""))
    if agency != change.key:
        facts["agency_code"] = agency
    await record(session, [entry_of(caller, AuditAction.LANE_CHANGED, **facts)])

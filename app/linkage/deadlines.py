"""Every request has clocks and ends in a recorded event (P8): reminder, overdue, given up."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.entry import Actor
from app.crypto import Vault
from app.ids import new_id
from app.linkage.control.settling import settle_freezes
from app.linkage.control.tasks import About, NewTask, task_of
from app.linkage.ledger import Ledger
from app.linkage.matters import Deed, Matter, lock_matters
from app.linkage.querying import CARRY, agency_lane
from app.models import AgencyRequest, Task
from app.models.agency_request import DeadlineStage, RequestState
from app.models.task import TaskKind
from app.outbox.put import NewItem, put
from app.vocabulary import ActorKind, AuditAction, EventType, OrderKind

_CLOCK = Actor(ActorKind.HUB, "deadlines")
_WAITING = frozenset({RequestState.ACKNOWLEDGED, RequestState.PARTIALLY_ANSWERED})
"""Nothing of these is in the outbox any more: the agency said that it would answer by itself."""


async def due_requests(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Requests with a clock that has run out, longest ago first."""
    rows = await session.scalars(
        select(AgencyRequest.id)
        .where(AgencyRequest.next_deadline_at <= now)
        .order_by(AgencyRequest.next_deadline_at)
        .limit(limit)
    )
    return rows.all()


async def strike(session: AsyncSession, vault: Vault, request_ids: Sequence[UUID], now: datetime) -> int:
    """Let the clocks of these requests strike; returns how many did. Flushes, never commits.

    A reminder to an agency that acknowledged is a status query: it also fetches an answer that got lost on its way.
    """
    matters = await lock_matters(session, request_ids)
    ledger = Ledger(vault)
    reminders = []
    struck = 0
    for matter in matters.values():
        request = matter.request
        if (
            request.next_deadline is None
            or request.next_deadline_at is None
            or request.next_deadline_at > now
        ):
            continue  # answered, or struck by another worker, since it was listed
        if request.next_deadline is not DeadlineStage.GIVE_UP and request.state in _WAITING:
            reminders.append(_reminder(matter, now))
        _STRIKES[request.next_deadline](ledger, matter, now)
        struck += 1
    await put(session, reminders, now)
    await settle_freezes(session, ledger, matters.values(), now)
    await ledger.write(session, now)
    return struck


def _remind(ledger: Ledger, matter: Matter, now: datetime) -> None:
    request = matter.request
    request.next_deadline, request.next_deadline_at = DeadlineStage.OVERDUE, request.due_at
    ledger.note(matter, Deed(AuditAction.REQUEST_REMINDED, _CLOCK, now))
    ledger.announce(matter.event(EventType.REQUEST_REMINDED, due_at=request.due_at.isoformat()))


def _fall_overdue(ledger: Ledger, matter: Matter, now: datetime) -> None:
    request = matter.request
    request.overdue = True
    request.next_deadline, request.next_deadline_at = DeadlineStage.GIVE_UP, request.give_up_at
    if request.kind in _CHASED:
        ledger.rows.append(_chase(request, now))
    ledger.note(matter, Deed(AuditAction.REQUEST_OVERDUE, _CLOCK, now))
    ledger.announce(matter.event(EventType.REQUEST_OVERDUE, give_up_at=request.give_up_at.isoformat()))


_CHASED = {OrderKind.RELEASE: TaskKind.RELEASE_OVERDUE, OrderKind.RECALL: TaskKind.RECALL_OVERDUE}


def _chase(request: AgencyRequest, now: datetime) -> Task:
    """A release that is not confirmed in time keeps somebody blocked who has paid, a recall gets somebody arrested."""
    data = {"due_at": request.due_at.isoformat()}
    new = NewTask(About.request(request), _CHASED[request.kind], data, request.give_up_at)
    return task_of(new, now)


def _give_up(ledger: Ledger, matter: Matter, now: datetime) -> None:
    before = matter.request.state
    matter.request.move_to(RequestState.GIVEN_UP, now)
    ledger.note(matter, Deed(AuditAction.REQUEST_GIVEN_UP, _CLOCK, now, outcome=before))
    ledger.announce(matter.event(EventType.REQUEST_GIVEN_UP, before=before))


_STRIKES = {
    DeadlineStage.REMIND: _remind,
    DeadlineStage.OVERDUE: _fall_overdue,
    DeadlineStage.GIVE_UP: _give_up,
}


def _reminder(matter: Matter, now: datetime) -> NewItem:
    """Nothing of this request is under way; a subject of its own keeps it from waiting behind a dead letter."""
    return NewItem(
        lane=agency_lane(matter.agency_code),
        kind=CARRY,
        reference=matter.request.id,
        subject=new_id(),
        share=matter.request.court_id,
        run_at=now,
    )

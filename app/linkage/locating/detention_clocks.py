"""The clocks of a detention: the family's day, a warning on the last day, and its end."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.entry import Actor, Entry
from app.audit.record import record
from app.ids import new_id
from app.linkage.control.tasks import About, NewTask
from app.linkage.events import NewEvent, announce
from app.linkage.locating.detaining import WARN_BEFORE_END, detention_event, next_clock
from app.linkage.locating.errands import Errands, close_errands, open_errand
from app.models import Case, Detention
from app.models.coercion import DetentionEnding
from app.models.task import TaskKind
from app.vocabulary import ActorKind, AuditAction

_CLOCK = Actor(ActorKind.HUB, "detention_clock")


async def due_detentions(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    rows = await session.scalars(
        select(Detention.id)
        .where(Detention.next_clock_at <= now)
        .order_by(Detention.next_clock_at)
        .limit(limit)
    )
    return rows.all()


async def strike_detentions(session: AsyncSession, ids: Sequence[UUID], now: datetime) -> int:
    """Say when the family was not told in time, when the last day begins, and when the days are over."""
    rows = await session.execute(
        select(Detention, Case.case_number)
        .join(Case, Case.id == Detention.case_id)
        .where(Detention.id.in_(ids), Detention.next_clock_at <= now)
        .order_by(Detention.id)
        .with_for_update(of=Detention)
    )
    events: list[NewEvent] = []
    entries: list[Entry] = []
    struck = 0
    for detention, case_number in rows.all():
        struck += 1
        for what in await _strike(session, detention, events, now):
            events.append(detention_event(detention, what))
            entries.append(_entry(detention, case_number, what, now))
    await session.flush()
    await record(session, entries)
    await announce(session, events, now)
    return struck


async def _strike(
    session: AsyncSession, detention: Detention, events: list[NewEvent], now: datetime
) -> list[str]:
    """What happened; more than one thing after a long silence of the clock."""
    about = About(detention.court_id, detention.case_id, None, None)
    happened = []
    due = detention.next_clock_at
    if detention.family_notified_at is None and due == detention.family_due_at:
        happened.append("family_overdue")
    if now >= detention.ends_at:
        detention.ending = DetentionEnding.SERVED
        detention.ended_at = detention.ends_at
        named = Errands([detention.case_id], [TaskKind.DETENTION_ENDING], "detention_id", [detention.id])
        events += await close_errands(session, named, now, "served")
        happened.append("served")
    elif now >= detention.ends_at - WARN_BEFORE_END:
        data = {"detention_id": str(detention.id)}
        new = NewTask(about, TaskKind.DETENTION_ENDING, data, detention.ends_at)
        events += await open_errand(session, new, now)
        happened.append("ending")
    detention.next_clock_at = next_clock(detention, now)
    return happened


def _entry(detention: Detention, case_number: str, what: str, now: datetime) -> Entry:
    return Entry(
        entry_id=new_id(),
        recorded_at=now,
        action=AuditAction.DETENTION_CHANGED,
        actor=_CLOCK,
        case_number=case_number,
        subject_index=detention.subject_index,
        outcome=what,
        detail={"detention_id": str(detention.id)},
    )

"""The clock of every freeze: warnings before its end, and the end itself. Nothing lapses in silence (P7)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.entry import Actor, Entry
from app.audit.record import record
from app.ids import new_id
from app.linkage.control.mirror import describe_freeze, next_clock
from app.linkage.control.tasks import About, NewTask, open_once
from app.linkage.events import NewEvent, announce
from app.linkage.locating.ending import end_of_seals
from app.linkage.locating.lookouts import Hand
from app.measures.terms import WARNING_DAYS
from app.models import Freeze
from app.models.freeze import LIVE_FREEZES, FreezeState
from app.models.task import TaskKind
from app.vocabulary import ActorKind, AuditAction, EventType

_CLOCK = Actor(ActorKind.HUB, "freeze_clock")
_ESCALATE_AT_DAYS = 3


async def due_freezes(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Freezes with a warning or an end that is due, longest ago first."""
    rows = await session.scalars(
        select(Freeze.id).where(Freeze.next_clock_at <= now).order_by(Freeze.next_clock_at).limit(limit)
    )
    return rows.all()


async def strike_freezes(session: AsyncSession, freeze_ids: Sequence[UUID], now: datetime) -> int:
    """Warn of what ends soon, and let lapse what has ended without a confirmed renewal; returns how many.

    At the end instant the effect is gone (Seizure §27), whether or not a renewal is under way: if the agency booked it
    in time, its answer will say so, and the difference goes to a person.
    """
    freezes = await session.scalars(
        select(Freeze).where(Freeze.id.in_(freeze_ids)).order_by(Freeze.id).with_for_update()
    )
    events: list[NewEvent] = []
    entries: list[Entry] = []
    struck = 0
    lapsed = []
    for freeze in freezes:
        if freeze.next_clock_at is None or freeze.next_clock_at > now or freeze.ends_at is None:
            continue  # renewed, released or struck by another worker since it was listed
        struck += 1
        if freeze.ends_at <= now:
            _lapse(freeze, now, events, entries)
            lapsed.append(freeze.id)
        else:
            await _warn(session, freeze, now, events, entries)
    await session.flush()
    await record(session, entries)
    events += await end_of_seals(session, lapsed, Hand(_CLOCK, now))
    await announce(session, events, now)
    return struck


def _lapse(freeze: Freeze, now: datetime, events: list[NewEvent], entries: list[Entry]) -> None:
    assert freeze.ends_at is not None
    if freeze.state in LIVE_FREEZES:
        freeze.move_to(FreezeState.LAPSED, freeze.ends_at)  # whenever somebody looks
        freeze.held = None
    freeze.next_clock_at = None
    events.append(_event(freeze, EventType.FREEZE_LAPSED, describe_freeze(freeze)))
    entries.append(_entry(freeze, AuditAction.FREEZE_LAPSED, now))


async def _warn(
    session: AsyncSession, freeze: Freeze, now: datetime, events: list[NewEvent], entries: list[Entry]
) -> None:
    assert freeze.ends_at is not None
    days = _days_left(freeze.ends_at, now)
    freeze.next_clock_at = next_clock(freeze, now)
    if not freeze.renewing:
        await _prepare_renewal(session, freeze, days, now)
    data = {"freeze_id": str(freeze.id), "days": days, "ends_at": freeze.ends_at.isoformat()}
    events.append(_event(freeze, EventType.FREEZE_ENDING, data))
    entries.append(_entry(freeze, AuditAction.FREEZE_WARNED, now))


def _days_left(ends_at: datetime, now: datetime) -> int:
    """The warning that is due: the smallest that is not passed yet."""
    return next((days for days in reversed(WARNING_DAYS) if now >= ends_at - timedelta(days=days)), 0)


async def _prepare_renewal(session: AsyncSession, freeze: Freeze, days: int, now: datetime) -> None:
    """A renewal ready for its officer to draft: same thing, same term; at three days the supervisor is told, too."""
    prepared = {
        "term": freeze.term,
        "ends_at": freeze.ends_at.isoformat() if freeze.ends_at else "",
        "draft_at": f"/v1/freezes/{freeze.id}/renewals",
    }
    about = About.freeze(freeze)
    await open_once(session, NewTask(about, TaskKind.RENEW_FREEZE, prepared, freeze.ends_at), now)
    if days <= _ESCALATE_AT_DAYS:
        await open_once(session, NewTask(about, TaskKind.RENEWAL_ESCALATED, prepared, freeze.ends_at), now)


def _event(freeze: Freeze, event_type: EventType, data: Mapping[str, object]) -> NewEvent:
    known = {name: value for name, value in data.items() if value is not None}
    return NewEvent(freeze.court_id, event_type, freeze.order_id, freeze.request_id, known)


def _entry(freeze: Freeze, action: AuditAction, now: datetime) -> Entry:
    return Entry(
        entry_id=new_id(),
        recorded_at=now,
        action=action,
        actor=_CLOCK,
        case_number=freeze.case_number,
        order_id=freeze.order_id,
        request_id=freeze.request_id,
        detail={"freeze_id": str(freeze.id)},
    )

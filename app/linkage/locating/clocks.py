"""The clocks of looking out: grounds and validity, sightings that wait, people who are held. Each ends in a recorded event."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.entry import Entry
from app.audit.record import record
from app.crypto import Vault
from app.linkage.events import NewEvent, announce
from app.linkage.ledger import Ledger
from app.linkage.locating.ending import end
from app.linkage.locating.errands import open_errand
from app.linkage.locating.lookouts import (
    Hand,
    LookOut,
    describe_custody,
    describe_hit,
    lock_look_outs,
    look_outs_of,
)
from app.linkage.locating.recalling import Held, Recalling
from app.linkage.locating.sightings import DECIDE_WITHIN
from app.linkage.locating.standing import Grounds, grounds_of
from app.linkage.matters import lock_matters
from app.models import Custody, LocateEntry, LocateHit, LocateRequest
from app.models.locating import UNDECIDED, CustodyState, HitStage, LocateState
from app.models.task import TaskKind
from app.vocabulary import AuditAction, EventType

LOOK_AGAIN_EVERY: Final = timedelta(hours=1)
"""How often the ground of a live request is looked at, and a holder that has not confirmed its recall: what ends a ground
says so at once, and this is for what did not."""

REMIND_BEFORE: Final = timedelta(days=7)
"""How long before a request would end for want of it an officer is asked to validate it again."""


async def due_locates(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    rows = await session.scalars(
        select(LocateRequest.id)
        .where(LocateRequest.next_clock_at <= now)
        .order_by(LocateRequest.next_clock_at)
        .limit(limit)
    )
    return rows.all()


async def strike_locates(session: AsyncSession, vault: Vault, ids: Sequence[UUID], now: datetime) -> int:
    """End what has no ground any more, recall what has ended, ask for what has to be validated; returns how many."""
    holders = await _lock_holders(session, ids)
    look_outs = [
        each
        for each in await lock_look_outs(session, LocateRequest.id.in_(ids))
        if each.locate.next_clock_at is not None and each.locate.next_clock_at <= now
    ]
    grounds = await grounds_of(session, [each.locate for each in look_outs])
    ledger = Ledger(vault)
    recalling = Recalling(session, vault, ledger, now)
    for look_out in look_outs:
        if look_out.locate.state is LocateState.LIVE:
            for event in await _look_at(session, look_out, grounds, now):
                ledger.announce(event)
        if look_out.locate.state is LocateState.RECALLING:
            look_out.locate.next_clock_at = now + LOOK_AGAIN_EVERY
            await recalling.go_on(look_out, holders.get(look_out.locate.id, ()))
    await ledger.write(session, now)
    return len(look_outs)


async def _lock_holders(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, list[Held]]:
    """Their entries with the requests that they were entered and recalled by, which are locked first."""
    of_these = select(LocateEntry).where(LocateEntry.locate_id.in_(ids)).order_by(LocateEntry.id)
    known = (await session.scalars(of_these)).all()
    requests = {entry.request_id for entry in known}
    requests |= {entry.recall_request_id for entry in known if entry.recall_request_id}
    matters = await lock_matters(session, requests)
    await lock_look_outs(session, LocateRequest.id.in_(ids))
    holders: dict[UUID, list[Held]] = {}
    for entry in await session.scalars(of_these.execution_options(populate_existing=True)):
        recall = matters.get(entry.recall_request_id) if entry.recall_request_id else None
        holders.setdefault(entry.locate_id, []).append(Held(entry, matters[entry.request_id], recall))
    return holders


async def _look_at(
    session: AsyncSession, look_out: LookOut, grounds: Grounds, now: datetime
) -> list[NewEvent]:
    locate = look_out.locate
    gone = grounds.gone(locate, now)
    if gone is not None:
        return await end(session, [look_out], gone, Hand.clock(now))
    assert locate.revalidate_at is not None
    remind_at = locate.revalidate_at - REMIND_BEFORE
    ahead = (now + LOOK_AGAIN_EVERY, locate.valid_until, locate.revalidate_at, remind_at)
    locate.next_clock_at = min(at for at in ahead if at > now)
    if now < remind_at:
        return []
    return await open_errand(session, look_out.task(TaskKind.REVALIDATE, locate.revalidate_at), now)


async def due_hits(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    rows = await session.scalars(
        select(LocateHit.id)
        .where(LocateHit.next_clock_at <= now)
        .order_by(LocateHit.next_clock_at)
        .limit(limit)
    )
    return rows.all()


async def strike_hits(session: AsyncSession, ids: Sequence[UUID], now: datetime) -> int:
    """Ask again about sightings that nobody answered; then tell the duty desk and the supervisor."""
    rows = await session.scalars(
        select(LocateHit).where(LocateHit.id.in_(ids)).order_by(LocateHit.id).with_for_update()
    )
    hits = [
        hit
        for hit in rows
        if hit.state in UNDECIDED and hit.next_clock_at is not None and hit.next_clock_at <= now
    ]
    look_outs = await look_outs_of(session, {hit.locate_id for hit in hits})
    events: list[NewEvent] = []
    entries: list[Entry] = []
    for hit in hits:
        look_out = look_outs[hit.locate_id]
        told = {"hit_id": str(hit.id)}
        if hit.stage is HitStage.ASKED:
            hit.stage = HitStage.ASKED_AGAIN
            hit.due_at = hit.next_clock_at = now + DECIDE_WITHIN[look_out.locate.urgency]
            action, event_type = AuditAction.HIT_ASKED_AGAIN, EventType.HIT_ASKED_AGAIN
            events += await open_errand(session, look_out.task(TaskKind.HIT_WAITING, hit.due_at, **told), now)
        else:
            hit.stage = HitStage.ESCALATED
            hit.next_clock_at = None
            action, event_type = AuditAction.HIT_ESCALATED, EventType.HIT_ESCALATED
            for desk in ("duty_desk", "supervisor"):
                task = look_out.task(TaskKind.HIT_ESCALATED, now, to=desk, **told)
                events += await open_errand(session, task, now)
        entries.append(look_out.entry(Hand.clock(now), action, **told))
        events.append(look_out.event(event_type, **describe_hit(hit)))
    await _write(session, entries, events, now)
    return len(hits)


async def due_custodies(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    rows = await session.scalars(
        select(Custody.id).where(Custody.next_clock_at <= now).order_by(Custody.next_clock_at).limit(limit)
    )
    return rows.all()


async def strike_custodies(session: AsyncSession, ids: Sequence[UUID], now: datetime) -> int:
    """Warn the court that its time to take over runs out; then record that the agency has to let go."""
    rows = await session.scalars(
        select(Custody).where(Custody.id.in_(ids)).order_by(Custody.id).with_for_update()
    )
    held = [
        custody
        for custody in rows
        if custody.state is CustodyState.HELD
        and custody.next_clock_at is not None
        and custody.next_clock_at <= now
    ]
    look_outs = await look_outs_of(session, {custody.locate_id for custody in held})
    events: list[NewEvent] = []
    entries: list[Entry] = []
    for custody in held:
        look_out = look_outs[custody.locate_id]
        told = {"custody_id": str(custody.id)}
        if now < custody.hand_over_due_at:
            custody.next_clock_at = custody.hand_over_due_at
            action, event_type = AuditAction.CUSTODY_WARNED, EventType.CUSTODY_ENDING
        else:
            custody.move_to(CustodyState.LAPSED, now)
            action, event_type = AuditAction.CUSTODY_CHANGED, EventType.CUSTODY_CHANGED
            events += await open_errand(session, look_out.task(TaskKind.CUSTODY_LAPSED, None, **told), now)
        entries.append(look_out.entry(Hand.clock(now), action, custody.state, **told))
        events.append(look_out.event(event_type, **describe_custody(custody)))
    await _write(session, entries, events, now)
    return len(held)


async def _write(
    session: AsyncSession, entries: Sequence[Entry], events: Sequence[NewEvent], now: datetime
) -> None:
    await session.flush()
    await record(session, entries)
    await announce(session, events, now)

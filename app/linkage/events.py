"""Events for court systems: numbered per court without gaps, and put on the way to their webhooks."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.ids import new_id
from app.models import CourtEvent, EventCounter, WebhookEndpoint
from app.models.outbox import Priority
from app.outbox.put import NewItem, put
from app.rows import insert_rows
from app.vocabulary import EventType

WEBHOOK = "webhook"
"""The kind of outbox item that delivers one event to one endpoint; its reference is the event, its subject itself."""


_AT_ONCE = frozenset(
    {
        EventType.HIT_REPORTED,
        EventType.HIT_PARKED,
        EventType.HIT_ASKED_AGAIN,
        EventType.HIT_ESCALATED,
        EventType.CUSTODY_CHANGED,
        EventType.CUSTODY_ENDING,
        EventType.CUSTODY_REFUSED,
    }
)
"""Somebody stands beside a person and waits: delivered before everything else of its lane."""


def webhook_lane(endpoint_id: UUID) -> str:
    return f"webhook:{endpoint_id}"


@dataclass(frozen=True, slots=True)
class NewEvent:
    """Something a court should know. `data` names things by id and code, never by person."""

    court_id: UUID
    event_type: EventType
    order_id: UUID | None
    request_id: UUID | None
    data: dict[str, Any]


async def announce(session: AsyncSession, events: Sequence[NewEvent], at: datetime) -> None:
    """Number and store the events and queue their deliveries.

    Call it last in a transaction: the row lock on a court's counter is held until the commit, which makes numbers
    gapless and visible in their order.
    """
    if not events:
        return
    numbers = await _take_numbers(session, Counter(event.court_id for event in events))
    rows = []
    for event in events:
        numbers[event.court_id] += 1
        rows.append(
            {
                "court_id": event.court_id,
                "number": numbers[event.court_id],
                "id": new_id(),
                "event_type": event.event_type,
                "order_id": event.order_id,
                "request_id": event.request_id,
                "data": event.data,
                "occurred_at": at,
            }
        )
    await insert_rows(session, (CourtEvent, rows))
    await _queue_deliveries(session, rows, at)


async def _take_numbers(session: AsyncSession, wanted: Counter[UUID]) -> dict[UUID, int]:
    """The last number before ours, per court; in a fixed order, so that two transactions cannot deadlock."""
    before = {}
    for court_id in sorted(wanted):
        count = wanted[court_id]
        last = await session.scalar(
            upsert(EventCounter)
            .values(court_id=court_id, last_number=count)
            .on_conflict_do_update(
                index_elements=[EventCounter.court_id],
                set_={"last_number": EventCounter.last_number + count},
            )
            .returning(EventCounter.last_number)
        )
        assert last is not None
        before[court_id] = last - count
    return before


async def _queue_deliveries(session: AsyncSession, rows: Sequence[dict[str, Any]], at: datetime) -> None:
    endpoints = (
        await session.execute(
            select(WebhookEndpoint.id, WebhookEndpoint.court_id, WebhookEndpoint.event_types).where(
                WebhookEndpoint.court_id.in_({row["court_id"] for row in rows}), WebhookEndpoint.active
            )
        )
    ).all()
    items = [
        NewItem(
            lane=webhook_lane(endpoint_id),
            kind=WEBHOOK,
            reference=row["id"],
            subject=new_id(),
            share=court_id,
            run_at=at,
            priority=Priority.URGENT if row["event_type"] in _AT_ONCE else Priority.NORMAL,
        )
        for endpoint_id, court_id, wanted in endpoints
        for row in rows
        if row["court_id"] == court_id and (not wanted or row["event_type"].value in wanted)
    ]
    if items:
        await put(session, items, at)

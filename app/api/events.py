"""What happened to a court's orders: pulled here by number, and pushed to its webhook endpoints."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, Field
from sqlalchemy import select

from app.api.bodies import StrictRoute
from app.api.dependencies import ActingDep, SessionDep
from app.api.paging import MOST
from app.api.tags import Tag
from app.models import CourtEvent
from app.vocabulary import EventType

router = APIRouter(prefix="/v1/events", tags=[Tag.COURT], route_class=StrictRoute)


class EventView(BaseModel):
    """One event. It names things by id and never by person. 事件只含编号，不含个人信息。"""

    number: int = Field(ge=1)
    """Counts up by one within a court, without gaps."""
    id: UUID
    type: EventType
    occurred_at: datetime
    order_id: UUID | None
    request_id: UUID | None
    data: dict[str, Any] = Field(examples=[{"agency_code": "BANK-ZC", "state": "answered"}])


class Events(BaseModel):
    """Ascending by number. `after` of the next call is `last`; an empty list means: nothing new."""

    items: list[EventView]
    last: int


@router.get("", summary="事件列表 · List events")
async def list_events(
    acting: ActingDep,
    session: SessionDep,
    after: Annotated[
        int, Query(ge=0, le=2**62, description="The number of the last event seen · 已收到的最后一个事件号")
    ] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST)] = MOST,
) -> Events:
    """The events after a number: closes every gap that webhooks leave. 按事件号续取，可补齐推送的任何遗漏。"""
    rows = await session.scalars(
        select(CourtEvent)
        .where(CourtEvent.court_id == acting.court_id, CourtEvent.number > after)
        .order_by(CourtEvent.number)
        .limit(limit)
    )
    items = [event_view(event) for event in rows]
    return Events(items=items, last=items[-1].number if items else after)


def event_view(event: CourtEvent) -> EventView:
    return EventView(
        number=event.number,
        id=event.id,
        type=event.event_type,
        occurred_at=event.occurred_at,
        order_id=event.order_id,
        request_id=event.request_id,
        data=event.data,
    )


deliveries = APIRouter()
"""Not served here: how a delivery looks to its receiver, for the OpenAPI document."""


@deliveries.post("{$request.body#/url}", summary="事件推送 · An event is delivered", status_code=204)
async def deliver_event(
    event: EventView,
    webhook_id: Annotated[str, Header(alias="webhook-id", description="The event's id; drop repeats by it")],
    webhook_timestamp: Annotated[str, Header(alias="webhook-timestamp", description="Unix seconds")],
    webhook_signature: Annotated[
        str, Header(alias="webhook-signature", description="Standard Webhooks: `v1,` and base64 HMAC-SHA-256")
    ],
) -> None:
    """Answer 2xx once it is stored. Anything else is delivered again for three days. 持久化后返回 2xx，否则将重试三天。"""

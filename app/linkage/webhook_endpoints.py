"""Where a court's events are delivered, and the secrets that sign them (Standard Webhooks)."""

import base64
import os
from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated
from uuid import UUID

from pydantic import Field, HttpUrl
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.record import record
from app.crypto import Vault
from app.errors import ErrorCode, FieldError, Refusal
from app.ids import new_id
from app.linkage.acting import Acting
from app.linkage.callers import entry_of
from app.linkage.events import NewEvent, announce, webhook_lane
from app.linkage.fields import Demand
from app.models import WebhookEndpoint
from app.outbox.lanes import LaneSettings, ensure
from app.vocabulary import AuditAction, EventType

_SEALED_FOR = "webhook_endpoints.secret"
_MOST = 20
"""Endpoints of one court: each event is stored once and queued for every one of them."""


class NewWebhookEndpoint(Demand):
    url: Annotated[HttpUrl, Field(examples=["https://case-system.court.example/linkage-events"])]
    event_types: tuple[EventType, ...] = Field(default=(), max_length=len(EventType))
    """Empty means all."""


class WebhookEndpointChange(Demand):
    event_types: Annotated[tuple[EventType, ...], Field(max_length=len(EventType))] | None = None
    active: bool | None = None
    """True enables an endpoint again that was disabled after three days of failures."""


class WebhookSecretRotation(Demand):
    overlap_hours: Annotated[int, Field(ge=0, le=168)] = 24
    """How long deliveries are signed with the old secret as well; 0 after a leak."""


async def create_endpoint(
    session: AsyncSession, acting: Acting, vault: Vault, demand: NewWebhookEndpoint, *, private: bool
) -> tuple[WebhookEndpoint, str]:
    """The endpoint and its secret, which is shown this once.

    Raises:
        Refusal: `address_refused`, `conflict` when the court has its fill of endpoints.
    """
    _check_address(demand.url, private=private)
    if len(await endpoints_of(session, acting)) >= _MOST:
        raise Refusal(ErrorCode.CONFLICT, detail=f"At most {_MOST} endpoints. 至多 {_MOST} 个接收地址。")
    secret = os.urandom(32)
    endpoint = WebhookEndpoint(
        id=new_id(),
        court_id=acting.court_id,
        url=str(demand.url),
        event_types=sorted(set(demand.event_types)),
        secret=vault.seal(secret, _SEALED_FOR),
        active=True,
        created_at=acting.at,
    )
    session.add(endpoint)
    await session.flush()
    await ensure(session, _lane(endpoint.id), acting.at)
    await _record(session, acting, endpoint, "created")
    return endpoint, _shown(secret)


async def change_endpoint(
    session: AsyncSession, acting: Acting, endpoint: WebhookEndpoint, change: WebhookEndpointChange
) -> None:
    if change.event_types is not None:
        endpoint.event_types = sorted(set(change.event_types))
    if change.active is not None:
        endpoint.active = change.active
        endpoint.failing_since = endpoint.disabled_at = None
    await session.flush()
    await _record(session, acting, endpoint, ",".join(change.model_dump(exclude_none=True)))


async def rotate_secret(
    session: AsyncSession,
    acting: Acting,
    vault: Vault,
    endpoint: WebhookEndpoint,
    rotation: WebhookSecretRotation,
) -> str:
    """The new secret; deliveries bear both signatures for `overlap_hours`."""
    secret = os.urandom(32)
    endpoint.previous_secret = endpoint.secret
    endpoint.previous_secret_until = acting.at + timedelta(hours=rotation.overlap_hours)
    endpoint.secret = vault.seal(secret, _SEALED_FOR)
    await session.flush()
    await _record(session, acting, endpoint, "secret")
    return _shown(secret)


async def delete_endpoint(session: AsyncSession, acting: Acting, endpoint: WebhookEndpoint) -> None:
    """Nothing more is delivered to it; the events stay readable at `/v1/events`."""
    await _record(session, acting, endpoint, "deleted")
    await session.delete(endpoint)
    await session.flush()


async def ping(session: AsyncSession, acting: Acting, endpoint: WebhookEndpoint) -> None:
    """Announce a test event, which goes where such events go.

    Raises:
        Refusal: `state_forbids`, when the endpoint is not active or does not want pings.
    """
    wanted = not endpoint.event_types or EventType.WEBHOOK_PINGED in endpoint.event_types
    if not endpoint.active or not wanted:
        raise Refusal(
            ErrorCode.STATE_FORBIDS,
            detail="The endpoint is not active, or does not take webhook_endpoint.pinged. 未启用或未订阅测试事件。",
        )
    data = {"endpoint_id": str(endpoint.id)}
    event = NewEvent(acting.court_id, EventType.WEBHOOK_PINGED, None, None, data)
    await announce(session, [event], acting.at)


async def endpoints_of(session: AsyncSession, acting: Acting) -> list[WebhookEndpoint]:
    query = select(WebhookEndpoint).where(WebhookEndpoint.court_id == acting.court_id)
    return list(await session.scalars(query.order_by(WebhookEndpoint.id)))


async def find_endpoint(session: AsyncSession, acting: Acting, endpoint_id: UUID) -> WebhookEndpoint:
    """Raises `Refusal(not_found)`, also for another court's."""
    endpoint = await session.scalar(
        select(WebhookEndpoint).where(
            WebhookEndpoint.id == endpoint_id, WebhookEndpoint.court_id == acting.court_id
        )
    )
    if endpoint is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    return endpoint


def _check_address(url: HttpUrl, *, private: bool) -> None:
    """What the address alone shows. Where a name leads is checked at delivery, for the very address connected to."""
    try:
        public = ip_address((url.host or "").strip("[]")).is_global
    except ValueError:
        public = True  # a name
    credentials = url.username is not None or url.password is not None
    if credentials or url.fragment or (not private and (url.scheme != "https" or not public)):
        raise Refusal(
            ErrorCode.ADDRESS_REFUSED,
            FieldError(
                "/url",
                "address_refused",
                "https to a public address, without credentials or fragment",
                "须为公网 https 地址，不得包含用户名、密码或片段",
            ),
        )


def _lane(endpoint_id: UUID) -> LaneSettings:
    """Attempts enough for three days of hourly retries (P12), after which the endpoint is disabled."""
    return LaneSettings(
        key=webhook_lane(endpoint_id),
        concurrency=4,
        per_second=None,
        max_attempts=120,
        breaker_failures=5,
        breaker_open_seconds=60,
    )


def _shown(secret: bytes) -> str:
    return f"whsec_{base64.b64encode(secret).decode()}"


async def _record(session: AsyncSession, acting: Acting, endpoint: WebhookEndpoint, changed: str) -> None:
    entry = entry_of(
        acting, AuditAction.WEBHOOK_CHANGED, detail={"endpoint_id": str(endpoint.id), "changed": changed}
    )
    await record(session, [entry])

"""Delivers events to court systems: signed after Standard Webhooks, retried for days, then disabled with an alarm (P12)."""

import base64
import hmac
import json
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.transports.wire import WireTransport
from app.adapters.transports.wire_errors import MaybeSent, NeverSent
from app.audit.entry import Actor, Entry
from app.audit.record import record
from app.clock import Clock
from app.crypto import Vault
from app.ids import new_id
from app.linkage.events import WEBHOOK, NewEvent, announce
from app.models import CourtEvent, WebhookEndpoint
from app.outbox import breaker
from app.outbox.claim import Claim
from app.outbox.retry import next_attempt
from app.outbox.settle import bury, finish, hold, reschedule
from app.vocabulary import ActorKind, AuditAction, EventType

_BACKOFF = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0)
MOST_ATTEMPTS = 1000
"""More than an endpoint is tried before it is disabled."""


@dataclass(frozen=True, slots=True)
class Delivery:
    claim: Claim
    endpoint_id: UUID
    court_id: UUID
    url: str = field(repr=False)
    event_id: UUID
    body: bytes = field(repr=False)
    secrets: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Delivered:
    delivery: Delivery
    error: str | None


def event_body(event: CourtEvent) -> bytes:
    """The JSON of one event, as `/v1/events` shows it."""
    return json.dumps(event_fields(event), ensure_ascii=False, separators=(",", ":")).encode()


def event_fields(event: CourtEvent) -> dict[str, object]:
    return {
        "number": event.number,
        "id": str(event.id),
        "type": event.event_type.value,
        "occurred_at": event.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "order_id": str(event.order_id) if event.order_id else None,
        "request_id": str(event.request_id) if event.request_id else None,
        "data": event.data,
    }


def webhook_signature(secret: bytes, event_id: str, timestamp: int, body: bytes) -> str:
    """Standard Webhooks: `v1,` and the base64 HMAC-SHA-256 of "id.timestamp.body"."""
    signed = f"{event_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()


def public_address(address: IPv4Address | IPv6Address) -> bool:
    """Whether a webhook may go there: no loopback, private, link-local, multicast or reserved range."""
    return address.is_global and not address.is_multicast


@dataclass(frozen=True, slots=True)
class WebhookCarrier:
    vault: Vault
    clock: Clock
    disable_after: timedelta
    transport: WireTransport
    kinds: frozenset[str] = frozenset({WEBHOOK})

    async def promise(self, session: AsyncSession, claims: Sequence[Claim], now: datetime) -> list[Delivery]:
        wanted = {claim.id: UUID(claim.lane.removeprefix("webhook:")) for claim in claims}
        endpoints = {
            row.id: row
            for row in await session.scalars(
                select(WebhookEndpoint).where(WebhookEndpoint.id.in_(wanted.values()), WebhookEndpoint.active)
            )
        }
        events = {
            row.id: row
            for row in await session.scalars(
                select(CourtEvent).where(CourtEvent.id.in_([claim.reference for claim in claims]))
            )
        }
        deliveries = []
        for claim in claims:
            endpoint, event = endpoints.get(wanted[claim.id]), events.get(claim.reference)
            if endpoint is not None and event is not None:
                deliveries.append(self._delivery(claim, endpoint, event, now))
        going = {delivery.claim.id for delivery in deliveries}
        await finish(session, [claim.id for claim in claims if claim.id not in going])
        return deliveries

    def _delivery(
        self, claim: Claim, endpoint: WebhookEndpoint, event: CourtEvent, now: datetime
    ) -> Delivery:
        sealed = [endpoint.secret]
        until = endpoint.previous_secret_until
        if endpoint.previous_secret is not None and until is not None and now < until:
            sealed.append(endpoint.previous_secret)
        return Delivery(
            claim=claim,
            endpoint_id=endpoint.id,
            court_id=endpoint.court_id,
            url=endpoint.url,
            event_id=event.id,
            body=event_body(event),
            secrets=tuple(self.vault.open(secret, "webhook_endpoints.secret") for secret in sealed),
        )

    async def carry(self, promised: Delivery) -> Delivered:
        timestamp = int(self.clock.now().timestamp())
        event_id = str(promised.event_id)
        signatures = [
            webhook_signature(secret, event_id, timestamp, promised.body) for secret in promised.secrets
        ]
        headers = (
            (b"content-type", b"application/json"),
            (b"webhook-id", event_id.encode()),
            (b"webhook-timestamp", str(timestamp).encode()),
            (b"webhook-signature", " ".join(signatures).encode()),
        )
        try:
            reply = await self.transport.exchange("POST", promised.url, headers, promised.body)
        except (NeverSent, MaybeSent) as error:
            return Delivered(promised, type(error).__name__)
        # A redirect is a failure, too: an address that was checked must not lead to one that was not.
        return Delivered(promised, None if 200 <= reply.status < 300 else f"status {reply.status}")

    async def record(self, session: AsyncSession, carried: Sequence[Delivered], now: datetime) -> None:
        held = await hold(session, [one.delivery.claim for one in carried])
        ours = [one for one in carried if one.delivery.claim.id in held]
        await finish(session, [one.delivery.claim.id for one in ours if one.error is None])
        await self._reschedule([one for one in ours if one.error is not None], session, now)
        by_lane: dict[str, list[bool]] = defaultdict(list)
        for one in ours:
            by_lane[one.delivery.claim.lane].append(one.error is None)
        await breaker.report(session, by_lane, now)
        await self._keep_health(session, ours, now)

    async def _reschedule(self, failed: list[Delivered], session: AsyncSession, now: datetime) -> None:
        again, dead = [], []
        for one in failed:
            claim, error = one.delivery.claim, one.error or ""
            run_at = next_attempt(
                claim.attempts,
                _BACKOFF,
                now,
                max_attempts=MOST_ATTEMPTS,
                retry_after=None,
                jitter=random.uniform(0.8, 1.2),  # noqa: S311 - spreads load
            )
            if run_at is None:
                dead.append((claim.id, error))
            else:
                again.append((claim.id, run_at, error))
        await reschedule(session, again)
        await bury(session, dead, now)

    async def _keep_health(self, session: AsyncSession, ours: Sequence[Delivered], now: datetime) -> None:
        """Since when an endpoint fails; after three days of nothing but failures it is disabled, loudly."""
        lived = {one.delivery.endpoint_id for one in ours if one.error is None}
        failed = {one.delivery.endpoint_id for one in ours} - lived
        if lived:
            await session.execute(
                update(WebhookEndpoint)
                .where(WebhookEndpoint.id.in_(lived), WebhookEndpoint.failing_since.is_not(None))
                .values(failing_since=None)
            )
        for endpoint in await session.scalars(
            select(WebhookEndpoint)
            .where(WebhookEndpoint.id.in_(failed), WebhookEndpoint.active)
            .order_by(WebhookEndpoint.id)
            .with_for_update()
        ):
            endpoint.failing_since = endpoint.failing_since or now
            if now - endpoint.failing_since >= self.disable_after:
                await _disable(session, endpoint, now)

    async def give_up(self, session: AsyncSession, spent: Sequence[Claim], now: datetime) -> None:
        """Nobody waits for a delivery: the event stays in `/v1/events`, the dead letter on the operators' list."""

    async def aclose(self) -> None:
        await self.transport.aclose()


async def _disable(session: AsyncSession, endpoint: WebhookEndpoint, now: datetime) -> None:
    endpoint.active = False
    endpoint.disabled_at = now
    await session.flush()
    entry = Entry(
        entry_id=new_id(),
        recorded_at=now,
        action=AuditAction.WEBHOOK_DISABLED,
        actor=Actor(ActorKind.HUB, "dispatch"),
        detail={"endpoint_id": str(endpoint.id)},
    )
    await record(session, [entry])
    data = {"endpoint_id": str(endpoint.id)}
    await announce(session, [NewEvent(endpoint.court_id, EventType.WEBHOOK_DISABLED, None, None, data)], now)

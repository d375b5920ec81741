"""Deliveries in virtual time: three days of failure, addresses that may not be called, and what becomes of each (P12)."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from app.adapters.transports.wire import WireTransport
from app.clock import ManualClock
from app.dispatch.webhooks import WebhookCarrier, public_address
from app.models import WebhookEndpoint
from app.outbox.claim import claim
from app.vocabulary import AuditAction
from tests.integration.conftest import Office
from tests.integration.peers import OK, answering, peer, read_request
from tests.integration.test_api_cases import entries
from tests.integration.test_api_events import happened

LEASE = timedelta(seconds=20)
DISABLE_AFTER = timedelta(hours=72)


@pytest.fixture
async def carrier(office: Office, clock: ManualClock) -> AsyncIterator[WebhookCarrier]:
    carrier = WebhookCarrier(office.hub.keys.vault, clock, DISABLE_AFTER, WireTransport())
    yield carrier
    await carrier.aclose()


async def subscribe(office: Office, url: str, *event_types: str) -> str:
    made = await office.court.post("/v1/webhook-endpoints", json={"url": url, "event_types": event_types})
    assert made.status_code == 201, made.text
    endpoint_id: str = made.json()["id"]
    return endpoint_id


async def endpoint(office: Office) -> WebhookEndpoint:
    async with office.hub.sessions() as session:
        [found] = await session.scalars(select(WebhookEndpoint))
        return found


async def deliver(office: Office, carrier: WebhookCarrier, clock: ManualClock) -> list[str | None]:
    """One round of the worker: what became of each delivery, None for success."""
    async with office.hub.sessions.begin() as session:
        claimed = await claim(session, clock.now(), 100, LEASE)
    async with office.hub.sessions.begin() as session:
        deliveries = await carrier.promise(session, claimed.items, clock.now())
    carried = await asyncio.gather(*map(carrier.carry, deliveries))
    async with office.hub.sessions.begin() as session:
        await carrier.record(session, carried, clock.now())
    return [one.error for one in carried]


async def next_due(office: Office) -> Any:
    async with office.hub.sessions() as session:
        return await session.scalar(
            text(
                "SELECT min(greatest(run_at, coalesce(probe_at, run_at))) FROM outbox JOIN lanes ON key = lane"
            )
        )


async def test_three_days_of_nothing_but_failures_disable_an_endpoint_with_an_alarm(
    office: Office, carrier: WebhookCarrier, clock: ManualClock
) -> None:
    refused = "http://127.0.0.1:1/hook"
    endpoint_id = await subscribe(office, refused)
    await happened(office, 2)
    began = clock.now()
    tries = 0
    while (await endpoint(office)).active:
        due = await next_due(office)
        assert due is not None, "a delivery was dropped before the endpoint was disabled"
        clock.advance(max(due - clock.now(), timedelta(seconds=1)))
        tries += len(await deliver(office, carrier, clock))

    assert clock.now() - began >= DISABLE_AFTER
    assert clock.now() - began < DISABLE_AFTER + timedelta(hours=3)
    assert tries > 100
    [_, _, event] = await told(office)
    assert event["type"] == "webhook_endpoint.disabled"
    assert event["data"] == {"endpoint_id": endpoint_id}
    assert len(await entries(office, AuditAction.WEBHOOK_DISABLED)) == 1
    await happened(office, 1)
    while await next_due(office) is not None:
        clock.advance(timedelta(hours=1))
        assert await deliver(office, carrier, clock) == [], "what still waits is dropped; /v1/events has it"


async def told(office: Office) -> list[dict[str, Any]]:
    """Three days later the court's client needs a new token."""
    token = await office.court.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, auth=office.secrets["court"]
    )
    office.court.headers["Authorization"] = f"Bearer {token.json()['access_token']}"
    items: list[dict[str, Any]] = (await office.court.get("/v1/events")).json()["items"]
    return items


async def test_one_success_in_between_begins_the_three_days_anew(
    office: Office, carrier: WebhookCarrier, clock: ManualClock
) -> None:
    statuses: Iterator[bytes] = iter([_status(500), OK, _status(500)])

    async def one_each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(next(statuses))
        await writer.drain()

    async with peer(one_each) as there:
        await subscribe(office, there.url)
        await happened(office, 1)
        assert await deliver(office, carrier, clock) == ["status 500"]
        assert (await endpoint(office)).failing_since == clock.now()
        clock.advance(timedelta(hours=50))
        assert await deliver(office, carrier, clock) == [None]
        assert (await endpoint(office)).failing_since is None
        clock.advance(timedelta(hours=50))
        await happened(office, 1)
        assert await deliver(office, carrier, clock) == ["status 500"]
    assert (await endpoint(office)).active


async def test_a_redirect_is_a_failure_and_is_not_followed(
    office: Office, carrier: WebhookCarrier, clock: ManualClock
) -> None:
    async with peer(answering(OK)) as elsewhere:
        moved = b"HTTP/1.1 307 x\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % elsewhere.url.encode()
        async with peer(answering(moved)) as there:
            await subscribe(office, there.url)
            await happened(office, 1)
            assert await deliver(office, carrier, clock) == ["status 307"]
        assert elsewhere.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_by_default_nothing_is_delivered_into_a_private_network_whatever_the_name(
    office: Office, clock: ManualClock, host: str
) -> None:
    careful = WebhookCarrier(
        office.hub.keys.vault, clock, DISABLE_AFTER, WireTransport(address_guard=public_address)
    )
    async with peer(answering(OK)) as there:
        await subscribe(office, f"http://{host}:{there.port}/hook")
        await happened(office, 1)
        assert await deliver(office, careful, clock) == ["AddressRefused"]
        assert there.connections == 0
    await careful.aclose()


async def test_an_endpoint_has_its_own_lane_with_few_places(
    office: Office, carrier: WebhookCarrier, clock: ManualClock
) -> None:
    """So that a slow one holds up nobody else."""
    first = await subscribe(office, "http://127.0.0.1:1/slow")
    await happened(office, 10)
    second = await subscribe(office, "http://127.0.0.1:1/quick", "agency_request.answered")
    await happened(office, 1)

    async with office.hub.sessions.begin() as session:
        claimed = await claim(session, clock.now(), 100, LEASE)

    lanes = Counter(item.lane for item in claimed.items)
    assert lanes == {f"webhook:{first}": 4, f"webhook:{second}": 1}


async def test_a_rotated_secret_signs_beside_the_old_one_until_the_overlap_ends(
    office: Office, carrier: WebhookCarrier, clock: ManualClock
) -> None:
    seen: list[bytes] = []

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head, _ = await read_request(reader)
            seen.append(next(line for line in head.split(b"\r\n") if line.startswith(b"webhook-signature")))
            writer.write(OK)

    async with peer(keep) as there:
        endpoint_id = await subscribe(office, there.url)
        rotation = f"/v1/webhook-endpoints/{endpoint_id}/secret-rotations"
        await office.court.post(rotation, json={"overlap_hours": 1})
        await happened(office, 1)
        assert await deliver(office, carrier, clock) == [None]
        clock.advance(timedelta(hours=1))
        await happened(office, 1)
        assert await deliver(office, carrier, clock) == [None]
    assert [line.count(b"v1,") for line in seen] == [2, 1]


def _status(code: int) -> bytes:
    return b"HTTP/1.1 %d x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % code

"""Events by number, and the endpoints that they are pushed to."""

import base64
from typing import Any

import pytest
from sqlalchemy import select, text

from app.linkage.events import NewEvent, announce
from app.models import WebhookEndpoint
from app.models.outbox import OutboxItem
from app.settings import Settings
from app.vocabulary import EventType
from tests.integration.conftest import Office

URL = "http://127.0.0.1:9/hook"


async def happened(office: Office, how_often: int) -> None:
    async with office.hub.sessions.begin() as session:
        event = NewEvent(office.court_id, EventType.REQUEST_ANSWERED, None, None, {"agency_code": "BANK-ZC"})
        await announce(session, [event] * how_often, office.hub.clock.now())


async def endpoint(office: Office, **changes: Any) -> dict[str, Any]:
    response = await office.court.post("/v1/webhook-endpoints", json={"url": URL} | changes)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


async def queued(office: Office) -> list[OutboxItem]:
    async with office.hub.sessions() as session:
        return list(await session.scalars(select(OutboxItem)))


async def test_events_close_every_gap_by_number(office: Office) -> None:
    await happened(office, 5)
    first = (await office.court.get("/v1/events", params={"limit": 2})).json()
    rest = (await office.court.get("/v1/events", params={"after": first["last"]})).json()
    assert [event["number"] for event in first["items"] + rest["items"]] == [1, 2, 3, 4, 5]
    assert first["items"][0]["type"] == "agency_request.answered"
    nothing_new = (await office.court.get("/v1/events", params={"after": rest["last"]})).json()
    assert nothing_new == {"items": [], "last": 5}


async def test_a_court_sees_its_own_events_only(office: Office) -> None:
    await happened(office, 1)
    assert (await office.other_court.get("/v1/events")).json()["items"] == []


async def test_a_webhook_secret_is_shown_once_and_kept_sealed(office: Office) -> None:
    made = await endpoint(office)
    secret = base64.b64decode(made["secret"].removeprefix("whsec_"))
    assert len(secret) == 32
    read = await office.court.get(f"/v1/webhook-endpoints/{made['id']}")
    listed = await office.court.get("/v1/webhook-endpoints")
    assert "secret" not in read.json()
    assert listed.json()["items"] == [read.json()]
    async with office.hub.sessions() as session:
        stored = (await session.scalars(select(WebhookEndpoint))).one()
    assert office.hub.keys.vault.open(stored.secret, "webhook_endpoints.secret") == secret


async def test_a_secret_rotates_with_overlap(office: Office) -> None:
    made = await endpoint(office)
    path = f"/v1/webhook-endpoints/{made['id']}/secret-rotations"
    rotated = (await office.court.post(path, json={"overlap_hours": 2})).json()
    assert rotated["secret"] != made["secret"]
    assert rotated["previous_secret_until"] == "2026-11-24T10:00:00Z"
    async with office.hub.sessions() as session:
        stored = (await session.scalars(select(WebhookEndpoint))).one()
    assert stored.previous_secret is not None
    before = office.hub.keys.vault.open(stored.previous_secret, "webhook_endpoints.secret")
    assert made["secret"] == f"whsec_{base64.b64encode(before).decode()}"


async def test_a_ping_is_an_event_on_its_way_to_the_endpoint(office: Office) -> None:
    made = await endpoint(office)
    assert (await office.court.post(f"/v1/webhook-endpoints/{made['id']}/pings")).status_code == 202
    (event,) = (await office.court.get("/v1/events")).json()["items"]
    assert (event["type"], event["data"]) == ("webhook_endpoint.pinged", {"endpoint_id": made["id"]})
    (item,) = await queued(office)
    assert (item.lane, str(item.reference)) == (f"webhook:{made['id']}", event["id"])


async def test_an_endpoint_gets_the_events_it_chose(office: Office) -> None:
    made = await endpoint(office, event_types=["agency_request.fell_overdue"])
    await happened(office, 1)
    assert await queued(office) == []
    refused = await office.court.post(f"/v1/webhook-endpoints/{made['id']}/pings")
    assert refused.json()["code"] == "state_forbids"
    await office.court.patch(f"/v1/webhook-endpoints/{made['id']}", json={"event_types": []})
    await happened(office, 1)
    assert len(await queued(office)) == 1


async def test_a_disabled_endpoint_is_enabled_again_by_hand(office: Office) -> None:
    made = await endpoint(office)
    async with office.hub.engine.begin() as connection:
        await connection.execute(
            text("UPDATE webhook_endpoints SET active = false, disabled_at = now(), failing_since = now()")
        )
    enabled = await office.court.patch(f"/v1/webhook-endpoints/{made['id']}", json={"active": True})
    assert enabled.json() | {"active": True, "disabled_at": None, "failing_since": None} == enabled.json()


async def test_a_deleted_endpoint_is_gone_and_its_events_stay(office: Office) -> None:
    made = await endpoint(office)
    await happened(office, 1)
    assert (await office.court.delete(f"/v1/webhook-endpoints/{made['id']}")).status_code == 204
    assert (await office.court.delete(f"/v1/webhook-endpoints/{made['id']}")).status_code == 404
    assert len((await office.court.get("/v1/events")).json()["items"]) == 1


async def test_another_courts_endpoint_is_not_found(office: Office) -> None:
    made = await endpoint(office)
    path = f"/v1/webhook-endpoints/{made['id']}"
    assert (await office.other_court.get(path)).status_code == 404
    assert (await office.other_court.delete(path)).status_code == 404
    assert (await office.other_court.post(f"{path}/pings")).status_code == 404
    assert (await office.court.get(path)).status_code == 200


@pytest.mark.parametrize(
    "url",
    [
        "http://court.example/hook",
        "https://127.0.0.1/hook",
        "https://10.1.2.3/hook",
        "https://169.254.169.254/latest",
        "https://[::1]/hook",
        "https://[::ffff:10.0.0.1]/hook",
        "https://user:secret@court.example/hook",
        "https://court.example/hook#part",
    ],
)
async def test_private_and_plain_addresses_are_refused_in_production(office: Office, url: str) -> None:
    strict = office.hub.settings.model_copy(update={"webhook_private_addresses": False})
    object.__setattr__(office.hub, "settings", strict)
    response = await office.court.post("/v1/webhook-endpoints", json={"url": url})
    assert (response.status_code, response.json()["code"]) == (422, "address_refused")


async def test_an_address_of_another_scheme_is_no_address(office: Office) -> None:
    for url in ("ftp://court.example/x", "file:///etc/passwd", "court.example", "", 5):
        response = await office.court.post("/v1/webhook-endpoints", json={"url": url})
        assert response.json()["errors"][0]["field"] == "/url"


async def test_a_court_has_a_bounded_number_of_endpoints(office: Office) -> None:
    for _ in range(20):
        await endpoint(office)
    response = await office.court.post("/v1/webhook-endpoints", json={"url": URL})
    assert (response.status_code, response.json()["code"]) == (409, "conflict")


def test_private_addresses_need_a_setting() -> None:
    assert Settings.model_validate({}).webhook_private_addresses is False

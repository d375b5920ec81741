"""What an operator does: lanes, dead letters, health, metrics."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from app.clock import ManualClock
from app.models import AgencyRequest
from app.models.agency_request import RequestState
from app.vocabulary import AuditAction
from tests.integration.conftest import OFFICER, Office
from tests.integration.test_api_agencies import registered as registered_agency
from tests.integration.test_api_cases import entries
from tests.integration.test_api_cases import registered as registered_case
from tests.integration.test_api_documents import upload

LANE = "agency:BANK-ZC"


@pytest.fixture
async def order(office: Office) -> str:
    """One asset query for one debtor at one bank, waiting to be sent; its request's id."""
    await registered_agency(office)
    case = await registered_case(office)
    assert (await upload(office, case)).status_code == 201
    response = await office.court.post(
        "/v1/asset-queries",
        json={"case_number": case["case_number"], "officer": OFFICER, "purpose": "查明财产状况"},
    )
    assert response.status_code == 202, response.text
    query = (await office.court.get(response.headers["location"])).json()
    (part,) = query["parts"]
    request_id: str = part["request_id"]
    return request_id


async def request_of(office: Office) -> AgencyRequest:
    async with office.hub.sessions() as session:
        return (await session.scalars(select(AgencyRequest))).one()


async def lane(office: Office) -> dict[str, Any]:
    (found,) = (await office.operator.get("/v1/lanes")).json()["items"]
    view: dict[str, Any] = found
    return view


async def events(office: Office) -> list[str]:
    return [event["type"] for event in (await office.court.get("/v1/events")).json()["items"]]


async def test_a_lane_shows_its_backlog_and_breaker(office: Office, order: str, clock: ManualClock) -> None:
    clock.advance(timedelta(seconds=90))
    view = await lane(office)
    assert (view["key"], view["state"], view["breaker"]) == (LANE, "running", "closed")
    assert (view["ready"], view["dead"], view["backlog_seconds"]) == (1, 0, 90)


async def test_a_lane_is_paused_and_resumed_and_both_are_recorded(office: Office, order: str) -> None:
    assert (await office.operator.post(f"/v1/lanes/{LANE}/pause")).json()["state"] == "paused"
    assert (await office.operator.post(f"/v1/lanes/{LANE}/resume")).json()["state"] == "running"
    recorded = await entries(office, AuditAction.LANE_CHANGED)
    assert [entry.agency_code for entry in recorded] == ["BANK-ZC", "BANK-ZC"]
    assert (await office.operator.post("/v1/lanes/agency:NOBODY/pause")).status_code == 404


async def test_stopping_a_lane_parks_its_requests_and_tells_the_court(office: Office, order: str) -> None:
    stopped = (await office.operator.post(f"/v1/lanes/{LANE}/stop")).json()
    assert (stopped["buried"], stopped["lane"]["state"], stopped["lane"]["dead"]) == (1, "stopped", 1)
    assert (await request_of(office)).state is RequestState.UNDELIVERABLE
    assert await events(office) == ["agency_request.parked"]
    (letter,) = (await office.operator.get("/v1/dead-letters", params={"lane": LANE})).json()["items"]
    assert (letter["reference"], letter["last_error"]) == (order, "lane_stopped")


async def test_a_replayed_letter_that_was_never_sent_is_sent(office: Office, order: str) -> None:
    await office.operator.post(f"/v1/lanes/{LANE}/stop")
    replayed = (await office.operator.post("/v1/dead-letters/replay", json={"lane": LANE})).json()
    assert replayed == {"replayed": 1, "references": [order]}
    assert (await request_of(office)).state is RequestState.QUEUED
    assert (await events(office))[-1] == "agency_request.requeued"
    assert len(await entries(office, AuditAction.REQUEST_REPLAYED)) == 1
    assert (await office.operator.get("/v1/dead-letters")).json()["items"] == []


async def test_a_replayed_letter_that_may_have_arrived_is_asked_about_first(
    office: Office, order: str
) -> None:
    await office.operator.post(f"/v1/lanes/{LANE}/stop")
    async with office.hub.sessions.begin() as session:
        await session.execute(update(AgencyRequest).values(times_sent=1))
    await office.operator.post("/v1/dead-letters/replay", json={})
    assert (await request_of(office)).state is RequestState.UNKNOWN


async def test_only_what_fits_the_filter_is_replayed(office: Office, order: str) -> None:
    await office.operator.post(f"/v1/lanes/{LANE}/stop")
    others: tuple[dict[str, Any], ...] = (
        {"lane": "agency:OTHER"},
        {"kind": "webhook"},
        {"error_prefix": "time"},
        {"ids": []},
        {"died_before": "2020-01-01T00:00:00Z"},
    )
    for other in others:
        replayed = await office.operator.post("/v1/dead-letters/replay", json=other)
        assert replayed.json()["replayed"] == 0, other


async def test_dead_letters_are_paged(office: Office, order: str) -> None:
    async with office.hub.engine.begin() as connection:
        await connection.execute(
            text("""
                INSERT INTO outbox (lane, kind, reference, subject, share, turn, priority, state, run_at,
                                    attempts, forgiven, last_error, created_at, died_at)
                SELECT 'agency:BANK-ZC', 'webhook', gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), n, 2,
                       'dead', now(), 1, 0, 'time-out', now(), now() FROM generate_series(1, 5) AS n
            """)
        )
    first = (await office.operator.get("/v1/dead-letters", params={"limit": 3})).json()
    rest = (await office.operator.get("/v1/dead-letters", params={"limit": 3, "after": first["next"]})).json()
    ids = [letter["id"] for letter in first["items"] + rest["items"]]
    assert len(set(ids)) == 5
    assert rest["next"] is None
    for cursor in ("AAAA", "_" * 20, "x"):
        response = await office.operator.get("/v1/dead-letters", params={"after": cursor})
        assert response.status_code in {200, 422}


async def test_a_ready_process_says_so(office: Office) -> None:
    assert (await office.stranger.get("/livez")).json() == {"status": "ok"}
    response = await office.stranger.get("/readyz")
    assert (response.status_code, response.json()) == (
        200,
        {"status": "ok", "database": "ok", "schema_revision": "ok", "audit": "ok"},
    )


async def test_another_schema_revision_is_not_ready(office: Office) -> None:
    async with office.hub.engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    response = await office.stranger.get("/readyz")
    assert (response.status_code, response.json()["schema_revision"]) == (503, "failed")


async def test_a_late_audit_log_is_shown_and_does_not_stop_the_service(
    office: Office, clock: ManualClock
) -> None:
    clock.advance(timedelta(minutes=2))
    response = await office.stranger.get("/readyz")
    assert (response.status_code, response.json()["audit"]) == (200, "lagging")


async def test_metrics_tell_of_lanes_audit_and_traffic(office: Office, order: str) -> None:
    scrape = (await office.stranger.get("/metrics")).text
    assert 'liandong_lane_items{lane="agency:BANK-ZC",state="ready"} 1.0' in scrape
    assert 'liandong_lane_breaker{lane="agency:BANK-ZC",state="closed"} 1.0' in scrape
    assert "liandong_audit_waiting" in scrape
    assert (
        'liandong_http_request_seconds_count{method="POST",route="/v1/asset-queries",status="202"}' in scrape
    )
    for personal in ("谢", "执1352", "11010519491231002X"):
        assert personal not in scrape

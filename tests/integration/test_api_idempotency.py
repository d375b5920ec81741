"""P2: same key from the same court, same answer. The judge is the client that sends, and the table it fills."""

import asyncio
import hashlib
from collections import Counter
from typing import Any

import httpx
from sqlalchemy import func, select, text

from app.models import Case, Document, IdempotencyKey
from tests.integration.conftest import Office
from tests.integration.test_api_cases import a_case, count, registered


async def post(client: httpx.AsyncClient, key: str, **changes: Any) -> httpx.Response:
    return await client.post("/v1/cases", json=a_case(**changes), headers={"Idempotency-Key": key})


async def test_the_same_key_gets_the_same_status_body_and_location(office: Office) -> None:
    first = await post(office.court, "key-1")
    again = await post(office.court, "key-1")
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert first.headers["location"] == again.headers["location"]
    assert await count(office, Case) == 1


async def test_another_payload_under_a_used_key_is_refused(office: Office) -> None:
    await post(office.court, "key-1")
    other = await post(office.court, "key-1", cause="买卖合同纠纷")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    elsewhere = await office.court.post(
        "/v1/webhook-endpoints", json={"url": "http://127.0.0.1/x"}, headers={"Idempotency-Key": "key-1"}
    )
    assert elsewhere.json()["code"] == "idempotency_mismatch"


async def test_another_courts_key_leaks_nothing(office: Office) -> None:
    await post(office.court, "key-1")
    other = await post(office.other_court, "key-1")
    assert (
        other.json()["code"] == "case_number_malformed"
    )  # judged by itself: the number is not of that court


async def test_a_refusal_is_not_remembered(office: Office) -> None:
    refused = await post(office.court, "key-1", officer="nobody")
    assert refused.json()["code"] == "officer_unknown"
    assert (await post(office.court, "key-1")).status_code == 201


async def test_of_64_concurrent_posts_of_one_key_one_takes_effect(office: Office) -> None:
    responses = await asyncio.gather(*(post(office.court, "key-1") for _ in range(64)))
    statuses = Counter(response.status_code for response in responses)
    created = {response.content for response in responses if response.status_code == 201}
    assert set(statuses) <= {201, 409}
    assert statuses[201] >= 1
    assert len(created) == 1
    for response in responses:
        if response.status_code == 409:
            assert response.json()["code"] == "idempotency_in_progress"
            assert response.headers["retry-after"] == "1"
    assert await count(office, Case) == 1
    assert (await post(office.court, "key-1")).content in created


async def test_a_key_whose_first_request_still_runs_is_in_progress(office: Office) -> None:
    scope, key = office.court_id, "key-1"
    lock = int.from_bytes(hashlib.sha256(scope.bytes + key.encode()).digest()[:8], signed=True)
    async with office.hub.engine.begin() as other_request:
        await other_request.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})
        response = await post(office.court, key)
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_in_progress")
    assert (await post(office.court, key)).status_code == 201


async def test_a_failed_commit_leaves_the_key_free(office: Office) -> None:
    async with office.hub.engine.begin() as connection:
        await connection.execute(
            text("ALTER TABLE idempotency_keys ADD CONSTRAINT full_up CHECK (status > 999)")
        )
    assert (await post(office.court, "key-1")).status_code == 500
    assert await count(office, Case) == 0
    async with office.hub.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE idempotency_keys DROP CONSTRAINT full_up"))
    assert (await post(office.court, "key-1")).status_code == 201


async def test_a_key_is_plain_printable_text(office: Office) -> None:
    for wrong in ("", "x" * 256, "with space", "\x7f"):
        response = await post(office.court, wrong)
        assert (response.status_code, response.json()["errors"][0]["in"]) == (422, "header"), wrong


async def test_answers_are_remembered_sealed(office: Office) -> None:
    response = await office.administrator.post(
        "/v1/clients", json={"name": "x", "role": "auditor"}, headers={"Idempotency-Key": "key-1"}
    )
    again = await office.administrator.post(
        "/v1/clients", json={"name": "x", "role": "auditor"}, headers={"Idempotency-Key": "key-1"}
    )
    assert response.json()["client_secret"] == again.json()["client_secret"]
    async with office.hub.sessions() as session:
        stored = (await session.scalars(select(IdempotencyKey))).one()
    assert response.json()["client_secret"].encode() not in stored.body


async def test_a_multipart_body_sent_again_may_draw_another_boundary(office: Office) -> None:
    case = await registered(office)
    answers = [
        await office.court.post(
            f"/v1/cases/{case['id']}/documents",
            data={"kind": "ruling", "title": "裁定书", "document_number": "1", "issued_on": "2018-03-05"},
            files={"file": ("a.pdf", b"%PDF-1.7 invented", "application/pdf")},
            headers={
                "Idempotency-Key": "key-1",
                "content-type": f"multipart/form-data; boundary={boundary}",
            },
        )
        for boundary in ("one", "two")
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    async with office.hub.sessions() as session:
        assert await session.scalar(select(func.count()).select_from(Document)) == 1

"""The edge: one transaction for one request, problems for everything that goes wrong, and bodies that are too much."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import uvicorn
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from starlette.requests import Request

from app.models import Case
from tests.integration.conftest import Office
from tests.integration.test_api_cases import a_case, a_party, count

JSON = {"content-type": "application/json"}


def check_problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["type"] == f"urn:liandong:problem:{code}"
    assert problem["title"]
    assert problem["title_zh"]
    assert problem["status"] == status
    assert problem["correlation_id"] == response.headers["x-correlation-id"]
    return problem


@pytest.fixture
async def broken_commits(office: Office) -> None:
    """Whatever is written to `cases` fails when it is committed, not before."""
    async with office.hub.engine.begin() as connection:
        await connection.execute(
            text("""
                CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$
            """)
        )
        await connection.execute(
            text("""
                CREATE CONSTRAINT TRIGGER fails_at_commit AFTER INSERT ON cases
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()
            """)
        )


async def test_a_failed_commit_is_a_500_and_not_a_201(office: Office, broken_commits: None) -> None:
    response = await office.court.post("/v1/cases", json=a_case())
    problem = check_problem(response, 500, "internal_error")
    assert "disk" not in response.text
    assert "Traceback" not in response.text
    assert problem["detail"] == ""
    assert await count(office, Case) == 0


async def test_no_audit_entry_no_deed(office: Office) -> None:
    await office.court.get("/v1/cases")  # with a token that is recorded, too
    async with office.hub.engine.begin() as connection:
        await connection.execute(
            text("ALTER TABLE audit_unsequenced ADD CONSTRAINT full_up CHECK (false) NOT VALID")
        )
    check_problem(await office.court.post("/v1/cases", json=a_case()), 500, "internal_error")
    assert await count(office, Case) == 0


async def test_nothing_personal_of_a_failure_is_logged(
    capsys: pytest.CaptureFixture[str], office: Office, broken_commits: None
) -> None:
    await office.court.post("/v1/cases", json=a_case())
    logged = capsys.readouterr().err
    failure = next(json.loads(line) for line in logged.splitlines() if "http.failed" in line)
    assert failure["error"][0].startswith("sqlalchemy.")
    assert failure["correlation_id"]
    for personal in ("谢成林", "11010519491231002X", "执1352", "disk is full"):
        assert personal not in logged


async def test_an_unreachable_database_asks_to_send_again(office: Office) -> None:
    @office.app.get("/away")
    async def away() -> None:
        raise OperationalError("SELECT", {}, Exception("server closed the connection"))

    response = await office.stranger.get("/away")
    check_problem(response, 503, "unavailable")
    assert response.headers["retry-after"] == "5"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a": 1} x',
        b"\xff\xfe{}",
        '{"reason": "é"}'.encode("latin-1"),
        b'{"reason": "a", "reason": "b"}',
        b'{"reason": NaN}',
        b'{"reason": -Infinity}',
        b'{"reason": 1e999}',
        b'{"reason": "\\u0000"}',
        b'{"reason": "\\ud800"}',
        b'{"\\u0000": 1}',
        b'{"reason": ' + b"9" * 5000 + b"}",
        b'{"reason": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"reason": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001,
        b"[]",
        b'"text"',
        b"null",
    ],
)
async def test_a_hostile_body_is_a_4xx_and_never_a_500(office: Office, body: bytes) -> None:
    response = await office.administrator.post("/v1/courts", content=body, headers=JSON)
    assert response.status_code in {400, 422}
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] in {"malformed_json", "invalid_body"}


async def test_an_escaped_backslash_before_u0000_is_plain_text(office: Office) -> None:
    body = b'{"code": "\\u8c6b1499", "name": "\\\\u0000"}'
    response = await office.administrator.post("/v1/courts", content=body, headers=JSON)
    assert response.status_code == 201
    assert response.json()["name"] == "\\u0000"


async def test_nul_in_an_address_leads_nowhere(office: Office) -> None:
    check_problem(await office.court.get("/v1/cases?officer=%00"), 422, "invalid_body")
    check_problem(await office.court.get("/v1/agencies/%00"), 404, "not_found")


async def test_other_media_types_are_not_taken(office: Office) -> None:
    for given in ("text/plain", "application/xml", "multipart/form-data; boundary=x", "application/jsonp"):
        response = await office.court.post("/v1/cases", content=b"{}", headers={"content-type": given})
        check_problem(response, 415, "unsupported_media_type")
    check_problem(await office.court.post("/v1/cases", content=b"{}"), 415, "unsupported_media_type")


async def test_what_is_not_there_is_a_problem_too(office: Office) -> None:
    check_problem(await office.court.get("/v1/nothing"), 404, "not_found")
    check_problem(await office.court.get("/v1/cases/"), 404, "not_found")
    wrong = await office.court.put("/v1/cases")
    check_problem(wrong, 405, "method_not_allowed")
    assert wrong.headers["allow"]


async def test_errors_name_their_part_of_the_request(office: Office) -> None:
    response = await office.court.get("/v1/cases?limit=9999&opened_from=yesterday")
    problem = check_problem(response, 422, "invalid_body")
    assert {(error["in"], error["field"]) for error in problem["errors"]} == {
        ("query", "/limit"),
        ("query", "/opened_from"),
    }
    path = await office.court.get("/v1/cases/not-a-uuid")
    assert path.json()["errors"][0] | {} == {
        "in": "path",
        "field": "/case_id",
        "code": "uuid_parsing",
        "en": "must be a UUID",
        "zh": "须为 UUID",
    }


async def test_a_refusal_never_repeats_a_value(office: Office) -> None:
    secret = "11010519491231002Y"
    wrong = a_case(claim_amount=secret, officer={"x": secret}, parties=[a_party(role=secret, name=[secret])])
    response = await office.court.post("/v1/cases", json=wrong)
    assert len(check_problem(response, 422, "invalid_body")["errors"]) == 4
    assert secret not in response.text


async def test_a_declared_body_of_100_mb_is_refused_unread(office: Office) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 65536

    headers = JSON | {"content-length": str(100 * 1024 * 1024)}
    response = await office.court.post("/v1/cases", content=endless(), headers=headers)
    check_problem(response, 413, "body_too_large")
    assert read <= 1
    assert response.headers["connection"] == "close"


async def test_on_a_real_socket_100_mb_are_refused_after_the_head(office: Office) -> None:
    server = uvicorn.Server(
        uvicorn.Config(office.app, port=0, lifespan="off", access_log=False, log_config=None)
    )
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers nothing to wait for
        await asyncio.sleep(0.01)
    reader, writer = await asyncio.open_connection(*server.servers[0].sockets[0].getsockname())
    writer.write(b"POST /v1/cases HTTP/1.1\r\nhost: hub\r\ncontent-type: application/json\r\n")
    writer.write(b"content-length: 104857600\r\n\r\n" + b"x" * 65536)
    answer = await asyncio.wait_for(reader.read(), 5)  # to the end: the connection is closed
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"body_too_large"' in answer
    writer.close()
    server.should_exit = True
    await serving


async def test_a_chunked_body_is_refused_when_it_has_grown_too_large(office: Office) -> None:
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1600):
            sent += 65536
            yield b"x" * 65536

    response = await office.court.post("/v1/cases", content=chunks(), headers=JSON)
    check_problem(response, 413, "body_too_large")
    assert sent <= office.hub.settings.max_body_bytes + 2 * 65536


async def test_a_harmless_correlation_id_is_kept_and_another_replaced(office: Office) -> None:
    kept = await office.court.get("/v1/cases", headers={"x-correlation-id": "court-42.a_b"})
    assert kept.headers["x-correlation-id"] == "court-42.a_b"
    for wrong in ("short", "x" * 65, "with space", 'quote"quote', "<script>alert</script>"):
        response = await office.court.get("/v1/cases", headers={"x-correlation-id": wrong})
        assert response.headers["x-correlation-id"] != wrong


async def test_each_request_is_one_line_of_json_without_ids(
    capsys: pytest.CaptureFixture[str], office: Office
) -> None:
    await office.court.get("/v1/cases")
    capsys.readouterr()
    await office.court.get("/v1/cases/0199e0a2-b7c4-7f0e-8d5c-6a1b2c3d4e5f?officer=secret")
    (line,) = [json.loads(text) for text in capsys.readouterr().err.splitlines()]
    assert line["event"] == "http.request"
    assert (line["method"], line["route"], line["status"]) == ("GET", "/v1/cases/{case_id}", 404)
    assert line["client"].startswith("court-")
    assert "0199e0a2" not in json.dumps(line)
    assert "secret" not in json.dumps(line)


async def test_what_nobody_caught_is_a_500_with_a_correlation_id(office: Office) -> None:
    @office.app.get("/broken")
    async def broken(request: Request) -> None:
        raise RuntimeError(f"secret of {request.url}")

    response = await office.stranger.get("/broken")
    check_problem(response, 500, "internal_error")
    assert "secret" not in response.text


async def test_the_bell_is_rung_after_the_commit_and_only_when_something_was_put(office: Office) -> None:
    rung = []
    hub = office.hub
    bell = hub.bell
    ring, bell.ring = bell.ring, lambda: rung.append(1)  # type: ignore[method-assign]
    try:
        await office.court.post("/v1/cases", json=a_case())
        assert rung == []
        endpoint = await office.court.post("/v1/webhook-endpoints", json={"url": "http://127.0.0.1:9/hook"})
        await office.court.post(f"/v1/webhook-endpoints/{endpoint.json()['id']}/pings")
        assert rung == [1]
    finally:
        bell.ring = ring  # type: ignore[method-assign]

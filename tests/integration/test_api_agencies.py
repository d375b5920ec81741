"""Agencies administered over HTTP: a new one that speaks a known protocol is one call."""

import asyncio
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select

from app.adapters.signatures import RequestParts, ResponseParts, SigningKey, new_nonce, sign_response
from app.ids import new_id
from app.linkage.querying import agency_lane
from app.models import Agency
from app.models.outbox import Lane
from app.vocabulary import AuditAction
from tests.integration.conftest import Office
from tests.integration.peers import peer, read_request
from tests.integration.test_api_cases import entries


def pem(private_key: Any) -> str:
    public_key = private_key.public_key()
    text: str = public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return text


def an_agency(**changes: Any) -> dict[str, Any]:
    return {
        "code": "BANK-ZC",
        "name": "柘城农商银行",
        "kind": "bank",
        "settings": {"endpoint": "http://127.0.0.1:9/liandong"},
        "keys": [{"key_id": "bank-zc-1", "public_key": pem(Ed25519PrivateKey.generate())}],
        **changes,
    }


async def registered(office: Office, **changes: Any) -> dict[str, Any]:
    response = await office.administrator.post("/v1/agencies", json=an_agency(**changes))
    assert response.status_code == 201, response.text
    agency: dict[str, Any] = response.json()
    return agency


async def lane(office: Office) -> Lane:
    async with office.hub.sessions() as session:
        return (await session.scalars(select(Lane).where(Lane.key == agency_lane("BANK-ZC")))).one()


async def test_an_agency_is_registered_with_its_lane_and_keys(office: Office) -> None:
    agency = await registered(
        office, settings={"endpoint": "http://127.0.0.1:9/", "limits": {"concurrency": 3}}
    )
    assert (agency["dialect"], agency["transport"], agency["version"]) == ("liandong-1", "http", 1)
    assert agency["settings"]["deadlines"]["answer_hours"] == 24
    assert (await lane(office)).concurrency == 3
    (key,) = (await office.operator.get("/v1/agencies/BANK-ZC/keys")).json()["items"]
    assert (key["key_id"], key["algorithm"], key["revoked_at"]) == ("bank-zc-1", "ed25519", None)
    (entry,) = await entries(office, AuditAction.AGENCY_CHANGED)
    assert entry.agency_code == "BANK-ZC"


async def test_a_court_sees_whom_it_can_ask_but_no_settings(office: Office) -> None:
    await registered(office)
    (listed,) = (await office.court.get("/v1/agencies")).json()["items"]
    assert listed == {
        "code": "BANK-ZC",
        "name": "柘城农商银行",
        "kind": "bank",
        "capabilities": ["asset_query"],
        "active": True,
    }
    assert (await office.court.get("/v1/agencies/BANK-ZC")).status_code == 403


async def test_a_code_and_a_key_id_are_given_once(office: Office) -> None:
    await registered(office)
    taken = await office.administrator.post("/v1/agencies", json=an_agency(keys=[]))
    assert (taken.status_code, taken.json()["errors"][0]["field"]) == (409, "/code")
    key = await office.administrator.post("/v1/agencies", json=an_agency(code="BANK-2"))
    assert (key.status_code, key.json()["errors"][0]["field"]) == (409, "/keys/0/key_id")
    async with office.hub.sessions() as session:
        assert len((await session.scalars(select(Agency))).all()) == 1


async def test_every_fault_of_the_settings_is_said(office: Office) -> None:
    wrong = an_agency(
        dialect="nobody-1",
        transport="pigeon",
        settings={
            "endpoint": "http://127.0.0.1:9/",
            "deadlines": {"answer_hours": 1, "remind_hours": 2, "give_up_hours": 3},
            "client_certificate": "../development-keys.json",
        },
    )
    response = await office.administrator.post("/v1/agencies", json=wrong)
    assert (response.status_code, response.json()["code"]) == (422, "agency_settings_invalid")
    assert [error["field"] for error in response.json()["errors"]] == [
        "/dialect",
        "/transport",
        "/settings/deadlines",
        "/settings/client_certificate",
    ]


async def test_a_setting_out_of_range_is_named_by_its_pointer(office: Office) -> None:
    settings = {"endpoint": "http://127.0.0.1:9/", "limits": {"concurrency": 0, "per_secnd": 5}}
    response = await office.administrator.post("/v1/agencies", json=an_agency(settings=settings))
    assert {error["field"] for error in response.json()["errors"]} == {
        "/settings/limits/concurrency",
        "/settings/limits/per_secnd",
    }


async def test_a_change_raises_the_version_and_reaches_the_lane(office: Office) -> None:
    await registered(office)
    settings = {"endpoint": "http://127.0.0.1:10/", "limits": {"concurrency": 7, "per_second": 2.5}}
    response = await office.administrator.patch(
        "/v1/agencies/BANK-ZC", json={"settings": settings, "active": False}
    )
    assert response.json()["version"] == 2
    assert response.json()["active"] is False
    changed = await lane(office)
    assert (changed.concurrency, changed.per_second) == (7, 2.5)
    unknown = await office.administrator.patch("/v1/agencies/NOBODY", json={"active": True})
    assert unknown.status_code == 404


async def test_a_wrong_change_changes_nothing(office: Office) -> None:
    await registered(office)
    response = await office.administrator.patch(
        "/v1/agencies/BANK-ZC", json={"name": "新名", "dialect": "nobody-1"}
    )
    assert response.json()["code"] == "agency_settings_invalid"
    agency = (await office.administrator.get("/v1/agencies/BANK-ZC")).json()
    assert (agency["name"], agency["version"]) == ("柘城农商银行", 1)


async def test_keys_overlap_while_they_rotate_and_a_revoked_one_stays_revoked(office: Office) -> None:
    await registered(office)
    added = await office.administrator.post(
        "/v1/agencies/BANK-ZC/keys",
        json={"key_id": "bank-zc-2", "public_key": pem(generate_private_key(SECP256R1()))},
    )
    assert added.json()["algorithm"] == "ecdsa-p256-sha256"
    revoked = await office.administrator.post("/v1/agencies/BANK-ZC/keys/bank-zc-1/revocation")
    assert revoked.json()["revoked_at"] == "2026-11-24T08:00:00Z"
    again = await office.administrator.post("/v1/agencies/BANK-ZC/keys/bank-zc-1/revocation")
    assert (again.status_code, again.json()["code"]) == (409, "state_forbids")
    keys = (await office.operator.get("/v1/agencies/BANK-ZC/keys")).json()["items"]
    assert [key["revoked_at"] is None for key in keys] == [False, True]
    assert (await office.administrator.get("/v1/agencies/BANK-ZC")).json()["version"] == 3


@pytest.mark.parametrize(
    "public_key",
    [
        "x" * 44,
        "A" * 44 + "=",
        pem(generate_private_key(SECP384R1())),
        "-----BEGIN PUBLIC KEY-----" + "A" * 40,
    ],
)
async def test_a_key_of_another_kind_is_refused(office: Office, public_key: str) -> None:
    await registered(office)
    response = await office.administrator.post(
        "/v1/agencies/BANK-ZC/keys", json={"key_id": "bank-zc-2", "public_key": public_key}
    )
    assert (response.status_code, response.json()["code"]) == (422, "agency_settings_invalid")
    assert response.json()["errors"][0]["field"] == "/public_key"


async def test_a_silent_address_is_reported_as_unreachable_in_words(office: Office) -> None:
    await registered(office, active=False)
    response = await office.operator.post("/v1/agencies/BANK-ZC/connection-test")
    assert response.status_code == 200
    report = response.json()
    assert report["finding"] == "unreachable"
    assert report["encrypted"] is False
    assert report["zh"].startswith("无法建立连接")
    (entry,) = await entries(office, AuditAction.AGENCY_TESTED)
    assert b"unreachable" in entry.body
    assert (await office.operator.post("/v1/agencies/NOBODY/connection-test")).status_code == 404


class Registry:
    """A small agency on a real socket that knows no request, and signs with the key it was given."""

    def __init__(self, key: Ed25519PrivateKey, office: Office) -> None:
        self.key = SigningKey("bank-zc-1", key)
        self.now = office.hub.clock.now()
        self.status = 200
        self.body: bytes | None = None

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head, body = await read_request(reader)
        first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        headers = [(name.encode(), value.encode()) for name, value in (line.split(": ", 1) for line in lines)]
        uri = f"http://{dict(headers)[b'host'].decode()}{first.split()[1]}"
        request = RequestParts("POST", uri, headers, body)
        answer = ResponseParts(self.status, [(b"content-type", b"application/json")], self._report(body))
        fields = [*answer.headers, *sign_response(answer, request, self.key, self.now, new_nonce())]
        writer.write(b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n" % (self.status, len(answer.body)))
        writer.write(b"".join(b"%b: %b\r\n" % line for line in fields) + b"\r\n" + answer.body)
        await writer.drain()

    def _report(self, body: bytes) -> bytes:
        if self.body is not None:
            return self.body
        asked = json.loads(body)["request_id"]
        return json.dumps(
            {
                "protocol": "liandong/1",
                "type": "status_report",
                "message_id": str(new_id()),
                "request_id": asked,
                "status": "unknown_request",
            }
        ).encode()


async def found(office: Office, registry: Registry, key: Ed25519PrivateKey) -> dict[str, Any]:
    async with peer(registry.handle) as there:
        await registered(
            office,
            settings={"endpoint": there.url},
            keys=[{"key_id": "bank-zc-1", "public_key": pem(key), "not_before": "2020-01-01T00:00:00Z"}],
        )
        response = await office.operator.post("/v1/agencies/BANK-ZC/connection-test")
    assert response.status_code == 200, response.text
    report: dict[str, Any] = response.json()
    return report


async def test_an_agency_that_answers_and_signs_is_well(office: Office) -> None:
    key = Ed25519PrivateKey.generate()
    report = await found(office, Registry(key, office), key)
    assert (report["finding"], report["reason"]) == ("well", "")
    assert report["latency_ms"] > 0


async def test_a_signature_of_another_key_is_said(office: Office) -> None:
    report = await found(office, Registry(Ed25519PrivateKey.generate(), office), Ed25519PrivateKey.generate())
    assert report["finding"] == "answer_not_signed"


@pytest.mark.parametrize(
    ("status", "body", "finding"),
    [
        (401, b"{}", "refused"),
        (503, b"{}", "agency_busy"),
        (200, b'{"hello": 1}', "answer_not_understood"),
    ],
)
async def test_what_an_agency_does_wrong_is_said(
    office: Office, status: int, body: bytes, finding: str
) -> None:
    key = Ed25519PrivateKey.generate()
    registry = Registry(key, office)
    registry.status, registry.body = status, body
    assert (await found(office, registry, key))["finding"] == finding


async def test_a_peer_that_hangs_up_has_not_answered(office: Office) -> None:
    key = Ed25519PrivateKey.generate()
    registry = Registry(key, office)

    async def hang_up(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await read_request(reader)

    registry.handle = hang_up  # type: ignore[method-assign,assignment]
    assert (await found(office, registry, key))["finding"] == "no_answer"

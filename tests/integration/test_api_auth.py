"""Tokens: how they are got, how long they are good, and how soon a right that was taken away is gone."""

from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey
from sqlalchemy import select

from app.api.identities import MEMORY
from app.clock import ManualClock
from app.models.audit import AuditEntry
from app.vocabulary import AuditAction
from tests.integration.conftest import Office

GRANT = {"grant_type": "client_credentials"}


async def actions(office: Office, action: AuditAction) -> list[str]:
    async with office.hub.sessions() as session:
        return list(
            await session.scalars(
                select(AuditEntry.actor_id).where(AuditEntry.action == action).order_by(AuditEntry.entry_id)
            )
        )


async def test_a_token_is_issued_for_basic_and_for_form_credentials(office: Office) -> None:
    client_id, secret = office.secrets["court"]
    basic = await office.stranger.post("/oauth/token", data=GRANT, auth=(client_id, secret))
    form = await office.stranger.post(
        "/oauth/token", data=GRANT | {"client_id": client_id, "client_secret": secret}
    )
    for response in (basic, form):
        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
        token = response.json()
        assert (token["token_type"], token["expires_in"], token["scope"]) == ("Bearer", 900, "court")
        authorization = {"Authorization": f"Bearer {token['access_token']}"}
        assert (await office.stranger.get("/v1/cases", headers=authorization)).status_code == 200
    assert client_id in await actions(office, AuditAction.TOKEN_ISSUED)


@pytest.mark.parametrize(
    "header",
    ["Basic", "Basic !!!", "Basic Og==", "Bearer x", "Basic w7w6w7w=", "Basic AGE6AGI=", ""],
)
async def test_anything_but_right_credentials_is_invalid_client(office: Office, header: str) -> None:
    response = await office.stranger.post("/oauth/token", data=GRANT, headers={"Authorization": header})
    assert response.status_code == 401
    assert response.json()["error"] == "invalid_client"
    assert response.headers["www-authenticate"].startswith("Basic")


async def test_a_wrong_secret_is_refused_and_recorded_under_the_clients_name(office: Office) -> None:
    client_id, _ = office.secrets["court"]
    await office.stranger.post("/oauth/token", data=GRANT, auth=(client_id, "wrong"))
    await office.stranger.post("/oauth/token", data=GRANT, auth=("谢成林".encode(), b"wrong"))
    await office.stranger.post("/oauth/token", data=GRANT, auth=("hunter2", "wrong"))
    assert await actions(office, AuditAction.TOKEN_REFUSED) == [client_id, "unknown", "unknown"]


async def test_another_grant_is_refused(office: Office) -> None:
    response = await office.stranger.post("/oauth/token", data={"grant_type": "password"})
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "/grant_type")


async def test_guessing_is_braked_for_a_minute(office: Office, clock: ManualClock) -> None:
    client_id, secret = office.secrets["court"]
    for _ in range(10):
        await office.stranger.post("/oauth/token", data=GRANT, auth=(client_id, "wrong"))
    braked = await office.stranger.post("/oauth/token", data=GRANT, auth=(client_id, secret))
    assert (braked.status_code, braked.json()["code"]) == (429, "rate_limited")
    assert braked.headers["retry-after"] == "60"
    neighbour = await office.stranger.post("/oauth/token", data=GRANT, auth=office.secrets["auditor"])
    assert neighbour.status_code == 200
    clock.advance(timedelta(minutes=1))
    again = await office.stranger.post("/oauth/token", data=GRANT, auth=(client_id, secret))
    assert again.status_code == 200


async def test_a_token_ends_with_its_time(office: Office, clock: ManualClock) -> None:
    await office.court.get("/v1/cases")
    clock.advance(timedelta(minutes=14, seconds=50))
    assert (await office.court.get("/v1/cases")).status_code == 200
    clock.advance(timedelta(seconds=10) + MEMORY)
    response = await office.court.get("/v1/cases")
    assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_a_forged_token_is_refused(office: Office) -> None:
    sent = (await office.court.get("/v1/cases")).request
    genuine = sent.headers["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(genuine, office.hub.tokens._key, algorithms=["Ed25519"]).claims
    stranger = OKPKey.generate_key("Ed25519")
    head, body, signature = genuine.split(".")
    forged = [
        "",
        "x",
        "a.b.c",
        genuine[:-4] + "AAAA",
        f"{head}.{body}.",
        f"eyJhbGciOiJub25lIn0.{body}.",
        f"{head}.{body[:-2]}AA.{signature}",
        jwt.encode({"alg": "Ed25519"}, claims, stranger, algorithms=["Ed25519"]),
        jwt.encode({"alg": "HS256"}, claims, OctKey.import_key("x" * 32)),
        jwt.encode({"alg": "Ed25519"}, claims | {"aud": "another"}, office.hub.tokens._key, algorithms=["Ed25519"]),
        jwt.encode({"alg": "Ed25519"}, claims | {"sub": "x"}, office.hub.tokens._key, algorithms=["Ed25519"]),
        jwt.encode({"alg": "Ed25519"}, {"sub": claims["sub"]}, office.hub.tokens._key, algorithms=["Ed25519"]),
    ]  # fmt: skip
    for token in forged:
        response = await office.stranger.get("/v1/cases", headers={"Authorization": f"Bearer {token}"})
        assert response.status_code == 401, token


async def test_a_deactivated_client_is_refused_within_a_minute(office: Office, clock: ManualClock) -> None:
    assert (await office.court.get("/v1/cases")).status_code == 200
    clients = (await office.administrator.get("/v1/clients")).json()["items"]
    mine = next(client for client in clients if client["client_id"] == office.secrets["court"][0])
    await office.administrator.patch(f"/v1/clients/{mine['id']}", json={"active": False})
    clock.advance(timedelta(seconds=30))
    assert (await office.court.get("/v1/cases")).status_code == 401
    token = await office.stranger.post("/oauth/token", data=GRANT, auth=office.secrets["court"])
    assert token.status_code == 401


async def test_a_deactivated_court_is_refused_within_a_minute(office: Office, clock: ManualClock) -> None:
    assert (await office.court.get("/v1/cases")).status_code == 200
    await office.administrator.patch(f"/v1/courts/{office.court_id}", json={"active": False})
    clock.advance(timedelta(seconds=30))
    assert (await office.court.get("/v1/cases")).status_code == 401
    assert (await office.other_court.get("/v1/cases")).status_code == 200


async def test_secrets_rotate_with_overlap(office: Office, clock: ManualClock) -> None:
    clients = (await office.administrator.get("/v1/clients")).json()["items"]
    mine = next(client for client in clients if client["client_id"] == office.secrets["court"][0])
    assert "client_secret" not in mine
    rotation = await office.administrator.post(
        f"/v1/clients/{mine['id']}/secret-rotations", json={"overlap_hours": 0}
    )
    first = (mine["client_id"], rotation.json()["client_secret"])
    old = await office.stranger.post("/oauth/token", data=GRANT, auth=office.secrets["court"])
    assert old.status_code == 401  # no overlap was asked for
    rotation = await office.administrator.post(f"/v1/clients/{mine['id']}/secret-rotations", json={})
    second = (mine["client_id"], rotation.json()["client_secret"])
    for credentials in (first, second):
        response = await office.stranger.post("/oauth/token", data=GRANT, auth=credentials)
        assert response.status_code == 200
    clock.advance(timedelta(hours=24))
    assert (await office.stranger.post("/oauth/token", data=GRANT, auth=first)).status_code == 401
    assert (await office.stranger.post("/oauth/token", data=GRANT, auth=second)).status_code == 200


async def test_a_court_client_needs_a_court_and_an_operator_has_none(office: Office) -> None:
    for wrong in (
        {"name": "x"},
        {"name": "x", "court_id": "0199e0a2-b7c4-7f0e-8d5c-6a1b2c3d4e5f"},
        {"name": "x", "role": "operator", "court_id": str(office.court_id)},
    ):
        response = await office.administrator.post("/v1/clients", json=wrong)
        assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "/court_id")

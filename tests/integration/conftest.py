"""A hub in this process, on a database of the test's own, with a client of every role.

- `clock`   stands still until a test moves it
- `office`  the hub, two courts with an officer each, and HTTP clients that hold valid tokens

Requests go through the whole application, its middleware included, by ASGI; what needs a socket opens one itself.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from app.api.hub import Hub, open_hub
from app.clock import ManualClock
from app.ids import new_id
from app.linkage.callers import Caller
from app.linkage.clients import NewClient, create_client
from app.linkage.courts import NewCourt, NewOfficer, create_court, enrol_officer
from app.logs import configure_logging
from app.main import create_app
from app.settings import Settings
from app.vocabulary import ActorKind, Role

OFFICER = "豫柘法执0101"
OTHER_OFFICER = "豫睢法执0201"


@dataclass
class Office:
    """`court` and `other_court` speak for different courts; each role has one client besides."""

    app: FastAPI
    hub: Hub
    court_id: UUID
    other_court_id: UUID
    secrets: dict[str, tuple[str, str]] = field(repr=False)
    """Name → (client_id, client_secret)."""
    clients: dict[str, httpx.AsyncClient] = field(repr=False)

    @property
    def court(self) -> httpx.AsyncClient:
        return self.clients["court"]

    @property
    def other_court(self) -> httpx.AsyncClient:
        return self.clients["other_court"]

    @property
    def administrator(self) -> httpx.AsyncClient:
        return self.clients["administrator"]

    @property
    def operator(self) -> httpx.AsyncClient:
        return self.clients["operator"]

    @property
    def auditor(self) -> httpx.AsyncClient:
        return self.clients["auditor"]

    @property
    def stranger(self) -> httpx.AsyncClient:
        return self.clients["stranger"]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 24, 8, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def shared_app() -> FastAPI:
    """For all tests of this process, each of which opens a hub for it: to build its routes takes longer than a test."""
    return create_app(Settings.model_validate({}))


@pytest.fixture
async def office(
    shared_app: FastAPI, database_url: str, tmp_path: Path, clock: ManualClock
) -> AsyncIterator[Office]:
    settings = Settings.model_validate(
        {"DATABASE_URL": database_url, "data_dir": tmp_path, "webhook_private_addresses": True}
    )
    configure_logging(as_json=settings.log_json)
    async with AsyncExitStack() as stack:
        hub = await stack.enter_async_context(open_hub(settings, clock))
        shared_app.state.hub = hub
        shared_app.state.metrics.scraped = (-inf, b"")
        office = await furnish(shared_app, hub)
        for name, secret in {**office.secrets, "stranger": None}.items():
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(shared_app),
                base_url="http://hub.test",
                auth=_Bearer(shared_app, secret) if secret else None,
            )
            office.clients[name] = await stack.enter_async_context(client)
        yield office


async def furnish(app: FastAPI, hub: Hub) -> Office:
    seeder = Caller(
        new_id(),
        "tests",
        Role.ADMINISTRATOR,
        None,
        None,
        "seed-correlation",
        hub.clock.now(),
        ActorKind.COMMAND_LINE,
    )
    async with hub.sessions.begin() as session:
        court = await create_court(session, seeder, NewCourt(code="豫1424", name="柘城县人民法院"))
        other = await create_court(session, seeder, NewCourt(code="豫1422", name="睢县人民法院"))
        for court_id, permit in ((court.id, OFFICER), (other.id, OTHER_OFFICER)):
            await enrol_officer(
                session,
                seeder,
                NewOfficer(
                    court_id=court_id,
                    name="王执行",
                    work_permit_number=permit,
                    enforcement_permit_number="41142400101",
                ),
            )
        wanted = {
            "court": NewClient(name="办案系统", court_id=court.id),
            "other_court": NewClient(name="办案系统", court_id=other.id),
            "administrator": NewClient(name="管理员", role=Role.ADMINISTRATOR),
            "operator": NewClient(name="运维", role=Role.OPERATOR),
            "auditor": NewClient(name="审计", role=Role.AUDITOR),
        }
        secrets = {}
        for name, demand in wanted.items():
            client, secret = await create_client(session, seeder, demand)
            secrets[name] = (client.client_id, secret)
    return Office(app, hub, court.id, other.id, secrets, {})


class _Bearer(httpx.Auth):
    """Fetches its token with the first request, as few tests need every role."""

    def __init__(self, app: FastAPI, secret: tuple[str, str]) -> None:
        self._app = app
        self._secret = secret
        self._token = ""

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        if "Authorization" in request.headers:  # a test's own
            yield request
            return
        if not self._token:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://hub.test") as client:
                response = await client.post(
                    "/oauth/token", data={"grant_type": "client_credentials"}, auth=self._secret
                )
            assert response.status_code == 200, response.text
            self._token = response.json()["access_token"]
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request

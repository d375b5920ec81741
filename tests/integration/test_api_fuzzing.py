"""Every operation of the OpenAPI document against generated requests: fitting, nearly fitting, and hostile.

A real server on a real socket. What it answers must be written in its own document, and is never a 5xx.
"""

import asyncio
import itertools
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.api.permissions import PERMISSIONS
from app.main import create_app
from app.settings import Settings
from app.vocabulary import Role
from tests.conftest import _database
from tests.integration.conftest import Office, furnish
from tests.integration.test_api_agencies import an_agency
from tests.integration.test_api_cases import a_case
from tests.integration.test_api_documents import FIELDS, PDF

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
schema = schemathesis.openapi.from_dict(create_app(Settings.model_validate({})).openapi())


@schemathesis.serializer("application/x-ndjson")
def _lines(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """One JSON text a line; what is no list is one line, which is hostile enough."""
    rows = value if isinstance(value, list) else [value]
    return b"\n".join(json.dumps(row, default=str).encode() for row in rows)


_turn = itertools.cycle((True, False))


@dataclass(frozen=True)
class Served:
    url: str
    tokens: dict[Role, str]
    known: dict[str, str]
    """Path parameters that lead somewhere."""


@pytest.fixture(scope="module")
def served(_server: str, _template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The hub on a port of its own, in a thread of its own, with a little of everything registered."""
    with _database(_server, _template) as url:
        app = create_app(
            Settings.model_validate(
                {
                    "DATABASE_URL": url,
                    "data_dir": tmp_path_factory.mktemp("data"),
                    "webhook_private_addresses": True,
                }
            )
        )
        server = uvicorn.Server(uvicorn.Config(app, port=0, access_log=False, log_level="warning"))
        started: list[Served] = []
        ready = threading.Event()

        async def serve() -> None:
            serving = asyncio.create_task(server.serve())
            while not server.started:  # noqa: ASYNC110 - uvicorn offers nothing to wait for
                await asyncio.sleep(0.01)
            port = server.servers[0].sockets[0].getsockname()[1]
            office = await furnish(app, app.state.hub)
            started.append(await asyncio.to_thread(_register, f"http://127.0.0.1:{port}", office))
            ready.set()
            await serving

        thread = threading.Thread(target=asyncio.run, args=(serve(),))
        thread.start()
        try:
            assert ready.wait(30)
            yield started[0]
        finally:
            server.should_exit = True
            thread.join()


def _register(url: str, office: Office) -> Served:
    tokens = {}
    with httpx.Client(base_url=url) as client:
        for role in Role:
            answer = client.post(
                "/oauth/token", data={"grant_type": "client_credentials"}, auth=office.secrets[role.value]
            )
            tokens[role] = f"Bearer {answer.json()['access_token']}"

        def made(role: Role, path: str, **content: Any) -> Any:
            answer = client.post(path, headers={"Authorization": tokens[role]}, **content)
            assert answer.status_code == 201, answer.text
            return answer.json()

        case = made(Role.COURT, "/v1/cases", json=a_case())
        paper = {"data": FIELDS, "files": {"file": ("a.pdf", PDF)}}
        document = made(Role.COURT, f"/v1/cases/{case['id']}/documents", **paper)
        endpoint = made(Role.COURT, "/v1/webhook-endpoints", json={"url": "http://127.0.0.1:9/"})
        made(Role.ADMINISTRATOR, "/v1/agencies", json=an_agency())
    known = {
        "case_id": case["id"],
        "party_id": case["parties"][0]["id"],
        "document_id": document["id"],
        "endpoint_id": endpoint["id"],
        "code": "BANK-ZC",
        "key": "agency:BANK-ZC",
        "key_id": "bank-zc-1",
    }
    return Served(url, tokens, known)


@schema.parametrize()
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_generated_request_breaks_the_hub_or_its_document(
    case: schemathesis.Case[Any], served: Served
) -> None:
    if next(_turn):
        for name in case.path_parameters:
            case.path_parameters[name] = served.known.get(name, case.path_parameters[name])
    rule = PERMISSIONS.get(case.operation.definition.raw["operationId"])
    headers = {"Authorization": served.tokens[min(rule.roles)]} if rule is not None else {}
    response = case.call(base_url=served.url, headers=headers)
    case.validate_response(response, checks=CHECKS)

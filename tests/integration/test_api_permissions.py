"""Every operation × every role, from the application's own routes: a route that nobody decided about fails here."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.api.permissions import PERMISSIONS, PUBLIC, SIGNED, TRANSPARENCY
from app.main import create_app
from app.settings import Settings
from app.vocabulary import Role
from tests.integration.conftest import Office

UNKNOWN = "0199e0a2-b7c4-7f0e-8d5c-6a1b2c3d4e5f"
CLIENTS = {
    Role.COURT: "court",
    Role.AUDITOR: "auditor",
    Role.OPERATOR: "operator",
    Role.ADMINISTRATOR: "administrator",
}


def operations(app: FastAPI) -> Iterator[tuple[str, str, str]]:
    """(operation, method, path) of everything that is served, whether or not it is in the document."""
    for route in app.routes:
        nested = getattr(route, "original_router", None)
        for one in nested.routes if nested is not None else [route]:
            assert isinstance(one, APIRoute), one
            for method in one.methods or ():
                yield one.name, method, one.path


ALL = sorted(set(operations(create_app(Settings.model_validate({})))))


def test_every_route_is_in_exactly_one_list_of_who_may() -> None:
    served = {name for name, _, _ in ALL}
    assert served == PERMISSIONS.keys() | PUBLIC | SIGNED
    assert not PERMISSIONS.keys() & (PUBLIC | SIGNED)


def test_the_name_of_an_operation_is_given_once() -> None:
    assert len({name for name, _, _ in ALL}) == len(ALL)


def test_no_role_may_everything() -> None:
    for role in Role:
        assert any(role not in rule.roles for rule in PERMISSIONS.values())


async def test_each_role_does_what_the_table_says_and_nothing_else(office: Office) -> None:
    wrong: list[tuple[str, str, int]] = []
    for name, method, path in ALL:
        if name not in PERMISSIONS:
            continue
        address = path
        for parameter in (
            "case_id",
            "party_id",
            "document_id",
            "query_id",
            "batch_id",
            "endpoint_id",
            "court_id",
            "order_id",
            "freeze_id",
            "asset_id",
            "task_id",
            "objection_id",
            "locate_request_id",
            "hit_id",
            "custody_id",
            "notice_id",
            "detention_id",
            "referral_id",
            "liaison_task_id",
            "liaison_officer_id",
        ):
            address = address.replace(f"{{{parameter}}}", UNKNOWN)
        address = address.replace("{officer_id}", UNKNOWN).replace("{client}", UNKNOWN)
        address = address.replace("{place:path}", "000").replace("{request_id}", UNKNOWN)
        address = address.replace("{code}", "NOBODY").replace("{key}", "nothing").replace("{key_id}", "none")
        assert "{" not in address, address
        for role in Role:
            response = await office.clients[CLIENTS[role]].request(method, address)
            allowed = response.status_code not in {401, 403}
            if allowed != (role in PERMISSIONS[name].roles) or response.status_code >= 500:
                wrong.append((name, role, response.status_code))
        response = await office.stranger.request(method, address)
        if response.status_code != 401:
            wrong.append((name, "stranger", response.status_code))
    assert wrong == []


@pytest.mark.parametrize("name", sorted(PUBLIC - TRANSPARENCY - {"docs_asset", "issue_token"}))
async def test_public_operations_need_no_token(office: Office, name: str) -> None:
    path = next(path for operation, _, path in ALL if operation == name)
    assert (await office.stranger.get(path)).status_code == 200

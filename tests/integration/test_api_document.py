"""The OpenAPI document as a product, and the page that shows it without internet."""

import json
import re
from typing import Any

import pytest

from app.api.permissions import PERMISSIONS
from app.errors import ErrorCode
from app.main import create_app
from app.settings import Settings
from app.vocabulary import EventType
from tests.integration.conftest import Office

DOCUMENT: dict[str, Any] = create_app(Settings.model_validate({})).openapi()
OPERATIONS = [
    (f"{method.upper()} {path}", operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


def refusals(operation: dict[str, Any]) -> set[str]:
    return {
        code
        for response in operation["responses"].values()
        for code in response.get("content", {}).get("application/problem+json", {}).get("examples", {})
    }


def test_the_document_is_openapi_3_1_and_whole() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    names = set(DOCUMENT["components"]["schemas"])
    wanted = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(DOCUMENT)))
    assert wanted <= names
    assert "HTTPValidationError" not in names


def test_operation_ids_are_stable_names_given_once() -> None:
    ids = [operation["operationId"] for _, operation in OPERATIONS]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in ids)


@pytest.mark.parametrize(("name", "operation"), OPERATIONS)
def test_every_operation_is_described_in_both_languages_for_an_audience(
    name: str, operation: dict[str, Any]
) -> None:
    assert re.search(r"[\u4e00-\u9fff].* · .*[a-z]", operation["summary"]), name
    assert re.search(r"[\u4e00-\u9fff]", operation["description"]), name
    assert re.search(r"[a-z]{3}", operation["description"]), name
    (tag,) = operation["tags"]
    assert tag in {described["name"] for described in DOCUMENT["tags"]}


@pytest.mark.parametrize(("name", "operation"), OPERATIONS)
def test_every_operation_declares_what_it_may_refuse(name: str, operation: dict[str, Any]) -> None:
    codes = refusals(operation)
    assert codes <= set(ErrorCode)
    assert ErrorCode.INTERNAL in codes, name
    if operation["operationId"] in PERMISSIONS:
        assert {ErrorCode.UNAUTHENTICATED, ErrorCode.FORBIDDEN} <= codes, name
        assert operation["security"] == [{"client_credentials": []}], name
    if "requestBody" in operation:
        assert {ErrorCode.BODY_TOO_LARGE, ErrorCode.INVALID_BODY} <= codes, name


def test_an_example_of_a_problem_fits_the_schema_of_problems() -> None:
    problem = DOCUMENT["components"]["schemas"]["Problem"]
    example = DOCUMENT["paths"]["/v1/cases"]["post"]["responses"]["409"]["content"][
        "application/problem+json"
    ]["examples"]["case_exists"]["value"]
    assert set(problem["required"]) <= set(example) <= set(problem["properties"])


def test_every_event_is_a_webhook_and_a_callback_of_its_endpoint() -> None:
    assert set(DOCUMENT["webhooks"]) == set(EventType)
    callbacks = DOCUMENT["paths"]["/v1/webhook-endpoints"]["post"]["callbacks"]
    assert "{$request.body#/url}" in json.dumps(callbacks)


def test_money_is_a_string_in_the_document() -> None:
    amount = DOCUMENT["components"]["schemas"]["NewCase"]["properties"]["claim_amount"]
    assert amount["type"] == "string"


async def test_the_document_and_its_page_need_nothing_from_outside(office: Office) -> None:
    assert (await office.stranger.get("/openapi.json")).json() == office.app.openapi()
    page = await office.stranger.get("/docs")
    assert page.status_code == 200
    linked = re.findall(r'(?:src|href|url)["\']?\s*[:=]\s*["\']([^"\']+)["\']', page.text)
    assert linked
    for address in linked:
        assert address.startswith("/")
        assert (await office.stranger.get(address)).status_code == 200, address
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert (await office.stranger.get("/docs/assets/other.js")).status_code == 404

"""The OpenAPI document as a product: by audience, in Chinese and English, with every refusal declared."""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from starlette.responses import JSONResponse

from app.api.events import deliver_event
from app.api.permissions import PERMISSIONS
from app.api.problems import Problem, declare
from app.api.tags import Tag
from app.errors import TITLES, ErrorCode
from app.vocabulary import EventType

_DESCRIPTION = """
A court orders once; the hub asks police, tax, land, vehicle and bank registries, and can prove what was asked, by whom,
why, and what came back. 法院一次下达，联动平台向公安、税务、不动产、车管、银行等单位发起查询，全程可证明。

- **Access** 认证: `POST /oauth/token` with client id and secret; then `Authorization: Bearer …`. Tokens live for minutes.
- **Once** 幂等: send an `Idempotency-Key` with every POST that creates; a repeat gets the first answer.
- **Refusals** 错误: `application/problem+json` (RFC 9457) with a stable `code` and all field errors at once.
- **Pages** 分页: `limit` and the cursor `next` → `after`.
- **Money** 金额: decimal strings, yuan. **Instants** 时间: RFC 3339 with offset. **Ids**: UUID.
- **People** 个人信息: masked wherever they were not asked for with a reason; every look is recorded.
- Every answer has `X-Correlation-ID`; send your own (8 to 64 of `A–Z a–z 0–9 . _ -`) to follow a call through all logs.
"""


def _deliveries() -> APIRouter:
    webhooks = APIRouter()
    for event_type in EventType:
        webhooks.add_api_route(
            event_type.value,
            deliver_event,
            methods=["POST"],
            status_code=204,
            name=f"on_{event_type.name.lower()}",
            summary=f"事件 · {event_type}",
            tags=[Tag.COURT],
        )
    return webhooks


FACE: Final[dict[str, Any]] = {
    "title": "执行联动平台 · Linkage hub",
    "version": "1",
    "description": _DESCRIPTION,
    "openapi_tags": [
        {"name": Tag.COURT, "description": "Cases, queries and events of one court. 案件、查询与事件。"},
        {
            "name": Tag.AGENCY,
            "description": "What agencies post to the hub, signed. 协助执行单位回传，须签名。",
        },
        {"name": Tag.AUDIT, "description": "Who looked at whom, and why. 谁在何时因何查询何人。"},
        {
            "name": Tag.OPERATIONS,
            "description": "Lanes, dead letters, connection tests. 通道、死信、连通测试。",
        },
        {
            "name": Tag.ADMINISTRATION,
            "description": "Courts, clients, agencies, keys. 法院、客户端、单位、密钥。",
        },
        {"name": Tag.SYSTEM, "description": "Tokens, health, metrics. 令牌、健康检查、指标。"},
    ],
    "webhooks": _deliveries(),
    # The names of operations are names of functions: generated clients keep them, so they are never changed.
    "generate_unique_id_function": lambda route: route.name,
    "redirect_slashes": False,
    "docs_url": None,
    "redoc_url": None,
    "openapi_url": None,
}


def describe(app: FastAPI) -> None:
    """Make the document complete, and serve it at `/openapi.json`."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _complete(FastAPI.openapi(app))
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way

    async def openapi() -> JSONResponse:
        return JSONResponse(app.openapi())

    app.add_api_route("/openapi.json", openapi, include_in_schema=False)


def _complete(document: dict[str, Any]) -> dict[str, Any]:
    for operation in _operations(document["paths"]):
        _declare_refusals(operation)
        for callback in operation.get("callbacks", {}).values():
            _spare_refusals(callback)
    _spare_refusals(document["webhooks"])
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    problem = Problem.model_json_schema(
        mode="serialization", by_alias=True, ref_template="#/components/schemas/{model}"
    )
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    document["components"]["securitySchemes"]["client_basic"] = {"type": "http", "scheme": "basic"}
    return document


def _operations(paths: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in paths.values():
        yield from methods.values()


def _spare_refusals(deliveries: dict[str, Any]) -> None:
    """What a court system answers to a delivery is its own affair, not a problem of ours."""
    for operation in _operations(deliveries):
        operation["responses"].pop("422", None)


def _declare_refusals(operation: dict[str, Any]) -> None:
    """Those that a route does not name itself, because every route of its sort has them."""
    responses = operation["responses"]
    if "HTTPValidationError" in str(responses.get("422", "")):
        del responses["422"]
    codes = [ErrorCode.INTERNAL, ErrorCode.UNAVAILABLE]
    if operation.get("parameters") or "requestBody" in operation:
        codes.append(ErrorCode.INVALID_BODY)
    if "requestBody" in operation:
        codes += [ErrorCode.MALFORMED_JSON, ErrorCode.BODY_TOO_LARGE, ErrorCode.UNSUPPORTED_MEDIA_TYPE]
    if operation["operationId"] in PERMISSIONS:
        codes += [ErrorCode.UNAUTHENTICATED, ErrorCode.FORBIDDEN]
    if any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", ())):
        codes += [ErrorCode.IDEMPOTENCY_IN_PROGRESS, ErrorCode.IDEMPOTENCY_MISMATCH]
    for code in codes:
        declare(responses.setdefault(str(TITLES[code].status), {}), code)

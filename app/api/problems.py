"""Every refusal as `application/problem+json` (RFC 9457), with a stable code and all field errors at once."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.api.refused_attempts import record_refused_attempt
from app.api.validation import Place, place_errors
from app.errors import TITLES, ErrorCode, FieldError, Refusal
from app.logs import describe

MEDIA_TYPE = "application/problem+json"
_log = structlog.get_logger("app.api")

_HEADERS: dict[ErrorCode, dict[str, str]] = {
    ErrorCode.UNAUTHENTICATED: {"WWW-Authenticate": 'Bearer realm="liandong"'},
    ErrorCode.RATE_LIMITED: {"Retry-After": "60"},
    ErrorCode.UNAVAILABLE: {"Retry-After": "5"},
    ErrorCode.IDEMPOTENCY_IN_PROGRESS: {"Retry-After": "1"},
    # The rest of an unread body would be taken for the next request.
    ErrorCode.BODY_TOO_LARGE: {"Connection": "close"},
}

_BY_STATUS = {
    HTTPStatus.BAD_REQUEST: ErrorCode.MALFORMED_JSON,
    HTTPStatus.UNAUTHORIZED: ErrorCode.UNAUTHENTICATED,
    HTTPStatus.FORBIDDEN: ErrorCode.FORBIDDEN,
    HTTPStatus.NOT_FOUND: ErrorCode.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED: ErrorCode.METHOD_NOT_ALLOWED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ErrorCode.BODY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ErrorCode.UNSUPPORTED_MEDIA_TYPE,
}


class ProblemField(BaseModel):
    """One wrong field: `field` is a JSON pointer into the part of the request that `in` names."""

    model_config = ConfigDict(populate_by_name=True)

    place: Place = Field(default=Place.BODY, serialization_alias="in", validation_alias="in")
    field: str = Field(examples=["/parties/0/certificate_number"])
    code: str = Field(examples=["citizen_number_check_digit"])
    en: str
    zh: str


class Problem(BaseModel):
    """A refusal. `code` is stable and meant for programs; the texts are for people and may change."""

    type: str = Field(examples=["urn:liandong:problem:certificate_invalid"])
    title: str
    title_zh: str
    status: int
    code: ErrorCode
    detail: str = ""
    errors: list[ProblemField] = []
    correlation_id: str
    error: str | None = Field(default=None, description="RFC 6749 §5.2; from /oauth/token only")


def problem(  # noqa: PLR0913 - the members of a problem
    request: Request,
    code: ErrorCode,
    errors: Sequence[ProblemField] = (),
    *,
    detail: str = "",
    error: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """The response that tells of a refusal."""
    title = TITLES[code]
    body = Problem(
        type=f"urn:liandong:problem:{code}",
        title=title.en,
        title_zh=title.zh,
        status=title.status,
        code=code,
        detail=detail,
        errors=list(errors),
        correlation_id=request.scope.get("correlation_id", ""),
        error=error,
    )
    return Response(
        body.model_dump_json(by_alias=True, exclude_none=True),
        status_code=title.status,
        media_type=MEDIA_TYPE,
        headers={**_HEADERS.get(code, {}), **(headers or {})},
    )


async def on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    await record_refused_attempt(request, error.code, error.detail)
    return problem(request, error.code, [in_body(field) for field in error.fields], detail=error.detail)


async def on_invalid_request(request: Request, error: Exception) -> Response:
    """The shape of the request is wrong: path, query, headers or body do not fit the OpenAPI document."""
    assert isinstance(error, RequestValidationError)
    await record_refused_attempt(request, ErrorCode.INVALID_BODY)
    errors = [
        ProblemField(place=place, field=field.field, code=field.code, en=field.en, zh=field.zh)
        for place, field in place_errors(error.errors())
    ]
    return problem(request, ErrorCode.INVALID_BODY, errors)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """What Starlette and FastAPI raise by themselves: no such route or method, a body that cannot be read."""
    assert isinstance(error, HTTPException)
    code = _BY_STATUS.get(HTTPStatus(error.status_code), ErrorCode.INTERNAL)
    headers = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
    await record_refused_attempt(request, code)
    return problem(request, code, detail=getattr(error, "reason", ""), headers=headers)


async def on_unavailable(request: Request, error: Exception) -> Response:
    """The database cannot be reached or has no connection left. Whether a commit came through is not known."""
    _log.error("database.unavailable", **describe(error))
    return problem(
        request,
        ErrorCode.UNAVAILABLE,
        detail="Send the same request again with the same Idempotency-Key. 请使用相同的幂等键重发。",
    )


async def on_expired(request: Request, _: Exception) -> Response:
    """What was asked for was sealed with a key that is destroyed."""
    return problem(request, ErrorCode.DATA_EXPIRED)


def problems(*codes: ErrorCode) -> dict[int | str, dict[str, Any]]:
    """What a route may refuse, for the OpenAPI document: one response for each status, an example for each code."""
    responses: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        declare(responses.setdefault(TITLES[code].status, {}), code)
    return responses


def declare(response: dict[str, Any], code: ErrorCode) -> None:
    """Add a code to one response of the OpenAPI document."""
    title = TITLES[code]
    line = f"`{code}` {title.zh} · {title.en}"
    before = response.get("description")
    response["description"] = f"{before}  \n{line}" if before else line
    media = response.setdefault("content", {}).setdefault(
        MEDIA_TYPE, {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}
    )
    media["examples"][code.value] = {
        "value": {
            "type": f"urn:liandong:problem:{code}",
            "title": title.en,
            "title_zh": title.zh,
            "status": title.status,
            "code": code.value,
            "detail": "",
            "errors": [],
            "correlation_id": "0199e0a2b7c44f0e8d5c6a1b2c3d4e5f",
        }
    }


def in_body(field: FieldError) -> ProblemField:
    return ProblemField(field=field.field, code=field.code, en=field.en, zh=field.zh)

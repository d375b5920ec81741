"""Bulk intake of asset queries: one row, one verdict."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from app.api.bodies import MalformedJson, parse_json
from app.api.dependencies import ActingDep, HubDep, SessionDep
from app.api.idempotency import OnceDep
from app.api.problems import ProblemField, in_body, problems
from app.api.tags import Tag
from app.api.validation import place_errors
from app.errors import ErrorCode, FieldError, Refusal
from app.linkage.demand import AssetQueryDemand
from app.linkage.intake import Verdict, take_in
from app.linkage.progress import OVER, batch_states, find_batch
from app.models.agency_request import RequestState

router = APIRouter(prefix="/v1/asset-query-batches", tags=[Tag.COURT])

MOST_ROWS = 20_000
_NDJSON = "application/x-ndjson"


class VerdictView(BaseModel):
    row: int = Field(description="Counted from 0 · 从 0 起")
    accepted: bool
    query_id: UUID | None = None
    requests: int = 0
    code: ErrorCode | None = None
    errors: list[ProblemField] = []


class BatchVerdicts(BaseModel):
    id: UUID
    accepted: int
    refused: int
    verdicts: list[VerdictView]


class BatchView(BaseModel):
    id: UUID
    created_at: datetime
    accepted: int
    refused: int
    states: dict[RequestState, int]
    complete: bool


_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            _NDJSON: {"schema": {"type": "string", "description": "One asset query per line · 每行一个查询"}},
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["queries"],
                    "additionalProperties": False,
                    "properties": {
                        "queries": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": MOST_ROWS,
                            "items": {"type": "object"},
                        }
                    },
                }
            },
        },
    }
}


@router.post(
    "",
    summary="批量查询 · Order asset queries in bulk",
    status_code=202,
    response_model=BatchVerdicts,
    responses=problems(ErrorCode.MALFORMED_JSON, ErrorCode.UNSUPPORTED_MEDIA_TYPE, ErrorCode.BODY_TOO_LARGE),
    openapi_extra=_BODY,
)
async def create_asset_query_batch(
    request: Request, acting: ActingDep, session: SessionDep, hub: HubDep, once: OnceDep
) -> Response:
    """Each row is an asset query as in `POST /v1/asset-queries`, judged by itself. 每行独立审查、独立给出结论。"""
    rows = list(_rows(request.headers.get("content-type", ""), await request.body()))
    batch_id, verdicts = await take_in(session, acting, hub.keys.vault, rows)
    views = [_view(verdict) for verdict in verdicts]
    accepted = sum(view.accepted for view in views)
    body = BatchVerdicts(id=batch_id, accepted=accepted, refused=len(views) - accepted, verdicts=views)
    return await once.answer(202, body, location=f"/v1/asset-query-batches/{batch_id}")


@router.get("/{batch_id}", summary="批量进度 · Progress of a batch", responses=problems(ErrorCode.NOT_FOUND))
async def read_asset_query_batch(batch_id: UUID, acting: ActingDep, session: SessionDep) -> BatchView:
    """How many requests of the batch are in which state. 批量查询各状态的数量。"""
    batch = await find_batch(session, acting, batch_id)
    states = await batch_states(session, batch.id)
    return BatchView(
        id=batch.id,
        created_at=batch.created_at,
        accepted=batch.accepted,
        refused=batch.refused,
        states=states,
        complete=OVER.issuperset(states),
    )


def _rows(content_type: str, body: bytes) -> Iterator[AssetQueryDemand | Refusal]:
    """The rows of either form; raises `Refusal` for a body that is neither, has no row, or too many."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == _NDJSON:
        lines = [line for line in body.split(b"\n") if line.strip()]
        _check_count(len(lines))
        yield from map(_line, lines)
    elif media_type == "application/json":
        rows = _queries(parse_json(body))
        _check_count(len(rows))
        yield from map(_row, rows)
    else:
        raise Refusal(ErrorCode.UNSUPPORTED_MEDIA_TYPE, detail=f"{_NDJSON}, application/json")


def _queries(document: Any) -> list[Any]:
    rows = document.get("queries") if isinstance(document, dict) and len(document) == 1 else None
    if not isinstance(rows, list):
        raise Refusal(
            ErrorCode.INVALID_BODY,
            FieldError(
                "/queries", "missing", 'send {"queries": [...]} and nothing else', '须为 {"queries": [...]}'
            ),
        )
    return rows


def _check_count(count: int) -> None:
    if not 1 <= count <= MOST_ROWS:
        raise Refusal(
            ErrorCode.INVALID_BODY,
            FieldError("/queries", "too_long", f"send 1 to {MOST_ROWS} rows", f"须为 1 至 {MOST_ROWS} 行"),
        )


def _line(line: bytes) -> AssetQueryDemand | Refusal:
    try:
        return _row(parse_json(line))
    except MalformedJson as error:
        return Refusal(ErrorCode.MALFORMED_JSON, detail=error.reason)


def _row(value: Any) -> AssetQueryDemand | Refusal:
    try:
        return AssetQueryDemand.model_validate(value, strict=False)
    except ValidationError as error:
        found = [{**one, "loc": ("body", *one["loc"])} for one in error.errors(include_input=False)]
        return Refusal(ErrorCode.INVALID_BODY, *(field for _, field in place_errors(found)))


def _view(verdict: Verdict) -> VerdictView:
    refusal = verdict.refusal
    if refusal is None:
        return VerdictView(
            row=verdict.row, accepted=True, query_id=verdict.order_id, requests=verdict.requests
        )
    return VerdictView(
        row=verdict.row,
        accepted=False,
        code=refusal.code,
        errors=[in_body(field) for field in refusal.fields],
    )

"""Asking every registry with one call, and seeing how far the answers have come."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from app.api.bodies import StrictRoute
from app.api.dependencies import ActingDep, HubDep, SessionDep
from app.api.idempotency import OnceDep
from app.api.paging import Page, PageDep, newest_first
from app.api.problems import problems
from app.api.tags import Tag
from app.errors import ErrorCode
from app.linkage.callers import about
from app.linkage.cancelling import cancel
from app.linkage.demand import AssetQueryDemand
from app.linkage.intake import order_query
from app.linkage.progress import (
    OVER,
    Part,
    find_query,
    missing_agencies,
    parts_of,
    select_queries,
    states_of,
)
from app.models import Order
from app.models.agency_request import RequestState
from app.vocabulary import AnswerState

router = APIRouter(prefix="/v1/asset-queries", tags=[Tag.COURT], route_class=StrictRoute)

REFUSALS = (
    ErrorCode.CASE_NUMBER_MALFORMED,
    ErrorCode.CASE_UNKNOWN,
    ErrorCode.CASE_CLOSED,
    ErrorCode.OFFICER_UNKNOWN,
    ErrorCode.OFFICER_NOT_OF_COURT,
    ErrorCode.NOT_A_DEBTOR,
    ErrorCode.CERTIFICATE_INVALID,
    ErrorCode.CERTIFICATE_REQUIRED,
    ErrorCode.NAME_MISMATCH,
    ErrorCode.DOCUMENT_MISSING,
    ErrorCode.DOCUMENT_UNKNOWN,
    ErrorCode.DOCUMENT_WRONG_KIND,
    ErrorCode.AGENCY_UNKNOWN,
    ErrorCode.AGENCY_INCAPABLE,
    ErrorCode.NO_AGENCY,
)


class AcceptedQuery(BaseModel):
    id: UUID
    case_id: UUID
    requests: int = Field(description="Debtors × agencies · 被执行人数 × 协助单位数", examples=[5])


class PartView(BaseModel, from_attributes=True):
    """One debtor at one agency. `nothing_found` is an answer; a missing answer is in `missing_agencies`."""

    request_id: UUID
    agency_code: str
    agency_name: str
    debtor_id: UUID
    state: RequestState
    state_at: datetime
    answer_state: AnswerState | None
    answered_at: datetime | None
    agency_reference: str | None
    due_at: datetime
    overdue: bool
    last_error: str | None


class QuerySummary(BaseModel):
    id: UUID
    case_id: UUID
    purpose: str
    created_at: datetime
    states: dict[RequestState, int] = Field(examples=[{"answered": 3, "acknowledged": 2}])
    complete: bool
    """Nothing more is awaited. Whether all agencies answered is told by `missing_agencies` of the single query."""


class QueryView(QuerySummary):
    scope: dict[str, Any]
    documents: list[UUID]
    missing_agencies: list[str] = Field(
        description="Not answered, or not wholly, yet or ever · 尚未（或不会）答复的单位"
    )
    parts: list[PartView]


class Cancelled(BaseModel):
    states: dict[UUID, RequestState]


@router.post(
    "",
    summary="发起财产查询 · Order an asset query",
    status_code=202,
    response_model=AcceptedQuery,
    responses=problems(*REFUSALS),
)
async def create_asset_query(
    demand: AssetQueryDemand, acting: ActingDep, session: SessionDep, once: OnceDep
) -> Response:
    """Ask all agencies, or those named, about the debtors of a case. 向协助执行单位查询被执行人财产。

    202 means that nothing can be lost any more; answers come as events, and can be read as they arrive.
    202 表示请求已可靠保存；答复以事件通知，也可随时查询。
    """
    about(session, case_number=demand.case_number, officer=demand.officer, purpose=demand.purpose)
    order_id, plan = await order_query(session, acting, once.hub.keys.vault, demand)
    accepted = AcceptedQuery(
        id=order_id, case_id=plan.case.id, requests=len(plan.debtors) * len(plan.agencies)
    )
    return await once.answer(202, accepted, location=f"/v1/asset-queries/{order_id}")


@router.get("", summary="查询列表 · List asset queries", responses=problems(ErrorCode.CURSOR_INVALID))
async def list_asset_queries(
    acting: ActingDep, session: SessionDep, page: PageDep, case_id: Annotated[UUID | None, Query()] = None
) -> Page[QuerySummary]:
    """This court's queries, newest first, each with the states of its parts. 本院查询，按时间倒序。"""
    orders, following = await newest_first(session, select_queries(acting, case_id), Order.id, page)
    states = await states_of(session, [order.id for order in orders])
    return Page(items=[_summary(order, states[order.id]) for order in orders], next=following)


@router.get(
    "/{query_id}", summary="查询进度 · Progress of an asset query", responses=problems(ErrorCode.NOT_FOUND)
)
async def read_asset_query(query_id: UUID, acting: ActingDep, session: SessionDep) -> QueryView:
    """Every agency's state, and who has not answered. 各单位进度及未答复单位。"""
    order = await find_query(session, acting, query_id)
    parts = await parts_of(session, order.id)
    return QueryView(
        **_summary(order, _count(parts)).model_dump(),
        scope=order.scope,
        documents=order.document_ids,
        missing_agencies=missing_agencies(parts),
        parts=[PartView.model_validate(part) for part in parts],
    )


@router.post(
    "/{query_id}/cancellation",
    summary="撤回查询 · Take an asset query back",
    status_code=202,
    response_model=Cancelled,
    responses=problems(ErrorCode.NOT_FOUND),
)
async def cancel_asset_query(
    query_id: UUID, acting: ActingDep, session: SessionDep, hub: HubDep, once: OnceDep
) -> Response:
    """What was not sent is cancelled at once; the rest when its agency confirms. 未发出的立即撤回，其余待单位确认。"""
    order = await find_query(session, acting, query_id)
    parts = await parts_of(session, order.id)
    states = await cancel(session, hub.keys.vault, acting, [part.request_id for part in parts])
    return await once.answer(202, Cancelled(states=states))


def _count(parts: list[Part]) -> dict[RequestState, int]:
    counted: dict[RequestState, int] = {}
    for part in parts:
        counted[part.state] = counted.get(part.state, 0) + 1
    return counted


def _summary(order: Order, states: dict[RequestState, int]) -> QuerySummary:
    return QuerySummary(
        id=order.id,
        case_id=order.case_id,
        purpose=order.purpose,
        created_at=order.created_at,
        states=states,
        complete=OVER.issuperset(states),
    )

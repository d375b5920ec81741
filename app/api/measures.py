"""Measures: drafted by one officer, approved by another, and only then on their way."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.adapters.locating import LookOutContent
from app.adapters.measures import (
    ConversionContent,
    FreezeContent,
    MeasureContent,
    ReleaseContent,
    RenewalContent,
    TransferContent,
)
from app.api.asset_queries import PartView
from app.api.bodies import StrictRoute
from app.api.dependencies import ActingDep, HubDep, SessionDep
from app.api.idempotency import OnceDep
from app.api.paging import Page, PageDep, newest_first
from app.api.problems import problems
from app.api.tags import Tag
from app.api.things import Limit, ThingView, limit_view, thing_view
from app.errors import ErrorCode
from app.linkage.control.approving import decide, iso_term
from app.linkage.control.contents import Part, open_parts
from app.linkage.control.demands import Approval, CourtAccountDemand, FreezeDemand
from app.linkage.control.drafting import draft_freeze
from app.linkage.control.looking import record_look
from app.linkage.control.reading import find_measure, permits_of, select_measures
from app.linkage.progress import parts_of
from app.models import Case, Order
from app.models.order import OrderStatus
from app.vocabulary import AuditAction, OrderKind

router = APIRouter(prefix="/v1/measures", tags=[Tag.COURT], route_class=StrictRoute)
freeze_orders = APIRouter(prefix="/v1/freeze-orders", tags=[Tag.COURT], route_class=StrictRoute)

PAPERS = (
    ErrorCode.DOCUMENT_UNKNOWN,
    ErrorCode.DOCUMENT_MISSING,
    ErrorCode.DOCUMENT_EXPIRED,
    ErrorCode.DOCUMENT_SUMS_DIFFER,
)
OFFICERS = (ErrorCode.OFFICER_UNKNOWN, ErrorCode.OFFICER_NOT_OF_COURT)


class MeasureSummary(BaseModel):
    """One order that binds. Nothing is sent while it awaits approval."""

    id: UUID
    kind: OrderKind
    case_id: UUID
    status: OrderStatus
    purpose: str
    made_by: str = Field(description="承办人工作证编号")
    made_at: datetime
    decided_by: str | None = Field(description="审批人工作证编号")
    decided_at: datetime | None
    decision_note: str | None


class OrderedPart(BaseModel):
    """What is ordered of one agency; `freeze_id` names the freeze that a renewal, release or transfer is about."""

    agency_code: str
    debtor_id: UUID
    freeze_id: UUID | None
    asset_ids: list[UUID]
    things: list[ThingView]
    """Empty where the agency looks up the debtor's money and freezes what it finds."""
    limit: Limit | None = None
    expected: Decimal | None = None
    """Of a freeze: what it should bring; null where nobody knows."""
    amount: Decimal | None = None
    """Of a transfer, and of a release in part."""
    term: str | None = Field(default=None, examples=["P1Y"])
    account: CourtAccountDemand | None = None
    """Of a transfer: where the money goes."""


class MeasureView(MeasureSummary):
    documents: list[UUID]
    excess_reason: str | None
    ordered: list[OrderedPart]
    requests: list[PartView]
    """How far each agency is; empty before the approval."""


@freeze_orders.post(
    "",
    summary="提请冻结、查封 · Order a freeze",
    status_code=202,
    response_model=MeasureSummary,
    responses=problems(
        ErrorCode.CASE_UNKNOWN,
        ErrorCode.CASE_CLOSED,
        *OFFICERS,
        *PAPERS,
        ErrorCode.ASSET_UNKNOWN,
        ErrorCode.NOT_FREEZABLE,
        ErrorCode.NOT_A_DEBTOR,
        ErrorCode.FUNDS_EXEMPT,
        ErrorCode.AMOUNT_INVALID,
        ErrorCode.AMOUNT_EXCEEDS_CLAIM,
        ErrorCode.TERM_TOO_LONG,
        ErrorCode.AGENCY_INCAPABLE,
    ),
)
async def order_freeze(
    demand: FreezeDemand, acting: ActingDep, session: SessionDep, hub: HubDep, once: OnceDep
) -> Response:
    """Freeze things that were found, or whatever money the agencies find; a second officer approves it first.

    冻结、查封已查得的财产，或由协助单位边查边冻；须经另一人审批后发出。
    """
    order = await draft_freeze(session, acting, hub.keys.vault, demand)
    return await once.answer(202, await summary_of(session, order), location=f"/v1/measures/{order.id}")


@router.get("", summary="控制措施列表 · List measures", responses=problems(ErrorCode.CURSOR_INVALID))
async def list_measures(  # noqa: PLR0913, PLR0917 - one parameter for each filter
    acting: ActingDep,
    session: SessionDep,
    page: PageDep,
    status: Annotated[OrderStatus | None, Query()] = None,
    kind: Annotated[OrderKind | None, Query()] = None,
    case_id: Annotated[UUID | None, Query()] = None,
) -> Page[MeasureSummary]:
    """This court's measures, newest first: what awaits approval, what was issued. 本院控制措施，含待审批事项。"""
    query = select_measures(acting, status, kind, case_id)
    orders, following = await newest_first(session, query, Order.id, page)
    permits = await permits_of(session, _officers(orders))
    return Page(items=[_summary(order, permits) for order in orders], next=following)


@router.get("/{order_id}", summary="控制措施详情 · Read a measure", responses=problems(ErrorCode.NOT_FOUND))
async def read_measure(order_id: UUID, acting: ActingDep, session: SessionDep, hub: HubDep) -> MeasureView:
    """What is ordered of whom, who made and who approved it, and how far it is; the look is recorded.

    措施内容、承办人、审批人及办理进度；留痕。
    """
    order = await find_measure(session, acting, order_id)
    assert order.content is not None
    parts = open_parts(hub.keys.vault, order.kind, order.content)
    case = await session.get_one(Case, order.case_id)
    await record_look(
        session,
        acting,
        AuditAction.FREEZES_READ,
        [part.party_id for part in parts],
        case_number=case.case_number,
        order_id=order.id,
    )
    summary = await summary_of(session, order)
    return MeasureView(
        **summary.model_dump(),
        documents=order.document_ids,
        excess_reason=order.scope.get("excess_reason"),
        ordered=[_ordered(part) for part in parts],
        requests=[PartView.model_validate(part) for part in await parts_of(session, order.id)],
    )


@router.post(
    "/{order_id}/decision",
    summary="审批 · Approve or refuse a measure",
    response_model=MeasureSummary,
    responses=problems(
        ErrorCode.NOT_FOUND,
        ErrorCode.STATE_FORBIDS,
        ErrorCode.APPROVER_NEEDED,
        ErrorCode.SAME_OFFICER,
        ErrorCode.REASON_REQUIRED,
        ErrorCode.CASE_CLOSED,
        *OFFICERS,
        *PAPERS,
        ErrorCode.FREEZE_ENDED,
        ErrorCode.FREEZE_NOT_IN_FORCE,
        ErrorCode.FUNDS_EXEMPT,
        ErrorCode.AMOUNT_BEYOND_HELD,
        ErrorCode.AMOUNT_EXCEEDS_CLAIM,
    ),
)
async def decide_measure(  # noqa: PLR0913, PLR0917 - what a route needs is what FastAPI hands it
    order_id: UUID,
    approval: Approval,
    acting: ActingDep,
    session: SessionDep,
    hub: HubDep,
    once: OnceDep,
) -> Response:
    """The second officer's word; approved means that it is on its way, and everything is judged again by then.

    由另一名审批人员作出；同意即发出，发出前依当时情形重新审查。
    """
    order = await decide(session, acting, hub.keys.vault, order_id, approval)
    return await once.answer(200, await summary_of(session, order))


async def summary_of(session: AsyncSession, order: Order) -> MeasureSummary:
    return _summary(order, await permits_of(session, _officers([order])))


def _officers(orders: Sequence[Order]) -> set[UUID]:
    made = {order.officer_id for order in orders}
    return made | {order.approver_id for order in orders if order.approver_id is not None}


def _summary(order: Order, permits: Mapping[UUID, str]) -> MeasureSummary:
    return MeasureSummary(
        id=order.id,
        kind=order.kind,
        case_id=order.case_id,
        status=order.status,
        purpose=order.purpose,
        made_by=permits[order.officer_id],
        made_at=order.created_at,
        decided_by=permits[order.approver_id] if order.approver_id else None,
        decided_at=order.decided_at,
        decision_note=order.decision_note,
    )


def _ordered(part: Part) -> OrderedPart:
    content = part.content
    assert not isinstance(content, LookOutContent)  # these are read elsewhere
    targets = content.targets if isinstance(content, FreezeContent) else (content.target,)
    view = OrderedPart(
        agency_code=part.agency_code,
        debtor_id=part.party_id,
        freeze_id=part.freeze_id,
        asset_ids=list(part.asset_ids),
        things=[thing_view(target.kind, target.identity) for target in targets],
        expected=part.expected,
    )
    return view.model_copy(update=_particulars(content))


def _particulars(content: MeasureContent) -> dict[str, object]:
    match content:
        case FreezeContent():
            return {"limit": limit_view(content.limit), "term": iso_term(content.term)}
        case RenewalContent():
            return {"term": iso_term(content.term)}
        case ReleaseContent():
            return {"amount": content.amount}
        case TransferContent():
            account = CourtAccountDemand.model_validate(content.account, from_attributes=True)
            return {"amount": content.amount, "account": account}
        case ConversionContent():
            return {}

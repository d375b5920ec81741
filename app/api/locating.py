"""Requests to look out for debtors and for sealed vehicles: drafted, approved, validated, recalled."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.bodies import StrictRoute
from app.api.dependencies import ActingDep, HubDep, SessionDep
from app.api.idempotency import OnceDep
from app.api.paging import Page, PageDep, newest_first
from app.api.problems import problems
from app.api.tags import Tag
from app.crypto import Vault
from app.errors import ErrorCode
from app.linkage.control.demands import Approval
from app.linkage.control.looking import record_look
from app.linkage.locating.approving import Approving
from app.linkage.locating.demands import LocateDemand, RecallDemand, Validation
from app.linkage.locating.drafting import draft_locate
from app.linkage.locating.ending import recall
from app.linkage.locating.reading import (
    Holder,
    Refusing,
    as_holders,
    counts_of,
    find_locate,
    holders_of,
    refusals_of,
    select_locates,
    select_recalled,
)
from app.linkage.locating.validating import validate
from app.models import Case, LocateEntry, LocateRequest
from app.models.agency_request import RequestState
from app.models.locating import EntryEnding, EntryState, HitState, LocateState
from app.vocabulary import AuditAction, EndReason, LocateGround, RefusalReason, Urgency, Wanted, WantedAction

router = APIRouter(prefix="/v1/locate-requests", tags=[Tag.COURT], route_class=StrictRoute)
entries = APIRouter(prefix="/v1/locate-entries", tags=[Tag.COURT], route_class=StrictRoute)

OFFICERS = (ErrorCode.OFFICER_UNKNOWN, ErrorCode.OFFICER_NOT_OF_COURT)


class LocateSummary(BaseModel, from_attributes=True):
    """Whom or what is looked for is named by id only."""

    id: UUID
    case_id: UUID
    debtor_id: UUID = Field(validation_alias="party_id")
    wanted: Wanted
    freeze_id: UUID | None
    ground: LocateGround
    ground_number: str
    action: WantedAction
    urgency: Urgency
    valid_from: datetime
    valid_until: datetime
    state: LocateState
    state_at: datetime
    end_reason: EndReason | None
    end_note: str | None
    ended_by: str | None
    revalidate_at: datetime | None


class Listed(LocateSummary):
    unconfirmed_recalls: list[str] = Field(
        description="尚未确认撤控的单位: holders that may still look out although it was recalled"
    )


class EntryView(BaseModel):
    """One holder's entry. Until a recall is confirmed, somebody may be stopped on it."""

    id: UUID
    locate_request_id: UUID
    agency_code: str
    agency_name: str
    request_id: UUID
    state: EntryState
    state_at: datetime
    doubtful: bool
    """Refused, and yet its holder spoke as one who looks out."""
    ending: EntryEnding | None
    recalls: int
    """How often its recall was ordered; more than once: it was not confirmed in time."""
    recall_request_id: UUID | None
    recall_state: RequestState | None
    recall_due_at: datetime | None
    recall_overdue: bool


class EntryOfRequest(EntryView):
    refusal_reason: RefusalReason | None
    refusal_remark: str | None
    """Why its holder does not look out, in its own words."""


class LocateView(LocateSummary):
    order_id: UUID
    supersedes: UUID | None = Field(validation_alias="supersedes_id")
    referral_id: UUID | None
    validated_at: datetime | None
    validated_by: str | None
    entries: list[EntryOfRequest] = []
    hits: dict[HitState, int] = {}


@router.post(
    "",
    summary="提请协助查找、布控 · Ask to look out for a debtor or a sealed vehicle",
    status_code=202,
    response_model=LocateSummary,
    responses=problems(
        ErrorCode.CASE_UNKNOWN,
        ErrorCode.CASE_CLOSED,
        *OFFICERS,
        ErrorCode.NOT_A_DEBTOR,
        ErrorCode.GROUND_FORBIDS,
        ErrorCode.TERM_TOO_LONG,
        ErrorCode.VEHICLE_NOT_SEALED,
        ErrorCode.ASSET_UNKNOWN,
        ErrorCode.DOCUMENT_UNKNOWN,
        ErrorCode.DOCUMENT_MISSING,
        ErrorCode.DOCUMENT_WRONG_KIND,
        ErrorCode.DOCUMENT_EXPIRED,
        ErrorCode.LOCATE_REQUEST_UNKNOWN,
        ErrorCode.CONFLICT,
        ErrorCode.AGENCY_INCAPABLE,
        ErrorCode.NO_AGENCY,
    ),
)
async def create_locate_request(
    demand: LocateDemand, acting: ActingDep, session: SessionDep, hub: HubDep, once: OnceDep
) -> Response:
    """Nothing is sent before a second officer has approved it. 须经第二人审批后方可发出。"""
    locate = await draft_locate(session, acting, hub.keys.vault, demand)
    view = LocateSummary.model_validate(locate)
    return await once.answer(202, view, location=f"/v1/locate-requests/{locate.id}")


@router.get("", summary="布控列表 · List requests to look out", responses=problems(ErrorCode.CURSOR_INVALID))
async def list_locate_requests(
    acting: ActingDep,
    session: SessionDep,
    page: PageDep,
    state: Annotated[LocateState | None, Query()] = None,
    case_id: Annotated[UUID | None, Query()] = None,
) -> Page[Listed]:
    """Newest first; each says which holders have not confirmed its recall. 按时间倒序，标明未确认撤控的单位。"""
    query = select_locates(acting, state, case_id)
    locates, following = await newest_first(session, query, LocateRequest.id, page)
    holders = await holders_of(session, [locate.id for locate in locates])
    items = [
        Listed.model_validate(
            {
                **_summary(locate).model_dump(),
                "party_id": locate.party_id,
                "unconfirmed_recalls": _loud(holders[locate.id]),
            }
        )
        for locate in locates
    ]
    return Page(items=items, next=following)


def _summary(locate: LocateRequest) -> LocateSummary:
    return LocateSummary.model_validate(locate)


def _loud(holders: Collection[Holder]) -> list[str]:
    return [holder.agency_code for holder in holders if holder.entry.state is EntryState.RECALLING]


@router.get(
    "/{locate_request_id}",
    summary="布控详情 · Read a request to look out",
    responses=problems(ErrorCode.LOCATE_REQUEST_UNKNOWN),
)
async def read_locate_request(
    locate_request_id: UUID, acting: ActingDep, session: SessionDep, hub: HubDep
) -> LocateView:
    """Every holder's entry and how many hits there were; the look is recorded. 各单位布控状态及线索数；留痕。"""
    locate = await find_locate(session, acting, locate_request_id)
    case = await session.get_one(Case, locate.case_id)
    await record_look(
        session,
        acting,
        AuditAction.LOCATES_READ,
        [locate.party_id],
        case_number=case.case_number,
        order_id=locate.order_id,
        detail={"locate_request_id": str(locate.id)},
    )
    return await _view(session, hub.keys.vault, locate)


@router.post(
    "/{locate_request_id}/decision",
    summary="审批布控 · Approve or refuse a request to look out",
    response_model=LocateView,
    responses=problems(
        ErrorCode.LOCATE_REQUEST_UNKNOWN,
        ErrorCode.STATE_FORBIDS,
        *OFFICERS,
        ErrorCode.APPROVER_NEEDED,
        ErrorCode.SAME_OFFICER,
        ErrorCode.REASON_REQUIRED,
        ErrorCode.CASE_CLOSED,
        ErrorCode.GROUND_GONE,
        ErrorCode.TERM_TOO_LONG,
        ErrorCode.DOCUMENT_EXPIRED,
    ),
)
async def decide_locate_request(  # noqa: PLR0913, PLR0917 - what a route needs is what FastAPI hands it
    locate_request_id: UUID,
    approval: Approval,
    acting: ActingDep,
    session: SessionDep,
    hub: HubDep,
    once: OnceDep,
) -> Response:
    """The second officer's word; approved, it goes to every holder at once. 第二人审批；同意的即发各协助单位。"""
    after = timedelta(days=hub.settings.look_out_revalidation_days)
    approving = Approving(session, acting, hub.keys.vault, after)
    look_out = await approving.decide(locate_request_id, approval)
    return await once.answer(200, await _view(session, hub.keys.vault, look_out.locate))


@router.post(
    "/{locate_request_id}/recall",
    summary="撤控 · Recall a request to look out",
    status_code=202,
    response_model=LocateView,
    responses=problems(ErrorCode.LOCATE_REQUEST_UNKNOWN, ErrorCode.STATE_FORBIDS, *OFFICERS),
)
async def recall_locate_request(  # noqa: PLR0913, PLR0917 - what a route needs is what FastAPI hands it
    locate_request_id: UUID,
    demand: RecallDemand,
    acting: ActingDep,
    session: SessionDep,
    hub: HubDep,
    once: OnceDep,
) -> Response:
    """Found, cleared, or entered in error; it is over when every holder has confirmed. 须各单位逐一确认。"""
    look_out = await recall(session, acting, locate_request_id, demand)
    return await once.answer(202, await _view(session, hub.keys.vault, look_out.locate))


@router.post(
    "/{locate_request_id}/validations",
    summary="复核布控 · Validate a request to look out again",
    status_code=201,
    response_model=LocateView,
    responses=problems(
        ErrorCode.LOCATE_REQUEST_UNKNOWN, ErrorCode.STATE_FORBIDS, ErrorCode.GROUND_GONE, *OFFICERS
    ),
)
async def validate_locate_request(  # noqa: PLR0913, PLR0917 - what a route needs is what FastAPI hands it
    locate_request_id: UUID,
    validation: Validation,
    acting: ActingDep,
    session: SessionDep,
    hub: HubDep,
    once: OnceDep,
) -> Response:
    """An officer answers for the ground once more; without it the request ends. 未按期复核的自动撤控。"""
    after = timedelta(days=hub.settings.look_out_revalidation_days)
    look_out = await validate(session, acting, locate_request_id, validation, after)
    return await once.answer(201, await _view(session, hub.keys.vault, look_out.locate))


@entries.get(
    "/recalling",
    summary="待确认撤控 · Entries whose recall is not confirmed",
    responses=problems(ErrorCode.CURSOR_INVALID),
)
async def list_recalled_entries(
    acting: ActingDep,
    session: SessionDep,
    page: PageDep,
    overdue: Annotated[
        bool | None, Query(description="仅逾期: only those that did not confirm in time")
    ] = None,
) -> Page[EntryView]:
    """Somebody may be stopped on each of these. 每一条都可能导致错误拦截。"""
    query = select_recalled(acting, overdue=bool(overdue))
    rows, following = await newest_first(session, query, LocateEntry.id, page)
    return Page(items=[_entry(holder) for holder in await as_holders(session, rows)], next=following)


async def _view(session: AsyncSession, vault: Vault, locate: LocateRequest) -> LocateView:
    holders = (await holders_of(session, [locate.id]))[locate.id]
    refusals = await refusals_of(session, vault, [holder.entry for holder in holders])
    view = LocateView.model_validate(locate)
    return view.model_copy(
        update={
            "entries": [_with_refusal(holder, refusals.get(holder.entry.id)) for holder in holders],
            "hits": await counts_of(session, locate.id),
        }
    )


def _with_refusal(holder: Holder, refusal: Refusing | None) -> EntryOfRequest:
    return EntryOfRequest(
        **_entry(holder).model_dump(),
        refusal_reason=refusal.reason if refusal else None,
        refusal_remark=refusal.remark if refusal else None,
    )


def _entry(holder: Holder) -> EntryView:
    entry, last = holder.entry, holder.recall
    return EntryView(
        id=entry.id,
        locate_request_id=entry.locate_id,
        agency_code=holder.agency_code,
        agency_name=holder.agency_name,
        request_id=entry.request_id,
        state=entry.state,
        state_at=entry.state_at,
        doubtful=entry.doubtful,
        ending=entry.ending if entry.state is EntryState.ENDED else None,
        recalls=entry.recalls,
        recall_request_id=entry.recall_request_id,
        recall_state=last.state if last else None,
        recall_due_at=last.due_at if last else None,
        recall_overdue=entry.state is EntryState.RECALLING
        and last is not None
        and (last.overdue or entry.recalls > 1),
    )

"""Detentions and referrals for refusing to perform: decided elsewhere, recorded and checked here."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.bodies import StrictRoute
from app.api.dependencies import ActingDep, SessionDep
from app.api.idempotency import OnceDep
from app.api.locating import OFFICERS
from app.api.paging import Page, PageDep, newest_first
from app.api.problems import problems
from app.api.tags import Tag
from app.errors import ErrorCode
from app.linkage.acting import Acting
from app.linkage.control.looking import record_look
from app.linkage.locating.detaining import (
    DetentionEnd,
    FamilyNotice,
    NewDetention,
    end_detention,
    find_detention,
    notify_family,
    record_detention,
    select_detentions,
)
from app.linkage.locating.referring import (
    NewFate,
    NewReferral,
    Referred,
    find_referral,
    follow,
    refer,
    select_referrals,
    steps_of,
)
from app.models import Case, Detention, Referral
from app.models.coercion import DetainedFor, DetentionEnding, ReferralFate, ReferralRoute
from app.vocabulary import AuditAction

detentions = APIRouter(prefix="/v1/detentions", tags=[Tag.COURT], route_class=StrictRoute)
referrals = APIRouter(prefix="/v1/referrals", tags=[Tag.COURT], route_class=StrictRoute)

_DRAFT = (ErrorCode.CASE_UNKNOWN, ErrorCode.CASE_CLOSED, ErrorCode.NOT_A_DEBTOR, *OFFICERS)


class DetentionView(BaseModel, from_attributes=True):
    """Who is detained is named by id only."""

    id: UUID
    case_id: UUID
    debtor_id: UUID = Field(validation_alias="party_id")
    custody_id: UUID | None
    act: DetainedFor
    act_on: date
    document_id: UUID
    decision_number: str
    days: int
    begins_at: datetime
    ends_at: datetime
    officer: str
    approver: str
    family_due_at: datetime
    family_notified_at: datetime | None
    family_notified_by: str | None
    ending: DetentionEnding | None
    ended_at: datetime | None


class ReferralSummary(BaseModel, from_attributes=True):
    id: UUID
    case_id: UUID
    debtor_id: UUID = Field(validation_alias="party_id")
    route: ReferralRoute
    body: str
    declined_referral_id: UUID | None = Field(validation_alias="declined_id")
    fate: ReferralFate
    fate_on: date
    criminal_case_number: str | None
    warrant_id: UUID | None
    """The paper of the warrant that is in force; without one nobody is pursued online."""
    officer: str
    created_at: datetime


class StepView(BaseModel, from_attributes=True):
    fate: ReferralFate
    happened_on: date
    officer: str
    note: str | None
    recorded_at: datetime


class ReferralView(ReferralSummary):
    steps: list[StepView] = []


@detentions.post(
    "",
    summary="登记司法拘留 · Record a detention",
    status_code=201,
    response_model=DetentionView,
    responses=problems(
        *_DRAFT,
        ErrorCode.APPROVER_NEEDED,
        ErrorCode.SAME_OFFICER,
        ErrorCode.DOCUMENT_UNKNOWN,
        ErrorCode.DOCUMENT_MISSING,
        ErrorCode.DOCUMENT_EXPIRED,
        ErrorCode.DETENTION_REPEATED,
        ErrorCode.STATE_FORBIDS,
    ),
)
async def create_detention(
    demand: NewDetention, acting: ActingDep, session: SessionDep, once: OnceDep
) -> Response:
    """At most fifteen days, and once for one act; the family is to be told within a day. 不超过15日，同一行为不得重复拘留。"""
    detention = await record_detention(session, acting, demand)
    view = DetentionView.model_validate(detention)
    return await once.answer(201, view, location=f"/v1/detentions/{detention.id}")


@detentions.get("", summary="拘留列表 · List detentions", responses=problems(ErrorCode.CURSOR_INVALID))
async def list_detentions(
    acting: ActingDep, session: SessionDep, page: PageDep, case_id: Annotated[UUID | None, Query()] = None
) -> Page[DetentionView]:
    """Newest first. 按时间倒序。"""
    query = select_detentions(acting, case_id)
    rows, following = await newest_first(session, query, Detention.id, page)
    return Page(items=[DetentionView.model_validate(row) for row in rows], next=following)


@detentions.get(
    "/{detention_id}", summary="拘留详情 · Read a detention", responses=problems(ErrorCode.NOT_FOUND)
)
async def read_detention(detention_id: UUID, acting: ActingDep, session: SessionDep) -> DetentionView:
    """The look is recorded. 留痕。"""
    detention = await find_detention(session, acting, detention_id)
    told = {"detention_id": str(detention.id)}
    await _look(session, acting, AuditAction.DETENTIONS_READ, detention, told)
    return DetentionView.model_validate(detention)


@detentions.post(
    "/{detention_id}/family-notice",
    summary="登记通知家属 · Record that the family was told",
    status_code=201,
    response_model=DetentionView,
    responses=problems(ErrorCode.NOT_FOUND, ErrorCode.STATE_FORBIDS, ErrorCode.INVALID_BODY, *OFFICERS),
)
async def record_family_notice(
    detention_id: UUID, notice: FamilyNotice, acting: ActingDep, session: SessionDep, once: OnceDep
) -> Response:
    """Within 24 hours (Interpretation §180). 须在24小时内通知（民诉法解释 §180）。"""
    detention = await notify_family(session, acting, detention_id, notice)
    return await once.answer(201, DetentionView.model_validate(detention))


@detentions.post(
    "/{detention_id}/end",
    summary="登记提前解除拘留 · Record that a detention ended early",
    status_code=201,
    response_model=DetentionView,
    responses=problems(ErrorCode.NOT_FOUND, ErrorCode.STATE_FORBIDS, ErrorCode.INVALID_BODY, *OFFICERS),
)
async def end_one_detention(
    detention_id: UUID, end: DetentionEnd, acting: ActingDep, session: SessionDep, once: OnceDep
) -> Response:
    """What ends by time is recorded by the hub itself. 期满的由系统自动记录。"""
    detention = await end_detention(session, acting, detention_id, end)
    return await once.answer(201, DetentionView.model_validate(detention))


@referrals.post(
    "",
    summary="登记拒执移送、自诉 · Record a referral for refusing to perform",
    status_code=201,
    response_model=ReferralView,
    responses=problems(*_DRAFT, ErrorCode.INVALID_BODY, ErrorCode.REASON_REQUIRED),
)
async def create_referral(
    demand: NewReferral, acting: ActingDep, session: SessionDep, once: OnceDep
) -> Response:
    """To the police, or as a private prosecution where that was declined. 移送公安，或在不予追究后自诉。"""
    referred = await refer(session, acting, demand)
    return await once.answer(201, _referral(referred), location=f"/v1/referrals/{referred.referral.id}")


@referrals.get("", summary="移送列表 · List referrals", responses=problems(ErrorCode.CURSOR_INVALID))
async def list_referrals(
    acting: ActingDep, session: SessionDep, page: PageDep, case_id: Annotated[UUID | None, Query()] = None
) -> Page[ReferralSummary]:
    """Newest first, each with its present fate. 按时间倒序。"""
    query = select_referrals(acting, case_id)
    rows, following = await newest_first(session, query, Referral.id, page)
    return Page(items=[ReferralSummary.model_validate(row) for row in rows], next=following)


@referrals.get(
    "/{referral_id}", summary="移送详情 · Read a referral", responses=problems(ErrorCode.NOT_FOUND)
)
async def read_referral(referral_id: UUID, acting: ActingDep, session: SessionDep) -> ReferralView:
    """All its steps; the look is recorded. 全部经过；留痕。"""
    referral = await find_referral(session, acting, referral_id)
    await _look(session, acting, AuditAction.REFERRALS_READ, referral, {"referral_id": str(referral.id)})
    return _referral(Referred(referral, await steps_of(session, referral.id)))


@referrals.post(
    "/{referral_id}/fates",
    summary="登记移送进展 · Record what became of a referral",
    status_code=201,
    response_model=ReferralView,
    responses=problems(
        ErrorCode.NOT_FOUND,
        ErrorCode.STATE_FORBIDS,
        ErrorCode.INVALID_BODY,
        ErrorCode.DOCUMENT_UNKNOWN,
        ErrorCode.DOCUMENT_WRONG_KIND,
        *OFFICERS,
    ),
)
async def add_fate(
    referral_id: UUID, demand: NewFate, acting: ActingDep, session: SessionDep, once: OnceDep
) -> Response:
    """Accepted, declined, warrant, charge, sentence. Without a warrant nobody is pursued. 强制措施撤销的，追逃随即撤销。"""
    return await once.answer(201, _referral(await follow(session, acting, referral_id, demand)))


def _referral(referred: Referred) -> ReferralView:
    steps = [StepView.model_validate(step) for step in referred.steps]
    return ReferralView.model_validate(referred.referral).model_copy(update={"steps": steps})


async def _look(
    session: AsyncSession,
    acting: Acting,
    action: AuditAction,
    about: Detention | Referral,
    detail: dict[str, str],
) -> None:
    case = await session.get_one(Case, about.case_id)
    await record_look(session, acting, action, [about.party_id], case_number=case.case_number, detail=detail)

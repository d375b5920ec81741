"""Courts and their officers."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.bodies import StrictRoute
from app.api.dependencies import CallerDep, SessionDep
from app.api.idempotency import OnceDep
from app.api.paging import Page, PageDep, newest_first
from app.api.problems import problems
from app.api.tags import Tag
from app.errors import ErrorCode, Refusal
from app.linkage import courts
from app.linkage.callers import Caller
from app.models import Court, Officer
from app.vocabulary import OfficerRole

router = APIRouter(route_class=StrictRoute)


class CourtView(BaseModel, from_attributes=True):
    id: UUID
    code: str
    name: str
    active: bool
    created_at: datetime


class OfficerView(BaseModel, from_attributes=True):
    id: UUID
    court_id: UUID
    name: str
    work_permit_number: str
    enforcement_permit_number: str
    phone: str | None
    role: OfficerRole
    active: bool
    created_at: datetime


@router.post(
    "/v1/courts",
    tags=[Tag.ADMINISTRATION],
    summary="登记法院 · Register a court",
    status_code=201,
    response_model=CourtView,
    responses=problems(ErrorCode.CONFLICT),
)
async def create_court(
    demand: courts.NewCourt, caller: CallerDep, session: SessionDep, once: OnceDep
) -> Response:
    """The code is the one in the court's case numbers. 法院代字即案号中的代字。"""
    court = await courts.create_court(session, caller, demand)
    return await once.answer(201, CourtView.model_validate(court), location=f"/v1/courts/{court.id}")


@router.get("/v1/courts", tags=[Tag.ADMINISTRATION], summary="法院列表 · List courts")
async def list_courts(_caller: CallerDep, session: SessionDep, page: PageDep) -> Page[CourtView]:
    """All courts, newest first. 全部法院。"""
    rows, following = await newest_first(session, select(Court), Court.id, page)
    return Page(items=[CourtView.model_validate(court) for court in rows], next=following)


@router.get(
    "/v1/courts/{court_id}",
    tags=[Tag.ADMINISTRATION],
    summary="法院详情 · Read a court",
    responses=problems(ErrorCode.NOT_FOUND),
)
async def read_court(court_id: UUID, _caller: CallerDep, session: SessionDep) -> CourtView:
    """One court. 单个法院。"""
    return CourtView.model_validate(await _court(session, court_id))


@router.patch(
    "/v1/courts/{court_id}",
    tags=[Tag.ADMINISTRATION],
    summary="修改法院 · Change a court",
    responses=problems(ErrorCode.NOT_FOUND),
)
async def change_court(
    court_id: UUID, change: courts.CourtChange, caller: CallerDep, session: SessionDep
) -> CourtView:
    """Rename, deactivate or reactivate; a deactivated court is refused within a minute. 停用后一分钟内生效。"""
    court = await _court(session, court_id)
    await courts.change_court(session, caller, court, change)
    return CourtView.model_validate(court)


@router.post(
    "/v1/officers",
    tags=[Tag.COURT],
    summary="登记执行人员 · Enrol an officer",
    status_code=201,
    response_model=OfficerView,
    responses=problems(ErrorCode.CONFLICT),
)
async def enrol_officer(
    demand: courts.NewOfficer, caller: CallerDep, session: SessionDep, once: OnceDep
) -> Response:
    """File an officer's work permit and enforcement permit. 备案执行人员的工作证和执行公务证。

    A court enrols its own officers; an administrator names the court.
    """
    officer = await courts.enrol_officer(session, caller, demand)
    return await once.answer(201, OfficerView.model_validate(officer), location=f"/v1/officers/{officer.id}")


@router.get("/v1/officers", tags=[Tag.COURT], summary="执行人员列表 · List officers")
async def list_officers(
    caller: CallerDep,
    session: SessionDep,
    page: PageDep,
    court_id: Annotated[UUID | None, Query(description="For administrators · 仅管理员使用")] = None,
) -> Page[OfficerView]:
    """Officers of this court; of any court for an administrator. 本院执行人员。"""
    query = select(Officer)
    wanted = caller.court_id or court_id
    if wanted is not None:
        query = query.where(Officer.court_id == wanted)
    rows, following = await newest_first(session, query, Officer.id, page)
    return Page(items=[OfficerView.model_validate(officer) for officer in rows], next=following)


@router.get(
    "/v1/officers/{officer_id}",
    tags=[Tag.COURT],
    summary="执行人员详情 · Read an officer",
    responses=problems(ErrorCode.NOT_FOUND),
)
async def read_officer(officer_id: UUID, caller: CallerDep, session: SessionDep) -> OfficerView:
    """One officer. 单个执行人员。"""
    return OfficerView.model_validate(await _officer(session, caller, officer_id))


@router.patch(
    "/v1/officers/{officer_id}",
    tags=[Tag.COURT],
    summary="修改执行人员 · Change an officer",
    responses=problems(ErrorCode.NOT_FOUND),
)
async def change_officer(
    officer_id: UUID, change: courts.OfficerChange, caller: CallerDep, session: SessionDep
) -> OfficerView:
    """Permit, phone, role, or whether still in office. 变更证件、电话、角色或停用。"""
    officer = await _officer(session, caller, officer_id)
    await courts.change_officer(session, caller, officer, change)
    return OfficerView.model_validate(officer)


async def _court(session: AsyncSession, court_id: UUID) -> Court:
    court = await session.get(Court, court_id)
    if court is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    return court


async def _officer(session: AsyncSession, caller: Caller, officer_id: UUID) -> Officer:
    """Another court's officer answers like one that does not exist."""
    officer = await session.get(Officer, officer_id)
    if officer is None or caller.court_id not in {None, officer.court_id}:
        raise Refusal(ErrorCode.NOT_FOUND)
    return officer

"""Agencies and their keys."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import select
from starlette.responses import Response

from app.adapters.profile import AgencySettings
from app.api.bodies import StrictRoute
from app.api.dependencies import CallerDep, SessionDep
from app.api.idempotency import OnceDep
from app.api.paging import Page, PageDep, newest_first
from app.api.problems import problems
from app.api.tags import Tag
from app.errors import ErrorCode
from app.linkage import agencies
from app.models import Agency
from app.vocabulary import AgencyKind, OrderKind

router = APIRouter(prefix="/v1/agencies", route_class=StrictRoute)


class AgencySummary(BaseModel, from_attributes=True):
    code: str
    name: str
    kind: AgencyKind
    capabilities: list[OrderKind]
    active: bool


class AgencyView(AgencySummary):
    id: UUID
    dialect: str
    transport: str
    settings: AgencySettings
    version: int
    created_at: datetime
    updated_at: datetime


class AgencyKeyView(BaseModel, from_attributes=True):
    key_id: str
    algorithm: str
    not_before: datetime
    not_after: datetime | None
    revoked_at: datetime | None
    created_at: datetime


class AgencyKeyList(BaseModel):
    items: list[AgencyKeyView]


@router.post(
    "",
    tags=[Tag.ADMINISTRATION],
    summary="登记协助执行单位 · Register an agency",
    status_code=201,
    response_model=AgencyView,
    responses=problems(ErrorCode.AGENCY_SETTINGS_INVALID, ErrorCode.CONFLICT),
)
async def create_agency(
    demand: agencies.NewAgency, caller: CallerDep, session: SessionDep, once: OnceDep
) -> Response:
    """One that speaks a known protocol can be asked at once; nothing is restarted. 协议已支持的单位登记后即可查询，无需重启。"""
    agency = await agencies.create_agency(session, caller, demand)
    return await once.answer(201, AgencyView.model_validate(agency), location=f"/v1/agencies/{agency.code}")


@router.get("", tags=[Tag.COURT], summary="协助执行单位列表 · List agencies")
async def list_agencies(_caller: CallerDep, session: SessionDep, page: PageDep) -> Page[AgencySummary]:
    """Whom a query can name. 可供查询的单位。"""
    rows, following = await newest_first(session, select(Agency), Agency.id, page)
    return Page(items=[AgencySummary.model_validate(agency) for agency in rows], next=following)


@router.get(
    "/{code}",
    tags=[Tag.ADMINISTRATION],
    summary="单位详情 · Read an agency",
    responses=problems(ErrorCode.NOT_FOUND),
)
async def read_agency(code: str, _caller: CallerDep, session: SessionDep) -> AgencyView:
    """With its settings. 含全部配置。"""
    return AgencyView.model_validate(await agencies.find_agency(session, code))


@router.patch(
    "/{code}",
    tags=[Tag.ADMINISTRATION],
    summary="修改单位 · Change an agency",
    responses=problems(ErrorCode.NOT_FOUND, ErrorCode.AGENCY_SETTINGS_INVALID),
)
async def change_agency(
    code: str, change: agencies.AgencyChange, caller: CallerDep, session: SessionDep
) -> AgencyView:
    """Settings are replaced as a whole; workers take them up within seconds. 配置整体替换，数秒内生效。"""
    agency = await agencies.find_agency(session, code, lock=True)
    await agencies.change_agency(session, caller, agency, change)
    return AgencyView.model_validate(agency)


@router.post(
    "/{code}/keys",
    tags=[Tag.ADMINISTRATION],
    summary="增加公钥 · Add a public key",
    status_code=201,
    response_model=AgencyKeyView,
    responses=problems(ErrorCode.NOT_FOUND, ErrorCode.AGENCY_SETTINGS_INVALID, ErrorCode.CONFLICT),
)
async def add_agency_key(
    code: str, demand: agencies.NewAgencyKey, caller: CallerDep, session: SessionDep, once: OnceDep
) -> Response:
    """Keys overlap while they rotate: add the new one, then revoke the old. 先增后废，可重叠使用。"""
    agency = await agencies.find_agency(session, code, lock=True)
    key = await agencies.add_key(session, caller, agency, demand)
    return await once.answer(201, AgencyKeyView.model_validate(key))


@router.get(
    "/{code}/keys",
    tags=[Tag.ADMINISTRATION],
    summary="公钥列表 · List public keys",
    responses=problems(ErrorCode.NOT_FOUND),
)
async def list_agency_keys(code: str, _caller: CallerDep, session: SessionDep) -> AgencyKeyList:
    """Revoked ones as well: they verify what was signed before. 含已废止的公钥。"""
    found = await agencies.keys_of(session, await agencies.find_agency(session, code))
    return AgencyKeyList(items=[AgencyKeyView.model_validate(key) for key in found])


@router.post(
    "/{code}/keys/{key_id}/revocation",
    tags=[Tag.ADMINISTRATION],
    summary="废止公钥 · Revoke a public key",
    status_code=201,
    response_model=AgencyKeyView,
    responses=problems(ErrorCode.NOT_FOUND, ErrorCode.STATE_FORBIDS),
)
async def revoke_agency_key(
    code: str, key_id: str, caller: CallerDep, session: SessionDep, once: OnceDep
) -> Response:
    """For good, and effective within a minute. 永久废止，一分钟内生效。"""
    agency = await agencies.find_agency(session, code, lock=True)
    key = await agencies.revoke_key(session, caller, agency, key_id)
    return await once.answer(201, AgencyKeyView.model_validate(key))

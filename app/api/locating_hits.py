"""Sightings, who is held, and what agencies tell without being asked."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.bodies import StrictRoute
from app.api.dependencies import ActingDep, HubDep, SessionDep
from app.api.idempotency import OnceDep
from app.api.locating import OFFICERS
from app.api.paging import Page, PageDep, newest_first
from app.api.problems import problems
from app.api.tags import Tag
from app.crypto import Vault
from app.errors import ErrorCode
from app.linkage.acting import Acting
from app.linkage.control.looking import record_look
from app.linkage.control.reading import codes_of
from app.linkage.locating.deciding import decide_hit
from app.linkage.locating.demands import Decision, HandOver
from app.linkage.locating.reading import (
    find_custody,
    find_hit,
    find_watched,
    open_place,
    select_custodies,
    select_hits,
    select_watched,
)
from app.linkage.locating.sightings import open_facts
from app.linkage.locating.taking_over import take_over
from app.linkage.locating.watching import open_watched
from app.models import Case, Custody, LocateHit, LocateRequest, WatchedFact
from app.models.locating import CustodyState, HitStage, HitState, ParkedBecause
from app.vocabulary import AuditAction, HitConfidence, WatchKind

router = APIRouter(prefix="/v1/hits", tags=[Tag.COURT], route_class=StrictRoute)
custodies = APIRouter(prefix="/v1/custodies", tags=[Tag.COURT], route_class=StrictRoute)
watched = APIRouter(prefix="/v1/watch-notices", tags=[Tag.COURT], route_class=StrictRoute)


class HitSummary(BaseModel):
    """A sighting, without its place. Nobody is held on it before an officer has confirmed it."""

    id: UUID
    locate_request_id: UUID
    case_id: UUID
    agency_code: str
    confidence: HitConfidence
    seen_at: datetime
    received_at: datetime
    state: HitState
    parked_because: ParkedBecause | None
    stage: HitStage
    """How often the court was asked."""
    due_at: datetime | None
    decided_at: datetime | None
    decided_by: str | None
    minutes_needed: int | None
    decision_note: str | None
    decision_request_id: UUID | None


class HitView(HitSummary):
    place: str
    source: str
    reporter: str
    circumstances: str
    attachment_sha256: str | None


class CustodySummary(BaseModel, from_attributes=True):
    id: UUID
    locate_request_id: UUID
    case_id: UUID
    hit_id: UUID
    agency_code: str
    state: CustodyState
    held_at: datetime
    hand_over_due_at: datetime
    handed_over_at: datetime | None
    taken_by: str | None
    came_along: list[str]
    released_at: datetime | None


class CustodyView(CustodySummary):
    held_place: str
    handed_over_place: str | None


class WatchSummary(BaseModel):
    id: UUID
    case_id: UUID
    request_id: UUID
    agency_code: str
    kind: WatchKind
    happened_at: datetime
    received_at: datetime


class WatchView(WatchSummary):
    place: str
    detail: str


@router.get("", summary="线索列表 · List hits", responses=problems(ErrorCode.CURSOR_INVALID))
async def list_hits(
    acting: ActingDep,
    session: SessionDep,
    page: PageDep,
    state: Annotated[HitState | None, Query()] = None,
    locate_request_id: Annotated[UUID | None, Query()] = None,
) -> Page[HitSummary]:
    """Newest first, without places and reporters. 按时间倒序，不含地点和举报人。"""
    query = select_hits(acting, state, locate_request_id)
    hits, following = await newest_first(session, query, LocateHit.id, page)
    codes = await codes_of(session, {hit.agency_id for hit in hits})
    return Page(items=[_hit(hit, codes[hit.agency_id]) for hit in hits], next=following)


@router.get("/{hit_id}", summary="线索详情 · Read a hit", responses=problems(ErrorCode.NOT_FOUND))
async def read_hit(hit_id: UUID, acting: ActingDep, session: SessionDep, hub: HubDep) -> HitView:
    """Where, when, by whom and how sure; the look is recorded. 时间、地点、来源和可信度；留痕。"""
    hit = await find_hit(session, acting, hit_id)
    await _look(session, acting, AuditAction.HITS_READ, hit.locate_id, {"hit_id": str(hit.id)})
    return await _whole_hit(session, hub.keys.vault, hit)


@router.post(
    "/{hit_id}/decision",
    summary="核实线索 · Say whether it is him",
    response_model=HitSummary,
    responses=problems(
        ErrorCode.NOT_FOUND,
        ErrorCode.INVALID_BODY,
        ErrorCode.STATE_FORBIDS,
        ErrorCode.GROUND_GONE,
        ErrorCode.REASON_REQUIRED,
        *OFFICERS,
    ),
)
async def decide_one_hit(  # noqa: PLR0913, PLR0917 - what a route needs is what FastAPI hands it
    hit_id: UUID, decision: Decision, acting: ActingDep, session: SessionDep, hub: HubDep, once: OnceDep
) -> Response:
    """Confirmed, not him, or so many more minutes; the agency is told at once. 属实、非本人或需要更多时间；即告知协助单位。"""
    hit = await decide_hit(session, acting, hub.keys.vault, hit_id, decision)
    codes = await codes_of(session, {hit.agency_id})
    return await once.answer(200, _hit(hit, codes[hit.agency_id]))


@custodies.get("", summary="控制列表 · List custodies", responses=problems(ErrorCode.CURSOR_INVALID))
async def list_custodies(
    acting: ActingDep,
    session: SessionDep,
    page: PageDep,
    state: Annotated[CustodyState | None, Query()] = None,
    locate_request_id: Annotated[UUID | None, Query()] = None,
) -> Page[CustodySummary]:
    """Who is held until when, newest first, without places. 按时间倒序，不含地点。"""
    query = select_custodies(acting, state, locate_request_id)
    held, following = await newest_first(session, query, Custody.id, page)
    codes = await codes_of(session, {custody.agency_id for custody in held})
    return Page(items=[_custody(custody, codes[custody.agency_id]) for custody in held], next=following)


@custodies.get("/{custody_id}", summary="控制详情 · Read a custody", responses=problems(ErrorCode.NOT_FOUND))
async def read_custody(custody_id: UUID, acting: ActingDep, session: SessionDep, hub: HubDep) -> CustodyView:
    """With the places; the look is recorded. 含地点；留痕。"""
    custody = await find_custody(session, acting, custody_id)
    told = {"custody_id": str(custody.id)}
    await _look(session, acting, AuditAction.CUSTODIES_READ, custody.locate_id, told)
    return await _whole_custody(session, hub.keys.vault, custody)


@custodies.post(
    "/{custody_id}/hand-over",
    summary="办理交接 · Record that the court took over",
    status_code=201,
    response_model=CustodyView,
    responses=problems(ErrorCode.NOT_FOUND, ErrorCode.INVALID_BODY, ErrorCode.STATE_FORBIDS, *OFFICERS),
)
async def hand_over(  # noqa: PLR0913, PLR0917 - what a route needs is what FastAPI hands it
    custody_id: UUID, demand: HandOver, acting: ActingDep, session: SessionDep, hub: HubDep, once: OnceDep
) -> Response:
    """Who took over, when, where and what came along; the request ends at every holder. 交接后各单位布控随即撤销。"""
    vault = hub.keys.vault
    custody = await take_over(session, acting, vault, custody_id, demand)
    return await once.answer(201, await _whole_custody(session, vault, custody))


@watched.get("", summary="主动反馈列表 · List watch notices", responses=problems(ErrorCode.CURSOR_INVALID))
async def list_watch_notices(
    acting: ActingDep, session: SessionDep, page: PageDep, case_id: Annotated[UUID | None, Query()] = None
) -> Page[WatchSummary]:
    """What agencies told without being asked, without places. 协助单位主动反馈，不含地点。"""
    facts, following = await newest_first(session, select_watched(acting, case_id), WatchedFact.id, page)
    codes = await codes_of(session, {fact.agency_id for fact in facts})
    return Page(items=[_watch(fact, codes[fact.agency_id]) for fact in facts], next=following)


@watched.get(
    "/{notice_id}", summary="主动反馈详情 · Read a watch notice", responses=problems(ErrorCode.NOT_FOUND)
)
async def read_watch_notice(
    notice_id: UUID, acting: ActingDep, session: SessionDep, hub: HubDep
) -> WatchView:
    """With place and detail; the look is recorded. 含地点和详情；留痕。"""
    fact = await find_watched(session, acting, notice_id)
    case = await session.get_one(Case, fact.case_id)
    await record_look(
        session,
        acting,
        AuditAction.WATCHES_READ,
        [fact.party_id],
        case_number=case.case_number,
        request_id=fact.request_id,
        detail={"watch_notice_id": str(fact.id)},
    )
    codes = await codes_of(session, {fact.agency_id})
    told = {**_watch(fact, codes[fact.agency_id]).model_dump(), **open_watched(hub.keys.vault, fact)}
    return WatchView.model_validate(told)


async def _look(
    session: AsyncSession, acting: Acting, action: AuditAction, locate_id: UUID, detail: dict[str, str]
) -> None:
    locate = await session.get_one(LocateRequest, locate_id)
    case = await session.get_one(Case, locate.case_id)
    await record_look(
        session,
        acting,
        action,
        [locate.party_id],
        case_number=case.case_number,
        order_id=locate.order_id,
        detail={"locate_request_id": str(locate_id), **detail},
    )


async def _whole_hit(session: AsyncSession, vault: Vault, hit: LocateHit) -> HitView:
    codes = await codes_of(session, {hit.agency_id})
    summary = _hit(hit, codes[hit.agency_id])
    return HitView.model_validate({**open_facts(vault, hit), **summary.model_dump()})


def _hit(hit: LocateHit, agency_code: str) -> HitSummary:
    return HitSummary(
        id=hit.id,
        locate_request_id=hit.locate_id,
        case_id=hit.case_id,
        agency_code=agency_code,
        confidence=hit.confidence,
        seen_at=hit.seen_at,
        received_at=hit.received_at,
        state=hit.state,
        parked_because=hit.parked_because,
        stage=hit.stage,
        due_at=hit.due_at,
        decided_at=hit.decided_at,
        decided_by=hit.decided_by,
        minutes_needed=hit.minutes_needed,
        decision_note=hit.decision_note,
        decision_request_id=hit.decision_request_id,
    )


async def _whole_custody(session: AsyncSession, vault: Vault, custody: Custody) -> CustodyView:
    codes = await codes_of(session, {custody.agency_id})
    summary = _custody(custody, codes[custody.agency_id])
    return CustodyView(
        **summary.model_dump(),
        held_place=open_place(vault, custody.held_place),
        handed_over_place=None
        if custody.handed_over_place is None
        else open_place(vault, custody.handed_over_place),
    )


def _custody(custody: Custody, agency_code: str) -> CustodySummary:
    return CustodySummary(
        id=custody.id,
        locate_request_id=custody.locate_id,
        case_id=custody.case_id,
        hit_id=custody.hit_id,
        agency_code=agency_code,
        state=custody.state,
        held_at=custody.held_at,
        hand_over_due_at=custody.hand_over_due_at,
        handed_over_at=custody.handed_over_at,
        taken_by=custody.taken_by,
        came_along=custody.came_along,
        released_at=custody.released_at,
    )


def _watch(fact: WatchedFact, agency_code: str) -> WatchSummary:
    return WatchSummary(
        id=fact.id,
        case_id=fact.case_id,
        request_id=fact.request_id,
        agency_code=agency_code,
        kind=fact.kind,
        happened_at=fact.happened_at,
        received_at=fact.received_at,
    )

"""Objections of agencies, and the court's answer within fifteen days (2013 Rules §6)."""

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
from app.api.paging import Page, PageDep, newest_first
from app.api.problems import problems
from app.api.tags import Tag
from app.errors import ErrorCode
from app.linkage.acting import Acting
from app.linkage.control.looking import record_look
from app.linkage.control.objections import (
    ObjectionAnswer,
    OpenedObjection,
    answer_objection,
    is_overdue,
    open_objection,
    select_objections,
)
from app.linkage.control.reading import codes_of
from app.models import Case, Objection
from app.models.task import ObjectionState
from app.vocabulary import AuditAction

router = APIRouter(prefix="/v1/objections", tags=[Tag.COURT], route_class=StrictRoute)


class ObjectionSummary(BaseModel):
    id: UUID
    case_id: UUID
    agency_code: str
    request_id: UUID
    """The order that the agency holds for unlawful; it stands meanwhile."""
    grounds: list[str]
    state: ObjectionState
    received_at: datetime
    answer_due_at: datetime
    answered_at: datetime | None
    answered_by: str | None
    overdue: bool
    """Answered too late, or not answered in time."""


class ObjectionView(ObjectionSummary):
    text: str
    answer: str | None


@router.get("", summary="异议列表 · List objections", responses=problems(ErrorCode.CURSOR_INVALID))
async def list_objections(
    acting: ActingDep,
    session: SessionDep,
    page: PageDep,
    state: Annotated[ObjectionState | None, Query()] = None,
    case_id: Annotated[UUID | None, Query()] = None,
) -> Page[ObjectionSummary]:
    """Newest first, without their texts. 按时间倒序，不含正文。"""
    query = select_objections(acting, state, case_id)
    objections, following = await newest_first(session, query, Objection.id, page)
    codes = await codes_of(session, {objection.agency_id for objection in objections})
    items = [_summary(objection, codes[objection.agency_id], acting.at) for objection in objections]
    return Page(items=items, next=following)


@router.get(
    "/{objection_id}", summary="异议详情 · Read an objection", responses=problems(ErrorCode.NOT_FOUND)
)
async def read_objection(
    objection_id: UUID, acting: ActingDep, session: SessionDep, hub: HubDep
) -> ObjectionView:
    """What the agency wrote, and the court's answer; the look is recorded. 异议正文及答复；留痕。"""
    opened = await open_objection(session, acting, hub.keys.vault, objection_id)
    case = await session.get_one(Case, opened.objection.case_id)
    await record_look(
        session,
        acting,
        AuditAction.FREEZES_READ,
        [opened.party_id],
        case_number=case.case_number,
        request_id=opened.objection.request_id,
        detail={"objection_id": str(objection_id)},
    )
    return await _view(session, acting, opened)


@router.post(
    "/{objection_id}/answer",
    summary="答复异议 · Answer an objection",
    status_code=201,
    response_model=ObjectionView,
    responses=problems(
        ErrorCode.NOT_FOUND,
        ErrorCode.STATE_FORBIDS,
        ErrorCode.OFFICER_UNKNOWN,
        ErrorCode.OFFICER_NOT_OF_COURT,
    ),
)
async def answer_one_objection(  # noqa: PLR0913, PLR0917 - what a route needs is what FastAPI hands it
    objection_id: UUID,
    answer: ObjectionAnswer,
    acting: ActingDep,
    session: SessionDep,
    hub: HubDep,
    once: OnceDep,
) -> Response:
    """Upheld or dismissed, in writing. A measure whose objection is upheld is then released by an order.

    书面答复：异议成立或不成立。成立的，另行办理解除。
    """
    opened = await answer_objection(session, acting, hub.keys.vault, objection_id, answer)
    return await once.answer(201, await _view(session, acting, opened))


async def _view(session: AsyncSession, acting: Acting, opened: OpenedObjection) -> ObjectionView:
    objection = opened.objection
    codes = await codes_of(session, {objection.agency_id})
    summary = _summary(objection, codes[objection.agency_id], acting.at)
    return ObjectionView(**summary.model_dump(), text=opened.text, answer=opened.answer)


def _summary(objection: Objection, agency_code: str, now: datetime) -> ObjectionSummary:
    return ObjectionSummary(
        id=objection.id,
        case_id=objection.case_id,
        agency_code=agency_code,
        request_id=objection.request_id,
        grounds=objection.grounds.split(","),
        state=objection.state,
        received_at=objection.received_at,
        answer_due_at=objection.answer_due_at,
        answered_at=objection.answered_at,
        answered_by=objection.answered_by,
        overdue=is_overdue(objection, now),
    )

"""Agencies without a system: their people, and what lies on their desk."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.bodies import StrictRoute
from app.api.dependencies import ActingDep, CallerDep, HubDep, SessionDep
from app.api.idempotency import OnceDep
from app.api.locating import OFFICERS
from app.api.paging import Page, PageDep, newest_first
from app.api.problems import problems
from app.api.tags import Tag
from app.errors import ErrorCode
from app.linkage.agencies import find_agency
from app.linkage.control.looking import record_look
from app.linkage.liaison.answering import (
    LiaisonWord,
    OpenedTask,
    answer_liaison_task,
    open_liaison_task,
    select_liaison_tasks,
    what_is_asked,
)
from app.linkage.liaison.people import (
    LiaisonOfficerChange,
    NewLiaisonOfficer,
    change_liaison_officer,
    liaison_officers_of,
    name_liaison_officer,
)
from app.linkage.messages import Fate
from app.models import Agency, AgencyRequest, Case, LiaisonTask
from app.models.agency_request import ENDED, RequestState
from app.vocabulary import AuditAction, OrderKind

people = APIRouter(prefix="/v1/agencies/{code}/liaison-officers", route_class=StrictRoute)
tasks = APIRouter(prefix="/v1/liaison-tasks", tags=[Tag.COURT], route_class=StrictRoute)


class LiaisonOfficerView(BaseModel, from_attributes=True):
    id: UUID
    name: str
    phone: str
    active: bool
    created_at: datetime


class LiaisonOfficerList(BaseModel):
    items: list[LiaisonOfficerView]


class LiaisonTaskSummary(BaseModel):
    """It names nobody; what is asked, about whom, is read one by one."""

    id: UUID
    case_id: UUID
    agency_code: str
    request_id: UUID
    kind: OrderKind
    state: RequestState
    open: bool
    due_at: datetime
    overdue: bool
    opened_at: datetime
    answered_at: datetime | None
    answered_by: UUID | None


class LiaisonTaskView(LiaisonTaskSummary):
    liaison_officers: list[LiaisonOfficerView]
    asked: dict[str, Any]
    """The request as docs/agency-protocol.md writes it."""


class LiaisonReceipt(LiaisonTaskSummary):
    disposition: Fate
    """What became of the answer: a late or contradicting one is kept and shown to a person."""


@people.post(
    "",
    tags=[Tag.ADMINISTRATION],
    summary="登记联络员 · Name a liaison officer",
    status_code=201,
    response_model=LiaisonOfficerView,
    responses=problems(ErrorCode.NOT_FOUND),
)
async def create_liaison_officer(
    code: str, demand: NewLiaisonOfficer, caller: CallerDep, session: SessionDep, once: OnceDep
) -> Response:
    """Whom the agency names for what the court asks. 协助单位指定的联络员。"""
    agency = await find_agency(session, code)
    person = await name_liaison_officer(session, caller, agency, demand)
    return await once.answer(201, LiaisonOfficerView.model_validate(person))


@people.get(
    "",
    tags=[Tag.COURT],
    summary="联络员列表 · List liaison officers",
    responses=problems(ErrorCode.NOT_FOUND),
)
async def list_liaison_officers(code: str, _caller: CallerDep, session: SessionDep) -> LiaisonOfficerList:
    """Whom to call. 联系人。"""
    agency = await find_agency(session, code)
    rows = await liaison_officers_of(session, agency.id)
    return LiaisonOfficerList(items=[LiaisonOfficerView.model_validate(row) for row in rows])


@people.patch(
    "/{liaison_officer_id}",
    tags=[Tag.ADMINISTRATION],
    summary="修改联络员 · Change a liaison officer",
    responses=problems(ErrorCode.NOT_FOUND),
)
async def change_one_liaison_officer(
    code: str,
    liaison_officer_id: UUID,
    change: LiaisonOfficerChange,
    caller: CallerDep,
    session: SessionDep,
) -> LiaisonOfficerView:
    """Who leaves is deactivated at once. 离任的即时停用。"""
    agency = await find_agency(session, code)
    person = await change_liaison_officer(session, caller, agency, liaison_officer_id, change)
    return LiaisonOfficerView.model_validate(person)


@tasks.get("", summary="联络任务列表 · List liaison tasks", responses=problems(ErrorCode.CURSOR_INVALID))
async def list_liaison_tasks(
    acting: ActingDep,
    session: SessionDep,
    page: PageDep,
    is_open: Annotated[bool | None, Query(alias="open")] = None,
) -> Page[LiaisonTaskSummary]:
    """What people of agencies have to do for this court, newest first. 须由联络员办理的事项，按时间倒序。"""
    query = select_liaison_tasks(acting, is_open=is_open)
    rows, following = await newest_first(session, query, LiaisonTask.id, page)
    return Page(items=[_summary(opened) for opened in await _opened(session, rows)], next=following)


@tasks.get(
    "/{liaison_task_id}",
    summary="联络任务详情 · Read a liaison task",
    responses=problems(ErrorCode.NOT_FOUND),
)
async def read_liaison_task(
    liaison_task_id: UUID, acting: ActingDep, session: SessionDep, hub: HubDep
) -> LiaisonTaskView:
    """What is asked, word for word, and whom to call; the look is recorded. 请求全文及联系人；留痕。"""
    opened = await open_liaison_task(session, acting, liaison_task_id)
    case = await session.get_one(Case, opened.request.case_id)
    await record_look(
        session,
        acting,
        AuditAction.LIAISON_TASK_READ,
        [opened.request.party_id],
        case_number=case.case_number,
        request_id=opened.request.id,
        detail={"liaison_task_id": str(liaison_task_id)},
    )
    rows = await liaison_officers_of(session, opened.agency.id)
    return LiaisonTaskView(
        **_summary(opened).model_dump(),
        liaison_officers=[LiaisonOfficerView.model_validate(row) for row in rows if row.active],
        asked=await what_is_asked(session, hub.keys.vault, opened),
    )


@tasks.post(
    "/{liaison_task_id}/answer",
    summary="登记联络员答复 · Write down what a liaison officer said",
    status_code=201,
    response_model=LiaisonReceipt,
    responses=problems(ErrorCode.NOT_FOUND, ErrorCode.STATE_FORBIDS, ErrorCode.MALFORMED_MESSAGE, *OFFICERS),
)
async def answer_one_liaison_task(  # noqa: PLR0913, PLR0917 - what a route needs is what FastAPI hands it
    liaison_task_id: UUID,
    word: LiaisonWord,
    acting: ActingDep,
    session: SessionDep,
    hub: HubDep,
    once: OnceDep,
) -> Response:
    """An answer, a sighting or a notice of an agency's people counts like that of a system. 与系统反馈同等效力。"""
    opened, fate = await answer_liaison_task(session, acting, hub.keys.vault, liaison_task_id, word)
    receipt = LiaisonReceipt(**_summary(opened).model_dump(), disposition=fate)
    return await once.answer(201, receipt)


async def _opened(session: AsyncSession, rows: Sequence[LiaisonTask]) -> list[OpenedTask]:
    found = await session.execute(
        select(LiaisonTask, AgencyRequest, Agency)
        .join(AgencyRequest, AgencyRequest.id == LiaisonTask.request_id)
        .join(Agency, Agency.id == LiaisonTask.agency_id)
        .where(LiaisonTask.id.in_([row.id for row in rows]))
        .order_by(LiaisonTask.id.desc())
    )
    return [OpenedTask(*row) for row in found]


def _summary(opened: OpenedTask) -> LiaisonTaskSummary:
    task, request = opened.task, opened.request
    return LiaisonTaskSummary(
        id=task.id,
        case_id=task.case_id,
        agency_code=opened.agency.code,
        request_id=request.id,
        kind=request.kind,
        state=request.state,
        open=request.state not in ENDED,
        due_at=request.due_at,
        overdue=request.overdue,
        opened_at=task.opened_at,
        answered_at=task.answered_at,
        answered_by=task.answered_by,
    )

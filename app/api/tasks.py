"""What a person has to look at."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from app.api.bodies import StrictRoute
from app.api.dependencies import ActingDep, SessionDep
from app.api.idempotency import OnceDep
from app.api.paging import Page, PageDep, newest_first
from app.api.problems import problems
from app.api.tags import Tag
from app.errors import ErrorCode
from app.linkage.control.closing_tasks import TaskClosure, TaskFilter, close_task, select_tasks
from app.models import Task
from app.models.task import TaskKind

router = APIRouter(prefix="/v1/tasks", tags=[Tag.COURT], route_class=StrictRoute)


class TaskView(BaseModel, from_attributes=True):
    """It names things by id and never by person."""

    id: UUID
    kind: TaskKind
    case_id: UUID
    freeze_id: UUID | None
    request_id: UUID | None
    agency_id: UUID | None
    data: dict[str, Any] = Field(examples=[{"owed": "60000.00", "held": "85000.00", "releases": []}])
    due_at: datetime | None
    created_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    outcome: str | None


@router.get("", summary="待办列表 · List tasks", responses=problems(ErrorCode.CURSOR_INVALID))
async def list_tasks(  # noqa: PLR0913, PLR0917 - one parameter for each filter
    acting: ActingDep,
    session: SessionDep,
    page: PageDep,
    kind: Annotated[TaskKind | None, Query()] = None,
    is_open: Annotated[bool | None, Query(alias="open")] = None,
    case_id: Annotated[UUID | None, Query()] = None,
) -> Page[TaskView]:
    """Differences, freezes near their end, surplus, objections: newest first. 差异、到期、超额、异议等待办，按时间倒序。"""
    wanted = TaskFilter(kind, is_open, case_id)
    tasks, following = await newest_first(session, select_tasks(acting, wanted), Task.id, page)
    return Page(items=[TaskView.model_validate(task) for task in tasks], next=following)


@router.post(
    "/{task_id}/closure",
    summary="办结待办 · Close a task",
    status_code=201,
    response_model=TaskView,
    responses=problems(
        ErrorCode.NOT_FOUND,
        ErrorCode.STATE_FORBIDS,
        ErrorCode.OFFICER_UNKNOWN,
        ErrorCode.OFFICER_NOT_OF_COURT,
    ),
)
async def close_one_task(
    task_id: UUID, closure: TaskClosure, acting: ActingDep, session: SessionDep, once: OnceDep
) -> Response:
    """With what came of it; an objection is closed by its answer. 填写办理结果；异议须以答复办结。"""
    task = await close_task(session, acting, task_id, closure)
    return await once.answer(201, TaskView.model_validate(task))

"""The task list of a court: read by kind and case, worked off with an outcome."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.record import record
from app.errors import ErrorCode, Refusal
from app.linkage.acting import Acting
from app.linkage.callers import entry_of
from app.linkage.courts import find_officer
from app.linkage.events import NewEvent, announce
from app.linkage.fields import Demand, Line
from app.models import Case, Task
from app.models.task import TaskKind
from app.vocabulary import AuditAction, EventType


class TaskClosure(Demand):
    officer: Annotated[Line, Field(description="办理人工作证编号")]
    outcome: Annotated[Line, Field(examples=["已办理续冻"])]


@dataclass(frozen=True, slots=True)
class TaskFilter:
    kind: TaskKind | None = None
    open: bool | None = None
    case_id: UUID | None = None


def select_tasks(acting: Acting, wanted: TaskFilter) -> Select[Task]:
    query = select(Task).where(Task.court_id == acting.court_id)
    if wanted.kind is not None:
        query = query.where(Task.kind == wanted.kind)
    if wanted.open is not None:
        query = query.where(Task.closed_at.is_(None) if wanted.open else Task.closed_at.is_not(None))
    if wanted.case_id is not None:
        query = query.where(Task.case_id == wanted.case_id)
    return query


async def close_task(session: AsyncSession, acting: Acting, task_id: UUID, closure: TaskClosure) -> Task:
    """Close a task with what came of it.

    Raises:
        Refusal: `not_found`, `officer_unknown`, `officer_not_of_court`; `state_forbids` when it is closed, or when it waits
            for the answer to an objection, which closes it (2013 Rules §6).
    """
    task = await session.scalar(
        select(Task).where(Task.id == task_id, Task.court_id == acting.court_id).with_for_update()
    )
    if task is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    if task.closed_at is not None:
        raise Refusal(ErrorCode.STATE_FORBIDS, detail="closed · 已办结")
    if task.kind is TaskKind.OBJECTION:
        raise Refusal(ErrorCode.STATE_FORBIDS, detail="answer the objection · 请答复异议")
    await find_officer(session, acting.court_id, closure.officer)
    await announce(session, [await conclude(session, acting, task, closure)], acting.at)
    return task


async def conclude(session: AsyncSession, acting: Acting, task: Task, closure: TaskClosure) -> NewEvent:
    """Close a task that the caller has locked and found open; the event is to be announced last."""
    case = await session.get_one(Case, task.case_id)
    task.closed_at = acting.at
    task.closed_by = closure.officer
    task.outcome = closure.outcome
    await session.flush()
    told = {"task_id": str(task.id), "kind": task.kind.value}
    entry = entry_of(
        acting,
        AuditAction.TASK_CLOSED,
        case_number=case.case_number,
        officer=closure.officer,
        purpose=closure.outcome,
        detail=told,
    )
    await record(session, [entry])
    return NewEvent(acting.court_id, EventType.TASK_CLOSED, None, task.request_id, dict(told))

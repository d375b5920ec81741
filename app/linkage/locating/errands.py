"""Tasks of looking out: told of when they open, and closed by themselves when what they asked for is done."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.linkage.control.tasks import NewTask, open_once, task_of
from app.linkage.events import NewEvent
from app.linkage.locating.lookouts import BY_HUB
from app.models import Task
from app.models.task import TaskKind
from app.vocabulary import EventType


@dataclass(frozen=True, slots=True)
class Errands:
    """Open tasks of these cases and kinds whose data names one of `ids` under `named`."""

    case_ids: Collection[UUID]
    kinds: Collection[TaskKind]
    named: str
    ids: Collection[UUID]


async def close_errands(
    session: AsyncSession, errands: Errands, at: datetime, outcome: str
) -> list[NewEvent]:
    """The events are the caller's to announce."""
    tasks = (
        await session.scalars(
            select(Task)
            .where(
                Task.case_id.in_(errands.case_ids),
                Task.kind.in_(errands.kinds),
                Task.data[errands.named].astext.in_([str(each) for each in errands.ids]),
                Task.closed_at.is_(None),
            )
            .order_by(Task.id)
            .with_for_update()
        )
    ).all()
    for task in tasks:
        task.closed_at = at
        task.closed_by = BY_HUB
        task.outcome = outcome
    return [_told(task, EventType.TASK_CLOSED) for task in tasks]


async def open_errand(session: AsyncSession, new: NewTask, now: datetime) -> list[NewEvent]:
    """Unless the very same is open; the event is the caller's to announce."""
    task = await open_once(session, new, now)
    return [] if task is None else [_told(task, EventType.TASK_OPENED)]


def new_errand(new: NewTask, now: datetime) -> tuple[Task, NewEvent]:
    """A task that cannot be open yet, with the event that tells of it."""
    task = task_of(new, now)
    return task, _told(task, EventType.TASK_OPENED)


def _told(task: Task, event_type: EventType) -> NewEvent:
    data = {"task_id": str(task.id), "kind": task.kind.value, "case_id": str(task.case_id), **task.data}
    return NewEvent(task.court_id, event_type, None, task.request_id, data)

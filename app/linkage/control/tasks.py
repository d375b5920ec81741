"""Work for people: opened once, closed with an outcome."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.ids import new_id
from app.models import AgencyRequest, Freeze, Task
from app.models.task import TaskKind


@dataclass(frozen=True, slots=True)
class About:
    """What a task is about."""

    court_id: UUID
    case_id: UUID
    agency_id: UUID | None
    request_id: UUID | None
    freeze_id: UUID | None = None

    @classmethod
    def freeze(cls, freeze: Freeze) -> Self:
        return cls(freeze.court_id, freeze.case_id, freeze.agency_id, freeze.request_id, freeze.id)

    @classmethod
    def request(cls, request: AgencyRequest) -> Self:
        return cls(request.court_id, request.case_id, request.agency_id, request.id, request.freeze_id)


@dataclass(frozen=True, slots=True)
class NewTask:
    about: About
    kind: TaskKind
    data: dict[str, Any]
    """What to know, without naming anybody."""

    due_at: datetime | None = None


async def open_once(session: AsyncSession, new: NewTask, now: datetime) -> Task | None:
    """Open a task, unless the very same one is open already; then None."""
    about = new.about
    same = await session.scalar(
        select(Task.id).where(
            Task.kind == new.kind,
            Task.case_id == about.case_id,
            Task.freeze_id.is_not_distinct_from(about.freeze_id),
            Task.request_id.is_not_distinct_from(about.request_id),
            Task.data == new.data,
            Task.closed_at.is_(None),
        )
    )
    if same is not None:
        return None
    task = task_of(new, now)
    session.add(task)
    return task


def task_of(new: NewTask, now: datetime) -> Task:
    about = new.about
    return Task(
        id=new_id(),
        court_id=about.court_id,
        case_id=about.case_id,
        kind=new.kind,
        freeze_id=about.freeze_id,
        request_id=about.request_id,
        agency_id=about.agency_id,
        data=new.data,
        due_at=new.due_at,
        created_at=now,
    )

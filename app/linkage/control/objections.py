"""The court's side of an objection: read, and answered within fifteen days; the measure stands meanwhile (2013 Rules §6)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.record import record
from app.crypto import Vault
from app.errors import ErrorCode, Refusal
from app.linkage.acting import Acting
from app.linkage.callers import about, entry_of
from app.linkage.control.closing_tasks import TaskClosure, conclude
from app.linkage.courts import find_officer
from app.linkage.events import NewEvent, announce
from app.linkage.fields import Demand, Line
from app.models import AgencyRequest, Case, Objection, Task
from app.models.task import ObjectionState, TaskKind
from app.vocabulary import AuditAction, EventType

_Prose = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=4000,
        pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+$",
    ),
]


class ObjectionAnswer(Demand):
    officer: Annotated[Line, Field(description="答复人工作证编号")]
    verdict: Literal[ObjectionState.UPHELD, ObjectionState.DISMISSED]
    text: _Prose


@dataclass(frozen=True, slots=True)
class OpenedObjection:
    """An objection with its texts unsealed; they may name people, so that reading it is a recorded look."""

    objection: Objection
    party_id: UUID
    text: str = field(repr=False)
    answer: str | None = field(repr=False)


def is_overdue(objection: Objection, now: datetime) -> bool:
    """Answered after its fifteen days, or not answered and they are over."""
    return (objection.answered_at or now) > objection.answer_due_at


def select_objections(
    acting: Acting, state: ObjectionState | None, case_id: UUID | None
) -> Select[Objection]:
    query = select(Objection).where(Objection.court_id == acting.court_id)
    if state is not None:
        query = query.where(Objection.state == state)
    return query if case_id is None else query.where(Objection.case_id == case_id)


async def open_objection(
    session: AsyncSession, acting: Acting, vault: Vault, objection_id: UUID
) -> OpenedObjection:
    """Raises `Refusal(not_found)`, for another court's objection as for one that does not exist."""
    row = (
        await session.execute(
            select(Objection, AgencyRequest.party_id)
            .join(AgencyRequest, AgencyRequest.id == Objection.request_id)
            .where(Objection.id == objection_id, Objection.court_id == acting.court_id)
        )
    ).one_or_none()
    if row is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    objection, party_id = row
    sealed = objection.answer
    return OpenedObjection(
        objection,
        party_id,
        vault.open_text(objection.text, "objections.text"),
        None if sealed is None else vault.open_text(sealed, "objections.answer"),
    )


async def answer_objection(
    session: AsyncSession, acting: Acting, vault: Vault, objection_id: UUID, answer: ObjectionAnswer
) -> OpenedObjection:
    """Say whether the agency was right; its task is closed with the answer.

    An answer after the fifteen days is taken, and stays marked as late. Where the objection is upheld, the measure still
    stands until it is released.

    Raises:
        Refusal: `not_found`, `officer_unknown`, `officer_not_of_court`; `state_forbids` when it was answered before.
    """
    objection = await session.scalar(
        select(Objection)
        .where(Objection.id == objection_id, Objection.court_id == acting.court_id)
        .with_for_update()
    )
    if objection is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    if objection.state is not ObjectionState.OPEN:
        raise Refusal(ErrorCode.STATE_FORBIDS, detail=objection.state.value)
    await find_officer(session, acting.court_id, answer.officer)
    case = await session.get_one(Case, objection.case_id)
    about(session, case_number=case.case_number, officer=answer.officer)
    objection.state = answer.verdict
    objection.answered_at = acting.at
    objection.answered_by = answer.officer
    objection.answer = vault.seal_text(answer.text, "objections.answer")
    await session.flush()
    entry = entry_of(
        acting,
        AuditAction.OBJECTION_ANSWERED,
        case_number=case.case_number,
        officer=answer.officer,
        request_id=objection.request_id,
        outcome=answer.verdict,
        detail={"objection_id": str(objection.id)},
    )
    await record(session, [entry])
    events = await _close_its_task(session, acting, objection, answer)
    told = {"objection_id": str(objection.id), "verdict": answer.verdict.value}
    events.append(
        NewEvent(acting.court_id, EventType.OBJECTION_ANSWERED, None, objection.request_id, dict(told))
    )
    await announce(session, events, acting.at)
    return await open_objection(session, acting, vault, objection_id)


async def _close_its_task(
    session: AsyncSession, acting: Acting, objection: Objection, answer: ObjectionAnswer
) -> list[NewEvent]:
    tasks = await session.scalars(
        select(Task)
        .where(
            Task.court_id == acting.court_id,
            Task.request_id == objection.request_id,
            Task.kind == TaskKind.OBJECTION,
            Task.data["objection_id"].astext == str(objection.id),
            Task.closed_at.is_(None),
        )
        .with_for_update()
    )
    closure = TaskClosure(officer=answer.officer, outcome=answer.verdict.value)
    return [await conclude(session, acting, task, closure) for task in tasks]

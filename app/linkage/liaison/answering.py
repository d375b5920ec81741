"""What an agency's people say, written down by the court that they say it to, counts like what a system says.

It goes through the same decoder and the same judgement as a message on the wire: an answer, an acknowledgement, a notice, an
objection, a sighting. The entry in the audit log says who wrote it down, and which of the named people said it.
"""

import json
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.contract import read_callback
from app.adapters.kinds import KINDS
from app.adapters.liandong.wire import CONTENT_TYPE, PROTOCOL
from app.adapters.registry import dialect
from app.audit.record import record
from app.crypto import Vault
from app.errors import ErrorCode, FieldError, MalformedAnswer, Refusal
from app.ids import new_id
from app.linkage.acting import Acting
from app.linkage.answers import receive
from app.linkage.callers import about, entry_of
from app.linkage.courts import find_officer
from app.linkage.fields import Demand
from app.linkage.liaison.people import find_liaison_officer
from app.linkage.locating.demands import Permit
from app.linkage.messages import Fate, Received
from app.models import Agency, AgencyRequest, Case, LiaisonTask, Message, Party
from app.models.agency_request import ENDED
from app.models.message import Direction
from app.vocabulary import AuditAction


class LiaisonWord(Demand):
    """What was said, in the words of docs/agency-protocol.md; whom and what it is about the hub adds."""

    officer: Permit
    liaison_officer_id: UUID
    said: Annotated[
        dict[str, Any],
        Field(examples=[{"type": "answer", "state": "nothing_found", "as_of": "2026-11-24T08:00:00Z"}]),
    ]


@dataclass(frozen=True, slots=True)
class OpenedTask:
    task: LiaisonTask
    request: AgencyRequest
    agency: Agency


def select_liaison_tasks(acting: Acting, *, is_open: bool | None) -> Select[LiaisonTask]:
    query = select(LiaisonTask).where(LiaisonTask.court_id == acting.court_id)
    if is_open is None:
        return query
    ended = AgencyRequest.state.in_(ENDED)
    return query.join(AgencyRequest, AgencyRequest.id == LiaisonTask.request_id).where(
        ~ended if is_open else ended
    )


async def open_liaison_task(session: AsyncSession, acting: Acting, task_id: UUID) -> OpenedTask:
    """Raises `Refusal(not_found)`, for another court's as for one that does not exist."""
    row = (
        await session.execute(
            select(LiaisonTask, AgencyRequest, Agency)
            .join(AgencyRequest, AgencyRequest.id == LiaisonTask.request_id)
            .join(Agency, Agency.id == LiaisonTask.agency_id)
            .where(LiaisonTask.id == task_id, LiaisonTask.court_id == acting.court_id)
        )
    ).one_or_none()
    if row is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    return OpenedTask(*row)


async def what_is_asked(session: AsyncSession, vault: Vault, opened: OpenedTask) -> dict[str, Any]:
    """The request word for word, as a system would have got it."""
    sealed = await session.scalar(
        select(Message.body).where(
            Message.request_id == opened.request.id, Message.direction == Direction.OUT
        )
    )
    assert sealed is not None
    asked: dict[str, Any] = json.loads(vault.open(sealed, "messages.body"))
    return asked


async def answer_liaison_task(
    session: AsyncSession, acting: Acting, vault: Vault, task_id: UUID, word: LiaisonWord
) -> tuple[OpenedTask, Fate]:
    """Write down what one of the agency's people said.

    Raises:
        Refusal: `not_found`, `officer_unknown`, `officer_not_of_court`, `state_forbids` for somebody whom the agency has
            withdrawn; `malformed_message` when it is not said in the words of the protocol, or cannot be so of this agency.
    """
    await find_officer(session, acting.court_id, word.officer)
    opened = await open_liaison_task(session, acting, task_id)
    person = await find_liaison_officer(session, opened.agency.id, word.liaison_officer_id)
    if not person.active:
        raise Refusal(ErrorCode.STATE_FORBIDS, detail="withdrawn by the agency · 该联络员已停用")
    case = await session.get_one(Case, opened.request.case_id)
    about(session, case_number=case.case_number, officer=word.officer)
    receipt = await receive(session, vault, _received(acting, opened, word))
    opened.task.answered_at = acting.at
    opened.task.answered_by = person.id
    await session.flush()
    index = await session.scalar(select(Party.number_index).where(Party.id == opened.request.party_id))
    assert index is not None
    entry = entry_of(
        acting,
        AuditAction.LIAISON_TASK_ANSWERED,
        case_number=case.case_number,
        officer=word.officer,
        subject_index=index,
        agency_code=opened.agency.code,
        request_id=opened.request.id,
        outcome=receipt.fate,
        detail={"liaison_task_id": str(task_id), "liaison_officer_id": str(person.id)},
    )
    await record(session, [entry])
    return opened, receipt.fate


def _received(acting: Acting, opened: OpenedTask, word: LiaisonWord) -> Received:
    message_id = new_id()
    ours = {
        "protocol": PROTOCOL,
        "message_id": str(message_id),
        "request_id": str(opened.request.id),
    }
    raw = json.dumps({**word.said, **ours}, ensure_ascii=False).encode()
    agency = opened.agency
    try:
        decoded = read_callback(dialect(agency.dialect), KINDS[agency.kind], CONTENT_TYPE, raw)
    except MalformedAnswer as error:
        raise Refusal(
            ErrorCode.MALFORMED_MESSAGE,
            FieldError("/said", "malformed", "docs/agency-protocol.md, section 5", "请按接口规范填写"),
            detail=error.reason,
        ) from error
    return Received(agency.id, agency.code, "liaison", decoded, CONTENT_TYPE, raw, None, acting.at)

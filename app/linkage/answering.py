"""What an answer makes of the request that it answers: whether it fits, which parts are there, how far it has come."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.contract import Answer, check_fits
from app.errors import MalformedAnswer
from app.linkage.events import NewEvent
from app.linkage.matters import Matter
from app.models import AgencyAnswer
from app.models.agency_request import RequestState
from app.models.message import Disposition
from app.vocabulary import AnswerState, EventType, OrderKind


def fits(kind: OrderKind, answer: Answer) -> bool:
    """Whether it answers what was ordered: assets to a query, measures to a freeze."""
    try:
        check_fits(kind, answer)
    except MalformedAnswer:
        return False
    return True


def advance(matter: Matter, answer: Answer, at: datetime) -> None:
    """Parts may come in any order; the request is answered when all up to the final one are there."""
    request = matter.request
    request.parts += 1
    request.agency_reference = answer.agency_reference or request.agency_reference
    if answer.state is not AnswerState.PARTIAL:
        request.final_part = answer.part
    if request.answer_state is not AnswerState.FOUND:
        found = answer.assets and request.kind is OrderKind.ASSET_QUERY
        request.answer_state = AnswerState.FOUND if found else answer.state
    if request.final_part is None or request.parts < request.final_part:
        request.move_to(RequestState.PARTIALLY_ANSWERED, at)
        return
    refused = answer.state is AnswerState.REFUSED
    request.move_to(RequestState.REFUSED if refused else RequestState.ANSWERED, at)
    request.answered_at = at


_EVENTS = {
    RequestState.PARTIALLY_ANSWERED: EventType.REQUEST_PARTIALLY_ANSWERED,
    RequestState.ANSWERED: EventType.REQUEST_ANSWERED,
    RequestState.REFUSED: EventType.REQUEST_REFUSED,
}


def answered(matter: Matter, answer: Answer) -> NewEvent:
    """What the court is told once `advance` has moved the request."""
    return matter.event(
        _EVENTS[matter.request.state],
        answer_state=matter.request.answer_state,
        part=answer.part,
        assets=len(answer.assets),
        refusal_reason=answer.refusal.reason if answer.refusal else None,
    )


async def applied_parts(session: AsyncSession, matters: dict[UUID, Matter]) -> dict[UUID, set[int]]:
    """The parts on record of those requests that are partly answered."""
    begun = [request_id for request_id, matter in matters.items() if matter.request.parts]
    parts: dict[UUID, set[int]] = {}
    if begun:
        rows = await session.execute(
            select(AgencyAnswer.request_id, AgencyAnswer.part).where(
                AgencyAnswer.request_id == any_(literal(begun, ARRAY(Uuid))),
                AgencyAnswer.disposition == Disposition.APPLIED,
            )
        )
        for request_id, part in rows:
            parts.setdefault(request_id, set()).add(part)
    return parts

"""How far orders have come: never more certain than what the agencies said, and silence never shown as an answer."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import ErrorCode, Refusal
from app.linkage.acting import Acting
from app.models import Agency, AgencyRequest, Batch, Order
from app.models.agency_request import RequestState
from app.vocabulary import AnswerState, OrderKind

ANSWERED = frozenset({RequestState.ANSWERED, RequestState.REFUSED})
"""A lawful refusal is an answer."""

OVER = ANSWERED | {RequestState.CANCELLED, RequestState.GIVEN_UP}


@dataclass(frozen=True, slots=True)
class Part:
    """One debtor at one agency."""

    request_id: UUID
    agency_code: str
    agency_name: str
    debtor_id: UUID
    state: RequestState
    state_at: datetime
    answer_state: AnswerState | None
    answered_at: datetime | None
    agency_reference: str | None
    due_at: datetime
    overdue: bool
    last_error: str | None


async def find_query(session: AsyncSession, acting: Acting, order_id: UUID) -> Order:
    """Raises `Refusal(not_found)`, for another court's order as for one that does not exist."""
    order: Order | None = await session.scalar(
        select(Order).where(
            Order.id == order_id, Order.court_id == acting.court_id, Order.kind == OrderKind.ASSET_QUERY
        )
    )
    if order is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    return order


def select_queries(acting: Acting, case_id: UUID | None) -> Select[Order]:
    query = select(Order).where(Order.court_id == acting.court_id, Order.kind == OrderKind.ASSET_QUERY)
    return query if case_id is None else query.where(Order.case_id == case_id)


async def parts_of(session: AsyncSession, order_id: UUID) -> list[Part]:
    rows = await session.execute(
        select(
            AgencyRequest.id.label("request_id"),
            Agency.code.label("agency_code"),
            Agency.name.label("agency_name"),
            AgencyRequest.party_id.label("debtor_id"),
            AgencyRequest.state,
            AgencyRequest.state_at,
            AgencyRequest.answer_state,
            AgencyRequest.answered_at,
            AgencyRequest.agency_reference,
            AgencyRequest.due_at,
            AgencyRequest.overdue,
            AgencyRequest.last_error,
        )
        .join(Agency, Agency.id == AgencyRequest.agency_id)
        .where(AgencyRequest.order_id == order_id)
        .order_by(AgencyRequest.id)
    )
    return [Part(**row) for row in rows.mappings()]


def missing_agencies(parts: Sequence[Part]) -> list[str]:
    """Codes of agencies from which something is still awaited, or will not come any more."""
    return sorted({part.agency_code for part in parts if part.state not in ANSWERED})


async def states_of(
    session: AsyncSession, order_ids: Collection[UUID]
) -> dict[UUID, dict[RequestState, int]]:
    rows = await session.execute(
        select(AgencyRequest.order_id, AgencyRequest.state, func.count())
        .where(AgencyRequest.order_id.in_(order_ids))
        .group_by(AgencyRequest.order_id, AgencyRequest.state)
    )
    counted: dict[UUID, dict[RequestState, int]] = {order_id: {} for order_id in order_ids}
    for order_id, state, count in rows:
        counted[order_id][state] = count
    return counted


async def find_batch(session: AsyncSession, acting: Acting, batch_id: UUID) -> Batch:
    """Raises `Refusal(not_found)`."""
    batch: Batch | None = await session.scalar(
        select(Batch).where(Batch.id == batch_id, Batch.court_id == acting.court_id)
    )
    if batch is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    return batch


async def batch_states(session: AsyncSession, batch_id: UUID) -> dict[RequestState, int]:
    rows = await session.execute(
        select(AgencyRequest.state, func.count())
        .join(Order, Order.id == AgencyRequest.order_id)
        .where(Order.batch_id == batch_id)
        .group_by(AgencyRequest.state)
    )
    return dict(rows.all())

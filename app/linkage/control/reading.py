"""Measures and freezes of a court, to be listed and read."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import ErrorCode, Refusal
from app.linkage.acting import Acting
from app.models import Agency, Case, Freeze, Officer, Order
from app.models.freeze import FreezeState
from app.models.order import OrderStatus
from app.vocabulary import MEASURES, OrderKind


def select_measures(
    acting: Acting, status: OrderStatus | None, kind: OrderKind | None, case_id: UUID | None
) -> Select[Order]:
    query = select(Order).where(Order.court_id == acting.court_id, Order.kind.in_(MEASURES))
    if status is not None:
        query = query.where(Order.status == status)
    if kind is not None:
        query = query.where(Order.kind == kind)
    return query if case_id is None else query.where(Order.case_id == case_id)


async def find_measure(session: AsyncSession, acting: Acting, order_id: UUID) -> Order:
    """Raises `Refusal(not_found)`, for another court's measure as for one that does not exist."""
    order = await session.scalar(
        select(Order).where(Order.id == order_id, Order.court_id == acting.court_id, Order.kind.in_(MEASURES))
    )
    if order is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    return order


def select_freezes(case: Case, state: FreezeState | None, debtor_id: UUID | None) -> Select[Freeze]:
    query = select(Freeze).where(Freeze.case_id == case.id)
    if state is not None:
        query = query.where(Freeze.state == state)
    return query if debtor_id is None else query.where(Freeze.party_id == debtor_id)


async def permits_of(session: AsyncSession, officer_ids: Collection[UUID]) -> dict[UUID, str]:
    rows = await session.execute(
        select(Officer.id, Officer.work_permit_number).where(Officer.id.in_(officer_ids))
    )
    return {row.id: row[1] for row in rows}


async def codes_of(session: AsyncSession, agency_ids: Collection[UUID]) -> dict[UUID, str]:
    rows = await session.execute(select(Agency.id, Agency.code).where(Agency.id.in_(agency_ids)))
    return {row.id: row[1] for row in rows}

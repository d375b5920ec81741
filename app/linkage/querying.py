"""Issuing asset queries: order, requests, outbox items and audit entries, together or not at all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.entry import Actor, Entry
from app.audit.record import entry_rows
from app.ids import new_id
from app.linkage.acting import Acting
from app.linkage.docket import Debtor, DocketAgency
from app.linkage.judging import Plan
from app.models import AgencyRequest, Order
from app.models.agency_request import DeadlineStage, RequestState
from app.models.order import OrderStatus
from app.outbox.put import NewItem, put
from app.rows import insert_rows
from app.vocabulary import ActorKind, AuditAction, OrderKind

CARRY = "agency_request"
"""The kind of outbox item that drives an agency request forward; its reference is the request id."""


def agency_lane(agency_code: str) -> str:
    return f"agency:{agency_code}"


@dataclass(frozen=True, slots=True)
class _Part:
    """One debtor at one agency."""

    request_id: UUID
    order_id: UUID
    plan: Plan
    debtor: Debtor
    agency: DocketAgency


async def issue(
    session: AsyncSession, acting: Acting, plans: Sequence[Plan], batch_id: UUID | None = None
) -> list[UUID]:
    """Carry out lawful plans; returns the id of each one's order."""
    order_ids = [new_id() for _ in plans]
    parts = [part for order_id, plan in zip(order_ids, plans, strict=True) for part in _parts(order_id, plan)]
    orders = list(zip(order_ids, plans, strict=True))
    entries = [_entry(acting, *order, debtor) for order in orders for debtor in order[1].debtors]
    await insert_rows(
        session,
        (Order, [_order_row(acting, *order, batch_id) for order in orders]),
        (AgencyRequest, [_request_row(acting, part) for part in parts]),
        *entry_rows(entries),
    )
    await put(session, [_item(acting, part) for part in parts], acting.at)
    return order_ids


def _parts(order_id: UUID, plan: Plan) -> Iterator[_Part]:
    for debtor in plan.debtors:
        for agency in plan.agencies:
            yield _Part(new_id(), order_id, plan, debtor, agency)


def _order_row(acting: Acting, order_id: UUID, plan: Plan, batch_id: UUID | None) -> dict[str, object]:
    return {
        "id": order_id,
        "kind": OrderKind.ASSET_QUERY,
        "court_id": acting.court_id,
        "case_id": plan.case.id,
        "officer_id": plan.officer.id,
        "client_id": acting.client_id,
        "batch_id": batch_id,
        "purpose": plan.purpose,
        "legal_basis": plan.case.legal_basis,
        "scope": plan.scope,
        "document_ids": list(plan.documents),
        "status": OrderStatus.ISSUED,
        "correlation_id": acting.correlation_id,
        "created_at": acting.at,
    }


def _request_row(acting: Acting, part: _Part) -> dict[str, object]:
    return {
        "id": part.request_id,
        "order_id": part.order_id,
        "kind": OrderKind.ASSET_QUERY,
        "agency_id": part.agency.id,
        "court_id": acting.court_id,
        "case_id": part.plan.case.id,
        "party_id": part.debtor.id,
        "state": RequestState.QUEUED,
        "state_at": acting.at,
        "times_sent": 0,
        "parts": 0,
        "overdue": False,
        "due_at": acting.at + part.agency.answer_within,
        "give_up_at": acting.at + part.agency.give_up_after,
        "next_deadline": DeadlineStage.REMIND,
        "next_deadline_at": acting.at + part.agency.remind_after,
        "created_at": acting.at,
    }


def _item(acting: Acting, part: _Part) -> NewItem:
    return NewItem(
        lane=agency_lane(part.agency.code),
        kind=CARRY,
        reference=part.request_id,
        subject=part.request_id,
        share=acting.court_id,
        run_at=acting.at,
    )


def _entry(acting: Acting, order_id: UUID, plan: Plan, debtor: Debtor) -> Entry:
    return Entry(
        entry_id=new_id(),
        recorded_at=acting.at,
        action=AuditAction.QUERY_ORDERED,
        actor=Actor(ActorKind.CLIENT, acting.client_name),
        court_code=acting.court_code,
        officer=plan.officer.work_permit_number,
        case_number=plan.case.case_number,
        purpose=plan.purpose,
        subject_index=debtor.number_index,
        order_id=order_id,
        correlation_id=acting.correlation_id,
        detail={"agencies": ",".join(agency.code for agency in plan.agencies)},
    )

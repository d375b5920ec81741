"""An agency request with all that its audit entries and events must say: locked, one statement for many."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import any_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.entry import Actor, Entry
from app.database import given_ids
from app.ids import new_id
from app.linkage.events import NewEvent
from app.models import Agency, AgencyRequest, Case, Court, Officer, Order, Party
from app.vocabulary import AuditAction, EventType


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done, by whom, when, and how it came out: the part of an audit entry that its matter does not know."""

    action: AuditAction
    actor: Actor
    at: datetime
    outcome: str | None = None
    message_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Matter:
    request: AgencyRequest
    court_code: str
    case_number: str = field(repr=False)
    officer: str = field(repr=False)
    purpose: str = field(repr=False)
    subject_index: bytes = field(repr=False)
    agency_code: str
    transport: str
    correlation_id: str

    def entry(self, deed: Deed, digests: Mapping[str, str]) -> Entry:
        return Entry(
            entry_id=new_id(),
            recorded_at=deed.at,
            action=deed.action,
            actor=deed.actor,
            court_code=self.court_code,
            officer=self.officer,
            case_number=self.case_number,
            purpose=self.purpose,
            subject_index=self.subject_index,
            agency_code=self.agency_code,
            order_id=self.request.order_id,
            request_id=self.request.id,
            message_id=deed.message_id,
            digests=tuple(digests.items()),
            correlation_id=self.correlation_id,
            outcome=deed.outcome,
        )

    def event(self, event_type: EventType, **data: str | int | None) -> NewEvent:
        known = {key: value for key, value in data.items() if value is not None}
        return NewEvent(
            self.request.court_id,
            event_type,
            self.request.order_id,
            self.request.id,
            {"agency_code": self.agency_code, "state": self.request.state.value, **known},
        )


async def lock_matters(session: AsyncSession, request_ids: Collection[UUID]) -> dict[UUID, Matter]:
    """Lock the requests, in the order of their ids so that two transactions never wait for each other in a ring."""
    rows = await session.execute(_MATTERS, {"request_ids": list(request_ids)})
    return {row[0].id: Matter(*row) for row in rows}


# Built once, and the same however many are asked for, which no plan can count: so it is planned once as well.
_MATTERS = (
    select(
        AgencyRequest,
        Court.code,
        Case.case_number,
        Officer.work_permit_number,
        Order.purpose,
        Party.number_index,
        Agency.code,
        Agency.transport,
        Order.correlation_id,
    )
    .join(Order, Order.id == AgencyRequest.order_id)
    .join(Court, Court.id == AgencyRequest.court_id)
    .join(Case, Case.id == AgencyRequest.case_id)
    .join(Officer, Officer.id == Order.officer_id)
    .join(Party, Party.id == AgencyRequest.party_id)
    .join(Agency, Agency.id == AgencyRequest.agency_id)
    .where(AgencyRequest.id == any_(given_ids("request_ids")))
    .order_by(AgencyRequest.id)
    .with_for_update(of=AgencyRequest)
    .execution_options(populate_existing=True)
)

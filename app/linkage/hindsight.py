"""What the court knew then: a case as it stood on the hub's record at an instant, not as it is remembered now.

Made from what is never written over: answers and assets with the time they came in, events with theirs, orders with
theirs. Who answers for a late freeze depends on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import (
    Agency,
    AgencyAnswer,
    AgencyRequest,
    Asset,
    AuditEntry,
    AuditLeaf,
    Case,
    CourtEvent,
    Document,
    Freeze,
    Order,
    Party,
)
from app.models.agency_request import RequestState
from app.models.freeze import FreezeState
from app.models.message import Disposition
from app.models.order import OrderStatus
from app.vocabulary import (
    AnswerState,
    AssetKind,
    AuditAction,
    CaseStatus,
    DocumentKind,
    EventType,
    OrderKind,
    PartyRole,
)


@dataclass(frozen=True, slots=True)
class KnownPaper:
    kind: DocumentKind
    document_number: str
    sha256: str
    filed_at: datetime


@dataclass(frozen=True, slots=True)
class KnownOrder:
    id: UUID
    kind: OrderKind
    status: OrderStatus
    created_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class KnownRequest:
    id: UUID
    order_id: UUID
    kind: OrderKind
    agency_code: str
    state: str
    """As the court had been told by then, or as the log shows: `queued` until an entry says that it was sent."""

    since: datetime
    answer_states: tuple[AnswerState, ...]
    """Of the answers that had come in and were taken over."""


@dataclass(frozen=True, slots=True)
class KnownAsset:
    """Reported by then, and not yet reported otherwise."""

    id: UUID
    agency_code: str
    kind: AssetKind
    amount: Decimal | None
    currency: str | None
    as_of: datetime
    reported_at: datetime


@dataclass(frozen=True, slots=True)
class KnownFreeze:
    id: UUID
    agency_code: str
    state: str
    rank: int | None
    held: str | None
    ends_at: str | None
    since: datetime


@dataclass(frozen=True, slots=True)
class Known:
    instant: datetime
    case_number: str
    status: CaseStatus
    parties: Mapping[PartyRole, int]
    papers: tuple[KnownPaper, ...]
    orders: tuple[KnownOrder, ...]
    requests: tuple[KnownRequest, ...]
    assets: tuple[KnownAsset, ...]
    freezes: tuple[KnownFreeze, ...]
    entries: int
    """In the audit log about this case by then."""

    last_index: int | None
    """The place of the last of them; whoever verifies the log up to there has proof of what this is made of."""


async def known_at(session: AsyncSession, case: Case, instant: datetime) -> Known | None:
    """None when the case was not registered yet."""
    if case.created_at > instant:
        return None
    past = _Past(session, case, instant)
    codes = await past.agency_codes()
    entries, last_index = await past.logged()
    closed = case.closed_at is not None and case.closed_at <= instant
    return Known(
        instant=instant,
        case_number=case.case_number,
        status=CaseStatus.CLOSED if closed else CaseStatus.OPEN,
        parties=await past.parties(),
        papers=await past.papers(),
        orders=await past.orders(),
        requests=await past.requests(codes),
        assets=await past.assets(codes),
        freezes=await past.freezes(codes),
        entries=entries,
        last_index=last_index,
    )


@dataclass(frozen=True, slots=True)
class _Past:
    session: AsyncSession
    case: Case
    instant: datetime

    async def agency_codes(self) -> dict[UUID, str]:
        rows = await self.session.execute(select(Agency.id, Agency.code))
        return {row.id: row.code for row in rows}

    async def logged(self) -> tuple[int, int | None]:
        row = (
            await self.session.execute(
                select(func.count(), func.max(AuditLeaf.index))
                .select_from(AuditEntry)
                .outerjoin(AuditLeaf, AuditLeaf.entry_id == AuditEntry.entry_id)
                .where(
                    AuditEntry.case_number == self.case.case_number, AuditEntry.recorded_at <= self.instant
                )
            )
        ).one()
        return row[0], row[1]

    async def parties(self) -> dict[PartyRole, int]:
        rows = await self.session.execute(
            select(Party.role, func.count())
            .where(Party.case_id == self.case.id, Party.created_at <= self.instant)
            .group_by(Party.role)
        )
        return {role: count for role, count in rows}  # noqa: C416 - a Row is no pair to the type checker

    async def papers(self) -> tuple[KnownPaper, ...]:
        rows = await self.session.scalars(
            select(Document)
            .where(Document.case_id == self.case.id, Document.created_at <= self.instant)
            .order_by(Document.id)
        )
        return tuple(
            KnownPaper(row.kind, row.document_number, row.sha256.hex(), row.created_at) for row in rows
        )

    async def orders(self) -> tuple[KnownOrder, ...]:
        rows = await self.session.scalars(
            select(Order)
            .where(Order.case_id == self.case.id, Order.created_at <= self.instant)
            .order_by(Order.id)
        )
        return tuple(map(self._order, rows))

    def _order(self, order: Order) -> KnownOrder:
        decided = order.decided_at is not None and order.decided_at <= self.instant
        undecided = order.decided_at is not None and not decided
        status = OrderStatus.AWAITING_APPROVAL if undecided else order.status
        return KnownOrder(
            order.id, order.kind, status, order.created_at, order.decided_at if decided else None
        )

    async def requests(self, codes: Mapping[UUID, str]) -> tuple[KnownRequest, ...]:
        rows = (
            await self.session.scalars(
                select(AgencyRequest)
                .where(AgencyRequest.case_id == self.case.id, AgencyRequest.created_at <= self.instant)
                .order_by(AgencyRequest.id)
            )
        ).all()
        told = await self._told([row.id for row in rows])
        sent = await self._sent()
        answers = await self._answers([row.id for row in rows])
        found = []
        for row in rows:
            event = told.get(row.id)
            state, since = RequestState.QUEUED.value, row.created_at
            if row.id in sent:
                state, since = RequestState.SENT.value, sent[row.id]
            if event is not None and event.occurred_at >= since:
                state, since = str(event.data["state"]), event.occurred_at
            found.append(
                KnownRequest(
                    row.id,
                    row.order_id,
                    row.kind,
                    codes[row.agency_id],
                    state,
                    since,
                    answers.get(row.id, ()),
                )
            )
        return tuple(found)

    async def _told(self, request_ids: list[UUID]) -> dict[UUID, CourtEvent]:
        """The last event about each request in which its state stands."""
        events = await self._events(CourtEvent.request_id.in_(request_ids))
        return {
            event.request_id: event
            for event in events
            if event.request_id is not None and "state" in event.data
        }

    async def _events(self, condition: ColumnElement[bool]) -> list[CourtEvent]:
        rows = await self.session.scalars(
            select(CourtEvent)
            .where(
                CourtEvent.court_id == self.case.court_id, CourtEvent.occurred_at <= self.instant, condition
            )
            .order_by(CourtEvent.number)
        )
        return list(rows)

    async def _sent(self) -> dict[UUID, datetime]:
        rows = await self.session.execute(
            select(AuditEntry.request_id, func.min(AuditEntry.recorded_at))
            .where(
                AuditEntry.case_number == self.case.case_number,
                AuditEntry.recorded_at <= self.instant,
                AuditEntry.action == AuditAction.REQUEST_SENT,
            )
            .group_by(AuditEntry.request_id)
        )
        return {request_id: at for request_id, at in rows if request_id is not None}

    async def _answers(self, request_ids: list[UUID]) -> dict[UUID, tuple[AnswerState, ...]]:
        rows = await self.session.execute(
            select(AgencyAnswer.request_id, AgencyAnswer.state)
            .where(
                AgencyAnswer.request_id.in_(request_ids),
                AgencyAnswer.received_at <= self.instant,
                AgencyAnswer.disposition == Disposition.APPLIED,
            )
            .order_by(AgencyAnswer.id)
        )
        found: dict[UUID, tuple[AnswerState, ...]] = {}
        for request_id, state in rows:
            found[request_id] = (*found.get(request_id, ()), state)
        return found

    async def assets(self, codes: Mapping[UUID, str]) -> tuple[KnownAsset, ...]:
        rows = await self.session.scalars(
            select(Asset)
            .where(
                Asset.case_id == self.case.id,
                Asset.reported_at <= self.instant,
                or_(Asset.superseded_at.is_(None), Asset.superseded_at > self.instant),
            )
            .order_by(Asset.id)
        )
        return tuple(
            KnownAsset(
                row.id,
                codes[row.agency_id],
                row.kind,
                row.amount,
                row.currency,
                row.as_of,
                row.reported_at,
            )
            for row in rows
        )

    async def freezes(self, codes: Mapping[UUID, str]) -> tuple[KnownFreeze, ...]:
        rows = (
            await self.session.scalars(
                select(Freeze)
                .where(Freeze.case_id == self.case.id, Freeze.created_at <= self.instant)
                .order_by(Freeze.id)
            )
        ).all()
        changes: dict[str, CourtEvent] = {}
        if rows:
            for event in await self._events(CourtEvent.event_type.in_(_ABOUT_FREEZES)):
                if "freeze_id" in event.data:
                    changes[event.data["freeze_id"]] = event
        return tuple(_freeze(row, codes[row.agency_id], changes.get(str(row.id))) for row in rows)


_ABOUT_FREEZES = (EventType.FREEZE_CHANGED, EventType.FREEZE_LAPSED)


def _freeze(freeze: Freeze, code: str, changed: CourtEvent | None) -> KnownFreeze:
    if changed is None:
        return KnownFreeze(freeze.id, code, FreezeState.ORDERED.value, None, None, None, freeze.created_at)
    data: Mapping[str, Any] = changed.data
    return KnownFreeze(
        freeze.id,
        code,
        str(data["freeze_state"]),
        data.get("rank"),
        data.get("held"),
        data.get("ends_at"),
        changed.occurred_at,
    )

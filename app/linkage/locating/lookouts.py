"""A request to look out with all that its audit entries and events must say; locked, many by one statement.

Locks are taken in one order everywhere, so that nobody waits in a ring: case, agency requests, requests to look out,
entries, hits, custodies.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.entry import Actor, Entry
from app.errors import ErrorCode, Refusal
from app.ids import new_id
from app.linkage.acting import Acting
from app.linkage.callers import about
from app.linkage.control.tasks import About, NewTask
from app.linkage.events import NewEvent
from app.models import Case, Court, Custody, LocateHit, LocateRequest, Party
from app.models.task import TaskKind
from app.vocabulary import ActorKind, AuditAction, EventType

BY_HUB = "hub"
"""Who ended what ended by itself."""


@dataclass(frozen=True, slots=True)
class Hand:
    """Whose deed it was, and when."""

    actor: Actor
    at: datetime
    officer: str | None = None
    correlation_id: str | None = None

    @classmethod
    def of(cls, acting: Acting, officer: str) -> Self:
        actor = Actor(ActorKind.CLIENT, acting.client_name)
        return cls(actor, acting.at, officer, acting.correlation_id)

    @classmethod
    def clock(cls, now: datetime) -> Self:
        return cls(Actor(ActorKind.HUB, "look_out_clock"), now)


@dataclass(frozen=True, slots=True)
class LookOut:
    locate: LocateRequest
    court_code: str
    case_number: str = field(repr=False)
    subject_index: bytes = field(repr=False)

    def entry(self, hand: Hand, action: AuditAction, outcome: str | None = None, **detail: str) -> Entry:
        return Entry(
            entry_id=new_id(),
            recorded_at=hand.at,
            action=action,
            actor=hand.actor,
            court_code=self.court_code,
            officer=hand.officer,
            case_number=self.case_number,
            subject_index=self.subject_index,
            order_id=self.locate.order_id,
            correlation_id=hand.correlation_id,
            outcome=outcome,
            detail={"locate_request_id": str(self.locate.id), **detail},
        )

    def event(self, event_type: EventType, **data: str | int | None) -> NewEvent:
        """Ids and states, nobody's name and no place."""
        locate = self.locate
        told: dict[str, str | int | None] = {
            "locate_request_id": str(locate.id),
            "case_id": str(locate.case_id),
            "locate_state": locate.state.value,
            "end_reason": locate.end_reason.value if locate.end_reason else None,
            **data,
        }
        known = {name: value for name, value in told.items() if value is not None}
        return NewEvent(locate.court_id, event_type, locate.order_id, None, known)

    def task(self, kind: TaskKind, due_at: datetime | None = None, **data: str) -> NewTask:
        locate = self.locate
        about = About(locate.court_id, locate.case_id, None, None)
        return NewTask(about, kind, {"locate_request_id": str(locate.id), **data}, due_at)


async def lock_look_outs(session: AsyncSession, condition: ColumnElement[bool]) -> list[LookOut]:
    """Those that meet the condition, in the order of their ids, as they are now."""
    locked = (
        _LOOK_OUTS.where(condition)
        .order_by(LocateRequest.id)
        .with_for_update(of=LocateRequest)
        .execution_options(populate_existing=True)
    )
    return [LookOut(*row) for row in await session.execute(locked)]


async def look_outs_of(session: AsyncSession, locate_ids: Collection[UUID]) -> dict[UUID, LookOut]:
    """Not locked, for what must only be said of them."""
    rows = await session.execute(_LOOK_OUTS.where(LocateRequest.id.in_(locate_ids)))
    return {row[0].id: LookOut(*row) for row in rows}


_LOOK_OUTS = (
    select(LocateRequest, Court.code, Case.case_number, Party.number_index)
    .join(Court, Court.id == LocateRequest.court_id)
    .join(Case, Case.id == LocateRequest.case_id)
    .join(Party, Party.id == LocateRequest.party_id)
)


async def lock_look_out(session: AsyncSession, acting: Acting, locate_id: UUID) -> LookOut:
    """Raises `Refusal(locate_request_unknown)`, for another court's request as for one that does not exist."""
    condition = (LocateRequest.id == locate_id) & (LocateRequest.court_id == acting.court_id)
    found = await lock_look_outs(session, condition)
    if not found:
        raise Refusal(ErrorCode.LOCATE_REQUEST_UNKNOWN)
    about(session, case_number=found[0].case_number, subject_index=found[0].subject_index)
    return found[0]


def describe_hit(hit: LocateHit) -> dict[str, str | int | None]:
    return {
        "hit_id": str(hit.id),
        "hit_state": hit.state.value,
        "confidence": hit.confidence.value,
        "seen_at": hit.seen_at.isoformat(),
        "due_at": hit.due_at.isoformat() if hit.due_at else None,
        "parked_because": hit.parked_because.value if hit.parked_because else None,
    }


def describe_custody(custody: Custody) -> dict[str, str | int | None]:
    return {
        "hit_id": str(custody.hit_id),
        "custody_id": str(custody.id),
        "custody_state": custody.state.value,
        "hand_over_due_at": custody.hand_over_due_at.isoformat(),
    }

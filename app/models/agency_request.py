"""One order's part for one agency, and the only moves its state may make."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.errors import ErrorCode, Refusal
from app.models.base import Base, Id, one_of
from app.vocabulary import AnswerState, OrderKind


class RequestState(StrEnum):
    QUEUED = "queued"
    """Accepted; nothing has been sent, or what was sent certainly did not arrive."""

    SENT = "sent"
    """Promised to the wire. If no result is ever recorded, the outcome is unknown."""

    UNKNOWN = "unknown"
    """Sent, outcome unknown: its status is asked before it is sent again (P4)."""

    ACKNOWLEDGED = "acknowledged"
    PARTIALLY_ANSWERED = "partially_answered"
    ANSWERED = "answered"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    UNDELIVERABLE = "undeliverable"
    """Parked for a person: attempts spent, or the agency rejects the message."""

    GIVEN_UP = "given_up"
    """The last deadline passed. A late answer is kept beside it, it does not revive it (P10)."""


_S = RequestState
_ANSWERS = frozenset({_S.PARTIALLY_ANSWERED, _S.ANSWERED, _S.REFUSED})

NEXT: dict[RequestState, frozenset[RequestState]] = {
    _S.QUEUED: _ANSWERS | {_S.SENT, _S.ACKNOWLEDGED, _S.CANCELLED, _S.UNDELIVERABLE, _S.GIVEN_UP},
    _S.SENT: _ANSWERS | {_S.QUEUED, _S.UNKNOWN, _S.ACKNOWLEDGED, _S.UNDELIVERABLE, _S.CANCELLED, _S.GIVEN_UP},
    _S.UNKNOWN: _ANSWERS | {_S.QUEUED, _S.ACKNOWLEDGED, _S.UNDELIVERABLE, _S.CANCELLED, _S.GIVEN_UP},
    _S.ACKNOWLEDGED: _ANSWERS | {_S.QUEUED, _S.CANCELLED, _S.UNDELIVERABLE, _S.GIVEN_UP},
    _S.PARTIALLY_ANSWERED: _ANSWERS | {_S.CANCELLED, _S.GIVEN_UP},
    _S.UNDELIVERABLE: _ANSWERS | {_S.QUEUED, _S.UNKNOWN, _S.ACKNOWLEDGED, _S.CANCELLED, _S.GIVEN_UP},
    _S.ANSWERED: frozenset(),
    _S.REFUSED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.GIVEN_UP: frozenset(),
}
"""An acknowledged request goes back to the queue only when the agency, asked, says that it does not know it. A
queued one may be answered: what we took for a failure may have arrived after all."""

ENDED = frozenset(state for state, following in NEXT.items() if not following)


class DeadlineStage(StrEnum):
    """Which clock of the request runs out next."""

    REMIND = "remind"
    OVERDUE = "overdue"
    GIVE_UP = "give_up"


class AgencyRequest(Base):
    __tablename__ = "agency_requests"
    __table_args__ = (
        one_of("kind", OrderKind),
        one_of("state", RequestState),
        one_of("answer_state", AnswerState),
        one_of("next_deadline", DeadlineStage),
        Index("ix_agency_requests_order_id", "order_id"),
        Index("ix_agency_requests_case_id_id", "case_id", "id"),
        Index(
            "ix_agency_requests_next_deadline_at",
            "next_deadline_at",
            postgresql_where="next_deadline_at IS NOT NULL",
        ),
        Index("ix_agency_requests_freeze_id", "freeze_id", postgresql_where="freeze_id IS NOT NULL"),
        Index(
            "ix_agency_requests_troubled",
            "agency_id",
            "id",
            postgresql_where="state IN ('unknown', 'undeliverable')",
        ),
    )

    id: Mapped[Id]
    """The permanent `request_id`: the same however often it is sent (P3)."""

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    kind: Mapped[OrderKind]
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agencies.id"))
    court_id: Mapped[UUID]
    """This and the case are the order's, repeated for look-ups; the order's foreign keys vouch for them."""

    case_id: Mapped[UUID]
    party_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"))
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Of a measure: what is ordered, as JSON, sealed for `agency_requests.content`."""

    freeze_id: Mapped[UUID | None]
    """The freeze that a renewal, release or transfer is about."""

    state: Mapped[RequestState] = mapped_column(default=RequestState.QUEUED)
    state_at: Mapped[datetime]
    times_sent: Mapped[int] = mapped_column(default=0)
    parts: Mapped[int] = mapped_column(default=0)
    """Parts of the answer applied so far."""

    final_part: Mapped[int | None]
    """Number of the part that said it was the last; parts may arrive in any order."""

    answer_state: Mapped[AnswerState | None]
    answered_at: Mapped[datetime | None]
    agency_reference: Mapped[str | None]
    last_error: Mapped[str | None]
    due_at: Mapped[datetime]
    give_up_at: Mapped[datetime]
    overdue: Mapped[bool] = mapped_column(default=False)
    next_deadline: Mapped[DeadlineStage | None]
    next_deadline_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    def move_to(self, state: RequestState, at: datetime) -> None:
        """Make one allowed move; a state that has ended stops its clocks.

        Raises:
            Refusal: `state_forbids`, when `NEXT` does not allow the move.
        """
        if state not in NEXT[self.state]:
            raise Refusal(ErrorCode.STATE_FORBIDS, detail=f"{self.state} → {state}")
        self.state = state
        self.state_at = at
        if state in ENDED:
            self.next_deadline = self.next_deadline_at = None

"""Control measures as the hub knows them: each freeze on each thing, mirrored from the agency that keeps the register."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from app.errors import ErrorCode, Refusal
from app.measures.words import Nature, ThingKind
from app.models.base import Base, Id, one_of


class FreezeState(StrEnum):
    ORDERED = "ordered"
    """Asked for; the agency has not said what became of it."""

    IN_FORCE = "in_force"
    WAITING = "waiting"
    UNKNOWN = "unknown"
    """Live at the agency, but whether it holds anything depends on sums that nobody reported."""

    NOT_EXECUTED = "not_executed"
    RELEASED = "released"
    LAPSED = "lapsed"
    VOID = "void"
    EXHAUSTED = "exhausted"


_S = FreezeState
_ENDED = frozenset({_S.RELEASED, _S.LAPSED, _S.VOID, _S.EXHAUSTED})
LIVE_FREEZES = frozenset({_S.IN_FORCE, _S.WAITING, _S.UNKNOWN})
HELD_SOMEWHERE = LIVE_FREEZES | {_S.ORDERED}
"""Not yet known to have ended: a release has to reach each of these (Seizure §28)."""

NEXT_FREEZE: dict[FreezeState, frozenset[FreezeState]] = {
    _S.ORDERED: LIVE_FREEZES | _ENDED | {_S.NOT_EXECUTED},
    # An order received earlier and booked later puts a freeze in force back into the queue.
    _S.IN_FORCE: frozenset({_S.WAITING, _S.UNKNOWN}) | _ENDED,
    _S.WAITING: frozenset({_S.IN_FORCE, _S.UNKNOWN}) | _ENDED,
    _S.UNKNOWN: frozenset({_S.IN_FORCE, _S.WAITING}) | _ENDED,
    **{state: frozenset() for state in (*_ENDED, _S.NOT_EXECUTED)},
}


class Freeze(Base):
    """One freeze on one thing. The agency's word is the truth; what the hub cannot know is null, never zero."""

    __tablename__ = "freezes"
    __table_args__ = (
        one_of("state", FreezeState),
        one_of("thing_kind", ThingKind),
        one_of("nature", Nature),
        Index("ix_freezes_case_id_id", "case_id", "id"),
        Index("uq_freezes_request_id_identity", "request_id", "identity_index", unique=True),
        Index("ix_freezes_agency_id_identity", "agency_id", "identity_index"),
        Index("ix_freezes_next_clock_at", "next_clock_at", postgresql_where="next_clock_at IS NOT NULL"),
    )

    id: Mapped[Id]
    court_id: Mapped[UUID]
    case_id: Mapped[UUID]
    party_id: Mapped[UUID]
    agency_id: Mapped[UUID]
    order_id: Mapped[UUID]
    request_id: Mapped[UUID] = mapped_column(ForeignKey("agency_requests.id"))
    """The freeze's name at the agency: renewal, release and transfer cite it."""

    case_number: Mapped[str]
    """The case under which it stands at the agency; follows a conversion."""

    thing_kind: Mapped[ThingKind]
    identity_index: Mapped[bytes] = mapped_column(LargeBinary)
    """Blind index `asset`, as in `assets`: freezes and reports of one thing find each other."""

    identity: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed for `freezes.identity`."""

    nature: Mapped[Nature]
    limit: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    """Null: the whole thing."""

    expected: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    """What it was expected to bring when it was ordered: of money what was reported there, of a thing what its officer
    reckons. Null where nobody knows."""

    term: Mapped[str]
    """Asked duration, ISO 8601: P1Y, P6M."""

    state: Mapped[FreezeState] = mapped_column(default=FreezeState.ORDERED)
    state_at: Mapped[datetime]
    rank: Mapped[int | None]
    held: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    balance: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    currency: Mapped[str]
    transferred: Mapped[Decimal] = mapped_column(Numeric(18, 2), default=Decimal(0))
    received_at: Mapped[datetime | None]
    """When ruling and notice reached the agency: decides the rank (Seizure §1)."""

    active_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    agency_number: Mapped[str | None]
    why_not: Mapped[str | None]
    reported_at: Mapped[datetime | None]
    """As-of time of the last word of the agency; an older word does not overwrite a newer one."""

    renewing: Mapped[bool] = mapped_column(default=False)
    releasing: Mapped[bool] = mapped_column(default=False)
    """A release was ordered and is not confirmed."""

    next_clock_at: Mapped[datetime | None]
    """When the next warning, or the end, is due."""

    created_at: Mapped[datetime]

    def move_to(self, state: FreezeState, at: datetime) -> None:
        """Make one allowed move. Raises `Refusal(state_forbids)`."""
        if state not in NEXT_FREEZE[self.state]:
            raise Refusal(ErrorCode.STATE_FORBIDS, detail=f"{self.state} → {state}")
        self.state = state
        self.state_at = at
        if state not in HELD_SOMEWHERE:
            self.next_clock_at = None
            self.renewing = self.releasing = False
            self.rank = None

"""Looking for people and vehicles: the court's request, each holder's entry, sightings, custody. States are tables.

A dead entry that still gets somebody arrested is the worst failure of such systems (DOMAIN §6): so an ending is not over
until every holder has confirmed it, and an entry that shows up again after its end is recalled again.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.errors import ErrorCode, Refusal
from app.models.base import Base, Id, one_of
from app.vocabulary import EndReason, HitConfidence, LocateGround, Urgency, Wanted, WantedAction, WatchKind


class LocateState(StrEnum):
    AWAITING_APPROVAL = "awaiting_approval"
    REJECTED = "rejected"
    LIVE = "live"
    REFUSED = "refused"
    """Every holder refused: nobody looks out."""

    RECALLING = "recalling"
    """Its ground is gone, and not every holder has confirmed that its entry ended."""

    ENDED = "ended"


_L = LocateState
NEXT_LOCATE: Mapping[LocateState, frozenset[LocateState]] = {
    _L.AWAITING_APPROVAL: frozenset({_L.LIVE, _L.REJECTED}),
    _L.LIVE: frozenset({_L.RECALLING, _L.REFUSED}),
    _L.RECALLING: frozenset({_L.ENDED}),
    # A holder that shows afterwards that it still looks out is recalled again.
    _L.ENDED: frozenset({_L.RECALLING}),
    _L.REFUSED: frozenset({_L.RECALLING}),
    _L.REJECTED: frozenset(),
}


class EntryState(StrEnum):
    REQUESTED = "requested"
    ACCEPTED = "accepted"
    """The holder has it and will enter it."""

    ACTIVE = "active"
    REFUSED = "refused"
    RECALLING = "recalling"
    ENDED = "ended"


_E = EntryState
NEXT_ENTRY: Mapping[EntryState, frozenset[EntryState]] = {
    _E.REQUESTED: frozenset({_E.ACCEPTED, _E.ACTIVE, _E.REFUSED, _E.RECALLING, _E.ENDED}),
    _E.ACCEPTED: frozenset({_E.ACTIVE, _E.REFUSED, _E.RECALLING, _E.ENDED}),
    _E.ACTIVE: frozenset({_E.RECALLING}),
    _E.RECALLING: frozenset({_E.ENDED}),
    _E.REFUSED: frozenset({_E.RECALLING}),
    _E.ENDED: frozenset({_E.RECALLING}),
}
"""What was refused or has ended is recalled (again) when its holder shows that it looks out all the same. Only what was
never sent, or never arrived, ends without a recall."""

OUT_OF_THE_WAY = frozenset({EntryState.REFUSED, EntryState.ENDED})


class EntryEnding(StrEnum):
    """How it is known that nobody looks out any more."""

    CONFIRMED = "confirmed"
    NEVER_SENT = "never_sent"
    NEVER_ARRIVED = "never_arrived"


class HitState(StrEnum):
    OPEN = "open"
    MORE_TIME = "more_time"
    CONFIRMED = "confirmed"
    NOT_HIM = "not_him"
    MOOT = "moot"
    """The request ended before anybody decided."""

    PARKED = "parked"
    """Nobody can be held on it: the reason stands beside it."""


_H = HitState
UNDECIDED = frozenset({_H.OPEN, _H.MORE_TIME})
NEXT_HIT: Mapping[HitState, frozenset[HitState]] = {
    _H.OPEN: frozenset({_H.MORE_TIME, _H.CONFIRMED, _H.NOT_HIM, _H.MOOT}),
    _H.MORE_TIME: frozenset({_H.CONFIRMED, _H.NOT_HIM, _H.MOOT}),
    # A mistake must be mendable while somebody is held for it.
    _H.CONFIRMED: frozenset({_H.NOT_HIM}),
    _H.NOT_HIM: frozenset(),
    _H.MOOT: frozenset(),
    _H.PARKED: frozenset(),
}


class ParkedBecause(StrEnum):
    REQUEST_ENDED = "request_ended"
    RECALLING = "recalling"
    ENTRY_REFUSED = "entry_refused"
    IN_THE_FUTURE = "in_the_future"


class HitStage(StrEnum):
    """How often the court was asked."""

    ASKED = "asked"
    ASKED_AGAIN = "asked_again"
    ESCALATED = "escalated"


class CustodyState(StrEnum):
    HELD = "held"
    HANDED_OVER = "handed_over"
    RELEASED = "released"
    """The agency says that it let go."""

    LAPSED = "lapsed"
    """The court did not take over in time; the agency has to let go, and has not said yet that it did."""


_C = CustodyState
NEXT_CUSTODY: Mapping[CustodyState, frozenset[CustodyState]] = {
    _C.HELD: frozenset({_C.HANDED_OVER, _C.RELEASED, _C.LAPSED}),
    _C.LAPSED: frozenset({_C.HANDED_OVER, _C.RELEASED}),
    _C.HANDED_OVER: frozenset(),
    _C.RELEASED: frozenset(),
}


class LocateRequest(Base):
    """协助查找/布控: what a court asks of one or several holders; how it is put is sealed in its order."""

    __tablename__ = "locate_requests"
    __table_args__ = (
        one_of("wanted", Wanted),
        one_of("ground", LocateGround),
        one_of("action", WantedAction),
        one_of("urgency", Urgency),
        one_of("state", LocateState),
        one_of("end_reason", EndReason),
        Index("ix_locate_requests_court_id_id", "court_id", "id"),
        Index("ix_locate_requests_case_id", "case_id"),
        Index("ix_locate_requests_freeze_id", "freeze_id", postgresql_where="freeze_id IS NOT NULL"),
        Index("ix_locate_requests_referral_id", "referral_id", postgresql_where="referral_id IS NOT NULL"),
        Index("uq_locate_requests_order_id", "order_id", unique=True),
        Index(
            "ix_locate_requests_next_clock_at", "next_clock_at", postgresql_where="next_clock_at IS NOT NULL"
        ),
    )

    id: Mapped[Id]
    court_id: Mapped[UUID]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"))
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    freeze_id: Mapped[UUID | None] = mapped_column(ForeignKey("freezes.id"))
    """Of a vehicle: the seal of this case that it lies under."""

    referral_id: Mapped[UUID | None] = mapped_column(ForeignKey("referrals.id"))
    """Of a criminal warrant: the referral that it came of."""

    supersedes_id: Mapped[UUID | None] = mapped_column(ForeignKey("locate_requests.id"))
    wanted: Mapped[Wanted]
    ground: Mapped[LocateGround]
    ground_number: Mapped[str]
    action: Mapped[WantedAction]
    urgency: Mapped[Urgency]
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    state: Mapped[LocateState] = mapped_column(default=LocateState.AWAITING_APPROVAL)
    state_at: Mapped[datetime]
    end_reason: Mapped[EndReason | None]
    end_note: Mapped[str | None]
    ended_by: Mapped[str | None]
    """Work permit of the officer who ended it; `hub` when it ended by itself."""

    ground_lost_at: Mapped[datetime | None]
    """From then on nobody may be held for it, whatever a holder still believes."""

    validated_at: Mapped[datetime | None]
    validated_by: Mapped[str | None]
    revalidate_at: Mapped[datetime | None]
    next_clock_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    def move_to(self, state: LocateState, at: datetime) -> None:
        """Make one allowed move. Raises `Refusal(state_forbids)`."""
        if state not in NEXT_LOCATE[self.state]:
            raise Refusal(ErrorCode.STATE_FORBIDS, detail=f"{self.state} → {state}")
        self.state = state
        self.state_at = at


class LocateEntry(Base):
    """One holder's part: what is, or may be, in that agency's list."""

    __tablename__ = "locate_entries"
    __table_args__ = (
        one_of("state", EntryState),
        one_of("ending", EntryEnding),
        Index("ix_locate_entries_locate_id", "locate_id"),
        Index("uq_locate_entries_request_id", "request_id", unique=True),
        Index("ix_locate_entries_recalling", "court_id", "id", postgresql_where="state = 'recalling'"),
    )

    id: Mapped[Id]
    court_id: Mapped[UUID]
    locate_id: Mapped[UUID] = mapped_column(ForeignKey("locate_requests.id"))
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agencies.id"))
    request_id: Mapped[UUID] = mapped_column(ForeignKey("agency_requests.id"))
    """The entry's name at its holder: the recall and the decisions cite it."""

    recall_request_id: Mapped[UUID | None] = mapped_column(ForeignKey("agency_requests.id"))
    """The last recall that was ordered."""

    recalls: Mapped[int] = mapped_column(default=0)
    state: Mapped[EntryState] = mapped_column(default=EntryState.REQUESTED)
    state_at: Mapped[datetime]
    doubtful: Mapped[bool] = mapped_column(default=False)
    """Refused, or so its holder said, and yet it spoke as one who looks out: it is recalled with the others."""

    ending: Mapped[EntryEnding | None]
    ended_as_of: Mapped[datetime | None]
    """When it ended in the holder's books."""

    created_at: Mapped[datetime]

    def move_to(self, state: EntryState, at: datetime) -> None:
        """Make one allowed move. Raises `Refusal(state_forbids)`."""
        if state not in NEXT_ENTRY[self.state]:
            raise Refusal(ErrorCode.STATE_FORBIDS, detail=f"{self.state} → {state}")
        self.state = state
        self.state_at = at


class LocateHit(Base):
    """A sighting: an event, by itself never a change of anything. An officer of the court says whether it is him."""

    __tablename__ = "hits"
    __table_args__ = (
        one_of("state", HitState),
        one_of("stage", HitStage),
        one_of("parked_because", ParkedBecause),
        one_of("confidence", HitConfidence),
        Index("uq_hits_agency_id_agency_hit_id", "agency_id", "agency_hit_id", unique=True),
        Index("ix_hits_court_id_id", "court_id", "id"),
        Index("ix_hits_locate_id", "locate_id"),
        Index("ix_hits_next_clock_at", "next_clock_at", postgresql_where="next_clock_at IS NOT NULL"),
    )

    id: Mapped[Id]
    court_id: Mapped[UUID]
    case_id: Mapped[UUID]
    locate_id: Mapped[UUID] = mapped_column(ForeignKey("locate_requests.id"))
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("locate_entries.id"))
    agency_id: Mapped[UUID]
    message_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id"))
    agency_hit_id: Mapped[UUID]
    facts: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed for `hits.facts`: place, source, reporter, circumstances, attachment."""

    facts_digest: Mapped[bytes] = mapped_column(LargeBinary)
    """Keyed: tells a repeat from another story under the same id."""

    confidence: Mapped[HitConfidence]
    seen_at: Mapped[datetime]
    received_at: Mapped[datetime]
    state: Mapped[HitState] = mapped_column(default=HitState.OPEN)
    state_at: Mapped[datetime]
    parked_because: Mapped[ParkedBecause | None]
    stage: Mapped[HitStage] = mapped_column(default=HitStage.ASKED)
    due_at: Mapped[datetime | None]
    """By when the court has to answer."""

    next_clock_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decision_request_id: Mapped[UUID | None]
    """The last decision that was sent; its request tells whether the agency knows it."""

    minutes_needed: Mapped[int | None]
    decision_note: Mapped[str | None]

    def move_to(self, state: HitState, at: datetime) -> None:
        """Make one allowed move; what is decided has no clock. Raises `Refusal(state_forbids)`."""
        if state not in NEXT_HIT[self.state]:
            raise Refusal(ErrorCode.STATE_FORBIDS, detail=f"{self.state} → {state}")
        self.state = state
        self.state_at = at
        if state not in UNDECIDED:
            self.next_clock_at = None


class Custody(Base):
    """Somebody, or a car, that is held after a confirmed hit until the court takes over."""

    __tablename__ = "custodies"
    __table_args__ = (
        one_of("state", CustodyState),
        Index("uq_custodies_hit_id", "hit_id", unique=True),
        Index("ix_custodies_court_id_id", "court_id", "id"),
        Index("ix_custodies_locate_id", "locate_id"),
        Index("ix_custodies_next_clock_at", "next_clock_at", postgresql_where="next_clock_at IS NOT NULL"),
    )

    id: Mapped[Id]
    court_id: Mapped[UUID]
    case_id: Mapped[UUID]
    locate_id: Mapped[UUID] = mapped_column(ForeignKey("locate_requests.id"))
    hit_id: Mapped[UUID] = mapped_column(ForeignKey("hits.id"))
    agency_id: Mapped[UUID]
    request_id: Mapped[UUID]
    state: Mapped[CustodyState] = mapped_column(default=CustodyState.HELD)
    state_at: Mapped[datetime]
    held_at: Mapped[datetime]
    held_place: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed for `custodies.place`, as the other place."""

    hand_over_due_at: Mapped[datetime]
    next_clock_at: Mapped[datetime | None]
    handed_over_at: Mapped[datetime | None]
    handed_over_place: Mapped[bytes | None] = mapped_column(LargeBinary)
    taken_by: Mapped[str | None]
    """Work permit of the officer who took over; none while only the agency has said that it handed over."""

    came_along: Mapped[list[str]] = mapped_column(ARRAY(String))
    released_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    def move_to(self, state: CustodyState, at: datetime) -> None:
        """Make one allowed move; what is not held has no clock. Raises `Refusal(state_forbids)`."""
        if state not in NEXT_CUSTODY[self.state]:
            raise Refusal(ErrorCode.STATE_FORBIDS, detail=f"{self.state} → {state}")
        self.state = state
        self.state_at = at
        self.next_clock_at = None


class WatchedFact(Base):
    """What an agency told without being asked, under a request that it carries out."""

    __tablename__ = "watch_notices"
    __table_args__ = (
        one_of("kind", WatchKind),
        Index("ix_watch_notices_court_id_id", "court_id", "id"),
        Index("ix_watch_notices_case_id", "case_id"),
    )

    id: Mapped[Id]
    court_id: Mapped[UUID]
    case_id: Mapped[UUID]
    party_id: Mapped[UUID]
    agency_id: Mapped[UUID]
    request_id: Mapped[UUID] = mapped_column(ForeignKey("agency_requests.id"))
    message_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id"))
    kind: Mapped[WatchKind]
    facts: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed for `watch_notices.facts`: place and detail."""

    happened_at: Mapped[datetime]
    received_at: Mapped[datetime]

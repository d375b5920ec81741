"""Raw messages as they were on the wire, and the answers decoded from them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id, one_of
from app.vocabulary import AnswerState, RefusalReason


class Direction(StrEnum):
    OUT = "out"
    IN = "in"


class Message(Base):
    """Bytes on the wire, kept as they were (sealed: nearly all of them name a person)."""

    __tablename__ = "messages"
    __table_args__ = (
        one_of("direction", Direction),
        Index(
            "uq_messages_agency_id_direction_message_id",
            "agency_id",
            "direction",
            "message_id",
            unique=True,
            postgresql_where="message_id IS NOT NULL",
        ),
        Index("ix_messages_request_id", "request_id"),
    )

    id: Mapped[Id]
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agencies.id"))
    request_id: Mapped[UUID | None] = mapped_column(ForeignKey("agency_requests.id"))
    direction: Mapped[Direction]
    operation: Mapped[str]
    """For ours the wire operation; for theirs `reply` or `callback`."""

    message_id: Mapped[UUID | None]
    """The sender's id; none when the bytes could not be understood."""

    content_type: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed for `messages.body`."""

    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    fingerprint: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Digest of the meaning: an identical repeat, in whatever wrapping, has the same one (P9)."""

    signature: Mapped[str | None]
    """Of theirs: the signatures under it, and under our message that it replies to (`app.adapters.evidence`).

    So neither side can deny its bytes. Of ours it stays empty: every attempt is signed anew, and the one that was
    answered is kept with the answer.
    """

    parked_reason: Mapped[str | None]
    """Why a person must look: the bytes were not understood, or contradict what is on record (P17)."""

    at: Mapped[datetime]


class Disposition(StrEnum):
    """What became of an answer."""

    APPLIED = "applied"
    LATE = "late"
    """After the request was given up or cancelled: kept, shown to a person, not applied (P10)."""

    CONTRADICTING = "contradicting"
    """After a final answer: kept, shown to a person, not applied (P10)."""


class AgencyAnswer(Base):
    __tablename__ = "answers"
    __table_args__ = (
        one_of("state", AnswerState),
        one_of("disposition", Disposition),
        one_of("refusal_reason", RefusalReason),
        Index("ix_answers_request_id", "request_id"),
        Index(
            "ix_answers_set_aside",
            "court_id",
            "id",
            postgresql_where="disposition <> 'applied'",
        ),
    )

    id: Mapped[Id]
    request_id: Mapped[UUID] = mapped_column(ForeignKey("agency_requests.id"))
    court_id: Mapped[UUID]
    message_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id"))
    part: Mapped[int]
    state: Mapped[AnswerState]
    disposition: Mapped[Disposition]
    refusal_reason: Mapped[RefusalReason | None]
    explanation: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Sealed for `answers.explanation`: free text of the agency, which may name people."""

    asset_count: Mapped[int]
    as_of: Mapped[datetime]
    received_at: Mapped[datetime]
    corrects_id: Mapped[UUID | None] = mapped_column(ForeignKey("answers.id"))
    """The answer that this one replaces as a whole; the earlier one stays readable."""

    corrected_at: Mapped[datetime | None]
    """When another answer replaced this one."""

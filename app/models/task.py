"""What a person has to look at: every difference, every clock that runs out, every objection."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id, one_of


class TaskKind(StrEnum):
    RENEW_FREEZE = "renew_freeze"
    """A freeze ends soon; the renewal is prepared and waits for its officer and approver."""

    RENEWAL_ESCALATED = "renewal_escalated"
    DIFFERENCE = "difference"
    """The agency's register and the hub's mirror do not agree (P18)."""

    OBJECTION = "objection"
    RELEASE_OVERDUE = "release_overdue"
    SURPLUS = "surplus"
    """More is frozen than owed: release it at once (Seizure §19)."""

    NOT_EXECUTED = "not_executed"
    HIT_WAITING = "hit_waiting"
    """A sighting was not answered within its clock and has been asked about again."""

    HIT_ESCALATED = "hit_escalated"
    """Nor after the second request: the duty desk and the supervisor are each told."""

    HELD_UNCONFIRMED = "held_unconfirmed"
    """An agency says it holds somebody, or a car, on a sighting that no officer of the court confirmed."""

    DEAD_ENTRY = "dead_entry"
    """An agency still looks out for what the court does not look for any more."""

    LOOK_OUT_CONTRADICTED = "look_out_contradicted"
    RECALL_OVERDUE = "recall_overdue"
    """A holder has not confirmed that its entry has ended."""

    TAKE_OVER = "take_over"
    CUSTODY_LAPSED = "custody_lapsed"
    """The court did not come in time; the agency has to let go."""

    REVALIDATE = "revalidate"
    NOTIFY_FAMILY = "notify_family"
    DETENTION_ENDING = "detention_ending"
    ANSWER_CORRECTED = "answer_corrected"
    """An agency corrected facts that somebody relied on."""

    LOOK_UP_CONSPICUOUS = "look_up_conspicuous"
    """A rule over the audit log found something unusual; that nothing is wrong is an answer, too."""

    JUSTIFY_LOOK_UP = "justify_look_up"
    """A look-up was drawn by lot: its officer says again why it was needed."""


class Task(Base):
    __tablename__ = "tasks"
    __table_args__ = (
        one_of("kind", TaskKind),
        Index("ix_tasks_court_id_id", "court_id", "id"),
        Index("ix_tasks_freeze_id", "freeze_id", postgresql_where="freeze_id IS NOT NULL"),
        Index("ix_tasks_open_of_case", "case_id", postgresql_where="closed_at IS NULL"),
        Index("ix_tasks_open", "court_id", "due_at", postgresql_where="closed_at IS NULL"),
    )

    id: Mapped[Id]
    court_id: Mapped[UUID]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    kind: Mapped[TaskKind]
    freeze_id: Mapped[UUID | None] = mapped_column(ForeignKey("freezes.id"))
    request_id: Mapped[UUID | None]
    agency_id: Mapped[UUID | None]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """What to know, without naming anybody."""

    due_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    outcome: Mapped[str | None]


class ObjectionState(StrEnum):
    OPEN = "open"
    UPHELD = "upheld"
    """The agency was right; the court takes the measure back."""

    DISMISSED = "dismissed"


class Objection(Base):
    """协助执行异议: an agency thinks a measure unlawful. It stands meanwhile; the court answers in 15 days (2013 Rules §6)."""

    __tablename__ = "objections"
    __table_args__ = (
        one_of("state", ObjectionState),
        Index("ix_objections_court_id_id", "court_id", "id"),
        Index("ix_objections_request_id", "request_id"),
    )

    id: Mapped[Id]
    court_id: Mapped[UUID]
    case_id: Mapped[UUID]
    agency_id: Mapped[UUID]
    request_id: Mapped[UUID] = mapped_column(ForeignKey("agency_requests.id"))
    message_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id"))
    grounds: Mapped[str]
    text: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed for `objections.text`."""

    state: Mapped[ObjectionState] = mapped_column(default=ObjectionState.OPEN)
    received_at: Mapped[datetime]
    answer_due_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None]
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Sealed for `objections.answer`."""


class ReleaseCertificate(Base):
    """解除控制证明: every effect ever placed in a case and its confirmed lift, signed; verifiable off line."""

    __tablename__ = "release_certificates"
    __table_args__ = (Index("ix_release_certificates_case_id", "case_id"),)

    id: Mapped[Id]
    court_id: Mapped[UUID]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed for `release_certificates.body`: the signed text as it is handed out."""

    complete: Mapped[bool]
    created_at: Mapped[datetime]


class Reconciliation(Base):
    """One comparison of the hub's mirror with an agency's list of live freezes."""

    __tablename__ = "reconciliations"
    __table_args__ = (Index("ix_reconciliations_agency_id_at", "agency_id", "at"),)

    id: Mapped[Id]
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agencies.id"))
    compared: Mapped[int]
    differences: Mapped[int]
    as_of: Mapped[datetime]
    at: Mapped[datetime]

"""What is owed in a case, as it changes: payments, costs, transfers."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id, one_of


class ClaimEntryKind(StrEnum):
    PAYMENT = "payment"
    """Paid by the debtor or a third person, outside a transfer."""

    TRANSFER = "transfer"
    """Taken from a frozen account to the court's account, as the agency's receipt says."""

    COST = "cost"
    """Enforcement costs, added to what is owed."""


class ClaimEntry(Base):
    __tablename__ = "claim_entries"
    __table_args__ = (
        one_of("kind", ClaimEntryKind),
        Index("ix_claim_entries_case_id_id", "case_id", "id"),
    )

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    kind: Mapped[ClaimEntryKind]
    amount: Mapped[Decimal] = mapped_column(Numeric(18, 2))
    booked_on: Mapped[date]
    request_id: Mapped[UUID | None]
    """The transfer's request."""

    note: Mapped[str]
    created_at: Mapped[datetime]


class ClaimTerms(Base):
    """How interest runs in a case, when the court has said so; without a row none runs."""

    __tablename__ = "claim_terms"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    daily_rate: Mapped[Decimal] = mapped_column(Numeric(12, 10))
    """Of the principal outstanding, for each day."""

    interest_from: Mapped[date]
    late_performance_from: Mapped[date | None]
    """From when the added interest for late performance runs (Civil Procedure §264)."""

    late_daily_rate: Mapped[Decimal] = mapped_column(Numeric(12, 10))
    changed_at: Mapped[datetime]

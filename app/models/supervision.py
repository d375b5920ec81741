"""Supervision of look-ups: days that were examined, people who are the court's own, draws and what came of them."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id, one_of


class AuditReview(Base):
    """A day in China whose look-ups were examined."""

    __tablename__ = "audit_reviews"

    day: Mapped[date] = mapped_column(primary_key=True)
    findings: Mapped[int]
    at: Mapped[datetime]


class OwnPerson(Base):
    """Somebody of the court's own, and their families: looked up like anybody else, but never unnoticed."""

    __tablename__ = "own_people"

    subject_index: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    added_at: Mapped[datetime]


class Draw(Base):
    """A draw of look-ups to be justified again; with the note anybody repeats it."""

    __tablename__ = "draws"
    __table_args__ = (Index("uq_draws_period", "period", unique=True),)

    id: Mapped[Id]
    period: Mapped[str]
    since: Mapped[datetime]
    until: Mapped[datetime]
    size: Mapped[int] = mapped_column(BigInteger)
    """Of the checkpoint that is the seed."""

    note: Mapped[str]
    population: Mapped[str]
    """Digest of the ids of all look-ups that were in the draw."""

    of: Mapped[int]
    """How many they were."""

    made_at: Mapped[datetime]


class Justification(StrEnum):
    JUSTIFIED = "justified"
    UNJUSTIFIED = "unjustified"


class DrawnLookUp(Base):
    __tablename__ = "drawn_look_ups"
    __table_args__ = (one_of("outcome", Justification),)

    draw_id: Mapped[UUID] = mapped_column(ForeignKey("draws.id"), primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(primary_key=True)
    outcome: Mapped[Justification | None]
    reason: Mapped[str | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]

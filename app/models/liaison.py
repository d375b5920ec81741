"""Agencies that have named people instead of an interface: who they are, and what they have to answer."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id


class LiaisonOfficer(Base):
    """联络员 of an agency, as it named them."""

    __tablename__ = "liaison_officers"
    __table_args__ = (Index("ix_liaison_officers_agency_id", "agency_id"),)

    id: Mapped[Id]
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agencies.id"))
    name: Mapped[str]
    phone: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class LiaisonTask(Base):
    """One request that people have to carry out and answer. Whether it is open is what its request says."""

    __tablename__ = "liaison_tasks"
    __table_args__ = (
        Index("uq_liaison_tasks_request_id", "request_id", unique=True),
        Index("ix_liaison_tasks_court_id_id", "court_id", "id"),
    )

    id: Mapped[Id]
    court_id: Mapped[UUID]
    case_id: Mapped[UUID]
    agency_id: Mapped[UUID]
    request_id: Mapped[UUID] = mapped_column(ForeignKey("agency_requests.id"))
    opened_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[UUID | None] = mapped_column(ForeignKey("liaison_officers.id"))
    """Who said so; the last one where several did."""

"""How long personal data stay readable, and what keeps them longer."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id


class CaseRetention(Base):
    """A case whose personal data are sealed with a key that will be destroyed; no row: with the hub's own."""

    __tablename__ = "case_retentions"
    __table_args__ = (Index("ix_case_retentions_key_id", "key_id"),)

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    key_id: Mapped[str]
    moved_at: Mapped[datetime]
    expired_at: Mapped[datetime | None]
    """When the key was destroyed."""


class LegalHold(Base):
    """Why the data of a case may not expire: a complaint, an appeal, an inspection. They are several and independent."""

    __tablename__ = "legal_holds"
    __table_args__ = (Index("ix_legal_holds_in_force", "case_id", postgresql_where="lifted_at IS NULL"),)

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    reason: Mapped[str]
    placed_by: Mapped[str]
    placed_at: Mapped[datetime]
    lifted_by: Mapped[str | None]
    lifted_at: Mapped[datetime | None]

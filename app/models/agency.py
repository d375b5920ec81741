"""Agencies and their keys: a new one that speaks a known protocol is one row here."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Id, one_of
from app.vocabulary import AgencyKind


class Agency(Base):
    __tablename__ = "agencies"
    __table_args__ = (one_of("kind", AgencyKind),)

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[AgencyKind]
    dialect: Mapped[str]
    transport: Mapped[str]
    capabilities: Mapped[list[str]] = mapped_column(ARRAY(String))
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """`app.adapters.profile.AgencySettings`, checked on the way in."""

    version: Mapped[int] = mapped_column(default=1)
    """Raised with every change, so that workers rebuild their adapter."""

    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    keys: Mapped[list["AgencyKey"]] = relationship(lazy="raise", order_by="AgencyKey.not_before")


class AgencyKey(Base):
    """A public key of an agency. Keys overlap while they rotate; a revoked one is dead within a minute."""

    __tablename__ = "agency_keys"
    __table_args__ = (
        one_of("algorithm", ("ed25519", "ecdsa-p256-sha256")),
        Index("ix_agency_keys_agency_id", "agency_id"),
    )

    id: Mapped[Id]
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agencies.id"))
    key_id: Mapped[str] = mapped_column(unique=True)
    algorithm: Mapped[str]
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    """DER, SubjectPublicKeyInfo."""

    not_before: Mapped[datetime]
    not_after: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

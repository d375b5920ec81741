"""Courts, their officers, and the clients that speak for them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id, one_of
from app.vocabulary import OfficerRole, Role


class Court(Base):
    __tablename__ = "courts"

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(unique=True)
    """As in case numbers: 豫1424."""

    name: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class ApiClient(Base):
    """A program with credentials (OAuth 2.0 client credentials). Secrets rotate with overlap."""

    __tablename__ = "api_clients"
    __table_args__ = (one_of("role", Role),)

    id: Mapped[Id]
    client_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[Role] = mapped_column(default=Role.COURT)
    court_id: Mapped[UUID | None] = mapped_column(ForeignKey("courts.id"))
    secret_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    """A plain digest is enough: secrets are 32 random bytes made by the hub, never chosen by people."""

    previous_secret_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_secret_until: Mapped[datetime | None]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class Officer(Base):
    """承办人/执行干警, with the two permits that agencies have on file (2013 Rules §2)."""

    __tablename__ = "officers"
    __table_args__ = (
        UniqueConstraint("court_id", "work_permit_number"),
        one_of("role", OfficerRole),
        Index("ix_officers_court_id_id", "court_id", "id"),
    )

    id: Mapped[Id]
    court_id: Mapped[UUID] = mapped_column(ForeignKey("courts.id"))
    name: Mapped[str]
    work_permit_number: Mapped[str]
    enforcement_permit_number: Mapped[str]
    phone: Mapped[str | None]
    role: Mapped[OfficerRole] = mapped_column(default=OfficerRole.ENFORCEMENT_OFFICER)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]

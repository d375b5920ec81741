"""What court systems are told, numbered per court, and where they want it delivered."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id, one_of
from app.vocabulary import EventType


class EventCounter(Base):
    """The last number given to a court. Its row lock keeps numbers without gaps and in commit order."""

    __tablename__ = "event_counters"
    __table_args__ = ({"postgresql_with": {"fillfactor": "50"}},)

    court_id: Mapped[UUID] = mapped_column(ForeignKey("courts.id"), primary_key=True)
    last_number: Mapped[int] = mapped_column(BigInteger, default=0)


class CourtEvent(Base):
    """One event. It names things by id and never by person."""

    __tablename__ = "events"
    __table_args__ = (
        one_of("event_type", EventType),
        Index("uq_events_id", "id", unique=True),
    )

    court_id: Mapped[UUID] = mapped_column(ForeignKey("courts.id"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[UUID]
    event_type: Mapped[EventType]
    order_id: Mapped[UUID | None]
    request_id: Mapped[UUID | None]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    occurred_at: Mapped[datetime]


class WebhookEndpoint(Base):
    """Where a court's events are delivered, signed after Standard Webhooks."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (Index("ix_webhook_endpoints_court_id", "court_id"),)

    id: Mapped[Id]
    court_id: Mapped[UUID] = mapped_column(ForeignKey("courts.id"))
    url: Mapped[str]
    event_types: Mapped[list[str]] = mapped_column(ARRAY(String))
    """Empty means all."""

    secret: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed for `webhook_endpoints.secret`; 32 random bytes."""

    previous_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Sealed for `webhook_endpoints.secret`; signs beside the new one until `previous_secret_until`."""

    previous_secret_until: Mapped[datetime | None]
    active: Mapped[bool] = mapped_column(default=True)
    failing_since: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

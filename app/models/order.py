"""Orders: what a court decides. One fans out to many agency requests."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id, one_of
from app.vocabulary import OrderKind


class Batch(Base):
    """A bulk intake: thousands of orders handed in at once, each with its own verdict."""

    __tablename__ = "batches"
    __table_args__ = (Index("ix_batches_court_id_id", "court_id", "id"),)

    id: Mapped[Id]
    court_id: Mapped[UUID] = mapped_column(ForeignKey("courts.id"))
    accepted: Mapped[int]
    refused: Mapped[int]
    created_at: Mapped[datetime]


class OrderStatus(StrEnum):
    AWAITING_APPROVAL = "awaiting_approval"
    """A coercive act that one officer made and a second one has not approved yet; nothing was sent."""

    ISSUED = "issued"
    REJECTED = "rejected"


class Order(Base):
    __tablename__ = "orders"
    __table_args__ = (
        one_of("kind", OrderKind),
        one_of("status", OrderStatus),
        Index("ix_orders_court_id_id", "court_id", "id"),
        Index("ix_orders_case_id_id", "case_id", "id"),
        Index("ix_orders_batch_id", "batch_id", postgresql_where="batch_id IS NOT NULL"),
    )

    id: Mapped[Id]
    kind: Mapped[OrderKind]
    court_id: Mapped[UUID] = mapped_column(ForeignKey("courts.id"))
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    officer_id: Mapped[UUID] = mapped_column(ForeignKey("officers.id"))
    client_id: Mapped[UUID] = mapped_column(ForeignKey("api_clients.id"))
    batch_id: Mapped[UUID | None] = mapped_column(ForeignKey("batches.id"))
    purpose: Mapped[str]
    legal_basis: Mapped[str]
    scope: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """For an asset query: `asset_kinds`, `transactions_from`, `transactions_to`."""

    document_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    status: Mapped[OrderStatus] = mapped_column(default=OrderStatus.ISSUED)
    approver_id: Mapped[UUID | None] = mapped_column(ForeignKey("officers.id"))
    decided_at: Mapped[datetime | None]
    decision_note: Mapped[str | None]
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Of a measure: its parts as JSON, sealed for `orders.content`; they become requests when it is approved."""

    correlation_id: Mapped[str]
    created_at: Mapped[datetime]

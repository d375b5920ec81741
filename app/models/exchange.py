"""Memory of what was already asked of us: idempotency keys of courts, nonces of agencies."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class IdempotencyKey(Base):
    """The first answer given under a key; committed together with what it answers (P2)."""

    __tablename__ = "idempotency_keys"

    scope: Mapped[UUID] = mapped_column(primary_key=True)
    """The court, or the client where no court stands behind it."""

    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    """Blind index `request` of method, path and the body's SHA-256: keyed, since a body names people."""

    status: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed for `idempotency_keys.body`: some answers hold a secret that is shown once."""

    location: Mapped[str | None]
    created_at: Mapped[datetime]


class Nonce(Base):
    """A nonce seen in a signed message. Kept longer than the signature is fresh, then swept."""

    __tablename__ = "nonces"
    __table_args__ = (Index("ix_nonces_seen_at", "seen_at"),)

    key_id: Mapped[str] = mapped_column(primary_key=True)
    nonce: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime]

"""财产线索: something an agency reported about a debtor, with its source and its as-of time."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id, one_of
from app.vocabulary import AssetKind, HolderRole


class Asset(Base):
    __tablename__ = "assets"
    __table_args__ = (
        one_of("kind", AssetKind),
        one_of("holder_role", HolderRole),
        Index("ix_assets_case_id_id", "case_id", "id"),
        Index("ix_assets_party_id_identity", "party_id", "identity_index"),
        Index("ix_assets_request_id", "request_id"),
    )

    id: Mapped[Id]
    court_id: Mapped[UUID]
    """Where it belongs is repeated from its request for look-ups; the answer's foreign key vouches for it."""

    case_id: Mapped[UUID]
    party_id: Mapped[UUID]
    agency_id: Mapped[UUID]
    request_id: Mapped[UUID]
    answer_id: Mapped[UUID] = mapped_column(ForeignKey("answers.id"))
    kind: Mapped[AssetKind]
    identity_index: Mapped[bytes] = mapped_column(LargeBinary)
    """Blind index `asset` of agency code and identity: the same thing reported again is found by it."""

    facts: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed for `assets.facts`: the typed asset as JSON."""

    holder_role: Mapped[HolderRole]
    disputed: Mapped[bool]
    amount: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    """Balance or total where the thing is money."""

    currency: Mapped[str | None]
    as_of: Mapped[datetime]
    reported_at: Mapped[datetime]
    superseded_at: Mapped[datetime | None]
    """When a later report of the same thing by the same agency came in."""

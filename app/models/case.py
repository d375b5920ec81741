"""Cases, their parties and their papers. Names and numbers of parties are sealed; numbers are found by blind index."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id, one_of
from app.vocabulary import CaseStatus, CertificateType, DocumentKind, PartyKind, PartyRole


class Case(Base):
    __tablename__ = "cases"
    __table_args__ = (
        UniqueConstraint("court_id", "case_number"),
        one_of("status", CaseStatus),
        Index("ix_cases_court_id_id", "court_id", "id"),
    )

    id: Mapped[Id]
    court_id: Mapped[UUID] = mapped_column(ForeignKey("courts.id"))
    case_number: Mapped[str]
    """Normalised: （2018）豫1424执1352号."""

    case_number_given: Mapped[str]
    type_code: Mapped[str]
    cause: Mapped[str]
    legal_basis: Mapped[str]
    claim_amount: Mapped[Decimal] = mapped_column(Numeric(18, 2))
    status: Mapped[CaseStatus] = mapped_column(default=CaseStatus.OPEN)
    officer_id: Mapped[UUID] = mapped_column(ForeignKey("officers.id"))
    opened_on: Mapped[date]
    closed_at: Mapped[datetime | None]
    closed_reason: Mapped[str | None]
    created_at: Mapped[datetime]


class Party(Base):
    __tablename__ = "parties"
    __table_args__ = (
        UniqueConstraint("case_id", "role", "number_index"),
        one_of("role", PartyRole),
        one_of("kind", PartyKind),
        one_of("certificate_type", CertificateType),
        Index("ix_parties_number_index", "number_index"),
    )

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    court_id: Mapped[UUID] = mapped_column(ForeignKey("courts.id"))
    role: Mapped[PartyRole]
    kind: Mapped[PartyKind]
    certificate_type: Mapped[CertificateType]
    name: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed for `parties.name`."""

    number: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed for `parties.number`: the normalised certificate number."""

    number_index: Mapped[bytes] = mapped_column(LargeBinary)
    """Blind index `certificate` of "type:number"."""

    created_at: Mapped[datetime]


class Document(Base):
    """A paper of a case. Its bytes lie once under their digest, sealed."""

    __tablename__ = "documents"
    __table_args__ = (
        UniqueConstraint("case_id", "kind", "sha256"),
        one_of("kind", DocumentKind),
    )

    id: Mapped[Id]
    court_id: Mapped[UUID] = mapped_column(ForeignKey("courts.id"))
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    kind: Mapped[DocumentKind]
    title: Mapped[str]
    document_number: Mapped[str]
    issued_on: Mapped[date]
    media_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    amount: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    """The sum that a ruling or notice names; ruling and notice of one freeze name the same (2013 Rules §3)."""

    valid_until: Mapped[date | None]
    seal_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Digest of the electronic seal, carried to the agency."""

    created_at: Mapped[datetime]


class DocumentContent(Base):
    __tablename__ = "document_contents"

    sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed for `document_contents.sealed`."""

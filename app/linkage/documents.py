"""Papers of a case: their kind is what their bytes say, and their bytes lie sealed under their digest."""

from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.record import record
from app.crypto import Vault
from app.errors import ErrorCode, FieldError, Refusal
from app.ids import new_id
from app.linkage.acting import Acting
from app.linkage.callers import entry_of
from app.linkage.fields import Demand, Line, Money
from app.models import Case, Document, DocumentContent
from app.vocabulary import AuditAction, CaseStatus, DocumentKind

_SEALED_FOR = "document_contents.sealed"


class NewDocument(Demand):
    kind: DocumentKind
    title: Annotated[Line, Field(examples=["协助查询财产通知书"])]
    document_number: Annotated[Line, Field(examples=["（2018）豫1424执1352号之一"])]
    issued_on: date
    amount: Annotated[Money, Field(gt=0)] | None = None
    """The sum that a ruling or notice names; ruling and notice of one freeze name the same (2013 Rules §3)."""

    valid_until: date | None = None
    seal_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    """SHA-256 of the electronic seal, in hex."""


@dataclass(frozen=True, slots=True)
class Paper:
    content: bytes = field(repr=False)

    @property
    def media_type(self) -> str | None:
        """By content, whatever the sender calls it; None for what is not taken."""
        for magic, media_type in _MAGIC:
            if self.content.startswith(magic):
                return media_type
        # OFD (GB/T 33190) is a ZIP with OFD.xml in it. The archive is not opened: hostile ones never are.
        if self.content.startswith(b"PK\x03\x04") and b"OFD.xml" in self.content:
            return "application/ofd"
        return None


_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
FILE_ENDINGS = {
    "application/pdf": "pdf",
    "image/png": "png",
    "image/jpeg": "jpg",
    "application/ofd": "ofd",
}


async def store_document(  # noqa: PLR0913, PLR0917 - a paper, where it goes, and who files it
    session: AsyncSession, acting: Acting, case: Case, vault: Vault, demand: NewDocument, paper: Paper
) -> Document:
    """File a paper with an open case.

    Raises:
        Refusal: `case_closed`, `document_type_refused`; `conflict` when the same bytes are filed as this kind.
    """
    if case.status is not CaseStatus.OPEN:
        raise Refusal(ErrorCode.CASE_CLOSED)
    media_type = paper.media_type
    if media_type is None:
        raise Refusal(
            ErrorCode.DOCUMENT_TYPE_REFUSED,
            FieldError(
                "/file", "document_type_refused", "PDF, OFD, PNG or JPEG", "须为 PDF、OFD、PNG 或 JPEG"
            ),
        )
    digest = sha256(paper.content).digest()
    await session.execute(
        insert(DocumentContent)
        .values(sha256=digest, sealed=vault.seal(paper.content, _SEALED_FOR))
        .on_conflict_do_nothing()
    )
    document: Document | None = await session.scalar(
        insert(Document)
        .values(
            id=new_id(),
            court_id=case.court_id,
            case_id=case.id,
            media_type=media_type,
            size=len(paper.content),
            sha256=digest,
            created_at=acting.at,
            **demand.model_dump(exclude={"seal_sha256"}),
            seal_sha256=bytes.fromhex(demand.seal_sha256) if demand.seal_sha256 else None,
        )
        .on_conflict_do_nothing(index_elements=[Document.case_id, Document.kind, Document.sha256])
        .returning(Document)
    )
    if document is None:
        raise Refusal(
            ErrorCode.CONFLICT,
            FieldError("/file", "document_exists", "this paper is filed already", "该文书已提交"),
        )
    await _record(session, acting, case, document, AuditAction.DOCUMENT_STORED)
    return document


async def find_document(session: AsyncSession, case: Case, document_id: UUID) -> Document:
    """Raises `Refusal(not_found)`."""
    document = await session.scalar(
        select(Document).where(Document.id == document_id, Document.case_id == case.id)
    )
    if document is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    return document


async def documents_of(session: AsyncSession, case_id: UUID) -> list[Document]:
    return list(
        await session.scalars(select(Document).where(Document.case_id == case_id).order_by(Document.id))
    )


async def read_content(
    session: AsyncSession, acting: Acting, case: Case, vault: Vault, document: Document
) -> bytes:
    """The paper as it was filed; papers name people, so that reading one is an audited look."""
    sealed = await session.scalar(
        select(DocumentContent.sealed).where(DocumentContent.sha256 == document.sha256)
    )
    assert sealed is not None
    await _record(session, acting, case, document, AuditAction.DOCUMENT_READ)
    return vault.open(sealed, _SEALED_FOR)


async def _record(
    session: AsyncSession, acting: Acting, case: Case, document: Document, action: AuditAction
) -> None:
    entry = entry_of(
        acting,
        action,
        case_number=case.case_number,
        digests=(("document", document.sha256.hex()),),
        detail={"document_id": str(document.id), "kind": document.kind.value},
    )
    await record(session, [entry])

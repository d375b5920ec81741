"""Ruling and notice: without both, in force and of one sum, nothing is frozen (2013 Rules §1, §3)."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import ErrorCode, FieldError, Refusal
from app.models import Case, Document
from app.vocabulary import DocumentKind, OrderKind

_NEEDED: dict[OrderKind, frozenset[DocumentKind]] = {
    OrderKind.FREEZE: frozenset({DocumentKind.RULING, DocumentKind.FREEZE_NOTICE}),
    OrderKind.RENEWAL: frozenset({DocumentKind.RULING, DocumentKind.FREEZE_NOTICE}),
    OrderKind.RELEASE: frozenset({DocumentKind.RULING, DocumentKind.RELEASE_NOTICE}),
    OrderKind.TRANSFER: frozenset({DocumentKind.RULING, DocumentKind.ENFORCEMENT_NOTICE}),
    OrderKind.CONVERSION: frozenset({DocumentKind.ENFORCEMENT_NOTICE}),
}


async def check_papers(
    session: AsyncSession, case: Case, kind: OrderKind, named: Collection[UUID], today: date
) -> str:
    """The number of the ruling that orders it.

    Raises:
        Refusal: `document_unknown`, `document_missing`, `document_expired`, `document_sums_differ`.
    """
    papers = await papers_named(session, case, named)
    check_complete(papers, _NEEDED[kind], today)
    _check_sums(papers)
    return next(
        (paper.document_number for paper in papers if paper.kind is DocumentKind.RULING),
        papers[0].document_number,
    )


async def papers_named(session: AsyncSession, case: Case, named: Collection[UUID]) -> Sequence[Document]:
    """Raises `Refusal(document_unknown)` unless all are papers of the case."""
    papers = (
        await session.scalars(
            select(Document).where(Document.case_id == case.id, Document.id.in_(named)).order_by(Document.id)
        )
    ).all()
    if len(papers) != len(set(named)):
        raise _refusal(ErrorCode.DOCUMENT_UNKNOWN, "name documents of this case", "请使用本案文书")
    return papers


def check_complete(papers: Sequence[Document], needed: frozenset[DocumentKind], today: date) -> None:
    """Raises `Refusal`: `document_missing` naming the kinds, `document_expired`."""
    missing = needed - {paper.kind for paper in papers}
    if missing:
        kinds = ", ".join(sorted(missing))
        raise _refusal(ErrorCode.DOCUMENT_MISSING, f"also needed: {kinds}", f"还需要：{kinds}")
    if any(paper.valid_until is not None and paper.valid_until < today for paper in papers):
        raise _refusal(ErrorCode.DOCUMENT_EXPIRED, "file a new one", "请重新制作文书")


def _check_sums(papers: Sequence[Document]) -> None:
    """A bank rightly balks when ruling and notice show different amounts."""
    sums = {paper.amount for paper in papers if paper.amount is not None}
    if len(sums) > 1:
        raise _refusal(
            ErrorCode.DOCUMENT_SUMS_DIFFER, "correct one of the papers", "请更正其中一份文书的金额"
        )


def _refusal(code: ErrorCode, en: str, zh: str) -> Refusal:
    return Refusal(code, FieldError("/documents", code.value, en, zh))

"""Ending every effect of a case at every holder: ordered at once, confirmed one by one, chased until it is (Seizure §28)."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.measures import ReleaseContent, Target
from app.crypto import Vault
from app.errors import ErrorCode, FieldError, Refusal
from app.linkage.acting import Acting
from app.linkage.cancelling import cancel_unsent
from app.linkage.control.contents import Part
from app.linkage.control.demands import MeasureDemand
from app.linkage.control.drafting import Draft, store_draft
from app.linkage.control.following import issue_at_once
from app.linkage.control.papers import check_papers
from app.measures.terms import day_in_china
from app.models import Agency, AgencyRequest, Case, Document, Freeze, Officer, Order
from app.models.freeze import HELD_SOMEWHERE, FreezeState
from app.vocabulary import DocumentKind, OrderKind

_PAPERS = (DocumentKind.RULING, DocumentKind.RELEASE_NOTICE)


async def release_everything(
    session: AsyncSession, acting: Acting, vault: Vault, case: Case, reason: str
) -> Order | None:
    """Release all that is or may be frozen in the case, with the papers filed for it; None when nothing is.

    Raises:
        Refusal: `document_missing` when no ruling and release notice are filed: without them no agency may lift anything
            (2013 Rules §3), and a case must not close while people stay blocked.
    """
    freezes = await _held(session, case)
    if not freezes:
        return None
    papers = await _release_papers(session, case)
    officer = await session.get_one(Officer, case.officer_id)
    demand = MeasureDemand(
        officer=officer.work_permit_number, purpose=reason, documents=tuple(paper.id for paper in papers)
    )
    await check_papers(session, case, OrderKind.RELEASE, demand.documents, day_in_china(acting.at))
    parts = [_part(vault, freeze, code, reason) for freeze, code in freezes]
    order = await store_draft(session, acting, vault, Draft(OrderKind.RELEASE, case, officer, demand, parts))
    for freeze, _ in freezes:
        freeze.releasing = True
    await issue_at_once(session, acting, vault, case, order)
    unsent = [freeze.request_id for freeze, _ in freezes if freeze.state is FreezeState.ORDERED]
    if unsent:
        await cancel_unsent(session, vault, acting, unsent)
    return order


async def _held(session: AsyncSession, case: Case) -> Sequence[tuple[Freeze, str]]:
    """All freezes not known to have ended and not being released already, with their agencies' codes; locked."""
    condition = (Freeze.case_id == case.id) & Freeze.state.in_(HELD_SOMEWHERE) & ~Freeze.releasing
    # Requests before freezes, as everywhere, so that nobody waits in a ring.
    await session.execute(
        select(AgencyRequest.id)
        .join(Freeze, Freeze.request_id == AgencyRequest.id)
        .where(condition)
        .order_by(AgencyRequest.id)
        .with_for_update(of=AgencyRequest)
    )
    rows = await session.execute(
        select(Freeze, Agency.code)
        .join(Agency, Agency.id == Freeze.agency_id)
        .where(condition)
        .order_by(Freeze.id)
        .with_for_update(of=Freeze)
    )
    return [(freeze, code) for freeze, code in rows]


async def _release_papers(session: AsyncSession, case: Case) -> list[Document]:
    """The latest of each kind that a release travels with; the notice last."""
    papers = []
    for kind in _PAPERS:
        paper = await session.scalar(
            select(Document)
            .where(Document.case_id == case.id, Document.kind == kind)
            .order_by(Document.id.desc())
            .limit(1)
        )
        if paper is not None:
            papers.append(paper)
    if len(papers) < len(_PAPERS):
        raise Refusal(
            ErrorCode.DOCUMENT_MISSING,
            FieldError(
                "/documents",
                ErrorCode.DOCUMENT_MISSING.value,
                "freezes are live in this case: file a ruling and a release notice first",
                "本案尚有控制措施，请先提交裁定书和解除通知书",
            ),
        )
    return papers


def _part(vault: Vault, freeze: Freeze, agency_code: str, reason: str) -> Part:
    target = Target(freeze.thing_kind, vault.open_text(freeze.identity, "freezes.identity"))
    content = ReleaseContent(freeze.request_id, freeze.case_number, target, None, reason)
    return Part(freeze.agency_id, agency_code, freeze.party_id, content, freeze.id)

"""保全转执行: measures of a preservation case turn into measures of the enforcement case by themselves.

Term and rank run on and no new ruling is needed (Interpretation §168, Preservation §17); the agencies are told under which
case the freezes stand from now on.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.measures import ConversionContent, Target
from app.crypto import Vault
from app.errors import ErrorCode, Refusal
from app.linkage.acting import Acting
from app.linkage.callers import about
from app.linkage.cases import find_case
from app.linkage.control.contents import Part
from app.linkage.control.demands import ConversionDemand
from app.linkage.control.drafting import Draft, open_case, refusal, store_draft
from app.linkage.control.following import issue_at_once
from app.linkage.control.papers import check_papers
from app.linkage.courts import find_officer
from app.measures.terms import day_in_china
from app.measures.words import Nature
from app.models import Agency, AgencyRequest, Case, Freeze, Order, Party
from app.models.freeze import LIVE_FREEZES
from app.vocabulary import OrderKind, PartyRole


async def convert_preservation(
    session: AsyncSession, acting: Acting, vault: Vault, case_id: UUID, demand: ConversionDemand
) -> Order:
    """Turn every live measure of the preservation case into one of this enforcement case; sent at once.

    Raises:
        Refusal: `not_a_debtor` when a freeze touches somebody who is no debtor here, `freeze_unknown` when there is
            nothing to convert.
    """
    case = await open_case(session, acting, case_id)
    preservation = await find_case(session, acting, demand.preservation_case_id, lock=True)
    about(session, case_number=case.case_number, officer=demand.officer, purpose=demand.purpose)
    officer = await find_officer(session, acting.court_id, demand.officer)
    await check_papers(session, case, OrderKind.CONVERSION, demand.documents, day_in_china(acting.at))
    freezes = await _live(session, preservation)
    if not freezes:
        raise Refusal(ErrorCode.FREEZE_UNKNOWN)
    debtors = await _same_debtors(session, case, freezes)
    parts = [_part(vault, freeze, code, debtors[number_index]) for freeze, code, number_index in freezes]
    order = await store_draft(
        session, acting, vault, Draft(OrderKind.CONVERSION, case, officer, demand, parts)
    )
    return await issue_at_once(session, acting, vault, case, order)


async def _live(session: AsyncSession, preservation: Case) -> Sequence[tuple[Freeze, str, bytes]]:
    """Live preservation measures, with their agency and debtor; requests are locked before freezes, as everywhere."""
    condition = (
        (Freeze.case_id == preservation.id)
        & Freeze.state.in_(LIVE_FREEZES)
        & (Freeze.nature == Nature.PRESERVATION)
    )
    await session.execute(
        select(AgencyRequest.id)
        .join(Freeze, Freeze.request_id == AgencyRequest.id)
        .where(condition)
        .order_by(AgencyRequest.id)
        .with_for_update(of=AgencyRequest)
    )
    rows = await session.execute(
        select(Freeze, Agency.code, Party.number_index)
        .join(Agency, Agency.id == Freeze.agency_id)
        .join(Party, Party.id == Freeze.party_id)
        .where(condition)
        .order_by(Freeze.id)
        .with_for_update(of=Freeze)
    )
    return [(freeze, code, index) for freeze, code, index in rows]


async def _same_debtors(
    session: AsyncSession, case: Case, freezes: Sequence[tuple[Freeze, str, bytes]]
) -> dict[bytes, UUID]:
    """The debtors of this case by their number: measures never touch anyone else (2013 Rules §7)."""
    rows = await session.execute(
        select(Party.number_index, Party.id).where(Party.case_id == case.id, Party.role == PartyRole.DEBTOR)
    )
    debtors = dict(rows.all())
    if not debtors.keys() >= {index for _, _, index in freezes}:
        raise refusal(
            ErrorCode.NOT_A_DEBTOR,
            "/preservation_case_id",
            "a measure there touches somebody who is no debtor of this case",
            "保全措施涉及的当事人不是本案被执行人",
        )
    return debtors


def _part(vault: Vault, freeze: Freeze, agency_code: str, debtor: UUID) -> Part:
    target = Target(freeze.thing_kind, vault.open_text(freeze.identity, "freezes.identity"))
    content = ConversionContent(freeze.request_id, freeze.case_number, target)
    return Part(freeze.agency_id, agency_code, debtor, content, freeze.id)

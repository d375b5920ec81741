"""What follows a freeze: renewal, release, transfer, conversion. Each cites the freeze's request and case."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.measures import (
    CourtAccount,
    MeasureContent,
    ReleaseContent,
    RenewalContent,
    Target,
    TransferContent,
)
from app.crypto import Vault
from app.errors import ErrorCode, Refusal
from app.linkage.acting import Acting
from app.linkage.callers import about
from app.linkage.cancelling import cancel_unsent
from app.linkage.cases import find_case
from app.linkage.control.approving import Issuing, issue_parts
from app.linkage.control.contents import Part, open_parts
from app.linkage.control.demands import MeasureDemand, ReleaseDemand, RenewalDemand, TransferDemand
from app.linkage.control.drafting import Draft, check_term, open_case, refusal, store_draft
from app.linkage.control.guards import Guard, guard_renewal
from app.linkage.control.papers import check_papers
from app.linkage.courts import find_officer
from app.linkage.events import announce
from app.linkage.locating.ending import end_of_seals
from app.linkage.locating.lookouts import Hand
from app.measures.terms import day_in_china
from app.models import Agency, AgencyRequest, Case, Freeze, Order
from app.models.freeze import HELD_SOMEWHERE, FreezeState
from app.models.order import OrderStatus
from app.vocabulary import OrderKind


async def find_freeze(
    session: AsyncSession, acting: Acting, freeze_id: UUID, *, lock: bool = False
) -> Freeze:
    """Raises `Refusal(freeze_unknown)`, for another court's freeze as for one that does not exist."""
    query = select(Freeze).where(Freeze.id == freeze_id, Freeze.court_id == acting.court_id)
    if lock:
        # First the case, as who approves does; then the request, then its freeze, as who records an answer does: so
        # that nobody waits for another in a ring.
        await session.execute(
            select(Case.id)
            .join(Freeze, Freeze.case_id == Case.id)
            .where(Freeze.id == freeze_id)
            .with_for_update(of=Case, key_share=True)
        )
        await session.execute(
            select(AgencyRequest.id)
            .join(Freeze, Freeze.request_id == AgencyRequest.id)
            .where(Freeze.id == freeze_id)
            .with_for_update(of=AgencyRequest)
        )
        query = query.with_for_update()
    freeze = await session.scalar(query)
    if freeze is None:
        raise Refusal(ErrorCode.FREEZE_UNKNOWN)
    return freeze


async def draft_renewal(
    session: AsyncSession, acting: Acting, vault: Vault, freeze_id: UUID, demand: RenewalDemand
) -> Order:
    """A renewal that waits for its approver.

    Raises:
        Refusal: `freeze_ended` above all: what has lapsed cannot be renewed (Seizure §27, Interpretation §485).
    """
    freeze = await find_freeze(session, acting, freeze_id, lock=True)
    guard_renewal(freeze, acting.at)
    term = check_term(freeze.thing_kind, demand.term, day_in_china(acting.at), "/term")
    follow = _Follow(vault, freeze)
    case, ruling = await _case_and_ruling(session, acting, freeze, OrderKind.RENEWAL, demand)
    content = RenewalContent(freeze.request_id, freeze.case_number, follow.target, term, ruling)
    return await _draft(session, acting, follow, case, OrderKind.RENEWAL, demand, content)


async def draft_transfer(
    session: AsyncSession, acting: Acting, vault: Vault, freeze_id: UUID, demand: TransferDemand
) -> Order:
    """A transfer that waits for its approver: only what is in force for this case, never more than is owed.

    Raises:
        Refusal: `freeze_not_in_force`, `amount_beyond_held`, `amount_exceeds_claim` (Civil Procedure §253).
    """
    freeze = await find_freeze(session, acting, freeze_id, lock=True)
    follow = _Follow(vault, freeze)
    case, _ = await _case_and_ruling(session, acting, freeze, OrderKind.TRANSFER, demand)
    await Guard(session, vault, case, acting.at).transfer(freeze, demand.amount)
    account = CourtAccount(**demand.account.model_dump())
    content = TransferContent(
        freeze.request_id, freeze.case_number, follow.target, demand.amount, demand.currency, account
    )
    return await _draft(session, acting, follow, case, OrderKind.TRANSFER, demand, content)


async def order_release(
    session: AsyncSession, acting: Acting, vault: Vault, freeze_id: UUID, demand: ReleaseDemand
) -> Order:
    """Release a freeze, or so much of its limit; it needs no second officer, and waits for nobody but its freeze.

    Raises:
        Refusal: `freeze_ended` for what is not frozen, `amount_invalid`.
    """
    freeze = await find_freeze(session, acting, freeze_id, lock=True)
    if freeze.state not in HELD_SOMEWHERE:
        raise refusal(ErrorCode.FREEZE_ENDED, "", f"it is {freeze.state}", f"当前状态：{freeze.state}")
    if demand.amount is not None and (freeze.limit is None or demand.amount >= freeze.limit):
        raise refusal(
            ErrorCode.AMOUNT_INVALID,
            "/amount",
            "less than its limit; leave it out to release the whole",
            "须小于冻结限额；全部解除请不填金额",
        )
    case = await find_case(session, acting, freeze.case_id)
    await check_papers(session, case, OrderKind.RELEASE, demand.documents, day_in_china(acting.at))
    follow = _Follow(vault, freeze)
    content = release_content(follow, demand.amount, demand.reason)
    draft = await _draft(session, acting, follow, case, OrderKind.RELEASE, demand, content)
    freeze.releasing = demand.amount is None
    await issue_at_once(session, acting, vault, case, draft)
    if freeze.releasing and freeze.state is FreezeState.ORDERED:
        # If the freeze never left, it need not; its release then has nothing to act on.
        await cancel_unsent(session, vault, acting, [freeze.request_id])
    if freeze.releasing:
        hand = Hand.of(acting, demand.officer)
        await announce(session, await end_of_seals(session, [freeze.id], hand), acting.at)
    return draft


def release_content(follow: "_Follow", amount: Decimal | None, reason: str) -> ReleaseContent:
    freeze = follow.freeze
    return ReleaseContent(freeze.request_id, freeze.case_number, follow.target, amount, reason)


async def issue_at_once(
    session: AsyncSession, acting: Acting, vault: Vault, case: Case, order: Order
) -> Order:
    """Send what needs no second officer."""
    assert order.content is not None
    order.status = OrderStatus.ISSUED
    order.decided_at = acting.at
    parts = open_parts(vault, order.kind, order.content)
    await issue_parts(session, acting, vault, Issuing(order, case, parts))
    return order


class _Follow:
    """A freeze, with its thing's name opened."""

    def __init__(self, vault: Vault, freeze: Freeze) -> None:
        self.vault = vault
        self.freeze = freeze
        self.target = Target(freeze.thing_kind, vault.open_text(freeze.identity, "freezes.identity"))


async def _case_and_ruling(
    session: AsyncSession, acting: Acting, freeze: Freeze, kind: OrderKind, demand: MeasureDemand
) -> tuple[Case, str]:
    case = await open_case(session, acting, freeze.case_id)
    about(session, case_number=case.case_number, officer=demand.officer, purpose=demand.purpose)
    return case, await check_papers(session, case, kind, demand.documents, day_in_china(acting.at))


async def _draft(  # noqa: PLR0913, PLR0917 - a draft, and the freeze it is about
    session: AsyncSession,
    acting: Acting,
    follow: _Follow,
    case: Case,
    kind: OrderKind,
    demand: MeasureDemand,
    content: MeasureContent,
) -> Order:
    officer = await find_officer(session, acting.court_id, demand.officer)
    agency_code = await session.scalar(select(Agency.code).where(Agency.id == follow.freeze.agency_id))
    assert agency_code is not None
    freeze = follow.freeze
    part = Part(freeze.agency_id, agency_code, freeze.party_id, content, freeze.id)
    return await store_draft(session, acting, follow.vault, Draft(kind, case, officer, demand, [part]))

"""Whether the ground still stands: judged when a request is drafted again, at approval, and by the clock every hour."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.linkage.control.claims import ClaimBook, claim_books
from app.linkage.locating.ending import CASE_CLOSED, CLAIM_SETTLED, DETAINED, SEAL_GONE, WARRANT_GONE, Ending
from app.measures.money import ZERO
from app.models import Case, Detention, Freeze, LocateRequest, Referral
from app.models.coercion import WITHOUT_WARRANT, ReferralFate
from app.models.freeze import FreezeState
from app.vocabulary import CaseStatus, EndReason, LocateGround

EXPIRED = "有效期届满 · its validity has ended"
NOT_VALIDATED = "未按期复核 · it was not validated again in time"


@dataclass(frozen=True, slots=True)
class Grounds:
    """What the grounds of some requests rest on, read together."""

    cases: Mapping[UUID, CaseStatus]
    books: Mapping[UUID, ClaimBook]
    seals: Mapping[UUID, tuple[FreezeState, bool]]
    """With whether it is being released."""

    fates: Mapping[UUID, ReferralFate]
    detained: Collection[tuple[UUID, str]]
    """Who was detained, on the decision of which number."""

    def gone(self, locate: LocateRequest, at: datetime) -> Ending | None:
        """Why nobody may be held for it from now on; None while its ground stands."""
        if locate.valid_until <= at:
            return Ending(EndReason.EXPIRED, EXPIRED)
        if locate.revalidate_at is not None and locate.revalidate_at <= at:
            return Ending(EndReason.EXPIRED, NOT_VALIDATED)
        on_this = locate.ground is LocateGround.DETENTION_DECISION
        if on_this and (locate.party_id, locate.ground_number) in self.detained:
            return Ending(EndReason.LOCATED, DETAINED)
        why = self._why_gone(locate, at)
        return None if why is None else Ending(EndReason.CLEARED, why)

    def _why_gone(self, locate: LocateRequest, at: datetime) -> str | None:
        if self.cases[locate.case_id] is CaseStatus.CLOSED:
            return CASE_CLOSED
        book = self.books[locate.case_id]
        if (
            book.principal > ZERO == book.owed(at).total
        ):  # an order to do something owes no money from the first
            return CLAIM_SETTLED
        if locate.freeze_id is not None and self.seals[locate.freeze_id] != (FreezeState.IN_FORCE, False):
            return SEAL_GONE
        if locate.referral_id is not None and self.fates[locate.referral_id] in WITHOUT_WARRANT:
            return WARRANT_GONE
        return None


async def grounds_of(session: AsyncSession, locates: Collection[LocateRequest]) -> Grounds:
    case_ids = {locate.case_id for locate in locates}
    cases = await session.execute(select(Case.id, Case.status).where(Case.id.in_(case_ids)))
    seals = await session.execute(
        select(Freeze.id, Freeze.state, Freeze.releasing).where(
            Freeze.id.in_({locate.freeze_id for locate in locates if locate.freeze_id})
        )
    )
    fates = await session.execute(
        select(Referral.id, Referral.fate).where(
            Referral.id.in_({locate.referral_id for locate in locates if locate.referral_id})
        )
    )
    detained = await session.execute(
        select(Detention.party_id, Detention.decision_number).where(Detention.case_id.in_(case_ids))
    )
    return Grounds(
        dict(cases.all()),
        await claim_books(session, case_ids),
        {freeze_id: (state, releasing) for freeze_id, state, releasing in seals},
        dict(fates.all()),
        {(party_id, number) for party_id, number in detained},
    )

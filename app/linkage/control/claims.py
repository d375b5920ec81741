"""What is owed in a case, and what is frozen against it."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Case, ClaimEntry, Freeze
from app.models.claim import ClaimEntryKind
from app.models.freeze import HELD_SOMEWHERE, FreezeState


@dataclass(frozen=True, slots=True)
class Standing:
    """`secured` counts what is really held where it is known, and the limit where it is not known yet."""

    outstanding: Decimal
    secured: Decimal

    @property
    def missing(self) -> Decimal:
        return max(self.outstanding - self.secured, Decimal(0))


async def standing_of(session: AsyncSession, case: Case) -> Standing:
    sums = dict(
        (
            await session.execute(
                select(ClaimEntry.kind, func.sum(ClaimEntry.amount))
                .where(ClaimEntry.case_id == case.id)
                .group_by(ClaimEntry.kind)
            )
        )
        .tuples()
        .all()
    )
    paid = sums.get(ClaimEntryKind.PAYMENT, Decimal(0)) + sums.get(ClaimEntryKind.TRANSFER, Decimal(0))
    outstanding = case.claim_amount + sums.get(ClaimEntryKind.COST, Decimal(0)) - paid
    secured = Decimal(0)
    for state, limit, held in await session.execute(
        select(Freeze.state, Freeze.limit, Freeze.held).where(
            Freeze.case_id == case.id, Freeze.state.in_(HELD_SOMEWHERE)
        )
    ):
        secured += held if state is not FreezeState.ORDERED and held is not None else limit or Decimal(0)
    return Standing(max(outstanding, Decimal(0)), secured)

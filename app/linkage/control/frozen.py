"""What the freezes of a case secure: what is really held where it is known, and unknown where it is not."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.measures.choosing import Harm, Offer
from app.measures.money import ZERO, to_cents
from app.measures.plan import REALISABLE_SHARE
from app.measures.words import MEASURED_IN_MONEY, ThingKind
from app.models import Freeze
from app.models.freeze import HELD_SOMEWHERE, FreezeState

_HARM: dict[ThingKind, Harm] = {
    ThingKind.ACCOUNT: (1,),
    ThingKind.TAX_REFUND: (1,),
    ThingKind.WEALTH_PRODUCT: (2,),
    ThingKind.VEHICLE: (5,),
    ThingKind.REAL_ESTATE: (5,),
}
"""As in a plan (app/measures/plan.py): what is kept first when something has to be released."""


async def freezes_held(session: AsyncSession, case_ids: Collection[UUID]) -> dict[UUID, list[Freeze]]:
    """By case, all that is not known to have ended."""
    rows = await session.scalars(
        select(Freeze)
        .where(Freeze.case_id.in_(case_ids), Freeze.state.in_(HELD_SOMEWHERE))
        .order_by(Freeze.id)
    )
    by_case: dict[UUID, list[Freeze]] = {case_id: [] for case_id in case_ids}
    for freeze in rows:
        by_case[freeze.case_id].append(freeze)
    return by_case


async def not_executed(session: AsyncSession, case_id: UUID) -> Sequence[Freeze]:
    """What an agency could not do."""
    rows = await session.scalars(
        select(Freeze).where(Freeze.case_id == case_id, Freeze.state == FreezeState.NOT_EXECUTED)
    )
    return rows.all()


def held_now(freeze: Freeze) -> Decimal | None:
    """What a freeze really holds of what is owed; None where nobody said.

    A thing counts for what it would bring at the lowest reserve price.
    """
    if freeze.state in {FreezeState.WAITING, FreezeState.ORDERED}:
        return ZERO
    if freeze.state is FreezeState.UNKNOWN:
        return None
    return freeze.held if freeze.thing_kind in MEASURED_IN_MONEY else realisable(freeze.expected)


def bound_at_most(freeze: Freeze) -> Decimal | None:
    """As `held_now`; where money is not reported yet, so much as was ordered. So nothing is ordered twice."""
    if freeze.state is FreezeState.WAITING:
        return ZERO
    if freeze.thing_kind not in MEASURED_IN_MONEY:
        return realisable(freeze.expected)
    if freeze.held is not None:
        return freeze.held
    return freeze.limit if freeze.limit is not None else freeze.expected


def to_release(freeze: Freeze, surplus: Decimal) -> Decimal | None:
    """By how much the limit must come down to set so much free, since only what exceeds a limit is freed; None: wholly."""
    if freeze.held is None or surplus >= freeze.held:
        return None
    before = freeze.held if freeze.limit is None else freeze.limit
    return before - freeze.held + surplus


def realisable(value: Decimal | None) -> Decimal | None:
    return None if value is None else to_cents(value * REALISABLE_SHARE)


def offer_of(kind: ThingKind, name: str, usable: Decimal) -> Offer:
    return Offer(name, usable, divisible=kind in MEASURED_IN_MONEY, harm=_HARM[kind])


def standing(freezes: Sequence[Freeze]) -> list[Freeze]:
    """Without those whose release is on its way."""
    return [freeze for freeze in freezes if not freeze.releasing]

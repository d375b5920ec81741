"""Funds that no court may freeze, and the part of an income that stays with the family, kept free before a freeze bites."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.crypto import Vault
from app.errors import ErrorCode, FieldError, Refusal
from app.linkage.control.found import FoundThing, things_of_case
from app.linkage.fields import Demand, Money
from app.measures.exemption import (
    EXEMPTIONS,
    Circumstances,
    Protection,
    is_exempt,
    keeps_living_cost,
)
from app.measures.money import ZERO
from app.models import Case
from app.vocabulary import AccountNature


class CircumstancesDemand(Demand):
    """What the family needs, and what lifts a conditional exemption. The officer answers for it."""

    monthly_standard: Annotated[Money, Field(description="当地每人每月最低生活保障标准；单位填 0")]
    """The local minimum-living standard of one person; "0" for an organisation (Seizure §3(2))."""

    persons: Annotated[int, Field(ge=1, le=50)] = 1
    """The debtor and those who depend on the debtor."""

    months: Annotated[int, Field(ge=1, le=24)] = 1
    claim_is_for_those_wages: bool = False
    """The case is about the wages of the very project that a migrant workers' wage account serves."""

    housing_fund_withdrawable: bool = False

    def reckoned(self) -> Circumstances:
        return Circumstances(**self.model_dump())


NO_EXCEPTION = Circumstances()


@dataclass(frozen=True, slots=True)
class Taken:
    """What an order takes of one thing: so much, or all of it (None)."""

    thing: FoundThing
    limit: Decimal | None
    pointer: str


def guard_exempt(taken: Taken, circumstances: CircumstancesDemand | None) -> None:
    """Refuse what is exempt as a whole.

    A margin deposit may be frozen, though not taken while it secures a claim (法释〔1997〕4号 §1).

    Raises:
        Refusal: `funds_exempt`.
    """
    nature = taken.thing.nature
    case = circumstances.reckoned() if circumstances else NO_EXCEPTION
    if is_exempt(nature, case) and EXEMPTIONS[nature].protection is not Protection.NOT_FOR_PAYMENT:
        raise _exempt(nature, taken.pointer)


def guard_payment(thing: FoundThing) -> None:
    """Refuse to take what secures another's claim: a margin deposit (法释〔1997〕4号 §1).

    Raises:
        Refusal: `funds_exempt`.
    """
    if EXEMPTIONS[thing.nature].protection is Protection.NOT_FOR_PAYMENT:
        raise _exempt(thing.nature, "")


async def guard_living_cost(
    session: AsyncSession,
    vault: Vault,
    case: Case,
    taken: Sequence[Taken],
    circumstances: CircumstancesDemand | None,
) -> None:
    """Leave of each debtor's income what the family lives on (Civil Procedure §254; Seizure §3(2)).

    The part is reckoned once for a debtor, over all accounts of income that were found.

    Raises:
        Refusal: `funds_exempt`.
    """
    income = [each for each in taken if keeps_living_cost(each.thing.nature)]
    if not income:
        return
    if circumstances is None:
        raise _exempt(income[0].thing.nature, income[0].pointer)
    found = await things_of_case(session, vault, case)
    for debtor_id in {each.thing.asset.party_id for each in income}:
        mine = [each for each in income if each.thing.asset.party_id == debtor_id]
        free = _income_of(found, debtor_id) - circumstances.reckoned().living_cost
        asked = sum((each.limit or ZERO for each in mine), ZERO)
        if asked > free or any(each.limit is None for each in mine):
            raise _exempt(mine[-1].thing.nature, mine[-1].pointer, max(free, ZERO))


def _income_of(found: Mapping[UUID, FoundThing], debtor_id: UUID) -> Decimal:
    return sum(
        (
            thing.money or ZERO
            for thing in found.values()
            if thing.asset.party_id == debtor_id and keeps_living_cost(thing.nature)
        ),
        ZERO,
    )


def _exempt(nature: AccountNature, pointer: str, at_most: Decimal | None = None) -> Refusal:
    rule = EXEMPTIONS[nature]
    en, zh = f"{rule.en} ({rule.source})", f"{rule.zh}（{rule.source}）"
    if at_most is not None:
        en, zh = f"{en}: at most {at_most}, as a limit", f"{zh}：限额至多 {at_most}"
    return Refusal(ErrorCode.FUNDS_EXEMPT, FieldError(pointer, ErrorCode.FUNDS_EXEMPT.value, en, zh))

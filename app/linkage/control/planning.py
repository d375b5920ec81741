"""The freeze plan of a case: from what was found, the allocation that does least harm; trued up as answers come in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.crypto import Vault
from app.linkage.acting import Acting
from app.linkage.control.claims import claim_book
from app.linkage.control.demands import Sum
from app.linkage.control.exempting import CircumstancesDemand
from app.linkage.control.found import FoundThing, things_of_case
from app.linkage.control.frozen import bound_at_most, freezes_held, not_executed, offer_of, standing
from app.linkage.control.looking import record_look
from app.linkage.fields import Demand
from app.measures.choosing import Offer
from app.measures.money import ZERO
from app.measures.plan import Found, Measure, Plan, least_harm
from app.measures.truing import Answer, TrueUp, true_up
from app.measures.wording import Line
from app.measures.words import MEASURED_IN_MONEY
from app.models import Case, Freeze
from app.models.freeze import FreezeState
from app.vocabulary import AuditAction, HolderRole


class Appraisal(Demand):
    """What an officer knows of one asset beyond its agency's report."""

    asset_id: UUID
    estimated_value: Sum | None = None
    """What a house or a vehicle is worth. Nothing given: nobody knows, and no plan counts on it."""

    business_critical: bool = False
    """The debtor's business cannot run without it (Preservation §13)."""


class PlanDemand(Demand):
    circumstances: CircumstancesDemand
    appraisals: Annotated[tuple[Appraisal, ...], Field(max_length=1000)] = ()


@dataclass(frozen=True, slots=True)
class CasePlan:
    """`owed` is what the debtor has to perform, `secured` what the case's measures bind already; the plan is for the rest."""

    case: Case = field(repr=False)
    owed: Decimal
    secured: Decimal
    plan: Plan
    values: Mapping[str, Decimal]
    """What things were estimated at, by asset id."""

    frozen_already: tuple[UUID, ...]
    """Assets left out because a measure of this case lies on them."""

    debtors: frozenset[UUID]
    """Whose property was weighed."""

    made_at: datetime

    @property
    def text(self) -> str:
        """The plan in words, as an officer signs it."""
        head = f"{self.case.case_number} {self.made_at.isoformat()} {self.owed} - {self.secured}"
        return "\n".join([head, *(f"{line.zh}\n{line.en}" for line in self.plan.lines)])

    @property
    def sha256(self) -> str:
        """Of the text, in UTF-8."""
        return sha256(self.text.encode()).hexdigest()


async def make_plan(
    session: AsyncSession, acting: Acting, vault: Vault, case: Case, demand: PlanDemand
) -> CasePlan:
    """What to freeze of what was found, to reach what is owed and not yet secured. Orders nothing; recorded."""
    owed = (await claim_book(session, case)).owed(acting.at).total
    freezes = standing((await freezes_held(session, [case.id]))[case.id])
    secured = sum((bound_at_most(freeze) or ZERO for freeze in freezes), ZERO)
    things = await things_of_case(session, vault, case)
    bound = {(freeze.agency_id, freeze.identity_index) for freeze in freezes}
    appraisals = {appraisal.asset_id: appraisal for appraisal in demand.appraisals}
    free = {
        asset_id: thing
        for asset_id, thing in things.items()
        if (thing.asset.agency_id, thing.index(vault)) not in bound
    }
    found = [
        asset
        for thing in free.values()
        if (asset := _as_found(thing, appraisals.get(thing.asset.id))) is not None
    ]
    plan = least_harm(found, max(owed - secured, ZERO), demand.circumstances.reckoned())
    values = {str(key): each.estimated_value for key, each in appraisals.items() if each.estimated_value}
    made = CasePlan(
        case,
        owed,
        secured,
        plan,
        values,
        tuple(sorted(things.keys() - free.keys())),
        frozenset(thing.asset.party_id for thing in things.values()),
        acting.at,
    )
    await record_look(
        session,
        acting,
        AuditAction.PLAN_MADE,
        made.debtors,
        case_number=case.case_number,
        digests=(("plan", made.sha256),),
    )
    return made


def _as_found(thing: FoundThing, appraisal: Appraisal | None) -> Found | None:
    """None for what is no property of the debtor, or at an agency that takes no freezes."""
    if thing.kind is None or not thing.capable or thing.belongs_to_another:
        return None
    value = appraisal.estimated_value if appraisal else None
    amount = thing.money if thing.kind in MEASURED_IN_MONEY else value
    ahead = ZERO
    if thing.kind not in MEASURED_IN_MONEY and amount is not None:
        # Another court is ahead, or a mortgage of unknown sum: nothing can be counted on, and to wait is possible.
        ahead = amount if thing.goes_before is None else thing.goes_before
    return Found(
        asset_id=str(thing.asset.id),
        kind=thing.kind,
        amount=amount,
        as_of=thing.asset.as_of,
        ahead=ahead,
        nature=thing.nature,
        business_critical=appraisal is not None and appraisal.business_critical,
        disputed=thing.asset.disputed or thing.asset.holder_role is HolderRole.BENEFICIAL_OWNER,
        co_owned=thing.co_owned,
    )


@dataclass(frozen=True, slots=True)
class CaseTrueUp:
    """Measures are named by asset where their asset is known, otherwise by freeze."""

    owed: Decimal
    result: TrueUp
    freezes: Mapping[str, Freeze]
    """What was ordered, by its name in `result`."""


async def true_up_case(
    session: AsyncSession, acting: Acting, vault: Vault, case: Case, circumstances: CircumstancesDemand
) -> CaseTrueUp:
    """What to release and what to add, by what the agencies answered so far. Reads only."""
    owed = (await claim_book(session, case)).owed(acting.at).total
    things = await things_of_case(session, vault, case)
    assets = {
        (thing.asset.agency_id, thing.index(vault)): str(asset_id) for asset_id, thing in things.items()
    }
    freezes = _named(standing((await freezes_held(session, [case.id]))[case.id]), assets)
    refused = _named(await not_executed(session, case.id), assets)
    found = [asset for thing in things.values() if (asset := _as_found(thing, None)) is not None]
    whole = least_harm(found, owed, circumstances.reckoned())
    plan = Plan(
        owed,
        tuple(_ordered(name, freeze) for name, freeze in freezes.items()),
        (),
        tuple(_offers(whole, freezes, refused)),
        whole.things,
    )
    answers = [
        Answer(name, freeze.state is FreezeState.IN_FORCE, freeze.held)
        for name, freeze in freezes.items()
        if freeze.state is not FreezeState.ORDERED
    ]
    return CaseTrueUp(owed, true_up(plan, answers, owed), freezes)


def _named(freezes: Sequence[Freeze], assets: Mapping[tuple[UUID, bytes | None], str]) -> dict[str, Freeze]:
    """By the asset that each lies on; what has none, and a second freeze on one asset, by its own id."""
    named: dict[str, Freeze] = {}
    for freeze in freezes:
        asset_id = assets.get((freeze.agency_id, freeze.identity_index))
        named[str(freeze.id) if asset_id is None or asset_id in named else asset_id] = freeze
    return named


def _ordered(name: str, freeze: Freeze) -> Measure:
    counted = bound_at_most(freeze) or ZERO
    in_money = freeze.thing_kind in MEASURED_IN_MONEY
    return Measure(name, counted if in_money else None, counted, Line("", ""))


def _offers(whole: Plan, freezes: Mapping[str, Freeze], refused: Mapping[str, Freeze]) -> Iterator[Offer]:
    """What is bound, and what else may be used; not again what an agency could not freeze."""
    for name, freeze in freezes.items():
        yield offer_of(freeze.thing_kind, name, bound_at_most(freeze) or ZERO)
    for offer in whole.offers:
        if offer.asset_id not in freezes and offer.asset_id not in refused:
            yield offer

"""The assets found in a case, as things that can be frozen: what they are called at the agency, and what is there."""

from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.assets import Asset as Reported
from app.adapters.assets import BankAccount, RealEstate, TaxRecord, Vehicle, WealthProduct, thing_of
from app.crypto import Vault
from app.linkage.control.contents import thing_index
from app.linkage.findings import reported
from app.measures.money import ZERO
from app.measures.words import ThingKind
from app.models import Agency, Asset, Case
from app.vocabulary import AccountNature, HolderRole, OrderKind

YUAN = "CNY"


@dataclass(frozen=True, slots=True)
class FoundThing:
    """One report of one thing. `kind` and `identity` are None for what is information and not property."""

    asset: Asset
    facts: Reported = field(repr=False)
    agency_code: str
    capable: bool
    """Whether its agency takes freezes."""

    kind: ThingKind | None
    identity: str | None = field(repr=False)

    @property
    def nature(self) -> AccountNature:
        return self.facts.nature if isinstance(self.facts, BankAccount) else AccountNature.ORDINARY

    @property
    def currency(self) -> str:
        return self.facts.currency if isinstance(self.facts, BankAccount | WealthProduct) else YUAN

    @property
    def belongs_to_another(self) -> bool:
        """Who may only sign for an account does not own what is in it (2013 Rules §7)."""
        return self.asset.holder_role is HolderRole.SIGNATORY

    @property
    def co_owned(self) -> bool:
        if self.asset.holder_role is HolderRole.JOINT_OWNER:
            return True
        match self.facts:
            case BankAccount():
                return bool(self.facts.co_holders)
            case RealEstate():
                return len(self.facts.holders) > 1
            case _:
                return False

    @property
    def money(self) -> Decimal | None:
        """What is there for us, in yuan; None for a thing, and where it cannot be told from the report.

        An available balance is net of earlier freezes. A product's total is not, so that their sums go off it.
        """
        match self.facts:
            case BankAccount() if self.currency == YUAN:
                return ZERO if self.facts.status == "closed" else max(self.facts.available_balance, ZERO)
            case WealthProduct() if self.currency == YUAN:
                ahead = [freeze.amount for freeze in self.facts.prior_freezes]
                ahead += [right.amount for right in self.facts.priority_rights]
                known = [amount for amount in ahead if amount is not None]
                return max(self.facts.total_amount - sum(known), ZERO) if len(known) == len(ahead) else None
            case TaxRecord():
                return max(self.facts.refund_due, ZERO)
            case _:
                return None

    @property
    def goes_before(self) -> Decimal | None:
        """What mortgages secure on a thing, and None when a court is ahead or a sum was not reported."""
        if not isinstance(self.facts, RealEstate | Vehicle) or self.facts.seizures:
            return None
        secured = [mortgage.secured_amount for mortgage in self.facts.mortgages]
        known = [amount for amount in secured if amount is not None]
        return sum(known, ZERO) if len(known) == len(secured) else None

    def index(self, vault: Vault) -> bytes | None:
        """The blind index under which freezes on this thing are kept."""
        if self.kind is None or self.identity is None:
            return None
        return thing_index(vault, self.agency_code, self.kind, self.identity)


async def things_named(
    session: AsyncSession, vault: Vault, case: Case, asset_ids: Collection[UUID]
) -> dict[UUID, FoundThing]:
    """Of this case only: measures never touch anyone but its debtor (2013 Rules §7)."""
    return await _found(session, vault, _of_case(case).where(Asset.id.in_(asset_ids)))


async def things_of_case(session: AsyncSession, vault: Vault, case: Case) -> dict[UUID, FoundThing]:
    """All that was found in the case, by its latest report."""
    return await _found(session, vault, _of_case(case).where(Asset.superseded_at.is_(None)))


async def find_thing(
    session: AsyncSession, vault: Vault, court_id: UUID, asset_id: UUID
) -> FoundThing | None:
    """The latest report of the thing that this asset of the court's is about."""
    named = await session.scalar(select(Asset).where(Asset.id == asset_id, Asset.court_id == court_id))
    if named is None:
        return None
    latest = (
        select(Asset, Agency.code, Agency.capabilities)
        .join(Agency, Agency.id == Asset.agency_id)
        .where(
            Asset.party_id == named.party_id,
            Asset.identity_index == named.identity_index,
            Asset.superseded_at.is_(None),
        )
        .order_by(Asset.id.desc())
        .limit(1)
    )
    return next(iter((await _found(session, vault, latest)).values()), None)


def _of_case(case: Case) -> Select[Asset, str, list[str]]:
    return (
        select(Asset, Agency.code, Agency.capabilities)
        .join(Agency, Agency.id == Asset.agency_id)
        .where(Asset.case_id == case.id, Agency.active)
        .order_by(Asset.id)
    )


async def _found(
    session: AsyncSession, vault: Vault, query: Select[Asset, str, list[str]]
) -> dict[UUID, FoundThing]:
    found = {}
    for asset, code, capabilities in await session.execute(query):
        facts = reported(vault, asset)
        kind, identity = thing_of(facts) or (None, None)
        found[asset.id] = FoundThing(asset, facts, code, OrderKind.FREEZE in capabilities, kind, identity)
    return found

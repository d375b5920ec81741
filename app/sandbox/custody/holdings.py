"""What an agency holds of whom, as things that can be frozen, with what lay on them before anybody asked the hub."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from app.adapters.facts import PriorityRight
from app.measures.ladder import Thing
from app.measures.operations import FreezeOrder
from app.measures.terms import CHINA, Term
from app.measures.words import Reach, ThingKind
from app.sandbox.population import Population, Subject, records
from app.sandbox.population.whose import whose_account, whose_product, whose_unit, whose_vehicle
from app.vocabulary import AccountNature, AgencyKind, RealRight

EXEMPT = frozenset({AccountNature.MIGRANT_WORKERS_WAGE, AccountNature.SOCIAL_INSURANCE})
"""No court freezes these (Migrant Workers' Wages Regulation §33; Social Insurance Law §64)."""

_OPENING = time(9, tzinfo=CHINA)
_PARCEL = 19
"""So many characters of a unit's number name the land that it stands on."""


@dataclass(frozen=True, slots=True)
class Prior:
    """A measure of another court that lay there from the beginning."""

    authority: str
    document_number: str
    order: FreezeOrder


@dataclass(frozen=True, slots=True)
class Holding:
    """One thing. `balance` is None where it is not measured in money."""

    thing: Thing
    balance: Decimal | None = None
    exempt: bool = False
    rights: tuple[PriorityRight, ...] = ()
    priors: tuple[Prior, ...] = ()


@dataclass(frozen=True, slots=True)
class Holdings:
    """One agency's things; the police keep none."""

    code: str
    kind: AgencyKind
    population: Population

    def of(self, subject: Subject, numbers: Collection[str]) -> dict[str, Holding]:
        """By their identities. A land registry looks under these very numbers (see `Population.houses_under`)."""
        match self.kind:
            case AgencyKind.BANK:
                found = [
                    *map(_account, self.population.accounts(subject, self.code)),
                    *map(_product, self.population.wealth_products(subject, self.code)),
                ]
            case AgencyKind.LAND:
                found = _real_estate(self.population.houses_under(numbers))
            case AgencyKind.VEHICLE:
                found = [_vehicle(vehicle) for vehicle in self.population.vehicles(subject)]
            case AgencyKind.TAX:
                found = _refund(self.population.tax_record(subject))
            case AgencyKind.POLICE:
                found = []
        return {holding.thing.thing_id: holding for holding in found}

    def together(self, identity: str) -> dict[str, Holding]:
        """A thing with all that its owner holds here; empty when no such thing is kept."""
        owner = self._owner(identity)
        if owner is None:
            return {}
        if self.kind is AgencyKind.LAND:
            houses = _real_estate(self.population.houses(owner))
            found = {holding.thing.thing_id: holding for holding in houses}
        else:
            found = self.of(owner, (owner.number,))
        return found if identity in found else {}

    def _owner(self, identity: str) -> Subject | None:
        match self.kind:
            case AgencyKind.BANK:
                return whose_account(self.population, identity) or whose_product(self.population, identity)
            case AgencyKind.LAND:
                return whose_unit(self.population, identity)
            case AgencyKind.VEHICLE:
                return whose_vehicle(self.population, identity)
            case AgencyKind.TAX:
                return self.population.find(identity)
            case AgencyKind.POLICE:
                return None


def _account(account: records.BankAccount) -> Holding:
    number = account.account_number
    return Holding(
        Thing(number, ThingKind.ACCOUNT),
        account.balance,
        exempt=account.nature in EXEMPT,
        rights=tuple(
            PriorityRight(right=each.right, holder=each.holder, amount=each.amount)
            for each in account.priority_rights
        ),
        priors=tuple(_prior_freeze(number, each) for each in account.prior_freezes),
    )


def _product(product: records.WealthProduct) -> Holding:
    identity = f"{product.product_account}/{product.product_number}"
    thing = Thing(identity, ThingKind.WEALTH_PRODUCT, paid_into=product.return_account)
    return Holding(thing, product.total_amount)


def _real_estate(houses: Collection[records.RealEstate]) -> list[Holding]:
    """Land, and what stands on it, are frozen together (Seizure §21): what lay on both is told of the land alone."""
    parcels: dict[str, list[records.RealEstate]] = {}
    for house in houses:
        parcels.setdefault(house.unit_number[:_PARCEL], []).append(house)
    return [_unit(house, parcels[house.unit_number[:_PARCEL]]) for house in houses]


def _unit(house: records.RealEstate, parcel: list[records.RealEstate]) -> Holding:
    land = [each for each in parcel if each.right is RealRight.CONSTRUCTION_LAND_USE]
    is_land = house in land
    others = [each.unit_number for each in (parcel if is_land else land) if each is not house]
    thing = Thing(house.unit_number, ThingKind.REAL_ESTATE, goes_with=tuple(others))
    priors = () if land and not is_land else _prior_seizures(house.unit_number, house.seizures)
    return Holding(thing, rights=_mortgages(house.mortgages), priors=priors)


def _vehicle(vehicle: records.Vehicle) -> Holding:
    return Holding(
        Thing(vehicle.vin, ThingKind.VEHICLE),
        rights=_mortgages(vehicle.mortgages),
        priors=_prior_seizures(vehicle.vin, vehicle.seizures),
    )


def _refund(record: records.TaxRecord | None) -> list[Holding]:
    if record is None:
        return []
    return [Holding(Thing(record.taxpayer_number, ThingKind.TAX_REFUND), record.refund_due)]


def _mortgages(mortgages: tuple[records.Mortgage, ...]) -> tuple[PriorityRight, ...]:
    return tuple(
        PriorityRight(right="抵押权", holder=each.mortgagee, amount=each.secured_amount) for each in mortgages
    )


def _prior_freeze(number: str, freeze: records.PriorFreeze) -> Prior:
    order = _order(number, freeze.rank, freeze.case_number, (freeze.starts_on, freeze.ends_on), freeze.amount)
    return Prior(freeze.authority, freeze.document_number, order)


def _prior_seizures(number: str, seizures: tuple[records.Seizure, ...]) -> tuple[Prior, ...]:
    return tuple(
        Prior(
            seizure.authority,
            seizure.document_number,
            _order(
                number,
                rank,
                seizure.document_number.removesuffix("之一"),
                (seizure.starts_on, seizure.ends_on),
                Reach.WHOLE,
            ),
        )
        for rank, seizure in enumerate(seizures, 1)
    )


def _order(
    number: str, rank: int, case_number: str, lasts: tuple[date, date], limit: Decimal | Reach
) -> FreezeOrder:
    """Received when the counter opened, one a minute, and running to the end that the books show."""
    starts_on, ends_on = lasts
    received_at = datetime.combine(starts_on, _OPENING).astimezone(UTC) + timedelta(minutes=rank)
    return FreezeOrder(
        request_id=f"{number}#{rank}",
        at=received_at,
        thing_id=number,
        case_number=case_number,
        term=Term(days=(ends_on - starts_on).days),
        limit=limit,
    )

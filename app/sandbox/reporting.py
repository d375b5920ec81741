"""From the population's books to what an agency of each kind reports on the wire.

The population names its facts as the wire does, so most are taken over by name; what an agency does not report stays
behind. Assets come out validated: the sandbox sends nothing that its own protocol refuses.
"""

from collections.abc import Collection, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from app.adapters.assets import (
    Asset,
    BankAccount,
    HotelStay,
    IdentityRecord,
    RealEstate,
    ResidencePermit,
    TaxRecord,
    Transaction,
    TravelRecord,
    Vehicle,
    WealthProduct,
)
from app.sandbox.population import Person, Population, Subject, records
from app.vocabulary import HolderRole

_LOCAL = ZoneInfo("Asia/Shanghai")
_MAX_DAYS = 400
"""A bank looks no further back at once; the rest of a longer period is not reported."""


def bank_assets(
    population: Population, bank_code: str, subject: Subject, period: tuple[date, date] | None
) -> list[Asset]:
    """Accounts and products at one bank; with the transactions of a period when one is asked for."""
    accounts: list[Asset] = [
        BankAccount.model_validate(account, from_attributes=True).model_copy(
            update={"transactions": _transactions(population, account, period) if period else ()}
        )
        for account in population.accounts(subject, bank_code)
    ]
    products = population.wealth_products(subject, bank_code)
    return accounts + [WealthProduct.model_validate(product, from_attributes=True) for product in products]


def real_estate(population: Population, numbers: Collection[str]) -> list[Asset]:
    """What stands in the land register under any of these numbers, compared as they are written."""
    return [_house(house) for house in population.houses_under(numbers)]


def vehicles(population: Population, subject: Subject) -> list[Asset]:
    return [Vehicle.model_validate(vehicle, from_attributes=True) for vehicle in population.vehicles(subject)]


def tax_records(population: Population, subject: Subject) -> list[Asset]:
    record = population.tax_record(subject)
    return [TaxRecord.model_validate(record, from_attributes=True)] if record else []


def police_records(population: Population, person: Person) -> list[Asset]:
    """Identity first, then journeys, nights in hotels, and the vehicles that the traffic police know."""
    record = population.police_record(person)
    if record is None:
        return []
    identity = IdentityRecord(
        name=person.name,
        certificate_number=person.number,
        former_names=person.former_names,
        sex=person.sex.value,
        born_on=person.born_on,
        deceased_on=person.deceased_on,
        household_address=person.household_address,
        residence_permits=tuple(
            ResidencePermit.model_validate(permit, from_attributes=True)
            for permit in record.residence_permits
        ),
        phones=(person.phone,),
    )
    return [
        identity,
        *(
            TravelRecord.model_validate(crossing, from_attributes=True)
            for crossing in record.border_crossings
        ),
        *(HotelStay.model_validate(stay, from_attributes=True) for stay in record.hotel_stays),
        *vehicles(population, person),
    ]


def _house(house: records.RealEstate) -> RealEstate:
    alone = len(house.holders) == 1
    return RealEstate.model_validate(house, from_attributes=True).model_copy(
        update={"holder_role": HolderRole.OWNER if alone else HolderRole.JOINT_OWNER}
    )


def _transactions(
    population: Population, account: records.BankAccount, period: tuple[date, date]
) -> tuple[Transaction, ...]:
    """Money comes in on some days and goes out on others; the same day always shows the same."""
    return tuple(_transaction(population, account, day) for day in _booking_days(account, period))


def _booking_days(account: records.BankAccount, period: tuple[date, date]) -> Iterator[date]:
    first = max(period[0], account.opened_on)
    for days in range(min((period[1] - first).days + 1, _MAX_DAYS)):
        day = first + timedelta(days=days)
        if day.day in {5, 18}:
            yield day


def _transaction(population: Population, account: records.BankAccount, day: date) -> Transaction:
    dice = population.dice(f"transaction-{day.isoformat()}", int(account.account_number))
    amount = Decimal(dice.randrange(1_000, 900_000)).scaleb(-2)
    return Transaction(
        serial_number=f"{day:%Y%m%d}{account.account_number[-8:]}",
        booked_at=datetime.combine(day, time(dice.randrange(8, 18), dice.randrange(60)), _LOCAL),
        direction="credit" if day.day == 5 else "debit",
        amount=amount,
        currency=account.currency,
        counterparty_name="示例往来单位" if day.day == 5 else "示例商户",
        kind="转账" if day.day == 5 else "消费",
    )

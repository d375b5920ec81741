"""What the land and the vehicle registries keep."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from app.sandbox.population import names, numbers
from app.sandbox.population.cast import Part
from app.sandbox.population.records import (
    Company,
    Holder,
    Mortgage,
    Person,
    RealEstate,
    Seizure,
    Subject,
    Vehicle,
)
from app.sandbox.population.town import Town, role_of
from app.vocabulary import RealRight, SeizureKind

_MORTGAGED = 0.3
_SEIZED = 0.08
_COMPANY_HAS_LAND = 0.4
_LAND_HAS_WORKSHOP = 0.5
_LAND_REGISTRY = "柘城县不动产登记中心"
_VEHICLE_REGISTRY = "商丘市车辆管理所柘城分所"
_MOVABLES_TERM = timedelta(days=2 * 365 - 1)  # Interpretation §485: movables two years, real estate three
_REAL_ESTATE_TERM = timedelta(days=3 * 365 - 1)
_MODELS = (("东风", "风神A60"), ("长安", "逸动"), ("吉利", "帝豪"), ("奇瑞", "瑞虎7"), ("五菱", "宏光"))
_NEW_ENERGY_MODELS = (("比亚迪", "秦PLUS"), ("五菱", "缤果"))
_HOUSE_TERM_IN_YEARS = 70  # residential land; industrial land has fifty
_LAND_TERM_IN_YEARS = 50
_COLOURS = ("白", "黑", "灰", "银", "红", "蓝")


def houses(town: Town, subject: Subject) -> tuple[RealEstate, ...]:
    """Every registered right of the subject; what a couple owns together is the same record for both."""
    if isinstance(subject, Company):
        return _land(town, subject)
    household = town.household(subject)
    home = household[0]
    role = role_of(home)
    dice = town.dice("houses", home.index)
    dealt = dice.choice((0, 0, 1, 1, 1, 2))
    count = dealt if role is None or role.houses is None else role.houses
    owned = (_house(town, household, ordinal) for ordinal in range(count))
    numbers_of_subject = {subject.number, numbers.fifteen_digits(subject.number)}
    return tuple(
        house
        for house in owned
        if any(holder.certificate_number in numbers_of_subject for holder in house.holders)
    )


def vehicles(town: Town, subject: Subject) -> tuple[Vehicle, ...]:
    role = role_of(subject)
    if isinstance(subject, Company):
        dealt = town.dice("company-vehicles", subject.index).choice((0, 1, 2))
    else:
        dealt = town.dice("vehicles", subject.index).choice((0, 0, 0, 0, 0, 1, 1, 1, 1, 2))
    count = dealt if role is None or role.vehicles is None else role.vehicles
    return tuple(_vehicle(town, subject, ordinal) for ordinal in range(count))


def _house(town: Town, household: tuple[Person, ...], ordinal: int) -> RealEstate:
    home = household[0]
    dice = town.dice(f"house-{ordinal}", home.index)
    completed_on = date(1998, 1, 1) + timedelta(days=dice.randrange(365 * 24))
    certificate = f"豫（{completed_on.year + 1}）柘城县不动产权第{home.index:06d}{ordinal}号"
    own_area = Decimal(dice.randrange(5500, 16000)).scaleb(-2)
    shared_area = Decimal(dice.randrange(500, 2500)).scaleb(-2)
    holders = _holders(dice, household)
    disputed = _is(home, Part.DISPUTED)
    return RealEstate(
        right=RealRight.HOUSE_PROPERTY,
        unit_number=numbers.unit_number(home.index, ordinal + 1, dice.randrange(1, 3000)),
        certificate_number=certificate,
        location=home.household_address if ordinal == 0 else names.address(dice),
        area=own_area + shared_area,
        own_area=own_area,
        shared_area=shared_area,
        planned_use="城镇住宅",
        completed_on=completed_on,
        floors=dice.choice((6, 6, 11, 18, 26)),
        term_starts_on=completed_on,
        term_ends_on=_years_after(completed_on, _HOUSE_TERM_IN_YEARS),
        registry=_LAND_REGISTRY,
        region_code=numbers.region_code(home.index),
        holders=holders,
        mortgages=_mortgages(town, dice, home, certificate),
        seizures=_seizures(town, dice, home, _REAL_ESTATE_TERM),
        disputed=disputed,
        dispute_note="异议登记：他人主张该房屋权属" if disputed else None,
    )


def _holders(dice: Random, household: tuple[Person, ...]) -> tuple[Holder, ...]:
    """A couple owns jointly, or in shares, or one of them alone."""
    form = (
        "共同共有" if role_of(household[0]) else dice.choice(("共同共有", "共同共有", "按份共有", "单独所有"))
    )
    if len(household) == 1 or form == "单独所有":
        return (_holder(household[0], "100%", "单独所有"),)
    share = "50%" if form == "按份共有" else "共同共有"
    return tuple(_holder(person, share, form) for person in household)


def _holder(person: Person, share: str, form: str) -> Holder:
    """Records made before 1999 and never touched since hold the number of that time."""
    number = numbers.fifteen_digits(person.number) if _is(person, Part.OLD_NUMBER) else person.number
    return Holder(person.name, person.certificate_type, number, share, form)


def _is(subject: Subject, part: Part) -> bool:
    role = role_of(subject)
    return role is not None and role.part is part


def _land(town: Town, company: Company) -> tuple[RealEstate, ...]:
    """Some companies have land, and some of those a workshop on it: one certificate, and what lies on both."""
    dice = town.dice("land", company.index)
    if dice.random() >= _COMPANY_HAS_LAND:
        return ()
    starts_on = company.registered_on
    certificate = f"豫（{starts_on.year}）柘城县不动产权第9{company.index:06d}号"
    land = RealEstate(
        right=RealRight.CONSTRUCTION_LAND_USE,
        unit_number=numbers.unit_number(company.index, 0, 0, parcel="GX", fixture="W"),
        certificate_number=certificate,
        location=company.address,
        area=Decimal(dice.randrange(1000, 40_000)),
        own_area=None,
        shared_area=None,
        planned_use="工业用地",
        completed_on=None,
        floors=None,
        term_starts_on=starts_on,
        term_ends_on=_years_after(starts_on, _LAND_TERM_IN_YEARS),
        registry=_LAND_REGISTRY,
        region_code=numbers.region_code(company.index),
        holders=(Holder(company.name, company.certificate_type, company.number, "100%", "单独所有"),),
        mortgages=_mortgages(town, dice, company, certificate),
        seizures=_seizures(town, dice, company, _REAL_ESTATE_TERM),
    )
    dice = town.dice("workshop", company.index)
    return (land, _workshop(dice, company, land)) if dice.random() < _LAND_HAS_WORKSHOP else (land,)


def _workshop(dice: Random, company: Company, land: RealEstate) -> RealEstate:
    area = Decimal(dice.randrange(300, 5_000))
    return replace(
        land,
        right=RealRight.HOUSE_PROPERTY,
        unit_number=numbers.unit_number(company.index, 1, 1, parcel="GX"),
        area=area,
        own_area=area,
        shared_area=Decimal(0),
        planned_use="工业厂房",
        completed_on=company.registered_on + timedelta(days=dice.randrange(200, 900)),
        floors=dice.choice((1, 1, 2, 4)),
    )


def _years_after(day: date, years: int) -> date:
    """The first of the month, which exists in every year; 29 February does not."""
    return day.replace(year=day.year + years, day=1)


def _vehicle(town: Town, subject: Subject, ordinal: int) -> Vehicle:
    """A second car is a new-energy one; plates and plants tell people's from companies'."""
    of_company = isinstance(subject, Company)
    dice = town.dice(f"{'company-' if of_company else ''}vehicle-{ordinal}", subject.index)
    electric = ordinal == 1 and not of_company
    brand, model = dice.choice(_NEW_ENERGY_MODELS if electric else _MODELS)
    registered_on = town.as_of - timedelta(days=dice.randrange(60, 365 * 12))
    return Vehicle(
        plate_number=_plate(subject, ordinal),
        plate_class="小型新能源汽车" if electric else "小型汽车",
        vehicle_class="小型普通客车" if of_company else "小型轿车",
        brand=brand,
        model=model,
        vin=numbers.vin("CE"[ordinal] if of_company else "PR"[ordinal], subject.index),
        engine_number=f"{'TZ' if electric else '4G'}{dice.randrange(10**7):07d}",
        colour=dice.choice(_COLOURS),
        first_registered_on=registered_on,
        inspection_valid_until=town.as_of + timedelta(days=dice.randrange(-200, 700)),
        status="正常",
        registry=_VEHICLE_REGISTRY,
        mortgages=_mortgages(town, dice, subject, f"车抵{subject.index:06d}{ordinal}"),
        seizures=_seizures(town, dice, subject, _MOVABLES_TERM),
    )


def _plate(subject: Subject, ordinal: int) -> str:
    if isinstance(subject, Company):
        return f"豫Z{'CE'[ordinal]}{subject.index:04d}"
    return f"豫Z{'D' if ordinal else ''}{subject.index:05d}"


def _mortgages(town: Town, dice: Random, owner: Subject, certificate: str) -> tuple[Mortgage, ...]:
    """To one of the town's own banks."""
    if role_of(owner) or dice.random() >= _MORTGAGED:
        return ()
    bank = dice.choice(town.banks)
    starts_on = town.as_of - timedelta(days=dice.randrange(30, 365 * 8))
    return (
        Mortgage(
            mortgagee_code=bank.code,
            mortgagee=bank.name,
            mortgagor=owner.name,
            secured_amount=Decimal(dice.randrange(5, 90) * 10_000),
            starts_on=starts_on,
            ends_on=starts_on + timedelta(days=365 * dice.choice((10, 20, 30))),
            certificate_number=f"{certificate}-抵",
        ),
    )


def _seizures(town: Town, dice: Random, owner: Subject, term: timedelta) -> tuple[Seizure, ...]:
    """By other courts; a waiting one has its place behind the one in force."""
    if role_of(owner) or dice.random() >= _SEIZED:
        return ()
    kinds = dice.choice(((SeizureKind.SEIZURE,), (SeizureKind.SEIZURE, SeizureKind.WAITING)))
    ages = sorted((dice.randrange(1, 300) for _ in kinds), reverse=True)
    return tuple(_seizure(town, dice, kind, age, term) for kind, age in zip(kinds, ages, strict=True))


def _seizure(town: Town, dice: Random, kind: SeizureKind, age: int, term: timedelta) -> Seizure:
    starts_on = town.as_of - timedelta(days=age)
    return Seizure(
        authority=dice.choice(names.COURTS),
        kind=kind,
        document_number=f"（{starts_on.year}）豫1499执{dice.randrange(1, 5000)}号之一",
        starts_on=starts_on,
        ends_on=starts_on + term,
    )

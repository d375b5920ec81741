"""What the tax office and the police keep."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

from app.sandbox.population import banking, names, registers
from app.sandbox.population.cast import Part
from app.sandbox.population.records import (
    BorderCrossing,
    Company,
    HotelStay,
    Invoice,
    Person,
    PoliceRecord,
    RegisteredAccount,
    ResidencePermit,
    Subject,
    TaxPayment,
    TaxRecord,
)
from app.sandbox.population.town import Town, is_on_record, role_of

_TAXPAYER = 0.6
_LIVES_ELSEWHERE = 0.1
_TRAVELS = 0.08
_STAYS_IN_HOTELS = 0.25
_CUSTOMERS = (1, 2)

# The lead of 14 September in DOMAIN §1: what makes two officers travel for four days.
_AKSU_STAY = HotelStay(
    hotel="阿克苏示例宾馆",
    address="新疆维吾尔自治区阿克苏市示例路8号",
    checked_in_at=datetime(2018, 9, 12, 13, 20, tzinfo=UTC),
    checked_out_at=datetime(2018, 9, 14, 1, 5, tzinfo=UTC),
)


def tax_record(town: Town, subject: Subject) -> TaxRecord | None:
    """None for those the tax office does not know. The accounts reported to it are those the banks keep."""
    if isinstance(subject, Company):
        return _tax_record(town, subject, town.dice("company-tax", subject.index), subject.registered_on)
    role, dice = role_of(subject), town.dice("tax", subject.index)
    dealt = dice.random() < _TAXPAYER
    is_taxpayer = dealt if role is None or role.has_tax_record is None else role.has_tax_record
    return _tax_record(town, subject, dice, date(2012, 1, 4)) if is_taxpayer else None


def police_record(town: Town, person: Person) -> PoliceRecord | None:
    """None for a stranger."""
    if not is_on_record(person):
        return None
    dice = town.dice("police", person.index)
    return PoliceRecord(
        person=person,
        residence_permits=_residence_permits(town, dice, person),
        border_crossings=_border_crossings(town, dice, person),
        hotel_stays=_hotel_stays(town, dice, person),
        vehicles=registers.vehicles(town, person),
    )


def _tax_record(town: Town, subject: Subject, dice: Random, registered_on: date) -> TaxRecord:
    business = isinstance(subject, Company)
    scale = 100 if business else 1
    year = town.as_of.year - 1
    tax = "企业所得税" if business else "个人所得税"
    return TaxRecord(
        taxpayer_number=subject.number,
        registration_status=dice.choice(("正常", "正常", "正常", "非正常")) if business else "正常",
        tax_office="国家税务总局柘城县税务局",
        registered_on=registered_on,
        refund_due=_yuan(dice, scale) if dice.random() < 0.15 else Decimal("0.00"),
        arrears=_yuan(dice, scale) if dice.random() < 0.1 else Decimal("0.00"),
        payments=tuple(TaxPayment(tax, str(period), _yuan(dice, scale)) for period in (year - 1, year)),
        invoices=_invoices(town, subject) if isinstance(subject, Company) else (),
        registered_accounts=tuple(
            RegisteredAccount(account.bank, account.account_number)
            for account in banking.accounts(town, subject)
        ),
    )


def _yuan(dice: Random, scale: int) -> Decimal:
    return Decimal(dice.randrange(500, 400_000) * scale).scaleb(-2)


def _invoices(town: Town, company: Company) -> tuple[Invoice, ...]:
    """Every company sells to the next two by index and buys from the two before: one invoice, two records."""
    count = town.company_count
    customers = {(company.index + step) % count for step in _CUSTOMERS} - {company.index}
    suppliers = {(company.index - step) % count for step in _CUSTOMERS} - {company.index}
    issued = [_invoice(town, company, town.company(index), issued=True) for index in sorted(customers)]
    received = [_invoice(town, town.company(index), company, issued=False) for index in sorted(suppliers)]
    return (*issued, *received)


def _invoice(town: Town, seller: Company, buyer: Company, *, issued: bool) -> Invoice:
    dice = town.dice(f"invoice-to-{buyer.index}", seller.index)
    counterparty = buyer if issued else seller
    return Invoice(
        invoice_number=f"{seller.index:010d}{buyer.index:010d}",
        direction="issued" if issued else "received",
        counterparty_name=counterparty.name,
        counterparty_number=counterparty.number,
        amount=Decimal(dice.randrange(10_000, 90_000_000)).scaleb(-2),
        issued_on=town.as_of - timedelta(days=dice.randrange(10, 400)),
    )


def _residence_permits(town: Town, dice: Random, person: Person) -> tuple[ResidencePermit, ...]:
    if role_of(person) or dice.random() >= _LIVES_ELSEWHERE:
        return ()
    starts_on = town.as_of - timedelta(days=dice.randrange(1, 360))
    return (ResidencePermit(names.address(dice), starts_on, starts_on + timedelta(days=364)),)


def _border_crossings(town: Town, dice: Random, person: Person) -> tuple[BorderCrossing, ...]:
    if role_of(person) or dice.random() >= _TRAVELS:
        return ()
    left_at = _instant(town, dice, days_ago=dice.randrange(20, 900))
    passport = f"EZ{person.index:07d}"
    return (
        BorderCrossing("普通护照", passport, "exit", left_at, "郑州新郑机场", "泰国"),
        BorderCrossing("普通护照", passport, "entry", left_at + timedelta(days=8), "郑州新郑机场", "泰国"),
    )


def _hotel_stays(town: Town, dice: Random, person: Person) -> tuple[HotelStay, ...]:
    role = role_of(person)
    if role:
        return (_AKSU_STAY,) if role.part is Part.DEBTOR else ()
    if dice.random() >= _STAYS_IN_HOTELS:
        return ()
    arrived_at = _instant(town, dice, days_ago=dice.randrange(3, 300))
    return (HotelStay("示例快捷酒店", names.address(dice), arrived_at, arrived_at + timedelta(hours=14)),)


def _instant(town: Town, dice: Random, *, days_ago: int) -> datetime:
    day = town.as_of - timedelta(days=days_ago)
    return datetime(day.year, day.month, day.day, dice.randrange(24), dice.randrange(60), tzinfo=UTC)

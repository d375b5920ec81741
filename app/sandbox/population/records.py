"""What the sandbox registries keep in their books. Fields are named as DOMAIN names them; a server writes the wire form.

Everything is invented. Money is in yuan, areas in square metres, instants are aware UTC.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from app.identifiers import Sex
from app.vocabulary import AccountNature, CertificateType, HolderRole, RealRight, SeizureKind


@dataclass(frozen=True, slots=True)
class Person:
    """A natural person. `spouse` is the index of the husband or wife, who names this person in turn."""

    index: int
    name: str
    number: str
    sex: Sex
    born_on: date
    household_address: str
    phone: str
    former_names: tuple[str, ...] = ()
    deceased_on: date | None = None
    spouse: int | None = None

    @property
    def certificate_type(self) -> CertificateType:
        return CertificateType.CITIZEN_ID


@dataclass(frozen=True, slots=True)
class Company:
    """`representative` is the index of the person who signs for it 法定代表人."""

    index: int
    name: str
    number: str
    address: str
    registered_on: date
    representative: int

    @property
    def certificate_type(self) -> CertificateType:
        return CertificateType.UNIFIED_SOCIAL_CREDIT_CODE


Subject = Person | Company


class Debtor(NamedTuple):
    """A debtor as a court writes it down, which is not always as the registries do."""

    name: str
    certificate_type: CertificateType
    number: str


@dataclass(frozen=True, slots=True)
class Bank:
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class PriorFreeze:
    authority: str
    document_number: str
    case_number: str
    amount: Decimal
    rank: int
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class PriorityRight:
    right: str
    holder: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class BankAccount:
    """An account as seen by one of its holders; `co_holders` are the names of the others."""

    bank_code: str
    bank: str
    account_number: str
    card_number: str | None
    account_type: str
    nature: AccountNature
    status: Literal["active", "dormant"]
    currency: str
    balance: Decimal
    available_balance: Decimal
    branch: str
    branch_code: str
    opened_on: date
    holder_role: HolderRole
    co_holders: tuple[str, ...] = ()
    prior_freezes: tuple[PriorFreeze, ...] = ()
    priority_rights: tuple[PriorityRight, ...] = ()


@dataclass(frozen=True, slots=True)
class WealthProduct:
    """`return_account` is one of the holder's accounts at the same bank."""

    bank_code: str
    product_number: str
    product_name: str
    product_account: str
    return_account: str
    manager: str
    starts_on: date
    redeemable_on: date
    quantity: Decimal
    unit_price: Decimal
    total_amount: Decimal


@dataclass(frozen=True, slots=True)
class Holder:
    """A right holder in the land registry's own words: an old record may hold a 15-digit number."""

    name: str
    certificate_type: CertificateType
    certificate_number: str
    share: str
    co_ownership: str


@dataclass(frozen=True, slots=True)
class Mortgage:
    mortgagee_code: str
    mortgagee: str
    mortgagor: str
    secured_amount: Decimal
    starts_on: date
    ends_on: date
    certificate_number: str


@dataclass(frozen=True, slots=True)
class Seizure:
    authority: str
    kind: SeizureKind
    document_number: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class RealEstate:
    right: RealRight
    unit_number: str
    certificate_number: str
    location: str
    area: Decimal
    own_area: Decimal | None
    shared_area: Decimal | None
    planned_use: str
    completed_on: date | None
    floors: int | None
    term_starts_on: date
    term_ends_on: date
    registry: str
    region_code: str
    holders: tuple[Holder, ...]
    mortgages: tuple[Mortgage, ...] = ()
    seizures: tuple[Seizure, ...] = ()
    disputed: bool = False
    dispute_note: str | None = None


@dataclass(frozen=True, slots=True)
class Vehicle:
    plate_number: str
    plate_class: str
    vehicle_class: str
    brand: str
    model: str
    vin: str
    engine_number: str
    colour: str
    first_registered_on: date
    inspection_valid_until: date
    status: str
    registry: str
    mortgages: tuple[Mortgage, ...] = ()
    seizures: tuple[Seizure, ...] = ()


@dataclass(frozen=True, slots=True)
class TaxPayment:
    tax: str
    period: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Invoice:
    """Seen from one side; the counterparty's record holds the same number in the other direction."""

    invoice_number: str
    direction: Literal["issued", "received"]
    counterparty_name: str
    counterparty_number: str
    amount: Decimal
    issued_on: date


@dataclass(frozen=True, slots=True)
class RegisteredAccount:
    bank: str
    account_number: str


@dataclass(frozen=True, slots=True)
class TaxRecord:
    taxpayer_number: str
    registration_status: str
    tax_office: str
    registered_on: date
    refund_due: Decimal
    arrears: Decimal
    payments: tuple[TaxPayment, ...]
    invoices: tuple[Invoice, ...]
    registered_accounts: tuple[RegisteredAccount, ...]


@dataclass(frozen=True, slots=True)
class ResidencePermit:
    address: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class BorderCrossing:
    document_type: str
    document_number: str
    direction: Literal["exit", "entry"]
    crossed_at: datetime
    checkpoint: str
    destination: str


@dataclass(frozen=True, slots=True)
class HotelStay:
    hotel: str
    address: str
    checked_in_at: datetime
    checked_out_at: datetime


@dataclass(frozen=True, slots=True)
class PoliceRecord:
    """`vehicles` are the vehicle registry's: the traffic police keep both."""

    person: Person
    residence_permits: tuple[ResidencePermit, ...]
    border_crossings: tuple[BorderCrossing, ...]
    hotel_stays: tuple[HotelStay, ...]
    vehicles: tuple[Vehicle, ...]

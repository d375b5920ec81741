"""Typed assets: what each kind of agency reports about a debtor (DOMAIN §4, domain-reference §2).

Strict on the way in: unknown fields are refused, money is a decimal string, dates are ISO 8601. Nothing of a value
shows in its `repr`, since all of it is personal data.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from app.vocabulary import (
    AccountNature,
    AssetKind,
    CertificateType,
    HolderRole,
    RealRight,
    SeizureKind,
)

Money = Annotated[
    Decimal,
    Field(max_digits=18, decimal_places=2, allow_inf_nan=False),
    PlainSerializer(lambda value: format(value, "f"), return_type=str, when_used="json"),
]
"""An amount in the unit of its currency, two decimals at most; a string in JSON."""

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Text = Annotated[str, Field(min_length=1, max_length=400)]
Area = Annotated[
    Decimal,
    Field(max_digits=14, decimal_places=4, ge=0),
    PlainSerializer(lambda value: format(value, "f"), return_type=str, when_used="json"),
]
"""Square metres."""


class Fact(BaseModel):
    """A value object of an answer; its `repr` names the kind only."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    __str__ = __repr__


class PriorFreeze(Fact):
    """在先冻结: another measure that already lies on the thing."""

    authority: Text
    document_number: Text | None = None
    case_number: Text | None = None
    amount: Money | None = None
    rank: Annotated[int, Field(ge=1)] | None = None
    starts_on: date | None = None
    ends_on: date | None = None


class PriorityRight(Fact):
    """优先受偿权: pledge, margin or another right that goes before the creditor."""

    right: Text
    holder: Text
    amount: Money | None = None
    contact: Text | None = None


class SubAccount(Fact):
    account_number: Text
    account_class: Text | None = None
    currency: Currency = "CNY"
    balance: Money | None = None
    available_balance: Money | None = None


class Transaction(Fact):
    """往来资金."""

    serial_number: Text
    booked_at: datetime
    direction: Literal["debit", "credit"]
    amount: Money
    currency: Currency = "CNY"
    counterparty_name: Text | None = None
    counterparty_account: Text | None = None
    counterparty_bank: Text | None = None
    kind: Text | None = None


class Holder(Fact):
    """权利人 of a real right, with the share."""

    name: Text
    certificate_type: CertificateType | None = None
    certificate_number: Text | None = None
    share: Text | None = None
    co_ownership: Text | None = None


class Mortgage(Fact):
    mortgagee: Text
    mortgagor: Text | None = None
    kind: Text | None = None
    secured_amount: Money | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    certificate_number: Text | None = None


class AdvanceNotice(Fact):
    """预告登记."""

    beneficiary: Text
    kind: Text | None = None
    registered_on: date | None = None


class Seizure(Fact):
    """查封登记."""

    authority: Text
    kind: SeizureKind
    document_number: Text | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    business_number: Text | None = None


class Reported(Fact):
    """What every asset carries beside its own facts."""

    holder_role: HolderRole = HolderRole.OWNER
    disputed: bool = False
    """The agency itself says that somebody contests this fact; the marker travels on with it."""

    dispute_note: Text | None = None
    remark: Text | None = None


class BankAccount(Reported):
    kind: Literal[AssetKind.BANK_ACCOUNT] = AssetKind.BANK_ACCOUNT
    account_number: Text
    card_number: Text | None = None
    account_type: Text
    nature: AccountNature = AccountNature.ORDINARY
    status: Literal["active", "dormant", "restricted", "closed"]
    currency: Currency = "CNY"
    balance: Money
    available_balance: Money
    branch: Text
    branch_code: Text | None = None
    opened_on: date | None = None
    closed_on: date | None = None
    linked_fund_account: Text | None = None
    co_holders: tuple[Text, ...] = ()
    sub_accounts: tuple[SubAccount, ...] = ()
    prior_freezes: tuple[PriorFreeze, ...] = ()
    priority_rights: tuple[PriorityRight, ...] = ()
    transactions: tuple[Transaction, ...] = ()


class WealthProduct(Reported):
    """金融理财产品; its return account is frozen first, then the product."""

    kind: Literal[AssetKind.WEALTH_PRODUCT] = AssetKind.WEALTH_PRODUCT
    product_number: Text
    product_name: Text
    product_account: Text
    return_account: Text | None = None
    manager: Text | None = None
    custodian: Text | None = None
    sold_by: Literal["own", "agency"] = "own"
    redeemable_through_bank: bool = True
    restricted_until: date | None = None
    pledgee: Text | None = None
    beneficiary: Text | None = None
    starts_on: date | None = None
    redeemable_on: date | None = None
    unit: Text | None = None
    unit_price: Money | None = None
    quantity: Money | None = None
    available_quantity: Money | None = None
    currency: Currency = "CNY"
    total_amount: Money
    prior_freezes: tuple[PriorFreeze, ...] = ()
    priority_rights: tuple[PriorityRight, ...] = ()


class RealEstate(Reported):
    """Land, house, sea-use, structure or forest right, as the register keeps it."""

    kind: Literal[AssetKind.REAL_ESTATE] = AssetKind.REAL_ESTATE
    right: RealRight
    unit_number: Text
    certificate_number: Text | None = None
    location: Text
    area: Area | None = None
    own_area: Area | None = None
    shared_area: Area | None = None
    planned_use: Text | None = None
    nature: Text | None = None
    completed_on: date | None = None
    floors: Annotated[int, Field(ge=0, le=300)] | None = None
    term_starts_on: date | None = None
    term_ends_on: date | None = None
    registry: Text
    region_code: Text | None = None
    business_number: Text | None = None
    holders: tuple[Holder, ...] = ()
    mortgages: tuple[Mortgage, ...] = ()
    advance_notices: tuple[AdvanceNotice, ...] = ()
    seizures: tuple[Seizure, ...] = ()


class Vehicle(Reported):
    kind: Literal[AssetKind.VEHICLE] = AssetKind.VEHICLE
    plate_number: Text
    plate_class: Text
    vehicle_class: Text | None = None
    brand: Text
    model: Text | None = None
    vin: Text
    engine_number: Text | None = None
    colour: Text | None = None
    first_registered_on: date | None = None
    inspection_valid_until: date | None = None
    status: Text
    registry: Text | None = None
    mortgages: tuple[Mortgage, ...] = ()
    seizures: tuple[Seizure, ...] = ()


class TaxPayment(Fact):
    tax: Text
    period: Text
    amount: Money


class Invoice(Fact):
    """An invoice; what its counterparty owes may be a receivable of the debtor."""

    invoice_number: Text
    direction: Literal["issued", "received"]
    counterparty_name: Text
    counterparty_number: Text | None = None
    amount: Money
    issued_on: date


class RegisteredAccount(Fact):
    bank: Text
    account_number: Text


class TaxRecord(Reported):
    kind: Literal[AssetKind.TAX_RECORD] = AssetKind.TAX_RECORD
    taxpayer_number: Text
    registration_status: Text
    tax_office: Text
    registered_on: date | None = None
    refund_due: Money = Decimal(0)
    arrears: Money = Decimal(0)
    payments: tuple[TaxPayment, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    registered_accounts: tuple[RegisteredAccount, ...] = ()


class ResidencePermit(Fact):
    address: Text
    starts_on: date | None = None
    ends_on: date | None = None


class IdentityRecord(Reported):
    """户籍信息, from the police."""

    kind: Literal[AssetKind.IDENTITY_RECORD] = AssetKind.IDENTITY_RECORD
    name: Text
    certificate_number: Text
    former_names: tuple[Text, ...] = ()
    sex: Literal["male", "female", "unknown"] = "unknown"
    born_on: date | None = None
    deceased_on: date | None = None
    household_address: Text | None = None
    residence_permits: tuple[ResidencePermit, ...] = ()
    phones: tuple[Text, ...] = ()
    photo_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class TravelRecord(Reported):
    """出入境记录."""

    kind: Literal[AssetKind.TRAVEL_RECORD] = AssetKind.TRAVEL_RECORD
    document_type: Text
    document_number: Text
    direction: Literal["exit", "entry"]
    crossed_at: datetime
    checkpoint: Text
    destination: Text | None = None


class HotelStay(Reported):
    kind: Literal[AssetKind.HOTEL_STAY] = AssetKind.HOTEL_STAY
    hotel: Text
    address: Text
    checked_in_at: datetime
    checked_out_at: datetime | None = None
    phone: Text | None = None


Asset = Annotated[
    BankAccount
    | WealthProduct
    | RealEstate
    | Vehicle
    | TaxRecord
    | IdentityRecord
    | TravelRecord
    | HotelStay,
    Field(discriminator="kind"),
]


def identity_of(asset: Asset) -> str:  # noqa: PLR0911 - one line for each kind
    """What makes the thing the same thing when it is reported again; personal, so it is only ever stored blinded."""
    match asset:
        case BankAccount():
            return asset.account_number
        case WealthProduct():
            return f"{asset.product_account}/{asset.product_number}"
        case RealEstate():
            return f"{asset.right}/{asset.unit_number}"
        case Vehicle():
            return asset.vin
        case TaxRecord():
            return asset.taxpayer_number
        case IdentityRecord():
            return asset.certificate_number
        case TravelRecord():
            return f"{asset.document_number}/{asset.crossed_at.isoformat()}"
        case HotelStay():
            return f"{asset.hotel}/{asset.checked_in_at.isoformat()}"

"""财产线索: every kind of asset that an agency may report, as one type told apart by `kind`."""

from datetime import UTC
from typing import Annotated

from pydantic import Field

from app.adapters.bank.assets import BankAccount, SubAccount, Transaction, WealthProduct
from app.adapters.facts import (
    Area,
    Currency,
    Fact,
    Holder,
    Money,
    Mortgage,
    PriorFreeze,
    PriorityRight,
    Quantity,
    Reported,
    Seizure,
    Text,
)
from app.adapters.land.assets import AdvanceNotice, RealEstate
from app.adapters.police.assets import HotelStay, IdentityRecord, ResidencePermit, TravelRecord
from app.adapters.tax.assets import Invoice, RegisteredAccount, TaxPayment, TaxRecord
from app.adapters.vehicle.assets import Vehicle
from app.measures.words import ThingKind

__all__ = [
    "AdvanceNotice",
    "Area",
    "Asset",
    "BankAccount",
    "Currency",
    "Fact",
    "Holder",
    "HotelStay",
    "IdentityRecord",
    "Invoice",
    "Money",
    "Mortgage",
    "PriorFreeze",
    "PriorityRight",
    "Quantity",
    "RealEstate",
    "RegisteredAccount",
    "Reported",
    "ResidencePermit",
    "Seizure",
    "SubAccount",
    "TaxPayment",
    "TaxRecord",
    "Text",
    "Transaction",
    "TravelRecord",
    "Vehicle",
    "WealthProduct",
    "identity_of",
    "thing_of",
]

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
            return f"{asset.account_number}/{asset.currency}"  # one number may hold several currencies
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
            return f"{asset.document_number}/{asset.crossed_at.astimezone(UTC).isoformat()}"
        case HotelStay():
            return f"{asset.hotel}/{asset.checked_in_at.astimezone(UTC).isoformat()}"


def thing_of(asset: Asset) -> tuple[ThingKind, str] | None:
    """What a freeze can lie on, and its name at the agency; None for what is information and not property."""
    match asset:
        case BankAccount():
            return ThingKind.ACCOUNT, asset.account_number
        case WealthProduct():
            return ThingKind.WEALTH_PRODUCT, f"{asset.product_account}/{asset.product_number}"
        case RealEstate():
            return ThingKind.REAL_ESTATE, asset.unit_number
        case Vehicle():
            return ThingKind.VEHICLE, asset.vin
        case TaxRecord():
            return ThingKind.TAX_REFUND, asset.taxpayer_number
        case _:
            return None

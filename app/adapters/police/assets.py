"""What the police report beside vehicles (domain-reference §2.1)."""

from typing import Annotated, Literal

from app.adapters.facts import Day, Fact, Few, Instant, Reported, Sha256, Text
from app.vocabulary import AssetKind


class ResidencePermit(Fact):
    address: Text
    starts_on: Day | None = None
    ends_on: Day | None = None


class IdentityRecord(Reported):
    """户籍信息."""

    kind: Literal[AssetKind.IDENTITY_RECORD] = AssetKind.IDENTITY_RECORD
    name: Text
    certificate_number: Text
    former_names: Annotated[tuple[Text, ...], Few] = ()
    sex: Literal["male", "female", "unknown"] = "unknown"
    born_on: Day | None = None
    deceased_on: Day | None = None
    household_address: Text | None = None
    residence_permits: Annotated[tuple[ResidencePermit, ...], Few] = ()
    phones: Annotated[tuple[Text, ...], Few] = ()
    photo_sha256: Sha256 | None = None


class TravelRecord(Reported):
    """出入境记录."""

    kind: Literal[AssetKind.TRAVEL_RECORD] = AssetKind.TRAVEL_RECORD
    document_type: Text
    document_number: Text
    direction: Literal["exit", "entry"]
    crossed_at: Instant
    checkpoint: Text
    destination: Text | None = None


class HotelStay(Reported):
    """旅馆住宿记录."""

    kind: Literal[AssetKind.HOTEL_STAY] = AssetKind.HOTEL_STAY
    hotel: Text
    address: Text
    checked_in_at: Instant
    checked_out_at: Instant | None = None
    phone: Text | None = None

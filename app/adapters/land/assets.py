"""What a real-estate registry reports (domain-reference §2.1)."""

from typing import Annotated, Literal

from pydantic import Field

from app.adapters.facts import Area, Day, Fact, Few, Holder, Mortgage, Number, Reported, Seizure, Text
from app.vocabulary import AssetKind, RealRight


class AdvanceNotice(Fact):
    """预告登记."""

    beneficiary: Text
    kind: Text | None = None
    registered_on: Day | None = None


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
    completed_on: Day | None = None
    floors: Annotated[Number, Field(ge=0, le=300)] | None = None
    term_starts_on: Day | None = None
    term_ends_on: Day | None = None
    registry: Text
    region_code: Text | None = None
    business_number: Text | None = None
    holders: Annotated[tuple[Holder, ...], Few] = ()
    mortgages: Annotated[tuple[Mortgage, ...], Few] = ()
    advance_notices: Annotated[tuple[AdvanceNotice, ...], Few] = ()
    seizures: Annotated[tuple[Seizure, ...], Few] = ()

"""What a vehicle registry reports (domain-reference §2.1)."""

from typing import Annotated, Literal

from app.adapters.facts import Day, Few, Mortgage, Reported, Seizure, Text
from app.vocabulary import AssetKind


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
    first_registered_on: Day | None = None
    inspection_valid_until: Day | None = None
    status: Text
    registry: Text | None = None
    mortgages: Annotated[tuple[Mortgage, ...], Few] = ()
    seizures: Annotated[tuple[Seizure, ...], Few] = ()

"""What the hub and its adapters say to each other about looking for people and vehicles (DOMAIN §6)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from app.vocabulary import (
    CustodyStage,
    EndReason,
    HitConfidence,
    HitDecision,
    LocateGround,
    Urgency,
    Wanted,
    WantedAction,
    WatchKind,
)

MOST_MINUTES_NEEDED: Final = 240
"""For which the court may put a hit off at a time: somebody is kept in sight meanwhile, and nobody may be held."""


@dataclass(frozen=True, slots=True)
class WantedVehicle:
    plate_number: str = field(repr=False)
    plate_class: str
    vin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LocateContent:
    """协助查找/布控. Without a vehicle the person of the order is looked for."""

    ground: LocateGround
    ground_number: str
    """Number of the decision, ruling or warrant."""

    action: WantedAction
    urgency: Urgency
    duty_phone: str
    valid_from: datetime
    valid_until: datetime
    vehicle: WantedVehicle | None = None
    last_known_places: tuple[str, ...] = field(default=(), repr=False)
    phones: tuple[str, ...] = field(default=(), repr=False)
    photo_sha256: str | None = None
    """Of one of the mandate's documents, a photo."""

    note: str = field(default="", repr=False)

    @property
    def wanted(self) -> Wanted:
        return Wanted.PERSON if self.vehicle is None else Wanted.VEHICLE


@dataclass(frozen=True, slots=True)
class RecallContent:
    """撤控: the entry must end at this holder, and the holder must say so."""

    locate_request_id: UUID
    locate_case_number: str
    reason: EndReason
    note: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class HitDecisionContent:
    """The court's word on a hit: nobody may be held on an unconfirmed one."""

    locate_request_id: UUID
    hit_id: UUID
    decision: HitDecision
    minutes_needed: int | None = None


LookOutContent = LocateContent | RecallContent | HitDecisionContent


@dataclass(frozen=True, slots=True)
class Hit:
    """A sighting: an event, never by itself a change of state. `hit_id` is the agency's, permanent."""

    request_id: UUID
    message_id: UUID
    hit_id: UUID
    seen_at: datetime
    place: str = field(repr=False)
    source: str
    confidence: HitConfidence
    reporter: str = field(repr=False)
    circumstances: str = field(default="", repr=False)
    attachment_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class CustodyNotice:
    """Held after a confirmed hit, handed over to the court, or let go because the court did not come in time."""

    request_id: UUID
    message_id: UUID
    hit_id: UUID
    stage: CustodyStage
    at: datetime
    place: str = field(repr=False)
    came_along: tuple[str, ...] = ()
    """What was handed over with it: car, keys, licence."""


@dataclass(frozen=True, slots=True)
class WatchNotice:
    """What an agency tells under a live request without being asked: hotel stay, border crossing, car inspected."""

    request_id: UUID
    message_id: UUID
    kind: WatchKind
    happened_at: datetime
    place: str = field(repr=False)
    detail: str = field(default="", repr=False)

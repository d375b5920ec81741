"""What the hub and its adapters say to each other about looking for people and vehicles (DOMAIN §6)."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class LocateGround(StrEnum):
    """Why somebody may be looked for. Each allows some actions only; the table is in `app.linkage.locating`."""

    SUMMONS_BY_FORCE = "summons_by_force"
    DETENTION_DECISION = "detention_decision"
    SEIZURE_RULING = "seizure_ruling"
    CRIMINAL_WARRANT = "criminal_warrant"


class WantedAction(StrEnum):
    REPORT_ONLY = "report_only"
    HOLD_AND_NOTIFY = "hold_and_notify"
    """临控: who is met is kept until the court has confirmed the hit and takes over."""

    ONLINE_PURSUIT = "online_pursuit"
    """网上追逃: the police's own list of the wanted; for nobody without a criminal warrant."""


class Urgency(StrEnum):
    URGENT = "urgent"
    ROUTINE = "routine"


class EndReason(StrEnum):
    """Three endings kept apart (NCIC): located, cleared, cancelled as entered in error; and by the clock."""

    LOCATED = "located"
    CLEARED = "cleared"
    ENTERED_IN_ERROR = "entered_in_error"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


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
    note: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class RecallContent:
    """撤控: the entry must end at this holder, and the holder must say so."""

    locate_request_id: UUID
    locate_case_number: str
    reason: EndReason
    note: str = ""


class HitDecision(StrEnum):
    CONFIRMED = "confirmed"
    NOT_HIM = "not_him"
    MORE_TIME = "more_time"


@dataclass(frozen=True, slots=True)
class HitDecisionContent:
    """The court's word on a hit: nobody may be held on an unconfirmed one."""

    locate_request_id: UUID
    hit_id: UUID
    decision: HitDecision
    minutes_needed: int | None = None


LookOutContent = LocateContent | RecallContent | HitDecisionContent


class HitConfidence(StrEnum):
    CERTAIN = "certain"
    PROBABLE = "probable"
    POSSIBLE = "possible"


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


class CustodyStage(StrEnum):
    HELD = "held"
    HANDED_OVER = "handed_over"
    RELEASED = "released"


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
    kind: str
    happened_at: datetime
    place: str = field(repr=False)
    detail: str = field(default="", repr=False)

"""An agency's row as its adapter needs it. All of it can be changed without a restart."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, HttpUrl

from app.adapters.signatures import KeyRing, SigningKey
from app.measures.words import ThingKind
from app.vocabulary import AgencyKind, AssetKind, OrderKind, Wanted

Seconds = Annotated[float, Field(gt=0, le=86_400)]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Limits(_Settings):
    """How hard an agency may be driven."""

    concurrency: Annotated[int, Field(ge=1, le=1000)] = 10
    """Requests on the wire at once, over all workers."""

    per_second: Annotated[float, Field(gt=0, le=10_000)] | None = None
    """Requests a second over all workers; none means no limit."""

    connect_seconds: Seconds = 3
    read_seconds: Seconds = 15
    total_seconds: Seconds = 30


class Retries(_Settings):
    """When an attempt that came to nothing is made again."""

    backoff_seconds: Annotated[tuple[Seconds, ...], Field(min_length=1, max_length=20)] = (
        5,
        30,
        120,
        600,
        1800,
        3600,
    )
    """The last step repeats. Each is varied by ± 20 %."""

    max_attempts: Annotated[int, Field(ge=1, le=1000)] = 80


class Breaker(_Settings):
    failures: Annotated[int, Field(ge=1, le=1000)] = 5
    """Failures in a row after which nothing more is sent."""

    open_seconds: Seconds = 30
    """How long it stays open before one probe is let through."""


class Deadlines(_Settings):
    """Clocks of one request, in hours from its order. Defaults of DOMAIN §7: bank 24 h, others three days."""

    answer_hours: Annotated[float, Field(gt=0, le=8760)] = 72
    remind_hours: Annotated[float, Field(gt=0, le=8760)] = 48
    give_up_hours: Annotated[float, Field(gt=0, le=17520)] = 240

    @property
    def remind_after(self) -> timedelta:
        return timedelta(hours=self.remind_hours)

    @property
    def answer_within(self) -> timedelta:
        return timedelta(hours=self.answer_hours)

    @property
    def give_up_after(self) -> timedelta:
        return timedelta(hours=self.give_up_hours)


class LookingOut(_Settings):
    """What an agency that looks out does with whom it holds."""

    hand_over_hours: Annotated[float, Field(gt=0, le=720)] = 24
    """How long it waits for the court to take over. No law names it; a day is what is practised."""

    @property
    def hand_over_within(self) -> timedelta:
        return timedelta(hours=self.hand_over_hours)


class AgencySettings(_Settings):
    """Everything about an agency that is a setting rather than its identity."""

    endpoint: HttpUrl | None = None
    """Where it is reached; none for an agency whose people are asked (transport `liaison`)."""

    limits: Limits = Limits()
    retries: Retries = Retries()
    breaker: Breaker = Breaker()
    deadlines: Deadlines = Deadlines()
    looking_out: LookingOut = LookingOut()
    client_certificate: str | None = None
    """Name of a PEM file with certificate and key in the hub's secrets folder, for mutual TLS."""

    trusted_authority: str | None = None
    """Name of a PEM file with the authority of the agency's server certificate; none means the system's."""


@dataclass(frozen=True, slots=True)
class KindProfile:
    """What all agencies of one kind have in common."""

    kind: AgencyKind
    reports: frozenset[AssetKind]
    """What an agency of this kind may report; anything else in its answer is malformed."""

    controls: frozenset[ThingKind]
    """What an agency of this kind can lay a measure on; a measure on anything else is malformed, too."""

    deadlines: Deadlines
    """Where the agency's own settings say nothing else."""

    looks_for: frozenset[Wanted] = frozenset()
    """Whom or what an agency of this kind can meet; a hit or a hold by any other is malformed."""


@dataclass(frozen=True, slots=True)
class AgencyProfile:
    """Identity, settings and keys of one agency: all that the registry needs to build its adapter."""

    agency_code: str
    kind: AgencyKind
    dialect: str
    transport: str
    capabilities: frozenset[OrderKind]
    settings: AgencySettings
    keys: KeyRing
    hub_key: SigningKey

"""What the hub and its adapters say to each other about control measures: freeze, renew, release, transfer.

An agency's word is the truth about rank, sum and end; the hub mirrors what it reports and orders by these values only.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from app.adapters.facts import (
    Currency,
    Fact,
    Few,
    Instant,
    Money,
    Number,
    PriorFreeze,
    PriorityRight,
    Text,
)
from app.measures.terms import Term
from app.measures.words import LIVE, Change, Nature, Reach, State, ThingKind


@dataclass(frozen=True, slots=True)
class Target:
    """One thing at the agency: account number, product account/number, unit number, VIN, taxpayer number."""

    kind: ThingKind
    identity: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CourtAccount:
    """Where transferred money goes: the court's own account."""

    name: str
    number: str
    bank: str
    bank_code: str


@dataclass(frozen=True, slots=True)
class FreezeContent:
    """冻结/查封 of these things, or without targets of all the money that the agency finds.

    Looking up and freezing in one step keeps anybody from emptying an account in between. The limit holds for all that
    the order reaches together: each thing in turn is frozen for what those before it do not hold (Seizure §19).
    """

    targets: tuple[Target, ...]
    limit: Decimal | Reach
    currency: str
    term: Term
    nature: Nature
    ruling_number: str


@dataclass(frozen=True, slots=True)
class RenewalContent:
    """续冻/续封: cites the request and the case of the freeze (domain-reference §6.4).

    As all that follows a freeze, it is about one thing of those that the freeze lies on.
    """

    freeze_request_id: UUID
    freeze_case_number: str
    target: Target
    term: Term
    ruling_number: str


@dataclass(frozen=True, slots=True)
class ReleaseContent:
    """解冻/解封: the whole freeze, or so much of its limit."""

    freeze_request_id: UUID
    freeze_case_number: str
    target: Target
    amount: Decimal | None
    reason: str


@dataclass(frozen=True, slots=True)
class TransferContent:
    """扣划 of what is in force for this case."""

    freeze_request_id: UUID
    freeze_case_number: str
    target: Target
    amount: Decimal
    currency: str
    account: CourtAccount


@dataclass(frozen=True, slots=True)
class ConversionContent:
    """保全转执行: the freeze keeps term and rank; the mandate names the enforcement case."""

    freeze_request_id: UUID
    freeze_case_number: str
    target: Target


MeasureContent = FreezeContent | RenewalContent | ReleaseContent | TransferContent | ConversionContent


class WhyNot(StrEnum):
    """Why an agency could not do what it was ordered to (未能控制原因). Foreign texts are mapped by the dialect."""

    THING_UNKNOWN = "thing_unknown"
    HOLDER_MISMATCH = "holder_mismatch"
    ACCOUNT_CLOSED = "account_closed"
    FREEZE_UNKNOWN = "freeze_unknown"
    NOT_THIS_CASE = "not_this_case"
    ALREADY_ENDED = "already_ended"
    NOT_IN_FORCE = "not_in_force"
    AMOUNT_INVALID = "amount_invalid"
    BEYOND_HELD = "beyond_held"
    BEYOND_LIMIT = "beyond_limit"
    TERM_INVALID = "term_invalid"
    EXEMPT = "exempt"
    DISPOSED = "disposed"
    LIMIT_REACHED = "limit_reached"
    """What the order froze before holds the whole limit: no failure."""

    TECHNICAL = "technical"
    OTHER = "other"


class MeasureReport(Fact):
    """How one freeze stands on one thing, as the agency's books say.

    With `why_not` the order had no effect on this thing, and the rest tells what stands there regardless. `held` is what
    is really frozen, apart from the limit; absent where it is not known, never zero for unknown. Without `limit` the
    whole thing is frozen. `transferred` is what went to the court by the order that is answered. Instants come out in UTC.
    """

    kind: ThingKind
    identity: Text
    state: State | None = None
    why_not: WhyNot | None = None
    explanation: Text | None = None
    rank: Annotated[Number, Field(ge=1, le=10_000)] | None = None
    limit: Money | None = None
    held: Money | None = None
    balance: Money | None = None
    currency: Currency = "CNY"
    received_at: Instant | None = None
    active_at: Instant | None = None
    ends_at: Instant | None = None
    agency_number: Text | None = None
    transferred: Money | None = None
    prior_freezes: Annotated[tuple[PriorFreeze, ...], Few] = ()
    priority_rights: Annotated[tuple[PriorityRight, ...], Few] = ()

    @field_validator("received_at", "active_at", "ends_at")
    @classmethod
    def _in_utc(cls, instant: datetime | None) -> datetime | None:
        return instant and instant.astimezone(UTC)

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.state is None) == (self.why_not is None):
            raise PydanticCustomError("state_or_why_not", "it stands in a state, or the report says why not")
        if self.rank is not None and self.state is not None and self.state not in LIVE:
            raise PydanticCustomError("rank_not_allowed", "what has ended has no rank")
        return self


@dataclass(frozen=True, slots=True)
class Notice:
    """What an agency tells by itself about a freeze. `request_id` is the freeze's.

    `cause` is what set it off; the reports say how the freeze stands at `as_of`, whatever else happened to it meanwhile.
    """

    request_id: UUID
    message_id: UUID
    cause: Change
    as_of: datetime
    measures: tuple[MeasureReport, ...] = field(repr=False)


class ObjectionGround(StrEnum):
    """Why an agency thinks that a measure breaks the law."""

    EXEMPT_PROPERTY = "exempt_property"
    THIRD_PARTY_PROPERTY = "third_party_property"
    PRIORITY_RIGHT = "priority_right"
    EXCESSIVE = "excessive"
    PROCEDURE = "procedure"
    BEYOND_DUTY = "beyond_duty"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Objection:
    """异议 of an agency against a measure, in writing; the court answers within 15 days (2013 Rules §6).

    It is no answer, and the measure stands meanwhile. `request_id` is of any order that measures something.
    """

    request_id: UUID
    message_id: UUID
    raised_at: datetime
    grounds: tuple[ObjectionGround, ...]
    text: str = field(repr=False)
    agency_reference: str | None = None


@dataclass(frozen=True, slots=True)
class LiveMeasure:
    request_id: UUID
    measure: MeasureReport = field(repr=False)


@dataclass(frozen=True, slots=True)
class LiveList:
    """What the daily reconciliation compares with (P18): live freezes of the hub, in the order of their request ids.

    With `more`, others follow, and are asked for after the last request id of these.
    """

    message_id: UUID
    as_of: datetime
    measures: tuple[LiveMeasure, ...]
    more: bool = False

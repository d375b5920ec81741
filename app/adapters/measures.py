"""What the hub and its adapters say to each other about control measures: freeze, renew, release, transfer.

An agency's word is the truth about rank, sum and end; the hub mirrors what it reports and orders by these values only.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.adapters.facts import Currency, Fact, Money, PriorFreeze, PriorityRight, Text
from app.measures.terms import Term
from app.measures.words import Nature, Reach, State, ThingKind


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

    Looking up and freezing in one step keeps anybody from emptying an account in between; the limit then holds for
    all that is found together.
    """

    targets: tuple[Target, ...]
    limit: Decimal | Reach
    currency: str
    term: Term
    nature: Nature
    ruling_number: str


@dataclass(frozen=True, slots=True)
class RenewalContent:
    """续冻/续封: cites the request and the case of the freeze (domain-reference §6.4)."""

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
    TECHNICAL = "technical"
    OTHER = "other"


class MeasureReport(Fact):
    """How one freeze stands on one thing, as the agency's books say.

    With `why_not` the order had no effect on this thing, and the rest tells what stands there regardless. `held` is what
    is really frozen, apart from the limit; absent where it is not known, never zero for unknown. Without `limit` the
    whole thing is frozen.
    """

    kind: ThingKind
    identity: Text
    state: State | None = None
    why_not: WhyNot | None = None
    explanation: Text | None = None
    rank: Annotated[int, Field(ge=1)] | None = None
    limit: Money | None = None
    held: Money | None = None
    balance: Money | None = None
    currency: Currency = "CNY"
    received_at: datetime | None = None
    active_at: datetime | None = None
    ends_at: datetime | None = None
    agency_number: Text | None = None
    transferred: Money | None = None
    prior_freezes: tuple[PriorFreeze, ...] = ()
    priority_rights: tuple[PriorityRight, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if (self.state is None) == (self.why_not is None):
            raise ValueError("a measure either stands in a state or says why not")
        return self


@dataclass(frozen=True, slots=True)
class Notice:
    """What an agency tells by itself about a freeze: promoted, caught up, lapsed, void. `request_id` is the freeze's."""

    request_id: UUID
    message_id: UUID
    as_of: datetime
    measures: tuple[MeasureReport, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class LiveMeasure:
    request_id: UUID
    measure: MeasureReport = field(repr=False)


@dataclass(frozen=True, slots=True)
class LiveList:
    """All live freezes of the hub at one agency: what the daily reconciliation compares with (P18)."""

    message_id: UUID
    as_of: datetime
    measures: tuple[LiveMeasure, ...]

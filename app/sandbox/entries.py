"""What passes between an agency's clerk and its ledger: what came, what is decided, and where it stands."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.adapters.contract import Operation
from app.vocabulary import AnswerState, RequestStatus


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as it came in, its signature verified."""

    operation: Operation
    request_id: UUID
    message_id: UUID
    sha256: str
    possible_duplicate: bool
    key_id: str
    nonce: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AnswerDraft:
    """An answer that will be given at once (`callback_due_at` is None) or posted to the hub at that instant."""

    message_id: UUID
    part: int
    state: AnswerState
    body: bytes = field(repr=False)
    callback_due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What the agency will do about a request if it has not decided before."""

    order_id: UUID
    subject: str
    state: AnswerState
    agency_reference: str
    acknowledgement: bytes | None = field(repr=False)
    """The reply when the answers come later; None when the first answer is the reply."""

    answers: tuple[AnswerDraft, ...]


class Entry(StrEnum):
    """How an arrival stands to what is in the books."""

    NEW = "new"
    REPEATED = "repeated"
    CONFLICTING = "conflicting"
    REPLAYED = "replayed"


@dataclass(frozen=True, slots=True)
class Callback:
    """An answer or a notice that the hub has yet to be told."""

    message_id: UUID
    request_id: UUID
    body: bytes = field(repr=False)
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Settled:
    """The outcome of an arrival, durable when this is handed out. `body` is the reply to give, None without one."""

    entry: Entry
    status: int
    body: bytes | None = field(default=None, repr=False)
    callbacks: tuple[Callback, ...] = ()
    """What the hub has yet to be told because of it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a request stands: what a status report is made of. `answers` are the bodies given so far."""

    status: RequestStatus
    agency_reference: str | None = None
    answers: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Try:
    """One post of an answer or a notice to the hub. `status` and `reply` are None when nothing came back."""

    message_id: UUID
    at: datetime
    status: int | None = None
    reply: bytes | None = field(default=None, repr=False)
    received: bool = False
    """Whether the reply is the hub's signed receipt of these bytes."""

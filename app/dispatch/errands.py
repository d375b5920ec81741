"""What the worker carries between two transactions: a promise that was recorded, and what came of it."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from app.adapters.contract import Adapter, Decoded, WireMessage, WireReply
from app.errors import ExchangeError
from app.outbox.claim import Claim


@dataclass(frozen=True, slots=True)
class Errand:
    """One message that has been promised to the wire; no session exists while it is under way."""

    claim: Claim
    agency_id: UUID
    adapter: Adapter
    message: WireMessage
    attempt: int
    """How often this very message has been sent, this time included."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """An errand that came back. `result` is what the agency said, or why it said nothing that could be used."""

    errand: Errand
    result: Decoded | ExchangeError
    reply: WireReply | None = field(repr=False)
    sent_at: datetime
    at: datetime

"""The ways in which an agency can misbehave, and the plan of when it does.

A toy for tests and demonstrations: whoever reaches the agency over loopback may switch faults, unsigned.
"""

from enum import StrEnum
from random import Random
from typing import Annotated, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.vocabulary import RefusalReason


class Target(StrEnum):
    """What a fault strikes: one of the operations, or the agency's own posts to the hub, answers and notices."""

    REQUEST = "request"
    STATUS_QUERY = "status_query"
    CANCELLATION = "cancellation"
    LIVE_LIST = "live_list"
    CALLBACK = "callback"


class FaultKind(StrEnum):
    """Whether the agency had acted when the fault shows is what the hub cannot see; here it is said."""

    LATENCY = "latency"
    """Acts, then takes `delay_ms` ± `jitter_ms` to reply. Goes together with another fault."""

    REFUSAL = "refusal"
    """Declines lawfully, for `reason`. An answer like any other."""

    AMBIGUITY = "ambiguity"
    """Answers that the number leads to several people."""

    SILENCE = "silence"
    """Acknowledges, then never answers; what was ordered is done all the same."""

    DROP_BEFORE_EFFECT = "drop_before_effect"
    """Breaks the connection and has not acted."""

    RESET_AFTER_EFFECT = "reset_after_effect"
    """Acts, then resets the connection without a reply."""

    TIME_OUT = "time_out"
    """Acts, then keeps the connection open and never replies."""

    DROP_IN_ANSWER = "drop_in_answer"
    """Acts, then closes the connection in the middle of the reply."""

    SLOW_BODY = "slow_body"
    """Acts, then sends the reply byte by byte, `delay_ms` apart."""

    SERVER_ERROR = "server_error"
    """Replies `status` (503 if none is given) and has not acted; with `retry_after_seconds` if given."""

    GATEWAY_ERROR = "gateway_error"
    """Acts, and something between says `status` (502 if none is given) nevertheless."""

    TOO_MANY_REQUESTS = "too_many_requests"
    """Replies 429 and has not acted; with `retry_after_seconds` if given."""

    MALFORMED_ANSWER = "malformed_answer"
    """Acts, and sends bytes that cannot be understood: of `malformation`, or one drawn by lot."""

    WRONG_SIGNATURE = "wrong_signature"
    """Acts, and signs something else than what it sends."""

    FOREIGN_KEY = "foreign_key"
    """Acts, and signs with another agency's key."""

    DUPLICATE_CALLBACK = "duplicate_callback"
    """Posts the same answer twice."""

    REORDERED_CALLBACKS = "reordered_callbacks"
    """Holds an answer back until a later one was posted, or for `delay_ms` when none comes."""


class Malformation(StrEnum):
    NOT_HTTP = "not_http"
    EMPTY = "empty"
    NOT_JSON = "not_json"
    TRUNCATED = "truncated"
    NOT_UTF8 = "not_utf8"
    DUPLICATE_FIELD = "duplicate_field"
    UNKNOWN_FIELD = "unknown_field"
    WRONG_TYPE = "wrong_type"
    NOT_A_NUMBER = "not_a_number"
    DEEP = "deep"
    FOREIGN_REQUEST = "foreign_request"
    WRONG_MEDIA_TYPE = "wrong_media_type"


_BOTH_WAYS = frozenset({FaultKind.LATENCY, FaultKind.WRONG_SIGNATURE, FaultKind.FOREIGN_KEY})
_OF_CALLBACKS = _BOTH_WAYS | {FaultKind.DUPLICATE_CALLBACK, FaultKind.REORDERED_CALLBACKS}
_OF_REQUESTS = frozenset(FaultKind) - {FaultKind.DUPLICATE_CALLBACK, FaultKind.REORDERED_CALLBACKS}
_OF_ENQUIRIES = _OF_REQUESTS - {FaultKind.REFUSAL, FaultKind.AMBIGUITY, FaultKind.SILENCE}
ALLOWED: dict[Target, frozenset[FaultKind]] = {
    Target.REQUEST: _OF_REQUESTS,
    Target.STATUS_QUERY: _OF_ENQUIRIES,
    Target.CANCELLATION: _OF_ENQUIRIES,
    Target.LIVE_LIST: _OF_ENQUIRIES,
    Target.CALLBACK: _OF_CALLBACKS,
}


class Fault(BaseModel):
    """One fault to play: with `probability` each time, and `count` times at most (None: until it is taken back)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FaultKind
    target: Target = Target.REQUEST
    probability: Annotated[float, Field(gt=0, le=1)] = 1
    count: Annotated[int, Field(ge=1)] | None = None
    delay_ms: Annotated[int, Field(ge=0, le=3_600_000)] = 1000
    jitter_ms: Annotated[int, Field(ge=0, le=3_600_000)] = 0
    status: Annotated[int, Field(ge=500, le=599)] | None = None
    retry_after_seconds: Annotated[int, Field(ge=0, le=86_400)] | None = None
    reason: RefusalReason = RefusalReason.OTHER
    malformation: Malformation | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if self.kind not in ALLOWED[self.target]:
            raise ValueError(f"{self.kind} cannot strike a {self.target}")
        return self


class Drawn(NamedTuple):
    """What strikes one exchange: a delay, in seconds, and at most one other fault."""

    delay: float
    fault: Fault | None

    def is_a(self, *kinds: FaultKind) -> bool:
        return self.fault is not None and self.fault.kind in kinds


class FaultPlan:
    """The faults switched on, in their order. The lot depends on the seed and on how often it was drawn before."""

    def __init__(self, seed: str, faults: list[Fault]) -> None:
        self._dice = Random(seed)  # noqa: S311 - repeatable on purpose
        self.replace(faults)

    def replace(self, faults: list[Fault]) -> None:
        self._faults = faults
        self._left = [fault.count for fault in faults]

    def remaining(self) -> list[Fault]:
        """The faults still to be played, with the counts that are left."""
        return [
            fault.model_copy(update={"count": left})
            for fault, left in zip(self._faults, self._left, strict=True)
            if left != 0
        ]

    def draw(self, target: Target) -> Drawn:
        delay = 0.0
        for place, fault in enumerate(self._faults):
            if fault.target is not target or not self._strikes(place):
                continue
            if fault.kind is not FaultKind.LATENCY:
                return Drawn(delay, fault)
            delay += max(0, fault.delay_ms + self._dice.uniform(-1, 1) * fault.jitter_ms) / 1000
        return Drawn(delay, None)

    def pick(self, fault: Fault) -> Malformation:
        """The malformation that the fault names, or one by lot."""
        return fault.malformation or self._dice.choice(list(Malformation))

    def _strikes(self, place: int) -> bool:
        left = self._left[place]
        if left == 0 or self._dice.random() >= self._faults[place].probability:
            return False
        if left is not None:
            self._left[place] = left - 1
        return True

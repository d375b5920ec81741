"""Looking for people and vehicles (DOMAIN §6): what the hub orders, and what those who look out say by themselves."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.adapters.facts import Identifier, Instant, Number, Prose, Reference, Sha256, Text
from app.adapters.liandong.from_hub import Order
from app.adapters.liandong.pieces import PROTOCOL, Piece, Protocol
from app.adapters.locating import MOST_MINUTES_NEEDED
from app.vocabulary import (
    CustodyStage,
    EndReason,
    HitConfidence,
    HitDecision,
    LocateGround,
    OrderKind,
    Urgency,
    WantedAction,
    WatchKind,
)

# What the hub orders ----------------------------------------------------------------------------------------------


class WantedVehicle(Piece):
    """被查找车辆. All three name one car: a plate alone may be another car's, screwed on."""

    plate_number: Reference
    plate_class: Text
    vin: Reference


class Locate(Piece):
    """查找内容. Without a vehicle the subject is looked for."""

    ground: LocateGround
    ground_number: Text
    action: WantedAction
    urgency: Urgency
    duty_phone: Reference
    valid_from: Instant
    valid_until: Instant
    vehicle: WantedVehicle | None = None
    last_known_places: Annotated[tuple[Text, ...], Field(max_length=50)] = ()
    phones: Annotated[tuple[Reference, ...], Field(max_length=20)] = ()
    photo_sha256: Sha256 | None = None
    note: Annotated[Prose, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if self.valid_until <= self.valid_from:
            raise PydanticCustomError("validity_empty", "a look-out ends after it begins")
        return self


class Recall(Piece):
    """撤控内容."""

    locate_request_id: Identifier
    locate_case_number: Reference
    reason: EndReason
    note: Annotated[Prose, Field(min_length=1)] | None = None


class Decision(Piece):
    """核实意见: the court's word on one hit."""

    locate_request_id: Identifier
    hit_id: Identifier
    decision: HitDecision
    minutes_needed: Annotated[Number, Field(ge=1, le=MOST_MINUTES_NEEDED)] | None = None

    @model_validator(mode="after")
    def _says_how_long(self) -> Self:
        if (self.decision is HitDecision.MORE_TIME) != (self.minutes_needed is not None):
            raise PydanticCustomError("minutes_needed", "more time, and only that, says how much")
        return self


class LocateMessage(Order):
    """协助查找、布控. Its request id is from then on the name of the look-out."""

    kind: Literal[OrderKind.LOCATE] = OrderKind.LOCATE
    locate: Locate
    asked_at: Instant
    answer_due_at: Instant


class RecallMessage(Order):
    """撤控."""

    kind: Literal[OrderKind.RECALL] = OrderKind.RECALL
    recall: Recall
    asked_at: Instant
    answer_due_at: Instant


class HitDecisionMessage(Order):
    """线索核实."""

    kind: Literal[OrderKind.HIT_DECISION] = OrderKind.HIT_DECISION
    hit_decision: Decision
    asked_at: Instant
    answer_due_at: Instant


LookOutMessage = LocateMessage | RecallMessage | HitDecisionMessage


# What is said by those who look out -------------------------------------------------------------------------------


class HitMessage(Piece):
    """线索: somebody or something was seen. An event; it changes no state by itself."""

    protocol: Protocol = PROTOCOL
    type: Literal["hit"] = "hit"
    message_id: Identifier
    request_id: Identifier
    hit_id: Identifier
    seen_at: Instant
    place: Text
    source: Text
    confidence: HitConfidence
    reporter: Text
    circumstances: Prose = ""
    attachment_sha256: Sha256 | None = None


class CustodyNoticeMessage(Piece):
    """控制情况: who was met is held, was handed over, or was let go."""

    protocol: Protocol = PROTOCOL
    type: Literal["custody_notice"] = "custody_notice"
    message_id: Identifier
    request_id: Identifier
    hit_id: Identifier
    stage: CustodyStage
    at: Instant
    place: Text
    came_along: Annotated[tuple[Text, ...], Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _hands_over_what_came_along(self) -> Self:
        if self.came_along and self.stage is not CustodyStage.HANDED_OVER:
            raise PydanticCustomError("came_along_not_allowed", "only at a hand-over something comes along")
        return self


class WatchNoticeMessage(Piece):
    """动态通报: what an agency learnt under a live request without being asked."""

    protocol: Protocol = PROTOCOL
    type: Literal["watch_notice"] = "watch_notice"
    message_id: Identifier
    request_id: Identifier
    kind: WatchKind
    happened_at: Instant
    place: Text
    detail: Prose = ""

"""What an agency sends: replies, and what it posts by itself."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.adapters.assets import Asset
from app.adapters.facts import (
    Few,
    Flag,
    Identifier,
    Instant,
    Number,
    Prose,
    Reference,
)
from app.adapters.liandong.pieces import PROTOCOL, Piece, Protocol
from app.adapters.measures import MeasureReport, ObjectionGround
from app.measures.words import LIVE, Change
from app.vocabulary import (
    AnswerState,
    RefusalReason,
    RequestStatus,
)


class AcknowledgementMessage(Piece):
    """受理: the agency has the request, durably, and will answer later."""

    protocol: Protocol = PROTOCOL
    type: Literal["acknowledgement"] = "acknowledgement"
    message_id: Identifier
    request_id: Identifier
    agency_reference: Reference | None = None
    expected_at: Instant | None = None


class Refusal(Piece):
    """不予协助 for a lawful reason."""

    reason: RefusalReason
    explanation: Prose = ""


_WHOLE = frozenset(
    {AnswerState.NOTHING_FOUND, AnswerState.AMBIGUOUS, AnswerState.MISMATCH, AnswerState.REFUSED}
)
"""Says everything in one part, and reports nothing; so does `not_yet`, which is no part of the answer at all."""

_DONE = frozenset({AnswerState.EXECUTED, AnswerState.NOT_EXECUTED})

_CORRECTING = frozenset(
    {AnswerState.FOUND, AnswerState.NOTHING_FOUND, AnswerState.AMBIGUOUS, AnswerState.MISMATCH}
)


class AnswerMessage(Piece):
    """反馈: what the agency found, or why not."""

    protocol: Protocol = PROTOCOL
    type: Literal["answer"] = "answer"
    message_id: Identifier
    request_id: Identifier
    state: AnswerState
    as_of: Instant
    part: Annotated[Number, Field(ge=1, le=10_000)] = 1
    agency_reference: Reference | None = None
    corrects: Identifier | None = None
    refusal: Refusal | None = None
    assets: Annotated[tuple[Asset, ...], Few] = ()
    measures: Annotated[tuple[MeasureReport, ...], Few] = ()
    remark: Prose = ""

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.state is AnswerState.REFUSED) != (self.refusal is not None):
            raise PydanticCustomError("refusal_without_reason", "refused, and only refused, tells why")
        if self.corrects and (self.state not in _CORRECTING or self.part != 1):
            raise PydanticCustomError("correction_not_allowed", "a correction tells all, of a query, at once")
        if self.state in _DONE:
            self._done()
        elif self.measures:
            raise PydanticCustomError("measures_not_allowed", "this state reports no measures")
        elif self.state in _WHOLE or self.state is AnswerState.NOT_YET:
            if self.assets:
                raise PydanticCustomError("assets_not_allowed", "this state reports no assets")
            if self.part != 1:
                raise PydanticCustomError("part_not_allowed", "this state has no parts")
        # The last of several parts may be empty: its agency learnt only then that there was no more.
        elif not self.assets and (self.part == 1 or self.state is AnswerState.PARTIAL):
            raise PydanticCustomError("assets_missing", "found, and nothing reported")
        return self

    def _done(self) -> None:
        """Without measures it answers an order about a look-out, which has nothing to report but why not."""
        if self.part != 1:
            raise PydanticCustomError("part_not_allowed", "this state has no parts")
        if not self.measures:
            self._nothing_measured()
        elif any(report.state for report in self.measures) != (self.state is AnswerState.EXECUTED):
            raise PydanticCustomError("effect_contradicted", "executed when one took effect, and only then")

    def _nothing_measured(self) -> None:
        if self.assets:
            raise PydanticCustomError("assets_not_allowed", "an order about a look-out reports no assets")
        if self.state is AnswerState.NOT_EXECUTED and not self.remark:
            raise PydanticCustomError("remark_missing", "not executed, and not a word of why")


class StatusReportMessage(Piece):
    """状态报告: the reply to a status query and to a cancellation."""

    protocol: Protocol = PROTOCOL
    type: Literal["status_report"] = "status_report"
    message_id: Identifier
    request_id: Identifier
    status: RequestStatus
    agency_reference: Reference | None = None
    answers: Annotated[tuple[AnswerMessage, ...], Field(max_length=100)] = ()

    @model_validator(mode="after")
    def _is_of_one_request(self) -> Self:
        if any(answer.request_id != self.request_id for answer in self.answers):
            raise PydanticCustomError("foreign_answer", "every answer is one to this request")
        parts = [answer.part for answer in self.answers if answer.state is not AnswerState.NOT_YET]
        messages = [answer.message_id for answer in self.answers]
        if len(set(parts)) != len(parts) or len(set(messages)) != len(messages):
            raise PydanticCustomError("answer_twice", "every answer is listed once")
        if self.answers and self.status is RequestStatus.UNKNOWN_REQUEST:
            raise PydanticCustomError("answer_to_unknown_request", "what is unknown was not answered")
        if not self.answers and self.status is RequestStatus.ANSWERED:
            raise PydanticCustomError("answers_missing", "answered, and no answer listed")
        return self


class NoticeMessage(Piece):
    """通知: what became of a freeze without an order of the hub. `request_id` is the freeze's."""

    protocol: Protocol = PROTOCOL
    type: Literal["notice"] = "notice"
    message_id: Identifier
    request_id: Identifier
    cause: Change
    as_of: Instant
    measures: Annotated[tuple[MeasureReport, ...], Field(min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _tells_states(self) -> Self:
        if any(report.state is None for report in self.measures):
            raise PydanticCustomError("state_missing", "a notice tells in what state the freeze stands")
        return self


class ObjectionMessage(Piece):
    """异议 (2013 Rules §6). The measure stands meanwhile."""

    protocol: Protocol = PROTOCOL
    type: Literal["objection"] = "objection"
    message_id: Identifier
    request_id: Identifier
    raised_at: Instant
    grounds: Annotated[tuple[ObjectionGround, ...], Field(min_length=1, max_length=10)]
    text: Annotated[Prose, Field(min_length=1)]
    agency_reference: Reference | None = None


class LiveFreeze(Piece):
    """One freeze on one thing."""

    request_id: Identifier
    measure: MeasureReport


class LiveListMessage(Piece):
    """在册控制措施: live freezes of the hub in the order of their request ids, all of one freeze together."""

    protocol: Protocol = PROTOCOL
    type: Literal["live_list"] = "live_list"
    message_id: Identifier
    as_of: Instant
    measures: Annotated[tuple[LiveFreeze, ...], Field(max_length=20_000)] = ()
    more: Flag = False

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        ids = [each.request_id for each in self.measures]
        if ids != sorted(ids):
            raise PydanticCustomError("not_in_order", "freezes are listed in the order of their request ids")
        if any(each.measure.state not in LIVE for each in self.measures):
            raise PydanticCustomError("not_live", "only what is live is listed")
        if self.more and not self.measures:
            raise PydanticCustomError("measures_missing", "more to come, and nothing listed to go on from")
        return self


Response = Annotated[AnswerMessage | AcknowledgementMessage, Field(discriminator="type")]
"""What answers a request: at once on the same connection, or later by callback."""

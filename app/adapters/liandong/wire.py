"""The hub's own protocol, version 1, as it stands on the wire: docs/agency-protocol.md in types.

Both sides use these models, each to write its own messages and to read the other's.
"""

from decimal import Decimal
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

from app.adapters import strict_json
from app.adapters.assets import Asset
from app.adapters.facts import (
    Currency,
    Day,
    Few,
    Flag,
    Identifier,
    Instant,
    Number,
    Prose,
    Reference,
    Sha256,
    Sum,
    Text,
)
from app.adapters.measures import MeasureReport, ObjectionGround
from app.adapters.strict_json import CONTENT_TYPE, MAX_BYTES, write
from app.measures.words import LIVE, Change, Nature, ThingKind
from app.vocabulary import (
    AnswerState,
    AssetKind,
    CertificateType,
    DocumentKind,
    OrderKind,
    PartyKind,
    RefusalReason,
    RequestStatus,
)

__all__ = [
    "CALLBACK",
    "CANCELLATION",
    "CONTENT_TYPE",
    "LIVE_LIST",
    "LIVE_LIST_QUERY",
    "MAX_BYTES",
    "PROTOCOL",
    "RECEIPT",
    "REQUEST",
    "RESPONSE",
    "STATUS_QUERY",
    "STATUS_REPORT",
    "AcknowledgementMessage",
    "AnswerMessage",
    "AssetQueryMessage",
    "Callback",
    "CancellationMessage",
    "Conversion",
    "ConversionMessage",
    "CourtAccount",
    "Disposition",
    "Document",
    "Freeze",
    "FreezeMessage",
    "LiveFreeze",
    "LiveListMessage",
    "LiveListQueryMessage",
    "Mandate",
    "MeasureMessage",
    "NoticeMessage",
    "ObjectionMessage",
    "Officer",
    "Piece",
    "Protocol",
    "ReceiptMessage",
    "Refusal",
    "Release",
    "ReleaseMessage",
    "Renewal",
    "RenewalMessage",
    "RequestMessage",
    "Response",
    "Scope",
    "StatusQueryMessage",
    "StatusReportMessage",
    "Subject",
    "Target",
    "Term",
    "Transfer",
    "TransferMessage",
    "read",
    "write",
]

Protocol = Literal["liandong/1"]
PROTOCOL: Protocol = "liandong/1"
Disposition = Literal["applied", "late", "contradicting"]
"""What the hub did with an answer: a late or contradicting one is kept and shown to a person."""


class Piece(BaseModel):
    """A message or a part of one. Its `repr` names the kind only, for nearly all of it is personal data."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, from_attributes=True)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    __str__ = __repr__


# From the hub to the agency ---------------------------------------------------------------------------------------


class Officer(Piece):
    """承办人, with the credentials filed with the agency (2013 Rules §2)."""

    name: Text
    work_permit_number: Reference
    enforcement_permit_number: Reference
    phone: Reference | None = None


class Document(Piece):
    """法律文书. Its bytes are at `GET {hub}/agency/v1/documents/{document_id}`."""

    document_id: Identifier
    kind: DocumentKind
    title: Text
    document_number: Text
    media_type: Reference
    size: Annotated[Number, Field(ge=0)]
    sha256: Sha256


class Mandate(Piece):
    court_code: Reference
    court_name: Text
    case_number: Reference
    legal_basis: Text
    purpose: Text
    officers: Annotated[tuple[Officer, ...], Field(max_length=20)]
    documents: Annotated[tuple[Document, ...], Field(max_length=100)]


class Subject(Piece):
    kind: PartyKind
    name: Text
    certificate_type: CertificateType
    certificate_number: Reference
    also_known_as: Annotated[tuple[Reference, ...], Field(max_length=20)] = ()


class Scope(Piece):
    asset_kinds: Annotated[tuple[AssetKind, ...], Field(max_length=100)] = ()
    transactions_from: Day | None = None
    transactions_to: Day | None = None


class Term(Piece):
    """期限. The register counts it (app/measures/terms.py)."""

    years: Annotated[Number, Field(ge=0, le=100)] = 0
    months: Annotated[Number, Field(ge=0, le=1200)] = 0
    days: Annotated[Number, Field(ge=0, le=36_500)] = 0

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if not (self.years or self.months or self.days):
            raise PydanticCustomError("term_empty", "a term is longer than nothing")
        return self


class Target(Piece):
    """标的: one thing at the agency."""

    kind: ThingKind
    identity: Text


class CourtAccount(Piece):
    """法院账户 that transferred money goes to."""

    name: Text
    number: Text
    bank: Text
    bank_code: Text


class Freeze(Piece):
    """What is to be frozen; without targets, all the money that the agency finds."""

    targets: Annotated[tuple[Target, ...], Field(max_length=500)] = ()
    limit: Sum | None = None
    whole: Flag | None = None
    currency: Currency
    term: Term
    nature: Nature
    ruling_number: Text

    @model_validator(mode="after")
    def _reaches_one_way(self) -> Self:
        _one_of(self.limit, whole=bool(self.whole))
        return self


class Renewal(Piece):
    freeze_request_id: Identifier
    freeze_case_number: Reference
    target: Target
    term: Term
    ruling_number: Text


class Release(Piece):
    freeze_request_id: Identifier
    freeze_case_number: Reference
    target: Target
    amount: Sum | None = None
    whole: Flag | None = None
    reason: Text

    @model_validator(mode="after")
    def _reaches_one_way(self) -> Self:
        _one_of(self.amount, whole=bool(self.whole))
        return self


class Transfer(Piece):
    freeze_request_id: Identifier
    freeze_case_number: Reference
    target: Target
    amount: Sum
    currency: Currency
    account: CourtAccount


class Conversion(Piece):
    freeze_request_id: Identifier
    freeze_case_number: Reference
    target: Target


def _one_of(amount: Decimal | None, *, whole: bool) -> None:
    """A forgotten sum must not bind or free the whole: both ways of saying how much are spoken."""
    if (amount is None) != whole:
        raise PydanticCustomError("sum_or_whole", "either a sum or the whole")


class _Order(Piece):
    """What every request says before its content. The two clocks come last, as on the first day of the protocol."""

    protocol: Protocol = PROTOCOL
    message_id: Identifier
    request_id: Identifier
    order_id: Identifier
    kind: OrderKind
    agency_code: Reference
    mandate: Mandate
    subject: Subject


class AssetQueryMessage(_Order):
    """财产查询."""

    kind: Literal[OrderKind.ASSET_QUERY] = OrderKind.ASSET_QUERY
    scope: Scope
    asked_at: Instant
    answer_due_at: Instant


class FreezeMessage(_Order):
    """冻结/查封. Its request id is from then on the name of the freeze."""

    kind: Literal[OrderKind.FREEZE] = OrderKind.FREEZE
    freeze: Freeze
    asked_at: Instant
    answer_due_at: Instant


class RenewalMessage(_Order):
    """续冻/续封."""

    kind: Literal[OrderKind.RENEWAL] = OrderKind.RENEWAL
    renewal: Renewal
    asked_at: Instant
    answer_due_at: Instant


class ReleaseMessage(_Order):
    """解冻/解封."""

    kind: Literal[OrderKind.RELEASE] = OrderKind.RELEASE
    release: Release
    asked_at: Instant
    answer_due_at: Instant


class TransferMessage(_Order):
    """扣划."""

    kind: Literal[OrderKind.TRANSFER] = OrderKind.TRANSFER
    transfer: Transfer
    asked_at: Instant
    answer_due_at: Instant


class ConversionMessage(_Order):
    """保全转执行."""

    kind: Literal[OrderKind.CONVERSION] = OrderKind.CONVERSION
    conversion: Conversion
    asked_at: Instant
    answer_due_at: Instant


MeasureMessage = FreezeMessage | RenewalMessage | ReleaseMessage | TransferMessage | ConversionMessage
RequestMessage = Annotated[AssetQueryMessage | MeasureMessage, Field(discriminator="kind")]
"""请求: one agency's part of a court's order."""


class StatusQueryMessage(Piece):
    """状态查询: what became of a request."""

    protocol: Protocol = PROTOCOL
    message_id: Identifier
    request_id: Identifier


class CancellationMessage(Piece):
    """撤销: the court no longer wants the answer."""

    protocol: Protocol = PROTOCOL
    message_id: Identifier
    request_id: Identifier
    reason: Prose


class LiveListQueryMessage(Piece):
    """在册控制措施查询: which freezes of the hub are live; `after` asks for those behind that request id."""

    protocol: Protocol = PROTOCOL
    message_id: Identifier
    after: Identifier | None = None


class ReceiptMessage(Piece):
    """回执: the hub has the message, durably. The same message gets the very same receipt again."""

    protocol: Protocol = PROTOCOL
    type: Literal["receipt"] = "receipt"
    receipt_id: Identifier
    message_id: Identifier
    received_at: Instant
    sha256: Sha256
    """Of the body as it was received."""

    disposition: Disposition


# From the agency to the hub ---------------------------------------------------------------------------------------


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

_OF_MEASURES = frozenset({AnswerState.EXECUTED, AnswerState.NOT_EXECUTED})


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
    refusal: Refusal | None = None
    assets: Annotated[tuple[Asset, ...], Few] = ()
    measures: Annotated[tuple[MeasureReport, ...], Few] = ()
    remark: Prose = ""

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.state is AnswerState.REFUSED) != (self.refusal is not None):
            raise PydanticCustomError("refusal_without_reason", "refused, and only refused, tells why")
        if self.state in _OF_MEASURES:
            self._measures()
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

    def _measures(self) -> None:
        if self.part != 1:
            raise PydanticCustomError("part_not_allowed", "this state has no parts")
        if not self.measures:
            raise PydanticCustomError("measures_missing", "a measure, and nothing reported of it")
        if any(report.state for report in self.measures) != (self.state is AnswerState.EXECUTED):
            raise PydanticCustomError("effect_contradicted", "executed when one took effect, and only then")


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

Callback = Annotated[
    AnswerMessage | AcknowledgementMessage | NoticeMessage | ObjectionMessage, Field(discriminator="type")
]
"""What an agency posts by itself."""

REQUEST: TypeAdapter[AssetQueryMessage | MeasureMessage] = TypeAdapter(RequestMessage)
STATUS_QUERY = TypeAdapter(StatusQueryMessage)
CANCELLATION = TypeAdapter(CancellationMessage)
RESPONSE: TypeAdapter[AnswerMessage | AcknowledgementMessage] = TypeAdapter(Response)
CALLBACK: TypeAdapter[AnswerMessage | AcknowledgementMessage | NoticeMessage | ObjectionMessage] = (
    TypeAdapter(Callback)
)
STATUS_REPORT = TypeAdapter(StatusReportMessage)
LIVE_LIST_QUERY = TypeAdapter(LiveListQueryMessage)
LIVE_LIST = TypeAdapter(LiveListMessage)
RECEIPT = TypeAdapter(ReceiptMessage)

M = TypeVar("M")


def read(what: TypeAdapter[M], body: bytes) -> M:
    """One message of a kind that is named above. Raises `MalformedAnswer`, which repeats nothing of it."""
    return strict_json.read(what, body, branches=_BRANCHES)


_BRANCHES = frozenset({"answer", "acknowledgement", "notice", "objection", *OrderKind})

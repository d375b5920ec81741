"""The hub's own protocol, version 1, as it stands on the wire: docs/agency-protocol.md in types.

Both sides use these models, each to write its own messages and to read the other's.
"""

from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

from app.adapters import strict_json
from app.adapters.assets import Asset
from app.adapters.facts import Day, Few, Identifier, Instant, Number, Prose, Reference, Sha256, Text
from app.adapters.strict_json import CONTENT_TYPE, MAX_BYTES, write
from app.vocabulary import (
    AnswerState,
    AssetKind,
    CertificateType,
    DocumentKind,
    PartyKind,
    RefusalReason,
    RequestStatus,
)

__all__ = [
    "CANCELLATION",
    "CONTENT_TYPE",
    "MAX_BYTES",
    "PROTOCOL",
    "RECEIPT",
    "REQUEST",
    "RESPONSE",
    "STATUS_QUERY",
    "STATUS_REPORT",
    "AcknowledgementMessage",
    "AnswerMessage",
    "CancellationMessage",
    "Disposition",
    "Document",
    "Mandate",
    "Officer",
    "Piece",
    "Protocol",
    "ReceiptMessage",
    "Refusal",
    "RequestMessage",
    "Response",
    "Scope",
    "StatusQueryMessage",
    "StatusReportMessage",
    "Subject",
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


class RequestMessage(Piece):
    """请求: one agency's part of a court's order."""

    protocol: Protocol = PROTOCOL
    message_id: Identifier
    request_id: Identifier
    order_id: Identifier
    kind: Literal["asset_query"] = "asset_query"
    agency_code: Reference
    mandate: Mandate
    subject: Subject
    scope: Scope
    asked_at: Instant
    answer_due_at: Instant


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
    remark: Prose = ""

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.state is AnswerState.REFUSED) != (self.refusal is not None):
            raise PydanticCustomError("refusal_without_reason", "refused, and only refused, tells why")
        if self.state in _WHOLE or self.state is AnswerState.NOT_YET:
            if self.assets:
                raise PydanticCustomError("assets_not_allowed", "this state reports no assets")
            if self.part != 1:
                raise PydanticCustomError("part_not_allowed", "this state has no parts")
        # The last of several parts may be empty: its agency learnt only then that there was no more.
        elif not self.assets and (self.part == 1 or self.state is AnswerState.PARTIAL):
            raise PydanticCustomError("assets_missing", "found, and nothing reported")
        return self


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


Response = Annotated[AnswerMessage | AcknowledgementMessage, Field(discriminator="type")]
"""What answers a request: at once on the same connection, or later by callback."""

REQUEST = TypeAdapter(RequestMessage)
STATUS_QUERY = TypeAdapter(StatusQueryMessage)
CANCELLATION = TypeAdapter(CancellationMessage)
RESPONSE: TypeAdapter[AnswerMessage | AcknowledgementMessage] = TypeAdapter(Response)
STATUS_REPORT = TypeAdapter(StatusReportMessage)
RECEIPT = TypeAdapter(ReceiptMessage)

M = TypeVar("M")


def read(what: TypeAdapter[M], body: bytes) -> M:
    """One message of a kind that is named above. Raises `MalformedAnswer`, which repeats nothing of it."""
    return strict_json.read(what, body, branches=_BRANCHES)


_BRANCHES = frozenset({"answer", "acknowledgement"})

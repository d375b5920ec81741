"""What the hub sends: requests, questions, receipts."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.adapters.facts import (
    Currency,
    Day,
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
from app.adapters.liandong.pieces import PROTOCOL, Piece, Protocol
from app.measures.words import Nature, ThingKind
from app.vocabulary import (
    AssetKind,
    CertificateType,
    DocumentKind,
    OrderKind,
    PartyKind,
)

Disposition = Literal["applied", "late", "contradicting"]
"""What the hub did with an answer: a late or contradicting one is kept and shown to a person."""


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


class Order(Piece):
    """What every request says before its content. The two clocks come last, as on the first day of the protocol."""

    protocol: Protocol = PROTOCOL
    message_id: Identifier
    request_id: Identifier
    order_id: Identifier
    kind: OrderKind
    agency_code: Reference
    mandate: Mandate
    subject: Subject


class AssetQueryMessage(Order):
    """财产查询."""

    kind: Literal[OrderKind.ASSET_QUERY] = OrderKind.ASSET_QUERY
    scope: Scope
    asked_at: Instant
    answer_due_at: Instant


class FreezeMessage(Order):
    """冻结/查封. Its request id is from then on the name of the freeze."""

    kind: Literal[OrderKind.FREEZE] = OrderKind.FREEZE
    freeze: Freeze
    asked_at: Instant
    answer_due_at: Instant


class RenewalMessage(Order):
    """续冻/续封."""

    kind: Literal[OrderKind.RENEWAL] = OrderKind.RENEWAL
    renewal: Renewal
    asked_at: Instant
    answer_due_at: Instant


class ReleaseMessage(Order):
    """解冻/解封."""

    kind: Literal[OrderKind.RELEASE] = OrderKind.RELEASE
    release: Release
    asked_at: Instant
    answer_due_at: Instant


class TransferMessage(Order):
    """扣划."""

    kind: Literal[OrderKind.TRANSFER] = OrderKind.TRANSFER
    transfer: Transfer
    asked_at: Instant
    answer_due_at: Instant


class ConversionMessage(Order):
    """保全转执行."""

    kind: Literal[OrderKind.CONVERSION] = OrderKind.CONVERSION
    conversion: Conversion
    asked_at: Instant
    answer_due_at: Instant


MeasureMessage = FreezeMessage | RenewalMessage | ReleaseMessage | TransferMessage | ConversionMessage


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

"""What the hub and its adapters say to each other. Everything agency-specific stays on the far side of this page.

A *dialect* turns an order into bytes and bytes into an answer: pure, no I/O, no clock, no database. A *transport*
carries bytes. An *adapter* is the two together with what the agency is able to do. Values that hold personal data
show nothing of it in their `repr`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from app.adapters.assets import Asset
from app.adapters.locating import (
    CustodyNotice,
    Hit,
    HitDecisionContent,
    LocateContent,
    LookOutContent,
    RecallContent,
    WatchNotice,
)
from app.adapters.measures import (
    ConversionContent,
    FreezeContent,
    LiveList,
    MeasureContent,
    MeasureReport,
    Notice,
    Objection,
    ReleaseContent,
    RenewalContent,
    TransferContent,
)
from app.adapters.profile import KindProfile
from app.errors import ErrorCode, MalformedAnswer, Refusal
from app.vocabulary import (
    LOOK_OUTS,
    MEASURES,
    AnswerState,
    AssetKind,
    CertificateType,
    DocumentKind,
    OrderKind,
    PartyKind,
    RefusalReason,
    RequestStatus,
)


class Operation(StrEnum):
    """What a wire message does at the agency."""

    REQUEST = "request"
    STATUS_QUERY = "status_query"
    CANCELLATION = "cancellation"
    LIVE_LIST = "live_list"
    """Asks for all freezes that are live at the agency; it belongs to no request."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate number, with the other forms a registry may keep it under (the old 15-digit number)."""

    certificate_type: CertificateType
    number: str = field(repr=False)
    also_known_as: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom the order is about: always a debtor of the case (2013 Rules §7)."""

    kind: PartyKind
    name: str = field(repr=False)
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class OfficerCredentials:
    """An officer as filed with the agency beforehand (2013 Rules §2)."""

    name: str
    work_permit_number: str
    enforcement_permit_number: str
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentReference:
    """A paper that travels with the order; the agency fetches its bytes by digest."""

    document_id: UUID
    kind: DocumentKind
    title: str
    document_number: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Mandate:
    """Why the agency may and must act: who orders what, in which case, on which ground."""

    court_code: str
    court_name: str
    case_number: str
    legal_basis: str
    purpose: str
    officers: tuple[OfficerCredentials, ...]
    documents: tuple[DocumentReference, ...]


@dataclass(frozen=True, slots=True)
class QueryScope:
    """What is asked for. No kinds means all that the agency keeps; transactions only with both dates."""

    asset_kinds: tuple[AssetKind, ...] = ()
    transactions_from: date | None = None
    transactions_to: date | None = None


@dataclass(frozen=True, slots=True)
class AssetQueryOrder:
    """One agency's part of an asset query. `request_id` never changes, however often it is sent."""

    request_id: UUID
    order_id: UUID
    agency_code: str
    mandate: Mandate
    subject: Subject
    scope: QueryScope
    asked_at: datetime
    answer_due_at: datetime


@dataclass(frozen=True, slots=True)
class MeasureOrder:
    """One agency's part of a freeze, or of what follows one."""

    request_id: UUID
    order_id: UUID
    agency_code: str
    mandate: Mandate
    subject: Subject
    content: MeasureContent
    asked_at: datetime
    answer_due_at: datetime


@dataclass(frozen=True, slots=True)
class LookOutOrder:
    """One agency's part of a request to look out, of its recall, or of the court's word on a hit.

    `subject` is the debtor who is looked for, or whose vehicle is.
    """

    request_id: UUID
    order_id: UUID
    agency_code: str
    mandate: Mandate
    subject: Subject
    content: LookOutContent
    asked_at: datetime
    answer_due_at: datetime


AgencyOrder = AssetQueryOrder | MeasureOrder | LookOutOrder

_KINDS: dict[type, OrderKind] = {
    FreezeContent: OrderKind.FREEZE,
    RenewalContent: OrderKind.RENEWAL,
    ReleaseContent: OrderKind.RELEASE,
    TransferContent: OrderKind.TRANSFER,
    ConversionContent: OrderKind.CONVERSION,
    LocateContent: OrderKind.LOCATE,
    RecallContent: OrderKind.RECALL,
    HitDecisionContent: OrderKind.HIT_DECISION,
}


def kind_of(order: AgencyOrder) -> OrderKind:
    """Also the capability that the agency needs for it."""
    if isinstance(order, AssetQueryOrder):
        return OrderKind.ASSET_QUERY
    return _KINDS[type(order.content)]


@dataclass(frozen=True, slots=True)
class WireMessage:
    """Bytes for an agency. Encoding the same order again gives the same bytes (P3)."""

    operation: Operation
    request_id: UUID
    message_id: UUID
    content_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class WireReply:
    """What came back on the same connection, authenticated by the transport."""

    status: int
    content_type: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    evidence: str | None = field(default=None, repr=False)
    """The signatures of both sides, to be kept (`app.adapters.evidence`); None where the transport has none."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The agency has the request and will answer later."""

    request_id: UUID
    message_id: UUID
    agency_reference: str | None = None
    expected_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LawfulRefusal:
    reason: RefusalReason
    explanation: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an agency answers, in our words.

    `part` counts the answers to one request from 1; a `partial` answer is followed by another. `as_of` is the
    instant at which the facts were true in the agency's books. `corrects` names the message of an earlier answer to the
    same asset query which this one replaces as a whole.
    """

    request_id: UUID
    message_id: UUID
    state: AnswerState
    as_of: datetime
    part: int = 1
    agency_reference: str | None = None
    refusal: LawfulRefusal | None = None
    assets: tuple[Asset, ...] = field(default=(), repr=False)
    measures: tuple[MeasureReport, ...] = field(default=(), repr=False)
    remark: str = field(default="", repr=False)
    corrects: UUID | None = None


@dataclass(frozen=True, slots=True)
class StatusReport:
    """The reply to a status query or to a cancellation; carries the answers given so far."""

    request_id: UUID
    message_id: UUID
    status: RequestStatus
    agency_reference: str | None = None
    answers: tuple[Answer, ...] = ()


Decoded = Acknowledged | Answer | StatusReport
Posted = Acknowledged | Answer | Notice | Objection | Hit | CustodyNotice | WatchNotice
"""What an agency says by itself."""


class Dialect(Protocol):
    """How an agency writes. Every method is pure; the same arguments give the same bytes.

    Decoding raises `MalformedAnswer` for anything it does not understand, and nothing else.
    """

    @property
    def name(self) -> str:
        """For example `liandong-1`: the name an agency's row refers to."""
        ...

    def encode(self, order: AgencyOrder) -> WireMessage:
        """The order in the agency's words.

        Raises:
            MessageRejected: it does not fit the protocol, say a name is too long; so for the two below.
        """
        ...

    def encode_status_query(self, request_id: UUID) -> WireMessage: ...

    def encode_cancellation(self, request_id: UUID, reason: str) -> WireMessage: ...

    def decode_reply(self, operation: Operation, reply: WireReply) -> Decoded:
        """The reply to something that was sent."""
        ...

    def encode_live_list(self, list_id: UUID, after: UUID | None = None) -> WireMessage:
        """Asks for all live freezes behind this request id; the message's `request_id` is the list's own id."""
        ...

    def decode_live_list(self, reply: WireReply) -> LiveList:
        """The freezes of one reply, in the order of their request ids."""
        ...

    def decode_callback(self, content_type: str, body: bytes) -> Posted:
        """Something the agency posts by itself."""
        ...


class Transport(Protocol):
    """How bytes get there and back."""

    async def exchange(self, message: WireMessage, *, attempt: int) -> WireReply:
        """Carry one message. From the second `attempt` on, the agency is told of a possible duplicate.

        Raises:
            AgencyUnavailable: certainly not acted on; send again later.
            OutcomeUnknown: it may have been acted on; ask for the status first.
            MessageRejected: the agency refuses the message as such.
        """
        ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Adapter:
    """One agency as the hub speaks to it.

    Decode through these methods, not through the dialect: they also refuse what no agency of this kind can know.
    """

    agency_code: str
    capabilities: frozenset[OrderKind]
    kind: KindProfile
    dialect: Dialect
    transport: Transport

    def decode_reply(self, sent: WireMessage, reply: WireReply) -> Decoded:
        """What came back for `sent`. Raises `MalformedAnswer`, also when it is about another request."""
        decoded = self.dialect.decode_reply(sent.operation, reply)
        if decoded.request_id != sent.request_id:
            raise MalformedAnswer("the reply is about another request")
        for each in decoded.answers if isinstance(decoded, StatusReport) else (decoded,):
            _check_kinds(self.kind, each)
        return decoded

    def decode_live_list(self, reply: WireReply, after: UUID | None = None) -> LiveList:
        """What came back for a list that was asked for from `after` on.

        Raises:
            MalformedAnswer: also when it goes back behind `after`; reading on would never end.
        """
        listed = self.dialect.decode_live_list(reply)
        if after is not None and any(each.request_id <= after for each in listed.measures):
            raise MalformedAnswer("freezes were listed before")
        _check_measures(self.kind, [each.measure for each in listed.measures])
        return listed

    def decode_callback(self, content_type: str, body: bytes) -> Posted:
        """What the agency posted by itself. Raises `MalformedAnswer`."""
        return read_callback(self.dialect, self.kind, content_type, body)

    def require(self, order: OrderKind) -> None:
        """Raise `Refusal(agency_incapable)` unless the agency offers this; called before anything is sent."""
        if order not in self.capabilities:
            raise Refusal(
                ErrorCode.AGENCY_INCAPABLE,
                detail=f"{self.agency_code} does not offer {order} (未开通该项协助)",
            )


def read_callback(dialect: Dialect, kind: KindProfile, content_type: str, body: bytes) -> Posted:
    """As `Adapter.decode_callback`, for whoever receives without being able to send. Raises `MalformedAnswer`."""
    decoded = dialect.decode_callback(content_type, body)
    _check_kinds(kind, decoded)
    return decoded


def check_fits(order: OrderKind, answer: Answer) -> None:
    """Raise `MalformedAnswer` when no order of this kind is answered so: a query executed, a freeze without a report."""
    if answer.state not in _STATES[order]:
        raise MalformedAnswer(f"{order} is not answered by {answer.state}")
    if answer.state in _DONE and bool(answer.measures) is not (order in MEASURES):
        raise MalformedAnswer("a measure is reported, and nothing else is")
    if answer.corrects and order is not OrderKind.ASSET_QUERY:
        raise MalformedAnswer("only facts are corrected by an answer")


_DECLINED = frozenset({AnswerState.REFUSED, AnswerState.NOT_YET})
_NOBODY = frozenset({AnswerState.NOTHING_FOUND, AnswerState.AMBIGUOUS, AnswerState.MISMATCH})
_DONE = frozenset({AnswerState.EXECUTED, AnswerState.NOT_EXECUTED})
_STATES: Mapping[OrderKind, frozenset[AnswerState]] = {
    **dict.fromkeys(MEASURES | LOOK_OUTS, _DECLINED | _DONE),
    OrderKind.FREEZE: _DECLINED | _DONE | _NOBODY,
    OrderKind.ASSET_QUERY: _DECLINED | _NOBODY | {AnswerState.FOUND, AnswerState.PARTIAL},
}


def _check_kinds(kind: KindProfile, said: Posted) -> None:
    if isinstance(said, Answer) and not kind.reports.issuperset(asset.kind for asset in said.assets):
        raise MalformedAnswer("an agency of this kind keeps no such assets")
    if isinstance(said, Answer | Notice):
        _check_measures(kind, said.measures)
    if isinstance(said, Hit | CustodyNotice) and not kind.looks_for:
        raise MalformedAnswer("an agency of this kind looks for nobody")


def _check_measures(kind: KindProfile, reports: Iterable[MeasureReport]) -> None:
    if not kind.controls.issuperset(report.kind for report in reports):
        raise MalformedAnswer("an agency of this kind controls no such things")

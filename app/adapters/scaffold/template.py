"""Dialect `template-1`: whose protocol this is, which version, and where its description lies.

Foreign names and codes stay in this folder. A code goes through a table; one that is not in its table is malformed,
and the raw bytes stay for a person to read.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Annotated, Final, TypeVar
from uuid import UUID, uuid5

from pydantic import TypeAdapter, ValidationError

from app.adapters.assets import BankAccount
from app.adapters.contract import (
    Acknowledged,
    AgencyOrder,
    Answer,
    AssetQueryOrder,
    Decoded,
    LawfulRefusal,
    MeasureOrder,
    Operation,
    StatusReport,
    WireMessage,
    WireReply,
    kind_of,
)
from app.adapters.facts import Day, Fact, Few, Identifier, Instant, Money, Text
from app.adapters.measures import (
    FreezeContent,
    LiveList,
    MeasureReport,
    ReleaseContent,
    RenewalContent,
    Target,
    TransferContent,
    WhyNot,
)
from app.adapters.strict_json import CONTENT_TYPE, check_content_type, faults, read, write
from app.errors import MalformedAnswer, MessageRejected
from app.measures.terms import Term, end_of
from app.measures.words import State, ThingKind
from app.vocabulary import AnswerState, CertificateType, OrderKind, RefusalReason, RequestStatus

# Their codes ------------------------------------------------------------------------------------------------------

CERTIFICATES: Mapping[CertificateType, str] = {
    CertificateType.CITIZEN_ID: "01",
    CertificateType.PASSPORT: "03",
    CertificateType.UNIFIED_SOCIAL_CREDIT_CODE: "20",
}
RECEIVED = "08"
REFUSED = "09"
RESULTS: Mapping[str, AnswerState] = {
    "00": AnswerState.NOTHING_FOUND,
    "01": AnswerState.FOUND,
    "02": AnswerState.MISMATCH,
    "03": AnswerState.EXECUTED,
    "04": AnswerState.NOT_EXECUTED,
    REFUSED: AnswerState.REFUSED,
}
REASONS: Mapping[str, RefusalReason] = {
    "无文书": RefusalReason.DOCUMENT_MISSING,
    "无证件": RefusalReason.CREDENTIALS_MISSING,
}
STATUSES: Mapping[str, RequestStatus] = {
    "0": RequestStatus.UNKNOWN_REQUEST,
    "1": RequestStatus.IN_PROGRESS,
    "2": RequestStatus.ANSWERED,
    "3": RequestStatus.CANCELLED,
}

MEASURES: Mapping[OrderKind, str] = {
    OrderKind.FREEZE: "01",
    OrderKind.RENEWAL: "02",
    OrderKind.RELEASE: "04",
    OrderKind.TRANSFER: "06",
}
"""控制措施. They do not turn preservation into enforcement; an agency's row then does not offer it."""

NOT_CONTROLLED = "2"
STATES: Mapping[str, State] = {"1": State.IN_FORCE, "3": State.WAITING, "4": State.RELEASED}
WHY_NOT: Mapping[str, WhyNot] = {
    "查无账户信息": WhyNot.THING_UNKNOWN,
    "账号与被控制人姓名不匹配": WhyNot.HOLDER_MISMATCH,
    "无原冻结请求信息或冻结编号": WhyNot.FREEZE_UNKNOWN,
    "系统处理异常": WhyNot.TECHNICAL,
}

# Their messages ---------------------------------------------------------------------------------------------------


class Query(Fact):
    BDHM: Identifier
    XM: Text
    ZJLX: Text
    DSRZJHM: Text
    FYMC: Text
    AH: Text
    CBR: Text
    ZWFKSJ: Instant


class Control(Query):
    """控制请求: one measure on one account. YDJDH and YDJAH name the freeze that it follows."""

    KZCS: Text
    KHZH: Text
    JE: Money | None = None
    QX: Text | None = None
    CKWH: Text | None = None
    YDJDH: Identifier | None = None
    YDJAH: Text | None = None
    ZXKZHZH: Text | None = None


class Inquiry(Fact):
    """状态查询, or 撤回 with its reason."""

    BDHM: Identifier
    CHYY: Text | None = None


class Account(Fact):
    KHZH: Text
    CCLB: Text
    KHWD: Text
    YE: Money
    KYYE: Money


class Controlled(Fact):
    KHZH: Text
    KZZT: Text
    DJXE: Money | None = None
    SKJE: Money | None = None
    CSJSRQ: Day | None = None
    WNKZYY: Text | None = None


class Result(Fact):
    BDHM: Identifier
    JG: Text
    FKSJ: Instant
    HTYY: Text | None = None
    ZH: Annotated[tuple[Account, ...], Few] = ()
    KZ: Annotated[tuple[Controlled, ...], Few] = ()


class Progress(Fact):
    BDHM: Identifier
    ZT: Text
    FK: Result | None = None


_RESULT = TypeAdapter(Result)
_PROGRESS = TypeAdapter(Progress)

# The dialect ------------------------------------------------------------------------------------------------------


class TemplateDialect:
    """Stateless."""

    name: Final = "template-1"

    def encode(self, order: AgencyOrder) -> WireMessage:
        if isinstance(order, AssetQueryOrder):
            request = _built(Query, **_heading(order))
        elif isinstance(order, MeasureOrder):
            request = _built(Control, **_heading(order), **_measure(order))
        else:
            raise MessageRejected(f"this protocol has no words for a {kind_of(order)}")
        return _message(Operation.REQUEST, order.request_id, request)

    def encode_status_query(self, request_id: UUID) -> WireMessage:
        return _message(Operation.STATUS_QUERY, request_id, _built(Inquiry, BDHM=request_id))

    def encode_cancellation(self, request_id: UUID, reason: str) -> WireMessage:
        return _message(Operation.CANCELLATION, request_id, _built(Inquiry, BDHM=request_id, CHYY=reason))

    def encode_live_list(self, list_id: UUID, after: UUID | None = None) -> WireMessage:  # noqa: ARG002 - the contract's
        raise MessageRejected("this protocol has no list of live freezes")

    def decode_live_list(self, reply: WireReply) -> LiveList:  # noqa: ARG002 - the contract's
        raise MalformedAnswer("this protocol has no list of live freezes")

    def decode_reply(self, operation: Operation, reply: WireReply) -> Decoded:
        check_content_type(reply.content_type)
        if reply.status != 200:
            raise MalformedAnswer(f"status {reply.status}")
        if operation is Operation.REQUEST:
            return _result(read(_RESULT, reply.body), reply.body)
        return _progress(read(_PROGRESS, reply.body), reply.body)

    def decode_callback(self, content_type: str, body: bytes) -> Acknowledged | Answer:
        check_content_type(content_type)
        return _result(read(_RESULT, body), body)


def _heading(order: AgencyOrder) -> dict[str, object]:
    certificate = order.subject.certificate
    if certificate.certificate_type not in CERTIFICATES:
        raise MessageRejected(f"this protocol has no code for {certificate.certificate_type}")
    return {
        "BDHM": order.request_id,
        "XM": order.subject.name,
        "ZJLX": CERTIFICATES[certificate.certificate_type],
        "DSRZJHM": certificate.number,
        "FYMC": order.mandate.court_name,
        "AH": order.mandate.case_number,
        "CBR": "、".join(officer.name for officer in order.mandate.officers),
        # In UTC whatever zone it comes in: the same order is the same bytes.
        "ZWFKSJ": order.answer_due_at.astimezone(UTC),
    }


def _measure(order: MeasureOrder) -> dict[str, object]:
    """What cannot be said in their words is refused whole: half a measure is another measure."""
    kind = kind_of(order)
    match order.content:
        case FreezeContent(targets=(Target() as target,), limit=Decimal() as limit, currency="CNY") as freeze:
            what = {"JE": limit, "QX": _duration(freeze.term), "CKWH": freeze.ruling_number}
            return {"KZCS": MEASURES[kind], "KHZH": _account_number(target), **what}
        case RenewalContent() as renewal:
            what = {"QX": _duration(renewal.term), "CKWH": renewal.ruling_number}
        case ReleaseContent(amount=None):
            what = {}
        case TransferContent(currency="CNY") as transfer:
            what = {"JE": transfer.amount, "ZXKZHZH": transfer.account.number}
        case _:
            raise MessageRejected(f"this protocol has no words for such a {kind}")
    return {
        "KZCS": MEASURES[kind],
        "KHZH": _account_number(order.content.target),
        "YDJDH": order.content.freeze_request_id,
        "YDJAH": order.content.freeze_case_number,
        **what,
    }


def _account_number(target: Target) -> str:
    if target.kind is not ThingKind.ACCOUNT:
        raise MessageRejected(f"this protocol has no words for a {target.kind}")
    return target.identity


def _duration(term: Term) -> str:
    return f"{term.years}年{term.months}月{term.days}日"


F = TypeVar("F", bound=Fact)


def _built(what: type[F], **fields: object) -> F:
    try:
        return what(**fields)
    except ValidationError as error:
        raise MessageRejected(f"does not fit the protocol: {faults(error)}") from None


def _message(operation: Operation, request_id: UUID, content: Fact) -> WireMessage:
    body = write(content)
    return WireMessage(operation, request_id, _message_id(request_id, body), CONTENT_TYPE, body)


def _message_id(request_id: UUID, body: bytes) -> UUID:
    """Their messages have no id of their own; the same content is the same message."""
    return uuid5(request_id, sha256(body).hexdigest())


def _result(result: Result, body: bytes) -> Acknowledged | Answer:
    message_id = _message_id(result.BDHM, body)
    if result.JG == RECEIVED:
        return Acknowledged(result.BDHM, message_id)
    state = _translated(RESULTS, result.JG, "JG")
    if (state is AnswerState.FOUND) != bool(result.ZH):
        raise MalformedAnswer("JG and ZH contradict each other")
    measures = tuple(map(_controlled, result.KZ))
    if _of_measures(measures) is not (state if state in _OF_MEASURES else None):
        raise MalformedAnswer("JG and KZ contradict each other")
    refusal = None
    if state is AnswerState.REFUSED:
        refusal = LawfulRefusal(_translated(REASONS, result.HTYY or "", "HTYY"))
    return Answer(
        request_id=result.BDHM,
        message_id=message_id,
        state=state,
        as_of=result.FKSJ.astimezone(UTC),
        refusal=refusal,
        assets=tuple(map(_account, result.ZH)),
        measures=measures,
    )


_OF_MEASURES = frozenset({AnswerState.EXECUTED, AnswerState.NOT_EXECUTED})


def _of_measures(measures: Sequence[MeasureReport]) -> AnswerState | None:
    if not measures:
        return None
    took_effect = any(measure.state for measure in measures)
    return AnswerState.EXECUTED if took_effect else AnswerState.NOT_EXECUTED


def _account(account: Account) -> BankAccount:
    return BankAccount(
        account_number=account.KHZH,
        account_type=account.CCLB,
        status="active",
        balance=account.YE,
        available_balance=account.KYYE,
        branch=account.KHWD,
    )


def _controlled(controlled: Controlled) -> MeasureReport:
    why_not = state = None
    if controlled.KZZT == NOT_CONTROLLED:
        why_not = _translated(WHY_NOT, controlled.WNKZYY or "", "WNKZYY")
    else:
        state = _translated(STATES, controlled.KZZT, "KZZT")
    return MeasureReport(
        kind=ThingKind.ACCOUNT,
        identity=controlled.KHZH,
        state=state,
        why_not=why_not,
        limit=controlled.DJXE,
        held=controlled.SKJE,
        ends_at=None if controlled.CSJSRQ is None else _end(controlled.CSJSRQ),
    )


def _end(last_on: date) -> datetime:
    """They report the last day; a freeze lasts until that day is over."""
    try:
        return end_of(last_on)
    except OverflowError:
        raise MalformedAnswer("CSJSRQ: beyond the calendar") from None


def _progress(progress: Progress, body: bytes) -> StatusReport:
    answers: tuple[Answer, ...] = ()
    if progress.FK is not None:
        answer = _result(progress.FK, write(progress.FK))
        if not isinstance(answer, Answer) or answer.request_id != progress.BDHM:
            raise MalformedAnswer("FK is no answer to this request")
        answers = (answer,)
    status = _translated(STATUSES, progress.ZT, "ZT")
    if (status is RequestStatus.ANSWERED) != bool(answers):
        raise MalformedAnswer("ZT and FK contradict each other")
    return StatusReport(progress.BDHM, _message_id(progress.BDHM, body), status, answers=answers)


W = TypeVar("W")


def _translated(words: Mapping[str, W], code: str, field: str) -> W:
    if code not in words:
        raise MalformedAnswer(f"{field}: unknown code")
    return words[code]

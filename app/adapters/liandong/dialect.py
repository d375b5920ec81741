"""Dialect `liandong-1`: the hub's own protocol (docs/agency-protocol.md)."""

from collections.abc import Callable
from dataclasses import fields
from datetime import UTC
from typing import Final
from uuid import UUID, uuid5

from pydantic import TypeAdapter, ValidationError

from app.adapters.contract import (
    Acknowledged,
    AgencyOrder,
    Answer,
    AssetQueryOrder,
    Decoded,
    LawfulRefusal,
    LookOutOrder,
    MeasureOrder,
    Operation,
    Posted,
    StatusReport,
    WireMessage,
    WireReply,
    kind_of,
)
from app.adapters.liandong import wire
from app.adapters.locating import CustodyNotice, Hit, LocateContent, RecallContent, WatchNotice
from app.adapters.measures import (
    FreezeContent,
    LiveList,
    LiveMeasure,
    Notice,
    Objection,
    ReleaseContent,
)
from app.adapters.strict_json import check_content_type, faults
from app.errors import MalformedAnswer, MessageRejected
from app.measures.words import Reach


class LiandongDialect:
    """JSON, version 1. Stateless."""

    name: Final = "liandong-1"

    def encode(self, order: AgencyOrder) -> WireMessage:
        return _message(Operation.REQUEST, order.request_id, order.request_id, lambda: _request(order))

    def encode_status_query(self, request_id: UUID) -> WireMessage:
        message_id = uuid5(request_id, "status_query")
        return _message(
            Operation.STATUS_QUERY,
            request_id,
            message_id,
            lambda: wire.StatusQueryMessage(message_id=message_id, request_id=request_id),
        )

    def encode_cancellation(self, request_id: UUID, reason: str) -> WireMessage:
        message_id = uuid5(request_id, f"cancellation {reason}")
        return _message(
            Operation.CANCELLATION,
            request_id,
            message_id,
            lambda: wire.CancellationMessage(message_id=message_id, request_id=request_id, reason=reason),
        )

    def decode_reply(self, operation: Operation, reply: WireReply) -> Decoded:
        check_content_type(reply.content_type)
        if operation is not Operation.REQUEST:
            if reply.status != 200:
                raise MalformedAnswer(f"status {reply.status} with a status report")
            return _status_report(wire.read(wire.STATUS_REPORT, reply.body))
        decoded = _response(wire.read(wire.RESPONSE, reply.body))
        if reply.status != (200 if isinstance(decoded, Answer) else 202):
            raise MalformedAnswer(f"status {reply.status} contradicts the message")
        return decoded

    def encode_live_list(self, list_id: UUID, after: UUID | None = None) -> WireMessage:
        message_id = uuid5(list_id, f"live_list after {after}")
        return _message(
            Operation.LIVE_LIST,
            list_id,
            message_id,
            lambda: wire.LiveListQueryMessage(message_id=message_id, after=after),
        )

    def decode_live_list(self, reply: WireReply) -> LiveList:
        check_content_type(reply.content_type)
        if reply.status != 200:
            raise MalformedAnswer(f"status {reply.status} with a live list")
        message = wire.read(wire.LIVE_LIST, reply.body)
        return LiveList(
            message_id=message.message_id,
            as_of=message.as_of.astimezone(UTC),
            measures=tuple([LiveMeasure(each.request_id, each.measure) for each in message.measures]),
            more=message.more,
        )

    def decode_callback(self, content_type: str, body: bytes) -> Posted:
        check_content_type(content_type)
        message = wire.read(wire.CALLBACK, body)
        match message:
            case wire.NoticeMessage():
                return _notice(message)
            case wire.ObjectionMessage():
                return _objection(message)
            case wire.HitMessage():
                return _hit(message)
            case wire.CustodyNoticeMessage():
                return _custody_notice(message)
            case wire.WatchNoticeMessage():
                return _watch_notice(message)
            case _:
                return _response(message)


def _message(
    operation: Operation, request_id: UUID, message_id: UUID, build: Callable[[], wire.Piece]
) -> WireMessage:
    try:
        body = wire.write(build())
    except ValidationError as error:
        raise MessageRejected(f"does not fit the protocol: {faults(error, wire.BRANCHES)}") from None
    return WireMessage(operation, request_id, message_id, wire.CONTENT_TYPE, body)


def _request(order: AgencyOrder) -> wire.Piece:
    subject = order.subject
    envelope = {
        "message_id": order.request_id,
        "request_id": order.request_id,
        "order_id": order.order_id,
        "agency_code": order.agency_code,
        "mandate": order.mandate,
        "subject": {
            "kind": subject.kind,
            "name": subject.name,
            "certificate_type": subject.certificate.certificate_type,
            "certificate_number": subject.certificate.number,
            "also_known_as": subject.certificate.also_known_as,
        },
        # In UTC whatever the database session's zone is: the same order is the same bytes (P3).
        "asked_at": order.asked_at.astimezone(UTC),
        "answer_due_at": order.answer_due_at.astimezone(UTC),
    }
    if isinstance(order, AssetQueryOrder):
        return _QUERY.validate_python({**envelope, "scope": order.scope}, from_attributes=True)
    kind = kind_of(order)
    whole = {**envelope, "kind": kind, kind.value: _content(order)}
    return wire.REQUEST.validate_python(whole, from_attributes=True)


_QUERY = TypeAdapter(wire.AssetQueryMessage)


def _content(order: MeasureOrder | LookOutOrder) -> object:
    match order.content:
        case FreezeContent() as content:
            whole = content.limit is Reach.WHOLE
            limit = None if whole else content.limit
            return {**_shallow(content), "limit": limit, "whole": True if whole else None}
        case ReleaseContent() as content:
            return {**_shallow(content), "whole": True if content.amount is None else None}
        case LocateContent() as content:
            return {
                **_shallow(content),
                "valid_from": content.valid_from.astimezone(UTC),
                "valid_until": content.valid_until.astimezone(UTC),
                "note": content.note or None,
            }
        case RecallContent() as content:
            return {**_shallow(content), "note": content.note or None}
        case content:
            return content


def _shallow(content: FreezeContent | ReleaseContent | LocateContent | RecallContent) -> dict[str, object]:
    """Not `asdict`, which would turn the pieces into dicts, too, and is ten times slower."""
    return {field.name: getattr(content, field.name) for field in fields(content)}


def _response(message: wire.AnswerMessage | wire.AcknowledgementMessage) -> Acknowledged | Answer:
    if isinstance(message, wire.AnswerMessage):
        return _answer(message)
    return Acknowledged(
        request_id=message.request_id,
        message_id=message.message_id,
        agency_reference=message.agency_reference,
        expected_at=message.expected_at and message.expected_at.astimezone(UTC),
    )


def _answer(message: wire.AnswerMessage) -> Answer:
    refusal = message.refusal
    return Answer(
        request_id=message.request_id,
        message_id=message.message_id,
        state=message.state,
        as_of=message.as_of.astimezone(UTC),
        part=message.part,
        agency_reference=message.agency_reference,
        refusal=None if refusal is None else LawfulRefusal(refusal.reason, refusal.explanation),
        assets=message.assets,
        measures=message.measures,
        remark=message.remark,
        corrects=message.corrects,
    )


def _notice(message: wire.NoticeMessage) -> Notice:
    return Notice(
        request_id=message.request_id,
        message_id=message.message_id,
        cause=message.cause,
        as_of=message.as_of.astimezone(UTC),
        measures=message.measures,
    )


def _objection(message: wire.ObjectionMessage) -> Objection:
    return Objection(
        request_id=message.request_id,
        message_id=message.message_id,
        raised_at=message.raised_at.astimezone(UTC),
        grounds=message.grounds,
        text=message.text,
        agency_reference=message.agency_reference,
    )


def _hit(message: wire.HitMessage) -> Hit:
    return Hit(
        request_id=message.request_id,
        message_id=message.message_id,
        hit_id=message.hit_id,
        seen_at=message.seen_at.astimezone(UTC),
        place=message.place,
        source=message.source,
        confidence=message.confidence,
        reporter=message.reporter,
        circumstances=message.circumstances,
        attachment_sha256=message.attachment_sha256,
    )


def _custody_notice(message: wire.CustodyNoticeMessage) -> CustodyNotice:
    return CustodyNotice(
        request_id=message.request_id,
        message_id=message.message_id,
        hit_id=message.hit_id,
        stage=message.stage,
        at=message.at.astimezone(UTC),
        place=message.place,
        came_along=message.came_along,
    )


def _watch_notice(message: wire.WatchNoticeMessage) -> WatchNotice:
    return WatchNotice(
        request_id=message.request_id,
        message_id=message.message_id,
        kind=message.kind,
        happened_at=message.happened_at.astimezone(UTC),
        place=message.place,
        detail=message.detail,
    )


def _status_report(message: wire.StatusReportMessage) -> StatusReport:
    return StatusReport(
        request_id=message.request_id,
        message_id=message.message_id,
        status=message.status,
        agency_reference=message.agency_reference,
        answers=tuple(map(_answer, message.answers)),
    )

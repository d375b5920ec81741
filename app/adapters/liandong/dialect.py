"""Dialect `liandong-1`: the hub's own protocol (docs/agency-protocol.md)."""

from collections.abc import Callable
from datetime import UTC
from typing import Final
from uuid import UUID, uuid5

from pydantic import ValidationError

from app.adapters.contract import (
    Acknowledged,
    AgencyOrder,
    Answer,
    Decoded,
    LawfulRefusal,
    Operation,
    StatusReport,
    WireMessage,
    WireReply,
)
from app.adapters.liandong import wire
from app.adapters.strict_json import check_content_type, faults
from app.errors import MalformedAnswer, MessageRejected


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

    def decode_callback(self, content_type: str, body: bytes) -> Acknowledged | Answer:
        check_content_type(content_type)
        return _response(wire.read(wire.RESPONSE, body))


def _message(
    operation: Operation, request_id: UUID, message_id: UUID, build: Callable[[], wire.Piece]
) -> WireMessage:
    try:
        body = wire.write(build())
    except ValidationError as error:
        raise MessageRejected(f"does not fit the protocol: {faults(error)}") from None
    return WireMessage(operation, request_id, message_id, wire.CONTENT_TYPE, body)


def _request(order: AgencyOrder) -> wire.RequestMessage:
    subject = order.subject
    return wire.REQUEST.validate_python(
        {
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
            "scope": order.scope,
            # In UTC whatever the database session's zone is: the same order is the same bytes (P3).
            "asked_at": order.asked_at.astimezone(UTC),
            "answer_due_at": order.answer_due_at.astimezone(UTC),
        },
        from_attributes=True,
    )


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
        remark=message.remark,
    )


def _status_report(message: wire.StatusReportMessage) -> StatusReport:
    return StatusReport(
        request_id=message.request_id,
        message_id=message.message_id,
        status=message.status,
        agency_reference=message.agency_reference,
        answers=tuple(map(_answer, message.answers)),
    )

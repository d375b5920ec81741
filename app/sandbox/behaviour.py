"""When an agency answers: at once, later, or in parts; and how a finding becomes its answers."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from app.adapters.liandong import wire
from app.adapters.liandong.wire import AcknowledgementMessage, AnswerMessage, RequestMessage
from app.ids import new_id
from app.sandbox.entries import AnswerDraft, Decision
from app.sandbox.lookup import Finding
from app.vocabulary import AgencyKind, AnswerState


class Manner(StrEnum):
    AT_ONCE = "at_once"
    """The reply to the request is the answer."""

    LATER = "later"
    """Acknowledges, and posts the answer after the delay."""

    IN_PARTS = "in_parts"
    """Acknowledges, posts half of what it found after the delay and the rest after a second one."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    manner: Manner
    delay: timedelta = timedelta(milliseconds=300)


class Moment(NamedTuple):
    """When a request is decided: by the world's clock, and by the agency's calendar, which facts are dated by."""

    now: datetime
    by_calendar: datetime


USUAL: dict[AgencyKind, Behaviour] = {
    AgencyKind.BANK: Behaviour(Manner.AT_ONCE),
    AgencyKind.TAX: Behaviour(Manner.AT_ONCE),
    AgencyKind.VEHICLE: Behaviour(Manner.AT_ONCE),
    AgencyKind.LAND: Behaviour(Manner.LATER),
    AgencyKind.POLICE: Behaviour(Manner.IN_PARTS),
}


@dataclass(frozen=True, slots=True)
class Desk:
    """Where one agency's findings are put into words."""

    agency_code: str
    behaviour: Behaviour

    def at_once(self) -> "Desk":
        """The same desk where there is no time for an acknowledgement."""
        return replace(self, behaviour=replace(self.behaviour, manner=Manner.AT_ONCE))

    def decide(self, request: RequestMessage, finding: Finding, at: Moment) -> Decision:
        """Everything the agency will say about a request that it saw at this moment."""
        manner, delay = self.behaviour.manner, self.behaviour.delay
        reference = self._reference(request.request_id)
        if manner is Manner.AT_ONCE:
            drafts = [_draft(request.request_id, reference, finding, at.by_calendar)]
            return _decision(request, finding, reference, None, drafts)
        parts = _halves(finding) if manner is Manner.IN_PARTS else [finding]
        drafts = [
            _draft(request.request_id, reference, part, at.by_calendar, number, at.now + number * delay)
            for number, part in enumerate(parts, 1)
        ]
        acknowledgement = _acknowledgement(request.request_id, reference, at.now + len(parts) * delay)
        return _decision(request, finding, reference, acknowledgement, drafts)

    def fall_silent(self, request: RequestMessage, finding: Finding, at: Moment) -> Decision:
        """An acknowledgement that nothing ever follows; a measure that was ordered stands all the same."""
        reference = self._reference(request.request_id)
        acknowledgement = _acknowledgement(request.request_id, reference, at.now + self.behaviour.delay)
        return _decision(request, finding, reference, acknowledgement, [])

    def _reference(self, request_id: UUID) -> str:
        return f"{self.agency_code}-{request_id.hex[-12:]}"


def _halves(finding: Finding) -> list[Finding]:
    """Two parts where there are two things to tell; a measure is told whole."""
    if len(finding.assets) < 2 or finding.measures:
        return [finding]
    middle = len(finding.assets) // 2
    return [
        Finding(AnswerState.PARTIAL, finding.assets[:middle]),
        Finding(finding.state, finding.assets[middle:]),
    ]


def _draft(  # noqa: PLR0913, PLR0917 - the facts of one message, put together in one place
    request_id: UUID,
    reference: str,
    finding: Finding,
    as_of: datetime,
    part: int = 1,
    callback_due_at: datetime | None = None,
) -> AnswerDraft:
    refusal = None
    if finding.refusal:
        refusal = wire.Refusal(reason=finding.refusal, explanation=finding.explanation)
    message = AnswerMessage(
        message_id=new_id(),
        request_id=request_id,
        state=finding.state,
        as_of=as_of,
        part=part,
        agency_reference=reference,
        refusal=refusal,
        assets=finding.assets,
        measures=finding.measures,
        remark=finding.remark,
    )
    return AnswerDraft(message.message_id, part, finding.state, wire.write(message), callback_due_at)


def _acknowledgement(request_id: UUID, reference: str, expected_at: datetime) -> bytes:
    return wire.write(
        AcknowledgementMessage(
            message_id=new_id(), request_id=request_id, agency_reference=reference, expected_at=expected_at
        )
    )


def _decision(
    request: RequestMessage,
    finding: Finding,
    reference: str,
    acknowledgement: bytes | None,
    drafts: list[AnswerDraft],
) -> Decision:
    return Decision(
        order_id=request.order_id,
        subject=sha256(request.subject.certificate_number.encode()).hexdigest(),
        state=finding.state,
        agency_reference=reference,
        acknowledgement=acknowledgement,
        answers=tuple(drafts),
    )

"""What an agency said, applied: the one way for replies on the wire and for callbacks, for one message or many.

Everything received is stored raw. An identical repeat changes nothing and gets the same receipt; other content
under the same message id is a conflict (P9). An answer that comes after the end, or contradicts one on record, is
kept beside it for a person to look at and never overwrites (P10).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.contract import Acknowledged, Answer, Posted, StatusReport
from app.adapters.locating import CustodyNotice, Hit, WatchNotice
from app.adapters.measures import Notice, Objection
from app.adapters.transports.liaison import LIAISON
from app.audit.entry import Actor
from app.crypto import Vault
from app.ids import new_id
from app.linkage.answering import advance, answered, applied_parts, fits
from app.linkage.control.mirror import Mirror, load_mirror
from app.linkage.control.objecting import raise_objection
from app.linkage.control.settling import settle_freezes
from app.linkage.control.surplus import hold_sums, watch_surplus
from app.linkage.correcting import Corrections, load_corrections
from app.linkage.ledger import Ledger
from app.linkage.liaison.desk import lay_on_desk
from app.linkage.locating.ending import seals_gone
from app.linkage.locating.hearing import LookOuts, Word, load_look_outs
from app.linkage.locating.watching import closed_cases, take_watch
from app.linkage.matters import Deed, Matter, lock_matters
from app.linkage.messages import Fate, Known, Receipt, Received, fingerprint, known_messages
from app.models.agency_request import NEXT, RequestState
from app.models.message import Direction, Disposition
from app.vocabulary import (
    LOOK_OUTS,
    MEASURES,
    ActorKind,
    AnswerState,
    AuditAction,
    EventType,
    OrderKind,
    RequestStatus,
)


async def receive(session: AsyncSession, vault: Vault, message: Received) -> Receipt:
    """Store and apply one message that came by itself. Flushes, never commits."""
    ledger = Ledger(vault)
    matters = await lock_matters(session, [message.decoded.request_id])
    [receipt] = await apply(session, ledger, matters, [message])
    await ledger.write(session, message.at)
    return receipt


async def apply(
    session: AsyncSession, ledger: Ledger, matters: dict[UUID, Matter], messages: Sequence[Received]
) -> list[Receipt]:
    """Judge messages in their order, into `ledger`; one receipt for each. `matters` are locked by the caller.

    A status report stands for the answers in it: they are applied as if each had come by itself.
    """
    if not messages:
        return []
    # After the lock: whoever recorded the same message before us has committed by now.
    known = await known_messages(session, messages)
    parts = await applied_parts(session, matters)
    mirror = await load_mirror(session, ledger, matters.values())
    measured = _cases_with_measures(matters)
    look_outs = None
    if _look_for_somebody(matters):
        await hold_sums(session, measured)  # which a claim that is settled holds when it ends looking out
        said = [(message.agency_id, message.decoded) for message in messages]
        look_outs = await load_look_outs(session, ledger, matters.values(), said)
    corrections = await load_corrections(session, ledger, [message.decoded for message in messages])
    closed = await _closed_and_watched(session, matters, messages)
    hearing = _Hearing(ledger, matters, known, parts, mirror, look_outs, corrections, closed)
    receipts = [hearing.hear(message) for message in messages]
    now = max(message.at for message in messages)
    await settle_freezes(session, ledger, matters.values(), now)
    await watch_surplus(session, ledger, measured, now)
    if mirror is not None:
        await seals_gone(session, ledger, mirror.freezes.values(), now)
    if look_outs is not None:
        await look_outs.settle(session, now)
    if corrections is not None:
        await corrections.settle(session, now)
    return receipts


def _look_for_somebody(matters: dict[UUID, Matter]) -> bool:
    return any(matter.request.kind in LOOK_OUTS for matter in matters.values())


def _cases_with_measures(matters: dict[UUID, Matter]) -> set[UUID]:
    return {matter.request.case_id for matter in matters.values() if matter.request.kind in MEASURES}


async def _closed_and_watched(
    session: AsyncSession, matters: dict[UUID, Matter], messages: Sequence[Received]
) -> Collection[UUID]:
    watched = {message.decoded.request_id for message in messages if isinstance(message.decoded, WatchNotice)}
    if not watched:
        return ()
    return await closed_cases(session, {matters[each].request.case_id for each in watched & matters.keys()})


@dataclass(frozen=True, slots=True)
class _Hearing:
    ledger: Ledger
    matters: dict[UUID, Matter]
    known: dict[tuple[UUID, UUID], Known]
    parts: dict[UUID, set[int]]
    mirror: Mirror | None
    """None when nothing of this is about a freeze."""

    look_outs: LookOuts | None
    """None when nothing of this is about looking out."""

    corrections: Corrections | None
    """None when nothing of this corrects anything."""

    closed: Collection[UUID]
    """Of the cases that somebody has noticed something for: those that are closed."""

    def hear(self, message: Received) -> Receipt:
        matter = self.matters.get(message.decoded.request_id)
        if matter is None or not _addressed(matter, message):
            self.ledger.refuse(message.agency_code, message.raw, Fate.FOREIGN, message.at)
            return _receipt(new_id(), Fate.FOREIGN, message)
        if isinstance(message.decoded, StatusReport):
            return self._report(matter, message, message.decoded)
        return self._one(matter, message)

    def _report(self, matter: Matter, message: Received, report: StatusReport) -> Receipt:
        for answer in report.answers:
            self._one(matter, replace(message, decoded=answer))
        self._take_status(matter, report, message.at)
        deed = Deed(AuditAction.STATUS_REPORTED, _agency(message), message.at, report.status)
        self.ledger.note(matter, deed, received=message.raw)
        # Without its message id: an agency may give the same one to every report on a request.
        row_id = self._store(message, matter, _Label())
        return _receipt(row_id, Fate.APPLIED, message)

    def _take_status(self, matter: Matter, report: StatusReport, at: datetime) -> None:
        request = matter.request
        match report.status:
            case RequestStatus.UNKNOWN_REQUEST:
                if self._is_not_wanted(request.id):
                    self._cancelled(matter, at)  # and the agency never had it
                elif request.state is not RequestState.QUEUED and RequestState.QUEUED in NEXT[request.state]:
                    request.move_to(RequestState.QUEUED, at)
                    self.ledger.announce(matter.event(EventType.REQUEST_REQUEUED))
            case RequestStatus.RECEIVED | RequestStatus.IN_PROGRESS:
                self._acknowledge(matter, report.agency_reference, None, at)
            case RequestStatus.CANCELLED:
                self._cancelled(matter, at)
            case RequestStatus.ANSWERED:
                pass  # its answers have been applied above

    def _is_not_wanted(self, request_id: UUID) -> bool:
        if self.mirror is not None and self.mirror.is_being_released(request_id):
            return True
        return self.look_outs is not None and self.look_outs.is_being_recalled(request_id)

    def _cancelled(self, matter: Matter, at: datetime) -> None:
        if RequestState.CANCELLED in NEXT[matter.request.state]:
            matter.request.move_to(RequestState.CANCELLED, at)
            self.ledger.announce(matter.event(EventType.REQUEST_CANCELLED))
            if self.look_outs is not None:
                self.look_outs.cancelled(matter, at)

    def _one(self, matter: Matter, message: Received) -> Receipt:
        decoded = message.decoded
        assert not isinstance(decoded, StatusReport)
        print_ = fingerprint(decoded)
        before = self.known.get((message.agency_id, decoded.message_id))
        if before is not None:
            return self._again(matter, message, before, print_)
        row_id = new_id()
        fate = self._take(matter, message, decoded, row_id)
        # What became of an answer stands beside the answer, and of anything else beside its message.
        parked = None if isinstance(decoded, Answer) or fate is Fate.APPLIED else fate.value
        self._store(message, matter, _Label(row_id, decoded.message_id, print_, parked))
        receipt = _receipt(row_id, fate, message)
        self.known[(message.agency_id, decoded.message_id)] = Known(print_, receipt)
        return receipt

    def _take(self, matter: Matter, message: Received, decoded: Posted, row_id: UUID) -> Fate:
        match decoded:
            case Notice():
                return self._notice(matter, message, decoded)
            case Objection():
                return self._objection(matter, message, decoded, row_id)
            case Hit() | CustodyNotice():
                return self._seen(matter, message, decoded, row_id)
            case WatchNotice():
                return self._watched(matter, message, decoded, row_id)
            case Answer() if decoded.state is not AnswerState.NOT_YET:
                return self._answer(matter, message, decoded, row_id)
            case _:
                return self._not_yet(matter, message, decoded)

    def _notice(self, matter: Matter, message: Received, notice: Notice) -> Fate:
        """What happened to a freeze without an order of ours; only a freeze can have it."""
        if self.mirror is None or matter.request.kind is not OrderKind.FREEZE:
            return Fate.CONTRADICTING
        self.mirror.apply_notice(matter, notice)
        deed = Deed(AuditAction.FREEZE_CHANGED, _agency(message), message.at, message_id=notice.message_id)
        self.ledger.note(matter, deed, received=message.raw)
        return Fate.APPLIED

    def _objection(self, matter: Matter, message: Received, objection: Objection, row_id: UUID) -> Fate:
        """The measure stands meanwhile; the court answers within 15 days (2013 Rules §6)."""
        if matter.request.kind not in MEASURES:
            return Fate.CONTRADICTING
        raise_objection(self.ledger, matter, objection, row_id, message.at)
        deed = Deed(
            AuditAction.OBJECTION_RAISED, _agency(message), message.at, message_id=objection.message_id
        )
        self.ledger.note(matter, deed, received=message.raw)
        return Fate.APPLIED

    def _seen(self, matter: Matter, message: Received, said: Hit | CustodyNotice, row_id: UUID) -> Fate:
        if self.look_outs is None:
            return Fate.CONTRADICTING
        return Fate(self.look_outs.hear(_word(matter, message, row_id), said).value)

    def _watched(self, matter: Matter, message: Received, notice: WatchNotice, row_id: UUID) -> Fate:
        word = _word(matter, message, row_id)
        over = self.look_outs is not None and not self.look_outs.is_carried_out(word, notice)
        if over or matter.request.case_id in self.closed:
            fate = Fate.LATE
        else:
            fate = Fate(take_watch(self.ledger, matter, notice, row_id, message.at).value)
        deed = Deed(AuditAction.WATCH_NOTICED, _agency(message), message.at, fate, notice.message_id)
        self.ledger.note(matter, deed, received=message.raw)
        return fate

    def _again(self, matter: Matter, message: Received, before: Known, print_: bytes) -> Receipt:
        conflict = before.fingerprint != print_
        action = AuditAction.MESSAGE_REFUSED if conflict else AuditAction.ANSWER_REPEATED
        outcome = Fate.CONFLICT if conflict else before.receipt.fate
        deed = Deed(action, _agency(message), message.at, outcome)
        self.ledger.note(matter, deed, received=message.raw)
        if not conflict:
            return replace(before.receipt, repeated=True)
        row_id = self._store(message, matter, _Label(parked=Fate.CONFLICT))
        return _receipt(row_id, Fate.CONFLICT, message)

    def _not_yet(self, matter: Matter, message: Received, decoded: Acknowledged | Answer) -> Fate:
        expected = decoded.expected_at if isinstance(decoded, Acknowledged) else None
        self._acknowledge(matter, decoded.agency_reference, expected, message.at)
        if isinstance(decoded, Answer) and matter.request.answer_state is None:
            matter.request.answer_state = AnswerState.NOT_YET
        deed = Deed(
            AuditAction.REQUEST_ACKNOWLEDGED,
            _agency(message),
            message.at,
            message_id=decoded.message_id,
        )
        self.ledger.note(matter, deed, received=message.raw)
        return Fate.APPLIED

    def _acknowledge(
        self, matter: Matter, reference: str | None, expected_at: datetime | None, at: datetime
    ) -> None:
        """A late acknowledgement of something already answered says nothing new."""
        request = matter.request
        request.agency_reference = reference or request.agency_reference
        if RequestState.ACKNOWLEDGED not in NEXT[request.state]:
            return
        request.move_to(RequestState.ACKNOWLEDGED, at)
        if self.look_outs is not None:
            self.look_outs.acknowledged(matter, at)
        if matter.transport == LIAISON:
            lay_on_desk(self.ledger, matter, at)
        expected = expected_at.isoformat() if expected_at else None
        self.ledger.announce(matter.event(EventType.REQUEST_ACKNOWLEDGED, expected_at=expected))

    def _answer(self, matter: Matter, message: Received, answer: Answer, row_id: UUID) -> Fate:
        if answer.corrects is not None and self._may_correct(matter, answer):
            return self._corrected(matter, message, answer, row_id)
        disposition = self._disposition(matter, answer)
        answer_id = self.ledger.answer(matter, answer, row_id, disposition, message.at)
        if disposition is Disposition.APPLIED:
            self.parts.setdefault(matter.request.id, set()).add(answer.part)
            advance(matter, answer, message.at)
            self.ledger.assets(matter, answer, answer_id, message.at)
            if self.mirror is not None and matter.request.kind in MEASURES:
                self.mirror.apply_answer(matter, answer)
            if self.look_outs is not None:
                self.look_outs.apply_answer(_word(matter, message, row_id), answer)
            self.ledger.announce(answered(matter, answer))
            action = AuditAction.ANSWER_APPLIED
        else:
            self.ledger.announce(
                matter.event(EventType.ANSWER_SET_ASIDE, disposition=disposition, part=answer.part)
            )
            if self.look_outs is not None:
                self.look_outs.set_aside(_word(matter, message, row_id), answer)
            action = AuditAction.ANSWER_SET_ASIDE
        deed = Deed(action, _agency(message), message.at, f"{disposition}:{answer.state}", answer.message_id)
        self.ledger.note(matter, deed, received=message.raw)
        return Fate(disposition.value)

    def _may_correct(self, matter: Matter, answer: Answer) -> bool:
        if self.corrections is None or matter.request.state in {
            RequestState.CANCELLED,
            RequestState.GIVEN_UP,
        }:
            return False
        return fits(matter.request.kind, answer) and self.corrections.can(matter, answer)

    def _corrected(self, matter: Matter, message: Received, answer: Answer, row_id: UUID) -> Fate:
        assert self.corrections is not None
        self.corrections.take(matter, answer, row_id, message.at)
        deed = Deed(
            AuditAction.ANSWER_CORRECTED, _agency(message), message.at, answer.state, answer.message_id
        )
        self.ledger.note(matter, deed, received=message.raw)
        return Fate.APPLIED

    def _disposition(self, matter: Matter, answer: Answer) -> Disposition:
        request = matter.request
        if request.state in {RequestState.CANCELLED, RequestState.GIVEN_UP}:
            return Disposition.LATE
        if not fits(request.kind, answer):
            return Disposition.CONTRADICTING
        beyond = request.final_part is not None and answer.part > request.final_part
        if request.state in {RequestState.ANSWERED, RequestState.REFUSED} or beyond or answer.corrects:
            return Disposition.CONTRADICTING
        if answer.part in self.parts.get(request.id, ()):
            return Disposition.CONTRADICTING
        return Disposition.APPLIED

    def _store(self, message: Received, matter: Matter, label: "_Label") -> UUID:
        return self.ledger.message(
            id=label.row_id,
            agency_id=message.agency_id,
            request_id=matter.request.id,
            direction=Direction.IN,
            operation=message.operation,
            message_id=label.message_id,
            content_type=message.content_type,
            body=message.raw,
            fingerprint=label.fingerprint,
            signature=message.signature,
            parked_reason=label.parked,
            at=message.at,
        )


@dataclass(frozen=True, slots=True)
class _Label:
    """How a message is kept."""

    row_id: UUID | None = None
    message_id: UUID | None = None
    """None for what may be said again under the same id."""

    fingerprint: bytes | None = None
    parked: str | None = None


def _word(matter: Matter, message: Received, row_id: UUID) -> Word:
    return Word(matter, message.decoded.message_id, row_id, message.raw, message.at)


def _addressed(matter: Matter, message: Received) -> bool:
    """Only the agency that was asked may answer, and nobody can answer what was never sent."""
    return matter.request.agency_id == message.agency_id and matter.request.times_sent > 0


def _receipt(receipt_id: UUID, fate: Fate, message: Received) -> Receipt:
    return Receipt(receipt_id, message.decoded.message_id, fate, message.at, sha256(message.raw).hexdigest())


def _agency(message: Received) -> Actor:
    return Actor(ActorKind.AGENCY, message.agency_code)

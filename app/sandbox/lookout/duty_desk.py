"""Carries the hub's orders about look-outs out: enters them, ends them, and holds only whom the court confirmed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from app.adapters.kinds import KINDS
from app.adapters.liandong.wire import HitDecisionMessage, LocateMessage, LookOutMessage, RecallMessage
from app.identifiers import same_name
from app.sandbox.lookout.records import KeptHit
from app.sandbox.lookout.register import LookOuts
from app.sandbox.lookup import Finding, Registry, refused_for
from app.vocabulary import (
    AnswerState,
    DocumentKind,
    HitDecision,
    LocateGround,
    RefusalReason,
    Wanted,
    WantedAction,
)


class Allowed(NamedTuple):
    """What a ground is for, and the paper that proves it."""

    wanted: Wanted
    paper: DocumentKind
    actions: frozenset[WantedAction]


_HOLD = frozenset({WantedAction.REPORT_ONLY, WantedAction.HOLD_AND_NOTIFY})
ALLOWED: Mapping[LocateGround, Allowed] = {
    LocateGround.SUMMONS_BY_FORCE: Allowed(Wanted.PERSON, DocumentKind.SUMMONS, _HOLD),
    LocateGround.DETENTION_DECISION: Allowed(Wanted.PERSON, DocumentKind.DETENTION_DECISION, _HOLD),
    LocateGround.CRIMINAL_WARRANT: Allowed(
        Wanted.PERSON, DocumentKind.CRIMINAL_WARRANT, frozenset(WantedAction)
    ),
    LocateGround.SEIZURE_RULING: Allowed(Wanted.VEHICLE, DocumentKind.RULING, _HOLD),
}
"""Online pursuit is for suspects of a crime, never for a mere debtor."""


@dataclass(frozen=True, slots=True)
class DutyDesk:
    """One agency's."""

    registry: Registry

    def carry_out(self, message: LookOutMessage, look_outs: LookOuts) -> Finding:
        """Do what is ordered, or say why not; `not_yet` when the agency is silent about recalls."""
        look_outs.let_time_pass()
        if not KINDS[self.registry.kind].looks_for:
            return refused_for(RefusalReason.OUT_OF_SCOPE, "本单位不承担查找、布控")
        match message:
            case LocateMessage():
                return self._locate(message, look_outs)
            case RecallMessage():
                return _recall(message, look_outs)
            case HitDecisionMessage():
                return _decide(message, look_outs)

    def _locate(self, message: LocateMessage, look_outs: LookOuts) -> Finding:
        refused = self._refusal(message)
        if refused:
            return refused
        if look_outs.is_recalled(message.request_id):
            return _not_done("该布控请求已撤控")
        if message.locate.valid_until <= look_outs.at:
            return _not_done("布控期限已届满")
        numbers = (message.subject.certificate_number, *message.subject.also_known_as)
        found = self.registry.subjects(numbers)
        if any(not same_name(each.name, message.subject.name) for each in found):
            return _not_done("证件号码登记的姓名与请求不符")
        look_outs.enter(message)
        return Finding(AnswerState.EXECUTED)

    def _refusal(self, message: LocateMessage) -> Finding | None:
        """An agency acts on the paper of the ground, for officers whose two papers were filed with it."""
        allowed = ALLOWED[message.locate.ground]
        wanted = Wanted.VEHICLE if message.locate.vehicle else Wanted.PERSON
        if wanted not in KINDS[self.registry.kind].looks_for:
            return refused_for(RefusalReason.NOT_COMPETENT, "本单位仅查找车辆")
        papers = {document.kind for document in message.mandate.documents}
        if not papers.issuperset({allowed.paper, DocumentKind.ENFORCEMENT_NOTICE}):
            return refused_for(RefusalReason.DOCUMENT_MISSING, "缺少协助执行通知书或布控依据文书")
        if not message.mandate.officers:
            return refused_for(RefusalReason.CREDENTIALS_MISSING, "缺少执行人员的工作证和执行公务证")
        if wanted is not allowed.wanted or message.locate.action not in allowed.actions:
            return refused_for(RefusalReason.LEGALLY_BARRED, "该依据不得采取所要求的措施")
        return None


def _recall(message: RecallMessage, look_outs: LookOuts) -> Finding:
    """What was never entered is noted, too, so that it will not be when it comes after its recall."""
    entered = look_outs.find(message.recall.locate_request_id)
    if entered and entered.case_number != message.recall.locate_case_number:
        return _not_done("案号与布控请求不符")
    look_outs.recall(message)
    return Finding(AnswerState.EXECUTED if look_outs.heeding else AnswerState.NOT_YET)


def _decide(message: HitDecisionMessage, look_outs: LookOuts) -> Finding:
    decided = message.hit_decision
    hit = look_outs.hit(decided.hit_id)
    if hit is None or hit.look_out_id != decided.locate_request_id:
        return _not_done("无此线索")
    look_outs.note_decision(message)
    if decided.decision is HitDecision.CONFIRMED:
        return _hold(hit, look_outs)
    held = look_outs.held(hit.hit_id)
    if decided.decision is HitDecision.NOT_HIM and held and not held.is_over:
        look_outs.release(held, look_outs.at)
    return Finding(AnswerState.EXECUTED)


def _hold(hit: KeptHit, look_outs: LookOuts) -> Finding:
    entered = look_outs.find(hit.look_out_id)
    if entered is None or not look_outs.is_live(entered):
        return _not_done("布控已撤销或已失效")
    if entered.action is not WantedAction.REPORT_ONLY and look_outs.held(hit.hit_id) is None:
        look_outs.hold(hit)
    return Finding(AnswerState.EXECUTED)


def _not_done(why: str) -> Finding:
    return Finding(AnswerState.NOT_EXECUTED, remark=why)

"""Orders about look-outs, as a hub would send them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from app.adapters.contract import LookOutOrder
from app.adapters.locating import (
    HitDecisionContent,
    LocateContent,
    LookOutContent,
    RecallContent,
    WantedVehicle,
)
from app.ids import new_id
from app.sandbox.population import Subject
from app.sandbox.population.records import Debtor
from app.vocabulary import (
    DocumentKind,
    EndReason,
    HitDecision,
    LocateGround,
    Urgency,
    WantedAction,
)
from tests.integration.sandbox_hub import NOTICE, ORDERING_NOTICE, POPULATION, RULING, order

CASE = "（2018）豫1424执1352号"
MONTHS = timedelta(days=90)


def paper(kind: DocumentKind) -> Any:
    return replace(NOTICE, document_id=new_id(), kind=kind)


PAPERS = {
    LocateGround.SUMMONS_BY_FORCE: paper(DocumentKind.SUMMONS),
    LocateGround.DETENTION_DECISION: paper(DocumentKind.DETENTION_DECISION),
    LocateGround.CRIMINAL_WARRANT: paper(DocumentKind.CRIMINAL_WARRANT),
    LocateGround.SEIZURE_RULING: RULING,
}


def as_debtor(subject: Subject) -> Debtor:
    return Debtor(subject.name, subject.certificate_type, subject.number)


def person(index: int) -> Debtor:
    return as_debtor(POPULATION.person(index))


def look_out(code: str, about: Debtor, content: LookOutContent, **changes: Any) -> LookOutOrder:
    query = order(code, about, mandate=changes.pop("mandate", {}))
    whole = LookOutOrder(
        query.request_id,
        query.order_id,
        code,
        query.mandate,
        query.subject,
        content,
        query.asked_at,
        query.answer_due_at,
    )
    return replace(whole, **changes)


def locate(
    code: str,
    about: Debtor,
    ground: LocateGround = LocateGround.DETENTION_DECISION,
    action: WantedAction = WantedAction.HOLD_AND_NOTIFY,
    **changes: Any,
) -> LookOutOrder:
    """`changes` of the order; those of its content under `content`."""
    now = datetime.now(UTC)
    content = LocateContent(
        ground=ground,
        ground_number="（2018）豫1424司惩7号",
        action=action,
        urgency=Urgency.URGENT,
        duty_phone="12000000110",
        valid_from=now - timedelta(minutes=1),
        valid_until=now + MONTHS,
    )
    papers = {"documents": (ORDERING_NOTICE, PAPERS[ground])}
    mandate = {**papers, **changes.pop("mandate", {})}
    content = replace(content, **changes.pop("content", {}))
    return look_out(code, about, content, mandate=mandate, **changes)


def locate_car(code: str, about: Debtor, car: WantedVehicle, **changes: Any) -> LookOutOrder:
    content = {"vehicle": car, **changes.pop("content", {})}
    return locate(code, about, LocateGround.SEIZURE_RULING, content=content, **changes)


def recall(
    located: LookOutOrder, reason: EndReason = EndReason.CLEARED, case_number: str = CASE
) -> LookOutOrder:
    return following(located, RecallContent(located.request_id, case_number, reason))


def decide(
    located: LookOutOrder, hit_id: UUID, decision: HitDecision = HitDecision.CONFIRMED
) -> LookOutOrder:
    minutes = 30 if decision is HitDecision.MORE_TIME else None
    return following(located, HitDecisionContent(located.request_id, hit_id, decision, minutes))


def following(located: LookOutOrder, content: LookOutContent) -> LookOutOrder:
    """An order of its own, in the name of the same court about the same debtor."""
    return replace(located, request_id=new_id(), order_id=new_id(), content=content)

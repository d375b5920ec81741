"""司法拘留, recorded and checked: at most fifteen days, once for an act, the family told within a day."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field
from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.record import record
from app.errors import ErrorCode, FieldError, Refusal
from app.ids import new_id
from app.linkage.acting import Acting
from app.linkage.callers import about, entry_of
from app.linkage.control.drafting import open_case, refusal
from app.linkage.control.papers import check_complete, papers_named
from app.linkage.control.tasks import About, NewTask, task_of
from app.linkage.courts import find_officer
from app.linkage.events import NewEvent, announce
from app.linkage.fields import Demand, Line
from app.linkage.locating.demands import Permit
from app.linkage.locating.drafting import find_debtor
from app.linkage.locating.ending import end_of_decision
from app.linkage.locating.errands import Errands, close_errands
from app.linkage.locating.lookouts import Hand
from app.measures.terms import day_in_china
from app.models import Case, Custody, Detention, Document, LocateRequest, Party
from app.models.coercion import LONGEST_DETENTION_DAYS, DetainedFor, DetentionEnding
from app.models.locating import CustodyState
from app.models.task import TaskKind
from app.vocabulary import AuditAction, DocumentKind, EventType, OfficerRole

FAMILY_WITHIN: Final = timedelta(hours=24)
"""Interpretation §180."""

WARN_BEFORE_END: Final = timedelta(days=1)


class NewDetention(Demand):
    case_id: UUID
    debtor_id: UUID
    officer: Permit
    approver: Annotated[Line, Field(description="审批人工作证编号: who presented the president's approval")]
    act: DetainedFor
    act_on: Annotated[date, Field(description="行为发生日: the day of the act; one act, one detention")]
    documents: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=20)]
    """The detention decision; for a missing property report also the order to report (Civil Procedure §252)."""

    days: Annotated[int, Field(ge=1, le=LONGEST_DETENTION_DAYS)]
    begins_at: AwareDatetime
    custody_id: UUID | None = None
    """The hand-over that brought him in."""


class FamilyNotice(Demand):
    officer: Permit
    notified_at: AwareDatetime


class DetentionEnd(Demand):
    """Earlier than decided: he owned up and mended his ways (Interpretation §182), or the decision was revoked."""

    officer: Permit
    ending: Literal[DetentionEnding.EARLY, DetentionEnding.REVOKED]
    ended_at: AwareDatetime
    note: Line


async def record_detention(session: AsyncSession, acting: Acting, demand: NewDetention) -> Detention:
    """Write down a detention that the court has decided.

    Raises:
        Refusal: `detention_repeated` for an act that he was detained for (Interpretation §184); `case_unknown`,
            `case_closed`, `not_a_debtor`, `officer_unknown`, `officer_not_of_court`, `approver_needed`, `same_officer`,
            `document_unknown`, `document_missing`, `document_expired`, `invalid_body`, `state_forbids`.
    """
    case = await open_case(session, acting, demand.case_id)
    await _check_officers(session, acting, demand)
    about(session, case_number=case.case_number, officer=demand.officer)
    party = await find_debtor(session, case, demand.debtor_id)
    decision = await _decision(session, acting, case, demand)
    _check_days(demand, acting.at)
    await _check_custody(session, case, party, demand.custody_id)
    detention = await _store(session, acting, case, _Decided(party, decision, demand))
    new = NewTask(
        About(case.court_id, case.id, None, None),
        TaskKind.NOTIFY_FAMILY,
        {"detention_id": str(detention.id)},
        detention.family_due_at,
    )
    session.add(task_of(new, acting.at))
    await session.flush()
    await _record(session, acting, case, detention, demand.officer, "recorded")
    events = [detention_event(detention, "recorded")]
    events += await end_of_decision(session, detention, Hand.of(acting, demand.officer))
    await announce(session, events, acting.at)
    return detention


async def notify_family(
    session: AsyncSession, acting: Acting, detention_id: UUID, notice: FamilyNotice
) -> Detention:
    """The family was told; how, is in the file. Raises `Refusal`: `not_found`, `state_forbids`, `invalid_body`."""
    await find_officer(session, acting.court_id, notice.officer)
    detention = await find_detention(session, acting, detention_id, lock=True)
    if detention.family_notified_at is not None:
        raise Refusal(ErrorCode.STATE_FORBIDS, detail="notified · 已通知")
    _check_within(notice.notified_at, detention.begins_at, acting.at, "/notified_at")
    detention.family_notified_at = notice.notified_at
    detention.family_notified_by = notice.officer
    detention.next_clock_at = next_clock(detention, acting.at)
    errands = Errands([detention.case_id], [TaskKind.NOTIFY_FAMILY], "detention_id", [detention.id])
    events = await close_errands(session, errands, acting.at, "notified")
    await session.flush()
    case = await session.get_one(Case, detention.case_id)
    await _record(session, acting, case, detention, notice.officer, "family_notified")
    events.append(detention_event(detention, "family_notified"))
    await announce(session, events, acting.at)
    return detention


async def end_detention(
    session: AsyncSession, acting: Acting, detention_id: UUID, end: DetentionEnd
) -> Detention:
    """He was let go before the days were over. Raises `Refusal`: `not_found`, `state_forbids`, `invalid_body`."""
    await find_officer(session, acting.court_id, end.officer)
    detention = await find_detention(session, acting, detention_id, lock=True)
    if detention.ending is not None:
        raise Refusal(ErrorCode.STATE_FORBIDS, detail=detention.ending.value)
    _check_within(end.ended_at, detention.begins_at, min(acting.at, detention.ends_at), "/ended_at")
    detention.ending = end.ending
    detention.ended_at = end.ended_at
    detention.next_clock_at = None
    errands = Errands([detention.case_id], [TaskKind.DETENTION_ENDING], "detention_id", [detention.id])
    events = await close_errands(session, errands, acting.at, end.ending)
    await session.flush()
    case = await session.get_one(Case, detention.case_id)
    await _record(session, acting, case, detention, end.officer, end.ending, end.note)
    events.append(detention_event(detention, "ended"))
    await announce(session, events, acting.at)
    return detention


async def find_detention(
    session: AsyncSession, acting: Acting, detention_id: UUID, *, lock: bool = False
) -> Detention:
    """Raises `Refusal(not_found)`, for another court's as for one that does not exist."""
    query = select(Detention).where(Detention.id == detention_id, Detention.court_id == acting.court_id)
    detention: Detention | None = await session.scalar(query.with_for_update() if lock else query)
    if detention is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    return detention


def select_detentions(acting: Acting, case_id: UUID | None) -> Select[Detention]:
    query = select(Detention).where(Detention.court_id == acting.court_id)
    return query if case_id is None else query.where(Detention.case_id == case_id)


def next_clock(detention: Detention, now: datetime) -> datetime | None:
    """The family's day, the last day before the end, or the end itself."""
    if detention.ending is not None:
        return None
    family = detention.family_due_at if detention.family_notified_at is None else None
    ahead = (family, detention.ends_at - WARN_BEFORE_END)
    return min((at for at in ahead if at is not None and at > now), default=detention.ends_at)


def detention_event(detention: Detention, what: str) -> NewEvent:
    told = {
        "detention_id": str(detention.id),
        "case_id": str(detention.case_id),
        "what": what,
        "ends_at": detention.ends_at.isoformat(),
        "family_due_at": detention.family_due_at.isoformat(),
    }
    return NewEvent(detention.court_id, EventType.DETENTION_CHANGED, None, None, dict(told))


async def _check_officers(session: AsyncSession, acting: Acting, demand: NewDetention) -> None:
    """The president of the court approves it (Civil Procedure §119); the hub asks for a second officer as always."""
    officer = await find_officer(session, acting.court_id, demand.officer)
    approver = await find_officer(session, acting.court_id, demand.approver)
    if approver.role is not OfficerRole.APPROVER:
        raise refusal(ErrorCode.APPROVER_NEEDED, "/approver", "name an approver", "请填写审批人员")
    if approver.id == officer.id:
        raise refusal(ErrorCode.SAME_OFFICER, "/approver", "another officer must approve", "须由另一人审批")


async def _decision(session: AsyncSession, acting: Acting, case: Case, demand: NewDetention) -> Document:
    needed = {DocumentKind.DETENTION_DECISION}
    if demand.act is DetainedFor.NO_PROPERTY_REPORT:
        needed.add(DocumentKind.PROPERTY_REPORT_ORDER)
    papers = await papers_named(session, case, demand.documents)
    check_complete(papers, frozenset(needed), day_in_china(acting.at))
    return next(paper for paper in papers if paper.kind is DocumentKind.DETENTION_DECISION)


def _check_days(demand: NewDetention, now: datetime) -> None:
    today = day_in_china(now)
    if demand.act_on > today or demand.act_on > day_in_china(demand.begins_at):
        raise refusal(ErrorCode.INVALID_BODY, "/act_on", "before the detention", "须早于拘留")
    if demand.begins_at > now:
        raise refusal(ErrorCode.INVALID_BODY, "/begins_at", "not in the future", "不得晚于当前时间")


async def _check_custody(session: AsyncSession, case: Case, party: Party, custody_id: UUID | None) -> None:
    if custody_id is None:
        return
    state = await session.scalar(
        select(Custody.state)
        .join(LocateRequest, LocateRequest.id == Custody.locate_id)
        .where(Custody.id == custody_id, Custody.case_id == case.id, LocateRequest.party_id == party.id)
    )
    if state is not CustodyState.HANDED_OVER:
        raise refusal(
            ErrorCode.STATE_FORBIDS,
            "/custody_id",
            "name the hand-over of this case",
            "请填写本案已完成的交接",
        )


@dataclass(frozen=True, slots=True)
class _Decided:
    party: Party
    decision: Document
    demand: NewDetention


async def _store(session: AsyncSession, acting: Acting, case: Case, decided: _Decided) -> Detention:
    """By the database's own rule: of two who record the same act at once, one is refused."""
    demand, party = decided.demand, decided.party
    family_due_at = demand.begins_at + FAMILY_WITHIN
    detention: Detention | None = await session.scalar(
        insert(Detention)
        .values(
            id=new_id(),
            court_id=case.court_id,
            case_id=case.id,
            party_id=party.id,
            subject_index=party.number_index,
            custody_id=demand.custody_id,
            act=demand.act,
            act_on=demand.act_on,
            document_id=decided.decision.id,
            decision_number=decided.decision.document_number,
            days=demand.days,
            begins_at=demand.begins_at,
            ends_at=demand.begins_at + timedelta(days=demand.days),
            officer=demand.officer,
            approver=demand.approver,
            family_due_at=family_due_at,
            next_clock_at=family_due_at,
            created_at=acting.at,
        )
        .on_conflict_do_nothing(
            index_elements=[
                Detention.court_id,
                Detention.subject_index,
                Detention.act,
                Detention.act_on,
            ]
        )
        .returning(Detention)
    )
    if detention is None:
        raise refusal(
            ErrorCode.DETENTION_REPEATED,
            "/act_on",
            "one act, one detention (Interpretation §184)",
            "对同一妨害行为不得连续拘留（民诉法解释 §184）",
        )
    return detention


def _check_within(instant: datetime, earliest: datetime, latest: datetime, pointer: str) -> None:
    if not earliest <= instant <= latest:
        raise Refusal(
            ErrorCode.INVALID_BODY,
            FieldError(
                pointer,
                "out_of_order",
                "after it began, and not in the future",
                "须在拘留开始之后且不晚于当前",
            ),
        )


async def _record(  # noqa: PLR0913, PLR0917 - what was done, by whom, and why
    session: AsyncSession,
    acting: Acting,
    case: Case,
    detention: Detention,
    officer: str,
    what: str,
    note: str | None = None,
) -> None:
    entry = entry_of(
        acting,
        AuditAction.DETENTION_CHANGED,
        case_number=case.case_number,
        officer=officer,
        subject_index=detention.subject_index,
        outcome=what,
        detail={"detention_id": str(detention.id), **({"note": note} if note else {})},
    )
    await record(session, [entry])

"""拒执罪: the file that is handed on for refusing to perform, and its fate. Only its warrant allows an online pursuit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.record import record
from app.errors import ErrorCode, FieldError, Refusal
from app.ids import new_id
from app.linkage.acting import Acting
from app.linkage.callers import about, entry_of
from app.linkage.control.drafting import open_case, refusal
from app.linkage.courts import find_officer
from app.linkage.events import NewEvent, announce
from app.linkage.fields import Demand, Line
from app.linkage.locating.demands import Permit
from app.linkage.locating.drafting import find_debtor
from app.linkage.locating.ending import end_of_warrant
from app.linkage.locating.lookouts import Hand
from app.measures.terms import day_in_china
from app.models import Case, Document, Party, Referral, ReferralStep
from app.models.coercion import WITHOUT_WARRANT, ReferralFate, ReferralRoute
from app.vocabulary import AuditAction, DocumentKind, EventType


class NewReferral(Demand):
    case_id: UUID
    debtor_id: UUID
    officer: Permit
    route: ReferralRoute
    body: Annotated[Line, Field(description="受理机关: who gets the file", examples=["柘城县公安局"])]
    filed_on: date
    declined_referral_id: UUID | None = None
    """Of a private prosecution: the referral that was declined (法释〔2024〕13号 §14)."""

    note: Line | None = None


class NewFate(Demand):
    officer: Permit
    fate: ReferralFate
    happened_on: date
    criminal_case_number: Line | None = None
    warrant: UUID | None = None
    """With `warrant_issued`: the paper of the warrant, filed with the case as `criminal_warrant`."""

    note: Line | None = None


@dataclass(frozen=True, slots=True)
class Referred:
    """A referral with its steps, oldest first."""

    referral: Referral
    steps: Sequence[ReferralStep]


async def refer(session: AsyncSession, acting: Acting, demand: NewReferral) -> Referred:
    """Record that the file was handed on.

    Raises:
        Refusal: `case_unknown`, `case_closed`, `not_a_debtor`, `officer_unknown`, `officer_not_of_court`, `invalid_body`;
            `reason_required` for a private prosecution that nobody declined to take up before.
    """
    case = await open_case(session, acting, demand.case_id)
    await find_officer(session, acting.court_id, demand.officer)
    about(session, case_number=case.case_number, officer=demand.officer)
    party = await find_debtor(session, case, demand.debtor_id)
    _check_day(demand.filed_on, acting, "/filed_on")
    declined = await _declined(session, case, party, demand)
    referral = Referral(
        id=new_id(),
        court_id=case.court_id,
        case_id=case.id,
        party_id=party.id,
        route=demand.route,
        body=demand.body,
        declined_id=declined,
        fate=ReferralFate.FILED,
        fate_on=demand.filed_on,
        officer=demand.officer,
        created_at=acting.at,
    )
    session.add(referral)
    await session.flush()
    step = _step(referral, demand.officer, demand.note, acting)
    session.add(step)
    await session.flush()
    await _record(session, acting, case, referral, demand.officer)
    await announce(session, [_event(referral)], acting.at)
    return Referred(referral, [step])


async def follow(session: AsyncSession, acting: Acting, referral_id: UUID, demand: NewFate) -> Referred:
    """Record what became of it. Where the warrant is gone, whoever is pursued under it is pursued no more.

    Raises:
        Refusal: `not_found`, `officer_unknown`, `officer_not_of_court`, `state_forbids`, `invalid_body`,
            `document_unknown`, `document_wrong_kind`.
    """
    await find_officer(session, acting.court_id, demand.officer)
    referral = await find_referral(session, acting, referral_id, lock=True)
    case = await session.get_one(Case, referral.case_id)
    about(session, case_number=case.case_number, officer=demand.officer)
    _check_day(demand.happened_on, acting, "/happened_on")
    referral.move_to(demand.fate)
    referral.fate_on = demand.happened_on
    referral.criminal_case_number = demand.criminal_case_number or referral.criminal_case_number
    if demand.fate is ReferralFate.WARRANT_ISSUED:
        referral.warrant_id = await _warrant(session, case, demand.warrant)
    elif demand.fate in WITHOUT_WARRANT:
        referral.warrant_id = None
    session.add(_step(referral, demand.officer, demand.note, acting))
    await session.flush()
    await _record(session, acting, case, referral, demand.officer)
    events = [_event(referral)]
    if demand.fate in WITHOUT_WARRANT:
        events += await end_of_warrant(session, referral.id, Hand.of(acting, demand.officer))
    await announce(session, events, acting.at)
    return Referred(referral, await steps_of(session, referral.id))


async def find_referral(
    session: AsyncSession, acting: Acting, referral_id: UUID, *, lock: bool = False
) -> Referral:
    """Raises `Refusal(not_found)`, for another court's as for one that does not exist."""
    query = select(Referral).where(Referral.id == referral_id, Referral.court_id == acting.court_id)
    referral: Referral | None = await session.scalar(query.with_for_update() if lock else query)
    if referral is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    return referral


async def steps_of(session: AsyncSession, referral_id: UUID) -> Sequence[ReferralStep]:
    rows = await session.scalars(
        select(ReferralStep).where(ReferralStep.referral_id == referral_id).order_by(ReferralStep.id)
    )
    return rows.all()


def select_referrals(acting: Acting, case_id: UUID | None) -> Select[Referral]:
    query = select(Referral).where(Referral.court_id == acting.court_id)
    return query if case_id is None else query.where(Referral.case_id == case_id)


async def _declined(session: AsyncSession, case: Case, party: Party, demand: NewReferral) -> UUID | None:
    if demand.route is ReferralRoute.POLICE:
        return None
    fate = await session.scalar(
        select(Referral.fate).where(
            Referral.id == demand.declined_referral_id,
            Referral.case_id == case.id,
            Referral.party_id == party.id,
            Referral.route == ReferralRoute.POLICE,
        )
    )
    if fate is not ReferralFate.DECLINED:
        raise refusal(
            ErrorCode.REASON_REQUIRED,
            "/declined_referral_id",
            "a private prosecution needs a referral that was declined (法释〔2024〕13号 §14)",
            "自诉须有公安机关或检察机关不予追究的记录（法释〔2024〕13号 §14）",
        )
    return demand.declined_referral_id


async def _warrant(session: AsyncSession, case: Case, warrant: UUID | None) -> UUID:
    kind = await session.scalar(
        select(Document.kind).where(Document.id == warrant, Document.case_id == case.id)
    )
    if kind is None:
        raise refusal(
            ErrorCode.DOCUMENT_UNKNOWN, "/warrant", "file the warrant with the case", "请先提交强制措施文书"
        )
    if kind is not DocumentKind.CRIMINAL_WARRANT:
        raise refusal(
            ErrorCode.DOCUMENT_WRONG_KIND,
            "/warrant",
            "this is no criminal warrant",
            "该文书不是刑事强制措施文书",
        )
    assert warrant is not None
    return warrant


def _check_day(day: date, acting: Acting, pointer: str) -> None:
    if day > day_in_china(acting.at):
        raise Refusal(
            ErrorCode.INVALID_BODY,
            FieldError(pointer, "in_the_future", "not later than today", "不得晚于今日"),
        )


def _step(referral: Referral, officer: str, note: str | None, acting: Acting) -> ReferralStep:
    return ReferralStep(
        id=new_id(),
        referral_id=referral.id,
        fate=referral.fate,
        happened_on=referral.fate_on,
        officer=officer,
        note=note,
        recorded_at=acting.at,
    )


def _event(referral: Referral) -> NewEvent:
    told = {
        "referral_id": str(referral.id),
        "case_id": str(referral.case_id),
        "fate": referral.fate.value,
        "happened_on": referral.fate_on.isoformat(),
    }
    return NewEvent(referral.court_id, EventType.REFERRAL_CHANGED, None, None, dict(told))


async def _record(
    session: AsyncSession, acting: Acting, case: Case, referral: Referral, officer: str
) -> None:
    index = await session.scalar(select(Party.number_index).where(Party.id == referral.party_id))
    assert index is not None
    entry = entry_of(
        acting,
        AuditAction.REFERRAL_CHANGED,
        case_number=case.case_number,
        officer=officer,
        subject_index=index,
        outcome=referral.fate,
        detail={"referral_id": str(referral.id)},
    )
    await record(session, [entry])

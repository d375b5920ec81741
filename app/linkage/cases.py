"""Enforcement cases: registered once, found by their court only, closed with a reason."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.record import record
from app.crypto import Vault
from app.errors import ErrorCode, FieldError, Refusal
from app.identifiers import CaseNumber, CaseNumberError
from app.ids import new_id
from app.linkage.acting import Acting
from app.linkage.callers import about, entry_of
from app.linkage.courts import find_officer
from app.linkage.fields import Demand, Line, Money
from app.linkage.parties import NewParty, check_parties, store_parties
from app.measures.terms import day_in_china
from app.models import Case, Officer, Party
from app.vocabulary import AuditAction, CaseStatus


class NewCase(Demand):
    case_number: Annotated[str, Field(min_length=1, max_length=80, examples=["（2018）豫1424执1352号"])]
    cause: Annotated[Line, Field(examples=["民间借贷纠纷"])]
    legal_basis: Annotated[Line, Field(examples=["（2017）豫1424民初1024号民事判决书"])]
    claim_amount: Money
    officer: Annotated[
        Line, Field(description="承办人工作证编号: work-permit number of the officer in charge")
    ]
    opened_on: Annotated[date, Field(examples=["2018-03-05"])]
    parties: tuple[NewParty, ...] = Field(default=(), max_length=200)


class Closing(Demand):
    reason: Annotated[Line, Field(examples=["履行完毕"])]


@dataclass(frozen=True, slots=True)
class CaseFilter:
    status: CaseStatus | None = None
    officer: str | None = None
    opened_from: date | None = None
    opened_to: date | None = None


async def register_case(
    session: AsyncSession, acting: Acting, vault: Vault, demand: NewCase
) -> tuple[Case, list[Party]]:
    """The case with its parties, or nothing of it.

    Raises:
        Refusal: with every wrong field; its code is that of the first. `case_exists`, `officer_unknown` and
            `officer_not_of_court` are known only after the fields are in order.
    """
    number, faults = _check_number(demand.case_number, acting.court_code)
    if number is not None:
        about(session, case_number=str(number))
    parties, party_faults = check_parties(demand.parties, vault, day_in_china(acting.at))
    faults.extend(party_faults)
    if number is None or faults:
        raise Refusal(faults[0][0], *(fault for _, fault in faults))
    officer = await find_officer(session, acting.court_id, demand.officer)
    case: Case | None = await session.scalar(
        insert(Case)
        .values(
            id=new_id(),
            court_id=acting.court_id,
            case_number=str(number),
            case_number_given=demand.case_number,
            type_code=number.type_code,
            cause=demand.cause,
            legal_basis=demand.legal_basis,
            claim_amount=demand.claim_amount,
            status=CaseStatus.OPEN,
            officer_id=officer.id,
            opened_on=demand.opened_on,
            created_at=acting.at,
        )
        .on_conflict_do_nothing(index_elements=[Case.court_id, Case.case_number])
        .returning(Case)
    )
    if case is None:
        raise Refusal(ErrorCode.CASE_EXISTS)
    entry = entry_of(
        acting,
        AuditAction.CASE_REGISTERED,
        case_number=case.case_number,
        officer=officer.work_permit_number,
        purpose=demand.cause,
    )
    await record(session, [entry])
    return case, await store_parties(session, acting, case, vault, parties)


async def find_case(session: AsyncSession, acting: Acting, case_id: UUID, *, lock: bool = False) -> Case:
    """A case of the acting court.

    Raises:
        Refusal: `case_unknown`; a foreign case answers like one that does not exist.
    """
    query = select(Case).where(Case.id == case_id, Case.court_id == acting.court_id)
    case = await session.scalar(query.with_for_update(key_share=True) if lock else query)
    if case is None:
        raise Refusal(ErrorCode.CASE_UNKNOWN)
    about(session, case_number=case.case_number)
    return case


async def close_case(session: AsyncSession, acting: Acting, case: Case, closing: Closing) -> None:
    """Close a case that the caller has locked; raises `Refusal(case_closed)`."""
    if case.status is not CaseStatus.OPEN:
        raise Refusal(ErrorCode.CASE_CLOSED)
    case.status = CaseStatus.CLOSED
    case.closed_at = acting.at
    case.closed_reason = closing.reason
    await session.flush()
    entry = entry_of(acting, AuditAction.CASE_CLOSED, case_number=case.case_number, purpose=closing.reason)
    await record(session, [entry])


def select_cases(acting: Acting, wanted: CaseFilter) -> Select[Case]:
    query = select(Case).where(Case.court_id == acting.court_id)
    if wanted.status is not None:
        query = query.where(Case.status == wanted.status)
    if wanted.opened_from is not None:
        query = query.where(Case.opened_on >= wanted.opened_from)
    if wanted.opened_to is not None:
        query = query.where(Case.opened_on <= wanted.opened_to)
    if wanted.officer is not None:
        query = query.join(Officer, Officer.id == Case.officer_id).where(
            Officer.work_permit_number == wanted.officer
        )
    return query


def _check_number(
    given: str, court_code: str
) -> tuple[CaseNumber | None, list[tuple[ErrorCode, FieldError]]]:
    """The number without a paper's suffix, if this court can have such an enforcement case."""
    try:
        number = CaseNumber.parse(given).case
    except CaseNumberError as error:
        return None, [_fault(error.finding.code, error.finding.en, error.finding.zh)]
    if number.case_type is None:
        return None, [
            _fault(
                "case_number_not_enforcement",
                "the type code is of no enforcement or preservation case, such as 执 or 执保",
                "类型代字不是执行或保全案件，例如执、执恢、执保",
            )
        ]
    # Before 2016 the number has the court's short name, which no list here could check.
    if not number.old_style and number.court_code != court_code:
        return None, [
            _fault(
                "case_number_of_other_court",
                "the number has another court's code",
                "案号中的法院代字不是本院代字",
            )
        ]
    return number, []


def _fault(code: str, en: str, zh: str) -> tuple[ErrorCode, FieldError]:
    return ErrorCode.CASE_NUMBER_MALFORMED, FieldError("/case_number", code, en, zh)

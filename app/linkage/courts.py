"""Courts and their officers, as filed."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.record import record
from app.errors import ErrorCode, FieldError, Refusal
from app.identifiers import CaseNumber, CaseNumberError
from app.ids import new_id
from app.linkage.callers import Caller, entry_of
from app.linkage.fields import Demand, Line
from app.models import Court, Officer
from app.vocabulary import AuditAction, OfficerRole


def _court_code(text: str) -> str:
    """As it stands in the court's case numbers."""
    try:
        code = CaseNumber.parse(f"（2018）{text}执1号").court_code
    except CaseNumberError as error:
        raise PydanticCustomError("court_code", "not a court code") from error
    return code


_Phone = Annotated[str, Field(pattern=r"^[0-9+() -]{5,30}$")]


class NewCourt(Demand):
    code: Annotated[str, Field(max_length=20, examples=["豫1424"]), AfterValidator(_court_code)]
    name: Annotated[Line, Field(examples=["河南省柘城县人民法院"])]


class CourtChange(Demand):
    name: Line | None = None
    active: bool | None = None


class NewOfficer(Demand):
    """The two permits that agencies have on file (2013 Rules §2)."""

    court_id: UUID | None = None
    """Only an administrator names it; a court enrols its own officers."""

    name: Annotated[Line, Field(examples=["王执行"], repr=False)]
    work_permit_number: Annotated[Line, Field(examples=["豫柘法执0101"])]
    enforcement_permit_number: Annotated[Line, Field(examples=["41142400101"])]
    phone: _Phone | None = Field(default=None, repr=False)
    role: OfficerRole = OfficerRole.ENFORCEMENT_OFFICER


class OfficerChange(Demand):
    """Changes are filed at once (2013 Rules §2). An officer who leaves is deactivated, never deleted."""

    enforcement_permit_number: Line | None = None
    phone: _Phone | None = Field(default=None, repr=False)
    role: OfficerRole | None = None
    active: bool | None = None


async def create_court(session: AsyncSession, caller: Caller, demand: NewCourt) -> Court:
    """Raises `Refusal(conflict)` when the code is taken."""
    court: Court | None = await session.scalar(
        insert(Court)
        .values(id=new_id(), code=demand.code, name=demand.name, active=True, created_at=caller.at)
        .on_conflict_do_nothing(index_elements=[Court.code])
        .returning(Court)
    )
    if court is None:
        raise Refusal(
            ErrorCode.CONFLICT,
            FieldError("/code", "court_exists", "this court is registered already", "该法院已登记"),
        )
    await _record_court(session, caller, court, "created")
    return court


async def change_court(session: AsyncSession, caller: Caller, court: Court, change: CourtChange) -> None:
    given = change.model_dump(exclude_none=True)
    for name, value in given.items():
        setattr(court, name, value)
    await session.flush()
    await _record_court(session, caller, court, ",".join(given))


async def enrol_officer(session: AsyncSession, caller: Caller, demand: NewOfficer) -> Officer:
    """Raises `Refusal`: `invalid_body` without a court, `conflict` when the work permit is on file."""
    court_id = await _court_of(session, caller, demand.court_id)
    officer: Officer | None = await session.scalar(
        insert(Officer)
        .values(
            id=new_id(),
            active=True,
            created_at=caller.at,
            **{**demand.model_dump(), "court_id": court_id},
        )
        .on_conflict_do_nothing(index_elements=[Officer.court_id, Officer.work_permit_number])
        .returning(Officer)
    )
    if officer is None:
        raise Refusal(
            ErrorCode.CONFLICT,
            FieldError(
                "/work_permit_number", "officer_exists", "this permit is on file already", "该工作证已备案"
            ),
        )
    await _record_officer(session, caller, officer, "enrolled")
    return officer


async def change_officer(
    session: AsyncSession, caller: Caller, officer: Officer, change: OfficerChange
) -> None:
    given = change.model_dump(exclude_none=True)
    for name, value in given.items():
        setattr(officer, name, value)
    await session.flush()
    await _record_officer(session, caller, officer, ",".join(given))


async def find_officer(session: AsyncSession, court_id: UUID, work_permit_number: str) -> Officer:
    """The active officer of the court with that permit.

    Raises:
        Refusal: `officer_unknown`, or `officer_not_of_court` when only another court has filed the permit.
    """
    officers = (
        await session.scalars(
            select(Officer).where(Officer.work_permit_number == work_permit_number, Officer.active)
        )
    ).all()
    for officer in officers:
        if officer.court_id == court_id:
            return officer
    code = ErrorCode.OFFICER_NOT_OF_COURT if officers else ErrorCode.OFFICER_UNKNOWN
    raise Refusal(
        code,
        FieldError(
            "/officer",
            code.value,
            "name the work permit of an officer enrolled with this court: POST /v1/officers",
            "请填写本院已登记执行人员的工作证编号（POST /v1/officers）",
        ),
    )


async def _court_of(session: AsyncSession, caller: Caller, named: UUID | None) -> UUID:
    court_id = named if caller.court_id is None else caller.court_id
    foreign = named is not None and named != court_id
    if court_id is None or foreign or await session.get(Court, court_id) is None:
        raise Refusal(
            ErrorCode.INVALID_BODY,
            FieldError("/court_id", "court_unknown", "name a registered court", "请填写已登记的法院"),
        )
    return court_id


async def _record_court(session: AsyncSession, caller: Caller, court: Court, changed: str) -> None:
    entry = entry_of(caller, AuditAction.COURT_CHANGED, court_code=court.code, detail={"changed": changed})
    await record(session, [entry])


async def _record_officer(session: AsyncSession, caller: Caller, officer: Officer, changed: str) -> None:
    entry = entry_of(
        caller,
        AuditAction.OFFICER_CHANGED,
        officer=officer.work_permit_number,
        detail={"changed": changed},
    )
    await record(session, [entry])

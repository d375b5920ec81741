"""联络员: the people an agency has named, filed by an administrator and changed at once."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.record import record
from app.errors import ErrorCode, Refusal
from app.ids import new_id
from app.linkage.callers import Caller, entry_of
from app.linkage.fields import Demand, Line
from app.models import Agency, LiaisonOfficer
from app.vocabulary import AuditAction

_Phone = Annotated[str, Field(pattern=r"^[0-9+() -]{5,30}$", examples=["0370-7210120"])]


class NewLiaisonOfficer(Demand):
    name: Annotated[Line, Field(examples=["周联络"], repr=False)]
    phone: Annotated[_Phone, Field(repr=False)]


class LiaisonOfficerChange(Demand):
    """Who leaves is deactivated, never deleted: answers name them."""

    phone: Annotated[_Phone | None, Field(repr=False)] = None
    active: bool | None = None


async def name_liaison_officer(
    session: AsyncSession, caller: Caller, agency: Agency, demand: NewLiaisonOfficer
) -> LiaisonOfficer:
    person = LiaisonOfficer(
        id=new_id(),
        agency_id=agency.id,
        name=demand.name,
        phone=demand.phone,
        active=True,
        created_at=caller.at,
    )
    session.add(person)
    await session.flush()
    await _record(session, caller, agency, person, "named")
    return person


async def change_liaison_officer(
    session: AsyncSession, caller: Caller, agency: Agency, person_id: UUID, change: LiaisonOfficerChange
) -> LiaisonOfficer:
    """Raises `Refusal(not_found)`."""
    person = await find_liaison_officer(session, agency.id, person_id)
    given = change.model_dump(exclude_none=True)
    for name, value in given.items():
        setattr(person, name, value)
    await session.flush()
    await _record(session, caller, agency, person, ",".join(given))
    return person


async def find_liaison_officer(session: AsyncSession, agency_id: UUID, person_id: UUID) -> LiaisonOfficer:
    """Raises `Refusal(not_found)`, for another agency's as for one that does not exist."""
    person: LiaisonOfficer | None = await session.scalar(
        select(LiaisonOfficer).where(LiaisonOfficer.id == person_id, LiaisonOfficer.agency_id == agency_id)
    )
    if person is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    return person


async def liaison_officers_of(session: AsyncSession, agency_id: UUID) -> Sequence[LiaisonOfficer]:
    rows = await session.scalars(
        select(LiaisonOfficer).where(LiaisonOfficer.agency_id == agency_id).order_by(LiaisonOfficer.id)
    )
    return rows.all()


async def _record(
    session: AsyncSession, caller: Caller, agency: Agency, person: LiaisonOfficer, changed: str
) -> None:
    entry = entry_of(
        caller,
        AuditAction.LIAISON_OFFICER_CHANGED,
        agency_code=agency.code,
        detail={"liaison_officer_id": str(person.id), "changed": changed},
    )
    await record(session, [entry])

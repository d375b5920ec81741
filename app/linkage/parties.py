"""Debtors and creditors of a case: checked, sealed, found again by blind index."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.record import record
from app.crypto import Vault
from app.errors import ErrorCode, FieldError, Refusal
from app.identifiers import CertificateError, check_certificate, same_name
from app.ids import new_id
from app.linkage.acting import Acting
from app.linkage.callers import about, entry_of
from app.linkage.fields import Demand, Line
from app.linkage.subjects import certificate_index
from app.measures.terms import day_in_china
from app.models import Case, Party
from app.vocabulary import (
    ORGANISATION_CERTIFICATES,
    AuditAction,
    CaseStatus,
    CertificateType,
    PartyKind,
    PartyRole,
)


class NewParty(Demand):
    """Name and number together: a name alone identifies nobody."""

    role: PartyRole
    name: Annotated[Line, Field(examples=["谢成林"], repr=False)]
    certificate_type: CertificateType | None = None
    certificate_number: Annotated[str, Field(min_length=1, max_length=60)] | None = Field(
        default=None, repr=False
    )
    """Required. An old 15-digit number is kept in its 18-character form."""

    kind: PartyKind | None = None
    """Nothing given: an organisation when the certificate is one of organisations, otherwise a person."""


class Disclosure(Demand):
    """Why somebody must see a name and number unmasked. Kept in the audit log for good."""

    officer: Annotated[Line, Field(description="工作证编号: work-permit number of the officer who looks")]
    reason: Annotated[Line, Field(min_length=4, examples=["制作协助执行通知书，须核对证件号码"])]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a party is, unsealed."""

    name: str = field(repr=False)
    number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CheckedParty:
    """A party whose number may be one of its kind."""

    role: PartyRole
    kind: PartyKind
    certificate_type: CertificateType
    identity: Identity
    number_index: bytes


def check_parties(
    demands: Sequence[NewParty], vault: Vault, today: date
) -> tuple[list[CheckedParty], list[tuple[ErrorCode, FieldError]]]:
    """The parties in order, and all that is wrong with any of them. Pure."""
    checked: list[CheckedParty] = []
    faults: list[tuple[ErrorCode, FieldError]] = []
    for position, demand in enumerate(demands):
        found = _check(demand, f"/parties/{position}", vault, today)
        if not isinstance(found, CheckedParty):
            faults.append(found)
        elif any(_same(found, other) for other in checked):
            faults.append((ErrorCode.CONFLICT, _twice(f"/parties/{position}")))
        else:
            checked.append(found)
    return checked, faults


async def store_parties(
    session: AsyncSession, acting: Acting, case: Case, vault: Vault, parties: Sequence[CheckedParty]
) -> list[Party]:
    """Seal and insert parties of an open case, with their audit entries."""
    rows = [
        Party(
            id=new_id(),
            case_id=case.id,
            court_id=case.court_id,
            role=party.role,
            kind=party.kind,
            certificate_type=party.certificate_type,
            name=vault.seal_text(party.identity.name, "parties.name"),
            number=vault.seal_text(party.identity.number, "parties.number"),
            number_index=party.number_index,
            created_at=acting.at,
        )
        for party in parties
    ]
    session.add_all(rows)
    await session.flush()
    await _record(session, acting, case, rows, AuditAction.PARTY_REGISTERED)
    return rows


async def add_party(
    session: AsyncSession, acting: Acting, case: Case, vault: Vault, demand: NewParty
) -> Party:
    """One more party. `case` is locked by the caller, so that two requests cannot both be first.

    Raises:
        Refusal: `case_closed`, `certificate_required`, `certificate_invalid`; `name_mismatch` when the case has the
            number under another name; `conflict` when the party is there already.
    """
    if case.status is not CaseStatus.OPEN:
        raise Refusal(ErrorCode.CASE_CLOSED)
    party = _check(demand, "", vault, day_in_china(acting.at))
    if not isinstance(party, CheckedParty):
        raise Refusal(party[0], party[1])
    about(session, case_number=case.case_number, subject_index=party.number_index)
    others = await session.scalars(
        select(Party).where(Party.case_id == case.id, Party.number_index == party.number_index)
    )
    for other in others:
        if not same_name(identity_of(vault, other).name, party.identity.name):
            raise Refusal(
                ErrorCode.NAME_MISMATCH,
                FieldError(
                    "/name", "name_mismatch", "compare with the certificate", "请与证件核对姓名和号码"
                ),
            )
        if other.role is party.role:
            raise Refusal(ErrorCode.CONFLICT, _twice("/certificate_number"))
    (row,) = await store_parties(session, acting, case, vault, [party])
    return row


async def parties_of(session: AsyncSession, case_id: UUID) -> list[Party]:
    return list(await session.scalars(select(Party).where(Party.case_id == case_id).order_by(Party.id)))


async def find_party(session: AsyncSession, case: Case, party_id: UUID) -> Party:
    """Raises `Refusal(not_found)`."""
    party = await session.scalar(select(Party).where(Party.id == party_id, Party.case_id == case.id))
    if party is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    return party


def identity_of(vault: Vault, party: Party) -> Identity:
    """Unseals; the caller owes an audit entry, and shows it masked unless a reason was given."""
    return Identity(
        vault.open_text(party.name, "parties.name"), vault.open_text(party.number, "parties.number")
    )


async def record_read(
    session: AsyncSession, acting: Acting, case: Case, parties: Sequence[Party], action: AuditAction
) -> None:
    """One entry for each person seen, so that a search by person finds every look."""
    await _record(session, acting, case, parties, action)


async def disclose(
    session: AsyncSession, acting: Acting, case: Case, party: Party, disclosure: Disclosure
) -> None:
    """Record who sees a party unmasked, and why."""
    entry = entry_of(
        acting,
        AuditAction.PARTY_UNMASKED,
        case_number=case.case_number,
        officer=disclosure.officer,
        purpose=disclosure.reason,
        subject_index=party.number_index,
    )
    await record(session, [entry])


async def _record(
    session: AsyncSession, acting: Acting, case: Case, parties: Sequence[Party], action: AuditAction
) -> None:
    entries = [
        entry_of(acting, action, case_number=case.case_number, subject_index=party.number_index)
        for party in parties
    ]
    await record(session, entries)


def _check(
    demand: NewParty, pointer: str, vault: Vault, today: date
) -> CheckedParty | tuple[ErrorCode, FieldError]:
    if demand.certificate_type is None or demand.certificate_number is None:
        return ErrorCode.CERTIFICATE_REQUIRED, FieldError(
            f"{pointer}/certificate_number",
            "certificate_required",
            "give certificate_type and certificate_number",
            "请填写证件种类和证件号码",
        )
    try:
        certificate = check_certificate(demand.certificate_type, demand.certificate_number, today=today)
    except CertificateError as error:
        finding = error.finding
        return ErrorCode.CERTIFICATE_INVALID, FieldError(
            f"{pointer}/certificate_number", finding.code, finding.en, finding.zh
        )
    usual = (
        PartyKind.ORGANISATION
        if certificate.certificate_type in ORGANISATION_CERTIFICATES
        else PartyKind.PERSON
    )
    if usual is PartyKind.ORGANISATION and demand.kind is PartyKind.PERSON:
        return ErrorCode.CERTIFICATE_INVALID, FieldError(
            f"{pointer}/kind",
            "certificate_of_organisation",
            "a person has no certificate of an organisation",
            "自然人不能使用单位证件",
        )
    return CheckedParty(
        demand.role,
        demand.kind or usual,
        certificate.certificate_type,
        Identity(demand.name, certificate.normalised),
        certificate_index(vault, certificate.certificate_type, certificate.normalised),
    )


def _same(one: CheckedParty, other: CheckedParty) -> bool:
    return one.role is other.role and one.number_index == other.number_index


def _twice(pointer: str) -> FieldError:
    return FieldError(pointer, "party_exists", "this party is in the case already", "该当事人已在本案中登记")

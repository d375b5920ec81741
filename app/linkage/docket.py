"""Everything on record that decides whether some demands are lawful, read in a handful of statements.

One demand or ten thousand take the same number of statements, so that a bulk intake and a single query share
one way of judging.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy import String, Uuid, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.profile import Deadlines
from app.linkage.acting import Acting
from app.models import Agency, Case, Document, Officer, Party
from app.vocabulary import AgencyKind, CaseStatus, DocumentKind, OrderKind, PartyRole


@dataclass(frozen=True, slots=True)
class Debtor:
    id: UUID
    number_index: bytes
    name: bytes = field(repr=False)
    """Sealed for `parties.name`."""


@dataclass(slots=True)
class DocketCase:
    id: UUID
    case_number: str
    status: CaseStatus
    legal_basis: str
    debtors: list[Debtor] = field(default_factory=list)
    documents: dict[UUID, DocumentKind] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DocketOfficer:
    id: UUID
    work_permit_number: str


@dataclass(frozen=True, slots=True)
class DocketAgency:
    id: UUID
    code: str
    kind: AgencyKind
    capable: bool
    remind_after: timedelta
    answer_within: timedelta
    give_up_after: timedelta


@dataclass(frozen=True, slots=True)
class Docket:
    cases: Mapping[str, DocketCase]
    """This court's cases among those named, by normalised number."""

    officers: Mapping[str, DocketOfficer]
    """This court's active officers among those named, by work permit."""

    officers_elsewhere: frozenset[str]
    """Work permits that are on file, but with another court."""

    agencies: Sequence[DocketAgency]
    """All active agencies."""


async def load_docket(
    session: AsyncSession, acting: Acting, case_numbers: Collection[str], officers: Collection[str]
) -> Docket:
    cases = await _cases(session, acting.court_id, case_numbers)
    own, elsewhere = await _officers(session, acting.court_id, officers)
    return Docket(cases, own, elsewhere, await _agencies(session))


async def _cases(session: AsyncSession, court_id: UUID, numbers: Collection[str]) -> dict[str, DocketCase]:
    # One array each, not ten thousand parameters: a bulk intake names as many cases.
    rows = await session.execute(
        select(
            Case.id,
            Case.case_number,
            Case.status,
            Case.legal_basis,
            Party.id,
            Party.number_index,
            Party.name,
        )
        .outerjoin(Party, (Party.case_id == Case.id) & (Party.role == PartyRole.DEBTOR))
        .where(Case.court_id == court_id, Case.case_number == any_(literal(list(numbers), ARRAY(String))))
        .order_by(Case.id, Party.id)
    )
    cases: dict[str, DocketCase] = {}
    by_id: dict[UUID, DocketCase] = {}
    for case_id, number, status, basis, party_id, index, name in rows:
        case = by_id.get(case_id)
        if case is None:
            case = by_id[case_id] = cases[number] = DocketCase(case_id, number, status, basis)
        if party_id is not None:
            case.debtors.append(Debtor(party_id, index, name))
    documents = await session.execute(
        select(Document.case_id, Document.id, Document.kind).where(
            Document.case_id == any_(literal(list(by_id), ARRAY(Uuid)))
        )
    )
    for case_id, document_id, kind in documents:
        by_id[case_id].documents[document_id] = kind
    return cases


async def _officers(
    session: AsyncSession, court_id: UUID, permits: Collection[str]
) -> tuple[dict[str, DocketOfficer], frozenset[str]]:
    rows = await session.execute(
        select(Officer.id, Officer.court_id, Officer.work_permit_number).where(
            Officer.work_permit_number.in_(permits), Officer.active
        )
    )
    found: dict[bool, dict[str, DocketOfficer]] = defaultdict(dict)
    for officer_id, officer_court, permit in rows:
        found[officer_court == court_id][permit] = DocketOfficer(officer_id, permit)
    return found[True], frozenset(found[False])


async def _agencies(session: AsyncSession) -> list[DocketAgency]:
    rows = await session.execute(
        select(Agency.id, Agency.code, Agency.kind, Agency.capabilities, Agency.settings["deadlines"])
        .where(Agency.active)
        .order_by(Agency.code)
    )
    agencies = []
    for agency_id, code, kind, capabilities, stored in rows:
        deadlines = Deadlines.model_validate(stored or {})
        agencies.append(
            DocketAgency(
                agency_id,
                code,
                kind,
                OrderKind.ASSET_QUERY in capabilities,
                deadlines.remind_after,
                deadlines.answer_within,
                deadlines.give_up_after,
            )
        )
    return agencies


def query_notices(case: DocketCase) -> tuple[UUID, ...]:
    """The notices of assistance in query on file; several cases may share one list (2013 Rules §3)."""
    return tuple(
        document_id for document_id, kind in case.documents.items() if kind is DocumentKind.QUERY_NOTICE
    )

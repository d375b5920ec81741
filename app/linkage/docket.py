"""Everything on record that decides whether some demands are lawful, read in a handful of statements.

One demand or ten thousand take the same number of statements, so that a bulk intake and a single query share
one way of judging.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from uuid import UUID

from psycopg.rows import TupleRow
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.profile import Deadlines
from app.database import pipelined
from app.linkage.acting import Acting
from app.vocabulary import AgencyKind, CaseStatus, DocumentKind, OrderKind


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


_CASES = """
SELECT cases.id, case_number, status, legal_basis, parties.id, number_index, parties.name
  FROM cases LEFT JOIN parties ON parties.case_id = cases.id AND parties.role = 'debtor'
 WHERE cases.court_id = %(court)s AND case_number = ANY(%(cases)s)
 ORDER BY cases.id, parties.id
"""
_DOCUMENTS = """
SELECT case_id, documents.id, documents.kind FROM documents JOIN cases ON cases.id = case_id
 WHERE cases.court_id = %(court)s AND case_number = ANY(%(cases)s)
 ORDER BY documents.id
"""
_OFFICERS = """
SELECT court_id = %(court)s, id, work_permit_number FROM officers
 WHERE active AND work_permit_number = ANY(%(officers)s)
"""
_AGENCIES = """
SELECT id, code, kind, %(able)s = ANY(capabilities), settings ->> 'deadlines' FROM agencies
 WHERE active ORDER BY code
"""


async def load_docket(
    session: AsyncSession, acting: Acting, case_numbers: Collection[str], officers: Collection[str]
) -> Docket:
    # One array each, not ten thousand parameters: a bulk intake names as many cases.
    wanted = {"court": acting.court_id, "cases": list(case_numbers), "officers": list(officers)}
    async with pipelined(session) as driver:
        cases = await driver.execute(_CASES, wanted)
        documents = await driver.execute(_DOCUMENTS, wanted)
        permits = await driver.execute(_OFFICERS, wanted)
        agencies = await driver.execute(_AGENCIES, {"able": OrderKind.ASSET_QUERY})
    own, elsewhere = _officers(await permits.fetchall())
    return Docket(
        _cases(await cases.fetchall(), await documents.fetchall()),
        own,
        elsewhere,
        [_agency(row) for row in await agencies.fetchall()],
    )


def _cases(rows: Sequence[TupleRow], documents: Sequence[TupleRow]) -> dict[str, DocketCase]:
    cases: dict[UUID, DocketCase] = {}
    for case_id, number, status, basis, party_id, index, name in rows:
        case = cases.get(case_id)
        if case is None:
            case = cases[case_id] = DocketCase(case_id, number, CaseStatus(status), basis)
        if party_id is not None:
            case.debtors.append(Debtor(party_id, index, name))
    for case_id, document_id, kind in documents:
        if case_id in cases:  # else it was registered between the two statements
            cases[case_id].documents[document_id] = DocumentKind(kind)
    return {case.case_number: case for case in cases.values()}


def _officers(rows: Sequence[TupleRow]) -> tuple[dict[str, DocketOfficer], frozenset[str]]:
    found: dict[bool, dict[str, DocketOfficer]] = {True: {}, False: {}}
    for own, officer_id, permit in rows:
        found[own][permit] = DocketOfficer(officer_id, permit)
    return found[True], frozenset(found[False])


def _agency(row: TupleRow) -> DocketAgency:
    agency_id, code, kind, capable, stored = row
    clocks = _deadlines(stored)
    return DocketAgency(
        agency_id,
        code,
        AgencyKind(kind),
        capable,
        clocks.remind_after,
        clocks.answer_within,
        clocks.give_up_after,
    )


@lru_cache(maxsize=1_000)
def _deadlines(stored: str | None) -> Deadlines:
    """Read once: they stand in every query's way, and hardly ever change."""
    return Deadlines.model_validate_json(stored or "{}")


def query_notices(case: DocketCase) -> tuple[UUID, ...]:
    """The notices of assistance in query on file; several cases may share one list (2013 Rules §3)."""
    return tuple(
        document_id for document_id, kind in case.documents.items() if kind is DocumentKind.QUERY_NOTICE
    )

"""Everything on record that decides whether some demands are lawful, read in a handful of statements.

One demand or ten thousand take the same number of statements, so that a bulk intake and a single query share
one way of judging.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.profile import Deadlines
from app.database import driver_of
from app.linkage.acting import Acting
from app.vocabulary import AgencyKind, CaseStatus, DocumentKind


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


# One statement, its answers as JSON: each statement more would cost a query of one debtor as much as its row. The arrays
# come from subqueries so that no plan can count their elements: a plan for the very number of them would look cheaper
# than the prepared one each time, and cost more to make than all the rest.
_DOCKET = """
WITH named AS MATERIALIZED (
    SELECT id, case_number, status, legal_basis FROM cases
     WHERE court_id = %(court)s AND case_number = ANY (CAST((SELECT %(cases)s) AS text[]))
)
SELECT
(SELECT json_agg(named) FROM named),
(SELECT json_agg(json_build_array(case_id, id, encode(number_index, 'hex'), encode(name, 'hex')) ORDER BY id)
   FROM parties WHERE role = 'debtor' AND case_id IN (SELECT id FROM named)),
(SELECT json_agg(json_build_array(case_id, id, kind) ORDER BY id)
   FROM documents WHERE case_id IN (SELECT id FROM named)),
(SELECT json_agg(json_build_array(court_id = %(court)s, id, work_permit_number))
   FROM officers WHERE active AND work_permit_number = ANY (CAST((SELECT %(officers)s) AS text[]))),
(SELECT json_agg(json_build_array(id, code, kind, 'asset_query' = ANY(capabilities), settings ->> 'deadlines') ORDER BY code)
   FROM agencies WHERE active)
"""


async def load_docket(
    session: AsyncSession, acting: Acting, case_numbers: Collection[str], officers: Collection[str]
) -> Docket:
    # One array each, not ten thousand parameters: a bulk intake names as many cases.
    wanted = {"court": acting.court_id, "cases": list(case_numbers), "officers": list(officers)}
    async with driver_of(session) as driver:
        found = await (await driver.execute(_DOCKET, wanted)).fetchone()
    assert found is not None
    cases, debtors, documents, permits, agencies = (part or [] for part in found)
    own, elsewhere = _officers(permits)
    return Docket(_cases(cases, debtors, documents), own, elsewhere, [_agency(*row) for row in agencies])


def _cases(cases: list[Any], debtors: list[Any], documents: list[Any]) -> dict[str, DocketCase]:
    found = {
        case["id"]: DocketCase(
            UUID(case["id"]), case["case_number"], CaseStatus(case["status"]), case["legal_basis"]
        )
        for case in cases
    }
    for case_id, party_id, index, name in debtors:
        found[case_id].debtors.append(Debtor(UUID(party_id), bytes.fromhex(index), bytes.fromhex(name)))
    for case_id, document_id, kind in documents:
        found[case_id].documents[UUID(document_id)] = DocumentKind(kind)
    return {case.case_number: case for case in found.values()}


def _officers(permits: list[Any]) -> tuple[dict[str, DocketOfficer], frozenset[str]]:
    own = {permit: DocketOfficer(UUID(officer_id), permit) for ours, officer_id, permit in permits if ours}
    return own, frozenset(permit for ours, _, permit in permits if not ours)


@lru_cache(maxsize=1_000)
def _agency(agency_id: str, code: str, kind: str, capable: bool, stored: str | None) -> DocketAgency:  # noqa: FBT001 - a row
    """Made once: all agencies stand in every query's way, and hardly ever change."""
    clocks = Deadlines.model_validate_json(stored or "{}")
    return DocketAgency(
        UUID(agency_id),
        code,
        AgencyKind(kind),
        capable,
        clocks.remind_after,
        clocks.answer_within,
        clocks.give_up_after,
    )


def query_notices(case: DocketCase) -> tuple[UUID, ...]:
    """The notices of assistance in query on file; several cases may share one list (2013 Rules §3)."""
    return tuple(
        document_id for document_id, kind in case.documents.items() if kind is DocumentKind.QUERY_NOTICE
    )

"""A court with cases, and agencies that one responder plays: put in before the clock starts."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from uuid import UUID

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.signing_keys import PrivateKey
from app.api.tokens import Tokens
from app.clock import SystemClock
from app.crypto import Vault
from app.database import create_engine, session_factory
from app.ids import new_id
from app.linkage import agencies, clients, courts
from app.linkage.acting import Acting
from app.linkage.callers import Caller
from app.linkage.subjects import certificate_index
from app.models import Case, Document, DocumentContent, Party
from app.sandbox.population import Debtor, Population
from app.vocabulary import (
    ORGANISATION_CERTIFICATES,
    ActorKind,
    AgencyKind,
    CaseStatus,
    DocumentKind,
    OfficerRole,
    PartyKind,
    PartyRole,
    Role,
)
from bench.stand import Ground

OFFICER = "豫1424-0017"
APPROVER = "豫1424-0026"
"""The one who signs beside the officer what binds."""

PURPOSE = "查明被执行人财产状况"
KINDS = (AgencyKind.POLICE, AgencyKind.TAX, AgencyKind.LAND, AgencyKind.VEHICLE, AgencyKind.BANK)
CONCURRENCY = 100
"""Requests that an agency lets the hub have under way at once."""

_COURT = "豫1424"
_PAPER = b"%PDF-1.4 notice of assistance in query"


@dataclass(frozen=True, slots=True)
class Town:
    client_id: UUID
    client_name: str
    court_id: UUID
    token: str = field(repr=False)
    """A token of the court, good for the whole run."""

    case_numbers: tuple[str, ...]
    agency_codes: tuple[str, ...]

    def acting(self) -> Acting:
        now = SystemClock().now()
        return Acting(self.client_id, self.client_name, self.court_id, _COURT, new_id().hex, now)


@dataclass(frozen=True, slots=True)
class CaseFile:
    """What an order that binds names."""

    case_id: UUID
    debtor_id: UUID
    documents: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Counter:
    """Where the responder listens, and the key that it signs with."""

    url: str
    key: PrivateKey = field(repr=False)

    def endpoint(self, kind: AgencyKind) -> str:
        return f"{self.url}/{kind}"

    def key_of(self, kind: AgencyKind) -> str:
        """The key id of the agency of this kind: ids are of one agency each, though the key is the same."""
        return f"responder-{kind}"


def settle(ground: Ground, cases: int, counter: Counter | None = None) -> Town:
    """Fill a fresh database; without a counter the agencies exist, and nobody is there."""
    return asyncio.run(_settle(ground, cases, counter))


async def _settle(ground: Ground, cases: int, counter: Counter | None) -> Town:
    engine = create_engine(ground.database_url, pool_size=1)
    keys = ground.keys()
    caller = administrator()
    try:
        async with session_factory(engine).begin() as session:
            court = await courts.create_court(
                session, caller, courts.NewCourt(code=_COURT, name="河南省柘城县人民法院")
            )
            officer = await courts.enrol_officer(
                session,
                caller,
                courts.NewOfficer(
                    court_id=court.id,
                    name="王执行",
                    work_permit_number=OFFICER,
                    enforcement_permit_number="豫执1424017",
                ),
            )
            await courts.enrol_officer(
                session,
                caller,
                courts.NewOfficer(
                    court_id=court.id,
                    name="郑审批",
                    work_permit_number=APPROVER,
                    enforcement_permit_number="豫执1424026",
                    role=OfficerRole.APPROVER,
                ),
            )
            client, _ = await clients.create_client(
                session,
                caller,
                clients.NewClient(name="柘城法院办案系统", role=Role.COURT, court_id=court.id),
            )
            codes = [await _open_agency(session, caller, kind, counter) for kind in KINDS]
            numbers = await _register_cases(session, keys.vault, court.id, officer.id, cases)
        async with engine.begin() as connection:
            await connection.execute(text("ANALYZE"))  # as autovacuum does within a minute
    finally:
        await engine.dispose()
    tokens = Tokens(keys.token, str(ground.settings().public_url), timedelta(hours=1))
    token = tokens.issue(client.id, Role.COURT, caller.at)
    return Town(client.id, client.client_id, court.id, token, tuple(numbers), tuple(codes))


def administrator() -> Caller:
    now = SystemClock().now()
    return Caller(
        UUID(int=0), "bench", Role.ADMINISTRATOR, None, None, new_id().hex, now, ActorKind.COMMAND_LINE
    )


async def _open_agency(
    session: AsyncSession, caller: Caller, kind: AgencyKind, counter: Counter | None
) -> str:
    code = f"{kind.upper()}-ZC"
    endpoint = counter.endpoint(kind) if counter else "http://127.0.0.1:9/nobody"
    demand = agencies.NewAgency.model_validate(
        {
            "code": code,
            "name": f"柘城 {kind}",
            "kind": kind,
            "settings": {"endpoint": endpoint, "limits": {"concurrency": CONCURRENCY}},
            "keys": [_key(kind, counter)] if counter else [],
        }
    )
    await agencies.create_agency(session, caller, demand)
    return code


def _key(kind: AgencyKind, counter: Counter) -> dict[str, str]:
    pem = counter.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return {"key_id": counter.key_of(kind), "public_key": pem}


def debtors_of(cases: int) -> Sequence[Debtor]:
    """The debtor of each case; the sandbox's agencies know them, too, unless there are more than a thousand."""
    return Population(seed=1, size=max(2_000, cases + 1_000)).debtors(cases)


async def _register_cases(
    session: AsyncSession, vault: Vault, court_id: UUID, officer_id: UUID, count: int
) -> list[str]:
    """Cases with one debtor and one notice each, as `POST /v1/cases` would leave them."""
    now = SystemClock().now()
    debtors = debtors_of(count)
    numbers = [f"（2018）{_COURT}执{serial}号" for serial in range(1, count + 1)]
    cases = [_case(number, court_id, officer_id, now) for number in numbers]
    await session.execute(insert(Case), cases)
    pairs = zip(cases, debtors, strict=True)
    await session.execute(insert(Party), [_party(case, debtor, vault, now) for case, debtor in pairs])
    digest = sha256(_PAPER).digest()
    await session.execute(
        insert(DocumentContent).values(sha256=digest, sealed=vault.seal(_PAPER, "document_contents.sealed"))
    )
    await session.execute(insert(Document), [_paper(case, digest, now) for case in cases])
    return numbers


def _case(number: str, court_id: UUID, officer_id: UUID, now: datetime) -> dict[str, object]:
    return {
        "id": new_id(),
        "court_id": court_id,
        "case_number": number,
        "case_number_given": number,
        "type_code": "执",
        "cause": "民间借贷纠纷",
        "legal_basis": "（2017）豫1424民初1024号民事判决书",
        "claim_amount": Decimal("85000.00"),
        "status": CaseStatus.OPEN,
        "officer_id": officer_id,
        "opened_on": date(2018, 3, 5),
        "created_at": now,
    }


def _party(case: dict[str, object], debtor: Debtor, vault: Vault, now: datetime) -> dict[str, object]:
    return {
        "id": new_id(),
        "case_id": case["id"],
        "court_id": case["court_id"],
        "role": PartyRole.DEBTOR,
        "kind": PartyKind.ORGANISATION
        if debtor.certificate_type in ORGANISATION_CERTIFICATES
        else PartyKind.PERSON,
        "certificate_type": debtor.certificate_type,
        "name": vault.seal_text(debtor.name, "parties.name"),
        "number": vault.seal_text(debtor.number, "parties.number"),
        "number_index": certificate_index(vault, debtor.certificate_type, debtor.number),
        "created_at": now,
    }


def _paper(case: dict[str, object], digest: bytes, now: datetime) -> dict[str, object]:
    return {
        "id": new_id(),
        "court_id": case["court_id"],
        "case_id": case["id"],
        "kind": DocumentKind.QUERY_NOTICE,
        "title": "协助查询财产通知书",
        "document_number": f"{case['case_number']}之一",
        "issued_on": date(2018, 3, 6),
        "media_type": "application/pdf",
        "size": len(_PAPER),
        "sha256": digest,
        "created_at": now,
    }


_FILE_PAPERS = """
WITH filed AS (
    INSERT INTO documents
        (id, court_id, case_id, kind, title, document_number, issued_on, media_type, size, sha256, created_at)
    SELECT uuidv7(), court_id, case_id, kinds.kind, title, document_number, issued_on, media_type, size, sha256, created_at
      FROM documents CROSS JOIN unnest(CAST(%s AS text[])) AS kinds(kind)
    RETURNING id, case_id
)
SELECT case_number, cases.id, parties.id, array_agg(filed.id)
  FROM filed JOIN cases ON cases.id = filed.case_id JOIN parties ON parties.case_id = cases.id
 GROUP BY case_number, cases.id, parties.id
"""


def file_papers(ground: Ground, *kinds: DocumentKind) -> Mapping[str, CaseFile]:
    """One paper of each of these kinds in every case, like its notice; what to name, by case number."""
    with ground.connect() as connection:
        rows = connection.execute(_FILE_PAPERS, [[kind.value for kind in kinds]]).fetchall()
    return {number: CaseFile(case_id, party_id, tuple(papers)) for number, case_id, party_id, papers in rows}


def demand(case_number: str, codes: Sequence[str]) -> dict[str, object]:
    """The body of an asset query."""
    return {
        "case_number": case_number,
        "officer": OFFICER,
        "purpose": PURPOSE,
        "agencies": {"codes": list(codes)},
    }

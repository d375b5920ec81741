"""Two courts with cases against the same debtors, and what they order: a hub on a real database, driven by its verbs."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.clock import ManualClock
from app.crypto import Vault
from app.ids import new_id
from app.linkage.acting import Acting
from app.linkage.agencies import NewAgency, create_agency
from app.linkage.callers import Caller
from app.linkage.cases import NewCase, register_case
from app.linkage.clients import NewClient, create_client
from app.linkage.control.approving import decide
from app.linkage.control.converting import convert_preservation
from app.linkage.control.demands import (
    Approval,
    ConversionDemand,
    CourtAccountDemand,
    FreezeDemand,
    ReleaseDemand,
    RenewalDemand,
    TermDemand,
    TransferDemand,
)
from app.linkage.control.drafting import draft_freeze
from app.linkage.control.following import draft_renewal, draft_transfer, order_release
from app.linkage.control.found import things_of_case
from app.linkage.control.releasing import release_everything
from app.linkage.courts import NewCourt, NewOfficer, create_court, enrol_officer
from app.linkage.demand import AssetQueryDemand
from app.linkage.documents import NewDocument, Paper, store_document
from app.linkage.intake import order_query
from app.measures.words import ThingKind
from app.models import Case, Order
from app.sandbox.population import Population, Subject
from app.vocabulary import (
    AccountNature,
    ActorKind,
    AgencyKind,
    DocumentKind,
    OfficerRole,
    OrderKind,
    PartyRole,
    Role,
)

BANK = "BANK-ZC"
AGENCIES = {
    BANK: AgencyKind.BANK,
    "LAND-ZC": AgencyKind.LAND,
    "VEHICLE-ZC": AgencyKind.VEHICLE,
    "TAX-ZC": AgencyKind.TAX,
}
POPULATION = Population(1, 200, (BANK,))
DEBTORS: tuple[Subject, ...] = (
    POPULATION.person(144),  # three accounts, two houses, a car
    POPULATION.person(59),  # a product with its return account, a car that two other courts seized
    POPULATION.person(100),  # a product, a pension
    POPULATION.company(5),  # land with what stands on it, a tax refund
)
START = datetime(2026, 2, 27, 1, 2, 3, tzinfo=UTC)
SETTINGS = {
    "endpoint": "http://127.0.0.1:9/",
    "limits": {"concurrency": 1000},
    "retries": {"backoff_seconds": [1, 30], "max_attempts": 1000},
    "breaker": {"failures": 1000},
    "deadlines": {"remind_hours": 8000, "answer_hours": 8001, "give_up_hours": 17_520},
}
ACCOUNT = CourtAccountDemand(
    name="执行款专户", number="41990000000000099999", bank="示例银行", bank_code="4025"
)
REASON = "无其他财产可供执行"
_PAPERS = (
    DocumentKind.RULING,
    DocumentKind.FREEZE_NOTICE,
    DocumentKind.RELEASE_NOTICE,
    DocumentKind.ENFORCEMENT_NOTICE,
    DocumentKind.QUERY_NOTICE,
)


@dataclass(frozen=True)
class Court:
    acting: Acting
    officer: str
    approver: str


class Found(NamedTuple):
    """What an agency reported when it was asked."""

    agency: str
    identity: str
    kind: ThingKind
    asset_id: UUID


@dataclass
class TownCase:
    id: UUID
    number: str
    court: Court
    debtor_id: UUID
    papers: tuple[UUID, ...]
    things: list[Found] = field(default_factory=list)
    """What may be frozen."""

    @property
    def is_preservation(self) -> bool:
        return "执保" in self.number


@dataclass
class Town:
    sessions: async_sessionmaker[AsyncSession]
    vault: Vault
    clock: ManualClock
    cases: list[TownCase] = field(default_factory=list)
    agency_ids: dict[str, UUID] = field(default_factory=dict)

    def acting(self, case: TownCase) -> Acting:
        return replace(case.court.acting, at=self.clock.now())

    def preserved(self, case: TownCase) -> TownCase | None:
        """The preservation case of the same court against the same debtor."""
        place = self.cases.index(case)
        followed_by = self.cases[place : place + 3]
        mine = [each for each in followed_by if each.is_preservation and each.court is case.court]
        return mine[0] if mine and mine[0] is not case else None

    async def settle(self) -> None:
        """Each debtor: an enforcement case at either court, and a preservation case at the first."""
        async with self.sessions.begin() as session:
            first, second = await self._court(session, "豫1424"), await self._court(session, "豫1422")
            for code, kind in AGENCIES.items():
                demand = NewAgency.model_validate(
                    {
                        "code": code,
                        "name": code,
                        "kind": kind,
                        "capabilities": list(OrderKind),
                        "settings": SETTINGS,
                    }
                )
                self.agency_ids[code] = (await create_agency(session, self._seeder(), demand)).id
            for serial, debtor in enumerate(DEBTORS, 1):
                for court, type_code in ((first, "执"), (second, "执"), (first, "执保")):
                    number = f"（2026）{court.acting.court_code}{type_code}{serial}号"
                    self.cases.append(await self._case(session, court, number, debtor))

    async def find_things(self) -> None:
        """What the agencies reported can be ordered from now on."""
        async with self.sessions() as session:
            for case in self.cases:
                found = await things_of_case(session, self.vault, await session.get_one(Case, case.id))
                things = [
                    Found(thing.agency_code, thing.identity, thing.kind, asset_id)
                    for asset_id, thing in found.items()
                    if thing.kind and thing.identity and thing.nature is AccountNature.ORDINARY
                ]
                case.things = sorted(things)

    async def ask(self, case: TownCase) -> None:
        demand = AssetQueryDemand(case_number=case.number, officer=case.court.officer, purpose="查明财产")
        async with self.sessions.begin() as session:
            await order_query(session, self.acting(case), self.vault, demand)

    # What a court orders -------------------------------------------------------------------------------------

    async def freeze(
        self,
        case: TownCase,
        things: Sequence[dict[str, object]],
        everywhere: Sequence[dict[str, object]] = (),
    ) -> UUID:
        """Drafted and approved. `things` and `everywhere` are bodies of `things` and `query_and_freeze`."""
        demand = FreezeDemand.model_validate(
            {
                **_signed(case),
                "case_id": case.id,
                "things": things,
                "query_and_freeze": everywhere,
                "excess_reason": REASON,
            }
        )
        async with self.sessions.begin() as session:
            order = await draft_freeze(session, self.acting(case), self.vault, demand)
            return await self._approve(session, case, order)

    async def renew(self, case: TownCase, freeze_id: UUID, term: TermDemand) -> UUID:
        demand = RenewalDemand.model_validate({**_signed(case), "term": term})
        async with self.sessions.begin() as session:
            order = await draft_renewal(session, self.acting(case), self.vault, freeze_id, demand)
            return await self._approve(session, case, order)

    async def transfer(self, case: TownCase, freeze_id: UUID, amount: str) -> UUID:
        demand = TransferDemand.model_validate({**_signed(case), "amount": amount, "account": ACCOUNT})
        async with self.sessions.begin() as session:
            order = await draft_transfer(session, self.acting(case), self.vault, freeze_id, demand)
            return await self._approve(session, case, order)

    async def release(self, case: TownCase, freeze_id: UUID, amount: str | None = None) -> UUID:
        demand = ReleaseDemand.model_validate({**_signed(case), "amount": amount, "reason": "已履行"})
        async with self.sessions.begin() as session:
            return (await order_release(session, self.acting(case), self.vault, freeze_id, demand)).id

    async def release_all(self, case: TownCase) -> None:
        async with self.sessions.begin() as session:
            row = await session.get_one(Case, case.id, with_for_update=True)
            await release_everything(session, self.acting(case), self.vault, row, "和解")

    async def convert(self, case: TownCase, preserved: TownCase) -> UUID:
        """What is preserved against the debtor of this case runs on in it."""
        demand = ConversionDemand.model_validate({**_signed(case), "preservation_case_id": preserved.id})
        async with self.sessions.begin() as session:
            order = await convert_preservation(session, self.acting(case), self.vault, case.id, demand)
            return order.id

    async def _approve(self, session: AsyncSession, case: TownCase, order: Order) -> UUID:
        approval = Approval(officer=case.court.approver, approve=True, note=REASON)
        await decide(session, self.acting(case), self.vault, order.id, approval)
        return order.id

    # Furnishing ----------------------------------------------------------------------------------------------

    def _seeder(self) -> Caller:
        return Caller(
            new_id(),
            "tests",
            Role.ADMINISTRATOR,
            None,
            None,
            "seed",
            self.clock.now(),
            ActorKind.COMMAND_LINE,
        )

    async def _court(self, session: AsyncSession, code: str) -> Court:
        seeder = self._seeder()
        court = await create_court(session, seeder, NewCourt(code=code, name=f"{code}人民法院"))
        permits = []
        for role in OfficerRole:
            permit = f"{code}-{role}"
            officer = NewOfficer(
                court_id=court.id,
                name="王执行",
                work_permit_number=permit,
                enforcement_permit_number=permit,
                role=role,
            )
            await enrol_officer(session, seeder, officer)
            permits.append(permit)
        client, _ = await create_client(session, seeder, NewClient(name=code, court_id=court.id))
        acting = Acting(client.id, client.client_id, court.id, code, "property", self.clock.now())
        by_role = dict(zip(OfficerRole, permits, strict=True))
        return Court(acting, by_role[OfficerRole.ENFORCEMENT_OFFICER], by_role[OfficerRole.APPROVER])

    async def _case(self, session: AsyncSession, court: Court, number: str, debtor: Subject) -> TownCase:
        demand = NewCase.model_validate(
            {
                "case_number": number,
                "cause": "民间借贷纠纷",
                "legal_basis": "（2025）豫1424民初1024号民事判决书",
                "claim_amount": "90000000.00",
                "officer": court.officer,
                "opened_on": "2026-01-05",
                "parties": [
                    {
                        "role": PartyRole.DEBTOR,
                        "name": debtor.name,
                        "certificate_type": debtor.certificate_type,
                        "certificate_number": debtor.number,
                    }
                ],
            }
        )
        acting = replace(court.acting, at=self.clock.now())
        case, (party,) = await register_case(session, acting, self.vault, demand)
        papers = [
            await store_document(
                session,
                acting,
                case,
                self.vault,
                NewDocument(
                    kind=kind, title=kind, document_number=f"{number}之一", issued_on=date(2026, 2, 1)
                ),
                Paper(f"%PDF-1.4 {kind} {number}".encode()),
            )
            for kind in _PAPERS
        ]
        return TownCase(case.id, number, court, party.id, tuple(paper.id for paper in papers))


def _signed(case: TownCase) -> dict[str, object]:
    return {"officer": case.court.officer, "purpose": "控制被执行人财产", "documents": case.papers}

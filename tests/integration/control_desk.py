"""A court with a case, papers, two officers and agencies that take freezes; what agencies say is handed in by the test."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select

from app.adapters.assets import Asset as Reported
from app.adapters.assets import BankAccount, PriorFreeze, RealEstate, Vehicle, thing_of
from app.adapters.contract import Answer
from app.adapters.measures import MeasureReport, Notice, WhyNot
from app.adapters.measures import Objection as Raised
from app.clock import ManualClock
from app.ids import new_id
from app.linkage.answers import receive
from app.linkage.callers import Caller
from app.linkage.courts import NewOfficer, enrol_officer
from app.linkage.messages import Fate, Received
from app.measures.words import State, ThingKind
from app.models import Agency, AgencyRequest, Asset, CourtEvent, Freeze
from app.models.agency_request import RequestState
from app.vocabulary import (
    AccountNature,
    ActorKind,
    AnswerState,
    EventType,
    OfficerRole,
    OrderKind,
    RealRight,
    Role,
)
from tests.integration.conftest import OFFICER, Office
from tests.integration.test_api_agencies import an_agency
from tests.integration.test_api_cases import a_party, registered
from tests.integration.test_api_documents import PDF

APPROVER = "豫柘法执0102"
OTHER_NUMBER = "440524188001010014"
PAPERS = ("ruling", "freeze_notice", "release_notice", "enforcement_notice", "query_notice")
NEEDS = {"monthly_standard": "700.00"}
COURT_ACCOUNT = {
    "name": "柘城县人民法院执行款专户",
    "number": "41990000000000099999",
    "bank": "柘城农商银行",
    "bank_code": "402506000001",
}


def an_account(number: str = "6217000000000000001", money: str = "50000.00", **facts: Any) -> BankAccount:
    return BankAccount.model_validate(
        {
            "account_number": number,
            "account_type": "current",
            "status": "active",
            "balance": money,
            "available_balance": money,
            "branch": "柘城支行",
            **facts,
        }
    )


def a_wage_account(number: str = "6217000000000000009", money: str = "3000.00") -> BankAccount:
    return an_account(number, money, nature=AccountNature.WAGE)


def a_house(unit: str = "411424001001GB00001F00010001", **facts: Any) -> RealEstate:
    return RealEstate.model_validate(
        {
            "right": RealRight.HOUSE_PROPERTY,
            "unit_number": unit,
            "location": "河南省柘城县示例路1号",
            "registry": "柘城县不动产登记中心",
            **facts,
        }
    )


def a_car(vin: str = "LSVAU2180N2000001") -> Vehicle:
    return Vehicle(plate_number="豫N00001", plate_class="02", brand="示例", vin=vin, status="normal")


def ahead(rank: int | None, case_number: str, amount: str | None = None, **facts: Any) -> PriorFreeze:
    return PriorFreeze.model_validate(
        {"authority": "睢县人民法院", "rank": rank, "case_number": case_number, "amount": amount, **facts}
    )


@dataclass
class Desk:
    office: Office
    clock: ManualClock
    case: dict[str, Any]
    papers: dict[str, str]
    agencies: dict[str, UUID] = field(default_factory=dict)

    @property
    def court(self) -> httpx.AsyncClient:
        return self.office.court

    @property
    def debtor_id(self) -> str:
        debtor_id: str = self.case["parties"][0]["id"]
        return debtor_id

    def at(self, path: str) -> str:
        return f"/v1/cases/{self.case['id']}{path}"

    async def pass_until(self, instant: datetime) -> None:
        """Time goes on, and the court's token is renewed."""
        self.clock.advance(instant - self.clock.now())
        answer = await self.court.post(
            "/oauth/token", data={"grant_type": "client_credentials"}, auth=self.office.secrets["court"]
        )
        self.court.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    # What agencies say ------------------------------------------------------------------------------------------

    async def found(self, code: str, *assets: Reported) -> list[str]:
        """The agency was asked, and reported these; their ids, in this order."""
        query = await self.court.post(
            "/v1/asset-queries",
            json={
                "case_number": self.case["case_number"],
                "officer": OFFICER,
                "purpose": "查明财产",
                "agencies": {"codes": [code]},
            },
        )
        assert query.status_code == 202, query.text
        (request,) = await self.requests(query.json()["id"])
        await self.hear(request, state=AnswerState.FOUND, assets=assets)
        async with self.office.hub.sessions() as session:
            rows = await session.scalars(
                select(Asset.id).where(Asset.request_id == request.id).order_by(Asset.id)
            )
            return [str(asset_id) for asset_id in rows]

    async def requests(self, order_id: str) -> Sequence[AgencyRequest]:
        async with self.office.hub.sessions() as session:
            rows = await session.scalars(
                select(AgencyRequest)
                .where(AgencyRequest.order_id == UUID(order_id))
                .order_by(AgencyRequest.id)
            )
            return rows.all()

    async def hear(
        self,
        request: AgencyRequest,
        *reports: MeasureReport,
        state: AnswerState = AnswerState.EXECUTED,
        assets: Sequence[Reported] = (),
    ) -> Fate:
        """The answer of the agency that was asked."""
        answer = Answer(
            request.id, new_id(), state, self.clock.now(), assets=tuple(assets), measures=tuple(reports)
        )
        return await self._receive(request, answer)

    async def notice(self, freeze: Freeze, cause: Any, *reports: MeasureReport) -> Fate:
        request = await self._request(freeze.request_id)
        return await self._receive(
            request, Notice(request.id, new_id(), cause, self.clock.now(), tuple(reports))
        )

    async def object_to(self, request: AgencyRequest, raised: Raised) -> Fate:
        return await self._receive(request, replace(raised, request_id=request.id))

    async def _request(self, request_id: UUID) -> AgencyRequest:
        async with self.office.hub.sessions() as session:
            return await session.get_one(AgencyRequest, request_id)

    async def _receive(self, request: AgencyRequest, said: Any) -> Fate:
        async with self.office.hub.sessions.begin() as session:
            row = await session.get_one(AgencyRequest, request.id)
            if not row.times_sent:  # as if it had been carried
                row.times_sent = 1
                row.move_to(RequestState.SENT, self.clock.now())
                await session.flush()
            agency = await session.get_one(Agency, row.agency_id)
            message = Received(
                agency.id,
                agency.code,
                "callback",
                said,
                "application/json",
                repr(said.message_id).encode(),
                None,
                self.clock.now(),
            )
            receipt = await receive(session, self.office.hub.keys.vault, message)
            return receipt.fate

    # What the court does ----------------------------------------------------------------------------------------

    def signed(self, *papers: str, **more: Any) -> dict[str, Any]:
        return {
            "officer": OFFICER,
            "purpose": "控制被执行人财产",
            "documents": [self.papers[paper] for paper in papers],
            **more,
        }

    async def draft(self, *things: dict[str, Any], **more: Any) -> httpx.Response:
        body = {
            **self.signed("ruling", "freeze_notice"),
            "case_id": self.case["id"],
            "things": list(things),
            **more,
        }
        return await self.court.post("/v1/freeze-orders", json=body)

    async def decide(self, order_id: str, **more: Any) -> httpx.Response:
        body = {"officer": APPROVER, "approve": True, **more}
        return await self.court.post(f"/v1/measures/{order_id}/decision", json=body)

    async def ordered(self, *things: dict[str, Any], note: str | None = None, **more: Any) -> list[Freeze]:
        """Drafted and approved; the freezes, in the order of the things."""
        drafted = await self.draft(*things, **more)
        assert drafted.status_code == 202, drafted.text
        decided = await self.decide(drafted.json()["id"], note=note)
        assert decided.status_code == 200, decided.text
        async with self.office.hub.sessions() as session:
            rows = await session.scalars(
                select(Freeze).where(Freeze.order_id == UUID(drafted.json()["id"])).order_by(Freeze.id)
            )
            return list(rows)

    async def frozen(self, code: str, account: BankAccount, limit: str, held: str | None = None) -> Freeze:
        """Found, ordered, approved and in force at rank 1."""
        (asset_id,) = await self.found(code, account)
        (freeze,) = await self.ordered({"asset_id": asset_id, "limit": limit})
        await self.in_force(freeze, account, limit, held)
        return await self.freeze(freeze.id)

    async def in_force(self, freeze: Freeze, asset: Reported, limit: str | None, held: str | None) -> None:
        request = await self._request(freeze.request_id)
        await self.hear(request, report(asset, self.clock.now(), limit=limit, held=held or limit))

    async def freeze(self, freeze_id: UUID) -> Freeze:
        async with self.office.hub.sessions() as session:
            return await session.get_one(Freeze, freeze_id)

    async def events(self, event_type: EventType) -> list[dict[str, Any]]:
        async with self.office.hub.sessions() as session:
            rows = await session.scalars(
                select(CourtEvent).where(CourtEvent.event_type == event_type).order_by(CourtEvent.number)
            )
            return [event.data for event in rows]

    async def tasks(self, **filters: Any) -> list[dict[str, Any]]:
        answer = await self.court.get("/v1/tasks", params={"open": True, **filters})
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


def report(
    asset: Reported, now: datetime, *, state: State = State.IN_FORCE, limit: str | None = None, **said: Any
) -> MeasureReport:
    """How a freeze stands on this thing; a year from now it ends, unless said otherwise."""
    named = thing_of(asset)
    assert named is not None
    kind, identity = named
    money = {"limit": limit} if kind not in {ThingKind.REAL_ESTATE, ThingKind.VEHICLE} else {"held": None}
    live = {"rank": 1, "received_at": now, "active_at": now, "ends_at": now + timedelta(days=365)}
    told = {"kind": kind, "identity": identity, "state": state, **live, **money, **said}
    return MeasureReport.model_validate({name: value for name, value in told.items() if value is not None})


def not_done(asset: Reported, why: WhyNot) -> MeasureReport:
    named = thing_of(asset)
    assert named is not None
    return MeasureReport(kind=named[0], identity=named[1], why_not=why)


async def furnish(
    office: Office, clock: ManualClock, *, papers: Sequence[str] = PAPERS, **changes: Any
) -> Desk:
    """Two banks and two registries; 85,000 are owed."""
    parties = [a_party(), a_party(name="梁建国", role="creditor", certificate_number=OTHER_NUMBER)]
    case = await registered(office, **{"parties": parties, **changes})
    desk = Desk(office, clock, case, {})
    for code, kind in (("BANK-ZC", "bank"), ("BANK-SQ", "bank"), ("LAND-ZC", "land"), ("CAR-ZC", "vehicle")):
        made = await office.administrator.post(
            "/v1/agencies",
            json=an_agency(code=code, kind=kind, keys=[], capabilities=sorted(OrderKind)),
        )
        assert made.status_code == 201, made.text
    for kind in papers:
        desk.papers[kind] = (await paper(desk, kind)).json()["id"]
    seeder = Caller(
        new_id(), "tests", Role.ADMINISTRATOR, None, None, "seed", clock.now(), ActorKind.COMMAND_LINE
    )
    async with office.hub.sessions.begin() as session:
        approver = NewOfficer(
            court_id=office.court_id,
            name="李审批",
            work_permit_number=APPROVER,
            enforcement_permit_number="41142400102",
            role=OfficerRole.APPROVER,
        )
        await enrol_officer(session, seeder, approver)
    return desk


async def paper(desk: Desk, kind: str, **fields: Any) -> httpx.Response:
    """A paper of the case; each has bytes of its own."""
    told = {
        "kind": kind,
        "title": "文书",
        "document_number": "（2018）豫1424执1352号之一",
        "issued_on": "2026-11-20",
        **fields,
    }
    content = PDF + f"{kind}{new_id()}".encode()
    return await desk.court.post(
        f"/v1/cases/{desk.case['id']}/documents", data=told, files={"file": ("a.pdf", content)}
    )

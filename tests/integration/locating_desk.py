"""A court that looks for its debtor: two police bodies and the traffic police; what they say is handed in by the test."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.contract import Acknowledged, Answer, Posted, StatusReport
from app.adapters.locating import CustodyNotice, Hit
from app.clock import ManualClock
from app.dispatch.housekeeping import Housekeeping
from app.ids import new_id
from app.linkage.answers import receive
from app.linkage.messages import Fate, Receipt, Received
from app.models import (
    Agency,
    AgencyRequest,
    ApiClient,
    Custody,
    LocateEntry,
    LocateHit,
    LocateRequest,
    OutboxItem,
)
from app.models.agency_request import RequestState
from app.models.locating import EntryState
from app.vocabulary import AnswerState, CustodyStage, HitConfidence, OrderKind
from tests.integration.conftest import OFFICER, Office
from tests.integration.control_desk import APPROVER, Desk, a_car, furnish, paper
from tests.integration.test_api_agencies import an_agency
from tests.integration.test_api_cases import registered

PAPERS = (
    "ruling",
    "freeze_notice",
    "release_notice",
    "enforcement_notice",
    "query_notice",
    "summons",
    "detention_decision",
    "criminal_warrant",
    "property_report_order",
)
POLICE = ("POLICE-AKS", "POLICE-YL")


@dataclass
class LocatingDesk:
    desk: Desk
    office: Office
    clock: ManualClock
    housekeeping: Housekeeping
    cases: int = 0

    @property
    def court(self) -> httpx.AsyncClient:
        return self.office.court

    @property
    def now(self) -> datetime:
        return self.clock.now()

    async def wait(self, **duration: float) -> None:
        """Time goes on, and every clock that is due strikes."""
        await self.desk.pass_until(self.now + timedelta(**duration))
        await self.strike()

    async def strike(self) -> int:
        return await self.housekeeping.strike_clocks() + await self.housekeeping.strike_look_out_clocks()

    async def new_case(self) -> dict[str, Any]:
        """Another case of the same debtor, with the papers of a detention; from now on it is the case at hand."""
        await self.desk.pass_until(self.now)  # the token may be old
        self.cases += 1
        self.desk.case = await registered(self.office, case_number=f"（2018）豫1424执{9000 + self.cases}号")
        for kind in ("detention_decision", "enforcement_notice"):
            self.desk.papers[kind] = (await paper(self.desk, kind)).json()["id"]
        return self.desk.case

    async def client_id(self) -> UUID:
        """Of the court's own system."""
        async with self.office.hub.sessions() as session:
            name = self.office.secrets["court"][0]
            found = await session.scalar(select(ApiClient.id).where(ApiClient.client_id == name))
            assert found is not None
            return found

    # What the court does ----------------------------------------------------------------------------------------

    def demand(self, **changes: Any) -> dict[str, Any]:
        return {
            **self.desk.signed("detention_decision", "enforcement_notice", purpose="查找被执行人"),
            "case_id": self.desk.case["id"],
            "debtor_id": self.desk.debtor_id,
            "agencies": {"codes": POLICE},
            "ground": "detention_decision",
            "action": "hold_and_notify",
            "urgency": "urgent",
            "duty_phone": "0370-7210110",
            "valid_until": (self.now + timedelta(days=60)).isoformat(),
            "last_known_places": ["新疆阿克苏地区"],
            **changes,
        }

    async def draft(self, **changes: Any) -> httpx.Response:
        return await self.court.post("/v1/locate-requests", json=self.demand(**changes))

    async def decide(self, locate_id: str, **changes: Any) -> httpx.Response:
        body = {"officer": APPROVER, "approve": True, **changes}
        return await self.court.post(f"/v1/locate-requests/{locate_id}/decision", json=body)

    async def live(self, **changes: Any) -> str:
        """Drafted and approved; its id."""
        drafted = await self.draft(**changes)
        assert drafted.status_code == 202, drafted.text
        locate_id: str = drafted.json()["id"]
        decided = await self.decide(locate_id)
        assert decided.status_code == 200, decided.text
        return locate_id

    async def active(self, **changes: Any) -> str:
        """Live, and entered at every holder."""
        locate_id = await self.live(**changes)
        for entry in await self.entries(locate_id):
            assert await self.answer(entry.request_id) is Fate.APPLIED
        return locate_id

    async def read(self, locate_id: str) -> dict[str, Any]:
        answer = await self.court.get(f"/v1/locate-requests/{locate_id}")
        assert answer.status_code == 200, answer.text
        view: dict[str, Any] = answer.json()
        return view

    async def judge(self, hit: LocateHit, decision: str = "confirmed", **changes: Any) -> httpx.Response:
        body = {"officer": OFFICER, "decision": decision, **changes}
        return await self.court.post(f"/v1/hits/{hit.id}/decision", json=body)

    async def recall(self, locate_id: str, **changes: Any) -> httpx.Response:
        body = {"officer": OFFICER, "reason": "cleared", "note": "被执行人已履行", **changes}
        return await self.court.post(f"/v1/locate-requests/{locate_id}/recall", json=body)

    async def pay(self, amount: str = "85000.00") -> httpx.Response:
        body = {
            "officer": OFFICER,
            "kind": "payment",
            "amount": amount,
            "booked_on": self.now.date().isoformat(),
            "note": "被执行人当庭给付",
        }
        return await self.court.post(self.desk.at("/claim-entries"), json=body)

    # What agencies say ------------------------------------------------------------------------------------------

    async def answer(
        self, request_id: UUID | None, state: AnswerState = AnswerState.EXECUTED, **said: Any
    ) -> Fate:
        assert request_id is not None
        return await self.say(request_id, Answer(request_id, new_id(), state, self.now, **said))

    async def acknowledge(self, request_id: UUID | None) -> Fate:
        assert request_id is not None
        return await self.say(request_id, Acknowledged(request_id, new_id(), "REF-1"))

    async def hit(self, entry: LocateEntry, **said: Any) -> Fate:
        return await self.say(entry.request_id, a_hit(entry.request_id, self.now, **said))

    async def custody(
        self, entry: LocateEntry, hit: LocateHit, stage: CustodyStage = CustodyStage.HELD, **said: Any
    ) -> Fate:
        told = {"at": self.now, "place": "伊犁州某县", **said}
        return await self.say(
            entry.request_id, CustodyNotice(entry.request_id, new_id(), hit.agency_hit_id, stage, **told)
        )

    async def say(self, request_id: UUID, said: Posted | StatusReport) -> Fate:
        """As if the request had been carried; the item that would carry it is done."""
        async with self.office.hub.sessions.begin() as session:
            row = await session.get_one(AgencyRequest, request_id)
            if not row.times_sent and row.state is RequestState.QUEUED:
                row.times_sent = 1
                row.move_to(RequestState.SENT, self.now)
                await session.flush()
            agency = await session.get_one(Agency, row.agency_id)
            return (await self.receive(session, agency.id, agency.code, said)).fate

    async def receive(
        self, session: AsyncSession, agency_id: UUID, code: str, said: Posted | StatusReport
    ) -> Receipt:
        raw = repr(said.message_id).encode()
        message = Received(agency_id, code, "callback", said, "application/json", raw, None, self.now)
        return await receive(session, self.office.hub.keys.vault, message)

    async def confirm_recalls(self, locate_id: str) -> int:
        """Every holder that was told so says that its entry has ended."""
        confirmed = 0
        for entry in await self.entries(locate_id):
            if entry.state is EntryState.RECALLING and entry.recall_request_id is not None:
                assert await self.answer(entry.recall_request_id) is Fate.APPLIED
                confirmed += 1
        return confirmed

    # What is on record ------------------------------------------------------------------------------------------

    async def locate(self, locate_id: str) -> LocateRequest:
        async with self.office.hub.sessions() as session:
            return await session.get_one(LocateRequest, UUID(locate_id))

    async def entries(self, locate_id: str) -> Sequence[LocateEntry]:
        async with self.office.hub.sessions() as session:
            rows = await session.scalars(
                select(LocateEntry)
                .where(LocateEntry.locate_id == UUID(locate_id))
                .order_by(LocateEntry.request_id)
            )
            return rows.all()

    async def hits(self, locate_id: str) -> Sequence[LocateHit]:
        async with self.office.hub.sessions() as session:
            rows = await session.scalars(
                select(LocateHit).where(LocateHit.locate_id == UUID(locate_id)).order_by(LocateHit.id)
            )
            return rows.all()

    async def custodies(self, locate_id: str) -> Sequence[Custody]:
        async with self.office.hub.sessions() as session:
            rows = await session.scalars(
                select(Custody).where(Custody.locate_id == UUID(locate_id)).order_by(Custody.id)
            )
            return rows.all()

    async def request(self, request_id: UUID | None) -> AgencyRequest:
        assert request_id is not None
        async with self.office.hub.sessions() as session:
            return await session.get_one(AgencyRequest, request_id)

    async def last_request(self) -> AgencyRequest:
        async with self.office.hub.sessions() as session:
            rows = await session.scalars(select(AgencyRequest).order_by(AgencyRequest.id.desc()).limit(1))
            return rows.one()

    async def item(self, request_id: UUID | None) -> OutboxItem | None:
        async with self.office.hub.sessions() as session:
            item: OutboxItem | None = await session.scalar(
                select(OutboxItem).where(OutboxItem.reference == request_id)
            )
            return item

    async def sighted(self, locate_id: str, **said: Any) -> tuple[LocateEntry, LocateHit]:
        """A hit of the first holder."""
        entry = (await self.entries(locate_id))[0]
        assert await self.hit(entry, **said) is Fate.APPLIED
        return entry, (await self.hits(locate_id))[-1]

    async def held(self, locate_id: str) -> tuple[LocateEntry, Custody]:
        """Sighted, confirmed and held."""
        entry, hit = await self.sighted(locate_id)
        assert (await self.judge(hit)).status_code == 200
        assert await self.custody(entry, hit) is Fate.APPLIED
        return entry, (await self.custodies(locate_id))[-1]


def a_hit(request_id: UUID, now: datetime, **said: Any) -> Hit:
    told = {
        "hit_id": new_id(),
        "seen_at": now.astimezone(UTC),
        "place": "阿克苏市某旅馆",
        "source": "hotel",
        "confidence": HitConfidence.PROBABLE,
        "reporter": "值班民警",
        "circumstances": "登记入住",
        **said,
    }
    return Hit(request_id=request_id, message_id=new_id(), **told)


async def furnish_locating(office: Office, clock: ManualClock, **changes: Any) -> LocatingDesk:
    desk = await furnish(office, clock, papers=PAPERS, **changes)
    for code in POLICE:
        made = await office.administrator.post(
            "/v1/agencies",
            json=an_agency(code=code, kind="police", keys=[], capabilities=sorted(OrderKind)),
        )
        assert made.status_code == 201, made.text

    async def guarded(work: Any, _name: str) -> int | None:
        done: int | None = await work()
        return done

    housekeeping = Housekeeping(office.hub.sessions, office.hub.keys.vault, clock, guarded)
    return LocatingDesk(desk, office, clock, housekeeping)


async def sealed_car(at: LocatingDesk) -> str:
    """A car of the debtor that this case has sealed; the id of the seal."""
    (asset_id,) = await at.desk.found("CAR-ZC", a_car())
    (freeze,) = await at.desk.ordered({"asset_id": asset_id, "estimated_value": "60000.00"})
    await at.desk.in_force(freeze, a_car(), None, None)
    return str(freeze.id)

"""The dispatcher at a desk: each of its three steps by hand, and what the agency says decided by the test."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from app.adapters.contract import Acknowledged, Answer, Decoded, StatusReport, WireReply
from app.adapters.signatures import SigningKey
from app.clock import ManualClock
from app.dispatch.agency_requests import AgencyCarrier
from app.dispatch.directory import Directory
from app.dispatch.errands import Errand, Outcome
from app.errors import ExchangeError
from app.ids import new_id
from app.keys import HUB_KEY_ID
from app.linkage.answers import receive
from app.linkage.messages import Receipt, Received
from app.models import Agency, AgencyRequest, CourtEvent
from app.models.agency_request import RequestState
from app.outbox.claim import Claim, claim
from app.outbox.settle import hold
from app.vocabulary import AnswerState, EventType, RequestStatus
from tests.integration.conftest import OFFICER, Office
from tests.integration.test_api_agencies import registered as registered_agency
from tests.integration.test_api_cases import a_party
from tests.integration.test_api_cases import registered as registered_case
from tests.integration.test_api_documents import upload

LEASE = timedelta(seconds=20)
BACKOFF = 5.0
AS_OF = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass
class DispatchDesk:
    office: Office
    clock: ManualClock
    carrier: AgencyCarrier
    case: dict[str, Any] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def wait(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    async def ask(self, *codes: str) -> list[UUID]:
        """Order a query about the debtors of the case at these agencies, or at all; the ids of its requests."""
        demand = {
            "case_number": self.case["case_number"],
            "officer": OFFICER,
            "purpose": "查明财产",
            "agencies": {"codes": codes},
        }
        accepted = await self.office.court.post("/v1/asset-queries", json=demand)
        assert accepted.status_code == 202, accepted.text
        async with self.office.hub.sessions() as session:
            rows = await session.scalars(
                select(AgencyRequest.id)
                .where(AgencyRequest.order_id == UUID(accepted.json()["id"]))
                .order_by(AgencyRequest.id)
            )
            return list(rows)

    async def claim(self) -> list[Claim]:
        async with self.office.hub.sessions.begin() as session:
            claimed = await claim(session, self.now, 100, LEASE)
            await self.carrier.give_up(session, claimed.spent, self.now)
        return claimed.items

    async def promise(self, claims: Sequence[Claim]) -> list[Errand]:
        async with self.office.hub.sessions.begin() as session:
            held = await hold(session, claims)
            return await self.carrier.promise(session, [one for one in claims if one.id in held], self.now)

    async def send(self) -> Errand:
        """Claim and promise the one thing that is to be done."""
        [errand] = await self.promise(await self.claim())
        return errand

    async def record(self, errand: Errand, result: Decoded | ExchangeError) -> None:
        reply = None if isinstance(result, ExchangeError) else WireReply(200, "application/json", b"{}")
        outcome = Outcome(errand, result, reply, self.now, self.now)
        async with self.office.hub.sessions.begin() as session:
            await self.carrier.record(session, [outcome], self.now)

    async def post(self, said: Acknowledged | Answer, code: str = "BANK-ZC") -> Receipt:
        """The agency says something by itself."""
        async with self.office.hub.sessions.begin() as session:
            agency_id = await session.scalar(select(Agency.id).where(Agency.code == code))
            assert agency_id is not None
            message = Received(agency_id, code, "callback", said, "application/json", b"{}", None, self.now)
            return await receive(session, self.office.hub.keys.vault, message)

    async def request(self, request_id: UUID) -> AgencyRequest:
        async with self.office.hub.sessions() as session:
            return await session.get_one(AgencyRequest, request_id)

    async def state(self, request_id: UUID) -> RequestState:
        return (await self.request(request_id)).state

    async def told(self, request_id: UUID) -> list[EventType]:
        async with self.office.hub.sessions() as session:
            rows = await session.scalars(
                select(CourtEvent.event_type)
                .where(CourtEvent.request_id == request_id)
                .order_by(CourtEvent.number)
            )
            return list(rows)


@asynccontextmanager
async def dispatch_desk(office: Office, clock: ManualClock, debtors: int = 1) -> AsyncIterator[DispatchDesk]:
    """With one bank, and a case with its notice."""
    hub_key = SigningKey(HUB_KEY_ID, Ed25519PrivateKey.generate())
    carrier = AgencyCarrier(office.hub.keys.vault, Directory(hub_key, clock, Path()), clock)
    await registered_agency(
        office,
        settings={
            "endpoint": "http://127.0.0.1:9",
            "retries": {"backoff_seconds": [BACKOFF], "max_attempts": 4},
            "limits": {"concurrency": 1000},
        },
    )
    parties = [a_party(certificate_type="passport", certificate_number=f"E{n:08}") for n in range(debtors)]
    case = await registered_case(office, parties=parties)
    assert (await upload(office, case)).status_code == 201
    yield DispatchDesk(office, clock, carrier, case)
    await carrier.aclose()


def answer(request_id: UUID, state: AnswerState = AnswerState.NOTHING_FOUND, **changes: Any) -> Answer:
    said = {"message_id": new_id(), "as_of": AS_OF, **changes}
    return Answer(request_id=request_id, state=state, **said)


def acknowledged(request_id: UUID) -> Acknowledged:
    return Acknowledged(request_id, new_id(), "REF-1")


def report(request_id: UUID, status: RequestStatus, *answers: Answer) -> StatusReport:
    return StatusReport(request_id, new_id(), status, "REF-1", answers)

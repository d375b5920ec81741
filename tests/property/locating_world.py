"""Two police bodies with books of their own, a court, and a post that loses nothing but order.

What an agency does is its own affair here, also when it is wrong: it may hold somebody whom nobody confirmed, see somebody on
an entry that has ended, or enter what was recalled. Its books, not the hub's, say where somebody can be arrested.
"""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select

from app.adapters.contract import Acknowledged, Answer, Posted
from app.adapters.locating import CustodyNotice, Hit, HitDecisionContent, RecallContent
from app.api.hub import Hub
from app.clock import ManualClock
from app.errors import ErrorCode, Refusal
from app.ids import new_id
from app.linkage.acting import Acting
from app.linkage.control.contents import open_look_out
from app.linkage.control.demands import Approval
from app.linkage.locating.approving import Approving
from app.linkage.locating.deciding import decide_hit
from app.linkage.locating.demands import Decision, HandOver, LocateDemand, RecallDemand, Validation
from app.linkage.locating.drafting import draft_locate
from app.linkage.locating.ending import recall
from app.linkage.locating.taking_over import take_over
from app.linkage.locating.validating import validate
from app.main import create_app
from app.models import AgencyRequest, CourtEvent, Custody, LocateEntry, LocateHit, LocateRequest, OutboxItem
from app.models.agency_request import RequestState
from app.settings import Settings
from app.vocabulary import AnswerState, CustodyStage, EndReason, EventType, HitConfidence, HitDecision
from tests.integration.conftest import OFFICER, furnish
from tests.integration.control_desk import APPROVER
from tests.integration.locating_desk import LocatingDesk, furnish_locating

_ALLOWED = frozenset(
    {ErrorCode.STATE_FORBIDS, ErrorCode.GROUND_GONE, ErrorCode.REASON_REQUIRED, ErrorCode.INVALID_BODY}
)
"""What the court may be told when it comes too late; anything else is a fault of the test."""


@dataclass
class Police:
    """One agency's books about one request."""

    request_id: UUID
    active: bool = False
    hits: list[UUID] = field(default_factory=list)
    confirmed: set[UUID] = field(default_factory=set)
    holding: set[UUID] = field(default_factory=set)


@dataclass(frozen=True)
class OnRecord:
    locate: LocateRequest
    entries: Sequence[LocateEntry]
    hits: Sequence[LocateHit]
    custodies: Sequence[Custody]


@dataclass
class World:
    hub: Hub
    desk: LocatingDesk
    clock: ManualClock
    locate_id: UUID = field(default_factory=new_id)
    police: dict[UUID, Police] = field(default_factory=dict)
    """By agency."""

    post: list[tuple[UUID, Posted]] = field(default_factory=list)
    """On its way to the hub: the request and what is said."""

    client_id: UUID = field(default_factory=new_id)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    @property
    def acting(self) -> Acting:
        office = self.desk.office
        return Acting(self.client_id, "办案系统", office.court_id, "豫1424", "walk", self.now)

    # The court ----------------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """A new request for a debtor of a case of its own, live and not yet carried anywhere."""
        case = await self.desk.new_case()
        demand = LocateDemand.model_validate(
            {
                **self.desk.demand(urgency="urgent"),
                "case_id": case["id"],
                "debtor_id": case["parties"][0]["id"],
                "valid_until": self.now + timedelta(days=60),
            }
        )
        vault = self.hub.keys.vault
        async with self.hub.sessions.begin() as session:
            locate = await draft_locate(session, self.acting, vault, demand)
        async with self.hub.sessions.begin() as session:
            approving = Approving(session, self.acting, vault, timedelta(days=30))
            await approving.decide(locate.id, Approval(officer=APPROVER, approve=True))
        self.locate_id = locate.id
        self.post.clear()
        self.police = {entry.agency_id: Police(entry.request_id) for entry in await self.entries()}

    async def judge(self, hit: LocateHit, decision: HitDecision) -> None:
        minutes = 30 if decision is HitDecision.MORE_TIME else None
        body = Decision(officer=OFFICER, decision=decision, minutes_needed=minutes, note="核对照片")
        await self._try(decide_hit, self.hub.keys.vault, hit.id, body)

    async def recall(self) -> None:
        body = RecallDemand(officer=OFFICER, reason=EndReason.CLEARED, note="被执行人已履行")
        await self._try(recall, self.locate_id, body)

    async def validate(self) -> None:
        body = Validation(officer=OFFICER, note="依据有效")
        await self._try(validate, self.locate_id, body, timedelta(days=30))

    async def take_over(self, custody: Custody) -> None:
        body = HandOver(officer=OFFICER, taken_over_at=self.now, place="伊犁")
        await self._try(take_over, self.hub.keys.vault, custody.id, body)

    async def _try(self, verb: Any, *what: Any) -> None:
        try:
            async with self.hub.sessions.begin() as session:
                await verb(session, self.acting, *what)
        except Refusal as refused:
            if refused.code not in _ALLOWED:
                raise

    async def wait(self, duration: timedelta) -> None:
        self.clock.advance(duration)

    async def strike(self) -> None:
        await self.desk.strike()

    # The agencies -------------------------------------------------------------------------------------------------

    async def carry(self, request: AgencyRequest, how: str) -> None:
        """The request reaches its agency, which does something about it; its words go into the post."""
        async with self.hub.sessions.begin() as session:
            row = await session.get_one(AgencyRequest, request.id, with_for_update=True)
            if row.state is not RequestState.QUEUED:
                return
            row.times_sent += 1
            row.move_to(RequestState.SENT, self.now)
            for item in await session.scalars(select(OutboxItem).where(OutboxItem.reference == request.id)):
                await session.delete(item)
        police = self.police[request.agency_id]
        assert request.content is not None
        content = open_look_out(self.hub.keys.vault, request.kind, request.content)
        if isinstance(content, HitDecisionContent):
            self._hear_decision(police, content)
            self.answer(request, AnswerState.EXECUTED)
        elif isinstance(content, RecallContent):
            if how == "silent":
                self._say(request.id, Acknowledged(request.id, new_id()))
                return
            police.active = how == "refuse" and police.active
            police.confirmed.clear()
            self.answer(request, AnswerState.NOT_EXECUTED if how == "refuse" else AnswerState.EXECUTED)
        elif how == "silent":
            self._say(request.id, Acknowledged(request.id, new_id()))
        else:
            police.active = how != "refuse"
            self.answer(request, AnswerState.NOT_EXECUTED if how == "refuse" else AnswerState.EXECUTED)

    def answer(self, request: AgencyRequest, state: AnswerState) -> None:
        self._say(request.id, Answer(request.id, new_id(), state, self.now))

    def enter_after_all(self, agency_id: UUID) -> None:
        """A clerk enters, hours later, what was only acknowledged, whatever happened to it meanwhile."""
        police = self.police[agency_id]
        police.active = True
        self._say(police.request_id, Answer(police.request_id, new_id(), AnswerState.EXECUTED, self.now))

    def sight(self, agency_id: UUID) -> None:
        police = self.police[agency_id]
        hit = Hit(
            police.request_id, new_id(), new_id(), self.now, "某地", "patrol", HitConfidence.PROBABLE, "民警"
        )
        police.hits.append(hit.hit_id)
        self._say(police.request_id, hit)

    def hold(self, agency_id: UUID, hit_id: UUID) -> None:
        police = self.police[agency_id]
        police.holding.add(hit_id)
        self._custody(police, hit_id, CustodyStage.HELD)

    def let_go(self, agency_id: UUID, hit_id: UUID, stage: CustodyStage) -> None:
        police = self.police[agency_id]
        police.holding.discard(hit_id)
        self._custody(police, hit_id, stage)

    def _custody(self, police: Police, hit_id: UUID, stage: CustodyStage) -> None:
        notice = CustodyNotice(police.request_id, new_id(), hit_id, stage, self.now, "某地")
        self._say(police.request_id, notice)

    def _hear_decision(self, police: Police, content: HitDecisionContent) -> None:
        if content.decision is HitDecision.CONFIRMED:
            police.confirmed.add(content.hit_id)
        elif content.decision is HitDecision.NOT_HIM:
            police.confirmed.discard(content.hit_id)
            if content.hit_id in police.holding:
                police.holding.discard(content.hit_id)
                self._custody(police, content.hit_id, CustodyStage.RELEASED)

    def _say(self, request_id: UUID, said: Posted) -> None:
        self.post.append((request_id, said))

    async def deliver(self, place: int, *, twice: bool) -> None:
        """Any letter may come next, and come again."""
        request_id, said = self.post.pop(place)
        for _ in range(2 if twice else 1):
            await self.desk.say(request_id, said)

    # What is on record --------------------------------------------------------------------------------------------

    async def on_record(self) -> "OnRecord":
        """All of the request, read in one go."""
        async with self.hub.sessions() as session:
            return OnRecord(
                await session.get_one(LocateRequest, self.locate_id),
                (
                    await session.scalars(select(LocateEntry).where(LocateEntry.locate_id == self.locate_id))
                ).all(),
                (
                    await session.scalars(
                        select(LocateHit).where(LocateHit.locate_id == self.locate_id).order_by(LocateHit.id)
                    )
                ).all(),
                (
                    await session.scalars(
                        select(Custody).where(Custody.locate_id == self.locate_id).order_by(Custody.id)
                    )
                ).all(),
            )

    async def entries(self) -> Sequence[LocateEntry]:
        return (await self.on_record()).entries

    async def waiting(self) -> list[AgencyRequest]:
        """Requests that an agency may get now, first come first; a recall stands behind what it recalls."""
        async with self.hub.sessions() as session:
            rows = await session.scalars(
                select(AgencyRequest)
                .where(
                    AgencyRequest.case_id == UUID(self.desk.desk.case["id"]),
                    AgencyRequest.state == RequestState.QUEUED,
                )
                .order_by(AgencyRequest.id)
            )
            return list(rows)

    async def told(self, event_type: EventType) -> list[dict[str, Any]]:
        async with self.hub.sessions() as session:
            rows = await session.scalars(
                select(CourtEvent).where(
                    CourtEvent.event_type == event_type,
                    CourtEvent.data["locate_request_id"].astext == str(self.locate_id),
                )
            )
            return [event.data for event in rows]


async def open_world(stack: AsyncExitStack, database_url: str, folder: Path, clock: ManualClock) -> World:
    settings = Settings.model_validate({"DATABASE_URL": database_url, "data_dir": folder})
    app = create_app(settings, clock)
    await stack.enter_async_context(app.router.lifespan_context(app))
    hub: Hub = app.state.hub
    office = await furnish(app, hub)
    for name in ("court", "administrator"):
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub.test")
        office.clients[name] = await stack.enter_async_context(client)
        token = await client.post(
            "/oauth/token", data={"grant_type": "client_credentials"}, auth=office.secrets[name]
        )
        client.headers["Authorization"] = f"Bearer {token.json()['access_token']}"
    desk = await furnish_locating(office, clock)
    world = World(hub, desk, clock)
    world.client_id = await desk.client_id()
    return world

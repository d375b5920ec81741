"""Looking out at an agency that knows only docs/agency-protocol.md: nobody held unconfirmed, nobody after a recall."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest

from app.adapters.contract import Answer, AssetQueryOrder, LookOutOrder, Posted
from app.adapters.locating import (
    CustodyNotice,
    Hit,
    HitDecisionContent,
    LocateContent,
    LookOutContent,
    RecallContent,
    WantedVehicle,
)
from app.ids import new_id
from app.vocabulary import (
    AgencyKind,
    AnswerState,
    CustodyStage,
    DocumentKind,
    EndReason,
    HitDecision,
    LocateGround,
    RefusalReason,
    Urgency,
    WantedAction,
)
from tests.contract.peer import AT_ONCE, Ear, Line, Peer, about, line_to, until

CASE = "（2026）豫1424执18号"
PLACE = "某某路口"
CAR = WantedVehicle("豫Z18A26", "小型汽车", "LLLLLLLLLLLLL0018")
PAPERS = (DocumentKind.ENFORCEMENT_NOTICE, DocumentKind.DETENTION_DECISION, DocumentKind.RULING)

M = TypeVar("M", bound=Posted)


@dataclass
class Court:
    """Looks for somebody, and hears what the agency says of it."""

    line: Line
    ear: Ear
    peer: Peer
    order: AssetQueryOrder
    located: LookOutOrder = field(init=False)

    def drafted(self, content: LookOutContent) -> LookOutOrder:
        query = about(self.order, AT_ONCE)
        (paper,) = query.mandate.documents
        papers = tuple(replace(paper, kind=kind) for kind in PAPERS)
        mandate = replace(query.mandate, case_number=CASE, documents=papers)
        return LookOutOrder(
            query.request_id, query.order_id, query.agency_code, mandate, query.subject, content,
            query.asked_at, query.answer_due_at,
        )  # fmt: skip

    async def does(self, order: LookOutOrder) -> Answer:
        answer = await self.line.ask(order)
        assert isinstance(answer, Answer)
        return answer

    async def locates(self, **otherwise: Any) -> Answer:
        now = datetime.now(UTC)
        content = LocateContent(
            ground=LocateGround.DETENTION_DECISION,
            ground_number="司惩1号",
            action=WantedAction.HOLD_AND_NOTIFY,
            urgency=Urgency.URGENT,
            duty_phone="12000000110",
            valid_from=now - timedelta(minutes=1),
            valid_until=now + timedelta(days=90),
        )
        self.located = self.drafted(replace(content, **otherwise))
        return await self.does(self.located)

    async def decides(self, hit_id: UUID, decision: HitDecision = HitDecision.CONFIRMED) -> Answer:
        minutes = 30 if decision is HitDecision.MORE_TIME else None
        content = HitDecisionContent(self.located.request_id, hit_id, decision, minutes)
        return await self.does(self.drafted(content))

    async def recalls(self, reason: EndReason = EndReason.CLEARED, case_number: str = CASE) -> Answer:
        return await self.does(self.drafted(RecallContent(self.located.request_id, case_number, reason)))

    async def hears(self, kind: type[M], number: int = 1) -> M:
        await until(lambda: len(self.heard(kind)) >= number)
        return self.heard(kind)[number - 1]

    def heard(self, kind: type[M]) -> list[M]:
        said = [self.line.adapter.decode_callback("application/json", body) for body in self.ear.heard]
        return [each for each in said if isinstance(each, kind)]

    async def meets(self, mark: str = AT_ONCE, number: int = 1) -> UUID:
        self.peer.books("INSERT INTO sightings (mark, place) VALUES (?, ?)", mark, PLACE)
        return (await self.hears(Hit, number)).hit_id


@pytest.fixture
async def court(peer: Peer, ear: Ear, order: AssetQueryOrder) -> AsyncIterator[Court]:
    line = line_to(peer, kind=AgencyKind.POLICE)
    yield Court(line, ear, peer, order)
    await line.adapter.transport.aclose()


async def test_seen_confirmed_held_and_handed_over(court: Court) -> None:
    assert (await court.locates()).state is AnswerState.EXECUTED
    hit_id = await court.meets()
    hit = await court.hears(Hit)
    assert (hit.request_id, hit.place) == (court.located.request_id, PLACE)
    assert (await court.decides(hit_id)).state is AnswerState.EXECUTED
    held = await court.hears(CustodyNotice)
    assert (held.stage, held.hit_id) == (CustodyStage.HELD, hit_id)
    court.peer.books("INSERT INTO fetched VALUES (?, ?)", str(hit_id), '["身份证"]')
    over = await court.hears(CustodyNotice, 2)
    assert (over.stage, over.came_along) == (CustodyStage.HANDED_OVER, ("身份证",))


async def test_a_vehicle_is_met_by_its_plate(court: Court) -> None:
    await court.locates(ground=LocateGround.SEIZURE_RULING, vehicle=CAR)
    await court.decides(await court.meets(CAR.plate_number))
    assert (await court.hears(CustodyNotice)).stage is CustodyStage.HELD


async def test_nobody_is_held_without_the_courts_word(court: Court) -> None:
    await court.locates()
    hit_id = await court.meets()
    await court.decides(hit_id, HitDecision.MORE_TIME)
    await court.decides(hit_id, HitDecision.NOT_HIM)
    await court.meets(number=2)
    assert court.peer.books("SELECT count(*) FROM kept") == [(0,)]


async def test_the_court_that_does_not_come_finds_nobody(court: Court) -> None:
    court.peer.stop()
    court.peer.hold_seconds = 0.3
    court.peer.start()
    await court.locates()
    await court.decides(await court.meets())
    held, released = await court.hears(CustodyNotice), await court.hears(CustodyNotice, 2)
    assert (released.stage, released.at - held.at) == (CustodyStage.RELEASED, timedelta(seconds=0.3))


async def test_a_recall_lets_go_and_ends_all_looking(court: Court) -> None:
    await court.locates()
    first = await court.meets()
    await court.decides(first)
    second = await court.meets(number=2)
    assert (await court.recalls()).state is AnswerState.EXECUTED
    assert (await court.hears(CustodyNotice, 2)).stage is CustodyStage.RELEASED
    assert (await court.decides(second)).state is AnswerState.NOT_EXECUTED
    assert court.peer.books("SELECT stage FROM kept") == [("released",)]
    assert (await court.recalls()).state is AnswerState.EXECUTED


async def test_who_was_found_is_handed_over_after_the_recall(court: Court) -> None:
    await court.locates()
    hit_id = await court.meets()
    await court.decides(hit_id)
    await court.recalls(EndReason.LOCATED)
    court.peer.books("INSERT INTO fetched VALUES (?, '[]')", str(hit_id))
    assert (await court.hears(CustodyNotice, 2)).stage is CustodyStage.HANDED_OVER


async def test_a_recall_of_another_case_ends_nothing(court: Court) -> None:
    await court.locates()
    assert (await court.recalls(case_number="（2026）豫1424执26号")).state is AnswerState.NOT_EXECUTED
    await court.meets()


async def test_a_look_out_that_comes_after_its_recall_is_never_entered(court: Court) -> None:
    late = court.drafted(RecallContent(new_id(), CASE, EndReason.CLEARED))
    assert (await court.does(late)).state is AnswerState.EXECUTED
    assert isinstance(late.content, RecallContent)
    await court.locates()
    court.located = replace(court.located, request_id=late.content.locate_request_id)
    assert (await court.does(court.located)).state is AnswerState.NOT_EXECUTED


async def test_what_a_ground_does_not_allow_is_refused(court: Court) -> None:
    barred = await court.locates(action=WantedAction.ONLINE_PURSUIT)
    without = await court.locates(ground=LocateGround.CRIMINAL_WARRANT)
    assert [each.refusal and each.refusal.reason for each in (barred, without)] == [
        RefusalReason.LEGALLY_BARRED,
        RefusalReason.DOCUMENT_MISSING,
    ]
    assert court.peer.books("SELECT count(*) FROM look_outs") == [(0,)]


async def test_the_same_order_ten_times_at_once_has_one_effect(court: Court) -> None:
    await court.locates()
    again = [court.line.ask(court.located, attempt) for attempt in range(2, 12)]
    assert len({str(answer) for answer in await asyncio.gather(*again)}) == 1
    hit_id = await court.meets()
    word = court.drafted(HitDecisionContent(court.located.request_id, hit_id, HitDecision.CONFIRMED))
    await asyncio.gather(*(court.line.ask(word, attempt) for attempt in range(1, 11)))
    await court.hears(CustodyNotice)
    assert court.peer.books("SELECT count(*) FROM look_outs") == [(1,)]
    assert court.peer.books("SELECT stage FROM kept") == [("held",)]


async def test_a_hit_outlives_the_agency_that_saw_it(court: Court) -> None:
    await court.locates()
    court.ear.deaf = 1000
    court.peer.books("INSERT INTO sightings (mark, place) VALUES (?, ?)", AT_ONCE, PLACE)
    await until(lambda: court.peer.books("SELECT hit_id FROM hits") != [])
    ((hit_id,),) = court.peer.books("SELECT hit_id FROM hits")
    court.peer.kill()
    court.ear.deaf = 0
    court.peer.start()
    assert str((await court.hears(Hit)).hit_id) == hit_id

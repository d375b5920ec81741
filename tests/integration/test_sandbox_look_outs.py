"""Sandbox police as processes: signed hits, holds and their ends, through kills, silence and a deaf hub."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import pytest

from app.adapters.contract import Acknowledged, Answer, LookOutOrder
from app.adapters.liandong.wire import (
    AnswerMessage,
    CustodyNoticeMessage,
    HitMessage,
    PostedMessage,
    WatchNoticeMessage,
)
from app.adapters.locating import WantedVehicle
from app.sandbox.behaviour import Manner
from app.sandbox.fleet import STANDARD, Fleet, People, SandboxAgency
from app.sandbox.lookout.register import HOLD_LIMIT
from app.sandbox.lookout.street import NobodyThere
from app.sandbox.population.records import Debtor
from app.sandbox.standard import DISTANT_POLICE
from app.vocabulary import (
    AgencyKind,
    AnswerState,
    CustodyStage,
    EndReason,
    HitConfidence,
    HitDecision,
    RequestStatus,
    WatchKind,
)
from tests.integration.look_out_orders import decide, locate, locate_car, person, recall
from tests.integration.sandbox_hub import POPULATION, Sink, hub_side, link, order, sink, until

BY_KIND = {agency.kind: agency for agency in STANDARD}


def at_once(agency: SandboxAgency, code: str = "") -> SandboxAgency:
    return replace(agency, code=code or agency.code).answering(Manner.AT_ONCE)


POLICE, SLOW, TIME, AKSU, CARS, BANK = (
    "POLICE-ZC", "POLICE-SLOW", "POLICE-TIME", "POLICE-AKS", "VEHICLE-ZC", "BANK-ZC",
)  # fmt: skip
AGENCIES = (
    at_once(BY_KIND[AgencyKind.POLICE]),
    replace(BY_KIND[AgencyKind.POLICE], code=SLOW),
    at_once(BY_KIND[AgencyKind.POLICE], TIME),
    at_once(DISTANT_POLICE[0]),
    BY_KIND[AgencyKind.VEHICLE],
    BY_KIND[AgencyKind.BANK],
)


@pytest.fixture(scope="module")
async def counter() -> AsyncIterator[Sink]:
    async with sink() as each:
        yield each


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, counter: Sink) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("agencies")
    with Fleet(folder, link(counter.url), AGENCIES, people=People(count=200)) as fleet:
        counter.trust(fleet.start())
        yield fleet


@pytest.fixture
def hub(counter: Sink, fleet: Fleet) -> Sink:
    counter.clear()
    return counter


FUGITIVES = (person(index) for index in range(12, 200))


@pytest.fixture
def fugitive() -> Debtor:
    """Somebody for whom no other test looks."""
    return next(FUGITIVES)


async def told(fleet: Fleet, order: LookOutOrder) -> Answer:
    async with hub_side(fleet, order.agency_code) as side:
        return await side.answer(order)


async def entered(fleet: Fleet, order: LookOutOrder) -> LookOutOrder:
    assert (await told(fleet, order)).state is AnswerState.EXECUTED
    return order


def seen(fleet: Fleet, code: str, about: Debtor, place: str = "某某路口") -> UUID:
    (reported,) = fleet.sighting(code, about.number, place)
    assert reported.hit_id is not None
    return reported.hit_id


M = TypeVar("M", bound=PostedMessage)


def heard(hub: Sink, request_id: UUID, kind: type[M]) -> list[M]:
    return [each for each in hub.messages if isinstance(each, kind) and each.request_id == request_id]


async def next_heard(hub: Sink, located: LookOutOrder, kind: type[M], number: int = 1) -> M:
    await until(lambda: len(heard(hub, located.request_id, kind)) >= number)
    return heard(hub, located.request_id, kind)[number - 1]


# The whole way


async def test_seen_confirmed_held_and_handed_over(fleet: Fleet, hub: Sink, fugitive: Debtor) -> None:
    located = await entered(fleet, locate(POLICE, fugitive))
    (reported,) = fleet.sighting(
        POLICE, fugitive.number, "某某宾馆", confidence=HitConfidence.CERTAIN, circumstances="独自一人"
    )
    hit = await next_heard(hub, located, HitMessage)
    assert (hit.hit_id, hit.place, hit.confidence) == (reported.hit_id, "某某宾馆", HitConfidence.CERTAIN)
    assert hub.signers == [f"{POLICE}-1"]
    assert (await told(fleet, decide(located, hit.hit_id))).state is AnswerState.EXECUTED
    held = await next_heard(hub, located, CustodyNoticeMessage)
    assert (held.stage, held.hit_id) == (CustodyStage.HELD, hit.hit_id)
    fleet.hand_over(POLICE, hit.hit_id, "身份证", "手机")
    over = await next_heard(hub, located, CustodyNoticeMessage, 2)
    assert (over.stage, over.came_along) == (CustodyStage.HANDED_OVER, ("身份证", "手机"))
    (hold,) = [each for each in fleet.books(POLICE).holds() if each.hit_id == hit.hit_id]
    assert hold.confirmed_by
    assert hold.handed_over_at == over.at
    assert hold not in fleet.books(POLICE).unlawful_holds()


async def test_on_not_him_nothing_happens(fleet: Fleet, hub: Sink, fugitive: Debtor) -> None:
    located = await entered(fleet, locate(POLICE, fugitive))
    hit_id = seen(fleet, POLICE, fugitive)
    await told(fleet, decide(located, hit_id, HitDecision.NOT_HIM))
    seen(fleet, POLICE, fugitive)
    await next_heard(hub, located, HitMessage, 2)  # what else there was to tell came before it
    assert heard(hub, located.request_id, CustodyNoticeMessage) == []


async def test_several_bodies_look_for_the_same_man(fleet: Fleet, hub: Sink, fugitive: Debtor) -> None:
    here = await entered(fleet, locate(POLICE, fugitive))
    there = await entered(fleet, locate(AKSU, fugitive))
    seen(fleet, AKSU, fugitive, "阿克苏市某某宾馆")
    await next_heard(hub, there, HitMessage)
    assert heard(hub, here.request_id, HitMessage) == []
    assert hub.signers == [f"{AKSU}-1"]


async def test_a_vehicle_is_met_by_the_traffic_police(fleet: Fleet, hub: Sink) -> None:
    owner, car = next(
        (subject, car)
        for subject in map(POPULATION.person, range(12, 200))
        for car in POPULATION.vehicles(subject)
    )
    about = Debtor(owner.name, owner.certificate_type, owner.number)
    wanted = WantedVehicle(car.plate_number, car.plate_class, car.vin)
    located = await entered(fleet, locate_car(CARS, about, wanted))
    (reported,) = fleet.sighting(CARS, car.plate_number, "某某收费站", source="卡口抓拍")
    hit = await next_heard(hub, located, HitMessage)
    assert (hit.hit_id, hit.source) == (reported.hit_id, "卡口抓拍")
    await told(fleet, decide(located, hit.hit_id))
    fleet.hand_over(CARS, hit.hit_id, "车辆", "车钥匙", "行驶证")
    over = await next_heard(hub, located, CustodyNoticeMessage, 2)
    assert over.came_along == ("车辆", "车钥匙", "行驶证")


async def test_a_bank_tells_of_money_that_arrived(fleet: Fleet, hub: Sink, fugitive: Debtor) -> None:
    asked = order(BANK, fugitive)
    async with hub_side(fleet, BANK) as side:
        await side.ask(asked)
    fleet.learn(BANK, asked.request_id, WatchKind.MONEY_ARRIVED, "城关支行", detail="跨行汇入")
    await until(lambda: bool(heard(hub, asked.request_id, WatchNoticeMessage)))
    (notice,) = heard(hub, asked.request_id, WatchNoticeMessage)
    assert (notice.kind, notice.place) == (WatchKind.MONEY_ARRIVED, "城关支行")


# Once, whatever happens


async def test_the_same_look_out_ten_times_at_once_is_entered_once(
    fleet: Fleet, hub: Sink, fugitive: Debtor
) -> None:
    located = locate(POLICE, fugitive)
    async with hub_side(fleet, POLICE) as side:
        answers = await asyncio.gather(*(side.ask(located, attempt=attempt) for attempt in range(1, 11)))
    assert all(answer == answers[0] for answer in answers)
    kept = [each for each in fleet.books(POLICE).look_outs() if each.request_id == located.request_id]
    assert len(kept) == 1
    seen(fleet, POLICE, fugitive)


async def test_a_repeated_decision_holds_nobody_twice(fleet: Fleet, hub: Sink, fugitive: Debtor) -> None:
    located = await entered(fleet, locate(POLICE, fugitive))
    word = decide(located, seen(fleet, POLICE, fugitive))
    async with hub_side(fleet, POLICE) as side:
        answers = [await side.ask(word, attempt=attempt) for attempt in (1, 2, 3)]
    assert answers[0] == answers[2]
    seen(fleet, POLICE, fugitive)
    await next_heard(hub, located, HitMessage, 2)
    assert len(heard(hub, located.request_id, CustodyNoticeMessage)) == 1


async def test_a_hit_outlives_the_police_that_saw_it(fleet: Fleet, hub: Sink, fugitive: Debtor) -> None:
    """The hub is away, and then the power fails at the station."""
    located = await entered(fleet, locate(POLICE, fugitive))
    hub.statuses += [503] * 100
    hit_id = seen(fleet, POLICE, fugitive)
    await until(lambda: len(hub.statuses) < 100)
    fleet.kill(POLICE)
    hub.statuses.clear()
    fleet.restart(POLICE)
    hit = await next_heard(hub, located, HitMessage)
    assert hit.hit_id == hit_id
    await told(fleet, decide(located, hit_id))
    await next_heard(hub, located, CustodyNoticeMessage)


async def test_slow_police_say_at_once_that_they_know_the_decision(
    fleet: Fleet, hub: Sink, fugitive: Debtor
) -> None:
    """Somebody is waiting beside whoever was met."""
    located = locate(SLOW, fugitive)
    async with hub_side(fleet, SLOW) as side:
        assert isinstance(await side.ask(located), Acknowledged)
        answer = await next_heard(hub, located, AnswerMessage)
        assert answer.state is AnswerState.EXECUTED
        hit_id = seen(fleet, SLOW, fugitive)
        assert (await side.answer(decide(located, hit_id))).state is AnswerState.EXECUTED


async def test_cancelling_does_not_end_a_look_out(fleet: Fleet, hub: Sink, fugitive: Debtor) -> None:
    """Only a recall does; else the hub would believe that nobody looks any more."""
    located = locate(SLOW, fugitive)
    async with hub_side(fleet, SLOW) as side:
        await side.ask(located)
        report = await side.cancel(located.request_id)
    assert (report.status, report.answers[0].state) == (RequestStatus.ANSWERED, AnswerState.EXECUTED)
    seen(fleet, SLOW, fugitive)


# Endings


async def test_who_is_not_fetched_by_the_next_day_is_let_go(
    fleet: Fleet, hub: Sink, fugitive: Debtor
) -> None:
    located = await entered(fleet, locate(TIME, fugitive))
    hit_id = seen(fleet, TIME, fugitive)
    await told(fleet, decide(located, hit_id))
    held = await next_heard(hub, located, CustodyNoticeMessage)
    fleet.advance_clock(TIME, 1)
    released = await next_heard(hub, located, CustodyNoticeMessage, 2)
    assert (released.stage, released.at) == (CustodyStage.RELEASED, held.at + HOLD_LIMIT)
    with pytest.raises(NobodyThere):
        fleet.hand_over(TIME, hit_id)


async def test_a_look_out_ends_by_itself(fleet: Fleet, hub: Sink, fugitive: Debtor) -> None:
    located = locate(POLICE, fugitive)
    soon = located.asked_at + timedelta(seconds=1)
    await entered(fleet, locate(POLICE, fugitive, content={"valid_until": soon}))
    await until(lambda: not any(each.valid_until == soon for each in fleet.books(POLICE).live_look_outs()))
    with pytest.raises(NobodyThere):
        fleet.sighting(POLICE, fugitive.number, "某某路口")


async def test_a_recall_is_confirmed_and_nobody_is_met_any_more(
    fleet: Fleet, hub: Sink, fugitive: Debtor
) -> None:
    located = await entered(fleet, locate(POLICE, fugitive))
    recalled = recall(located, EndReason.CLEARED)
    assert (await told(fleet, recalled)).state is AnswerState.EXECUTED
    with pytest.raises(NobodyThere):
        fleet.sighting(POLICE, fugitive.number, "某某路口")
    (kept,) = [each for each in fleet.books(POLICE).recalls() if each.request_id == recalled.request_id]
    assert kept.heeded_at == kept.received_at


async def test_a_forgotten_terminal_still_reports(fleet: Fleet, hub: Sink, fugitive: Debtor) -> None:
    located = await entered(fleet, locate(POLICE, fugitive))
    await told(fleet, recall(located))
    fleet.sighting(POLICE, fugitive.number, "某某路口", even_if_ended=True)
    hit = await next_heard(hub, located, HitMessage)
    (kept,) = [each for each in fleet.books(POLICE).hits() if each.hit_id == hit.hit_id]
    assert not kept.was_live


async def test_silence_about_a_recall_is_made_up_for_even_after_a_restart(
    fleet: Fleet, hub: Sink, fugitive: Debtor
) -> None:
    located = await entered(fleet, locate(AKSU, fugitive))
    fleet.switch_recalls(AKSU, on=False)
    recalled = recall(located)
    async with hub_side(fleet, AKSU) as side:
        assert isinstance(await side.ask(recalled), Acknowledged)
        assert (await side.status(recalled.request_id)).status is RequestStatus.RECEIVED
    assert located.request_id in {each.request_id for each in fleet.books(AKSU).live_look_outs()}
    seen(fleet, AKSU, fugitive)
    fleet.kill(AKSU)
    fleet.restart(AKSU)
    fleet.switch_recalls(AKSU, on=True)
    answer = await next_heard(hub, recalled, AnswerMessage)
    assert answer.state is AnswerState.EXECUTED
    assert located.request_id not in {each.request_id for each in fleet.books(AKSU).live_look_outs()}
    async with hub_side(fleet, AKSU) as side:
        report = await side.status(recalled.request_id)
    assert (report.status, len(report.answers)) == (RequestStatus.ANSWERED, 1)


async def test_police_that_hold_without_being_asked_are_found_out_by_their_books(
    fleet: Fleet, hub: Sink, fugitive: Debtor
) -> None:
    located = await entered(fleet, locate(POLICE, fugitive))
    hit_id = seen(fleet, POLICE, fugitive)
    fleet.hold_unasked(POLICE, hit_id)
    held = await next_heard(hub, located, CustodyNoticeMessage)
    assert (held.stage, held.hit_id) == (CustodyStage.HELD, hit_id)
    assert hit_id in {each.hit_id for each in fleet.books(POLICE).unlawful_holds()}


async def test_a_hit_can_be_reported_under_what_the_hub_never_ordered(
    fleet: Fleet, hub: Sink, fugitive: Debtor
) -> None:
    elsewhere = locate(AKSU, fugitive)
    hit_id = fleet.sighting_under(POLICE, elsewhere.request_id, "某某路口")
    hit = await next_heard(hub, elsewhere, HitMessage)
    assert hit.hit_id == hit_id

"""Whom a sandbox agency looks for, and whom it holds: only whom the court confirmed, and nobody for ever."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeVar
from uuid import UUID

import pytest
from pydantic import BaseModel, ValidationError

from app.adapters.contract import LookOutOrder
from app.adapters.liandong import wire
from app.adapters.liandong.dialect import LiandongDialect
from app.adapters.locating import WantedVehicle
from app.ids import new_id
from app.sandbox.books import SCHEMA, Books
from app.sandbox.lookout.duty_desk import DutyDesk
from app.sandbox.lookout.messages import Told
from app.sandbox.lookout.register import HOLD_LIMIT, LookOuts
from app.sandbox.lookout.street import (
    EVENT,
    HandedOver,
    HeldUnasked,
    LearntOf,
    NobodyThere,
    Reported,
    Seen,
    happen,
)
from app.sandbox.lookup import Finding, Registry
from app.vocabulary import (
    AgencyKind,
    AnswerState,
    CustodyStage,
    EndReason,
    HitConfidence,
    HitDecision,
    LocateGround,
    RefusalReason,
    WantedAction,
    WatchKind,
)
from tests.integration.look_out_orders import (
    CASE,
    decide,
    locate,
    locate_car,
    person,
    recall,
)
from tests.integration.sandbox_hub import POPULATION

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
CAR = WantedVehicle("豫Z18A26", "小型汽车", "LLLLLLLLLLLLL0018")
XIE = person(0)


T = TypeVar("T")


class Station:
    """A police station with its books, in which time passes as one likes."""

    def __init__(self, kind: AgencyKind = AgencyKind.POLICE, path: str = ":memory:") -> None:
        self.pages = sqlite3.connect(path, isolation_level=None)
        self.pages.row_factory = sqlite3.Row
        self.pages.executescript(SCHEMA)
        self.desk = DutyDesk(Registry("POLICE-ZC", kind, POPULATION))
        self.at = datetime.now(UTC)
        self.heeding = True
        self.told: list[Any] = []

    def gets(self, order: LookOutOrder) -> Finding:
        message = wire.read(wire.REQUEST, LiandongDialect().encode(order).body)
        assert isinstance(message, wire.LookOutMessage)
        return self.do(lambda look_outs: self.desk.carry_out(message, look_outs))

    def happens(self, event: BaseModel) -> tuple[Reported, ...]:
        return self.do(lambda look_outs: happen(event, look_outs))

    def sees(self, mark: str = XIE.number, **details: Any) -> UUID:
        (reported,) = self.happens(Seen(mark=mark, place="某某路口", **details))
        assert reported.hit_id is not None
        return reported.hit_id

    def waits(self, time: timedelta) -> None:
        self.at += time
        self.do(lambda look_outs: look_outs.let_time_pass())

    def do(self, act: Callable[[LookOuts], T]) -> T:
        look_outs = LookOuts(self.pages, self.at, self.heeding)
        done = act(look_outs)
        self.told += [_read(each) for each in look_outs.told]
        return done

    def custody(self) -> list[CustodyStage]:
        return [each.stage for each in self.told if isinstance(each, wire.CustodyNoticeMessage)]

    def entered(self, request_id: UUID) -> Any:
        return self.do(lambda look_outs: look_outs.find(request_id))


def _read(told: Told) -> Any:
    return wire.read(wire.CALLBACK, told.body)


@pytest.fixture
def station() -> Iterator[Station]:
    made = Station()
    yield made
    made.pages.close()


@pytest.fixture
def wanted(station: Station) -> LookOutOrder:
    """Xie is looked for, to be held."""
    order = locate("POLICE-ZC", XIE)
    assert station.gets(order) == Finding(AnswerState.EXECUTED)
    return order


# What is entered --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (locate("POLICE-ZC", XIE, mandate={"documents": ()}), RefusalReason.DOCUMENT_MISSING),
        (locate("POLICE-ZC", XIE, mandate={"officers": ()}), RefusalReason.CREDENTIALS_MISSING),
        (locate("POLICE-ZC", XIE, LocateGround.SEIZURE_RULING), RefusalReason.LEGALLY_BARRED),
        (locate("POLICE-ZC", XIE, content={"vehicle": CAR}), RefusalReason.LEGALLY_BARRED),
        (
            locate("POLICE-ZC", XIE, action=WantedAction.ONLINE_PURSUIT),
            RefusalReason.LEGALLY_BARRED,
        ),
    ],
)
def test_nobody_is_looked_for_without_a_ground_for_it(
    station: Station, order: LookOutOrder, reason: RefusalReason
) -> None:
    assert station.gets(order).refusal is reason
    assert station.entered(order.request_id) is None


@pytest.mark.parametrize("ground", [ground for ground in LocateGround if "seizure" not in ground])
def test_each_ground_with_its_paper_lets_people_be_looked_for(station: Station, ground: LocateGround) -> None:
    assert station.gets(locate("POLICE-ZC", XIE, ground)).state is AnswerState.EXECUTED


def test_online_pursuit_is_for_suspects_of_a_crime(station: Station) -> None:
    order = locate("POLICE-ZC", XIE, LocateGround.CRIMINAL_WARRANT, WantedAction.ONLINE_PURSUIT)
    assert station.gets(order).state is AnswerState.EXECUTED


def test_a_name_that_does_not_fit_its_number_is_not_looked_for(station: Station) -> None:
    order = locate("POLICE-ZC", _named("何某"))
    assert station.gets(order).state is AnswerState.NOT_EXECUTED


def _named(name: str) -> Any:
    return type(XIE)(name, XIE.certificate_type, XIE.number)


def test_what_is_past_its_validity_is_not_entered(station: Station) -> None:
    order = locate("POLICE-ZC", XIE)
    station.at += timedelta(days=91)
    assert station.gets(order).state is AnswerState.NOT_EXECUTED


def test_a_vehicle_registry_looks_for_vehicles_only() -> None:
    registry = Station(AgencyKind.VEHICLE)
    assert registry.gets(locate("VEHICLE-ZC", XIE)).refusal is RefusalReason.NOT_COMPETENT
    assert registry.gets(locate_car("VEHICLE-ZC", XIE, CAR)).state is AnswerState.EXECUTED
    registry.pages.close()


@pytest.mark.parametrize("kind", [AgencyKind.BANK, AgencyKind.LAND, AgencyKind.TAX])
def test_whoever_sits_at_a_desk_looks_for_nobody(kind: AgencyKind) -> None:
    bank = Station(kind)
    order = locate("BANK-ZC", XIE)
    for each in (order, recall(order), decide(order, new_id())):
        assert bank.gets(each).refusal is RefusalReason.OUT_OF_SCOPE
    bank.pages.close()


# Hits -------------------------------------------------------------------------------------------------------------


def test_a_sighting_is_reported_and_nobody_is_held_on_it(station: Station, wanted: LookOutOrder) -> None:
    hit_id = station.sees(confidence=HitConfidence.CERTAIN, reporter="民警甲")
    (hit,) = station.told
    assert (hit.request_id, hit.hit_id, hit.reporter) == (wanted.request_id, hit_id, "民警甲")
    assert (hit.confidence, hit.seen_at) == (HitConfidence.CERTAIN, station.at)
    station.waits(timedelta(days=3))
    assert station.custody() == []


def test_each_court_that_looks_for_him_hears_of_it(station: Station, wanted: LookOutOrder) -> None:
    other = locate("POLICE-ZC", XIE, mandate={"case_number": "（2026）豫9901执9号"})
    station.gets(other)
    reported = station.happens(Seen(mark=XIE.number, place="某某路口"))
    assert {each.request_id for each in reported} == {wanted.request_id, other.request_id}
    assert len({each.hit_id for each in reported}) == 2


def test_a_vehicle_is_met_by_its_plate_or_its_body_and_its_owner_passes(station: Station) -> None:
    station.gets(locate_car("POLICE-ZC", XIE, CAR))
    station.sees(CAR.plate_number)
    station.sees(CAR.vin)
    with pytest.raises(NobodyThere):
        station.sees(XIE.number)


def test_nobody_is_met_before_the_look_out_begins(station: Station) -> None:
    station.gets(locate("POLICE-ZC", XIE, content={"valid_from": station.at + HOUR}))
    with pytest.raises(NobodyThere):
        station.sees()
    station.waits(HOUR)
    station.sees()


def test_a_forgotten_terminal_reports_under_what_has_ended(station: Station, wanted: LookOutOrder) -> None:
    station.gets(recall(wanted))
    with pytest.raises(NobodyThere):
        station.sees()
    hit_id = station.sees(even_if_ended=True)
    assert station.told[-1].request_id == wanted.request_id
    hit = station.do(lambda look_outs: look_outs.hit(hit_id))
    assert hit
    assert not hit.was_live


def test_a_hit_may_be_reported_under_what_was_never_ordered(station: Station) -> None:
    foreign = new_id()
    (reported,) = station.happens(Seen(request_id=foreign, place="某某路口"))
    assert (reported.request_id, station.told[-1].request_id) == (foreign, foreign)


def test_what_leads_on_is_told_under_any_request(station: Station, wanted: LookOutOrder) -> None:
    station.happens(LearntOf(mark=XIE.number, kind=WatchKind.HOTEL_STAY, place="某某宾馆", detail="住两晚"))
    station.happens(LearntOf(request_id=new_id(), kind=WatchKind.MONEY_ARRIVED, place="城关支行"))
    assert [each.kind for each in station.told] == [WatchKind.HOTEL_STAY, WatchKind.MONEY_ARRIVED]
    assert station.told[0].request_id == wanted.request_id


@pytest.mark.parametrize("where", [{}, {"mark": "1", "request_id": str(new_id())}])
def test_an_event_says_under_what_it_is_told(where: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        EVENT.validate_python({"event": "seen", "place": "某某路口", **where})


# Decisions and holds ----------------------------------------------------------------------------------------------


def test_whom_the_court_confirms_is_held_and_handed_over(station: Station, wanted: LookOutOrder) -> None:
    hit_id = station.sees()
    assert station.gets(decide(wanted, hit_id)).state is AnswerState.EXECUTED
    station.waits(HOUR)
    station.happens(HandedOver(hit_id=hit_id, came_along=("车钥匙", "行驶证"), place="某某派出所"))
    held, handed_over = station.told[1:]
    assert (held.stage, held.hit_id, held.at) == (CustodyStage.HELD, hit_id, station.at - HOUR)
    assert (handed_over.stage, handed_over.at) == (CustodyStage.HANDED_OVER, station.at)
    assert (handed_over.place, handed_over.came_along) == ("某某派出所", ("车钥匙", "行驶证"))
    station.waits(HOLD_LIMIT)
    assert station.custody() == [CustodyStage.HELD, CustodyStage.HANDED_OVER]


def test_who_is_not_fetched_in_time_is_let_go(station: Station, wanted: LookOutOrder) -> None:
    hit_id = station.sees()
    station.gets(decide(wanted, hit_id))
    held_at = station.at
    station.waits(HOLD_LIMIT - SECOND)
    assert station.custody() == [CustodyStage.HELD]
    station.waits(HOUR)
    assert station.custody() == [CustodyStage.HELD, CustodyStage.RELEASED]
    assert station.told[-1].at == held_at + HOLD_LIMIT
    with pytest.raises(NobodyThere):
        station.happens(HandedOver(hit_id=hit_id))


@pytest.mark.parametrize("decision", [HitDecision.NOT_HIM, HitDecision.MORE_TIME])
def test_on_any_other_word_nobody_is_held(
    station: Station, wanted: LookOutOrder, decision: HitDecision
) -> None:
    hit_id = station.sees()
    assert station.gets(decide(wanted, hit_id, decision)).state is AnswerState.EXECUTED
    assert station.custody() == []


def test_more_time_and_then_the_word_that_counts(station: Station, wanted: LookOutOrder) -> None:
    hit_id = station.sees()
    for decision in (HitDecision.MORE_TIME, HitDecision.CONFIRMED, HitDecision.CONFIRMED):
        station.gets(decide(wanted, hit_id, decision))
    assert station.custody() == [CustodyStage.HELD]


def test_the_court_may_find_that_it_is_not_him_after_all(station: Station, wanted: LookOutOrder) -> None:
    hit_id = station.sees()
    station.gets(decide(wanted, hit_id))
    station.gets(decide(wanted, hit_id, HitDecision.NOT_HIM))
    assert station.custody() == [CustodyStage.HELD, CustodyStage.RELEASED]


def test_who_is_only_to_be_reported_is_not_held(station: Station) -> None:
    order = locate("POLICE-ZC", XIE, action=WantedAction.REPORT_ONLY)
    station.gets(order)
    assert station.gets(decide(order, station.sees())).state is AnswerState.EXECUTED
    assert station.custody() == []


def test_a_word_on_a_hit_that_nobody_reported_holds_nobody(station: Station, wanted: LookOutOrder) -> None:
    assert station.gets(decide(wanted, new_id())).state is AnswerState.NOT_EXECUTED
    other = locate("POLICE-ZC", person(1))
    station.gets(other)
    assert station.gets(decide(other, station.sees())).state is AnswerState.NOT_EXECUTED
    assert station.custody() == []


# Endings ----------------------------------------------------------------------------------------------------------


def test_nobody_is_held_after_the_recall(station: Station, wanted: LookOutOrder) -> None:
    """Paid between the sighting and the word."""
    hit_id = station.sees()
    assert station.gets(recall(wanted)).state is AnswerState.EXECUTED
    assert station.gets(decide(wanted, hit_id)).state is AnswerState.NOT_EXECUTED
    assert station.custody() == []


def test_nobody_is_held_after_the_end(station: Station, wanted: LookOutOrder) -> None:
    hit_id = station.sees()
    station.waits(timedelta(days=91))
    entered = station.entered(wanted.request_id)
    assert (entered.end_reason, entered.ended_at) == (EndReason.EXPIRED, entered.valid_until)
    assert station.gets(decide(wanted, hit_id)).state is AnswerState.NOT_EXECUTED
    assert station.custody() == []


@pytest.mark.parametrize("reason", list(EndReason))
def test_a_recall_lets_go_whoever_is_held_unless_the_court_has_him(
    station: Station, wanted: LookOutOrder, reason: EndReason
) -> None:
    hit_id = station.sees()
    station.gets(decide(wanted, hit_id))
    station.gets(recall(wanted, reason))
    assert station.entered(wanted.request_id).end_reason is reason
    if reason is EndReason.LOCATED:
        station.happens(HandedOver(hit_id=hit_id))
    ending = CustodyStage.HANDED_OVER if reason is EndReason.LOCATED else CustodyStage.RELEASED
    assert station.custody() == [CustodyStage.HELD, ending]


def test_a_recall_of_another_case_ends_nothing(station: Station, wanted: LookOutOrder) -> None:
    other = recall(wanted, case_number="（2026）豫9901执9号")
    assert station.gets(other).state is AnswerState.NOT_EXECUTED
    assert station.entered(wanted.request_id).ended_at is None
    station.sees()


def test_a_look_out_that_comes_after_its_recall_is_never_entered(station: Station) -> None:
    order = locate("POLICE-ZC", XIE)
    assert station.gets(recall(order)).state is AnswerState.EXECUTED
    assert station.gets(order).state is AnswerState.NOT_EXECUTED
    with pytest.raises(NobodyThere):
        station.sees()


def test_what_has_ended_is_recalled_again_with_the_same_word(station: Station, wanted: LookOutOrder) -> None:
    station.gets(recall(wanted, EndReason.CLEARED))
    before = station.entered(wanted.request_id)
    assert station.gets(recall(wanted, EndReason.ENTERED_IN_ERROR)).state is AnswerState.EXECUTED
    assert station.entered(wanted.request_id) == before


def test_a_station_that_is_silent_about_recalls_still_looks(station: Station, wanted: LookOutOrder) -> None:
    station.heeding = False
    order = recall(wanted)
    assert station.gets(order).state is AnswerState.NOT_YET
    hit_id = station.sees()
    station.gets(decide(wanted, hit_id))
    assert station.custody() == [CustodyStage.HELD]
    assert station.do(_catch_up) == [order.request_id]
    assert station.custody() == [CustodyStage.HELD, CustodyStage.RELEASED]
    with pytest.raises(NobodyThere):
        station.sees()


def _catch_up(look_outs: LookOuts) -> list[UUID]:
    look_outs.catch_up()
    return look_outs.caught_up


def test_a_look_out_whose_recall_was_met_with_silence_is_entered_all_the_same(station: Station) -> None:
    station.heeding = False
    order = locate("POLICE-ZC", XIE)
    station.gets(recall(order))
    assert station.gets(order).state is AnswerState.EXECUTED


# What the books tell a judge --------------------------------------------------------------------------------------


def test_a_hold_that_nobody_confirmed_is_in_the_books_as_such(tmp_path: Any) -> None:
    station = Station(path=str(tmp_path / "books.sqlite"))
    order = locate("POLICE-ZC", XIE)
    station.gets(order)
    lawful, unasked, late = station.sees(), station.sees(), station.sees()
    station.gets(decide(order, lawful))
    station.happens(HeldUnasked(hit_id=unasked))
    station.gets(decide(order, unasked))
    station.gets(recall(order))
    station.gets(decide(order, late))
    station.at += SECOND
    station.happens(HeldUnasked(hit_id=late))
    with pytest.raises(NobodyThere):
        station.happens(HeldUnasked(hit_id=late))
    station.pages.close()
    books = Books(tmp_path / "books.sqlite")
    assert len(books.holds()) == 3
    assert {hold.hit_id for hold in books.unlawful_holds()} == {unasked, late}
    assert books.live_look_outs() == []
    assert [each.case_number for each in books.look_outs()] == [CASE]


@pytest.mark.parametrize("seed", range(25))
def test_whatever_comes_in_whatever_order_nobody_is_held_unlawfully_or_too_long(
    tmp_path: Any, seed: int
) -> None:
    dice = Random(seed)
    station = Station(path=str(tmp_path / "books.sqlite"))
    people = [person(index) for index in (0, 1, 2)]
    orders = [locate("POLICE-ZC", each) for each in people for _ in range(2)]
    coming: list[LookOutOrder] = [*orders, *(recall(each) for each in dice.sample(orders, 4))]
    for _ in range(80):
        match dice.randrange(5):
            case 0 if coming:
                station.gets(coming.pop(dice.randrange(len(coming))))
            case 1:
                try:
                    seen = station.happens(
                        Seen(
                            mark=dice.choice(people).number,
                            place="某某路口",
                            even_if_ended=dice.random() < 0.3,
                        )
                    )
                except NobodyThere:
                    continue
                by_id = {each.request_id: each for each in orders}
                for each in seen:
                    assert each.hit_id
                    word = dice.choice(list(HitDecision))
                    coming += [decide(by_id[each.request_id], each.hit_id, word)] * (dice.random() < 0.9)
            case 2:
                station.waits(timedelta(hours=dice.choice((0, 1, 7, 30))))
            case _:
                station.waits(SECOND)
    station.waits(HOLD_LIMIT)
    station.pages.close()
    books = Books(tmp_path / "books.sqlite")
    assert books.unlawful_holds() == []
    assert all(hold.is_over for hold in books.holds())
    for hold in books.holds():
        assert hold.released_at is None or hold.released_at <= hold.let_go_by
    stages = [each.stage for each in station.told if isinstance(each, wire.CustodyNoticeMessage)]
    assert stages.count(CustodyStage.HELD) == len(books.holds()) == len(stages) / 2

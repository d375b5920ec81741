"""What agencies tell of freezes by themselves, what they list, and what a death, time and mistakes do to it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.error import HTTPError
from uuid import UUID

import pytest

from app.adapters.contract import Acknowledged, MeasureOrder
from app.adapters.liandong.wire import AnswerMessage, NoticeMessage
from app.adapters.measures import MeasureReport, WhyNot
from app.errors import AgencyUnavailable, OutcomeUnknown
from app.ids import new_id
from app.measures.terms import Term, ends_at
from app.measures.words import Change, State
from app.sandbox.behaviour import Behaviour, Manner
from app.sandbox.custody.differences import Dropped, Ghost, Overtaken, WrittenOver
from app.sandbox.custody.outside import MoneyMoves, NotHere
from app.sandbox.faults import Fault, FaultKind, Target
from app.sandbox.fleet import SECOND_BANK, STANDARD, Fleet, People, SandboxAgency
from app.vocabulary import AgencyKind, AnswerState, RequestStatus
from tests.integration.measure_orders import (
    CASE,
    Owned,
    declined,
    executed,
    freeze,
    listed,
    only,
    release,
    renewal,
    unburdened_accounts,
    unburdened_houses,
    yuan,
)
from tests.integration.sandbox_hub import Sink, hub_side, link, sink, until

BY_KIND = {agency.kind: agency for agency in STANDARD}
THREE_YEARS = Term(years=3)


def land_called(code: str) -> SandboxAgency:
    return replace(BY_KIND[AgencyKind.LAND], code=code).answering(Manner.AT_ONCE)


ZC, SQ, LAND, SLOW, TIME = "BANK-ZC", "BANK-SQ", "LAND-ZC", "LAND-SLOW", "LAND-TIME"
AGENCIES = (
    BY_KIND[AgencyKind.BANK],
    SECOND_BANK,
    land_called(LAND),
    land_called(TIME),
    replace(
        BY_KIND[AgencyKind.LAND], code=SLOW, behaviour=Behaviour(Manner.LATER, timedelta(milliseconds=300))
    ),
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


ACCOUNTS = {code: unburdened_accounts(code) for code in (ZC, SQ)}
HOUSES = unburdened_houses()


@pytest.fixture
def mine() -> Owned:
    """An account at the first bank that no other test touches."""
    return next(ACCOUNTS[ZC])


@pytest.fixture
def home() -> Owned:
    return next(HOUSES)


def frozen_home(code: str, home: Owned, term: Term = THREE_YEARS) -> MeasureOrder:
    return freeze(code, home.about, home.target, term=term)


async def done(fleet: Fleet, order: MeasureOrder) -> None:
    async with hub_side(fleet, order.agency_code) as side:
        await executed(side, order)


def notices_of(hub: Sink, request_id: UUID) -> list[NoticeMessage]:
    return [
        each for each in hub.messages if isinstance(each, NoticeMessage) and each.request_id == request_id
    ]


async def next_notice(hub: Sink, order: MeasureOrder, number: int = 1) -> NoticeMessage:
    await until(lambda: len(notices_of(hub, order.request_id)) >= number)
    return notices_of(hub, order.request_id)[number - 1]


async def live(fleet: Fleet, code: str) -> dict[tuple[UUID, str], MeasureReport]:
    async with hub_side(fleet, code) as side:
        return await listed(side)


# What is told


async def test_when_the_first_court_releases_the_waiting_freeze_takes_effect_and_the_hub_is_told(
    fleet: Fleet, hub: Sink, home: Owned
) -> None:
    """Seizure §26."""
    first = fleet.other_court_freezes(LAND, home.target.identity)
    asked = frozen_home(LAND, home)
    await done(fleet, asked)
    before = datetime.now(UTC)
    fleet.other_court_releases(LAND, first)
    notice = await next_notice(hub, asked)
    (report,) = notice.measures
    assert (notice.cause, report.state, report.rank) == (Change.PROMOTED, State.IN_FORCE, 1)
    assert report.active_at is not None
    assert before <= report.active_at <= notice.as_of <= datetime.now(UTC)
    assert report.ends_at == ends_at(report.active_at, THREE_YEARS)
    assert report.prior_freezes == ()
    assert f"{LAND}-1" in hub.signers


async def test_a_freeze_of_the_hub_that_moves_up_behind_another_of_the_hub_is_told_of(
    fleet: Fleet, hub: Sink, home: Owned
) -> None:
    one, two = frozen_home(LAND, home), frozen_home(LAND, home)
    await done(fleet, one)
    await done(fleet, two)
    await done(fleet, release(one, home.target))
    assert (await next_notice(hub, two)).cause is Change.PROMOTED
    assert notices_of(hub, one.request_id) == []


async def test_money_that_arrives_later_is_caught_up_to_the_limit(
    fleet: Fleet, hub: Sink, mine: Owned
) -> None:
    limit = mine.balance + 100
    asked = freeze(ZC, mine.about, mine.target, limit=limit)
    await done(fleet, asked)
    fleet.money_in(ZC, mine.target.identity, yuan("60.00"))
    fleet.money_in(ZC, mine.target.identity, yuan("60.00"))
    first, second = await next_notice(hub, asked), await next_notice(hub, asked, 2)
    assert [notice.cause for notice in (first, second)] == [Change.HOLDS_MORE] * 2
    assert [notice.measures[0].held for notice in (first, second)] == [mine.balance + 60, limit]
    assert second.measures[0].balance == mine.balance + 120


async def test_an_order_received_earlier_and_booked_later_displaces_a_freeze(
    fleet: Fleet, hub: Sink, home: Owned
) -> None:
    """Preservation §16: the receipt decides."""
    asked = frozen_home(LAND, home)
    await done(fleet, asked)
    earlier = datetime.now(UTC) - timedelta(hours=1)
    fleet.other_court_freezes(LAND, home.target.identity, received_at=earlier)
    notice = await next_notice(hub, asked)
    (report,) = notice.measures
    assert (notice.cause, report.state, report.rank, report.ends_at) == (
        Change.DISPLACED,
        State.WAITING,
        2,
        None,
    )


async def test_a_sale_voids_what_lies_on_the_thing(fleet: Fleet, hub: Sink, home: Owned) -> None:
    """Seizure §27."""
    seller = fleet.other_court_freezes(LAND, home.target.identity)
    asked = frozen_home(LAND, home)
    await done(fleet, asked)
    fleet.dispose(LAND, home.target.identity, freeze_id=seller)
    notice = await next_notice(hub, asked)
    assert (notice.cause, notice.measures[0].state) == (Change.VOIDED, State.VOID)
    assert (asked.request_id, home.target.identity) not in await live(fleet, LAND)


async def test_what_an_order_did_itself_is_in_its_answer_and_in_no_notice(
    fleet: Fleet, hub: Sink, mine: Owned
) -> None:
    asked = freeze(ZC, mine.about, mine.target, limit=yuan("100.00"))
    for order in (asked, release(asked, mine.target, yuan("50.00")), release(asked, mine.target)):
        await done(fleet, order)
    assert asked.request_id not in {notice.request_id for notice in fleet.books(ZC).notices()}
    assert notices_of(hub, asked.request_id) == []


async def test_an_agency_with_its_notices_switched_off_tells_nothing_and_lists_the_truth(
    fleet: Fleet, hub: Sink, mine: Owned
) -> None:
    asked = freeze(ZC, mine.about, mine.target, limit=mine.balance + 100)
    await done(fleet, asked)
    fleet.switch_notices(ZC, on=False)
    try:
        fleet.money_in(ZC, mine.target.identity, yuan("30.00"))
        async with hub_side(fleet, ZC) as side:
            report = (await listed(side))[asked.request_id, mine.target.identity]
    finally:
        fleet.switch_notices(ZC, on=True)
    assert report.held == mine.balance + 30
    assert asked.request_id not in {notice.request_id for notice in fleet.books(ZC).notices()}


async def test_a_notice_is_posted_until_it_is_received(fleet: Fleet, hub: Sink, mine: Owned) -> None:
    asked = freeze(ZC, mine.about, mine.target, limit=mine.balance + 100)
    await done(fleet, asked)
    hub.statuses = [503, 200]
    fleet.money_in(ZC, mine.target.identity, yuan("1.00"))
    notice = await next_notice(hub, asked)
    books = fleet.books(ZC)
    await until(lambda: any(n.message_id == notice.message_id and n.delivered_at for n in books.notices()))
    tries = [each.status for each in books.deliveries() if each.message_id == notice.message_id]
    assert tries == [503, 200, 200]


# Later, and again


async def test_an_effect_begins_at_receipt_and_the_answer_comes_later(
    fleet: Fleet, hub: Sink, home: Owned
) -> None:
    """Seizure §1: on service. What happens meanwhile is told behind the answer."""
    asked = frozen_home(SLOW, home)
    before = datetime.now(UTC)
    async with hub_side(fleet, SLOW) as side:
        assert isinstance(await side.ask(asked), Acknowledged)
        assert (await side.status(asked.request_id)).status is RequestStatus.IN_PROGRESS
        there = (await listed(side))[asked.request_id, home.target.identity]
    fleet.other_court_freezes(SLOW, home.target.identity, received_at=before - timedelta(hours=1))
    assert there.received_at is not None
    assert before <= there.received_at
    await next_notice(hub, asked)
    about_it = [message for message in hub.messages if message.request_id == asked.request_id]
    assert [type(message) for message in about_it] == [AnswerMessage, NoticeMessage]
    answer = about_it[0]
    assert isinstance(answer, AnswerMessage)
    assert (answer.state, answer.measures[0].rank) == (AnswerState.EXECUTED, 1)


async def test_a_measure_cannot_be_cancelled_its_answer_is_told_instead(
    fleet: Fleet, hub: Sink, home: Owned
) -> None:
    asked = frozen_home(SLOW, home)
    async with hub_side(fleet, SLOW) as side:
        await side.ask(asked)
        report = await side.cancel(asked.request_id)
        assert report.status is RequestStatus.ANSWERED
        assert report.answers[0].state is AnswerState.EXECUTED
        assert (asked.request_id, home.target.identity) in await listed(side)
    await until(lambda: any(message.request_id == asked.request_id for message in hub.messages))


@pytest.mark.parametrize(
    "kind",
    [FaultKind.RESET_AFTER_EFFECT, FaultKind.GATEWAY_ERROR, FaultKind.SILENCE, FaultKind.DROP_IN_ANSWER],
)
async def test_a_freeze_whose_reply_was_lost_has_its_effect_once(
    fleet: Fleet, hub: Sink, mine: Owned, kind: FaultKind
) -> None:
    asked = freeze(ZC, mine.about, mine.target, limit=yuan("10.00"))
    fleet.switch_faults(ZC, Fault(kind=kind, count=1))
    async with hub_side(fleet, ZC) as side:
        with suppress(OutcomeUnknown):
            await side.ask(asked)
        await side.ask(asked, attempt=2)
        there = await listed(side)
    assert (asked.request_id, mine.target.identity) in there
    assert [effect.request_id for effect in fleet.books(ZC).measure_effects()].count(asked.request_id) == 1


@pytest.mark.parametrize("kind", [FaultKind.DROP_BEFORE_EFFECT, FaultKind.SERVER_ERROR])
async def test_a_freeze_that_never_got_through_has_no_effect(
    fleet: Fleet, hub: Sink, mine: Owned, kind: FaultKind
) -> None:
    asked = freeze(ZC, mine.about, mine.target, limit=yuan("10.00"))
    fleet.switch_faults(ZC, Fault(kind=kind, count=1))
    async with hub_side(fleet, ZC) as side:
        with pytest.raises((AgencyUnavailable, OutcomeUnknown)):
            await side.ask(asked)
        assert (await side.status(asked.request_id)).status is RequestStatus.UNKNOWN_REQUEST
    assert asked.request_id not in {freeze.request_id for freeze in fleet.books(ZC).freezes()}


async def test_a_refusal_binds_nothing(fleet: Fleet, hub: Sink, mine: Owned) -> None:
    asked = freeze(ZC, mine.about, mine.target, limit=yuan("10.00"))
    fleet.switch_faults(ZC, Fault(kind=FaultKind.REFUSAL, count=1))
    async with hub_side(fleet, ZC) as side:
        assert (await side.answer(asked)).state is AnswerState.REFUSED
    assert asked.request_id not in {freeze.request_id for freeze in fleet.books(ZC).freezes()}


async def test_the_live_list_can_fail_like_any_question(fleet: Fleet) -> None:
    fleet.switch_faults(ZC, Fault(kind=FaultKind.SERVER_ERROR, target=Target.LIVE_LIST, count=1))
    async with hub_side(fleet, ZC) as side:
        with pytest.raises((AgencyUnavailable, OutcomeUnknown)):
            await side.live_list()
        await side.live_list()


# Death


async def test_ranks_sums_and_ends_outlive_the_death_of_their_agency(
    fleet: Fleet, hub: Sink, mine: Owned
) -> None:
    fleet.other_court_freezes(ZC, mine.target.identity, mine.balance - 10)
    asked = [freeze(ZC, mine.about, mine.target, limit=yuan("8.00")) for _ in range(3)]
    for order in asked:
        await done(fleet, order)
    before = await live(fleet, ZC)
    fleet.kill(ZC)
    fleet.restart(ZC)
    assert await live(fleet, ZC) == before
    ranks = {request_id: report.rank for (request_id, _), report in (await live(fleet, ZC)).items()}
    assert [ranks[order.request_id] for order in asked] == [2, 3, 4]
    late = freeze(ZC, mine.about, mine.target, limit=yuan("8.00"))
    async with hub_side(fleet, ZC) as side:
        assert (await only(side, late)).rank == 5
        assert (await side.ask(asked[0], attempt=2)).measures[0].rank == 2


async def test_a_notice_that_was_owed_is_delivered_after_a_restart(
    fleet: Fleet, hub: Sink, mine: Owned
) -> None:
    asked = freeze(ZC, mine.about, mine.target, limit=mine.balance + 100)
    await done(fleet, asked)
    hub.statuses = [503] * 1000
    fleet.money_in(ZC, mine.target.identity, yuan("1.00"))
    fleet.kill(ZC)
    assert [n.delivered_at for n in fleet.books(ZC).notices() if n.request_id == asked.request_id] == [None]
    hub.clear()
    fleet.restart(ZC)
    assert (await next_notice(hub, asked)).cause is Change.HOLDS_MORE


# Time


async def test_a_freeze_lapses_at_its_end_and_the_next_takes_effect(
    fleet: Fleet, hub: Sink, home: Owned
) -> None:
    """Seizure §27; Interpretation §485."""
    short, waiting = frozen_home(TIME, home, Term(days=10)), frozen_home(TIME, home)
    await done(fleet, short)
    await done(fleet, waiting)
    fleet.advance_clock(TIME, 11)
    lapsed, promoted = await next_notice(hub, short), await next_notice(hub, waiting)
    assert (lapsed.cause, lapsed.measures[0].state) == (Change.LAPSED, State.LAPSED)
    assert (promoted.cause, promoted.measures[0].rank) == (Change.PROMOTED, 1)
    assert promoted.measures[0].active_at == lapsed.measures[0].ends_at
    async with hub_side(fleet, TIME) as side:
        assert await declined(side, renewal(short, home.target)) is WhyNot.ALREADY_ENDED
        assert (short.request_id, home.target.identity) not in await listed(side)
    with pytest.raises(HTTPError, match="409"):
        fleet.advance_clock(TIME, 10)
    fleet.kill(TIME)
    fleet.restart(TIME)
    assert (await live(fleet, TIME))[waiting.request_id, home.target.identity].rank == 1


async def test_a_renewal_before_the_end_keeps_the_freeze_alive(fleet: Fleet, hub: Sink) -> None:
    mine = next(ACCOUNTS[SQ])
    asked = freeze(SQ, mine.about, mine.target, limit=yuan("10.00"), term=Term(days=10))
    await done(fleet, asked)
    await done(fleet, renewal(asked, mine.target, Term(days=300)))
    fleet.advance_clock(SQ, 11)
    assert (asked.request_id, mine.target.identity) in await live(fleet, SQ)
    fleet.advance_clock(SQ, 320)
    assert (await next_notice(hub, asked)).cause is Change.LAPSED
    assert (asked.request_id, mine.target.identity) not in await live(fleet, SQ)


# The list


async def test_the_live_list_has_the_hubs_live_freezes_in_order_and_no_other(
    fleet: Fleet, home: Owned
) -> None:
    fleet.other_court_freezes(LAND, home.target.identity)
    asked, gone = frozen_home(LAND, home), frozen_home(LAND, home)
    for order in (asked, gone, release(gone, home.target)):
        await done(fleet, order)
    async with hub_side(fleet, LAND) as side:
        whole = await side.live_list()
        rest = await side.live_list(after=whole.measures[0].request_id)
    ids = [each.request_id for each in whole.measures]
    assert ids == sorted(ids)
    assert asked.request_id in ids
    assert gone.request_id not in ids
    assert [each.request_id for each in rest.measures] == ids[1:]
    books = [freeze for freeze in fleet.books(LAND).freezes() if freeze.request_id == asked.request_id]
    assert [freeze.rung.rank for freeze in books] == [2]


# Mistakes


async def planted(fleet: Fleet, mine: Owned) -> MeasureOrder:
    asked = freeze(ZC, mine.about, mine.target, limit=yuan("100.00"))
    await done(fleet, asked)
    return asked


async def test_a_dropped_freeze_is_missing_from_the_list(fleet: Fleet, hub: Sink, mine: Owned) -> None:
    asked = await planted(fleet, mine)
    fleet.plant_difference(ZC, Dropped(request_id=asked.request_id, thing=mine.target.identity))
    assert (asked.request_id, mine.target.identity) not in await live(fleet, ZC)
    assert notices_of(hub, asked.request_id) == []


async def test_another_limit_and_another_end_show_in_the_list(fleet: Fleet, hub: Sink, mine: Owned) -> None:
    asked = await planted(fleet, mine)
    end = datetime.now(UTC) + timedelta(days=200)
    difference = WrittenOver(
        request_id=asked.request_id, thing=mine.target.identity, limit=yuan("70.00"), ends_at=end
    )
    fleet.plant_difference(ZC, difference)
    fleet.kill(ZC)
    fleet.restart(ZC)
    report = (await live(fleet, ZC))[asked.request_id, mine.target.identity]
    assert (report.limit, report.held, report.ends_at) == (yuan("70.00"), yuan("70.00"), end)
    assert notices_of(hub, asked.request_id) == []


async def test_another_rank_shows_in_the_list(fleet: Fleet, hub: Sink, mine: Owned) -> None:
    asked = await planted(fleet, mine)
    fleet.plant_difference(ZC, Overtaken(request_id=asked.request_id, thing=mine.target.identity))
    report = (await live(fleet, ZC))[asked.request_id, mine.target.identity]
    assert (report.rank, report.held) == (2, yuan("0.00"))
    assert notices_of(hub, asked.request_id) == []


async def test_a_freeze_that_the_hub_never_ordered_shows_in_the_list(fleet: Fleet, mine: Owned) -> None:
    ghost = new_id()
    fleet.plant_difference(
        ZC, Ghost(request_id=ghost, thing=mine.target.identity, case_number=CASE, limit=yuan("5.00"))
    )
    assert (ghost, mine.target.identity) in await live(fleet, ZC)
    assert ghost not in {effect.request_id for effect in fleet.books(ZC).measure_effects()}


async def test_a_difference_needs_a_live_freeze_of_the_hub(fleet: Fleet, mine: Owned) -> None:
    with pytest.raises(NotHere):
        fleet.plant_difference(ZC, Dropped(request_id=new_id(), thing=mine.target.identity))


async def test_the_switchboard_takes_nothing_that_it_does_not_know(fleet: Fleet, mine: Owned) -> None:
    with pytest.raises(HTTPError, match="422"):
        fleet.happen(
            ZC,
            MoneyMoves.model_construct(act="money_in", thing=mine.target.identity, amount=Decimal("0.001")),
        )

"""Later answers: a sandbox agency posts them, signed, to a sink that stands for the hub."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from app.adapters.contract import Acknowledged, AssetQueryOrder
from app.adapters.liandong.wire import AnswerMessage
from app.sandbox.behaviour import Behaviour, Manner
from app.sandbox.books import Books, Delivery
from app.sandbox.faults import Fault, FaultKind, Target
from app.sandbox.fleet import STANDARD, Fleet, People, SandboxAgency
from app.sandbox.population.cast import Part
from app.vocabulary import AgencyKind, AnswerState, RequestStatus
from tests.integration.sandbox_hub import Sink, debtor, hub_side, link, order, sink, until

BY_KIND = {agency.kind: agency for agency in STANDARD}
POLICE = BY_KIND[AgencyKind.POLICE].code
LAND = BY_KIND[AgencyKind.LAND].code


def answering(kind: AgencyKind, behaviour: Behaviour, code: str = "") -> SandboxAgency:
    usual = BY_KIND[kind]
    return replace(usual, code=code or usual.code, behaviour=behaviour)


SLOW = "LAND-SLOW"
AGENCIES = (
    answering(AgencyKind.LAND, Behaviour(Manner.LATER, timedelta(milliseconds=20))),
    answering(AgencyKind.LAND, Behaviour(Manner.LATER, timedelta(seconds=1)), code=SLOW),
    answering(AgencyKind.POLICE, Behaviour(Manner.IN_PARTS, timedelta(milliseconds=100))),
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
    """The sink, emptied, and agencies that behave."""
    counter.clear()
    fleet.switch_faults(LAND)
    return counter


def question(code: str = LAND) -> AssetQueryOrder:
    return order(code, debtor(Part.DISPUTED))


async def ask(fleet: Fleet, *asked: AssetQueryOrder) -> None:
    async with hub_side(fleet, asked[0].agency_code) as side:
        for each in asked:
            assert isinstance(await side.ask(each), Acknowledged)


def delivered(books: Books) -> set[UUID]:
    return {answer.request_id for answer in books.answers() if answer.delivered_at}


def deliveries(books: Books, asked: AssetQueryOrder) -> list[Delivery]:
    messages = {answer.message_id for answer in books.answers() if answer.request_id == asked.request_id}
    return [delivery for delivery in books.deliveries() if delivery.message_id in messages]


async def test_a_later_answer_comes_signed_and_gets_its_receipt(fleet: Fleet, hub: Sink) -> None:
    asked = question()
    await ask(fleet, asked)
    books = fleet.books(LAND)
    await until(lambda: asked.request_id in delivered(books))
    (message,) = hub.messages
    assert isinstance(message, AnswerMessage)
    assert (message.request_id, message.state) == (asked.request_id, AnswerState.FOUND)
    (delivery,) = deliveries(books, asked)
    assert delivery.received
    assert hub.refused == []


async def test_an_answer_is_posted_until_it_is_received(fleet: Fleet, hub: Sink) -> None:
    """An error, and a receipt that nobody signed, both mean: again."""
    asked = question()
    hub.statuses = [503, 200]
    await ask(fleet, asked)
    books = fleet.books(LAND)
    await until(lambda: asked.request_id in delivered(books))
    tries = deliveries(books, asked)
    assert [each.status for each in tries] == [503, 200, 200]
    assert [each.received for each in tries] == [False, False, True]
    assert len(hub.messages) == 1


@pytest.mark.parametrize("status", [404, 409])
async def test_an_answer_that_the_hub_refuses_for_good_is_not_posted_again(
    fleet: Fleet, hub: Sink, status: int
) -> None:
    refused, following = question(), question()
    hub.statuses = [status]
    await ask(fleet, refused)
    books = fleet.books(LAND)
    await until(lambda: len(deliveries(books, refused)) == 1)
    await ask(fleet, following)
    await until(lambda: following.request_id in delivered(books))
    assert [each.status for each in deliveries(books, refused)] == [status]


async def test_answers_outlive_the_death_of_their_agency(fleet: Fleet, hub: Sink) -> None:
    asked = [question(SLOW) for _ in range(5)]
    await ask(fleet, *asked)
    fleet.kill(SLOW)
    books = fleet.books(SLOW)
    waiting = {each.request_id for each in asked}
    assert waiting.isdisjoint(delivered(books))
    fleet.restart(SLOW)
    await until(lambda: waiting <= delivered(books))
    assert sorted(message.request_id for message in hub.messages) == sorted(e.request_id for e in asked)


async def test_the_parts_of_an_answer_come_in_order_and_make_up_the_whole(fleet: Fleet, hub: Sink) -> None:
    asked = order(POLICE, debtor(Part.DEBTOR))
    async with hub_side(fleet, POLICE) as side:
        await side.ask(asked)
        assert (await side.status(asked.request_id)).status is RequestStatus.IN_PROGRESS
        await until(lambda: len(hub.messages) == 2)
        report = await side.status(asked.request_id)
    first, last = hub.messages
    assert isinstance(first, AnswerMessage)
    assert isinstance(last, AnswerMessage)
    assert (first.part, first.state, last.part, last.state) == (1, AnswerState.PARTIAL, 2, AnswerState.FOUND)
    assert report.status is RequestStatus.ANSWERED
    assert [answer.assets for answer in report.answers] == [first.assets, last.assets]


async def test_a_cancelled_request_is_not_answered_any_more(fleet: Fleet, hub: Sink) -> None:
    cancelled, kept = question(SLOW), question(SLOW)
    await ask(fleet, cancelled, kept)
    async with hub_side(fleet, SLOW) as side:
        assert (await side.cancel(cancelled.request_id)).status is RequestStatus.CANCELLED
        await until(lambda: kept.request_id in delivered(fleet.books(SLOW)))
        assert (await side.status(cancelled.request_id)).status is RequestStatus.CANCELLED
        (withdrawn,) = (a for a in fleet.books(SLOW).answers() if a.request_id == cancelled.request_id)
    assert withdrawn.withdrawn_at is not None
    assert [message.request_id for message in hub.messages] == [kept.request_id]


async def test_a_duplicate_callback_is_the_same_message_signed_again(fleet: Fleet, hub: Sink) -> None:
    asked = question()
    fault = Fault(kind=FaultKind.DUPLICATE_CALLBACK, target=Target.CALLBACK, count=1)
    fleet.switch_faults(LAND, fault)
    await ask(fleet, asked)
    await until(lambda: len(hub.messages) == 2)
    books = fleet.books(LAND)
    await until(lambda: len(deliveries(books, asked)) == 2)
    assert hub.messages[0] == hub.messages[1]
    assert all(each.received for each in deliveries(books, asked))
    assert books.contradicting_receipts() == set()


async def test_the_parts_of_an_answer_can_come_in_the_wrong_order(fleet: Fleet, hub: Sink) -> None:
    fault = Fault(kind=FaultKind.REORDERED_CALLBACKS, target=Target.CALLBACK, count=1)
    fleet.switch_faults(POLICE, fault)
    async with hub_side(fleet, POLICE) as side:
        await side.ask(order(POLICE, debtor(Part.DEBTOR)))
    await until(lambda: len(hub.messages) == 2)
    assert [message.part for message in hub.messages if isinstance(message, AnswerMessage)] == [2, 1]


async def test_an_answer_held_back_is_overtaken_by_another(fleet: Fleet, hub: Sink) -> None:
    held, overtaking = question(), question()
    fault = Fault(kind=FaultKind.REORDERED_CALLBACKS, target=Target.CALLBACK, count=1, delay_ms=500)
    fleet.switch_faults(LAND, fault)
    await ask(fleet, held)
    books = fleet.books(LAND)
    await until(lambda: any(fault.request_id == held.request_id for fault in books.faults()))
    await ask(fleet, overtaking)
    await until(lambda: len(hub.messages) == 2)
    assert [each.request_id for each in hub.messages] == [overtaking.request_id, held.request_id]


@pytest.mark.parametrize(
    ("kind", "refused"),
    [(FaultKind.WRONG_SIGNATURE, "bad_signature"), (FaultKind.FOREIGN_KEY, f"{SLOW}-1")],
)
async def test_a_callback_can_be_signed_wrongly_before_it_is_signed_rightly(
    fleet: Fleet, hub: Sink, kind: FaultKind, refused: str
) -> None:
    """The foreign key is another agency's, which the hub knows: only the addressee can tell them apart."""
    asked = question()
    hub.addressee = f"{LAND}-1"
    fleet.switch_faults(LAND, Fault(kind=kind, target=Target.CALLBACK, count=1))
    await ask(fleet, asked)
    await until(lambda: asked.request_id in delivered(fleet.books(LAND)))
    assert hub.refused == [refused]
    assert hub.signers == [hub.addressee]

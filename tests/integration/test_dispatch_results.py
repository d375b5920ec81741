"""After the wire: what each way of failing or answering makes of a request, its outbox item and its breaker."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.adapters.contract import Operation
from app.clock import ManualClock
from app.errors import AgencyUnavailable, ExchangeError, MalformedAnswer, MessageRejected, OutcomeUnknown
from app.models import Message
from app.models.agency_request import RequestState
from app.models.outbox import ItemState, Lane, OutboxItem
from app.vocabulary import AnswerState, EventType, RequestStatus
from tests.integration.conftest import Office
from tests.integration.dispatch_desk import (
    BACKOFF,
    DispatchDesk,
    acknowledged,
    answer,
    dispatch_desk,
    report,
)


@pytest.fixture
async def desk(office: Office, clock: ManualClock) -> AsyncIterator[DispatchDesk]:
    async with dispatch_desk(office, clock) as desk:
        yield desk


async def items(desk: DispatchDesk) -> list[OutboxItem]:
    async with desk.office.hub.sessions() as session:
        return list(await session.scalars(select(OutboxItem).order_by(OutboxItem.id)))


async def lane(desk: DispatchDesk) -> Lane:
    async with desk.office.hub.sessions() as session:
        return await session.get_one(Lane, "agency:BANK-ZC")


@pytest.mark.parametrize(
    ("error", "state", "events", "item"),
    [
        (AgencyUnavailable("refused"), RequestState.QUEUED, [], ItemState.DELAYED),
        (
            OutcomeUnknown("time-out"),
            RequestState.UNKNOWN,
            [EventType.REQUEST_OUTCOME_LOST],
            ItemState.DELAYED,
        ),
        (
            MessageRejected("status 400"),
            RequestState.UNDELIVERABLE,
            [EventType.REQUEST_UNDELIVERABLE],
            ItemState.DEAD,
        ),
        (
            MalformedAnswer("not JSON"),
            RequestState.UNDELIVERABLE,
            [EventType.REQUEST_OUTCOME_LOST, EventType.REQUEST_UNDELIVERABLE],
            ItemState.DEAD,
        ),
    ],
)
async def test_each_way_of_failing_has_its_state(
    desk: DispatchDesk,
    error: ExchangeError,
    state: RequestState,
    events: list[EventType],
    item: ItemState,
) -> None:
    [request_id] = await desk.ask()
    await desk.record(await desk.send(), error)

    request = await desk.request(request_id)
    assert (request.state, request.last_error) == (state, error.reason)
    assert await desk.told(request_id) == events
    assert [left.state for left in await items(desk)] == [item]


async def test_bytes_that_could_not_be_used_are_kept_with_the_reason(desk: DispatchDesk) -> None:
    [request_id] = await desk.ask()
    await desk.record(await desk.send(), OutcomeUnknown("unsigned answer", raw=b"who am I"))

    async with desk.office.hub.sessions() as session:
        [kept] = await session.scalars(select(Message).where(Message.parked_reason.is_not(None)))
    assert kept.request_id == request_id
    assert kept.parked_reason == "unsigned answer"
    assert desk.office.hub.keys.vault.open(kept.body, "messages.body") == b"who am I"


async def test_the_wait_before_the_next_attempt_is_the_agencys_wish_or_ours(desk: DispatchDesk) -> None:
    await desk.ask()
    await desk.record(await desk.send(), AgencyUnavailable("status 503", retry_after=timedelta(seconds=60)))
    [item] = await items(desk)
    assert item.run_at == desk.now + timedelta(seconds=60)

    desk.wait(60)
    await desk.record(await desk.send(), AgencyUnavailable("status 503"))
    [item] = await items(desk)
    assert 0.8 * BACKOFF <= (item.run_at - desk.now).total_seconds() <= 1.2 * BACKOFF


async def test_attempts_that_are_spent_become_a_dead_letter_and_a_replay_begins_anew(
    desk: DispatchDesk,
) -> None:
    [request_id] = await desk.ask()
    for _ in range(4):
        await desk.record(await desk.send(), AgencyUnavailable("refused"))
        desk.wait(BACKOFF * 1.2)
    assert await desk.state(request_id) is RequestState.UNDELIVERABLE
    assert await desk.claim() == []

    replayed = await desk.office.operator.post("/v1/dead-letters/replay", json={})
    assert replayed.json()["references"] == [str(request_id)]

    errand = await desk.send()
    assert errand.message.operation is Operation.STATUS_QUERY, "it was sent before, whatever became of it"
    await desk.record(errand, report(request_id, RequestStatus.UNKNOWN_REQUEST))
    await desk.record(await desk.send(), answer(request_id))
    assert await desk.state(request_id) is RequestState.ANSWERED
    assert await items(desk) == []


async def test_a_status_query_that_fails_leaves_the_outcome_unknown(desk: DispatchDesk) -> None:
    [request_id] = await desk.ask()
    await desk.record(await desk.send(), OutcomeUnknown("time-out"))
    desk.wait(BACKOFF * 1.2)
    await desk.record(await desk.send(), AgencyUnavailable("refused"))
    assert await desk.state(request_id) is RequestState.UNKNOWN
    desk.wait(BACKOFF * 1.2)
    assert (await desk.send()).message.operation is Operation.STATUS_QUERY


@pytest.mark.parametrize("status", [RequestStatus.RECEIVED, RequestStatus.IN_PROGRESS])
async def test_an_agency_that_has_the_request_is_waited_for(
    desk: DispatchDesk, status: RequestStatus
) -> None:
    [request_id] = await desk.ask()
    await desk.record(await desk.send(), OutcomeUnknown("time-out"))
    desk.wait(BACKOFF * 1.2)
    await desk.record(await desk.send(), report(request_id, status))
    assert await desk.state(request_id) is RequestState.ACKNOWLEDGED
    assert await items(desk) == []


async def test_a_callback_that_was_quicker_than_the_failure_counts(desk: DispatchDesk) -> None:
    [request_id] = await desk.ask()
    errand = await desk.send()
    await desk.post(answer(request_id))

    await desk.record(errand, OutcomeUnknown("reset"))

    assert await desk.state(request_id) is RequestState.ANSWERED
    assert await desk.told(request_id) == [EventType.REQUEST_ANSWERED]
    desk.wait(BACKOFF * 1.2)
    assert await desk.promise(await desk.claim()) == []
    assert await items(desk) == []


async def test_an_answer_in_the_reply_and_by_callback_counts_once(desk: DispatchDesk) -> None:
    [request_id] = await desk.ask()
    errand = await desk.send()
    said = answer(request_id, AnswerState.AMBIGUOUS)
    await desk.post(said)
    await desk.record(errand, said)
    assert await desk.told(request_id) == [EventType.REQUEST_ANSWERED]


async def test_an_acknowledgement_after_the_answer_says_nothing_new(desk: DispatchDesk) -> None:
    [request_id] = await desk.ask()
    errand = await desk.send()
    await desk.post(answer(request_id))
    await desk.record(errand, acknowledged(request_id))
    assert await desk.state(request_id) is RequestState.ANSWERED


async def test_an_answer_ends_a_request_that_was_parked(desk: DispatchDesk) -> None:
    [request_id] = await desk.ask()
    await desk.record(await desk.send(), MalformedAnswer("not JSON"))
    await desk.post(answer(request_id))
    assert await desk.state(request_id) is RequestState.ANSWERED


async def test_the_breaker_counts_silence_and_not_refusals(desk: DispatchDesk) -> None:
    await desk.ask()
    await desk.record(await desk.send(), MessageRejected("status 400"))
    assert (await lane(desk)).failures == 0
    await desk.ask()
    await desk.record(await desk.send(), AgencyUnavailable("refused"))
    assert (await lane(desk)).failures == 1

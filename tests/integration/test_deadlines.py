"""Clocks of requests, in virtual time: each strikes once, ends in an event, and no bad row stops the sweep (P8)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from app.adapters.contract import Operation
from app.clock import ManualClock
from app.dispatch.housekeeping import Housekeeping
from app.errors import AgencyUnavailable, ExchangeError, MessageRejected, OutcomeUnknown
from app.models import AgencyRequest, CourtEvent, Nonce
from app.models.agency_request import DeadlineStage, RequestState
from app.models.outbox import OutboxItem
from app.vocabulary import EventType, RequestStatus
from tests.integration.conftest import Office
from tests.integration.dispatch_desk import DispatchDesk, acknowledged, answer, dispatch_desk, report

HOUR = 3600.0


@pytest.fixture
async def desk(office: Office, clock: ManualClock) -> AsyncIterator[DispatchDesk]:
    async with dispatch_desk(office, clock) as desk:
        yield desk


async def outlive(work: Callable[[], Awaitable[int]], _doing: str) -> int | None:
    """As the worker guards a piece of work."""
    try:
        return await work()
    except Exception:  # noqa: BLE001 - as the worker's own
        return None


async def sweep(desk: DispatchDesk) -> int:
    hub = desk.office.hub
    return await Housekeeping(hub.sessions, hub.keys.vault, desk.clock, outlive).strike_clocks()


async def settings_of(desk: DispatchDesk) -> tuple[float, float, float]:
    agency = (await desk.office.operator.get("/v1/agencies/BANK-ZC")).json()
    clocks = agency["settings"]["deadlines"]
    return clocks["remind_hours"] * HOUR, clocks["answer_hours"] * HOUR, clocks["give_up_hours"] * HOUR


async def test_each_clock_strikes_once_and_the_last_one_ends_the_request(desk: DispatchDesk) -> None:
    remind, due, give_up = await settings_of(desk)
    [request_id] = await desk.ask()
    await desk.record(await desk.send(), acknowledged(request_id))
    seen = []
    for wait in (remind - 1, 1, due - remind, give_up - due, HOUR):
        desk.wait(wait)
        seen.append((await sweep(desk), (await desk.told(request_id))[-1]))
        assert await sweep(desk) == 0

    assert seen == [
        (0, EventType.REQUEST_ACKNOWLEDGED),
        (1, EventType.REQUEST_REMINDED),
        (1, EventType.REQUEST_OVERDUE),
        (1, EventType.REQUEST_GIVEN_UP),
        (0, EventType.REQUEST_GIVEN_UP),
    ]
    request = await desk.request(request_id)
    assert (request.state, request.overdue) == (RequestState.GIVEN_UP, True)


async def test_a_hub_that_was_down_for_long_strikes_what_it_missed_in_order(desk: DispatchDesk) -> None:
    [request_id] = await desk.ask()
    await desk.record(await desk.send(), acknowledged(request_id))
    desk.wait(365 * 24 * HOUR)
    assert await sweep(desk) == 3
    assert (await desk.told(request_id))[1:] == [
        EventType.REQUEST_REMINDED,
        EventType.REQUEST_OVERDUE,
        EventType.REQUEST_GIVEN_UP,
    ]


async def test_a_reminder_asks_the_agency_and_fetches_an_answer_that_got_lost(desk: DispatchDesk) -> None:
    remind, _, _ = await settings_of(desk)
    [request_id] = await desk.ask()
    await desk.record(await desk.send(), acknowledged(request_id))
    desk.wait(remind)
    await sweep(desk)

    errand = await desk.send()

    assert errand.message.operation is Operation.STATUS_QUERY
    await desk.record(errand, report(request_id, RequestStatus.ANSWERED, answer(request_id)))
    request = await desk.request(request_id)
    assert (request.state, request.next_deadline_at) == (RequestState.ANSWERED, None)


async def test_an_answer_stops_all_clocks(desk: DispatchDesk) -> None:
    [request_id] = await desk.ask()
    await desk.record(await desk.send(), answer(request_id))
    desk.wait(365 * 24 * HOUR)
    assert await sweep(desk) == 0
    assert await desk.told(request_id) == [EventType.REQUEST_ANSWERED]


@pytest.mark.parametrize(
    "error", [None, AgencyUnavailable("refused"), OutcomeUnknown("time-out"), MessageRejected("status 400")]
)
async def test_a_request_is_given_up_from_whatever_state_it_hangs_in(
    desk: DispatchDesk, error: ExchangeError | None
) -> None:
    [request_id] = await desk.ask()
    if error is not None:
        await desk.record(await desk.send(), error)
    desk.wait(365 * 24 * HOUR)
    assert await sweep(desk) == 3
    assert await desk.state(request_id) is RequestState.GIVEN_UP
    assert (await desk.told(request_id))[-1] is EventType.REQUEST_GIVEN_UP
    await desk.promise(await desk.claim())
    async with desk.office.hub.sessions() as session:
        left = await session.scalars(select(OutboxItem.state))
    assert set(left) <= {"dead"}, "nothing of it is sent any more"


async def test_a_poisoned_row_among_a_thousand_stops_none_of_the_others(
    office: Office, clock: ManualClock
) -> None:
    async with dispatch_desk(office, clock, debtors=200) as desk:
        requests = [request_id for _ in range(5) for request_id in await desk.ask()]
        async with office.hub.sessions.begin() as session:
            poisoned = update(AgencyRequest).where(AgencyRequest.id == requests[500])
            await session.execute(
                poisoned.values(state=RequestState.ANSWERED, next_deadline=DeadlineStage.GIVE_UP)
            )
        desk.wait(365 * 24 * HOUR)

        assert await sweep(desk) == 3 * 999

        async with office.hub.sessions() as session:
            given_up = await session.scalar(
                select(func.count())
                .select_from(CourtEvent)
                .where(CourtEvent.event_type == EventType.REQUEST_GIVEN_UP)
            )
        assert given_up == 999
        assert await desk.state(requests[500]) is RequestState.ANSWERED


async def test_nonces_are_forgotten_when_no_signature_can_be_fresh_any_more(desk: DispatchDesk) -> None:
    hub = desk.office.hub
    house = Housekeeping(hub.sessions, hub.keys.vault, desk.clock, outlive)
    async with hub.sessions.begin() as session:
        session.add(Nonce(key_id="bank-zc-1", nonce="a" * 22, seen_at=desk.now))
    desk.wait(timedelta(minutes=10).total_seconds())
    assert await house.forget_nonces() == 0
    desk.wait(timedelta(minutes=2).total_seconds())
    assert await house.forget_nonces() == 1

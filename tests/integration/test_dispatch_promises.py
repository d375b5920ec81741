"""Before a byte leaves: what is promised, in which bytes, and what happens to promises of workers that died."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text, update

from app.adapters.contract import Operation
from app.clock import ManualClock
from app.errors import AgencyUnavailable, OutcomeUnknown
from app.models import Agency, Party
from app.models.agency_request import RequestState
from app.outbox.claim import ATTEMPTS_SPENT
from app.vocabulary import EventType, RequestStatus
from tests.integration.conftest import Office
from tests.integration.dispatch_desk import BACKOFF, LEASE, DispatchDesk, answer, dispatch_desk, report

LEASE_SECONDS = LEASE / timedelta(seconds=1)


@pytest.fixture
async def desk(office: Office, clock: ManualClock) -> AsyncIterator[DispatchDesk]:
    async with dispatch_desk(office, clock) as desk:
        yield desk


async def test_a_message_is_recorded_as_sent_before_it_leaves(desk: DispatchDesk) -> None:
    [request_id] = await desk.ask()
    errand = await desk.send()
    assert errand.message.operation is Operation.REQUEST
    assert errand.message.request_id == request_id
    assert await desk.state(request_id) is RequestState.SENT


async def test_what_a_dead_worker_may_have_sent_is_asked_about_before_it_is_sent_again(
    desk: DispatchDesk,
) -> None:
    [request_id] = await desk.ask()
    first = await desk.send()
    desk.wait(LEASE_SECONDS)

    enquiry = await desk.send()

    assert enquiry.message.operation is Operation.STATUS_QUERY
    await desk.record(enquiry, report(request_id, RequestStatus.UNKNOWN_REQUEST))
    again = await desk.send()
    assert (again.message.operation, again.attempt) == (Operation.REQUEST, 2)
    assert again.message.body == first.message.body
    assert again.message.message_id == first.message.message_id


async def test_what_a_dead_worker_had_only_claimed_is_simply_sent(desk: DispatchDesk) -> None:
    await desk.ask()
    await desk.claim()
    desk.wait(LEASE_SECONDS)

    errand = await desk.send()

    assert (errand.message.operation, errand.attempt) == (Operation.REQUEST, 1)


async def test_a_worker_that_stood_still_promises_nothing_that_another_has_claimed(
    desk: DispatchDesk,
) -> None:
    await desk.ask()
    zombie = await desk.claim()
    desk.wait(LEASE_SECONDS)
    [living] = await desk.promise(await desk.claim())

    assert await desk.promise(zombie) == []
    assert living.message.operation is Operation.REQUEST


async def test_the_result_of_a_zombie_is_refused(desk: DispatchDesk) -> None:
    [request_id] = await desk.ask()
    zombie = await desk.send()
    desk.wait(LEASE_SECONDS)
    living = await desk.send()

    await desk.record(zombie, answer(request_id))

    assert await desk.state(request_id) is RequestState.SENT
    await desk.record(living, report(request_id, RequestStatus.ANSWERED, answer(request_id)))
    await desk.record(zombie, OutcomeUnknown("too late"))
    assert await desk.state(request_id) is RequestState.ANSWERED
    assert await desk.told(request_id) == [EventType.REQUEST_ANSWERED]


async def test_a_request_that_kills_every_worker_ends_as_a_dead_letter(desk: DispatchDesk) -> None:
    [request_id] = await desk.ask()
    for _ in range(4):
        assert await desk.claim()
        desk.wait(LEASE_SECONDS)

    assert await desk.claim() == []

    request = await desk.request(request_id)
    assert (request.state, request.last_error) == (RequestState.UNDELIVERABLE, ATTEMPTS_SPENT)
    assert await desk.told(request_id) == [EventType.REQUEST_UNDELIVERABLE]


async def test_a_broken_seal_stops_one_request_and_no_other(office: Office, clock: ManualClock) -> None:
    async with dispatch_desk(office, clock, debtors=3) as desk:
        broken, *whole = await desk.ask()
        party_id = (await desk.request(broken)).party_id
        async with office.hub.sessions.begin() as session:
            await session.execute(update(Party).where(Party.id == party_id).values(name=b"\x01garbage"))

        errands = await desk.promise(await desk.claim())

        assert {errand.message.request_id for errand in errands} == set(whole)
        request = await desk.request(broken)
        assert (request.state, request.last_error) == (RequestState.UNDELIVERABLE, "seal_broken")


async def test_what_does_not_fit_the_protocol_is_parked_at_once_with_the_reason(
    office: Office, clock: ManualClock
) -> None:
    async with dispatch_desk(office, clock) as desk:
        permit = "证" * 150  # longer than the protocol's 100
        async with office.hub.sessions.begin() as session:
            await session.execute(text("UPDATE officers SET enforcement_permit_number = :p"), {"p": permit})
        [request_id] = await desk.ask()

        assert await desk.promise(await desk.claim()) == []

        request = await desk.request(request_id)
        assert request.state is RequestState.UNDELIVERABLE
        assert "does not fit the protocol" in (request.last_error or "")
        assert permit not in (request.last_error or "")


async def test_a_capability_that_was_withdrawn_meanwhile_is_refused_before_anything_is_sent(
    desk: DispatchDesk,
) -> None:
    [request_id] = await desk.ask()
    async with desk.office.hub.sessions.begin() as session:
        await session.execute(update(Agency).values(capabilities=["freeze"], version=Agency.version + 1))

    assert await desk.promise(await desk.claim()) == []

    request = await desk.request(request_id)
    assert (request.state, request.last_error) == (RequestState.UNDELIVERABLE, "agency_incapable")


async def test_a_capability_that_was_just_granted_is_used_at_once(desk: DispatchDesk) -> None:
    agency = "/v1/agencies/BANK-ZC"
    await desk.office.administrator.patch(agency, json={"capabilities": ["freeze"]})
    async with desk.office.hub.sessions.begin() as session:
        await desk.carrier.directory.refresh(session, desk.now)
    await desk.office.administrator.patch(agency, json={"capabilities": ["asset_query"]})

    [request_id] = await desk.ask()

    assert (await desk.send()).message.request_id == request_id


async def test_changed_settings_are_taken_up_within_seconds(desk: DispatchDesk) -> None:
    await desk.ask()
    before = await desk.send()
    change = {"settings": {"endpoint": "http://127.0.0.1:10"}}
    assert (await desk.office.administrator.patch("/v1/agencies/BANK-ZC", json=change)).status_code == 200
    desk.wait(2)
    await desk.ask()
    after = await desk.send()
    assert after.adapter is not before.adapter


async def test_an_unsent_query_is_taken_back_without_a_word_to_its_agency(desk: DispatchDesk) -> None:
    [request_id] = await desk.ask()
    await cancel(desk, request_id)
    assert await desk.state(request_id) is RequestState.CANCELLED
    assert await desk.promise(await desk.claim()) == []
    assert await desk.claim() == [], "nothing is left in the outbox"


async def test_a_cancellation_waits_for_what_is_on_the_wire_and_ends_with_the_agencys_word(
    desk: DispatchDesk,
) -> None:
    [request_id] = await desk.ask()
    errand = await desk.send()
    await cancel(desk, request_id)
    assert await desk.state(request_id) is RequestState.SENT
    assert await desk.claim() == []

    await desk.record(errand, AgencyUnavailable("status 503"))
    desk.wait(BACKOFF * 1.2)
    again = await desk.send()
    assert again.message.operation is Operation.REQUEST, "it stands before the cancellation"
    await desk.record(again, report(request_id, RequestStatus.RECEIVED))

    taking_back = await desk.send()
    assert taking_back.message.operation is Operation.CANCELLATION
    await desk.record(taking_back, report(request_id, RequestStatus.UNKNOWN_REQUEST))
    assert await desk.state(request_id) is RequestState.CANCELLED
    assert (await desk.told(request_id))[-1] is EventType.REQUEST_CANCELLED


async def cancel(desk: DispatchDesk, request_id: UUID) -> None:
    order_id = (await desk.request(request_id)).order_id
    answered = await desk.office.court.post(f"/v1/asset-queries/{order_id}/cancellation")
    assert answered.status_code == 202, answered.text

"""Each fault a sandbox agency can play, as the hub's own transport sees it, and as the books tell it afterwards."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from time import monotonic
from typing import Any

import httpx
import pytest

from app.adapters.contract import Acknowledged, Answer, AssetQueryOrder
from app.errors import AgencyUnavailable, MalformedAnswer, OutcomeUnknown
from app.sandbox.faults import Fault, FaultKind, Malformation, Target
from app.sandbox.fleet import SECOND_BANK, STANDARD, Fleet, People
from app.sandbox.population.cast import Part
from app.vocabulary import AnswerState, RefusalReason, RequestStatus
from tests.integration.sandbox_hub import DIALECT, HubSide, debtor, hub_side, link, order

BANK = STANDARD[-1]
CODE = BANK.code


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("agencies")
    with Fleet(folder, link(), (BANK, SECOND_BANK), people=People(count=200)) as fleet:
        yield fleet


@pytest.fixture
async def bank(fleet: Fleet) -> AsyncIterator[HubSide]:
    async with hub_side(fleet, CODE, read_seconds=1) as side:
        yield side
    fleet.switch_faults(CODE)


def question() -> AssetQueryOrder:
    return order(CODE, debtor(Part.DEBTOR))


def once(kind: FaultKind, **settings: Any) -> Fault:
    return Fault(kind=kind, count=1, **settings)


def took_effect(fleet: Fleet, asked: AssetQueryOrder) -> bool:
    effects = [e for e in fleet.books(CODE).effects() if e.request_id == asked.request_id]
    assert len(effects) <= 1
    return len(effects) == 1


async def reconciled(fleet: Fleet, bank: HubSide, asked: AssetQueryOrder) -> None:
    """After a lost outcome the status query tells the truth, and sending again has one effect and one answer."""
    report = await bank.status(asked.request_id)
    known = took_effect(fleet, asked)
    assert report.status is (RequestStatus.ANSWERED if known else RequestStatus.UNKNOWN_REQUEST)
    answer = await bank.ask(asked, attempt=2)
    assert took_effect(fleet, asked)
    if known:
        assert report.answers == (answer,)


# Before the effect


async def test_a_connection_dropped_before_the_effect_leaves_no_trace_of_the_request(
    fleet: Fleet, bank: HubSide
) -> None:
    fleet.switch_faults(CODE, once(FaultKind.DROP_BEFORE_EFFECT))
    asked = question()
    with pytest.raises(OutcomeUnknown):
        await bank.ask(asked)
    assert not took_effect(fleet, asked)
    await reconciled(fleet, bank, asked)


@pytest.mark.parametrize(
    ("kind", "status"), [(FaultKind.SERVER_ERROR, 503), (FaultKind.TOO_MANY_REQUESTS, 429)]
)
async def test_a_busy_agency_has_not_acted_and_says_when_to_come_again(
    fleet: Fleet, bank: HubSide, kind: FaultKind, status: int
) -> None:
    fleet.switch_faults(CODE, once(kind, retry_after_seconds=7))
    asked = question()
    with pytest.raises(AgencyUnavailable, match=str(status)) as failed:
        await bank.ask(asked)
    assert failed.value.retry_after is not None
    assert failed.value.retry_after.total_seconds() == 7
    assert not took_effect(fleet, asked)
    await reconciled(fleet, bank, asked)


async def test_a_storm_of_errors_may_say_nothing_of_when_to_come_again(fleet: Fleet, bank: HubSide) -> None:
    fleet.switch_faults(CODE, Fault(kind=FaultKind.SERVER_ERROR))
    for _ in range(5):
        with pytest.raises(AgencyUnavailable) as failed:
            await bank.ask(question())
        assert failed.value.retry_after is None


# After the effect


@pytest.mark.parametrize(
    "fault",
    [
        once(FaultKind.RESET_AFTER_EFFECT),
        once(FaultKind.TIME_OUT),
        once(FaultKind.DROP_IN_ANSWER),
        once(FaultKind.GATEWAY_ERROR),
        once(FaultKind.GATEWAY_ERROR, status=504),
        once(FaultKind.SLOW_BODY, delay_ms=300),
        once(FaultKind.LATENCY, delay_ms=1500),
        once(FaultKind.WRONG_SIGNATURE),
        once(FaultKind.FOREIGN_KEY),
        once(FaultKind.MALFORMED_ANSWER, malformation=Malformation.NOT_HTTP),
    ],
    ids=lambda fault: f"{fault.kind}",
)
async def test_an_effect_whose_reply_is_lost_is_unknown_to_the_hub_and_happens_once(
    fleet: Fleet, bank: HubSide, fault: Fault
) -> None:
    fleet.switch_faults(CODE, fault)
    asked = question()
    with pytest.raises(OutcomeUnknown):
        await bank.ask(asked)
    assert took_effect(fleet, asked)
    await reconciled(fleet, bank, asked)


@pytest.mark.parametrize("malformation", [m for m in Malformation if m is not Malformation.NOT_HTTP])
async def test_a_malformed_answer_is_signed_and_cannot_be_understood(
    fleet: Fleet, bank: HubSide, malformation: Malformation
) -> None:
    fleet.switch_faults(CODE, once(FaultKind.MALFORMED_ANSWER, malformation=malformation))
    asked = question()
    if malformation is Malformation.FOREIGN_REQUEST:
        assert (await bank.ask(asked)).request_id != asked.request_id
    else:
        with pytest.raises(MalformedAnswer):
            await bank.ask(asked)
    assert took_effect(fleet, asked)
    await reconciled(fleet, bank, asked)


async def test_a_slow_agency_answers_all_the_same(fleet: Fleet, bank: HubSide) -> None:
    fleet.switch_faults(CODE, once(FaultKind.LATENCY, delay_ms=200, jitter_ms=50))
    began = monotonic()
    assert isinstance(await bank.ask(question()), Answer)
    assert 0.14 < monotonic() - began < 0.9


async def test_a_slow_body_arrives_whole_where_there_is_patience(fleet: Fleet) -> None:
    fleet.switch_faults(CODE, once(FaultKind.SLOW_BODY, delay_ms=0))
    async with hub_side(fleet, CODE, read_seconds=5) as patient:
        assert isinstance(await patient.ask(question()), Answer)


# What is said


async def test_a_refusal_is_an_answer_with_its_reason(fleet: Fleet, bank: HubSide) -> None:
    fleet.switch_faults(CODE, once(FaultKind.REFUSAL, reason=RefusalReason.OFFICER_NOT_FILED))
    answer = await bank.ask(question())
    assert answer.state is AnswerState.REFUSED
    assert answer.refusal.reason is RefusalReason.OFFICER_NOT_FILED


async def test_an_ambiguous_number_can_be_played(fleet: Fleet, bank: HubSide) -> None:
    fleet.switch_faults(CODE, once(FaultKind.AMBIGUITY))
    assert (await bank.ask(question())).state is AnswerState.AMBIGUOUS


async def test_a_silent_agency_acknowledges_and_stays_at_that(fleet: Fleet, bank: HubSide) -> None:
    fleet.switch_faults(CODE, once(FaultKind.SILENCE))
    asked = question()
    assert isinstance(await bank.ask(asked), Acknowledged)
    report = await bank.status(asked.request_id)
    assert report.status is RequestStatus.RECEIVED
    assert not report.answers
    assert isinstance(await bank.ask(asked, attempt=2), Acknowledged)
    assert (await bank.cancel(asked.request_id)).status is RequestStatus.CANCELLED


# The switchboard


async def test_a_fault_with_a_count_strikes_so_often_and_no_more(fleet: Fleet, bank: HubSide) -> None:
    fleet.switch_faults(CODE, Fault(kind=FaultKind.SERVER_ERROR, count=3))
    outcomes = []
    for _ in range(5):
        try:
            await bank.ask(question())
        except AgencyUnavailable:
            outcomes.append("fault")
        else:
            outcomes.append("answer")
    assert outcomes == ["fault"] * 3 + ["answer"] * 2


async def test_faults_strike_the_operation_they_are_meant_for(fleet: Fleet, bank: HubSide) -> None:
    fleet.switch_faults(CODE, once(FaultKind.DROP_IN_ANSWER, target=Target.STATUS_QUERY))
    asked = question()
    await bank.ask(asked)
    with pytest.raises(AgencyUnavailable):
        await bank.status(asked.request_id)
    assert (await bank.status(asked.request_id)).status is RequestStatus.ANSWERED


async def test_the_books_tell_which_fault_met_which_request(fleet: Fleet, bank: HubSide) -> None:
    fleet.switch_faults(CODE, once(FaultKind.RESET_AFTER_EFFECT))
    asked = question()
    with pytest.raises(OutcomeUnknown):
        await bank.ask(asked)
    shown = fleet.books(CODE).faults()[-1]
    assert (shown.kind, shown.request_id) == (FaultKind.RESET_AFTER_EFFECT, asked.request_id)


async def test_the_switchboard_shows_what_is_left_and_can_be_cleared(fleet: Fleet, bank: HubSide) -> None:
    url = f"{fleet.running(CODE).url}/sandbox/faults"
    fault = {"kind": "server_error", "count": 2}
    async with httpx.AsyncClient() as client:
        await client.post(url, content=json.dumps([fault]))
        with pytest.raises(AgencyUnavailable):
            await bank.ask(question())
        assert (await client.get(url)).json() == [{"kind": "server_error", "count": 1}]
        assert (await client.delete(url)).json() == []
        assert (await client.put(url)).status_code == 405
    assert isinstance(await bank.ask(question()), Answer)


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "earthquake"}, {"kind": "silence", "target": "status_query"}, {"kind": "latency", "x": 1}],
)
async def test_a_fault_that_cannot_be_is_refused(fleet: Fleet, wrong: dict[str, object]) -> None:
    async with httpx.AsyncClient() as client:
        response = await client.post(f"{fleet.running(CODE).url}/sandbox/faults", content=json.dumps([wrong]))
    assert response.status_code == 422


async def test_a_reset_is_one_on_the_wire(fleet: Fleet) -> None:
    """RST, so that the peer's kernel reports an error, where a close would look like an end."""
    fleet.switch_faults(CODE, once(FaultKind.DROP_BEFORE_EFFECT))
    message = DIALECT.encode(question())
    port = int(fleet.running(CODE).url.rpartition(":")[2])
    head = f"POST /requests HTTP/1.1\r\nhost: x\r\ncontent-length: {len(message.body)}\r\n\r\n".encode()

    def provoke() -> bytes:
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.settimeout(5)
            client.sendall(head + message.body)
            return client.recv(100)

    with pytest.raises(ConnectionResetError):
        await asyncio.to_thread(provoke)

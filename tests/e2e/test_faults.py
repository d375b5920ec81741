"""What an agency and a network can do to a request, through the whole system; judged by the agency's own books."""

from collections import Counter
from uuid import UUID

from app.adapters.contract import Operation
from app.sandbox.faults import Fault, FaultKind, Malformation, Target
from app.vocabulary import RefusalReason
from tests.e2e.running_hub import Court, RunningHub, now, until

BANK = "BANK-ZC"
"""Answers at once."""

LAND = "LAND-ZC"
"""Acknowledges, and answers later."""

POLICE = "POLICE-ZC"
"""Acknowledges, and answers in two parts."""

ACTED = (
    Fault(kind=FaultKind.TIME_OUT, count=1),
    Fault(kind=FaultKind.RESET_AFTER_EFFECT, count=1),
    Fault(kind=FaultKind.DROP_IN_ANSWER, count=1),
    Fault(kind=FaultKind.SLOW_BODY, count=1, delay_ms=300),
    Fault(kind=FaultKind.GATEWAY_ERROR, count=1),
    Fault(kind=FaultKind.GATEWAY_ERROR, count=1, status=504),
    Fault(kind=FaultKind.WRONG_SIGNATURE, count=1),
    Fault(kind=FaultKind.FOREIGN_KEY, count=1),
    Fault(kind=FaultKind.MALFORMED_ANSWER, count=1, malformation=Malformation.NOT_HTTP),
)
"""After each the agency has acted, and the hub cannot know it."""

NOT_ACTED = (
    Fault(kind=FaultKind.DROP_BEFORE_EFFECT, count=1),
    Fault(kind=FaultKind.SERVER_ERROR, count=1, status=500),
    Fault(kind=FaultKind.SERVER_ERROR, count=1, status=502),
)
"""After each the agency has not acted, and the hub cannot know that either."""

TOLD = (
    Fault(kind=FaultKind.SERVER_ERROR, count=1),
    Fault(kind=FaultKind.TOO_MANY_REQUESTS, count=1),
)
"""503 and 429 say that nothing was done."""


def ask_in_turn(court: Court, hub: RunningHub, code: str, count: int) -> list[str]:
    """Queries for the first `count` faults of an agency that strikes each once."""
    case = court.case(*hub.debtors(1))
    return [court.ask(case, code) for _ in range(count)]


def operations(hub: RunningHub, court: Court, code: str, query_id: str) -> list[Operation]:
    """What arrived at the agency about the one request of a query, in order."""
    request_id = UUID(court.part(query_id)["request_id"])
    arrivals = [*hub.books(code).requests(), *hub.books(code).requests(Operation.STATUS_QUERY)]
    arrivals.sort(key=lambda arrival: arrival.number)
    return [arrival.operation for arrival in arrivals if arrival.request_id == request_id]


def effects(hub: RunningHub, court: Court, code: str, query_id: str) -> int:
    request_id = UUID(court.part(query_id)["request_id"])
    return Counter(effect.request_id for effect in hub.books(code).effects())[request_id]


def test_an_effect_whose_answer_got_lost_is_asked_about_and_not_repeated(
    hub: RunningHub, court: Court
) -> None:
    with hub.faulty(BANK, *ACTED):
        queries = ask_in_turn(court, hub, BANK, len(ACTED))
        for query_id in queries:
            court.wait(query_id)

    for query_id in queries:
        assert court.part(query_id)["state"] == "answered"
        assert court.told(query_id) == ["agency_request.outcome_lost", "agency_request.answered"]
        assert operations(hub, court, BANK, query_id) == [Operation.REQUEST, Operation.STATUS_QUERY]
        assert effects(hub, court, BANK, query_id) == 1


def test_what_the_agency_does_not_know_when_it_is_asked_is_sent_again(hub: RunningHub, court: Court) -> None:
    with hub.faulty(BANK, *NOT_ACTED):
        queries = ask_in_turn(court, hub, BANK, len(NOT_ACTED))
        for query_id in queries:
            court.wait(query_id)

    for query_id in queries:
        assert court.told(query_id) == [
            "agency_request.outcome_lost",
            "agency_request.requeued",
            "agency_request.answered",
        ]
        assert operations(hub, court, BANK, query_id) == [Operation.STATUS_QUERY, Operation.REQUEST]
        assert effects(hub, court, BANK, query_id) == 1
    assert hub.books(BANK).unmarked_repeats() == []


def test_what_an_agency_declines_to_take_now_is_sent_again_without_a_question(
    hub: RunningHub, court: Court
) -> None:
    began = now()
    with hub.faulty(BANK, *TOLD):
        queries = ask_in_turn(court, hub, BANK, len(TOLD))
        for query_id in queries:
            court.wait(query_id)

    for query_id in queries:
        assert court.told(query_id) == ["agency_request.answered"]
        assert operations(hub, court, BANK, query_id) == [Operation.REQUEST]
    failed = hub.actions(began, "agency_request.attempt_failed", agency_code=BANK)
    assert {entry["outcome"] for entry in failed} == {"status 503", "status 429"}


def test_retry_after_is_honoured(hub: RunningHub, court: Court) -> None:
    began = now()
    busy = Fault(kind=FaultKind.SERVER_ERROR, count=1, retry_after_seconds=2)
    with hub.faulty(BANK, busy):
        [query_id] = ask_in_turn(court, hub, BANK, 1)
        court.wait(query_id)

    [shown] = [fault for fault in hub.books(BANK).faults() if fault.shown_at > began]
    [arrival] = [arrival for arrival in hub.books(BANK).requests() if arrival.received_at > began]
    assert (arrival.received_at - shown.shown_at).total_seconds() >= 2


def test_a_slow_answer_is_an_answer(hub: RunningHub, court: Court) -> None:
    with hub.faulty(BANK, Fault(kind=FaultKind.LATENCY, delay_ms=400)):
        [query_id] = ask_in_turn(court, hub, BANK, 1)
        court.wait(query_id)
    assert court.told(query_id) == ["agency_request.answered"]


def test_a_lawful_refusal_is_an_answer_with_its_reason(hub: RunningHub, court: Court) -> None:
    with hub.faulty(BANK, Fault(kind=FaultKind.REFUSAL, reason=RefusalReason.OFFICER_NOT_FILED)):
        [query_id] = ask_in_turn(court, hub, BANK, 1)
        [part] = court.wait(query_id)
    assert (part["state"], part["answer_state"]) == ("refused", "refused")
    [event] = court.events(query_id)
    assert event["type"] == "agency_request.refused"
    assert event["data"]["refusal_reason"] == "officer_not_filed"


def test_a_number_that_leads_to_several_people_is_told_apart_from_nothing_found(
    hub: RunningHub, court: Court
) -> None:
    with hub.faulty(BANK, Fault(kind=FaultKind.AMBIGUITY)):
        [query_id] = ask_in_turn(court, hub, BANK, 1)
        [part] = court.wait(query_id)
    assert (part["state"], part["answer_state"]) == ("answered", "ambiguous")


UNREADABLE = tuple(
    Fault(kind=FaultKind.MALFORMED_ANSWER, count=1, malformation=malformation)
    for malformation in Malformation
    if malformation is not Malformation.NOT_HTTP
)


def test_an_answer_that_cannot_be_understood_is_parked_and_a_replay_by_filter_fetches_it(
    hub: RunningHub, court: Court
) -> None:
    began = now()
    with hub.faulty(BANK, *UNREADABLE):
        queries = ask_in_turn(court, hub, BANK, len(UNREADABLE))
        parked = [court.wait(query_id, "undeliverable")[0] for query_id in queries]

    for query_id in queries:
        assert court.told(query_id)[-1] == "agency_request.parked"
        assert effects(hub, court, BANK, query_id) == 1
    assert len(hub.parked(BANK, began)) == len(UNREADABLE) - 1, "of an empty answer there is nothing to keep"
    letters = hub.operator.get("/v1/dead-letters", params={"lane": f"agency:{BANK}"}).json()["items"]
    assert {part["request_id"] for part in parked} <= {letter["reference"] for letter in letters}

    replayed = hub.operator.post("/v1/dead-letters/replay", json={"lane": f"agency:{BANK}"}).json()

    assert set(replayed["references"]) >= {part["request_id"] for part in parked}
    for query_id in queries:
        [part] = court.wait(query_id)
        assert part["state"] == "answered"
        assert operations(hub, court, BANK, query_id) == [Operation.REQUEST, Operation.STATUS_QUERY]


def test_later_answers_and_parts_may_come_twice_and_in_any_order(hub: RunningHub, court: Court) -> None:
    callbacks = {
        LAND: Fault(kind=FaultKind.DUPLICATE_CALLBACK, target=Target.CALLBACK),
        POLICE: Fault(kind=FaultKind.REORDERED_CALLBACKS, target=Target.CALLBACK, delay_ms=500),
    }
    case = court.case(*hub.debtors(6))
    with hub.faulty(LAND, callbacks[LAND]), hub.faulty(POLICE, callbacks[POLICE]):
        query_id = court.ask(case, LAND, POLICE)
        parts = court.wait(query_id)
        until(lambda: all(answer.delivered_at for code in callbacks for answer in hub.books(code).answers()))

    assert {part["state"] for part in parts} == {"answered"}
    assert "answer.set_aside" not in court.told(query_id)
    answered = Counter(
        event["request_id"] for event in court.events(query_id) if event["type"] == "agency_request.answered"
    )
    assert answered == Counter(part["request_id"] for part in parts)
    assert hub.books(LAND).contradicting_receipts() == set()
    things = Counter(
        (asset["agency_code"], str(asset["facts"]), asset["debtor_id"]) for asset in court.assets(case)
    )
    assert set(things.values()) <= {1}


def test_a_callback_with_a_wrong_signature_or_a_foreign_key_changes_nothing_and_is_sent_again(
    hub: RunningHub, court: Court
) -> None:
    badly = (
        Fault(kind=FaultKind.WRONG_SIGNATURE, target=Target.CALLBACK, count=1),
        Fault(kind=FaultKind.FOREIGN_KEY, target=Target.CALLBACK, count=1),
    )
    with hub.faulty(LAND, *badly):
        queries = ask_in_turn(court, hub, LAND, 2)
        for query_id in queries:
            court.wait(query_id)
    for query_id in queries:
        assert court.told(query_id) == ["agency_request.acknowledged", "agency_request.answered"]

"""A destination that is down, slow or wrong: what was never sent is told apart, and nobody else suffers (P13)."""

import socket
import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from app.sandbox.faults import Fault, FaultKind
from app.vocabulary import AgencyKind
from tests.e2e.running_hub import Case, Court, RunningHub, now, until

BANK = "BANK-ZC"
ONCE = {"backoff_seconds": [0.1], "max_attempts": 2}
SHORT = {"concurrency": 20, "connect_seconds": 0.5, "read_seconds": 0.5, "total_seconds": 1}


@contextmanager
def deaf() -> Iterator[int]:
    """A server that takes connections and requests, and never says a word; its port."""
    taken: list[socket.socket] = []

    def take() -> None:
        with suppress(OSError):  # closed at the end
            while True:
                taken.append(listener.accept()[0])

    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        thread = threading.Thread(target=take)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in taken:
                connection.close()


@pytest.fixture(scope="module")
def deaf_port() -> Iterator[int]:
    with deaf() as port:
        yield port


@pytest.mark.parametrize(
    ("code", "endpoint"),
    [
        ("REFUSED-1", "http://127.0.0.1:1"),
        ("NAMELESS-1", "http://nobody.invalid"),
        ("NO-TLS-1", "https://127.0.0.1:{bank}"),
    ],
)
def test_what_was_never_sent_is_queued_again_and_never_unknown(
    hub: RunningHub, court: Court, code: str, endpoint: str
) -> None:
    began = now()
    bank = hub.fleet.running(BANK).url.rpartition(":")[2]
    case = court.case(*hub.debtors(1))
    with hub.visited_by(code, AgencyKind.BANK, endpoint.format(bank=bank), retries=ONCE, limits=SHORT):
        query_id = court.ask(case, code)
        [part] = court.wait(query_id, "undeliverable")

    assert court.told(query_id) == ["agency_request.parked"]
    failed = hub.actions(began, "agency_request.attempt_failed", agency_code=code)
    assert [entry["outcome"] for entry in failed] == [part["last_error"]] * 2, "two attempts were allowed"
    assert not hub.actions(began, "agency_request.outcome_lost", agency_code=code)


def test_what_may_have_arrived_is_unknown_until_the_agency_is_asked(
    hub: RunningHub, court: Court, deaf_port: int
) -> None:
    began = now()
    case = court.case(*hub.debtors(1))
    with hub.visited_by("DEAF-1", AgencyKind.BANK, f"http://127.0.0.1:{deaf_port}", limits=SHORT):
        query_id = court.ask(case, "DEAF-1")
        court.wait(query_id, "unknown")
        until(lambda: hub.actions(began, "request_status.asked", agency_code="DEAF-1"))

    assert court.part(query_id)["state"] == "unknown"
    assert court.told(query_id) == ["agency_request.outcome_lost"]
    assert len(hub.actions(began, "agency_request.sent", agency_code="DEAF-1")) == 1


def test_a_new_agency_can_be_asked_at_once(hub: RunningHub, court: Court, deaf_port: int) -> None:
    case = court.case(*hub.debtors(1))
    court.wait(court.ask(case, BANK))  # the worker has just looked who there is
    with hub.visited_by("FRESH-1", AgencyKind.BANK, f"http://127.0.0.1:{deaf_port}", limits=SHORT):
        query_id = court.ask(case, "FRESH-1")
        [part] = court.wait(query_id, "sent", "unknown", "undeliverable")

    assert part["state"] in {"sent", "unknown"}, part["last_error"]


def test_a_breaker_opens_lets_single_probes_through_and_closes(hub: RunningHub, court: Court) -> None:
    hub.change(BANK, breaker={"failures": 3, "open_seconds": 1}, limits={"concurrency": 2})
    began = now()
    case = court.case(*hub.debtors(1))
    with hub.faulty(BANK, Fault(kind=FaultKind.SERVER_ERROR)):
        queries = [court.ask(case, BANK) for _ in range(20)]
        until(lambda: hub.lane(BANK)["breaker"] == "open")
        until(lambda: len(shown_after(hub, began)) >= 6)
        times = shown_after(hub, began)

    for query_id in queries:
        court.wait(query_id)
    until(lambda: hub.lane(BANK)["breaker"] == "closed")
    hub.change(BANK)
    pauses = [later - earlier for earlier, later in pairwise(times[4:])]
    assert min(pauses) >= timedelta(seconds=1), "two places make four attempts, then one probe a second"


def shown_after(hub: RunningHub, began: datetime) -> list[datetime]:
    return [fault.shown_at for fault in hub.books(BANK).faults() if fault.shown_at > began]


def test_an_agency_that_never_answers_does_not_slow_the_others(hub: RunningHub, court: Court) -> None:
    one, many = court.case(*hub.debtors(1)), court.case(*hub.debtors(200))
    alone = statistics.median(seconds_to_answer(court, one) for _ in range(15))
    patient = {"concurrency": 20, "read_seconds": 60, "total_seconds": 60}
    with (
        deaf() as port,
        hub.visited_by("MUTE-1", AgencyKind.BANK, f"http://127.0.0.1:{port}", limits=patient),
    ):
        court.ask(many, "MUTE-1")
        until(lambda: hub.lane("MUTE-1")["leased"] == 20)

        beside = statistics.median(seconds_to_answer(court, one) for _ in range(15))

        assert hub.lane("MUTE-1")["ready"] == 180
        assert beside <= 2 * alone + 0.25
        hub.operator.post("/v1/lanes/agency:MUTE-1/stop")


def seconds_to_answer(court: Court, case: Case) -> float:
    query_id = court.ask(case, BANK)
    [part] = court.wait(query_id)
    [created_at] = [
        query["created_at"]
        for query in court.http.get("/v1/asset-queries", params={"limit": 1}).json()["items"]
        if query["id"] == query_id
    ]
    return (datetime.fromisoformat(part["answered_at"]) - datetime.fromisoformat(created_at)).total_seconds()

"""Everything is killed while hundreds of requests are under way; then the books are opened (P1, P3, P4, P14).

One storm for all tests here: `kill -9` of a worker, of the API's processes and of the database, and a worker that
stands still past its leases and comes back as a zombie. The judges are the court's list of what was accepted and the
agencies' own books, never the hub.
"""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import pytest

from app.database import libpq_url
from app.dispatch.worker import LEASE
from app.launcher import Service
from app.sandbox.faults import Fault, FaultKind
from app.sandbox.fleet import STANDARD
from app.vocabulary import AgencyKind
from tests.e2e.running_hub import Case, Court, RunningHub, running_hub, until

AGENCIES = tuple(
    agency for agency in STANDARD if agency.kind in {AgencyKind.BANK, AgencyKind.LAND, AgencyKind.POLICE}
)
"""One that answers at once, one that answers later, one that answers in parts."""

QUERIES = 110
REQUESTS = QUERIES * len(AGENCIES)
THE_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
"""Of this hub, and long before."""


@dataclass
class Storm:
    hub: RunningHub
    court: Court
    case: Case
    accepted: list[str] = field(default_factory=list)
    """The court's own journal: ids of queries for which it holds a 202."""

    survivor: int = 0
    """A worker that ran when the database was killed."""

    def submit(self, debtor_id: str) -> None:
        demand = self.court.demand(self.case) | {"debtors": [{"debtor_id": debtor_id}]}
        self.accepted.append(self.court.patient.post("/v1/asset-queries", demand)["id"])

    def effects(self) -> int:
        return sum(len(self.hub.books(agency.code).effects()) for agency in AGENCIES)

    def worker(self, number: int) -> Service:
        return self.hub.launcher.services[number]

    def kill_worker(self) -> None:
        _kill(_pid(self.worker(1)))

    def kill_one_api_process(self) -> None:
        _kill(_children(_pid(self.hub.launcher.services[0]))[-1])

    def kill_the_api(self) -> None:
        _kill(_pid(self.hub.launcher.services[0]))

    def kill_the_database(self) -> None:
        with psycopg.connect(libpq_url(self.hub.launcher.database_url)) as connection:
            backend = connection.info.backend_pid
            _kill(_parent(backend))

    def freeze_a_worker(self) -> int:
        """Stop a worker with messages on the wire and no transaction open, whose locks would stop everybody else."""
        pid = _pid(self.worker(2))
        with psycopg.connect(libpq_url(self.hub.launcher.database_url), autocommit=True) as connection:
            while True:
                os.kill(pid, signal.SIGSTOP)
                time.sleep(0.2)
                # Of whatever process: what is older than that may be the stopped one's.
                old = connection.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'liandong'"
                    " AND xact_start < clock_timestamp() - interval '150 ms'"
                ).fetchone()
                if old == (0,):
                    return pid
                os.kill(pid, signal.SIGCONT)
                time.sleep(0.05)


@pytest.fixture(scope="module")
def storm() -> Iterator[Storm]:
    # The threads end after the hub: should the storm fail, they find nobody there, and give up.
    with ThreadPoolExecutor(4) as pool, running_hub(AGENCIES, api_processes=2, workers=2) as hub:
        for agency in hub.fleet.all_running():
            hub.enrol(agency, limits={"concurrency": 20, "read_seconds": 5, "total_seconds": 8})
        court = hub.court()
        storm = Storm(hub, court, court.case(*hub.debtors(QUERIES)))
        hub.fleet.switch_faults("BANK-ZC", Fault(kind=FaultKind.LATENCY, delay_ms=400, jitter_ms=300))
        try:
            submitted = [pool.submit(storm.submit, debtor_id) for debtor_id in storm.case.debtor_ids]
            _rage(storm)
            for future in submitted:
                future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        until(lambda: storm.effects() >= REQUESTS)
        for query_id in storm.accepted:
            court.wait(query_id)
        yield storm


def _rage(storm: Storm) -> None:
    until(lambda: storm.effects() >= 10)
    storm.kill_worker()
    until(lambda: len(storm.accepted) >= 30)
    storm.kill_one_api_process()
    until(lambda: storm.effects() >= 40)
    zombie = storm.freeze_a_worker()
    frozen_at = time.monotonic()
    try:
        until(lambda: len(storm.accepted) >= 60)
        storm.kill_the_api()
        until(lambda: len(storm.accepted) >= 80)
        storm.survivor = _pid(storm.worker(1))
        storm.kill_the_database()
        until(lambda: time.monotonic() > frozen_at + LEASE.total_seconds() + 1)
    finally:
        os.kill(zombie, signal.SIGCONT)


def test_nothing_that_was_accepted_is_lost_and_nothing_else_is_there(storm: Storm) -> None:
    known = [query["id"] for query in storm.court.patient.pages("/v1/asset-queries")]
    assert sorted(known) == sorted(storm.accepted)
    assert len(storm.accepted) == QUERIES


def test_every_request_is_answered(storm: Storm) -> None:
    states = Counter(part["state"] for query in storm.accepted for part in storm.court.parts(query))
    assert states == {"answered": REQUESTS}


@pytest.mark.parametrize("code", [agency.code for agency in AGENCIES])
def test_every_request_had_one_effect_at_its_agency(storm: Storm, code: str) -> None:
    books = storm.hub.books(code)
    asked = {
        UUID(part["request_id"])
        for query in storm.accepted
        for part in storm.court.parts(query)
        if part["agency_code"] == code
    }
    assert Counter(effect.request_id for effect in books.effects()) == Counter(asked)
    assert books.doubled_orders() == {}


@pytest.mark.parametrize("code", [agency.code for agency in AGENCIES])
def test_what_was_sent_again_had_the_same_bytes_and_said_so(storm: Storm, code: str) -> None:
    """A zombie's first attempt may arrive after the second one, so the order of arrivals is not judged."""
    books = storm.hub.books(code)
    assert books.altered_repeats() == set()
    unmarked = Counter(arrival.request_id for arrival in books.requests() if not arrival.possible_duplicate)
    assert {request_id for request_id, count in unmarked.items() if count > 1} == set()
    assert books.contradicting_receipts() == set()


@pytest.mark.parametrize("code", [agency.code for agency in AGENCIES])
def test_the_log_holds_one_entry_for_every_effect_and_none_else(storm: Storm, code: str) -> None:
    books = storm.hub.books(code)
    entries = storm.hub.actions(THE_BEGINNING, "answer.applied", agency_code=code)
    assert Counter(entry["message_id"] for entry in entries) == Counter(
        str(answer.message_id) for answer in books.answers()
    )
    assert {entry["request_id"] for entry in entries} == {
        str(effect.request_id) for effect in books.effects()
    }


def test_the_log_holds_one_entry_for_every_query_that_was_accepted(storm: Storm) -> None:
    entries = storm.hub.actions(THE_BEGINNING, "asset_query.ordered", officer=storm.court.officer)
    ordered = Counter(entry["order_id"] for entry in entries)
    assert ordered == dict.fromkeys(storm.accepted, 1)


def test_the_court_is_told_of_every_answer_once_and_of_none_set_aside(storm: Storm) -> None:
    events = storm.court.events()
    assert [event["number"] for event in events] == list(range(1, len(events) + 1))
    answered = Counter(event["request_id"] for event in events if event["type"] == "agency_request.answered")
    assert len(answered) == REQUESTS
    assert set(answered.values()) == {1}
    assert not [event for event in events if event["type"] == "answer.set_aside"]


def test_a_worker_outlives_its_database(storm: Storm) -> None:
    assert _pid(storm.worker(1)) == storm.survivor


def test_of_64_posts_of_one_key_to_two_processes_one_takes_effect(storm: Storm) -> None:
    court = storm.hub.court()
    demand = court.demand(court.case(*storm.hub.debtors(1)), "BANK-ZC")

    def post(_: int) -> httpx.Response:
        return court.http.post("/v1/asset-queries", json=demand, headers={"Idempotency-Key": "one"})

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(post, range(64)))

    accepted = [answer for answer in answers if answer.status_code == 202]
    assert {answer.content for answer in accepted} == {accepted[0].content}
    others = {answer.json()["code"] for answer in answers if answer.status_code != 202}
    assert others <= {"idempotency_in_progress"}
    assert len(court.http.get("/v1/asset-queries").json()["items"]) == 1


def test_the_audit_log_still_verifies(storm: Storm, tmp_path: Path) -> None:
    bundle, key = tmp_path / "audit.bundle", tmp_path / "audit.key"
    key.write_text(_program(storm.hub, "-m", "app.cli", "audit", "key"))
    _program(storm.hub, "-m", "app.cli", "audit", "export", str(bundle), "--purpose", "crash test")
    assert "GOOD" in _program(storm.hub, "-m", "app.audit.verify", str(bundle), "--key", str(key))


def test_no_child_of_a_killed_process_goes_on(storm: Storm) -> None:
    """It would serve beside the new API, hold its port, and outlive the hub."""
    services = {_pid(service) for service in storm.hub.launcher.services}
    assert {pid for pid in _processes_of(storm.hub) if not services & {pid, _parent(pid)}} == set()


def _program(hub: RunningHub, *arguments: str) -> str:
    environment = {**os.environ, "LIANDONG_DATA_DIR": str(hub.data_dir)}
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def _pid(service: Service) -> int:
    assert service.process is not None
    return service.process.pid


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def _processes_of(hub: RunningHub) -> set[int]:
    mark = f"LIANDONG_PUBLIC_URL={hub.url}".encode()
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.add(int(process.name))
    return found


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

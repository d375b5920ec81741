"""Looking out through everything there is: court, hub, worker and police as processes on real HTTP."""

import time
from datetime import UTC, datetime, timedelta
from itertools import count
from statistics import median
from typing import Any
from uuid import UUID

import pytest

from app.sandbox.population import Debtor
from tests.e2e.running_hub import Case, Court, Json, RunningHub, until
from tests.e2e.test_webhook_deliveries import sink, subscribe

POLICE = "POLICE-ZC"
CAPABILITIES = ["asset_query", "locate", "recall", "hit_decision"]


@pytest.fixture(scope="module", autouse=True)
def police(hub: RunningHub) -> None:
    answer = hub.administrator.patch(f"/v1/agencies/{POLICE}", json={"capabilities": CAPABILITIES})
    assert answer.status_code == 200, answer.text


class Desk:
    """An officer of the court and the one who signs beside her."""

    def __init__(self, hub: RunningHub, court: Court, debtor: Debtor) -> None:
        self.court = court
        self.approver = f"{court.code}-0026"
        hub._made(
            "/v1/officers",
            {
                "court_id": court.id,
                "name": "郑审批",
                "work_permit_number": self.approver,
                "enforcement_permit_number": "豫执1424026",
                "role": "approver",
            },
        )
        self.case: Case = court.case(debtor)
        kinds = ("enforcement_notice", "detention_decision")
        self.papers = [
            court.patient.file_paper(self.case.id, self.case.number, kind=kind)["id"] for kind in kinds
        ]

    def looks_for_him(self) -> str:
        located = self._post(
            "/v1/locate-requests",
            202,
            {
                "case_id": self.case.id,
                "debtor_id": self.case.debtor_ids[0],
                "officer": self.court.officer,
                "purpose": "查找被执行人",
                "documents": self.papers,
                "ground": "detention_decision",
                "action": "hold_and_notify",
                "urgency": "urgent",
                "duty_phone": "0370-7210110",
                "valid_until": (datetime.now(UTC) + timedelta(days=60)).isoformat(),
                "agencies": {"codes": [POLICE]},
            },
        )
        path = f"/v1/locate-requests/{located['id']}"
        self._post(f"{path}/decision", 200, {"officer": self.approver, "approve": True, "note": "同意"})
        until(lambda: self.entry(located["id"])["state"] == "active")
        located_id: str = located["id"]
        return located_id

    def entry(self, locate_id: str) -> Json:
        [entry] = self.read(f"/v1/locate-requests/{locate_id}")["entries"]
        found: Json = entry
        return found

    def hits(self, locate_id: str) -> list[Json]:
        items: list[Json] = self.read(f"/v1/hits?locate_request_id={locate_id}")["items"]
        return items

    def custodies(self, locate_id: str) -> list[Json]:
        items: list[Json] = self.read(f"/v1/custodies?locate_request_id={locate_id}")["items"]
        return items

    def says(self, hit_id: str, decision: str) -> None:
        self._post(f"/v1/hits/{hit_id}/decision", 200, {"officer": self.court.officer, "decision": decision})

    def close_case(self) -> None:
        self._post(f"/v1/cases/{self.case.id}/closure", 201, {"reason": "履行完毕"})

    def read(self, path: str) -> Any:
        answer = self.court.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _post(self, path: str, status: int, body: Json) -> Any:
        answer = self.court.http.post(path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()


FUGITIVES = count(400)


@pytest.fixture
def debtor(hub: RunningHub) -> Debtor:
    """Somebody for whom no other test looks; a company cannot be met."""
    person = hub.fleet.population.person(next(FUGITIVES))
    return Debtor(person.name, person.certificate_type, person.number)


@pytest.fixture
def desk(hub: RunningHub, court: Court, debtor: Debtor) -> Desk:
    return Desk(hub, court, debtor)


def test_seen_confirmed_held_handed_over_and_recalled(hub: RunningHub, desk: Desk, debtor: Debtor) -> None:
    locate_id = desk.looks_for_him()
    [reported] = hub.fleet.sighting(POLICE, debtor.number, "阿克苏市某某宾馆")
    [hit] = until(lambda: desk.hits(locate_id))
    assert hit["state"] == "open"
    assert reported.hit_id not in {each.hit_id for each in hub.books(POLICE).holds()}
    desk.says(hit["id"], "confirmed")
    [held] = until(lambda: desk.custodies(locate_id))
    assert held["state"] == "held"
    assert reported.hit_id
    hub.fleet.hand_over(POLICE, reported.hit_id, "身份证")
    until(lambda: desk.custodies(locate_id)[0]["state"] == "handed_over")
    until(lambda: desk.read(f"/v1/locate-requests/{locate_id}")["state"] == "ended")
    assert desk.entry(locate_id)["state"] == "ended"
    entered = UUID(desk.entry(locate_id)["request_id"])
    assert entered not in {each.request_id for each in hub.books(POLICE).live_look_outs()}
    assert hub.books(POLICE).unlawful_holds() == []


def test_a_sighting_reaches_the_court_within_two_seconds(hub: RunningHub, desk: Desk, debtor: Debtor) -> None:
    """As a signed webhook; the bench tells how much sooner it is."""
    desk.looks_for_him()
    waited = []
    with sink() as there:
        subscribe(desk.court, there, "hit.reported")
        for seen in range(1, 6):
            began = time.monotonic()
            [reported] = hub.fleet.sighting(POLICE, debtor.number, f"某某路口{seen}")
            until(lambda: len(there.received) == seen)  # noqa: B023 - asked before the loop goes on
            waited.append(time.monotonic() - began)
        assert {event["request_id"] for event in there.received.values()} == {str(reported.request_id)}
        assert there.disbelieved == 0
    assert median(waited) < 2


def test_nobody_is_held_on_not_him(hub: RunningHub, desk: Desk, debtor: Debtor) -> None:
    locate_id = desk.looks_for_him()
    [reported] = hub.fleet.sighting(POLICE, debtor.number, "某某路口")
    [hit] = until(lambda: desk.hits(locate_id))
    desk.says(hit["id"], "not_him")
    books = hub.books(POLICE)
    until(lambda: reported.hit_id in {each.hit_id for each in books.hit_decisions()})
    assert desk.custodies(locate_id) == []


def test_paid_and_closed_is_recalled_everywhere_and_a_silent_holder_stays_loud(
    hub: RunningHub, desk: Desk, debtor: Debtor
) -> None:
    locate_id = desk.looks_for_him()
    entered = UUID(desk.entry(locate_id)["request_id"])
    hub.fleet.switch_recalls(POLICE, on=False)
    try:
        desk.close_case()
        until(lambda: hub.books(POLICE).recalls() and hub.books(POLICE).recalls()[-1].look_out_id == entered)
        assert desk.read(f"/v1/locate-requests/{locate_id}")["state"] == "recalling"
        [listed] = desk.read("/v1/locate-requests?state=recalling")["items"]
        assert listed["unconfirmed_recalls"] == [POLICE]
    finally:
        hub.fleet.switch_recalls(POLICE, on=True)
    until(lambda: desk.read(f"/v1/locate-requests/{locate_id}")["state"] == "ended")
    assert entered not in {each.request_id for each in hub.books(POLICE).live_look_outs()}


def test_a_hit_on_a_dead_entry_holds_nobody(hub: RunningHub, desk: Desk, debtor: Debtor) -> None:
    locate_id = desk.looks_for_him()
    desk.close_case()
    until(lambda: desk.entry(locate_id)["state"] == "ended")
    hub.fleet.sighting(POLICE, debtor.number, "某某路口", even_if_ended=True)
    [hit] = until(lambda: desk.hits(locate_id))
    assert (hit["state"], hit["parked_because"]) == ("parked", "request_ended")
    assert desk.custodies(locate_id) == []


def test_police_that_did_not_wait_are_not_believed(hub: RunningHub, desk: Desk, debtor: Debtor) -> None:
    locate_id = desk.looks_for_him()
    [reported] = hub.fleet.sighting(POLICE, debtor.number, "某某路口")
    until(lambda: desk.hits(locate_id))
    assert reported.hit_id
    hub.fleet.hold_unasked(POLICE, reported.hit_id)
    until(lambda: any(event["type"] == "custody.refused" for event in desk.court.events()))
    assert desk.custodies(locate_id) == []

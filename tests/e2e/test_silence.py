"""An agency that acknowledges and then says nothing: every clock strikes as an event, and no answer is thrown away (P8, P10)."""

from collections.abc import Iterator

import pytest

from app.sandbox.faults import Fault, FaultKind
from app.vocabulary import AnswerState
from tests.e2e.agency_by_hand import agency_by_hand, nothing_found
from tests.e2e.running_hub import Court, RunningHub, now

LAND = "LAND-ZC"
_SECOND = 1 / 3600
SOON = {"remind_hours": 0.5 * _SECOND, "answer_hours": 1.5 * _SECOND, "give_up_hours": 2.5 * _SECOND}


@pytest.fixture
def silent_land(hub: RunningHub) -> Iterator[None]:
    hub.change(LAND, deadlines=SOON)
    with hub.faulty(LAND, Fault(kind=FaultKind.SILENCE)):
        yield
    hub.change(LAND)


def test_silence_is_reminded_falls_overdue_and_is_given_up_and_a_late_answer_is_set_aside(
    hub: RunningHub, court: Court, silent_land: None
) -> None:
    began = now()
    case = court.case(*hub.debtors(1))
    query_id = court.ask(case, LAND)

    [part] = court.wait(query_id, "given_up")

    assert part["overdue"]
    assert court.told(query_id) == [
        "agency_request.acknowledged",
        "agency_request.reminded",
        "agency_request.fell_overdue",
        "agency_request.given_up",
    ]
    query = court.http.get(f"/v1/asset-queries/{query_id}").json()
    assert query["complete"]
    assert query["missing_agencies"] == [LAND], "silence is no answer"
    asked = hub.actions(began, "request_status.asked", agency_code=LAND)
    assert asked, "a reminder asks the agency how far it is"

    land = agency_by_hand(hub, LAND)
    late = land.answer(nothing_found(part["request_id"]))

    assert (late.status_code, late.json()["disposition"]) == (200, "late")
    assert court.part(query_id)["state"] == "given_up"
    [set_aside] = court.events(query_id)[4:]
    assert set_aside["type"] == "answer.set_aside"
    assert set_aside["data"]["disposition"] == "late"
    [entry] = hub.actions(began, "answer.set_aside", agency_code=LAND)
    assert entry["outcome"] == "late:nothing_found"


def test_a_second_answer_that_says_something_else_is_kept_beside_the_first(
    hub: RunningHub, court: Court
) -> None:
    case = court.case(*hub.debtors(1))
    with hub.faulty(LAND, Fault(kind=FaultKind.SILENCE)):
        query_id = court.ask(case, LAND)
        [part] = court.wait(query_id, "acknowledged")
    land = agency_by_hand(hub, LAND)
    assert land.answer(nothing_found(part["request_id"])).json()["disposition"] == "applied"

    second = land.answer(nothing_found(part["request_id"], state=AnswerState.MISMATCH))

    assert second.json()["disposition"] == "contradicting"
    assert court.part(query_id)["answer_state"] == "nothing_found"
    assert court.told(query_id)[-1] == "answer.set_aside"


def test_a_query_is_taken_back_at_an_agency_that_has_it(hub: RunningHub, court: Court) -> None:
    case = court.case(*hub.debtors(1))
    with hub.faulty(LAND, Fault(kind=FaultKind.SILENCE)):
        query_id = court.ask(case, LAND)
        [part] = court.wait(query_id, "acknowledged")

        court.patient.post(f"/v1/asset-queries/{query_id}/cancellation", {})

        court.wait(query_id, "cancelled")
    assert court.told(query_id)[-1] == "agency_request.cancelled"
    [effect] = [
        effect for effect in hub.books(LAND).effects() if str(effect.request_id) == part["request_id"]
    ]
    assert effect.cancelled_at is not None

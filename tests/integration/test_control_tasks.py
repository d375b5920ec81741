"""Work for people: listed, worked off; objections answered within fifteen days while the measure stands (2013 Rules §6)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.adapters.measures import Objection as Raised
from app.adapters.measures import ObjectionGround
from app.clock import ManualClock
from app.ids import new_id
from app.models import Objection
from app.models.freeze import FreezeState
from app.vocabulary import AuditAction, EventType
from tests.integration.conftest import OFFICER, OTHER_OFFICER, Office
from tests.integration.control_desk import Desk, an_account, furnish
from tests.integration.test_api_cases import entries

TEXT = "该账户系谢成林之子学费专户，请审查"


@pytest.fixture
async def desk(office: Office, clock: ManualClock) -> Desk:
    return await furnish(office, clock)


async def raised(desk: Desk) -> str:
    freeze = await desk.frozen("BANK-ZC", an_account(), "50000.00")
    (request,) = await desk.requests(str(freeze.order_id))
    objection = Raised(
        request.id,
        new_id(),
        desk.clock.now(),
        (ObjectionGround.EXEMPT_PROPERTY, ObjectionGround.EXCESSIVE),
        TEXT,
    )
    await desk.object_to(request, objection)
    (listed,) = (await desk.court.get("/v1/objections", params={"state": "open"})).json()["items"]
    objection_id: str = listed["id"]
    return objection_id


def an_answer(verdict: str = "dismissed", **changes: Any) -> dict[str, Any]:
    return {"officer": OFFICER, "verdict": verdict, "text": "经审查，异议不成立", **changes}


async def test_an_objection_is_listed_without_its_text_and_read_with_it(desk: Desk) -> None:
    objection_id = await raised(desk)
    listed = await desk.court.get("/v1/objections")
    assert TEXT not in listed.text
    (item,) = listed.json()["items"]
    assert (item["grounds"], item["overdue"], item["agency_code"]) == (
        ["excessive", "exempt_property"],
        False,
        "BANK-ZC",
    )
    looks = len(await entries(desk.office, AuditAction.FREEZES_READ))
    assert (await desk.court.get(f"/v1/objections/{objection_id}")).json()["text"] == TEXT
    assert len(await entries(desk.office, AuditAction.FREEZES_READ)) == looks + 1
    assert (await desk.office.other_court.get(f"/v1/objections/{objection_id}")).status_code == 404


async def test_2013_rules_6_the_answer_closes_its_task_and_the_measure_stood_meanwhile(desk: Desk) -> None:
    objection_id = await raised(desk)
    (task,) = await desk.tasks(kind="objection")
    assert task["due_at"] == "2026-12-09T08:00:00Z"
    by_hand = await desk.court.post(
        f"/v1/tasks/{task['id']}/closure", json={"officer": OFFICER, "outcome": "已阅"}
    )
    assert (by_hand.status_code, by_hand.json()["code"]) == (409, "state_forbids")
    answered = await desk.court.post(f"/v1/objections/{objection_id}/answer", json=an_answer())
    assert (answered.status_code, answered.json()["state"]) == (201, "dismissed")
    assert await desk.tasks(kind="objection") == []
    (event,) = await desk.events(EventType.OBJECTION_ANSWERED)
    assert event == {"objection_id": objection_id, "verdict": "dismissed"}
    (entry,) = await entries(desk.office, AuditAction.OBJECTION_ANSWERED)
    assert (entry.officer, entry.case_number) == (OFFICER, desk.case["case_number"])
    (freeze,) = (await desk.court.get(desk.at("/freezes"))).json()["items"]
    assert freeze["state"] == FreezeState.IN_FORCE
    again = await desk.court.post(f"/v1/objections/{objection_id}/answer", json=an_answer("upheld"))
    assert again.json()["code"] == "state_forbids"


async def test_2013_rules_6_after_fifteen_days_an_answer_is_overdue_and_stays_marked(desk: Desk) -> None:
    objection_id = await raised(desk)
    await desk.pass_until(desk.clock.now() + timedelta(days=15))
    assert (await desk.court.get("/v1/objections")).json()["items"][0]["overdue"] is False
    await desk.pass_until(desk.clock.now() + timedelta(seconds=1))
    assert (await desk.court.get("/v1/objections")).json()["items"][0]["overdue"] is True
    late = await desk.court.post(f"/v1/objections/{objection_id}/answer", json=an_answer("upheld"))
    assert (late.json()["state"], late.json()["overdue"]) == ("upheld", True)


async def test_texts_of_an_objection_lie_sealed(desk: Desk) -> None:
    objection_id = await raised(desk)
    await desk.court.post(f"/v1/objections/{objection_id}/answer", json=an_answer())
    async with desk.office.hub.sessions() as session:
        row = (await session.scalars(select(Objection))).one()
    assert row.answer is not None
    assert TEXT.encode() not in row.text
    assert "异议".encode() not in row.answer


async def surplus(desk: Desk) -> dict[str, Any]:
    await desk.frozen("BANK-ZC", an_account(money="85000.00"), "85000.00")
    paid = {
        "officer": OFFICER,
        "kind": "payment",
        "amount": "1.00",
        "booked_on": "2026-11-24",
        "note": "给付",
    }
    await desk.court.post(desk.at("/claim-entries"), json=paid)
    (task,) = await desk.tasks()
    return task


async def test_a_task_is_closed_once_with_its_outcome(desk: Desk) -> None:
    task = await surplus(desk)
    path = f"/v1/tasks/{task['id']}/closure"
    foreign = await desk.court.post(path, json={"officer": OTHER_OFFICER, "outcome": "已阅"})
    assert foreign.json()["code"] == "officer_not_of_court"
    closed = await desk.court.post(path, json={"officer": OFFICER, "outcome": "一元以内不解除"})
    assert (closed.status_code, closed.json()["closed_by"]) == (201, OFFICER)
    assert (await desk.events(EventType.TASK_CLOSED))[-1]["task_id"] == task["id"]
    again = await desk.court.post(path, json={"officer": OFFICER, "outcome": "重复"})
    assert again.json()["code"] == "state_forbids"
    (entry,) = await entries(desk.office, AuditAction.TASK_CLOSED)
    assert entry.officer == OFFICER


async def test_tasks_are_the_courts_own_and_found_by_kind_and_case(desk: Desk) -> None:
    task = await surplus(desk)
    assert [each["id"] for each in await desk.tasks(case_id=desk.case["id"])] == [task["id"]]
    assert await desk.tasks(kind="difference") == []
    assert (await desk.office.other_court.get("/v1/tasks")).json()["items"] == []
    path = f"/v1/tasks/{task['id']}/closure"
    foreign = await desk.office.other_court.post(path, json={"officer": OTHER_OFFICER, "outcome": "已阅"})
    assert foreign.status_code == 404

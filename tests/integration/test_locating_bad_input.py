"""What must never be taken: each refused with the field and the rule, or parked with its reason, and always on record."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.clock import ManualClock
from app.linkage.messages import Fate
from app.vocabulary import AuditAction, EventType
from tests.integration.conftest import OTHER_OFFICER, Office
from tests.integration.control_desk import paper
from tests.integration.locating_desk import LocatingDesk, a_hit, furnish_locating, sealed_car
from tests.integration.test_api_cases import entries


@pytest.fixture
async def at(office: Office, clock: ManualClock) -> LocatingDesk:
    return await furnish_locating(office, clock)


async def outcomes(at: LocatingDesk, action: AuditAction) -> list[str]:
    return [json.loads(entry.body)["outcome"] for entry in await entries(at.office, action)]


# Refused at the court's door --------------------------------------------------------------------------------------


async def no_ground(at: LocatingDesk) -> Any:
    body = at.demand()
    del body["ground"]
    return await at.court.post("/v1/locate-requests", json=body)


async def no_paper(at: LocatingDesk) -> Any:
    return await at.draft(documents=[at.desk.papers["enforcement_notice"]])


async def an_action_beyond_the_ground(at: LocatingDesk) -> Any:
    return await at.draft(action="online_pursuit")


async def a_ground_for_cars(at: LocatingDesk) -> Any:
    return await at.draft(ground="seizure_ruling")


async def an_unsealed_car(at: LocatingDesk) -> Any:
    return await car(at, str(UUID(int=7)))


async def a_car_sealed_by_another_case(at: LocatingDesk) -> Any:
    freeze_id = await sealed_car(at)
    await at.new_case()
    at.desk.papers["ruling"] = (await paper(at.desk, "ruling")).json()["id"]
    return await car(at, freeze_id)


async def car(at: LocatingDesk, freeze_id: str) -> Any:
    papers = [at.desk.papers["ruling"], at.desk.papers["enforcement_notice"]]
    return await at.draft(
        ground="seizure_ruling", documents=papers, freeze_id=freeze_id, agencies={"codes": ["CAR-ZC"]}
    )


async def a_creditor(at: LocatingDesk) -> Any:
    return await at.draft(debtor_id=at.desk.case["parties"][1]["id"])


async def too_long(at: LocatingDesk) -> Any:
    return await at.draft(valid_until=(at.now + timedelta(days=93)).isoformat())


async def longer_than_its_paper(at: LocatingDesk) -> Any:
    """The sixtieth day; the decision is good until the thirtieth."""
    soon = (at.now + timedelta(days=30)).date().isoformat()
    decision = (await paper(at.desk, "detention_decision", valid_until=soon)).json()["id"]
    return await at.draft(documents=[decision, at.desk.papers["enforcement_notice"]])


async def over_already(at: LocatingDesk) -> Any:
    return await at.draft(valid_until=(at.now - timedelta(days=1)).isoformat())


async def confirmed_for_another_court(at: LocatingDesk) -> Any:
    _, hit = await at.sighted(await at.active())
    return await at.judge(hit, officer=OTHER_OFFICER)


async def recalled_for_another_court(at: LocatingDesk) -> Any:
    return await at.recall(await at.active(), officer=OTHER_OFFICER)


async def more_time_than_anybody_waits(at: LocatingDesk) -> Any:
    _, hit = await at.sighted(await at.active())
    return await at.judge(hit, "more_time", minutes_needed=241)


Deed = Callable[[LocatingDesk], Awaitable[Any]]


@pytest.mark.parametrize(
    ("deed", "status", "code", "field", "rule"),
    [
        (no_ground, 422, "invalid_body", "/ground", "required"),
        (no_paper, 422, "document_missing", "/documents", "detention_decision"),
        (an_action_beyond_the_ground, 422, "ground_forbids", "/action", "§118"),
        (a_ground_for_cars, 422, "ground_forbids", "/ground", "§16"),
        (an_unsealed_car, 422, "vehicle_not_sealed", "/freeze_id", "§16"),
        (a_car_sealed_by_another_case, 422, "vehicle_not_sealed", "/freeze_id", "§16"),
        (a_creditor, 422, "not_a_debtor", "/debtor_id", "debtor of this case"),
        (too_long, 422, "term_too_long", "/valid_until", "92 days"),
        (longer_than_its_paper, 422, "term_too_long", "/valid_until", "its paper"),
        (over_already, 422, "invalid_body", "/valid_until", "later than"),
        (confirmed_for_another_court, 403, "officer_not_of_court", "/officer", "this court"),
        (recalled_for_another_court, 403, "officer_not_of_court", "/officer", "this court"),
        (more_time_than_anybody_waits, 422, "invalid_body", "/minutes_needed", "240"),
    ],
)
async def test_a_refusal_names_the_field_and_the_rule_and_is_on_record(
    at: LocatingDesk, deed: Deed, status: int, code: str, field: str, rule: str
) -> None:
    refused = await deed(at)
    assert refused.headers["content-type"] == "application/problem+json"
    told = refused.json()
    assert (refused.status_code, told["code"]) == (status, code), refused.text
    (wrong,) = told["errors"]
    assert wrong["field"] == field
    assert rule in wrong["en"]
    assert wrong["zh"]
    assert (await outcomes(at, AuditAction.ORDER_REFUSED))[-1] == code


# Parked when an agency says it ------------------------------------------------------------------------------------


async def ended(at: LocatingDesk) -> Fate:
    locate_id = await at.active()
    await at.recall(locate_id)
    await at.strike()
    await at.confirm_recalls(locate_id)
    await at.wait(hours=1)
    return await at.hit((await at.entries(locate_id))[0])


async def being_recalled(at: LocatingDesk) -> Fate:
    locate_id = await at.active()
    await at.recall(locate_id)
    await at.strike()
    return await at.hit((await at.entries(locate_id))[0])


async def of_tomorrow(at: LocatingDesk) -> Fate:
    locate_id = await at.active()
    return await at.hit((await at.entries(locate_id))[0], seen_at=at.now + timedelta(days=1))


@pytest.mark.parametrize(
    ("deed", "fate", "reason"),
    [
        (ended, Fate.LATE, "request_ended"),
        (being_recalled, Fate.LATE, "recalling"),
        (of_tomorrow, Fate.CONTRADICTING, "in_the_future"),
    ],
)
async def test_a_hit_that_cannot_be_is_parked_with_its_reason_told_and_on_record(
    at: LocatingDesk, deed: Callable[[LocatingDesk], Awaitable[Fate]], fate: Fate, reason: str
) -> None:
    assert await deed(at) is fate
    (parked,) = (await at.court.get("/v1/hits", params={"state": "parked"})).json()["items"]
    assert (parked["parked_because"], parked["due_at"]) == (reason, None)
    (told,) = await at.desk.events(EventType.HIT_PARKED)
    assert (told["hit_id"], told["parked_because"]) == (parked["id"], reason)
    assert await outcomes(at, AuditAction.HIT_PARKED) == [reason]


async def test_a_hit_under_a_foreign_request_leaves_nothing_but_its_trace(at: LocatingDesk) -> None:
    locate_id = await at.active()
    first, second = await at.entries(locate_id)
    async with at.office.hub.sessions.begin() as session:
        said = a_hit(second.request_id, at.now)
        receipt = await at.receive(session, first.agency_id, "POLICE-AKS", said)
    assert receipt.fate is Fate.FOREIGN
    assert (await at.court.get("/v1/hits")).json()["items"] == []
    assert await outcomes(at, AuditAction.MESSAGE_REFUSED) == [Fate.FOREIGN]

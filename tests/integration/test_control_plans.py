"""The plan that does least harm, signed by its digest and trued up by what the agencies answered (Preservation §13)."""

from hashlib import sha256
from typing import Any

import pytest

from app.adapters.facts import Seizure
from app.adapters.measures import WhyNot
from app.clock import ManualClock
from app.vocabulary import AccountNature, AnswerState, AuditAction, HolderRole, SeizureKind
from tests.integration.conftest import OFFICER, Office
from tests.integration.control_desk import (
    NEEDS,
    Desk,
    a_car,
    a_house,
    a_wage_account,
    an_account,
    furnish,
    not_done,
    report,
)
from tests.integration.test_api_cases import entries


@pytest.fixture
async def desk(office: Office, clock: ManualClock) -> Desk:
    return await furnish(office, clock)


async def plan(desk: Desk, *appraisals: dict[str, Any], **needs: Any) -> dict[str, Any]:
    body = {"circumstances": {**NEEDS, **needs}, "appraisals": appraisals}
    answer = await desk.court.post(desk.at("/freeze-plans"), json=body)
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view


async def trued_up(desk: Desk) -> dict[str, Any]:
    answer = await desk.court.get(desk.at("/freeze-plans/true-up"), params=NEEDS)
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view


def taken(view: dict[str, Any]) -> dict[str, str | None]:
    return {measure["asset_id"]: measure["limit"] for measure in view["measures"]}


async def test_money_before_wages_before_things_and_exempt_funds_never(desk: Desk) -> None:
    ordinary, wages, pension_fund, signed_for = await desk.found(
        "BANK-ZC",
        an_account(money="20000.00"),
        a_wage_account(money="3000.00"),
        an_account("3", "90000.00", nature=AccountNature.SOCIAL_INSURANCE),
        an_account("4", "90000.00", holder_role=HolderRole.SIGNATORY),
    )
    (house,) = await desk.found("LAND-ZC", a_house())
    view = await plan(desk, {"asset_id": house, "estimated_value": "500000.00"})
    # The house must be sealed anyway and covers the rest; the wages keep 700 free.
    assert taken(view) == {ordinary: "20000.00", wages: "2300.00", house: None}
    assert (view["owed"], view["covered"], view["shortfall"]) == ("85000.00", "85000.00", "0.00")
    (spared,) = [each for each in view["left_out"] if each["asset_id"] == pension_fund]
    assert "社会保险法 §64" in spared["why"]["zh"]
    assert signed_for not in str(view)
    assert all(line["en"] and line["zh"] for line in view["lines"])


async def test_the_plan_is_signed_by_its_digest_and_ordered_as_it_is(desk: Desk) -> None:
    await desk.found("BANK-ZC", an_account(money="50000.00"))
    await desk.found("BANK-SQ", an_account("6217000000000000002", "60000.00"))
    view = await plan(desk)
    assert sha256(view["text"].encode()).hexdigest() == view["sha256"]
    (made,) = await entries(desk.office, AuditAction.PLAN_MADE)
    assert view["sha256"].encode() in made.body
    drafted = await desk.draft(*view["things"], plan_sha256=view["sha256"], circumstances=NEEDS)
    assert drafted.status_code == 202, drafted.text
    (entry,) = await entries(desk.office, AuditAction.MEASURE_DRAFTED)
    assert (view["sha256"].encode() in entry.body, entry.officer) == (True, OFFICER)


async def test_the_business_is_touched_last(desk: Desk) -> None:
    working, idle = await desk.found(
        "BANK-ZC", an_account(money="90000.00"), an_account("6217000000000000002", "85000.00")
    )
    view = await plan(desk, {"asset_id": working, "business_critical": True})
    assert taken(view) == {idle: "85000.00"}


async def test_what_nobody_appraised_is_not_counted_on(desk: Desk) -> None:
    (house,) = await desk.found("LAND-ZC", a_house())
    (car,) = await desk.found("CAR-ZC", a_car())
    view = await plan(desk)
    assert (view["measures"], view["shortfall"]) == ([], "85000.00")
    assert {each["asset_id"] for each in view["left_out"]} == {house, car}


async def test_seizure_26_behind_another_court_one_can_only_wait(desk: Desk) -> None:
    seized = a_house(seizures=[Seizure(authority="睢县人民法院", kind=SeizureKind.SEIZURE)])
    (house,) = await desk.found("LAND-ZC", seized)
    view = await plan(desk, {"asset_id": house, "estimated_value": "500000.00"})
    assert (view["measures"], view["covered"]) == ([], "0.00")
    assert "轮候" in view["left_out"][0]["why"]["zh"]


async def test_a_plan_is_made_for_what_is_not_secured_yet(desk: Desk) -> None:
    freeze = await desk.frozen("BANK-ZC", an_account(money="50000.00"), "50000.00")
    (more,) = await desk.found("BANK-SQ", an_account("6217000000000000002", "60000.00"))
    view = await plan(desk)
    assert (view["secured"], taken(view)) == ("50000.00", {more: "35000.00"})
    assert len(view["frozen_already"]) == 1
    assert freeze.party_id


async def test_true_up_adds_where_a_bank_held_less_and_spares_what_it_could_not_freeze(desk: Desk) -> None:
    first, closed = an_account(money="50000.00"), an_account("6217000000000000002", "40000.00")
    one, two = await desk.found("BANK-ZC", first, closed)
    (spare,) = await desk.found("BANK-SQ", an_account("6217000000000000003", "70000.00"))
    freezes = await desk.ordered(
        {"asset_id": one, "limit": "50000.00"}, {"asset_id": two, "limit": "35000.00"}
    )
    await desk.in_force(freezes[0], first, "50000.00", "30000.00")
    waiting = await trued_up(desk)
    assert (waiting["awaited"], waiting["secured"]) == ([str(freezes[1].id)], "30000.00")
    assert [(each["asset_id"], each["limit"]) for each in waiting["additions"]] == [(spare, "20000.00")]

    request = (await desk.requests(str(freezes[1].order_id)))[1]
    await desk.hear(request, not_done(closed, WhyNot.ACCOUNT_CLOSED), state=AnswerState.NOT_EXECUTED)
    view = await trued_up(desk)
    assert (view["awaited"], view["releases"], view["shortfall"]) == ([], [], "0.00")
    assert [(each["asset_id"], each["limit"]) for each in view["additions"]] == [(spare, "55000.00")]


async def test_seizure_19_true_up_releases_what_is_more_than_owed(desk: Desk) -> None:
    freeze = await desk.frozen("BANK-ZC", an_account(money="85000.00"), "85000.00")
    paid = {
        "officer": OFFICER,
        "kind": "payment",
        "amount": "60000.00",
        "booked_on": "2026-11-24",
        "note": "给付",
    }
    await desk.court.post(desk.at("/claim-entries"), json=paid)
    view = await trued_up(desk)
    assert [(each["freeze_id"], each["amount"]) for each in view["releases"]] == [
        (str(freeze.id), "60000.00")
    ]
    assert "§19" in view["releases"][0]["why"]["en"]


async def test_money_found_and_frozen_in_one_step_is_trued_up_too(desk: Desk) -> None:
    drafted = await desk.draft(
        query_and_freeze=[
            {"debtor_id": desk.debtor_id, "agencies": {"codes": ["BANK-ZC"]}, "limit": "85000.00"}
        ]
    )
    await desk.decide(drafted.json()["id"])
    (request,) = await desk.requests(drafted.json()["id"])
    account = an_account("6217000000000000007")
    await desk.hear(request, report(account, desk.clock.now(), limit="85000.00", held="10000.00"))
    (spare,) = await desk.found("BANK-SQ", an_account("6217000000000000003", "90000.00"))
    view = await trued_up(desk)
    assert view["secured"] == "10000.00"
    assert [(each["asset_id"], each["limit"]) for each in view["additions"]] == [(spare, "75000.00")]

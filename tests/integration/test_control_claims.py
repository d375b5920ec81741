"""What is owed, what is frozen against it, and what happens at once when it is too much or nothing is owed any more."""

import asyncio
from typing import Any

import pytest

from app.adapters.measures import WhyNot
from app.clock import ManualClock
from app.measures.words import State
from app.vocabulary import AnswerState, AuditAction, EventType, OrderKind
from tests.integration.conftest import OFFICER, Office
from tests.integration.control_desk import (
    COURT_ACCOUNT,
    PAPERS,
    Desk,
    a_house,
    an_account,
    furnish,
    not_done,
    report,
)
from tests.integration.test_api_cases import entries

TODAY = "2026-11-24"


@pytest.fixture
async def desk(office: Office, clock: ManualClock) -> Desk:
    return await furnish(office, clock)


async def book(desk: Desk, kind: str, amount: str, on: str = TODAY) -> dict[str, Any]:
    entry = {"officer": OFFICER, "kind": kind, "amount": amount, "booked_on": on, "note": "当庭给付"}
    answer = await desk.court.post(desk.at("/claim-entries"), json=entry)
    assert answer.status_code == 201, answer.text
    view: dict[str, Any] = answer.json()
    return view


async def exposure(desk: Desk) -> dict[str, Any]:
    view: dict[str, Any] = (await desk.court.get(desk.at("/exposure"))).json()
    return view


async def test_payments_go_to_costs_first(desk: Desk) -> None:
    """民法典 §561."""
    await book(desk, "cost", "500.00")
    view = await book(desk, "payment", "1200.00")
    assert view["outstanding"] == {
        "costs": "0.00",
        "interest": "0.00",
        "principal": "84300.00",
        "late_interest": "0.00",
        "total": "84300.00",
        "overpaid": "0.00",
        "transferred": "0.00",
    }
    assert [entry["kind"] for entry in view["entries"]] == ["cost", "payment"]
    (cost, payment) = await entries(desk.office, AuditAction.CLAIM_CHANGED)
    assert (cost.case_number, payment.officer) == (desk.case["case_number"], OFFICER)


async def test_civil_procedure_264_interest_runs_day_by_day_once_the_court_says_how(desk: Desk) -> None:
    assert (await desk.court.get(desk.at("/claim"))).json()["terms"] is None
    terms = {
        "officer": OFFICER,
        "daily_rate": "0.0001",
        "interest_from": "2026-11-14",
        "late_performance_from": "2026-11-19",
        "note": "判决主文第一项",
    }
    answer = await desk.court.put(desk.at("/claim-terms"), json=terms)
    assert answer.status_code == 200, answer.text
    owed = answer.json()["outstanding"]
    assert (owed["interest"], owed["late_interest"]) == ("85.00", "74.38")
    earlier = (await desk.court.get(desk.at("/claim"), params={"day": "2026-11-15"})).json()
    assert (earlier["day"], earlier["outstanding"]["interest"]) == ("2026-11-15", "8.50")
    later = (await desk.court.get(desk.at("/claim"), params={"day": "2027-11-14"})).json()
    assert later["outstanding"]["interest"] == "3102.50"
    replaced = await desk.court.put(desk.at("/claim-terms"), json={**terms, "daily_rate": "0"})
    assert replaced.json()["outstanding"]["interest"] == "0.00"


async def test_a_claim_is_reckoned_to_the_ends_of_the_calendar(desk: Desk) -> None:
    terms = {
        "officer": OFFICER,
        "daily_rate": "0.01",
        "interest_from": "0001-01-01",
        "late_performance_from": "9999-12-31",
        "late_daily_rate": "0.01",
        "note": "判决",
    }
    assert (await desk.court.put(desk.at("/claim-terms"), json=terms)).status_code == 200
    await book(desk, "payment", "9999999999999999.99", "0001-01-01")
    for day, overpaid in (("0001-01-01", "9999999999914999.99"), ("9999-12-31", "9999999999914999.99")):
        view = (await desk.court.get(desk.at("/claim"), params={"day": day})).json()
        assert view["outstanding"]["overpaid"] == overpaid


async def test_what_cannot_be_booked(desk: Desk) -> None:
    entry = {"officer": OFFICER, "kind": "payment", "amount": "1.00", "booked_on": TODAY, "note": "给付"}
    for change, pointer in (
        ({"amount": "0.00"}, "/amount"),
        ({"amount": "1.001"}, "/amount"),
        ({"kind": "transfer"}, "/kind"),  # only an agency's receipt books one
        ({"booked_on": "2026-11-25"}, "/booked_on"),
    ):
        answer = await desk.court.post(desk.at("/claim-entries"), json={**entry, **change})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, pointer), answer.text
    terms = {"officer": OFFICER, "daily_rate": "0.02", "interest_from": TODAY, "note": "判决"}
    answer = await desk.court.put(desk.at("/claim-terms"), json=terms)
    assert answer.json()["errors"][0]["field"] == "/daily_rate"


async def test_exposure_tells_held_from_owed_and_unknown_from_nothing(desk: Desk) -> None:
    first, second = an_account(money="60000.00"), an_account("6217000000000000002", "25000.00")
    held = await desk.frozen("BANK-ZC", first, "60000.00", "58000.00")
    (asset_id,) = await desk.found("BANK-SQ", second)
    (ordered,) = await desk.ordered({"asset_id": asset_id, "limit": "25000.00"})
    (house,) = await desk.found("LAND-ZC", a_house())
    (sealed,) = await desk.ordered({"asset_id": house}, note="足额前先行查封")
    await desk.in_force(sealed, a_house(), None, None)

    view = await exposure(desk)
    assert (view["owed"]["total"], view["held"], view["not_secured"], view["surplus"]) == (
        "85000.00",
        "58000.00",
        "27000.00",
        "0.00",
    )
    assert set(view["unknown"]) == {str(ordered.id), str(sealed.id)}
    by_id = {each["freeze_id"]: each for each in view["freezes"]}
    assert by_id[str(ordered.id)]["held"] is None
    assert (by_id[str(sealed.id)]["limit"], by_id[str(sealed.id)]["held"]) == ("whole", None)
    assert (by_id[str(held.id)]["rank"], by_id[str(held.id)]["held"]) == (1, "58000.00")


async def test_seizure_19_the_same_debt_frozen_twice_is_told_at_once(desk: Desk) -> None:
    """Looked up and frozen at two banks, since nobody knew where the money was."""
    drafted = await desk.draft(
        query_and_freeze=[
            {
                "debtor_id": desk.debtor_id,
                "agencies": {"codes": ["BANK-ZC", "BANK-SQ"]},
                "limit": "85000.00",
            }
        ],
        excess_reason="财产分布不明，超出部分随即解除",
    )
    await desk.decide(drafted.json()["id"], note="同意")
    one, other = await desk.requests(drafted.json()["id"])
    now = desk.clock.now()
    await desk.hear(one, report(an_account("1"), now, limit="85000.00", held="85000.00"))
    assert await desk.tasks() == []
    await desk.hear(other, report(an_account("2"), now, limit="85000.00", held="30000.00"))
    (task,) = await desk.tasks(kind="surplus")
    assert (task["data"]["owed"], task["data"]["held"]) == ("85000.00", "115000.00")
    (release,) = task["data"]["releases"]
    assert release["amount"] is None
    assert (await desk.events(EventType.TASK_OPENED))[-1]["kind"] == "surplus"
    assert len(await entries(desk.office, AuditAction.TASK_OPENED)) == 1

    body = desk.signed("ruling", "release_notice", reason="超标的")
    released = await desk.court.post(f"/v1/freezes/{release['freeze_id']}/release", json=body)
    assert released.status_code == 202, released.text
    (request,) = await desk.requests(released.json()["id"])
    gone = report(an_account("2"), now, state=State.RELEASED, rank=None, limit="85000.00")
    await desk.hear(request, gone)
    assert await desk.tasks() == []
    (closed,) = (await desk.court.get("/v1/tasks", params={"open": False})).json()["items"]
    assert (closed["id"], closed["outcome"]) == (task["id"], "no_surplus_any_more")


async def test_two_answers_at_the_same_time_do_not_hide_a_surplus(desk: Desk) -> None:
    for attempt in range(5):
        drafted = await desk.draft(
            query_and_freeze=[
                {
                    "debtor_id": desk.debtor_id,
                    "agencies": {"codes": ["BANK-ZC", "BANK-SQ"]},
                    "limit": "85000.00",
                }
            ],
            excess_reason="财产分布不明",
        )
        await desk.decide(drafted.json()["id"], note="同意")
        now = desk.clock.now()
        await asyncio.gather(
            *(
                desk.hear(
                    request,
                    report(an_account(f"{attempt}{number}"), now, limit="85000.00", held="43000.00"),
                )
                for number, request in enumerate(await desk.requests(drafted.json()["id"]))
            )
        )
        (task,) = await desk.tasks(kind="surplus")
        assert task["data"]["held"] == f"{86000 * (attempt + 1)}.00"


async def test_seizure_19_a_payment_sets_the_surplus_free(desk: Desk) -> None:
    freeze = await desk.frozen("BANK-ZC", an_account(money="50000.00"), "60000.00", "50000.00")
    await book(desk, "payment", "45000.00")  # 40,000 are left
    (task,) = await desk.tasks(kind="surplus")
    # Only what exceeds a limit goes free: it must come down from 60,000 to 40,000.
    assert task["data"]["releases"] == [{"freeze_id": str(freeze.id), "amount": "20000.00"}]
    await book(desk, "payment", "10000.00")
    (again,) = await desk.tasks(kind="surplus")
    assert (again["id"], again["data"]["releases"][0]["amount"]) == (task["id"], "30000.00")
    await book(desk, "cost", "30000.00")
    assert await desk.tasks() == []


async def test_seizure_28_a_settled_claim_releases_everything(desk: Desk) -> None:
    freeze = await desk.frozen("BANK-ZC", an_account(money="50000.00"), "50000.00")
    view = await book(desk, "payment", "85000.00")
    assert view["settled"] is True
    assert await desk.events(EventType.CLAIM_SETTLED) == [{"case_id": desk.case["id"]}]
    assert (await desk.freeze(freeze.id)).releasing
    (release,) = (await desk.court.get("/v1/measures", params={"kind": "release"})).json()["items"]
    (request,) = await desk.requests(release["id"])
    assert (request.kind, request.freeze_id) == (OrderKind.RELEASE, freeze.id)
    assert await desk.tasks() == []
    await book(desk, "payment", "1.00")
    assert len(await desk.events(EventType.CLAIM_SETTLED)) == 1


async def test_a_payment_is_booked_even_where_the_papers_of_the_release_are_missing(
    office: Office, clock: ManualClock
) -> None:
    desk = await furnish(office, clock, papers=[kind for kind in PAPERS if kind != "release_notice"])
    freeze = await desk.frozen("BANK-ZC", an_account(money="50000.00"), "50000.00")
    assert (await book(desk, "payment", "85000.00"))["settled"] is True
    assert not (await desk.freeze(freeze.id)).releasing
    (task,) = await desk.tasks(kind="surplus")
    assert task["data"]["releases"] == [{"freeze_id": str(freeze.id), "amount": None}]
    assert len(await desk.events(EventType.CLAIM_SETTLED)) == 1


async def test_a_transfer_is_booked_by_the_agencys_receipt_and_may_settle_the_claim(desk: Desk) -> None:
    account = an_account(money="90000.00")
    freeze = await desk.frozen("BANK-ZC", account, "85000.00")
    body = desk.signed("ruling", "enforcement_notice", amount="85000.00", account=COURT_ACCOUNT)
    drafted = await desk.court.post(f"/v1/freezes/{freeze.id}/transfers", json=body)
    await desk.decide(drafted.json()["id"])
    (request,) = await desk.requests(drafted.json()["id"])
    done = report(
        account,
        desk.clock.now(),
        state=State.EXHAUSTED,
        rank=None,
        limit="0.00",
        held="0.00",
        transferred="85000.00",
    )
    await desk.hear(request, done)
    claim = (await desk.court.get(desk.at("/claim"))).json()
    assert (claim["settled"], claim["outstanding"]["transferred"]) == (True, "85000.00")
    assert await desk.events(EventType.CLAIM_SETTLED) == [{"case_id": desk.case["id"]}]


async def test_a_freeze_that_never_came_about_secures_nothing(desk: Desk) -> None:
    account = an_account(money="90000.00")
    (asset_id,) = await desk.found("BANK-ZC", account)
    (freeze,) = await desk.ordered({"asset_id": asset_id, "limit": "85000.00"})
    (request,) = await desk.requests(str(freeze.order_id))
    await desk.hear(request, not_done(account, WhyNot.ACCOUNT_CLOSED), state=AnswerState.NOT_EXECUTED)
    assert (await exposure(desk))["freezes"] == []
    (again,) = await desk.found("BANK-SQ", an_account("6217000000000000002", "90000.00"))
    assert (await desk.draft({"asset_id": again, "limit": "85000.00"})).status_code == 202

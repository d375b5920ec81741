"""A freeze over HTTP: drafted by one officer, approved by another, mirrored from what the agency says."""

import pytest
from sqlalchemy import func, select

from app.clock import ManualClock
from app.models import AgencyRequest
from app.models.outbox import OutboxItem
from app.vocabulary import AuditAction, OrderKind
from tests.integration.conftest import OFFICER, Office
from tests.integration.control_desk import (
    APPROVER,
    COURT_ACCOUNT,
    Desk,
    a_car,
    a_house,
    an_account,
    furnish,
    paper,
    report,
)
from tests.integration.test_api_cases import entries


@pytest.fixture
async def desk(office: Office, clock: ManualClock) -> Desk:
    return await furnish(office, clock)


async def carried(desk: Desk, kind: OrderKind) -> int:
    """Requests of this kind that are on their way."""
    async with desk.office.hub.sessions() as session:
        query = (
            select(func.count())
            .select_from(OutboxItem)
            .join(AgencyRequest, AgencyRequest.id == OutboxItem.reference)
            .where(AgencyRequest.kind == kind)
        )
        return await session.scalar(query) or 0


async def test_nothing_is_sent_before_a_second_officer_approves(desk: Desk) -> None:
    (asset_id,) = await desk.found("BANK-ZC", an_account())
    drafted = await desk.draft({"asset_id": asset_id, "limit": "50000.00"})
    assert (drafted.status_code, drafted.json()["status"]) == (202, "awaiting_approval")
    assert await carried(desk, OrderKind.FREEZE) == 0
    waiting = (await desk.court.get("/v1/measures", params={"status": "awaiting_approval"})).json()["items"]
    assert [(each["id"], each["made_by"]) for each in waiting] == [(drafted.json()["id"], OFFICER)]

    decided = (await desk.decide(drafted.json()["id"])).json()
    assert (decided["status"], decided["decided_by"]) == ("issued", APPROVER)
    assert await carried(desk, OrderKind.FREEZE) == 1
    assert not (await desk.court.get("/v1/measures", params={"status": "awaiting_approval"})).json()["items"]


async def test_what_is_approved_is_shown_masked_and_the_look_is_recorded(desk: Desk) -> None:
    (asset_id,) = await desk.found("BANK-ZC", an_account("6217000000000000001"))
    drafted = await desk.draft({"asset_id": asset_id, "limit": "50000.00"})
    before = len(await entries(desk.office, AuditAction.FREEZES_READ))
    answer = await desk.court.get(drafted.headers["location"])
    (part,) = answer.json()["ordered"]
    assert part["things"] == [{"kind": "account", "name": "***************0001"}]
    assert (part["limit"], part["expected"], part["term"]) == ("50000.00", "50000.00", "P1Y")
    assert "6217000000000000001" not in answer.text
    assert answer.json()["requests"] == []
    looks = await entries(desk.office, AuditAction.FREEZES_READ)
    assert len(looks) == before + 1
    assert looks[-1].subject_index is not None


async def test_a_refused_draft_is_never_sent_and_says_why(desk: Desk) -> None:
    (asset_id,) = await desk.found("BANK-ZC", an_account())
    order_id = (await desk.draft({"asset_id": asset_id, "limit": "1.00"})).json()["id"]
    silent = await desk.decide(order_id, approve=False)
    assert (silent.status_code, silent.json()["code"]) == (422, "reason_required")
    refused = await desk.decide(order_id, approve=False, note="财产价值过低")
    assert (refused.json()["status"], refused.json()["decision_note"]) == ("rejected", "财产价值过低")
    assert (await desk.decide(order_id)).json()["code"] == "state_forbids"
    assert await carried(desk, OrderKind.FREEZE) == 0


async def test_a_draft_of_a_closed_case_can_be_refused_and_not_approved(desk: Desk) -> None:
    (asset_id,) = await desk.found("BANK-ZC", an_account())
    order_id = (await desk.draft({"asset_id": asset_id, "limit": "1.00"})).json()["id"]
    await desk.court.post(desk.at("/closure"), json={"reason": "和解"})
    assert (await desk.decide(order_id)).json()["code"] == "case_closed"
    assert (await desk.decide(order_id, approve=False, note="已结案")).status_code == 200


async def test_the_same_key_gives_the_same_draft(desk: Desk) -> None:
    (asset_id,) = await desk.found("BANK-ZC", an_account())
    body = desk.signed(
        "ruling", "freeze_notice", case_id=desk.case["id"], things=[{"asset_id": asset_id, "limit": "9.00"}]
    )
    headers = {"Idempotency-Key": "draft-1"}
    first = await desk.court.post("/v1/freeze-orders", json=body, headers=headers)
    again = await desk.court.post("/v1/freeze-orders", json=body, headers=headers)
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert len((await desk.court.get("/v1/measures")).json()["items"]) == 1


async def test_the_agencys_word_is_mirrored_and_shown(desk: Desk) -> None:
    freeze = await desk.frozen("BANK-ZC", an_account(), "50000.00", "48000.00")
    shown = (await desk.court.get(f"/v1/freezes/{freeze.id}")).json()
    assert (shown["state"], shown["rank"], shown["limit"], shown["held"]) == (
        "in_force",
        1,
        "50000.00",
        "48000.00",
    )
    assert shown["thing"]["name"].endswith("0001")
    listed = (await desk.court.get(desk.at("/freezes"), params={"state": "in_force"})).json()["items"]
    assert [each["id"] for each in listed] == [str(freeze.id)]
    assert (await desk.court.get(desk.at("/freezes"), params={"state": "waiting"})).json()["items"] == []


async def test_another_court_sees_neither_measure_nor_freeze(desk: Desk) -> None:
    freeze = await desk.frozen("BANK-ZC", an_account(), "50000.00")
    for path in (
        f"/v1/freezes/{freeze.id}",
        f"/v1/measures/{freeze.order_id}",
        desk.at("/freezes"),
        desk.at("/exposure"),
        desk.at("/claim"),
    ):
        assert (await desk.office.other_court.get(path)).status_code == 404, path
    assert (await desk.office.other_court.get("/v1/measures")).json()["items"] == []


async def test_money_is_looked_up_and_frozen_in_one_step(desk: Desk) -> None:
    drafted = await desk.draft(
        query_and_freeze=[
            {"debtor_id": desk.debtor_id, "agencies": {"codes": ["BANK-ZC"]}, "limit": "85000.00"}
        ]
    )
    assert drafted.status_code == 202, drafted.text
    await desk.decide(drafted.json()["id"])
    (request,) = await desk.requests(drafted.json()["id"])
    now = desk.clock.now()
    await desk.hear(
        request,
        report(an_account("6217000000000000001"), now, limit="60000.00", held="60000.00"),
        report(an_account("6217000000000000002"), now, limit="25000.00", held="25000.00"),
    )
    freezes = (await desk.court.get(desk.at("/freezes"))).json()["items"]
    assert sorted(each["held"] for each in freezes) == ["25000.00", "60000.00"]
    assert await desk.tasks(kind="surplus") == []


async def test_a_release_goes_at_once_and_is_shown_until_it_is_confirmed(desk: Desk) -> None:
    freeze = await desk.frozen("BANK-ZC", an_account(), "50000.00")
    body = desk.signed("ruling", "release_notice", reason="被执行人已履行")
    released = await desk.court.post(f"/v1/freezes/{freeze.id}/release", json=body)
    assert (released.status_code, released.json()["status"]) == (202, "issued")
    assert (await desk.court.get(f"/v1/freezes/{freeze.id}")).json()["releasing"] is True
    assert await carried(desk, OrderKind.RELEASE) == 1


async def test_a_transfer_names_the_courts_account_for_its_approver(desk: Desk) -> None:
    freeze = await desk.frozen("BANK-ZC", an_account(), "50000.00")
    body = desk.signed("ruling", "enforcement_notice", amount="50000.00", account=COURT_ACCOUNT)
    drafted = await desk.court.post(f"/v1/freezes/{freeze.id}/transfers", json=body)
    assert drafted.status_code == 202, drafted.text
    (part,) = (await desk.court.get(drafted.headers["location"])).json()["ordered"]
    assert (part["account"], part["amount"]) == (COURT_ACCOUNT, "50000.00")
    assert part["freeze_id"] == str(freeze.id)


async def test_a_renewal_waits_for_its_approver(desk: Desk) -> None:
    freeze = await desk.frozen("BANK-ZC", an_account(), "50000.00")
    body = desk.signed("ruling", "freeze_notice", term={"months": 6})
    drafted = await desk.court.post(f"/v1/freezes/{freeze.id}/renewals", json=body)
    assert drafted.json()["status"] == "awaiting_approval"
    assert (await desk.decide(drafted.json()["id"])).status_code == 200
    assert await carried(desk, OrderKind.RENEWAL) == 1


async def test_a_paper_tells_its_sum_its_end_and_its_seal(desk: Desk) -> None:
    told = {"amount": "85000.00", "valid_until": "2027-11-24", "seal_sha256": "a" * 64}
    filed = (await paper(desk, "ruling", **told)).json()
    assert {name: filed[name] for name in told} == told
    read = (await desk.court.get(desk.at(f"/documents/{filed['id']}"))).json()
    assert {name: read[name] for name in told} == told
    for name, value in (("amount", "0.00"), ("amount", "1.001"), ("seal_sha256", "A" * 64)):
        refused = await paper(desk, "ruling", **{name: value})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, f"/{name}")


# Seizure Rules §19: no clear excess over claim and costs


async def test_seizure_19_two_orders_together_may_not_exceed_the_claim(desk: Desk) -> None:
    one, other = await desk.found("BANK-ZC", an_account(), an_account("6217000000000000002"))
    first = await desk.draft({"asset_id": one, "limit": "85000.00"})
    second = await desk.draft({"asset_id": other, "limit": "85000.00"})
    assert (first.status_code, second.status_code) == (202, 202)  # nothing is bound by a draft
    assert (await desk.decide(first.json()["id"])).status_code == 200
    refused = await desk.decide(second.json()["id"])
    assert (refused.status_code, refused.json()["code"]) == (422, "reason_required")
    assert (await desk.decide(second.json()["id"], note="第一账户余额不足")).status_code == 200


async def test_seizure_19_a_clear_excess_needs_a_reason_of_maker_and_approver(desk: Desk) -> None:
    (asset_id,) = await desk.found("BANK-ZC", an_account())
    thing = {"asset_id": asset_id, "limit": "85000.01"}
    assert (await desk.draft(thing)).json()["code"] == "amount_exceeds_claim"
    drafted = await desk.draft(thing, excess_reason="预留迟延履行利息")
    assert drafted.status_code == 202
    assert (await desk.decide(drafted.json()["id"])).json()["code"] == "reason_required"
    assert (await desk.decide(drafted.json()["id"], note="同意预留")).status_code == 200
    shown = (await desk.court.get(drafted.headers["location"])).json()
    assert shown["excess_reason"] == "预留迟延履行利息"


async def test_seizure_19_an_indivisible_thing_may_be_worth_more_when_nothing_else_suffices(
    desk: Desk,
) -> None:
    (house,) = await desk.found("LAND-ZC", a_house())
    drafted = await desk.draft({"asset_id": house, "estimated_value": "600000.00"})
    assert drafted.status_code == 202, drafted.text
    assert (await desk.decide(drafted.json()["id"])).json()["code"] == "reason_required"
    assert (await desk.decide(drafted.json()["id"], note="无其他财产可供执行")).status_code == 200


async def test_seizure_19_a_thing_is_not_sealed_when_money_suffices(desk: Desk) -> None:
    await desk.frozen("BANK-ZC", an_account(money="90000.00"), "85000.00")
    (house,) = await desk.found("LAND-ZC", a_house())
    (car,) = await desk.found("CAR-ZC", a_car())
    for thing in ({"asset_id": house, "estimated_value": "600000.00"}, {"asset_id": car}):
        assert (await desk.draft(thing)).json()["code"] == "amount_exceeds_claim"


async def test_a_thing_of_unknown_value_may_be_sealed_while_money_does_not_suffice(desk: Desk) -> None:
    await desk.frozen("BANK-ZC", an_account(money="3000.00"), "3000.00")
    (house,) = await desk.found("LAND-ZC", a_house())
    (freeze,) = await desk.ordered({"asset_id": house})
    assert (freeze.limit, freeze.expected) == (None, None)


async def test_costs_and_interest_widen_what_may_be_frozen(desk: Desk) -> None:
    (asset_id,) = await desk.found("BANK-ZC", an_account())
    thing = {"asset_id": asset_id, "limit": "85500.00"}
    assert (await desk.draft(thing)).json()["code"] == "amount_exceeds_claim"
    cost = {
        "officer": OFFICER,
        "kind": "cost",
        "amount": "500.00",
        "booked_on": "2026-11-24",
        "note": "执行费",
    }
    assert (await desk.court.post(desk.at("/claim-entries"), json=cost)).status_code == 201
    assert (await desk.draft(thing)).status_code == 202


async def test_what_lapsed_while_it_waited_is_not_approved(desk: Desk) -> None:
    """Seizure Rules §27: at the end instant the effect is gone."""
    freeze = await desk.frozen("BANK-ZC", an_account(), "50000.00")
    body = desk.signed("ruling", "freeze_notice")
    drafted = await desk.court.post(f"/v1/freezes/{freeze.id}/renewals", json=body)
    assert freeze.ends_at is not None
    await desk.pass_until(freeze.ends_at)
    assert (await desk.decide(drafted.json()["id"])).json()["code"] == "freeze_ended"


async def test_civil_procedure_253_transfers_together_never_exceed_what_is_held(desk: Desk) -> None:
    freeze = await desk.frozen("BANK-ZC", an_account(), "50000.00")
    orders = []
    for amount in ("30000.00", "30000.00"):
        body = desk.signed("ruling", "enforcement_notice", amount=amount, account=COURT_ACCOUNT)
        orders.append((await desk.court.post(f"/v1/freezes/{freeze.id}/transfers", json=body)).json()["id"])
    assert (await desk.decide(orders[0])).status_code == 200
    second = await desk.decide(orders[1])
    assert second.json()["code"] == "amount_beyond_held"
    assert second.json()["errors"][0]["en"] == "at most 20000.00"


async def test_civil_procedure_253_a_payment_lowers_what_may_be_transferred(desk: Desk) -> None:
    freeze = await desk.frozen("BANK-ZC", an_account(), "50000.00")
    body = desk.signed("ruling", "enforcement_notice", amount="50000.00", account=COURT_ACCOUNT)
    drafted = await desk.court.post(f"/v1/freezes/{freeze.id}/transfers", json=body)
    paid = {
        "officer": OFFICER,
        "kind": "payment",
        "amount": "40000.00",
        "booked_on": "2026-11-24",
        "note": "给付",
    }
    await desk.court.post(desk.at("/claim-entries"), json=paid)
    assert (await desk.decide(drafted.json()["id"])).json()["code"] == "amount_exceeds_claim"

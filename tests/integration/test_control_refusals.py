"""What may not be ordered, each with the rule that forbids it; nothing is changed by asking."""

from typing import Any

import pytest
from sqlalchemy import func, select

from app.adapters.police.assets import IdentityRecord
from app.clock import ManualClock
from app.measures.words import State
from app.models import Order
from app.vocabulary import AccountNature, AuditAction, HolderRole
from tests.integration.conftest import OFFICER, Office
from tests.integration.control_desk import (
    APPROVER,
    COURT_ACCOUNT,
    NEEDS,
    Desk,
    a_house,
    a_wage_account,
    an_account,
    furnish,
    paper,
    report,
)
from tests.integration.test_api_cases import entries


@pytest.fixture
async def desk(office: Office, clock: ManualClock) -> Desk:
    return await furnish(office, clock)


async def measures(desk: Desk) -> int:
    async with desk.office.hub.sessions() as session:
        return (
            await session.scalar(select(func.count()).select_from(Order).where(Order.content.is_not(None)))
            or 0
        )


def found_wrong(answer: Any) -> tuple[int, str, str]:
    problem = answer.json()
    return answer.status_code, problem["code"], problem["errors"][0]["field"] if problem["errors"] else ""


async def test_sums_that_cannot_be_ordered(desk: Desk) -> None:
    (asset_id,) = await desk.found("BANK-ZC", an_account())
    for limit in ("0", "0.00", "-1.00", "100.001", "1e3", "NaN", "85,000.00", ""):
        answer = await desk.draft({"asset_id": asset_id, "limit": limit})
        assert found_wrong(answer) == (422, "invalid_body", "/things/0/limit"), limit
    answer = await desk.draft({"asset_id": asset_id, "limit": 100})
    assert found_wrong(answer) == (422, "invalid_body", "/things/0/limit")  # a number is no exact sum
    answer = await desk.draft({"asset_id": asset_id, "limit": "85000.01"})
    assert found_wrong(answer) == (422, "amount_exceeds_claim", "/things")
    answer = await desk.draft({"asset_id": asset_id, "limit": "1.00"}, currency="USD")
    assert found_wrong(answer) == (422, "invalid_body", "/currency")
    assert await measures(desk) == 0


async def test_a_limit_in_yuan_on_a_foreign_account(desk: Desk) -> None:
    (asset_id,) = await desk.found("BANK-ZC", an_account(currency="USD"))
    answer = await desk.draft({"asset_id": asset_id, "limit": "1.00"})
    assert found_wrong(answer) == (422, "amount_invalid", "/things/0/limit")
    assert (await desk.draft({"asset_id": asset_id})).status_code == 202


async def test_2013_rules_7_a_thing_of_another_is_never_touched(desk: Desk) -> None:
    (mine, signed_for) = await desk.found(
        "BANK-ZC",
        an_account(),
        an_account("6217000000000000002", holder_role=HolderRole.SIGNATORY),
    )
    answer = await desk.draft({"asset_id": signed_for, "limit": "1.00"})
    assert found_wrong(answer) == (422, "not_freezable", "/things/0/asset_id")
    other_case = (
        await desk.court.post(
            "/v1/cases",
            json={
                "case_number": "（2026）豫1424执77号",
                "cause": "买卖合同纠纷",
                "legal_basis": "判决",
                "claim_amount": "9.00",
                "officer": OFFICER,
                "opened_on": "2026-01-05",
            },
        )
    ).json()
    body = desk.signed("ruling", "freeze_notice", case_id=other_case["id"], things=[{"asset_id": mine}])
    answer = await desk.court.post("/v1/freeze-orders", json=body)
    assert found_wrong(answer) == (422, "document_unknown", "/documents")  # papers of another case
    unknown = await desk.draft({"asset_id": desk.debtor_id, "limit": "1.00"})
    assert found_wrong(unknown) == (422, "asset_unknown", "/things/0/asset_id")


async def test_information_is_not_property(desk: Desk) -> None:
    (record,) = await desk.found(
        "BANK-ZC",
        IdentityRecord(name="谢成林", certificate_number="11010519491231002X"),
    )
    answer = await desk.draft({"asset_id": record})
    assert found_wrong(answer) == (422, "not_freezable", "/things/0/asset_id")


async def test_a_thing_is_listed_once(desk: Desk) -> None:
    (asset_id,) = await desk.found("BANK-ZC", an_account())
    answer = await desk.draft(
        {"asset_id": asset_id, "limit": "1.00"}, {"asset_id": asset_id, "limit": "2.00"}
    )
    assert found_wrong(answer) == (422, "invalid_body", "/things/1/asset_id")


async def test_a_registry_of_houses_cannot_look_up_and_freeze_money(desk: Desk) -> None:
    wanted = {"debtor_id": desk.debtor_id, "limit": "40000.00"}
    answer = await desk.draft(query_and_freeze=[{**wanted, "agencies": {"codes": ["LAND-ZC"]}}])
    assert found_wrong(answer) == (422, "agency_incapable", "/query_and_freeze/0/agencies")
    everywhere = await desk.draft(query_and_freeze=[wanted])
    ordered = (await desk.court.get(everywhere.headers["location"])).json()["ordered"]
    assert [part["agency_code"] for part in ordered] == ["BANK-SQ", "BANK-ZC"]


async def test_a_creditor_is_no_debtor(desk: Desk) -> None:
    creditor = desk.case["parties"][1]["id"]
    answer = await desk.draft(query_and_freeze=[{"debtor_id": creditor, "limit": "1.00"}])
    assert found_wrong(answer) == (422, "not_a_debtor", "/query_and_freeze/0/debtor_id")


@pytest.mark.parametrize(
    ("nature", "source"),
    [
        (AccountNature.SOCIAL_INSURANCE, "社会保险法 §64"),
        (AccountNature.MIGRANT_WORKERS_WAGE, "保障农民工工资支付条例 §33"),
        (AccountNature.SUBSISTENCE, "查扣冻规定 §3(2)"),
        (AccountNature.HOUSING_FUND, "住房公积金管理条例 §5, §24"),
    ],
)
async def test_exempt_accounts_are_protected_before_the_freeze_bites(
    desk: Desk, nature: AccountNature, source: str
) -> None:
    (asset_id,) = await desk.found("BANK-ZC", an_account(nature=nature))
    answer = await desk.draft({"asset_id": asset_id, "limit": "1.00"})
    assert found_wrong(answer) == (422, "funds_exempt", "/things/0")
    assert source in answer.json()["errors"][0]["zh"]


async def test_migrant_workers_regulation_33_lets_those_very_wages_through(desk: Desk) -> None:
    (asset_id,) = await desk.found("BANK-ZC", an_account(nature=AccountNature.MIGRANT_WORKERS_WAGE))
    needs = {**NEEDS, "claim_is_for_those_wages": True}
    answer = await desk.draft({"asset_id": asset_id, "limit": "1.00"}, circumstances=needs)
    assert answer.status_code == 202, answer.text


async def test_a_margin_deposit_may_be_frozen_and_not_taken_while_it_secures_a_claim(desk: Desk) -> None:
    """法释〔1997〕4号 §1."""
    freeze = await desk.frozen("BANK-ZC", an_account(nature=AccountNature.DEPOSIT), "50000.00")
    body = desk.signed("ruling", "enforcement_notice", amount="1.00", account=COURT_ACCOUNT)
    answer = await desk.court.post(f"/v1/freezes/{freeze.id}/transfers", json=body)
    assert found_wrong(answer)[:2] == (422, "funds_exempt")
    await desk.found("BANK-ZC", an_account())  # reported again, and it secures nothing any more
    assert (await desk.court.post(f"/v1/freezes/{freeze.id}/transfers", json=body)).status_code == 202


async def test_civil_procedure_254_living_cost_stays_free_of_wages(desk: Desk) -> None:
    (wages,) = await desk.found("BANK-ZC", a_wage_account(money="3000.00"))
    unsaid = await desk.draft({"asset_id": wages, "limit": "3000.00"})
    assert found_wrong(unsaid) == (422, "funds_exempt", "/things/0")
    family = {"monthly_standard": "700.00", "persons": 3}
    for limit in ("900.01", None):
        answer = await desk.draft({"asset_id": wages, "limit": limit}, circumstances=family)
        assert found_wrong(answer) == (422, "funds_exempt", "/things/0")
        assert "900.00" in answer.json()["errors"][0]["zh"]
    assert (await desk.draft({"asset_id": wages, "limit": "900.00"}, circumstances=family)).status_code == 202


async def test_seizure_3_the_living_cost_is_reckoned_once_over_all_income(desk: Desk) -> None:
    one, other = await desk.found(
        "BANK-ZC", a_wage_account("6217000000000000008", "1000.00"), a_wage_account(money="3000.00")
    )
    both = [{"asset_id": one, "limit": "1000.00"}, {"asset_id": other, "limit": "2300.00"}]
    assert (await desk.draft(*both, circumstances=NEEDS)).status_code == 202
    both[1]["limit"] = "2300.01"
    assert (await desk.draft(*both, circumstances=NEEDS)).json()["code"] == "funds_exempt"


async def test_a_closed_case_binds_nothing(desk: Desk) -> None:
    (asset_id,) = await desk.found("BANK-ZC", an_account())
    await desk.court.post(desk.at("/closure"), json={"reason": "履行完毕"})
    answer = await desk.draft({"asset_id": asset_id, "limit": "1.00"})
    assert found_wrong(answer)[:2] == (409, "case_closed")
    refused = await entries(desk.office, AuditAction.ORDER_REFUSED)
    assert refused[-1].case_number == desk.case["case_number"]


async def test_2013_rules_3_ruling_and_notice_are_both_needed_in_force_and_of_one_sum(desk: Desk) -> None:
    (asset_id,) = await desk.found("BANK-ZC", an_account())
    thing = {"asset_id": asset_id, "limit": "1.00"}

    async def with_papers(*ids: str) -> tuple[int, str, str]:
        return found_wrong(await desk.draft(thing, documents=list(ids)))

    notice = desk.papers["freeze_notice"]
    assert await with_papers(notice) == (422, "document_missing", "/documents")
    assert await with_papers(desk.papers["ruling"]) == (422, "document_missing", "/documents")
    assert (await desk.draft(thing, documents=[])).json()["code"] == "invalid_body"
    expired = (await paper(desk, "ruling", valid_until="2026-11-23")).json()["id"]
    assert await with_papers(expired, notice) == (422, "document_expired", "/documents")
    of_sum = [
        (await paper(desk, kind, amount=amount)).json()["id"]
        for kind, amount in (("ruling", "85000.00"), ("freeze_notice", "58000.00"))
    ]
    assert await with_papers(*of_sum) == (422, "document_sums_differ", "/documents")


async def test_a_paper_that_expired_since_does_not_carry_the_approval(desk: Desk) -> None:
    (asset_id,) = await desk.found("BANK-ZC", an_account())
    ruling = (await paper(desk, "ruling", valid_until="2026-11-24")).json()["id"]
    drafted = await desk.draft(
        {"asset_id": asset_id, "limit": "1.00"}, documents=[ruling, desk.papers["freeze_notice"]]
    )
    assert drafted.status_code == 202
    await desk.pass_until(desk.clock.now().replace(hour=16))  # midnight in China
    assert (await desk.decide(drafted.json()["id"])).json()["code"] == "document_expired"


async def test_maker_and_approver_are_two_people(desk: Desk) -> None:
    (asset_id,) = await desk.found("BANK-ZC", an_account())
    thing = {"asset_id": asset_id, "limit": "1.00"}
    order_id = (await desk.draft(thing)).json()["id"]
    assert found_wrong(await desk.decide(order_id, officer=OFFICER)) == (403, "approver_needed", "/officer")
    own = (await desk.draft(thing, officer=APPROVER)).json()["id"]
    assert found_wrong(await desk.decide(own)) == (409, "same_officer", "/officer")


async def test_interpretation_485_no_term_beyond_the_legal_maximum(desk: Desk) -> None:
    (asset_id,) = await desk.found("BANK-ZC", an_account())
    (house,) = await desk.found("LAND-ZC", a_house())
    for asset, term in ((asset_id, {"years": 1, "days": 1}), (house, {"years": 3, "days": 1})):
        answer = await desk.draft({"asset_id": asset, "term": term})
        assert found_wrong(answer) == (422, "term_too_long", "/things/0/term")


async def test_seizure_27_what_has_lapsed_can_be_neither_renewed_nor_released(desk: Desk) -> None:
    account = an_account()
    freeze = await desk.frozen("BANK-ZC", account, "50000.00")
    now = desk.clock.now()
    await desk.notice(freeze, "lapsed", report(account, now, state=State.LAPSED, rank=None, limit="50000.00"))
    renewal = await desk.court.post(
        f"/v1/freezes/{freeze.id}/renewals", json=desk.signed("ruling", "freeze_notice")
    )
    assert found_wrong(renewal)[:2] == (409, "freeze_ended")
    assert "§27" in renewal.json()["errors"][0]["en"]
    release = await desk.court.post(
        f"/v1/freezes/{freeze.id}/release", json=desk.signed("ruling", "release_notice", reason="已履行")
    )
    assert found_wrong(release)[:2] == (409, "freeze_ended")


async def test_what_is_not_frozen_cannot_be_released(desk: Desk) -> None:
    body = desk.signed("ruling", "release_notice", reason="已履行")
    answer = await desk.court.post(f"/v1/freezes/{desk.debtor_id}/release", json=body)
    assert found_wrong(answer)[:2] == (404, "freeze_unknown")
    freeze = await desk.frozen("BANK-ZC", an_account(), "50000.00")
    beyond = await desk.court.post(f"/v1/freezes/{freeze.id}/release", json={**body, "amount": "50000.00"})
    assert found_wrong(beyond) == (422, "amount_invalid", "/amount")


async def test_civil_procedure_253_no_transfer_beyond_what_is_in_force_or_owed(desk: Desk) -> None:
    account = an_account(money="90000.00")
    (asset_id,) = await desk.found("BANK-ZC", account)
    (freeze,) = await desk.ordered({"asset_id": asset_id, "limit": "85000.00"})

    async def transfer(amount: str) -> tuple[int, str, str]:
        body = desk.signed("ruling", "enforcement_notice", amount=amount, account=COURT_ACCOUNT)
        return found_wrong(await desk.court.post(f"/v1/freezes/{freeze.id}/transfers", json=body))

    assert (await transfer("1.00"))[:2] == (409, "freeze_not_in_force")
    await desk.in_force(freeze, account, "85000.00", "80000.00")
    assert await transfer("80000.01") == (422, "amount_beyond_held", "/amount")
    paid = {
        "officer": OFFICER,
        "kind": "payment",
        "amount": "50000.00",
        "booked_on": "2026-11-24",
        "note": "给付",
    }
    await desk.court.post(desk.at("/claim-entries"), json=paid)
    assert await transfer("35000.01") == (422, "amount_exceeds_claim", "/amount")

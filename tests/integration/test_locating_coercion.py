"""Detention at most fifteen days and once for an act; the referral for refusing to perform and what only its warrant allows."""

from datetime import timedelta
from typing import Any

import pytest

from app.clock import ManualClock
from app.models.locating import LocateState
from app.vocabulary import AuditAction, EventType
from tests.integration.conftest import OFFICER, Office
from tests.integration.control_desk import APPROVER
from tests.integration.locating_desk import LocatingDesk, furnish_locating
from tests.integration.test_api_cases import entries


@pytest.fixture
async def at(office: Office, clock: ManualClock) -> LocatingDesk:
    return await furnish_locating(office, clock)


def code_of(refused: Any) -> tuple[int, str]:
    return refused.status_code, refused.json()["code"]


async def detain(at: LocatingDesk, **changes: Any) -> Any:
    body = {
        "case_id": at.desk.case["id"],
        "debtor_id": at.desk.debtor_id,
        "officer": OFFICER,
        "approver": APPROVER,
        "act": "refusal_to_perform",
        "act_on": "2026-11-20",
        "documents": [at.desk.papers["detention_decision"]],
        "days": 15,
        "begins_at": at.now.isoformat(),
        **changes,
    }
    return await at.court.post("/v1/detentions", json=body)


async def refer(at: LocatingDesk, **changes: Any) -> Any:
    body = {
        "case_id": at.desk.case["id"],
        "debtor_id": at.desk.debtor_id,
        "officer": OFFICER,
        "route": "police",
        "body": "柘城县公安局",
        "filed_on": "2026-11-20",
        **changes,
    }
    return await at.court.post("/v1/referrals", json=body)


async def follow(at: LocatingDesk, referral: dict[str, Any], fate: str, **changes: Any) -> Any:
    body = {"officer": OFFICER, "fate": fate, "happened_on": "2026-11-24", **changes}
    return await at.court.post(f"/v1/referrals/{referral['id']}/fates", json=body)


async def kinds(at: LocatingDesk) -> list[str]:
    return sorted(task["kind"] for task in await at.desk.tasks())


# Detention --------------------------------------------------------------------------------------------------------


async def test_a_detention_lasts_fifteen_days_at_most(at: LocatingDesk) -> None:
    assert code_of(await detain(at, days=16)) == (422, "invalid_body")
    recorded = await detain(at)
    assert recorded.status_code == 201, recorded.text
    assert (await at.court.get(f"/v1/detentions/{recorded.json()['id']}")).json()["days"] == 15
    assert len(await entries(at.office, AuditAction.DETENTIONS_READ)) == 1


async def test_nobody_is_detained_twice_for_the_same_act(at: LocatingDesk) -> None:
    assert (await detain(at, days=5)).status_code == 201
    assert code_of(await detain(at, days=5)) == (409, "detention_repeated")
    assert (await detain(at, act_on="2026-11-22")).status_code == 201, "a new act is another matter"


async def test_a_missing_report_needs_the_order_to_report(at: LocatingDesk) -> None:
    assert code_of(await detain(at, act="no_property_report")) == (422, "document_missing")
    papers = [at.desk.papers["detention_decision"], at.desk.papers["property_report_order"]]
    assert (await detain(at, act="no_property_report", documents=papers)).status_code == 201


async def test_a_detention_needs_a_second_officer_and_an_act_before_it(at: LocatingDesk) -> None:
    assert code_of(await detain(at, approver=OFFICER)) == (403, "approver_needed")
    assert code_of(await detain(at, officer=APPROVER)) == (409, "same_officer")
    assert code_of(await detain(at, act_on="2026-11-30")) == (422, "invalid_body")
    assert code_of(await detain(at, debtor_id=at.desk.case["parties"][1]["id"])) == (422, "not_a_debtor")


async def test_the_family_is_told_within_a_day(at: LocatingDesk) -> None:
    detention = (await detain(at)).json()
    path = f"/v1/detentions/{detention['id']}/family-notice"
    assert await kinds(at) == ["notify_family"]
    await at.wait(hours=24)
    told = [event["what"] for event in await at.desk.events(EventType.DETENTION_CHANGED)]
    assert told == ["recorded", "family_overdue"]
    notice = {"officer": OFFICER, "notified_at": at.now.isoformat()}
    early = {**notice, "notified_at": (at.now - timedelta(days=3)).isoformat()}
    assert code_of(await at.court.post(path, json=early)) == (422, "invalid_body")
    assert (await at.court.post(path, json=notice)).status_code == 201
    assert code_of(await at.court.post(path, json=notice)) == (409, "state_forbids")
    assert await kinds(at) == []


async def test_a_detention_ends_with_its_days(at: LocatingDesk) -> None:
    detention = (await detain(at, days=3)).json()
    notice = {"officer": OFFICER, "notified_at": at.now.isoformat()}
    await at.court.post(f"/v1/detentions/{detention['id']}/family-notice", json=notice)
    await at.wait(days=2)
    assert await kinds(at) == ["detention_ending"]
    await at.wait(days=1)
    (listed,) = (await at.court.get("/v1/detentions")).json()["items"]
    assert listed["ending"] == "served"
    assert await kinds(at) == []


async def test_a_clock_that_slept_still_records_everything(at: LocatingDesk) -> None:
    await detain(at, days=3)
    await at.wait(days=30)
    told = [event["what"] for event in await at.desk.events(EventType.DETENTION_CHANGED)]
    assert told == ["recorded", "family_overdue", "served"]


async def test_a_detention_ends_early_for_a_reason(at: LocatingDesk) -> None:
    detention = (await detain(at)).json()
    path = f"/v1/detentions/{detention['id']}/end"
    await at.wait(hours=1)
    end = {"officer": OFFICER, "ending": "early", "ended_at": at.now.isoformat(), "note": "承认错误并履行"}
    assert code_of(await at.court.post(path, json={**end, "ending": "served"})) == (422, "invalid_body")
    assert (await at.court.post(path, json=end)).json()["ending"] == "early"
    assert code_of(await at.court.post(path, json=end)) == (409, "state_forbids")


async def test_who_was_handed_over_is_detained_on_that_hand_over(at: LocatingDesk) -> None:
    locate_id = await at.active()
    _, custody = await at.held(locate_id)
    assert code_of(await detain(at, custody_id=str(custody.id))) == (409, "state_forbids")
    taken = {"officer": OFFICER, "taken_over_at": at.now.isoformat(), "place": "伊犁"}
    await at.court.post(f"/v1/custodies/{custody.id}/hand-over", json=taken)
    assert (await detain(at, custody_id=str(custody.id))).status_code == 201


async def test_who_is_detained_is_not_looked_for_on_the_same_decision_any_more(at: LocatingDesk) -> None:
    """He came by himself: no hand-over ends the request, and after his days he must not be arrested again."""
    locate_id = await at.active()
    assert (await detain(at)).status_code == 201
    locate = await at.locate(locate_id)
    assert (locate.state, locate.end_reason) == (LocateState.RECALLING, "located")
    drafted = await at.draft()
    assert drafted.status_code == 202, drafted.text
    assert code_of(await at.decide(drafted.json()["id"])) == (409, "ground_gone")


# Referral ---------------------------------------------------------------------------------------------------------


async def test_the_fate_of_a_referral_is_kept_step_by_step(at: LocatingDesk) -> None:
    referral = (await refer(at)).json()
    assert referral["fate"] == "filed"
    assert code_of(await follow(at, referral, "sentenced")) == (409, "state_forbids")
    for fate in ("accepted", "prosecuted"):
        assert (
            await follow(at, referral, fate, criminal_case_number="（2026）豫1424刑初1号")
        ).status_code == 201
    sentenced = await follow(at, referral, "sentenced", note="有期徒刑六个月")
    assert [step["fate"] for step in sentenced.json()["steps"]] == [
        "filed",
        "accepted",
        "prosecuted",
        "sentenced",
    ]
    assert code_of(await follow(at, referral, "acquitted")) == (409, "state_forbids")
    await at.court.get(f"/v1/referrals/{referral['id']}")
    assert len(await entries(at.office, AuditAction.REFERRALS_READ)) == 1


async def test_a_private_prosecution_needs_a_referral_that_was_declined(at: LocatingDesk) -> None:
    private = {"route": "private_prosecution", "body": "柘城县人民法院刑庭"}
    assert code_of(await refer(at, **private)) == (422, "reason_required")
    referral = (await refer(at)).json()
    assert code_of(await refer(at, **private, declined_referral_id=referral["id"])) == (
        422,
        "reason_required",
    )
    await follow(at, referral, "declined")
    assert (await refer(at, **private, declined_referral_id=referral["id"])).status_code == 201


async def test_a_referral_is_not_of_tomorrow(at: LocatingDesk) -> None:
    assert code_of(await refer(at, filed_on="2026-11-25")) == (422, "invalid_body")


def pursuit(at: LocatingDesk) -> dict[str, Any]:
    papers = [at.desk.papers["criminal_warrant"], at.desk.papers["enforcement_notice"]]
    return {"ground": "criminal_warrant", "action": "online_pursuit", "documents": papers}


async def test_only_a_criminal_warrant_on_record_allows_an_online_pursuit(at: LocatingDesk) -> None:
    assert code_of(await at.draft(**pursuit(at))) == (422, "ground_forbids")
    referral = (await refer(at)).json()
    await follow(at, referral, "accepted")
    assert code_of(await at.draft(**pursuit(at))) == (422, "ground_forbids")
    wrong = at.desk.papers["summons"]
    assert code_of(await follow(at, referral, "warrant_issued", warrant=wrong)) == (
        422,
        "document_wrong_kind",
    )
    warrant = at.desk.papers["criminal_warrant"]
    assert (await follow(at, referral, "warrant_issued", warrant=warrant)).status_code == 201
    locate_id = await at.active(**pursuit(at))
    assert (await at.locate(locate_id)).state is LocateState.LIVE


async def test_when_the_warrant_is_withdrawn_the_pursuit_ends(at: LocatingDesk) -> None:
    referral = (await refer(at)).json()
    await follow(at, referral, "accepted")
    await follow(at, referral, "warrant_issued", warrant=at.desk.papers["criminal_warrant"])
    locate_id = await at.active(**pursuit(at))
    await follow(at, referral, "warrant_withdrawn")
    locate = await at.locate(locate_id)
    assert (locate.state, locate.end_reason) == (LocateState.RECALLING, "cleared")

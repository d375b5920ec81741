"""Asking to look out: on which ground, for whom, for how long, signed by whom, and to whom it goes."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.adapters.contract import LawfulRefusal
from app.adapters.locating import LocateContent
from app.clock import ManualClock
from app.linkage.control.contents import open_look_out
from app.models.locating import EntryState, LocateState
from app.models.outbox import Priority
from app.vocabulary import AnswerState, AuditAction, EventType, OrderKind, RefusalReason
from tests.integration.conftest import OFFICER, OTHER_OFFICER, Office
from tests.integration.control_desk import paper
from tests.integration.locating_desk import LocatingDesk, furnish_locating, sealed_car
from tests.integration.test_api_cases import entries


@pytest.fixture
async def at(office: Office, clock: ManualClock) -> LocatingDesk:
    return await furnish_locating(office, clock)


def code_of(refused: Any) -> tuple[int, str]:
    return refused.status_code, refused.json()["code"]


async def test_nothing_is_sent_before_a_second_officer_has_approved(at: LocatingDesk) -> None:
    drafted = await at.draft()
    assert (drafted.status_code, drafted.json()["state"]) == (202, "awaiting_approval")
    locate_id = drafted.json()["id"]
    assert not await at.entries(locate_id)
    assert code_of(await at.decide(locate_id, officer=OFFICER)) == (403, "approver_needed")
    decided = await at.decide(locate_id)
    assert (decided.status_code, decided.json()["state"]) == (200, "live")
    assert [entry["agency_code"] for entry in decided.json()["entries"]] == ["POLICE-AKS", "POLICE-YL"]
    assert code_of(await at.decide(locate_id)) == (409, "state_forbids")


async def test_a_refused_draft_is_never_sent(at: LocatingDesk) -> None:
    locate_id = (await at.draft()).json()["id"]
    assert code_of(await at.decide(locate_id, approve=False)) == (422, "reason_required")
    refused = await at.decide(locate_id, approve=False, note="依据不足")
    assert refused.json()["state"] == "rejected"
    assert not await at.entries(locate_id)


async def test_an_urgent_request_goes_before_all_else_in_its_lane(at: LocatingDesk) -> None:
    urgent, routine = await at.live(), None
    for entry in await at.entries(urgent):
        item = await at.item(entry.request_id)
        assert item is not None
        assert item.priority == Priority.URGENT
    await at.recall(urgent)
    await at.strike()
    routine = await at.live(urgency="routine")
    item = await at.item((await at.entries(routine))[0].request_id)
    assert item is not None
    assert item.priority == Priority.NORMAL


async def test_every_holder_is_told_the_ground_its_number_and_whom_to_call(at: LocatingDesk) -> None:
    locate_id = await at.live(phones=["13800000000"], note="曾在棉花场务工")
    for entry in await at.entries(locate_id):
        request = await at.request(entry.request_id)
        assert request.content is not None
        content = open_look_out(at.office.hub.keys.vault, OrderKind.LOCATE, request.content)
        assert isinstance(content, LocateContent)
        assert (content.ground_number, content.duty_phone) == ("（2018）豫1424执1352号之一", "0370-7210110")
        assert (content.last_known_places, content.phones) == (("新疆阿克苏地区",), ("13800000000",))


async def test_a_holder_accepts_enters_or_refuses_with_a_reason(at: LocatingDesk) -> None:
    locate_id = await at.live()
    first, second = await at.entries(locate_id)
    await at.acknowledge(first.request_id)
    assert (await at.entries(locate_id))[0].state is EntryState.ACCEPTED
    await at.answer(first.request_id)
    await at.answer(second.request_id, AnswerState.NOT_EXECUTED, remark="手续不全")
    assert [entry.state for entry in await at.entries(locate_id)] == [EntryState.ACTIVE, EntryState.REFUSED]
    assert (await at.locate(locate_id)).state is LocateState.LIVE
    changed = await at.desk.events(EventType.ENTRY_CHANGED)
    assert [event["entry_state"] for event in changed] == ["accepted", "active", "refused"]


async def test_the_court_reads_why_a_holder_does_not_look_out(at: LocatingDesk) -> None:
    locate_id = await at.live()
    first, second = await at.entries(locate_id)
    refusal = LawfulRefusal(RefusalReason.DOCUMENT_MISSING, "缺少拘留决定书")
    await at.answer(first.request_id, AnswerState.REFUSED, refusal=refusal)
    await at.answer(second.request_id, AnswerState.NOT_EXECUTED, remark="系统维护")
    told = [
        (entry["agency_code"], entry["state"], entry["refusal_reason"], entry["refusal_remark"])
        for entry in (await at.read(locate_id))["entries"]
    ]
    assert told == [
        ("POLICE-AKS", "refused", "document_missing", "缺少拘留决定书"),
        ("POLICE-YL", "refused", None, "系统维护"),
    ]


async def test_when_all_refuse_nobody_looks_out(at: LocatingDesk) -> None:
    locate_id = await at.live()
    for entry in await at.entries(locate_id):
        await at.answer(entry.request_id, AnswerState.NOT_EXECUTED, remark="手续不全")
    assert (await at.locate(locate_id)).state is LocateState.REFUSED


# The ground -------------------------------------------------------------------------------------------------------


async def test_without_a_ground_nobody_is_looked_for(at: LocatingDesk) -> None:
    body = at.demand()
    del body["ground"]
    refused = await at.court.post("/v1/locate-requests", json=body)
    assert code_of(refused) == (422, "invalid_body")


async def test_the_paper_of_the_ground_is_required(at: LocatingDesk) -> None:
    papers = at.desk.papers
    for kinds in (("detention_decision",), ("enforcement_notice",), ("summons", "enforcement_notice")):
        refused = await at.draft(documents=[papers[kind] for kind in kinds])
        assert code_of(refused) == (422, "document_missing")


async def test_an_expired_decision_is_no_ground(at: LocatingDesk) -> None:
    old = (await paper(at.desk, "detention_decision", valid_until="2026-11-23")).json()["id"]
    refused = await at.draft(documents=[old, at.desk.papers["enforcement_notice"]])
    assert code_of(refused) == (422, "document_expired")


@pytest.mark.parametrize(
    ("ground", "action"),
    [
        ("detention_decision", "online_pursuit"),
        ("summons_by_force", "online_pursuit"),
        ("seizure_ruling", "report_only"),
        ("seizure_ruling", "hold_and_notify"),
    ],
)
async def test_a_mere_debtor_is_not_pursued_online_nor_looked_for_by_a_seizure_ruling(
    at: LocatingDesk, ground: str, action: str
) -> None:
    assert code_of(await at.draft(ground=ground, action=action)) == (422, "ground_forbids")


async def test_a_summons_by_force_allows_to_hold(at: LocatingDesk) -> None:
    papers = [at.desk.papers["summons"], at.desk.papers["enforcement_notice"]]
    drafted = await at.draft(ground="summons_by_force", documents=papers)
    assert drafted.status_code == 202


async def test_validity_ends_ahead_and_within_three_months(at: LocatingDesk) -> None:
    async def until(**ahead: float) -> tuple[int, str]:
        return code_of(await at.draft(valid_until=(at.now + timedelta(**ahead)).isoformat()))

    assert await until(days=93) == (422, "term_too_long")
    assert await until(days=-1) == (422, "invalid_body")
    assert (await at.draft(valid_until=(at.now + timedelta(days=92)).isoformat())).status_code == 202


async def test_only_a_debtor_of_the_case_is_looked_for(at: LocatingDesk) -> None:
    creditor = at.desk.case["parties"][1]["id"]
    assert code_of(await at.draft(debtor_id=creditor)) == (422, "not_a_debtor")
    recorded = await entries(at.office, AuditAction.ORDER_REFUSED)
    assert recorded, "a refused attempt to look for somebody is recorded"


async def test_only_who_can_meet_him_and_takes_recalls_is_asked(at: LocatingDesk) -> None:
    refused = await at.draft(agencies={"codes": ["BANK-ZC"]})
    assert code_of(refused) == (422, "agency_incapable")
    change = {"capabilities": ["asset_query", "locate"]}
    await at.office.administrator.patch("/v1/agencies/POLICE-AKS", json=change)
    assert code_of(await at.draft()) == (422, "agency_incapable")


async def test_an_officer_of_another_court_orders_nothing(at: LocatingDesk) -> None:
    assert code_of(await at.draft(officer=OTHER_OFFICER)) == (403, "officer_not_of_court")


async def test_another_courts_request_answers_like_one_that_does_not_exist(at: LocatingDesk) -> None:
    locate_id = await at.live()
    for method, path in (("GET", ""), ("POST", "/recall"), ("POST", "/validations"), ("POST", "/decision")):
        body = {"officer": OTHER_OFFICER, "note": "x", "reason": "cleared", "approve": True}
        if path == "/validations":
            del body["reason"], body["approve"]
        elif path == "/recall":
            del body["approve"]
        elif path == "/decision":
            del body["reason"]
        answer = await at.office.other_court.request(
            method, f"/v1/locate-requests/{locate_id}{path}", json=body if method == "POST" else None
        )
        assert code_of(answer) == (404, "locate_request_unknown")


async def test_a_person_is_looked_for_once_unless_the_new_request_supersedes(at: LocatingDesk) -> None:
    first = await at.active()
    assert code_of(await at.draft()) == (409, "conflict")
    assert code_of(await at.draft(supersedes=str(UUID(int=7)))) == (404, "locate_request_unknown")
    second = await at.live(supersedes=first)
    assert (await at.locate(second)).state is LocateState.LIVE
    before = await at.locate(first)
    assert (before.state, before.end_reason) == (LocateState.RECALLING, "superseded")


async def test_a_ground_that_fell_away_since_the_draft_is_not_approved(at: LocatingDesk) -> None:
    locate_id = (await at.draft()).json()["id"]
    assert (await at.pay()).status_code == 201
    assert code_of(await at.decide(locate_id)) == (409, "ground_gone")


async def test_every_look_is_recorded(at: LocatingDesk) -> None:
    locate_id = await at.live()
    await at.read(locate_id)
    recorded = await entries(at.office, AuditAction.LOCATES_READ)
    assert len(recorded) == 1


# Vehicles ---------------------------------------------------------------------------------------------------------


def for_the_car(at: LocatingDesk, freeze_id: str, **changes: Any) -> dict[str, Any]:
    papers = [at.desk.papers["ruling"], at.desk.papers["enforcement_notice"]]
    return {
        "ground": "seizure_ruling",
        "documents": papers,
        "freeze_id": freeze_id,
        "agencies": {"codes": ["POLICE-AKS", "CAR-ZC"]},
        **changes,
    }


async def test_a_car_is_looked_for_under_the_seal_of_this_case(at: LocatingDesk) -> None:
    freeze_id = await sealed_car(at)
    locate_id = await at.live(**for_the_car(at, freeze_id))
    view = await at.read(locate_id)
    assert (view["wanted"], view["freeze_id"]) == ("vehicle", freeze_id)
    request = await at.request((await at.entries(locate_id))[0].request_id)
    assert request.content is not None
    content = open_look_out(at.office.hub.keys.vault, OrderKind.LOCATE, request.content)
    assert isinstance(content, LocateContent)
    assert content.vehicle is not None
    assert (content.vehicle.plate_number, content.vehicle.vin) == ("豫N00001", "LSVAU2180N2000001")


async def test_a_car_that_this_case_has_not_sealed_is_not_stopped(at: LocatingDesk) -> None:
    refused = await at.draft(**for_the_car(at, str(UUID(int=7))))
    assert code_of(refused) == (422, "vehicle_not_sealed")


async def test_the_traffic_police_look_for_no_people(at: LocatingDesk) -> None:
    assert code_of(await at.draft(agencies={"codes": ["CAR-ZC"]})) == (422, "agency_incapable")


async def test_a_car_is_not_looked_for_beyond_its_seal(at: LocatingDesk) -> None:
    freeze_id = await sealed_car(at)
    far = (at.now + timedelta(days=366)).isoformat()
    refused = await at.draft(**for_the_car(at, freeze_id, valid_until=far))
    assert code_of(refused) == (422, "term_too_long")


async def test_when_the_seal_is_lifted_the_car_is_not_looked_for(at: LocatingDesk) -> None:
    freeze_id = await sealed_car(at)
    locate_id = await at.active(**for_the_car(at, freeze_id))
    released = await at.court.post(
        f"/v1/freezes/{freeze_id}/release",
        json=at.desk.signed("ruling", "release_notice", reason="被执行人已提供担保"),
    )
    assert released.status_code == 202, released.text
    locate = await at.locate(locate_id)
    assert (locate.state, locate.end_reason) == (LocateState.RECALLING, "cleared")

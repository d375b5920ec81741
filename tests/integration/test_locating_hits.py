"""Sightings wait for a human word; nobody is shown as held on one that was not confirmed."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.adapters.locating import HitDecisionContent
from app.clock import ManualClock
from app.ids import new_id
from app.linkage.control.contents import open_look_out
from app.linkage.events import WEBHOOK
from app.linkage.messages import Fate
from app.models.locating import CustodyState, HitStage, HitState, LocateState
from app.models.outbox import OutboxItem, Priority
from app.vocabulary import AuditAction, CustodyStage, EventType, HitDecision, OrderKind
from tests.integration.conftest import OFFICER, OTHER_OFFICER, Office
from tests.integration.locating_desk import LocatingDesk, a_hit, furnish_locating
from tests.integration.test_api_cases import entries


@pytest.fixture
async def at(office: Office, clock: ManualClock) -> LocatingDesk:
    return await furnish_locating(office, clock)


def code_of(refused: Any) -> tuple[int, str]:
    return refused.status_code, refused.json()["code"]


async def kinds(at: LocatingDesk) -> list[str]:
    return sorted(task["kind"] for task in await at.desk.tasks())


# Sightings --------------------------------------------------------------------------------------------------------


async def test_a_hit_changes_nothing_and_is_told_at_once(at: LocatingDesk) -> None:
    locate_id = await at.active()
    _, hit = await at.sighted(locate_id)
    assert (hit.state, hit.due_at) == (HitState.OPEN, at.now + timedelta(minutes=10))
    assert (await at.locate(locate_id)).state is LocateState.LIVE
    assert not await at.custodies(locate_id)
    (told,) = await at.desk.events(EventType.HIT_REPORTED)
    assert (told["hit_id"], told["urgency"], told["action"]) == (str(hit.id), "urgent", "hold_and_notify")


async def test_a_hit_goes_to_the_court_ahead_of_everything_else(at: LocatingDesk) -> None:
    endpoint = await at.court.post("/v1/webhook-endpoints", json={"url": "http://127.0.0.1:9/events"})
    assert endpoint.status_code == 201, endpoint.text
    locate_id = await at.active()
    await at.sighted(locate_id)
    async with at.office.hub.sessions() as session:
        rows = await session.scalars(select(OutboxItem.priority).where(OutboxItem.kind == WEBHOOK))
        priorities = list(rows)
    assert priorities.count(Priority.URGENT) == 1
    assert Priority.NORMAL in priorities


async def test_an_event_names_no_place_and_nobody(at: LocatingDesk) -> None:
    locate_id = await at.active()
    await at.sighted(locate_id)
    (told,) = await at.desk.events(EventType.HIT_REPORTED)
    assert "阿克苏" not in str(told)


async def test_a_routine_hit_has_an_hour(at: LocatingDesk) -> None:
    locate_id = await at.active(urgency="routine")
    _, hit = await at.sighted(locate_id)
    assert hit.due_at == at.now + timedelta(hours=1)


async def test_the_place_is_shown_to_whoever_asks_for_it_and_the_look_is_recorded(at: LocatingDesk) -> None:
    locate_id = await at.active()
    _, hit = await at.sighted(locate_id)
    (listed,) = (await at.court.get("/v1/hits", params={"state": "open"})).json()["items"]
    assert "place" not in listed
    read = (await at.court.get(f"/v1/hits/{hit.id}")).json()
    assert (read["place"], read["reporter"], read["source"]) == ("阿克苏市某旅馆", "值班民警", "hotel")
    assert len(await entries(at.office, AuditAction.HITS_READ)) == 1
    assert code_of(await at.office.other_court.get(f"/v1/hits/{hit.id}")) == (404, "not_found")


@pytest.mark.parametrize(
    ("decision", "state"), [("confirmed", HitState.CONFIRMED), ("not_him", HitState.NOT_HIM)]
)
async def test_a_decision_is_sent_ahead_of_everything_else(
    at: LocatingDesk, decision: str, state: HitState
) -> None:
    locate_id = await at.active()
    entry, hit = await at.sighted(locate_id)
    judged = await at.judge(hit, decision)
    assert judged.status_code == 200, judged.text
    (hit,) = await at.hits(locate_id)
    assert (hit.state, hit.decided_by, hit.next_clock_at) == (state, OFFICER, None)
    request = await at.request(hit.decision_request_id)
    assert request.content is not None
    content = open_look_out(at.office.hub.keys.vault, OrderKind.HIT_DECISION, request.content)
    assert content == HitDecisionContent(entry.request_id, hit.agency_hit_id, HitDecision(decision), None)
    item = await at.item(request.id)
    assert item is not None
    assert item.priority == Priority.URGENT


async def test_a_hit_is_decided_once(at: LocatingDesk) -> None:
    locate_id = await at.active()
    _, hit = await at.sighted(locate_id)
    await at.judge(hit, "not_him")
    assert code_of(await at.judge(hit)) == (409, "state_forbids")


async def test_only_an_officer_of_the_same_court_confirms(at: LocatingDesk) -> None:
    locate_id = await at.active()
    _, hit = await at.sighted(locate_id)
    assert code_of(await at.judge(hit, officer=OTHER_OFFICER)) == (403, "officer_not_of_court")
    body = {"officer": OTHER_OFFICER, "decision": "confirmed"}
    foreign = await at.office.other_court.post(f"/v1/hits/{hit.id}/decision", json=body)
    assert code_of(foreign) == (404, "not_found")
    assert (await at.hits(locate_id))[0].state is HitState.OPEN
    refused = await entries(at.office, AuditAction.ORDER_REFUSED)
    assert refused, "who tries to confirm for another court is on record"


async def test_an_unanswered_hit_is_asked_again_and_then_goes_to_the_duty_desk_and_the_supervisor(
    at: LocatingDesk,
) -> None:
    locate_id = await at.active()
    await at.sighted(locate_id)
    await at.wait(minutes=9)
    assert await kinds(at) == []
    await at.wait(minutes=1)
    (hit,) = await at.hits(locate_id)
    assert (hit.stage, await kinds(at)) == (HitStage.ASKED_AGAIN, ["hit_waiting"])
    await at.wait(minutes=10)
    (hit,) = await at.hits(locate_id)
    assert (hit.stage, hit.next_clock_at) == (HitStage.ESCALATED, None)
    assert await kinds(at) == ["hit_escalated", "hit_escalated", "hit_waiting"]
    assert len(await at.desk.events(EventType.HIT_ASKED_AGAIN)) == 1
    assert len(await at.desk.events(EventType.HIT_ESCALATED)) == 1
    await at.judge(hit)
    assert await kinds(at) == []


async def test_more_minutes_start_the_clock_anew(at: LocatingDesk) -> None:
    locate_id = await at.active()
    _, hit = await at.sighted(locate_id)
    assert code_of(await at.judge(hit, "more_time")) == (422, "invalid_body")
    assert (await at.judge(hit, "more_time", minutes_needed=30)).status_code == 200
    await at.wait(minutes=29)
    (hit,) = await at.hits(locate_id)
    assert (hit.state, hit.stage) == (HitState.MORE_TIME, HitStage.ASKED)
    await at.wait(minutes=1)
    assert (await at.hits(locate_id))[0].stage is HitStage.ASKED_AGAIN
    assert (await at.judge(hit, "more_time", minutes_needed=5)).status_code == 200
    assert (await at.judge(hit)).status_code == 200


async def test_a_repeated_hit_is_one_hit_and_another_story_goes_to_a_person(at: LocatingDesk) -> None:
    locate_id = await at.active()
    entry, hit = await at.sighted(locate_id)
    seen = {"hit_id": hit.agency_hit_id, "seen_at": hit.seen_at}
    assert await at.hit(entry, **seen) is Fate.APPLIED
    assert await at.hit(entry, **seen, place="伊犁某牧场") is Fate.CONTRADICTING
    assert len(await at.hits(locate_id)) == 1
    assert await kinds(at) == ["look_out_contradicted"]
    read = (await at.court.get(f"/v1/hits/{hit.id}")).json()
    assert read["place"] == "阿克苏市某旅馆"


async def test_a_hit_in_the_future_is_parked(at: LocatingDesk) -> None:
    locate_id = await at.active()
    entry = (await at.entries(locate_id))[0]
    assert await at.hit(entry, seen_at=at.now + timedelta(hours=1)) is Fate.CONTRADICTING
    (hit,) = await at.hits(locate_id)
    assert (hit.state, hit.parked_because) == (HitState.PARKED, "in_the_future")
    assert code_of(await at.judge(hit)) == (409, "state_forbids")
    assert len(await entries(at.office, AuditAction.HIT_PARKED)) == 1


async def test_a_hit_on_a_foreign_request_is_refused_and_recorded(at: LocatingDesk) -> None:
    locate_id = await at.active()
    first, second = await at.entries(locate_id)
    async with at.office.hub.sessions.begin() as session:
        said = a_hit(second.request_id, at.now)
        receipt = await at.receive(session, first.agency_id, "POLICE-AKS", said)
    assert receipt.fate is Fate.FOREIGN
    assert not await at.hits(locate_id)
    assert await entries(at.office, AuditAction.MESSAGE_REFUSED)


async def test_a_hit_on_an_ended_request_shows_a_dead_entry_and_recalls_it_again(at: LocatingDesk) -> None:
    locate_id = await at.active()
    await at.recall(locate_id)
    await at.strike()
    await at.confirm_recalls(locate_id)
    assert (await at.locate(locate_id)).state is LocateState.ENDED
    await at.wait(hours=1)
    entry = (await at.entries(locate_id))[0]
    assert await at.hit(entry) is Fate.LATE
    (hit,) = await at.hits(locate_id)
    assert (hit.state, hit.parked_because) == (HitState.PARKED, "request_ended")
    assert (await at.locate(locate_id)).state is LocateState.RECALLING
    assert await kinds(at) == ["dead_entry"]
    await at.strike()
    entry = (await at.entries(locate_id))[0]
    assert entry.recalls == 2
    await at.confirm_recalls(locate_id)
    assert (await at.locate(locate_id)).state is LocateState.ENDED


async def test_an_old_sighting_that_arrives_late_is_no_dead_entry(at: LocatingDesk) -> None:
    locate_id = await at.active()
    seen_at = at.now
    await at.wait(minutes=5)
    await at.recall(locate_id)
    await at.strike()
    await at.confirm_recalls(locate_id)
    await at.wait(hours=1)
    assert await at.hit((await at.entries(locate_id))[0], seen_at=seen_at) is Fate.LATE
    assert (await at.locate(locate_id)).state is LocateState.ENDED
    assert await kinds(at) == []


# Custody ----------------------------------------------------------------------------------------------------------


async def test_nobody_is_shown_as_held_on_an_unconfirmed_hit(at: LocatingDesk) -> None:
    locate_id = await at.active()
    entry, hit = await at.sighted(locate_id)
    assert await at.custody(entry, hit) is Fate.CONTRADICTING
    assert not await at.custodies(locate_id)
    assert await kinds(at) == ["held_unconfirmed"]
    (told,) = await at.desk.events(EventType.CUSTODY_REFUSED)
    assert told["why"] == "hit_unconfirmed"


async def test_who_is_only_to_be_reported_is_not_held(at: LocatingDesk) -> None:
    locate_id = await at.active(action="report_only")
    entry, hit = await at.sighted(locate_id)
    await at.judge(hit)
    assert await at.custody(entry, hit) is Fate.CONTRADICTING
    assert (await at.desk.events(EventType.CUSTODY_REFUSED))[0]["why"] == "not_to_be_held"


async def test_custody_on_an_unknown_hit_is_refused(at: LocatingDesk) -> None:
    locate_id = await at.active()
    entry, hit = await at.sighted(locate_id)
    await at.judge(hit)
    hit.agency_hit_id = new_id()
    assert await at.custody(entry, hit) is Fate.CONTRADICTING
    assert not await at.custodies(locate_id)


async def test_after_confirmation_he_is_held_until_the_court_takes_over(at: LocatingDesk) -> None:
    locate_id = await at.active()
    _, custody = await at.held(locate_id)
    assert (custody.state, custody.hand_over_due_at) == (CustodyState.HELD, at.now + timedelta(hours=24))
    assert await kinds(at) == ["take_over"]
    taken = {
        "officer": OFFICER,
        "taken_over_at": at.now.isoformat(),
        "place": "伊犁州某县公安局",
        "came_along": ["手机", "身份证"],
    }
    before = {**taken, "taken_over_at": (at.now - timedelta(hours=1)).isoformat()}
    refused = await at.court.post(f"/v1/custodies/{custody.id}/hand-over", json=before)
    assert code_of(refused) == (422, "invalid_body")
    answer = await at.court.post(f"/v1/custodies/{custody.id}/hand-over", json=taken)
    assert answer.status_code == 201, answer.text
    view = answer.json()
    assert (view["state"], view["taken_by"], view["came_along"]) == (
        "handed_over",
        OFFICER,
        ["手机", "身份证"],
    )
    assert view["handed_over_place"] == "伊犁州某县公安局"
    locate = await at.locate(locate_id)
    assert (locate.state, locate.end_reason) == (LocateState.RECALLING, "located")
    assert await kinds(at) == []
    again = await at.court.post(f"/v1/custodies/{custody.id}/hand-over", json=taken)
    assert code_of(again) == (409, "state_forbids")


async def test_the_agencys_own_word_hands_over_and_the_court_completes_the_record(at: LocatingDesk) -> None:
    locate_id = await at.active()
    entry, custody = await at.held(locate_id)
    (hit,) = await at.hits(locate_id)
    said = await at.custody(entry, hit, CustodyStage.HANDED_OVER, came_along=("车辆", "钥匙"))
    assert said is Fate.APPLIED
    (custody,) = await at.custodies(locate_id)
    assert (custody.state, custody.taken_by, custody.came_along) == (
        CustodyState.HANDED_OVER,
        None,
        ["车辆", "钥匙"],
    )
    assert (await at.locate(locate_id)).end_reason == "located"
    taken = {"officer": OFFICER, "taken_over_at": at.now.isoformat(), "place": "伊犁"}
    answer = await at.court.post(f"/v1/custodies/{custody.id}/hand-over", json=taken)
    assert (answer.status_code, answer.json()["taken_by"]) == (201, OFFICER)


async def test_what_the_agency_says_came_along_completes_the_record_and_never_overwrites_it(
    at: LocatingDesk,
) -> None:
    locate_id = await at.active()
    entry, custody = await at.held(locate_id)
    (hit,) = await at.hits(locate_id)
    taken = {"officer": OFFICER, "taken_over_at": at.now.isoformat(), "place": "伊犁"}
    assert (await at.court.post(f"/v1/custodies/{custody.id}/hand-over", json=taken)).status_code == 201
    await at.custody(entry, hit, CustodyStage.HANDED_OVER, came_along=("车辆", "钥匙", "行驶证"))
    read = (await at.court.get(f"/v1/custodies/{custody.id}")).json()
    assert (read["taken_by"], read["came_along"]) == (OFFICER, ["车辆", "钥匙", "行驶证"])
    assert await kinds(at) == []
    await at.custody(entry, hit, CustodyStage.HANDED_OVER, came_along=("车辆",))
    assert (await at.custodies(locate_id))[0].came_along == ["车辆", "钥匙", "行驶证"]
    assert await kinds(at) == ["look_out_contradicted"]


async def test_the_court_is_warned_and_then_the_release_is_recorded(at: LocatingDesk) -> None:
    locate_id = await at.active()
    entry, _ = await at.held(locate_id)
    await at.wait(hours=19)
    assert not await at.desk.events(EventType.CUSTODY_ENDING)
    await at.wait(hours=1)
    assert len(await at.desk.events(EventType.CUSTODY_ENDING)) == 1
    await at.wait(hours=4)
    (custody,) = await at.custodies(locate_id)
    assert custody.state is CustodyState.LAPSED
    assert "custody_lapsed" in await kinds(at)
    (hit,) = await at.hits(locate_id)
    assert await at.custody(entry, hit, CustodyStage.RELEASED) is Fate.APPLIED
    (custody,) = await at.custodies(locate_id)
    assert (custody.state, custody.released_at) == (CustodyState.RELEASED, at.now)
    assert await kinds(at) == []
    assert (await at.locate(locate_id)).state is LocateState.LIVE


async def test_each_agency_has_its_own_limit(at: LocatingDesk) -> None:
    settings = {"endpoint": "http://127.0.0.1:9/", "looking_out": {"hand_over_hours": 12}}
    await at.office.administrator.patch("/v1/agencies/POLICE-AKS", json={"settings": settings})
    locate_id = await at.active()
    _, custody = await at.held(locate_id)
    assert custody.hand_over_due_at == at.now + timedelta(hours=12)


async def test_a_confirmation_is_taken_back_with_a_reason_and_the_agency_lets_go(at: LocatingDesk) -> None:
    locate_id = await at.active()
    entry, _ = await at.held(locate_id)
    (hit,) = await at.hits(locate_id)
    assert code_of(await at.judge(hit, "not_him")) == (422, "reason_required")
    assert (await at.judge(hit, "not_him", note="同名同姓")).status_code == 200
    assert [task["data"]["why"] for task in await at.desk.tasks(kind="held_unconfirmed")] == ["taken_back"]
    (hit,) = await at.hits(locate_id)
    assert hit.state is HitState.NOT_HIM
    assert await at.custody(entry, hit, CustodyStage.RELEASED) is Fate.APPLIED
    assert (await at.custodies(locate_id))[0].state is CustodyState.RELEASED
    assert await at.custody(entry, hit, at=at.now + timedelta(minutes=1)) is Fate.CONTRADICTING


async def test_reordered_words_about_custody_tell_the_same(at: LocatingDesk) -> None:
    locate_id = await at.active()
    entry, hit = await at.sighted(locate_id)
    await at.judge(hit)
    held_at = at.now
    await at.wait(hours=2)
    assert await at.custody(entry, hit, CustodyStage.HANDED_OVER) is Fate.APPLIED
    assert await at.custody(entry, hit, CustodyStage.HELD, at=held_at) is Fate.APPLIED
    (custody,) = await at.custodies(locate_id)
    assert (custody.state, custody.held_at) == (CustodyState.HANDED_OVER, held_at)
    assert await at.custody(entry, hit, CustodyStage.RELEASED) is Fate.CONTRADICTING
    assert (await at.custodies(locate_id))[0].state is CustodyState.HANDED_OVER


async def test_who_was_held_before_the_confirmation_is_looked_into(at: LocatingDesk) -> None:
    locate_id = await at.active()
    entry, hit = await at.sighted(locate_id)
    held_at = at.now
    await at.wait(minutes=8)
    await at.judge(hit)
    assert await at.custody(entry, hit, at=held_at) is Fate.APPLIED
    assert "held_unconfirmed" in await kinds(at)


async def test_places_of_custody_are_read_one_by_one_and_recorded(at: LocatingDesk) -> None:
    locate_id = await at.active()
    _, custody = await at.held(locate_id)
    (listed,) = (await at.court.get("/v1/custodies", params={"state": "held"})).json()["items"]
    assert "held_place" not in listed
    assert (await at.court.get(f"/v1/custodies/{custody.id}")).json()["held_place"] == "伊犁州某县"
    assert len(await entries(at.office, AuditAction.CUSTODIES_READ)) == 1
    unknown = await at.court.get(f"/v1/custodies/{UUID(int=7)}")
    assert code_of(unknown) == (404, "not_found")


async def test_nobody_is_confirmed_before_the_request_is_valid(at: LocatingDesk) -> None:
    locate_id = await at.active(valid_from=(at.now + timedelta(days=1)).isoformat())
    _, hit = await at.sighted(locate_id)
    assert code_of(await at.judge(hit)) == (409, "state_forbids")
    assert (await at.judge(hit, "not_him")).status_code == 200


@pytest.mark.parametrize(("urgency", "minutes"), [("urgent", 10), ("routine", 60)])
async def test_the_second_request_has_the_same_clock_as_the_first(
    at: LocatingDesk, urgency: str, minutes: int
) -> None:
    locate_id = await at.active(urgency=urgency)
    await at.sighted(locate_id)
    stages = []
    for wait in (minutes - 1, 1, minutes - 1, 1):
        await at.wait(minutes=wait)
        (hit,) = await at.hits(locate_id)
        stages.append(hit.stage)
    assert stages == [HitStage.ASKED, HitStage.ASKED_AGAIN, HitStage.ASKED_AGAIN, HitStage.ESCALATED]
    escalated = await at.desk.tasks(kind="hit_escalated")
    assert {task["data"]["to"] for task in escalated} == {"duty_desk", "supervisor"}
    assert len(await entries(at.office, AuditAction.HIT_ASKED_AGAIN)) == 1
    assert len(await entries(at.office, AuditAction.HIT_ESCALATED)) == 1

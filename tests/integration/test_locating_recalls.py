"""The entry ends everywhere the moment its ground is gone, and every holder confirms it: a dead entry arrests somebody."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from app.adapters.contract import StatusReport
from app.adapters.locating import RecallContent
from app.clock import ManualClock
from app.ids import new_id
from app.linkage.control.contents import open_look_out
from app.linkage.messages import Fate
from app.models.agency_request import RequestState
from app.models.locating import EntryEnding, EntryState, HitState, LocateState
from app.models.outbox import Priority
from app.vocabulary import AnswerState, AuditAction, EndReason, EventType, OrderKind, RequestStatus
from tests.integration.conftest import OFFICER, OTHER_OFFICER, Office
from tests.integration.locating_desk import LocatingDesk, furnish_locating
from tests.integration.test_api_cases import entries


@pytest.fixture
async def at(office: Office, clock: ManualClock) -> LocatingDesk:
    return await furnish_locating(office, clock)


def code_of(refused: Any) -> tuple[int, str]:
    return refused.status_code, refused.json()["code"]


async def kinds(at: LocatingDesk) -> list[str]:
    return sorted(task["kind"] for task in await at.desk.tasks())


async def paid(at: LocatingDesk, _locate_id: str) -> None:
    assert (await at.pay()).status_code == 201


async def closed(at: LocatingDesk, _locate_id: str) -> None:
    answer = await at.court.post(at.desk.at("/closure"), json={"reason": "履行完毕"})
    assert answer.status_code == 201, answer.text


async def expired(at: LocatingDesk, locate_id: str) -> None:
    for days in (25, 25):
        await at.wait(days=days)
        await at.court.post(
            f"/v1/locate-requests/{locate_id}/validations", json={"officer": OFFICER, "note": "依据有效"}
        )
    await at.wait(days=10)


async def not_validated(at: LocatingDesk, _locate_id: str) -> None:
    await at.wait(days=30)


async def withdrawn(at: LocatingDesk, locate_id: str) -> None:
    assert (await at.recall(locate_id, reason="entered_in_error", note="误录")).status_code == 202


End = Callable[[LocatingDesk, str], Awaitable[None]]


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (paid, EndReason.CLEARED),
        (closed, EndReason.CLEARED),
        (expired, EndReason.EXPIRED),
        (not_validated, EndReason.EXPIRED),
        (withdrawn, EndReason.ENTERED_IN_ERROR),
    ],
)
async def test_what_has_no_ground_is_recalled_at_every_holder_and_loud_until_each_confirms(
    at: LocatingDesk, end: End, reason: EndReason
) -> None:
    locate_id = await at.active()
    await end(at, locate_id)
    locate = await at.locate(locate_id)
    assert (locate.state, locate.end_reason) == (LocateState.RECALLING, reason)
    await at.strike()
    for entry in await at.entries(locate_id):
        request = await at.request(entry.recall_request_id)
        assert request.content is not None
        content = open_look_out(at.office.hub.keys.vault, OrderKind.RECALL, request.content)
        assert isinstance(content, RecallContent)
        assert (content.locate_request_id, content.reason) == (entry.request_id, reason)
    (listed,) = (await at.court.get("/v1/locate-requests")).json()["items"]
    assert listed["unconfirmed_recalls"] == ["POLICE-AKS", "POLICE-YL"]
    first, second = await at.entries(locate_id)
    assert await at.answer(first.recall_request_id) is Fate.APPLIED
    assert (await at.locate(locate_id)).state is LocateState.RECALLING
    (listed,) = (await at.court.get("/v1/locate-requests")).json()["items"]
    assert listed["unconfirmed_recalls"] == ["POLICE-YL"]
    assert await at.answer(second.recall_request_id) is Fate.APPLIED
    assert (await at.locate(locate_id)).state is LocateState.ENDED
    assert {entry.ending for entry in await at.entries(locate_id)} == {EntryEnding.CONFIRMED}
    assert (await entries(at.office, AuditAction.LOCATE_ENDED))[0].case_number == at.desk.case["case_number"]
    told = await at.desk.events(EventType.LOCATE_CHANGED)
    assert [event["locate_state"] for event in told] == ["live", "recalling", "ended"] or end is expired


async def test_a_recall_goes_ahead_of_everything_else_but_not_of_its_request(at: LocatingDesk) -> None:
    locate_id = await at.live()
    first, second = await at.entries(locate_id)
    await at.acknowledge(first.request_id)  # the item that carried it is still there
    await at.recall(locate_id)
    await at.strike()
    first, second = await at.entries(locate_id)
    recall, request = await at.item(first.recall_request_id), await at.item(first.request_id)
    assert recall is not None
    assert request is not None
    assert (recall.subject, recall.priority) == (request.subject, Priority.URGENT)
    assert recall.id > request.id
    assert (second.state, second.ending) == (EntryState.ENDED, EntryEnding.NEVER_SENT)
    assert (await at.request(second.request_id)).state is RequestState.CANCELLED


async def test_only_a_live_request_is_recalled_and_only_by_the_courts_own_officer(at: LocatingDesk) -> None:
    locate_id = await at.active()
    assert code_of(await at.recall(locate_id, officer=OTHER_OFFICER)) == (403, "officer_not_of_court")
    assert code_of(await at.recall(locate_id, reason="expired")) == (422, "invalid_body")
    assert (await at.recall(locate_id)).status_code == 202
    assert code_of(await at.recall(locate_id)) == (409, "state_forbids")


async def test_part_of_the_debt_paid_ends_nothing(at: LocatingDesk) -> None:
    locate_id = await at.active()
    await at.pay("84999.99")
    await at.strike()
    assert (await at.locate(locate_id)).state is LocateState.LIVE


async def test_a_hit_that_waits_is_moot_when_the_ground_is_gone(at: LocatingDesk) -> None:
    locate_id = await at.active()
    _, hit = await at.sighted(locate_id)
    await at.wait(minutes=10)
    assert await kinds(at) == ["hit_waiting"]
    await at.pay()
    (hit,) = await at.hits(locate_id)
    assert (hit.state, hit.next_clock_at) == (HitState.MOOT, None)
    assert code_of(await at.judge(hit)) == (409, "ground_gone")
    assert "hit_waiting" not in await kinds(at)


async def test_nobody_is_confirmed_after_the_validity_even_if_the_clock_is_late(at: LocatingDesk) -> None:
    locate_id = await at.active(valid_until=(at.now + timedelta(hours=1)).isoformat())
    _, hit = await at.sighted(locate_id)
    await at.desk.pass_until(at.now + timedelta(hours=1))
    assert code_of(await at.judge(hit)) == (409, "ground_gone")


async def test_a_recall_that_is_not_confirmed_is_overdue_and_ordered_anew(at: LocatingDesk) -> None:
    locate_id = await at.active()
    await at.recall(locate_id)
    await at.strike()
    first, second = await at.entries(locate_id)
    await at.answer(first.recall_request_id)
    await at.acknowledge(second.recall_request_id)
    overdue = {"overdue": True}
    assert (await at.court.get("/v1/locate-entries/recalling", params=overdue)).json()["items"] == []
    await at.wait(hours=6)
    await at.wait(hours=18)
    (listed,) = (await at.court.get("/v1/locate-entries/recalling", params=overdue)).json()["items"]
    assert (listed["agency_code"], listed["recall_overdue"]) == ("POLICE-YL", True)
    assert await kinds(at) == ["recall_overdue"]
    await at.wait(hours=48)
    await at.wait(hours=1)
    again = (await at.entries(locate_id))[1]
    assert (again.recalls, again.state) == (2, EntryState.RECALLING)
    assert again.recall_request_id != second.recall_request_id
    assert await at.answer(second.recall_request_id) is Fate.LATE
    assert await at.answer(again.recall_request_id) is Fate.APPLIED
    assert (await at.locate(locate_id)).state is LocateState.ENDED


async def test_a_holder_that_refuses_the_recall_is_asked_every_day(at: LocatingDesk) -> None:
    locate_id = await at.active(agencies={"codes": ["POLICE-AKS"]})
    await at.recall(locate_id)
    await at.strike()
    (entry,) = await at.entries(locate_id)
    await at.answer(entry.recall_request_id, AnswerState.NOT_EXECUTED, remark="系统维护")
    await at.wait(hours=2)
    assert (await at.entries(locate_id))[0].recalls == 1
    await at.wait(hours=23)
    (entry,) = await at.entries(locate_id)
    assert (entry.recalls, entry.state) == (2, EntryState.RECALLING)


async def test_what_its_agency_never_got_is_not_sent_again_after_the_recall(at: LocatingDesk) -> None:
    locate_id = await at.live(agencies={"codes": ["POLICE-AKS"]})
    (entry,) = await at.entries(locate_id)
    async with at.office.hub.sessions.begin() as session:
        request = await session.get_one(type(await at.request(entry.request_id)), entry.request_id)
        request.times_sent = 1
        request.move_to(RequestState.SENT, at.now)
        request.move_to(RequestState.UNKNOWN, at.now)
    await at.recall(locate_id)
    await at.strike()
    assert (await at.entries(locate_id))[0].state is EntryState.RECALLING
    report = StatusReport(entry.request_id, new_id(), RequestStatus.UNKNOWN_REQUEST)
    assert await at.say(entry.request_id, report) is Fate.APPLIED
    assert (await at.request(entry.request_id)).state is RequestState.CANCELLED
    (entry,) = await at.entries(locate_id)
    assert (entry.state, entry.ending) == (EntryState.ENDED, EntryEnding.NEVER_ARRIVED)
    assert (await at.locate(locate_id)).state is LocateState.ENDED


async def test_an_entry_made_after_its_recall_was_confirmed_is_recalled_again(at: LocatingDesk) -> None:
    locate_id = await at.live(agencies={"codes": ["POLICE-AKS"]})
    (entry,) = await at.entries(locate_id)
    await at.acknowledge(entry.request_id)
    await at.recall(locate_id)
    await at.strike()
    await at.confirm_recalls(locate_id)
    assert (await at.locate(locate_id)).state is LocateState.ENDED
    await at.wait(hours=3)
    assert await at.answer(entry.request_id) is Fate.APPLIED  # a clerk entered it all the same
    assert (await at.locate(locate_id)).state is LocateState.RECALLING
    assert await kinds(at) == ["dead_entry"]
    await at.strike()
    assert await at.confirm_recalls(locate_id) == 1
    assert (await at.locate(locate_id)).state is LocateState.ENDED


async def test_a_holder_that_refused_and_yet_looks_out_is_recalled_with_the_others(at: LocatingDesk) -> None:
    locate_id = await at.live()
    first, second = await at.entries(locate_id)
    await at.answer(first.request_id)
    await at.answer(second.request_id, AnswerState.NOT_EXECUTED, remark="手续不全")
    assert await at.hit(second) is Fate.LATE
    assert (await at.hits(locate_id))[0].parked_because == "entry_refused"
    assert (await at.entries(locate_id))[1].doubtful
    await at.recall(locate_id)
    await at.strike()
    assert {entry.state for entry in await at.entries(locate_id)} == {EntryState.RECALLING}
    assert await at.confirm_recalls(locate_id) == 2
    assert (await at.locate(locate_id)).state is LocateState.ENDED


async def test_a_live_request_is_validated_or_ends(at: LocatingDesk) -> None:
    locate_id = await at.active()
    await at.wait(days=23)
    assert await kinds(at) == ["revalidate"]
    body = {"officer": OFFICER, "note": "被执行人仍未履行"}
    validated = await at.court.post(f"/v1/locate-requests/{locate_id}/validations", json=body)
    assert validated.status_code == 201, validated.text
    assert validated.json()["validated_by"] == OFFICER
    assert await kinds(at) == []
    await at.wait(days=29)
    assert (await at.locate(locate_id)).state is LocateState.LIVE
    await at.wait(days=1)
    assert (await at.locate(locate_id)).state is LocateState.RECALLING
    late = await at.court.post(f"/v1/locate-requests/{locate_id}/validations", json=body)
    assert code_of(late) == (409, "state_forbids")


async def test_how_often_a_request_is_validated_is_for_the_court_to_say(
    at: LocatingDesk, shared_app: FastAPI
) -> None:
    settings = at.office.hub.settings.model_copy(update={"look_out_revalidation_days": 10})
    shared_app.state.hub = replace(at.office.hub, settings=settings)
    locate_id = await at.active()
    await at.wait(days=3)
    assert await kinds(at) == ["revalidate"]
    await at.wait(days=7)
    assert (await at.locate(locate_id)).state is LocateState.RECALLING


async def test_a_superseded_request_ends_at_every_holder_of_its_own(at: LocatingDesk) -> None:
    first = await at.active()
    second = await at.active(supersedes=first)
    await at.strike()
    assert await at.confirm_recalls(first) == 2
    assert (await at.locate(first)).state is LocateState.ENDED
    assert (await at.locate(second)).state is LocateState.LIVE

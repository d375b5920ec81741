"""What agencies tell unasked, and what they correct: kept beside what they said before, and told to whoever relied on it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.adapters.contract import Answer
from app.adapters.locating import WatchNotice
from app.clock import ManualClock
from app.ids import new_id
from app.linkage.messages import Fate
from app.models import AgencyAnswer, Asset, Message
from app.models.locating import LocateState
from app.vocabulary import AnswerState, AuditAction, EventType, WatchKind
from tests.integration.conftest import Office
from tests.integration.control_desk import an_account
from tests.integration.locating_desk import LocatingDesk, furnish_locating
from tests.integration.test_api_cases import entries


@pytest.fixture
async def at(office: Office, clock: ManualClock) -> LocatingDesk:
    return await furnish_locating(office, clock)


# Watches ----------------------------------------------------------------------------------------------------------


def seen(at: LocatingDesk, request_id: UUID) -> WatchNotice:
    return WatchNotice(request_id, new_id(), WatchKind.HOTEL_STAY, at.now, "阿克苏市某旅馆", "九月十四日入住")


async def test_what_is_told_unasked_reaches_the_court_and_is_read_one_by_one(at: LocatingDesk) -> None:
    locate_id = await at.active()
    entry = (await at.entries(locate_id))[0]
    notice = seen(at, entry.request_id)
    assert await at.say(entry.request_id, notice) is Fate.APPLIED
    assert await at.say(entry.request_id, notice) is Fate.APPLIED, "the same notice again is one notice"
    (listed,) = (await at.court.get("/v1/watch-notices")).json()["items"]
    assert (listed["kind"], "place" in listed) == ("hotel_stay", False)
    read = (await at.court.get(f"/v1/watch-notices/{listed['id']}")).json()
    assert (read["place"], read["detail"]) == ("阿克苏市某旅馆", "九月十四日入住")
    assert len(await entries(at.office, AuditAction.WATCHES_READ)) == 1
    (told,) = await at.desk.events(EventType.WATCH_NOTICED)
    assert "阿克苏" not in str(told)
    assert (await at.office.other_court.get(f"/v1/watch-notices/{listed['id']}")).status_code == 404


async def test_a_notice_under_a_query_that_was_answered_counts(at: LocatingDesk) -> None:
    await at.desk.found("BANK-ZC", an_account())
    request = await at.last_request()
    arrived = WatchNotice(request.id, new_id(), WatchKind.MONEY_ARRIVED, at.now, "柘城支行")
    assert await at.say(request.id, arrived) is Fate.APPLIED


async def test_a_notice_under_a_refused_request_is_kept_and_not_told(
    at: LocatingDesk,
) -> None:
    locate_id = await at.live()
    entry = (await at.entries(locate_id))[0]
    await at.answer(entry.request_id, AnswerState.REFUSED)
    assert await at.say(entry.request_id, seen(at, entry.request_id)) is Fate.LATE
    assert (await at.court.get("/v1/watch-notices")).json()["items"] == []


@pytest.mark.parametrize("kind", WatchKind)
async def test_every_kind_of_notice_reaches_the_court(at: LocatingDesk, kind: WatchKind) -> None:
    locate_id = await at.active()
    entry = (await at.entries(locate_id))[0]
    told = WatchNotice(entry.request_id, new_id(), kind, at.now, "阿克苏市")
    assert await at.say(entry.request_id, told) is Fate.APPLIED
    (event,) = await at.desk.events(EventType.WATCH_NOTICED)
    assert event["kind"] == kind


async def test_a_notice_of_what_is_still_to_happen_is_kept_and_not_told(at: LocatingDesk) -> None:
    entry = (await at.entries(await at.active()))[0]
    ahead = WatchNotice(entry.request_id, new_id(), WatchKind.SIGHTING, at.now + timedelta(hours=1), "某地")
    assert await at.say(entry.request_id, ahead) is Fate.CONTRADICTING
    assert (await at.court.get("/v1/watch-notices")).json()["items"] == []
    assert len(await entries(at.office, AuditAction.WATCH_NOTICED)) == 1


async def test_a_notice_under_a_query_of_a_closed_case_is_kept_and_not_told(at: LocatingDesk) -> None:
    await at.desk.found("BANK-ZC", an_account())
    request = await at.last_request()
    closed = await at.court.post(at.desk.at("/closure"), json={"reason": "履行完毕"})
    assert closed.status_code == 201, closed.text
    arrived = WatchNotice(request.id, new_id(), WatchKind.MONEY_ARRIVED, at.now, "柘城支行")
    assert await at.say(request.id, arrived) is Fate.LATE
    assert (await at.court.get("/v1/watch-notices")).json()["items"] == []


async def test_whoever_still_watches_after_the_end_is_recalled_again(at: LocatingDesk) -> None:
    locate_id = await at.active(agencies={"codes": ["POLICE-AKS"]})
    (entry,) = await at.entries(locate_id)
    await at.recall(locate_id)
    await at.strike()
    assert await at.say(entry.request_id, seen(at, entry.request_id)) is Fate.LATE
    await at.confirm_recalls(locate_id)
    assert (await at.locate(locate_id)).state is LocateState.ENDED
    await at.wait(hours=1)
    assert await at.say(entry.request_id, seen(at, entry.request_id)) is Fate.LATE
    assert (await at.court.get("/v1/watch-notices")).json()["items"] == []
    assert [task["kind"] for task in await at.desk.tasks()] == ["dead_entry"]
    await at.strike()
    assert await at.confirm_recalls(locate_id) == 1


# Corrections ------------------------------------------------------------------------------------------------------


async def found(at: LocatingDesk, money: str = "50000.00") -> tuple[UUID, UUID, str]:
    """An account at the bank: the request, the message that reported it, and the asset."""
    (asset_id,) = await at.desk.found("BANK-ZC", an_account(money=money))
    request = await at.last_request()
    async with at.office.hub.sessions() as session:
        message_id = await session.scalar(
            select(Message.message_id).where(Message.request_id == request.id, Message.direction == "in")
        )
    assert message_id is not None
    return request.id, message_id, asset_id


async def correct(at: LocatingDesk, request_id: UUID, corrects: UUID, *assets: Any) -> Fate:
    state = AnswerState.FOUND if assets else AnswerState.NOTHING_FOUND
    said = Answer(request_id, new_id(), state, at.now, assets=assets, corrects=corrects)
    return await at.say(request_id, said)


async def test_corrected_facts_take_the_place_of_the_first_and_both_stay_readable(at: LocatingDesk) -> None:
    request_id, message_id, first = await found(at)
    assert await correct(at, request_id, message_id, an_account(money="500.00")) is Fate.APPLIED
    assets = f"/v1/cases/{at.desk.case['id']}/assets"
    (now,) = (await at.court.get(assets)).json()["items"]
    assert now["amount"] == "500.00"
    both = (await at.court.get(assets, params={"include_superseded": True})).json()["items"]
    assert {each["id"] for each in both} == {first, now["id"]}
    async with at.office.hub.sessions() as session:
        answers = (await session.scalars(select(AgencyAnswer).order_by(AgencyAnswer.id))).all()
    assert answers[1].corrects_id == answers[0].id
    assert answers[0].corrected_at == at.now
    assert len(await entries(at.office, AuditAction.ANSWER_CORRECTED)) == 1


async def test_what_was_reported_by_mistake_is_there_no_more(at: LocatingDesk) -> None:
    request_id, message_id, _ = await found(at)
    assert await correct(at, request_id, message_id) is Fate.APPLIED
    assert (await at.court.get(f"/v1/cases/{at.desk.case['id']}/assets")).json()["items"] == []
    assert (await at.request(request_id)).answer_state is AnswerState.NOTHING_FOUND


async def test_whoever_ordered_a_freeze_on_it_is_told(at: LocatingDesk) -> None:
    request_id, message_id, asset_id = await found(at)
    drafted = await at.desk.draft({"asset_id": asset_id, "limit": "40000.00"})
    assert drafted.status_code == 202, drafted.text
    assert await correct(at, request_id, message_id) is Fate.APPLIED
    (task,) = await at.desk.tasks(kind="answer_corrected")
    assert task["data"]["orders"] == [drafted.json()["id"]]
    (told,) = await at.desk.events(EventType.ANSWER_CORRECTED)
    assert told["relied_on_by"] == 1


async def test_an_answer_is_corrected_once_and_then_the_correction_is(at: LocatingDesk) -> None:
    request_id, message_id, _ = await found(at)
    first = Answer(request_id, new_id(), AnswerState.NOTHING_FOUND, at.now, corrects=message_id)
    assert await at.say(request_id, first) is Fate.APPLIED
    assert await correct(at, request_id, message_id, an_account()) is Fate.CONTRADICTING
    assert await correct(at, request_id, first.message_id, an_account()) is Fate.APPLIED


async def test_only_an_answer_of_the_same_request_is_corrected(at: LocatingDesk) -> None:
    one, message_id, _ = await found(at)
    other, _, _ = await found(at)
    assert one != other
    assert await correct(at, other, message_id, an_account()) is Fate.CONTRADICTING
    assert await correct(at, other, new_id(), an_account()) is Fate.CONTRADICTING
    async with at.office.hub.sessions() as session:
        rows = await session.scalars(select(Asset).where(Asset.superseded_at.is_(None)))
        assert len(rows.all()) == 1


async def test_what_an_agency_did_is_not_corrected_by_an_answer(at: LocatingDesk) -> None:
    locate_id = await at.active()
    entry = (await at.entries(locate_id))[0]
    async with at.office.hub.sessions() as session:
        message_id = await session.scalar(
            select(Message.message_id).where(Message.request_id == entry.request_id)
        )
    assert message_id is not None
    said = Answer(entry.request_id, new_id(), AnswerState.NOT_EXECUTED, at.now, corrects=message_id)
    assert await at.say(entry.request_id, said) is Fate.CONTRADICTING

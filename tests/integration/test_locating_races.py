"""Officers, agencies and clocks at the same time: nobody waits in a ring, nothing is lost between them."""

import asyncio
from collections.abc import Coroutine
from random import Random
from typing import Any

import pytest

from app.clock import ManualClock
from app.models.locating import EntryState, HitState, LocateState
from app.vocabulary import AnswerState, CustodyStage
from tests.integration.conftest import Office
from tests.integration.locating_desk import LocatingDesk, furnish_locating

CASES = 6


@pytest.fixture
async def at(office: Office, clock: ManualClock) -> LocatingDesk:
    return await furnish_locating(office, clock)


async def everything_at_once(at: LocatingDesk, locate_id: str) -> list[Coroutine[Any, Any, Any]]:
    """All that may happen to one request whose first holder has seen somebody."""
    first, second = await at.entries(locate_id)
    (hit,) = await at.hits(locate_id)
    return [
        at.judge(hit),
        at.judge(hit, "not_him", note="核对"),
        at.recall(locate_id),
        at.hit(first),
        at.hit(second),
        at.custody(first, hit),
        at.custody(first, hit, CustodyStage.HANDED_OVER),
        at.answer(second.request_id),
        at.answer(first.request_id, AnswerState.NOT_EXECUTED),
        at.strike(),
    ]


async def test_at_once_is_as_good_as_one_after_the_other(at: LocatingDesk) -> None:
    locates = []
    for _ in range(CASES):
        await at.new_case()
        locate_id = await at.live()
        await at.answer((await at.entries(locate_id))[0].request_id)
        await at.sighted(locate_id)
        locates.append(locate_id)
    deeds = [deed for locate_id in locates for deed in await everything_at_once(at, locate_id)]
    Random(7).shuffle(deeds)
    await asyncio.gather(*deeds)
    for locate_id in locates:
        hits = {hit.id: hit for hit in await at.hits(locate_id)}
        for custody in await at.custodies(locate_id):
            assert hits[custody.hit_id].state in {HitState.CONFIRMED, HitState.NOT_HIM}
        if (await at.locate(locate_id)).state is LocateState.LIVE:
            await at.recall(locate_id)
    await at.strike()
    for locate_id in locates:
        await at.confirm_recalls(locate_id)
        assert (await at.locate(locate_id)).state is LocateState.ENDED
        assert {entry.state for entry in await at.entries(locate_id)} <= {
            EntryState.ENDED,
            EntryState.REFUSED,
        }


async def test_of_two_officers_who_decide_at_once_one_is_told_that_it_is_decided(at: LocatingDesk) -> None:
    locate_id = await at.active()
    _, hit = await at.sighted(locate_id)
    answers = await asyncio.gather(*[at.judge(hit, "not_him") for _ in range(6)])
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]


async def test_a_payment_and_a_hold_at_once_leave_nobody_held_and_looked_for(at: LocatingDesk) -> None:
    locate_id = await at.active()
    entry, hit = await at.sighted(locate_id)
    await at.judge(hit)
    await asyncio.gather(at.pay(), at.custody(entry, hit), at.strike())
    await at.strike()
    assert (await at.locate(locate_id)).state is LocateState.RECALLING
    assert {each.state for each in await at.entries(locate_id)} == {EntryState.RECALLING}

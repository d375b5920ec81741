"""A breaker at work: a dead destination is left alone, and asked by one probe whether it lives again."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.models.outbox import BreakerState, Priority
from app.outbox.breaker import BreakerChange, report
from app.outbox.lanes import close_breaker
from app.outbox.stats import lane_stats
from tests.integration.outbox_desk import LEASE, Desk, item, lane_settings


@pytest.fixture
async def desk(engine: AsyncEngine) -> Desk:
    desk = Desk(engine)
    await desk.open(lane_settings(), lane_settings("land"))
    await desk.put(*[item() for _ in range(20)], item("land"))
    return desk


async def state(desk: Desk) -> BreakerState:
    async with desk.engine.connect() as connection:
        (stats,) = await lane_stats(connection, desk.now, "bank")
    return stats.breaker


async def test_failures_in_a_row_open_it_and_stop_its_own_lane_only(desk: Desk) -> None:
    assert await desk.report(False, False) == []
    assert await desk.report(False) == [BreakerChange("bank", BreakerState.CLOSED, BreakerState.OPEN)]
    assert {one.lane for one in await desk.claim_all()} == {"land"}


async def test_exactly_one_probe_goes_when_its_time_has_come_however_many_claim(desk: Desk) -> None:
    await desk.report(False, False, False)
    desk.wait(29.9)
    await desk.claim_all()
    assert await state(desk) is BreakerState.OPEN
    desk.wait(0.1)
    claims = await asyncio.gather(*[desk.claim_all() for _ in range(4)])
    assert [one.lane for worker in claims for one in worker] == ["bank"]
    assert await state(desk) is BreakerState.HALF_OPEN


async def test_a_probe_that_lives_closes_it_for_everything(desk: Desk) -> None:
    await desk.report(False, False, False)
    desk.wait(30)
    await desk.claim_all()
    assert await desk.report(True) == [BreakerChange("bank", BreakerState.HALF_OPEN, BreakerState.CLOSED)]
    assert len(await desk.claim_all()) == 9


async def test_a_probe_that_fails_opens_it_again_for_as_long(desk: Desk) -> None:
    await desk.report(False, False, False)
    desk.wait(30)
    await desk.retry(await desk.claim_all(), 5)
    assert await desk.report(False) == [BreakerChange("bank", BreakerState.HALF_OPEN, BreakerState.OPEN)]
    desk.wait(29)
    assert {one.lane for one in await desk.claim_all()} == {"land"}
    desk.wait(1)
    assert [one.lane for one in await desk.claim_all()] == ["bank"]


async def test_a_probe_that_is_never_heard_of_again_is_followed_by_another(desk: Desk) -> None:
    await desk.report(False, False, False)
    desk.wait(30)
    await desk.claim_all()
    desk.wait(LEASE.total_seconds() - 1)
    assert await desk.claim_all() == []
    desk.wait(1)
    assert len([one for one in await desk.claim_all() if one.lane == "bank"]) == 1


async def test_a_probe_waits_while_every_place_is_taken(desk: Desk) -> None:
    claims = await desk.claim_all()
    await desk.report(False, False, False)
    desk.wait(30)
    assert await desk.claim_all() == []
    assert await state(desk) is BreakerState.OPEN
    await desk.finish(claims[:2])
    assert len(await desk.claim_all()) == 1


async def test_an_item_that_is_spent_is_no_probe(desk: Desk) -> None:
    await desk.open(lane_settings("tax", max_attempts=1))
    await desk.put(item("tax"))
    await desk.claim_all()
    await desk.report(False, False, False, lane="tax")
    desk.wait(LEASE.total_seconds())
    await desk.put(item("tax", priority=Priority.BULK))
    spent = await desk.claim()
    assert len(spent.spent) == 1
    assert "tax" not in {one.lane for one in spent.items}
    assert "tax" in {one.lane for one in (await desk.claim()).items}


async def test_a_success_between_failures_begins_the_count_anew(desk: Desk) -> None:
    await desk.report(False, False, True, False, False)
    assert await state(desk) is BreakerState.CLOSED


async def test_good_news_of_a_healthy_lane_writes_nothing(desk: Desk) -> None:
    async def version() -> object:
        async with desk.engine.connect() as connection:
            return (await connection.execute(text("SELECT xmin FROM lanes WHERE key = 'bank'"))).scalar()

    before = await version()
    assert await desk.report(True, True) == []
    assert await version() == before


async def test_what_two_workers_report_at_once_is_counted_together(desk: Desk) -> None:
    async with desk.engine.begin() as first:
        await report(first, {"bank": [False, False]}, desk.now)
        second = asyncio.create_task(desk.report(False))
        await asyncio.sleep(0.05)
        assert not second.done()
    assert await second == [BreakerChange("bank", BreakerState.CLOSED, BreakerState.OPEN)]


async def test_an_unknown_lane_has_no_breaker_to_tell(desk: Desk) -> None:
    assert await desk.report(False, lane="atlantis") == []


async def test_an_operator_closes_it_by_hand(desk: Desk) -> None:
    await desk.report(False, False, False)
    async with desk.engine.begin() as connection:
        assert await close_breaker(connection, "bank") is BreakerState.OPEN
        assert await close_breaker(connection, "atlantis") is None
    assert len(await desk.claim_all()) == 11

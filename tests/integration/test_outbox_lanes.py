"""An operator's hand on lanes and dead letters, and what the figures say of them."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.models.outbox import BreakerState, LaneState
from app.outbox.claim import claim
from app.outbox.dead import Chosen, DeadLetter, Replayed, dead_letters, replay
from app.outbox.lanes import STOPPED, LaneChange, ensure, pause, resume, stop
from app.outbox.stats import LaneStats, lane_stats
from tests.integration.outbox_desk import LEASE, START, Desk, item, lane_settings


@pytest.fixture
async def desk(engine: AsyncEngine) -> Desk:
    desk = Desk(engine)
    await desk.open(lane_settings("bank"), lane_settings("land"))
    return desk


async def found(desk: Desk, chosen: Chosen) -> list[DeadLetter]:
    async with desk.engine.connect() as connection:
        return await dead_letters(connection, chosen, after=None, limit=100)


async def replayed(desk: Desk, chosen: Chosen, limit: int = 100) -> list[Replayed]:
    async with desk.engine.begin() as connection:
        return await replay(connection, chosen, desk.now, limit=limit)


async def test_settings_are_written_only_when_they_differ(desk: Desk) -> None:
    async with desk.engine.begin() as connection:
        assert not await ensure(connection, lane_settings("bank"), desk.now)
        assert await ensure(connection, lane_settings("bank", concurrency=2), desk.now)
        assert await ensure(connection, lane_settings("tax"), desk.now)
    await desk.put(*[item() for _ in range(5)])
    assert len(await desk.claim_all()) == 2


async def test_new_settings_leave_state_breaker_and_tokens_alone(desk: Desk) -> None:
    await desk.open(lane_settings("bank", per_second=5))
    await desk.put(*[item() for _ in range(20)])
    await desk.claim_all()
    await desk.report(False, False, False)
    async with desk.engine.begin() as connection:
        await pause(connection, "bank")
        await ensure(connection, lane_settings("bank", per_second=5, concurrency=50), desk.now)
        (stats,) = await lane_stats(connection, desk.now, "bank")
        assert (stats.state, stats.breaker) == (LaneState.PAUSED, BreakerState.OPEN)
        await connection.execute(text("UPDATE lanes SET state = 'running', breaker = 'closed'"))
    assert await desk.claim_all() == []


async def test_a_paused_lane_waits_and_a_resumed_one_goes_on(desk: Desk) -> None:
    await desk.put(item("bank"), item("land"))
    async with desk.engine.begin() as connection:
        assert await pause(connection, "bank") == LaneChange("bank", LaneState.RUNNING, LaneState.PAUSED)
    assert [one.lane for one in await desk.claim_all()] == ["land"]
    async with desk.engine.begin() as connection:
        assert await resume(connection, "bank") == LaneChange("bank", LaneState.PAUSED, LaneState.RUNNING)
    assert [one.lane for one in await desk.claim_all()] == ["bank"]


async def test_a_lane_that_does_not_exist_cannot_be_moved(desk: Desk) -> None:
    async with desk.engine.begin() as connection:
        assert await pause(connection, "atlantis") is None
        assert await resume(connection, "atlantis") is None
        assert await stop(connection, "atlantis", desk.now) is None


async def test_a_stopped_lane_buries_what_waits_and_lets_finish_what_is_under_way(desk: Desk) -> None:
    await desk.put(item("bank"), item("land"))
    under_way = [one for one in await desk.claim_all() if one.lane == "bank"]
    waiting = [item("bank"), item("bank", run_at=START + timedelta(hours=1))]
    await desk.put(*waiting)
    async with desk.engine.begin() as connection:
        stopped = await stop(connection, "bank", desk.now)
    assert stopped is not None
    change, buried = stopped
    assert change == LaneChange("bank", LaneState.RUNNING, LaneState.STOPPED)
    assert {one.reference for one in buried} == {one.reference for one in waiting}
    assert [one.last_error for one in await found(desk, Chosen())] == [STOPPED, STOPPED]
    assert await desk.finish(under_way) == {under_way[0].id}
    await desk.put(item("bank"))
    assert await desk.claim_all() == []


async def test_what_a_stop_buried_waits_for_its_replay_even_when_the_lane_runs_again(desk: Desk) -> None:
    await desk.put(*[item("bank") for _ in range(3)])
    async with desk.engine.begin() as connection:
        await stop(connection, "bank", desk.now)
        await resume(connection, "bank")
    assert await desk.claim_all() == []
    assert len(await replayed(desk, Chosen(lane="bank", error_prefix=STOPPED))) == 3
    assert len(await desk.claim_all()) == 3


async def test_a_stop_waits_for_no_item_that_is_locked(desk: Desk, engine: AsyncEngine) -> None:
    await desk.put(item("bank", run_at=START + timedelta(seconds=1)), item("bank"))
    desk.wait(1)
    async with engine.begin() as sweeping:
        claimed = await claim(sweeping, desk.now, 1, LEASE)
        assert len(claimed.items) == 1

        async def stop_it() -> int:
            async with engine.begin() as connection:
                stopped = await stop(connection, "bank", desk.now)
            assert stopped is not None
            return len(stopped[1])

        stopping = asyncio.create_task(stop_it())
        await asyncio.sleep(0.05)
    assert await stopping <= 1


async def test_dead_letters_are_found_by_what_is_known_of_them(desk: Desk) -> None:
    await desk.put(item("bank"), item("bank"), item("land"))
    bank = [one for one in await desk.claim_all() if one.lane == "bank"]
    await desk.bury(bank[:1], "message_rejected: 400")
    desk.wait(10)
    await desk.bury(bank[1:], "100%_sure")
    desk.wait(LEASE.total_seconds())
    await desk.bury(await desk.claim_all(), "message_rejected: 409")
    first, second, third = sorted(await found(desk, Chosen()), key=lambda one: one.died_at)
    assert await found(desk, Chosen(lane="land")) == [third]
    assert await found(desk, Chosen(error_prefix="message_rejected")) == [first, third]
    assert await found(desk, Chosen(error_prefix="100%_")) == [second]
    assert await found(desk, Chosen(error_prefix="10_%")) == []
    assert await found(desk, Chosen(died_before=second.died_at)) == [first]
    assert await found(desk, Chosen(kind="webhook")) == []
    assert await found(desk, Chosen(ids=[second.id, third.id], lane="bank")) == [second]
    assert await found(desk, Chosen(ids=[])) == []


async def test_dead_letters_are_listed_page_by_page(desk: Desk) -> None:
    await desk.put(*[item(lane) for lane in ("land", "bank", "land", "bank", "bank")])
    await desk.bury(await desk.claim_all())
    pages, after = [], None
    async with desk.engine.connect() as connection:
        while page := await dead_letters(connection, Chosen(), after=after, limit=2):
            pages.append([(one.lane, one.id) for one in page])
            after = page[-1].place
    assert pages == [[("bank", 2), ("bank", 4)], [("bank", 5), ("land", 1)], [("land", 3)]]


async def test_a_replayed_item_has_all_its_attempts_again_and_no_zombie_can_touch_it(desk: Desk) -> None:
    await desk.open(lane_settings("bank", max_attempts=2))
    await desk.put(item("bank"))
    zombie = (await desk.claim()).items
    await desk.retry(zombie, 0)
    await desk.bury((await desk.claim()).items)
    assert [one.id for one in await replayed(desk, Chosen())] == [zombie[0].id]
    (again,) = (await desk.claim()).items
    assert (again.attempts, again.fence) == (1, 3)
    assert await desk.finish(zombie) == set()
    await desk.retry([again], 0)
    assert [one.attempts for one in (await desk.claim()).items] == [2]


async def test_a_replay_takes_the_oldest_of_what_was_chosen_and_no_more_than_its_limit(desk: Desk) -> None:
    await desk.put(*[item("bank") for _ in range(5)], item("land"))
    await desk.bury(await desk.claim_all())
    assert [one.id for one in await replayed(desk, Chosen(lane="bank"), limit=3)] == [1, 2, 3]
    assert [one.id for one in await replayed(desk, Chosen(lane="bank"), limit=3)] == [4, 5]
    assert await replayed(desk, Chosen(lane="bank")) == []
    assert [one.lane for one in await found(desk, Chosen())] == ["land"]


async def test_only_dead_letters_are_replayed(desk: Desk) -> None:
    await desk.put(item("bank"), item("land"))
    await desk.claim(room=1)
    assert await replayed(desk, Chosen(ids=[1, 2])) == []


async def test_what_follows_a_dead_letter_goes_once_it_was_replayed_and_done(desk: Desk) -> None:
    freeze = item("bank")
    await desk.put(freeze)
    await desk.bury((await desk.claim()).items)
    await desk.put(item("bank", subject=freeze.subject))
    assert await desk.claim_all() == []
    await replayed(desk, Chosen())
    (head,) = await desk.claim_all()
    assert head.reference == freeze.reference
    await desk.finish([head])
    assert [one.subject for one in await desk.claim_all()] == [freeze.subject]


async def test_the_figures_count_every_item_once_and_show_the_oldest_that_waits(desk: Desk) -> None:
    await desk.put(item("bank"))
    await desk.bury(await desk.claim_all())
    desk.wait(100)
    freeze = item("bank")
    await desk.put(freeze, item("bank"), item("bank", run_at=desk.now + timedelta(hours=1)))
    await desk.claim(room=1)
    await desk.put(item("bank", subject=freeze.subject))
    desk.wait(20)
    async with desk.engine.connect() as connection:
        bank, land = await lane_stats(connection, desk.now)
    assert (bank.ready, bank.delayed, bank.behind, bank.leased, bank.dead) == (2, 1, 0, 1, 1)
    assert bank.backlog_age == timedelta(seconds=20)
    assert land == LaneStats(
        "land", LaneState.RUNNING, BreakerState.CLOSED, 0, None, 10, None, 0, 0, 0, 0, 0, None
    )


async def test_a_lane_that_holds_only_dead_letters_has_no_backlog(desk: Desk) -> None:
    await desk.put(item("bank"))
    await desk.bury(await desk.claim_all())
    desk.wait(100)
    async with desk.engine.connect() as connection:
        (bank,) = await lane_stats(connection, desk.now, "bank")
    assert (bank.dead, bank.backlog_age) == (1, None)

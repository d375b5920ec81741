"""Claims: exact in number, in the order of subjects, and never lost with the worker that made them."""

import asyncio
import random
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.ids import new_id
from app.models.outbox import Priority
from app.outbox.claim import ATTEMPTS_SPENT, LEASE_EXPIRED, claim
from app.outbox.put import FILLED, UnknownLane, put
from app.outbox.settle import extend, finish, hold
from tests.integration.outbox_desk import LEASE, START, Desk, item, lane_settings


@pytest.fixture
async def desk(engine: AsyncEngine) -> Desk:
    desk = Desk(engine)
    await desk.open(lane_settings())
    return desk


async def test_what_was_put_is_claimed_as_it_was_put(desk: Desk) -> None:
    wanted = item()
    await desk.put(wanted)
    (claimed,) = (await desk.claim()).items
    assert (claimed.lane, claimed.kind, claimed.reference, claimed.subject) == (
        wanted.lane,
        wanted.kind,
        wanted.reference,
        wanted.subject,
    )
    assert (claimed.fence, claimed.attempts, claimed.run_at, claimed.created_at) == (1, 1, START, START)
    assert claimed.last_error is None


async def test_nothing_is_put_before_the_caller_commits(desk: Desk, session: AsyncSession) -> None:
    await put(session, [item()], desk.now)
    assert session.info[FILLED]
    assert (await desk.claim()).items == []
    await session.rollback()
    assert await desk.rows() == []


async def test_an_item_for_a_lane_that_nobody_serves_is_refused(desk: Desk, session: AsyncSession) -> None:
    with pytest.raises(UnknownLane, match="atlantis"):
        await put(session, [item(), item("atlantis")], desk.now)


async def test_putting_nothing_asks_the_database_nothing(session: AsyncSession) -> None:
    await put(session, [], START)
    assert not session.in_transaction()


async def test_an_item_is_not_claimed_before_its_time(desk: Desk) -> None:
    await desk.put(item(run_at=START + timedelta(seconds=5)))
    assert (await desk.claim()).items == []
    desk.wait(5)
    assert len((await desk.claim()).items) == 1


async def test_a_claimed_item_is_not_claimed_twice_and_a_finished_one_is_gone(desk: Desk) -> None:
    await desk.put(item())
    claimed = await desk.claim()
    assert (await desk.claim()).items == []
    await desk.finish(claimed.items)
    assert await desk.rows() == []


async def test_a_lane_never_has_more_under_way_than_its_concurrency(desk: Desk) -> None:
    await desk.put(*[item() for _ in range(25)])
    first = (await desk.claim()).items
    assert len(first) == 10
    assert (await desk.claim()).items == []
    await desk.finish(first[:3])
    assert len((await desk.claim()).items) == 3


async def test_four_claimers_at_once_keep_the_concurrency_exactly_and_do_everything_once(desk: Desk) -> None:
    await desk.open(lane_settings("bank", concurrency=7), lane_settings("land", concurrency=2))
    wanted = [item("bank") for _ in range(200)] + [item("land") for _ in range(60)]
    await desk.put(*wanted)
    under_way: Counter[str] = Counter()
    most: Counter[str] = Counter()
    done: list[object] = []

    async def work() -> None:
        while len(done) < len(wanted):
            claims = (await desk.claim(room=5)).items
            under_way.update(one.lane for one in claims)
            for lane, count in under_way.items():
                most[lane] = max(most[lane], count)
            await asyncio.sleep(random.uniform(0, 0.004))
            under_way.subtract(one.lane for one in claims)
            done.extend(one.reference for one in claims)
            await desk.finish(claims)

    await asyncio.gather(*[work() for _ in range(4)])
    assert most == {"bank": 7, "land": 2}
    assert Counter(done) == Counter(one.reference for one in wanted)


async def test_claimers_at_the_same_instant_share_one_allowance_of_the_rate(desk: Desk) -> None:
    await desk.open(lane_settings(concurrency=1000, per_second=20))
    await desk.put(*[item() for _ in range(200)])
    for seconds, allowed in ((0, 20), (0, 0), (0.5, 10), (0.25, 5), (1000, 20)):
        desk.wait(seconds)
        shares = await asyncio.gather(*[desk.claim_all() for _ in range(4)])
        assert sum(map(len, shares)) == allowed


async def test_a_rate_below_one_a_second_still_lets_one_through_at_a_time(desk: Desk) -> None:
    await desk.open(lane_settings("slow", per_second=0.1))
    await desk.put(*[item("slow") for _ in range(5)])
    assert len((await desk.claim()).items) == 1
    desk.wait(9.9)
    assert (await desk.claim()).items == []
    desk.wait(0.1)
    assert len((await desk.claim()).items) == 1


async def test_a_worker_whose_clock_is_behind_does_not_refill_a_lane_twice(desk: Desk) -> None:
    await desk.open(lane_settings(per_second=5))
    await desk.put(*[item() for _ in range(50)])
    desk.wait(10)
    assert len((await desk.claim()).items) == 5
    desk.wait(-10)
    assert (await desk.claim()).items == []
    desk.wait(10)
    assert (await desk.claim()).items == []


async def test_little_room_goes_to_the_lanes_with_the_least_under_way(desk: Desk) -> None:
    await desk.open(lane_settings("hanging"), lane_settings("land"))
    await desk.put(*[item("hanging") for _ in range(20)])
    await desk.claim(room=4)
    await desk.put(*[item("land") for _ in range(20)])
    assert Counter(one.lane for one in (await desk.claim(room=6)).items) == {"land": 5, "hanging": 1}


async def test_a_subject_is_carried_in_the_order_in_which_it_was_put(desk: Desk) -> None:
    """A release must not overtake its freeze (P5)."""
    freeze = new_id()
    steps = [item(subject=freeze) for _ in range(3)]
    await desk.put(*steps)
    for step in steps:
        (claimed,) = await desk.claim_all()
        assert claimed.reference == step.reference
        await desk.finish([claimed])


@pytest.mark.parametrize("fate", ["leased", "delayed", "dead"])
async def test_an_item_waits_for_an_earlier_one_of_its_subject(desk: Desk, fate: str) -> None:
    freeze = new_id()
    await desk.put(item(subject=freeze))
    first = (await desk.claim()).items
    if fate == "delayed":
        await desk.retry(first, 3600)
    if fate == "dead":
        await desk.bury(first)
    await desk.put(item(subject=freeze), item(subject=freeze, priority=Priority.URGENT))
    assert await desk.claim_all() == []


async def test_what_must_wait_does_not_hide_what_may_go(desk: Desk) -> None:
    freezes = [new_id() for _ in range(250)]
    await desk.open(lane_settings(concurrency=1000))
    await desk.put(*[item(subject=freeze) for freeze in freezes])
    await desk.retry(await desk.claim_all(), 3600)
    free = item(priority=Priority.BULK)
    await desk.put(*[item(subject=freeze) for freeze in freezes], free)
    claims = await desk.claim_all()
    assert [one.reference for one in claims] == [free.reference]
    await desk.finish(claims)
    assert (await desk.states())["behind"] == 250
    desk.wait(3600)
    heads = await desk.claim_all()
    assert {one.subject for one in heads} == set(freezes)
    await desk.finish(heads)
    assert {one.subject for one in await desk.claim_all()} == set(freezes)


async def test_an_item_parked_while_its_head_is_being_finished_is_not_forgotten(
    desk: Desk, engine: AsyncEngine
) -> None:
    freeze = new_id()
    await desk.put(item(subject=freeze))
    head = (await desk.claim()).items
    await desk.put(item(subject=freeze))

    async def finish_without_a_fence() -> None:
        async with engine.begin() as connection:
            await finish(connection, [head[0].id])

    async with engine.begin() as parking:
        await claim(parking, desk.now, 10, LEASE)
        finishing = asyncio.create_task(finish_without_a_fence())
        await asyncio.sleep(0.1)
        assert not finishing.done()
    await finishing
    assert [one.subject for one in await desk.claim_all()] == [freeze]


async def test_an_item_is_not_parked_behind_one_that_is_being_finished(
    desk: Desk, engine: AsyncEngine
) -> None:
    freeze = new_id()
    await desk.put(item(subject=freeze))
    head = (await desk.claim()).items
    await desk.put(item(subject=freeze))
    async with engine.begin() as finishing:
        held = await hold(finishing, head)
        assert (await desk.claim()).items == []
        await finish(finishing, list(held))
    assert [one.subject for one in (await desk.claim()).items] == [freeze]


async def test_a_claim_never_waits_for_a_lock(desk: Desk, engine: AsyncEngine) -> None:
    await desk.open(lane_settings("land"))
    await desk.put(item("bank"), item("land"))
    async with engine.begin() as other:
        await other.execute(text("SELECT 1 FROM lanes WHERE key = 'bank' FOR UPDATE"))
        claimed = await asyncio.wait_for(desk.claim(), 5)
        assert [one.lane for one in claimed.items] == ["land"]
        assert claimed.again


async def test_a_zombie_can_neither_record_nor_keep_what_was_taken_over(
    desk: Desk, engine: AsyncEngine
) -> None:
    await desk.put(item())
    zombie = (await desk.claim()).items
    desk.wait(LEASE.total_seconds())
    heir = (await desk.claim()).items
    assert (heir[0].id, heir[0].fence, heir[0].attempts) == (zombie[0].id, 2, 2)
    assert heir[0].last_error == LEASE_EXPIRED
    async with engine.begin() as connection:
        assert await extend(connection, zombie, desk.now, LEASE) == set()
    assert await desk.finish(zombie) == set()
    assert await desk.retry(zombie, 5) == set()
    assert await desk.bury(zombie) == set()
    assert await desk.finish(heir) == {heir[0].id}


async def test_a_slow_worker_may_still_record_what_nobody_took_over(desk: Desk) -> None:
    await desk.put(item())
    claimed = (await desk.claim()).items
    desk.wait(LEASE.total_seconds() * 2)
    assert await desk.finish(claimed) == {claimed[0].id}


async def test_a_zombie_is_refused_even_while_it_is_being_overtaken(desk: Desk, engine: AsyncEngine) -> None:
    await desk.put(item())
    zombie = (await desk.claim()).items
    desk.wait(LEASE.total_seconds())
    async with engine.begin() as heir:
        await claim(heir, desk.now, 10, LEASE)
        late = asyncio.create_task(desk.finish(zombie))
        await asyncio.sleep(0.05)
    assert await late == set()


async def test_an_extended_lease_is_kept(desk: Desk, engine: AsyncEngine) -> None:
    await desk.put(item())
    claimed = (await desk.claim()).items
    desk.wait(40)
    async with engine.begin() as connection:
        assert await extend(connection, claimed, desk.now, LEASE) == {claimed[0].id}
    desk.wait(40)
    assert (await desk.claim()).items == []
    desk.wait(20)
    assert len((await desk.claim()).items) == 1


async def test_an_item_that_kills_its_worker_each_time_is_buried_when_its_attempts_are_spent(
    desk: Desk,
) -> None:
    await desk.open(lane_settings(max_attempts=3))
    await desk.put(item())
    for attempt in (1, 2, 3):
        (claimed,) = (await desk.claim()).items
        assert claimed.attempts == attempt
        desk.wait(LEASE.total_seconds())
    last = await desk.claim()
    assert last.items == []
    assert [(one.id, one.attempts, one.last_error) for one in last.spent] == [(claimed.id, 3, ATTEMPTS_SPENT)]
    (row,) = await desk.rows()
    assert (row.state, row.died_at, row.lease_until) == ("dead", desk.now, None)
    assert (await desk.claim()).spent == []


async def test_a_poisoned_item_among_many_stops_none_of_them(desk: Desk) -> None:
    await desk.open(lane_settings(concurrency=1, max_attempts=1))
    await desk.put(*[item() for _ in range(4)])
    await desk.claim()
    desk.wait(LEASE.total_seconds())
    done = []
    while claims := (await desk.claim()).items:
        done += claims
        await desk.finish(claims)
    assert len(done) == 3


@pytest.mark.parametrize("error", ["hostile \0 byte", "half a pair \ud800", "long" * 1000])
async def test_any_error_text_can_be_recorded(desk: Desk, error: str) -> None:
    await desk.put(item())
    await desk.bury((await desk.claim()).items, error)
    (row,) = await desk.rows()
    assert row.state == "dead"
    assert row.last_error[:7] == error[:7].replace("\0", "\ufffd")


async def test_a_thousand_due_items_are_swept_in_portions(desk: Desk) -> None:
    await desk.open(lane_settings(concurrency=5000))
    await desk.put(*[item(run_at=START + timedelta(seconds=5)) for _ in range(450)])
    desk.wait(5)
    first = await desk.claim(room=1000)
    assert len(first.items) < 450
    assert first.again
    assert len(first.items) + len(await desk.claim_all()) == 450


async def test_a_claim_that_began_before_another_was_committed_counts_what_that_one_took(
    desk: Desk, engine: AsyncEngine
) -> None:
    """Thousands of lanes without work, looked at one after another, hold the moment open between snapshot and lock."""
    await desk.open(lane_settings("zzz", concurrency=1000, per_second=5))
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO lanes SELECT (jsonb_populate_record(lanes, jsonb_build_object('key', 'a' || n))).*"
                " FROM lanes, generate_series(1, 10000) AS n WHERE key = 'zzz'"
            )
        )
    await desk.put(*[item("zzz") for _ in range(50)])

    async def claim_after(seconds: float, room: int) -> int:
        await asyncio.sleep(seconds)
        return len((await desk.claim(room)).items)

    claimed = sum(await asyncio.gather(*[claim_after(n * 0.01, 1 + n % 3) for n in range(8)]))
    assert claimed + len(await desk.claim_all()) == 5

"""Fair shares: courts take turns within a lane, whatever each of them has put in."""

from datetime import timedelta
from itertools import groupby

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.ids import new_id
from app.models.outbox import Priority
from tests.integration.outbox_desk import LEASE, START, Desk, item, lane_settings

BIG, SMALL, THIRD = new_id(), new_id(), new_id()


@pytest.fixture
async def desk(engine: AsyncEngine) -> Desk:
    desk = Desk(engine)
    await desk.open(lane_settings())
    return desk


async def served(desk: Desk, count: int, room: int = 1) -> str:
    """Who is served next, as a word of B, S and T."""
    names = {BIG: "B", SMALL: "S", THIRD: "T"}
    shares = {row.id: names[row.share] for row in await desk.rows()}
    word = ""
    while len(word) < count:
        claims = (await desk.claim(room)).items
        assert claims
        word += "".join(shares[one.id] for one in claims)
        await desk.finish(claims)
    return word


async def test_ten_thousand_items_of_one_share_do_not_delay_one_of_another(desk: Desk) -> None:
    await desk.put(*[item(share=BIG) for _ in range(10_000)])
    assert await served(desk, 20, room=5) == "B" * 20
    await desk.put(item(share=SMALL))
    assert "S" in await served(desk, 5)


async def test_shares_that_have_work_are_served_in_turn(desk: Desk) -> None:
    await desk.put(*[item(share=BIG) for _ in range(30)])
    await desk.put(*[item(share=SMALL) for _ in range(10)])
    assert await served(desk, 20) == "BS" * 10


async def test_a_share_that_always_has_something_new_does_not_starve_an_old_backlog(desk: Desk) -> None:
    await desk.put(*[item(share=BIG) for _ in range(50)])
    word = ""
    for _ in range(10):
        await desk.put(item(share=SMALL), item(share=THIRD))
        word += await served(desk, 3)
    assert word.count("B") >= 9


async def test_a_share_that_was_idle_has_saved_nothing_up(desk: Desk) -> None:
    await desk.put(*[item(share=BIG) for _ in range(40)])
    await served(desk, 20)
    await desk.put(*[item(share=SMALL) for _ in range(20)])
    assert await served(desk, 20) == "BS" * 10


async def test_when_the_line_was_empty_nobody_is_behind_for_what_was_served_before(desk: Desk) -> None:
    await desk.put(*[item(share=BIG) for _ in range(30)])
    await served(desk, 30)
    await desk.put(*[item(share=SMALL) for _ in range(5)])
    await desk.put(*[item(share=BIG) for _ in range(5)])
    assert await served(desk, 10) == "SB" * 5


async def test_what_comes_back_from_a_delay_takes_turns_like_what_is_new(desk: Desk) -> None:
    await desk.open(lane_settings(concurrency=100))
    await desk.put(*[item(share=BIG) for _ in range(60)])
    await desk.retry(await desk.claim_all(), 30)
    desk.wait(30)
    await desk.claim(room=0)
    await desk.put(*[item(share=SMALL) for _ in range(5)])
    assert await served(desk, 10) == "BS" * 5


async def test_what_comes_back_from_a_lost_worker_takes_turns_too(desk: Desk) -> None:
    await desk.open(lane_settings(concurrency=60))
    await desk.put(*[item(share=BIG) for _ in range(60)])
    await desk.claim()
    await desk.put(*[item(share=SMALL) for _ in range(5)])
    desk.wait(LEASE.total_seconds())
    assert await served(desk, 10) in {"SB" * 5, "BS" * 5}


async def test_the_urgent_goes_first_and_bulk_last_each_with_its_own_turns(desk: Desk) -> None:
    await desk.put(*[item(share=BIG, priority=Priority.BULK) for _ in range(20)])
    await desk.put(*[item(share=SMALL, priority=Priority.NORMAL) for _ in range(2)])
    await desk.put(*[item(share=BIG, priority=Priority.URGENT) for _ in range(2)])
    await desk.put(*[item(share=THIRD, priority=Priority.URGENT) for _ in range(2)])
    assert await served(desk, 6) == "BTBTSS"
    await desk.put(item(share=SMALL, priority=Priority.BULK))
    assert await served(desk, 3) in {"BSB", "SBB"}


async def test_one_share_in_several_lanes_and_several_puts_keeps_the_order_of_each_line(desk: Desk) -> None:
    await desk.open(lane_settings("land"))
    wanted = [item(lane) for lane in ("bank", "land", "bank", "land")]
    await desk.put(*wanted[:3])
    await desk.put(wanted[3])
    claims = sorted((await desk.claim()).items, key=lambda one: (one.lane, one.id))
    order = {
        lane: [one.reference for one in of_lane] for lane, of_lane in groupby(claims, lambda one: one.lane)
    }
    assert order == {
        "bank": [wanted[0].reference, wanted[2].reference],
        "land": [wanted[1].reference, wanted[3].reference],
    }


async def test_fifty_thousand_items_are_put_in_one_statement(desk: Desk) -> None:
    lanes = ["police", "tax", "land", "vehicle", "bank"]
    await desk.open(*[lane_settings(lane) for lane in lanes])
    later = START + timedelta(hours=1)
    await desk.put(*[item(lane, run_at=START if n % 2 else later) for n in range(10_000) for lane in lanes])
    assert await desk.states() == {"ready": 25_000, "delayed": 25_000}

"""However much waits, a claim reads only what it takes: judged by the pages that its statements touch."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.ids import new_id
from app.outbox import claim as claiming
from app.outbox import put as putting
from app.outbox import settle as settling
from app.outbox.put import put
from app.outbox.settle import bury, extend, finish, hold, reschedule
from tests.integration.outbox_desk import COURT, LEASE, START, Desk, item, lane_settings

_FILL = text("""
INSERT INTO outbox (lane, kind, reference, subject, share, turn, priority, state, run_at, attempts, forgiven, created_at, died_at)
SELECT :lane, 'request', gen_random_uuid(), gen_random_uuid(), :share, n, 2, CAST(:state AS text), CAST(:run_at AS timestamptz), 0, 0, CAST(:run_at AS timestamptz), CASE WHEN CAST(:state AS text) = 'dead' THEN CAST(:run_at AS timestamptz) END
  FROM generate_series(1, :count) AS n
""")


@pytest.fixture
async def desk(engine: AsyncEngine) -> Desk:
    """Filled at once after a vacuum of the empty table, which is when plans go wrong: all figures say that it is empty."""
    desk = Desk(engine)
    await desk.open(lane_settings("paused"), lane_settings("failing"), lane_settings("bank"))
    await _analyse(engine)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE lanes SET state = 'paused' WHERE key = 'paused'"))
        for lane, state, hours, count in (("paused", "ready", 0, 30_000), ("failing", "delayed", 1, 5_000)):
            await connection.execute(
                _FILL,
                {
                    "lane": lane,
                    "share": COURT,
                    "state": state,
                    "run_at": START.replace(hour=START.hour + hours),
                    "count": count,
                },
            )
    await desk.put(*[item("bank") for _ in range(20)])
    return desk


async def explain(engine: AsyncEngine, statement: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Run it as the outbox does, take it back, and tell how it went."""
    async with engine.connect() as connection:
        rows = await connection.exec_driver_sql(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", dict(values)
        )
        plan: dict[str, Any] = rows.scalar_one()[0]["Plan"]
        await connection.rollback()
    return plan


def pages(plan: Mapping[str, Any]) -> int:
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


async def test_a_claim_reads_a_few_pages_whatever_waits_in_other_lanes(
    desk: Desk, engine: AsyncEngine
) -> None:
    sweep = await explain(engine, claiming._SWEEP, {"now": START, "lease_expired": claiming.LEASE_EXPIRED})
    assert pages(sweep) < 50
    values = {
        "now": START,
        "room": 10,
        "lease_until": START + LEASE,
        "attempts_spent": claiming.ATTEMPTS_SPENT,
    }
    assert pages(await explain(engine, claiming._CLAIM, values)) < 1000


async def test_settling_reads_the_rows_it_settles(desk: Desk, engine: AsyncEngine) -> None:
    claims = (await desk.claim()).items
    ids = [one.id for one in claims]
    fenced = settling._fenced(claims)
    texts = ["connection_refused"] * len(ids)
    for statement, values in (
        (settling._HOLD, fenced),
        (settling._EXTEND, fenced | {"until": START + LEASE}),
        (settling._FINISH, {"ids": ids}),
        (settling._WAKE, {"subjects": [one.subject for one in claims]}),
        (settling._RESCHEDULE, {"ids": ids, "run_ats": [START] * len(ids), "errors": texts}),
        (settling._BURY, {"ids": ids, "errors": texts, "now": START}),
    ):
        assert pages(await explain(engine, statement, values)) < 1000


async def test_putting_one_into_a_long_line_looks_at_its_end_only(desk: Desk, engine: AsyncEngine) -> None:
    line = putting._line(item("paused"), 1)
    lines = {name: [value] for name, value in line.items()}
    assert pages(await explain(engine, putting._PUT_ONE, line | {"now": START})) < 100
    assert pages(await explain(engine, putting._PUT, lines | {"now": START})) < 100


async def _analyse(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("VACUUM ANALYZE outbox"))


async def _rows_read(session: AsyncSession) -> int:
    """How many rows and index entries of the outbox this connection has looked at lately."""
    found = await session.execute(
        text(
            "SELECT sum(pg_stat_get_xact_tuples_returned(oid)) FROM pg_class"
            " WHERE oid = 'outbox'::regclass OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'outbox'::regclass)"
        )
    )
    return int(found.scalar_one())


async def _everything(session: AsyncSession) -> int:
    """Whatever can happen to items, with twenty of them. Returns how many rows were read for it."""
    before = await _rows_read(session)
    subjects = [new_id() for _ in range(20)]
    await put(session, [item("bank", subject=subject, share=subject) for subject in subjects], START)
    claims = (await claiming.claim(session, START, 20, LEASE)).items
    assert await hold(session, claims) == await extend(session, claims, START, LEASE)
    await put(session, [item("bank", subject=subject) for subject in subjects], START)
    assert (await claiming.claim(session, START, 20, LEASE)).again
    ids = [one.id for one in claims]
    await reschedule(session, [(id_, START, "connection_refused") for id_ in ids[:5]])
    await bury(session, [(id_, "message_rejected") for id_ in ids[5:10]], START)
    await finish(session, ids[10:])
    assert len((await claiming.claim(session, START, 20, LEASE)).items) == 15
    rows = await _rows_read(session) - before
    await session.rollback()
    return rows


async def _stand_empty(desk: Desk) -> None:
    assert await desk.rows() == []


async def _hold_ready_ones_of_one_share(desk: Desk) -> None:
    await desk.put(*[item("bank") for _ in range(60)])


async def _hold_leased_ones(desk: Desk) -> None:
    await desk.put(*[item("bank") for _ in range(60)])
    await desk.claim()


async def _hold_ones_of_one_subject(desk: Desk) -> None:
    await desk.put(*[item("bank", subject=COURT) for _ in range(60)])


@pytest.mark.parametrize(
    "quiet_days",
    [_stand_empty, _hold_ready_ones_of_one_share, _hold_leased_ones, _hold_ones_of_one_subject],
)
async def test_plans_of_quiet_days_serve_busy_ones(
    engine: AsyncEngine, quiet_days: Callable[[Desk], Awaitable[None]]
) -> None:
    """Plans are made once and kept, whatever the figures said of the table on that day."""
    desk = Desk(engine)
    await desk.open(lane_settings("paused"), lane_settings("bank", concurrency=100))
    await quiet_days(desk)
    await _analyse(engine)
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM outbox"))
    async with engine.connect() as connection, AsyncSession(bind=connection) as session:
        await session.execute(text("SET plan_cache_mode = force_generic_plan"))
        await session.commit()
        quiet = await _everything(session)
        await session.execute(text("UPDATE lanes SET state = 'paused' WHERE key = 'paused'"))
        for lane, state in (("paused", "ready"), ("paused", "dead"), ("bank", "dead")):
            await session.execute(
                _FILL, {"lane": lane, "share": COURT, "state": state, "run_at": START, "count": 20_000}
            )
        await session.commit()
        busy = await _everything(session)
    assert busy < 2 * quiet

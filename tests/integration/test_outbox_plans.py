"""However much waits, a claim reads only what it takes: judged by the pages that its statements touch."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database import session_factory
from app.outbox import claim as claiming
from app.outbox import put as putting
from app.outbox import settle as settling
from app.outbox.plans import BY_INDEX
from app.outbox.put import put
from tests.integration.outbox_desk import COURT, LEASE, START, Desk, item, lane_settings

_FILL = text("""
INSERT INTO outbox (lane, kind, reference, subject, share, turn, priority, state, run_at, attempts, forgiven, created_at)
SELECT :lane, 'request', gen_random_uuid(), gen_random_uuid(), :share, n, 2, :state, :run_at, 0, 0, :run_at
  FROM generate_series(1, :count) AS n
""")


@pytest.fixture
async def desk(engine: AsyncEngine) -> Desk:
    """Filled at once after a vacuum of the empty table, which is when plans go wrong: all figures say that it is empty."""
    desk = Desk(engine)
    await desk.open(lane_settings("paused"), lane_settings("failing"), lane_settings("bank"))
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("VACUUM ANALYZE outbox"))
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
        await connection.exec_driver_sql(BY_INDEX)
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
    one = item("paused")
    values = {
        "lanes": [one.lane],
        "kinds": [one.kind],
        "references": [one.reference],
        "subjects": [one.subject],
        "shares": [one.share],
        "priorities": [one.priority.value],
        "run_ats": [one.run_at],
        "now": START,
    }
    assert pages(await explain(engine, putting._PUT, values)) < 100


async def test_a_plan_from_the_empty_days_is_not_kept_for_the_full_ones(engine: AsyncEngine) -> None:
    """The same prepared statements, on the same connection, before and after."""
    desk = Desk(engine)
    await desk.open(lane_settings("bank"))
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("VACUUM ANALYZE outbox"))
    async with session_factory(engine)() as session:
        for _ in range(12):
            await put(session, [item("bank")], START)
            await session.rollback()
        async with session.begin():
            await put(session, [item("bank") for _ in range(5_000)], START)
            scans = await session.execute(
                text("SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'outbox'")
            )
            assert scans.scalar_one() == 0

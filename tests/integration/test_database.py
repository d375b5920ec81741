"""What the engine promises to those who use it."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.sql import bindparam, literal, select

from app.database import NotDurable, check_durability, create_engine, cut_off_frozen, libpq_url
from app.postgres import EmbeddedPostgres


async def test_instants_come_back_in_utc_whatever_the_server_thinks(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        found = await connection.scalar(text("SELECT timestamptz '2026-01-02 08:00+08'"))
    assert found == datetime(2026, 1, 2, tzinfo=UTC)
    assert found.utcoffset() == timedelta(0)


async def test_jsonb_keeps_chinese_and_exact_numbers(engine: AsyncEngine) -> None:
    document = {"持有人": "梁某", "amount": Decimal("0.10")}
    async with engine.connect() as connection:
        found = await connection.scalar(select(literal(document, JSONB)))
        exact = await connection.scalar(select(bindparam("n", type_=JSONB)), {"n": None})
        number = await connection.scalar(text("SELECT '0.1'::jsonb"))
    assert found == {"持有人": "梁某", "amount": "0.10"}
    assert exact is None
    assert number == Decimal("0.1")


async def test_connections_that_the_server_closed_are_replaced_before_they_are_used(
    engine: AsyncEngine, database_url: str
) -> None:
    async with engine.connect() as one, engine.connect() as two:
        pids = [await each.scalar(text("SELECT pg_backend_pid()")) for each in (one, two)]
    with psycopg.connect(libpq_url(database_url)) as closer:
        for pid in pids:
            closer.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    async with engine.connect() as one, engine.connect() as two:
        assert await one.scalar(text("SELECT 1")) == await two.scalar(text("SELECT 1")) == 1


async def test_a_living_connection_is_used_again(engine: AsyncEngine) -> None:
    pids = set()
    for _ in range(3):
        async with engine.connect() as connection:
            pids.add(await connection.scalar(text("SELECT pg_backend_pid()")))
    assert len(pids) == 1


async def test_the_servers_own_settings_are_durable(used_postgres_folder: Path) -> None:
    with EmbeddedPostgres(used_postgres_folder) as url:
        engine = create_engine(url)
        async with engine.connect() as connection:
            await check_durability(connection)
            await connection.execute(text("SET synchronous_commit = off"))
            with pytest.raises(NotDurable, match="synchronous_commit is off"):
                await check_durability(connection)
        await engine.dispose()


async def test_a_server_that_may_lose_orders_is_named(engine: AsyncEngine) -> None:
    """The tests' own server runs without fsync."""
    async with engine.connect() as connection:
        with pytest.raises(NotDurable, match="fsync, full_page_writes is off"):
            await check_durability(connection)


async def test_who_stands_still_in_the_middle_of_a_pipeline_loses_its_locks(
    engine: AsyncEngine, database_url: str
) -> None:
    """As a stopped process does: the server waits for the rest, and knows of no idleness that could time out."""
    async with (
        await psycopg.AsyncConnection.connect(libpq_url(database_url), application_name="liandong") as frozen,
        engine.connect() as other,
    ):
        lock = "SELECT pg_advisory_xact_lock(7)"
        pipeline = frozen.pipeline()
        await pipeline.__aenter__()
        await frozen.execute(lock)
        frozen.pgconn.send_flush_request()
        frozen.pgconn.flush()
        taken = text("SELECT NOT pg_try_advisory_xact_lock(7)")
        async with asyncio.timeout(5):
            while not await other.scalar(taken):
                await other.rollback()
        await other.rollback()

        assert await cut_off_frozen(other, timedelta(seconds=60)) == 0
        await other.rollback()
        async with asyncio.timeout(5):
            while not await cut_off_frozen(other, timedelta()):
                await other.rollback()
        await other.rollback()

        await other.execute(text(lock))
        with suppress(psycopg.OperationalError):
            await pipeline.__aexit__(None, None, None)


async def test_nobody_waits_for_anothers_lock_for_ever(engine: AsyncEngine) -> None:
    async with engine.connect() as one, engine.connect() as two:
        await one.execute(text("SELECT pg_advisory_xact_lock(7)"))
        assert await two.scalar(text("SHOW lock_timeout")) == "10s"
        await two.execute(text("SET LOCAL lock_timeout = '50ms'"))
        with pytest.raises(OperationalError):  # a 503 at the edge, another try in a worker
            await two.execute(text("SELECT pg_advisory_xact_lock(7)"))

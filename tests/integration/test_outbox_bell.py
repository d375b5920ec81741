"""The bell wakes whoever listens, and losing it costs no more than a poll."""

import asyncio
import time

import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database import libpq_url
from app.outbox.bell import Bell, Listener


async def seconds_until(listener: Listener, patience: float = 5) -> float:
    began = time.monotonic()
    await listener.wait(patience)
    return time.monotonic() - began


async def settled(listener: Listener) -> None:
    """The first return is for what may have rung before the ear was there."""
    assert await seconds_until(listener) < 5


async def end_other_connections(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )


async def test_a_ring_wakes_every_listener(engine: AsyncEngine) -> None:
    async with Bell(engine) as bell, Listener(engine) as first, Listener(engine) as second:
        await asyncio.gather(settled(first), settled(second))
        bell.ring()
        assert max(await asyncio.gather(seconds_until(first), seconds_until(second))) < 1


async def test_a_listener_that_hears_nothing_looks_after_a_while(engine: AsyncEngine) -> None:
    async with Listener(engine) as listener:
        await settled(listener)
        assert 0.1 <= await seconds_until(listener, 0.1) < 1


async def test_a_ring_while_nobody_waits_is_kept_for_the_next_wait(engine: AsyncEngine) -> None:
    async with Bell(engine) as bell, Listener(engine) as listener:
        await settled(listener)
        bell.ring()
        await asyncio.sleep(0.1)
        assert await seconds_until(listener) < 0.1


async def test_a_listener_can_be_woken_by_its_own_worker(engine: AsyncEngine) -> None:
    async with Listener(engine) as listener:
        await settled(listener)
        listener.wake()
        assert await seconds_until(listener) < 1


async def test_a_hundred_rings_at_once_become_few_notifications(
    engine: AsyncEngine, database_url: str
) -> None:
    ear = await psycopg.AsyncConnection.connect(libpq_url(database_url), autocommit=True)
    async with ear, Bell(engine) as bell:
        await ear.execute("LISTEN outbox")
        for _ in range(100):
            bell.ring()
        heard = [notice async for notice in ear.notifies(timeout=0.3)]
    assert 1 <= len(heard) <= 2


async def test_both_ends_come_back_after_their_connections_were_lost(engine: AsyncEngine) -> None:
    async with Bell(engine) as bell, Listener(engine) as listener:
        await settled(listener)
        await end_other_connections(engine)
        await settled(listener)  # the new ear asks for a look of its own
        bell.ring()
        bell_is_back = False
        for _ in range(50):
            bell_is_back = bell_is_back or await seconds_until(listener, 0.1) < 0.1
            bell.ring()
        assert bell_is_back


async def test_ringing_without_a_database_does_not_fail(engine: AsyncEngine) -> None:
    async with Bell(engine) as bell:
        await end_other_connections(engine)
        bell.ring()
        await asyncio.sleep(0.05)
        bell.ring()

"""How many entries a second the sequencer takes into the tree, with real entries waiting."""

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.audit.checkpoint import Signer
from app.audit.entry import Actor, Entry
from app.audit.record import record
from app.audit.sequencer import run, sequence_once
from app.clock import SystemClock
from app.database import create_engine
from app.ids import new_id
from app.vocabulary import ActorKind, AuditAction
from bench.figure import Figure
from bench.processes import program
from bench.stand import Stand, say

_WRITTEN_AT_ONCE = 1_000


def measure(stand: Stand, entries: int) -> Iterator[Figure]:
    """Entries a second, beside the server copying the finished leaves into a table of the same indexes."""
    say(f"sequencing: {entries} entries ...")
    with stand.database() as ground:
        yield asyncio.run(_measure(ground.database_url, entries))


@contextmanager
def sequencer(database_url: str) -> Iterator[None]:
    """The sequencer at work in a process of its own, as it is in the worker, and nothing else of the worker.

    It has caught up with what was written before.

    Raises:
        RuntimeError: it gave up meanwhile.
    """
    with program("bench.sequencing", [database_url]) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield
        if process.poll() is not None:
            raise RuntimeError("the sequencer gave up")


async def _measure(url: str, entries: int) -> Figure:
    engine = create_engine(url)
    try:
        sequenced = await _sequenced_per_second(engine, entries)
        return Figure("sequencing", sequenced, "entries/s", await _copied_per_second(engine, entries))
    finally:
        await engine.dispose()


async def _sequenced_per_second(engine: AsyncEngine, entries: int) -> float:
    for _ in range(entries // _WRITTEN_AT_ONCE):
        async with engine.begin() as connection:
            await record(connection, [_entry() for _ in range(_WRITTEN_AT_ONCE)])
    signer = Signer("bench.example/audit", Ed25519PrivateKey.generate())
    begun = time.perf_counter()
    await _catch_up(engine, signer)
    return entries / (time.perf_counter() - begun)


async def _catch_up(engine: AsyncEngine, signer: Signer) -> None:
    while await sequence_once(engine, signer, SystemClock()):
        pass


async def _copied_per_second(engine: AsyncEngine, entries: int) -> float:
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE bare_leaves (LIKE audit_leaves INCLUDING ALL)"))
    begun = time.perf_counter()
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO bare_leaves SELECT * FROM audit_leaves"))
    return entries / (time.perf_counter() - begun)


def _entry() -> Entry:
    return Entry(
        entry_id=new_id(),
        recorded_at=datetime.now(UTC),
        action=AuditAction.ANSWER_APPLIED,
        actor=Actor(ActorKind.AGENCY, "BANK-01"),
        case_number="（2026）浙0102执123号",
        purpose="查明被执行人财产状况",
        digests=(("answer", "0" * 64),),
    )


async def _serve(database_url: str) -> None:
    # Always the same key: each sequencer goes on from what the one before it signed.
    signer = Signer("bench.example/audit", Ed25519PrivateKey.from_private_bytes(bytes(32)))
    engine = create_engine(database_url, pool_size=1)
    await _catch_up(engine, signer)
    print("caught up", flush=True)
    await run(engine, signer, SystemClock(), asyncio.Event())


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))

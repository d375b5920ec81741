"""Giving entries their places, whatever happens in between."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.audit import sequencer
from app.audit.checkpoint import Signer, open_checkpoint
from app.audit.entry import Actor, Entry
from app.audit.proof import extends, includes
from app.audit.record import record
from app.audit.sequencer import HistoryBroken, Lag, lag, run, sequence_once
from app.audit.stored_tree import StoredTree
from app.audit.tree import Span, consistency_path, root_of
from app.clock import ManualClock, SystemClock
from app.ids import new_id
from app.models import AuditCheckpoint, AuditEntry, AuditLeaf, AuditSubtree, AuditUnsequenced

SIGNER = Signer("court.example/audit", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
CLOCK = ManualClock(datetime(2026, 11, 24, tzinfo=UTC))


def some_entries(count: int) -> list[Entry]:
    return [
        Entry(
            entry_id=new_id(),
            recorded_at=CLOCK.now(),
            action="answer.applied",
            actor=Actor("agency", "BANK-01"),
        )
        for _ in range(count)
    ]


async def write(engine: AsyncEngine, count: int) -> list[UUID]:
    entries = some_entries(count)
    async with engine.begin() as connection:
        await record(connection, entries)
    return [entry.entry_id for entry in entries]


async def places(engine: AsyncEngine) -> list[UUID]:
    """Entry ids in the order of the tree, whose places must be 0, 1, 2, …"""
    async with engine.connect() as connection:
        rows = (
            await connection.execute(select(AuditLeaf.index, AuditLeaf.entry_id).order_by(AuditLeaf.index))
        ).all()
    assert [place for place, _ in rows] == list(range(len(rows)))
    return [entry_id for _, entry_id in rows]


async def until_sequenced(engine: AsyncEngine, count: int, *, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while len(await places(engine)) < count:  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.05)


async def assert_sound(engine: AsyncEngine) -> None:
    """Every checkpoint ever signed is the root over the leaves before it, and leaves no entry out."""
    async with engine.connect() as connection:
        leaves = (await connection.scalars(select(AuditLeaf.leaf_hash).order_by(AuditLeaf.index))).all()
        checkpoints = (await connection.execute(select(AuditCheckpoint.size, AuditCheckpoint.note))).all()
        entries = await connection.scalar(select(func.count()).select_from(AuditEntry))
        waiting = await connection.scalar(select(func.count()).select_from(AuditUnsequenced))
    assert max((size for size, _ in checkpoints), default=0) == len(leaves)
    assert len(leaves) + (waiting or 0) == entries
    for size, note in checkpoints:
        signed = open_checkpoint(note, SIGNER.verifier)
        assert (signed.size, signed.root) == (size, root_of(leaves[:size]))


async def test_entries_get_places_in_the_order_of_their_ids_batch_by_batch(engine: AsyncEngine) -> None:
    written = await write(engine, 25)
    assert [await sequence_once(engine, SIGNER, CLOCK, 10) for _ in range(4)] == [10, 10, 5, 0]
    assert await places(engine) == written
    await assert_sound(engine)
    async with engine.connect() as connection:
        assert (
            await connection.scalars(select(AuditCheckpoint.size).order_by(AuditCheckpoint.size))
        ).all() == [
            10,
            20,
            25,
        ]


async def test_an_entry_that_becomes_visible_late_is_not_passed_over(engine: AsyncEngine) -> None:
    early, late = some_entries(1), some_entries(1)
    async with engine.connect() as slow:
        await record(slow, early)
        async with engine.begin() as quick:
            await record(quick, late)
        assert await sequence_once(engine, SIGNER, CLOCK) == 1
        await slow.commit()
    assert await sequence_once(engine, SIGNER, CLOCK) == 1
    assert await places(engine) == [late[0].entry_id, early[0].entry_id]
    await assert_sound(engine)


async def test_an_entry_that_was_rolled_back_gets_no_place(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await record(connection, some_entries(3))
    assert await sequence_once(engine, SIGNER, CLOCK) == 0
    assert await places(engine) == []


async def test_writers_do_not_wait_for_a_sequencer_in_the_middle_of_its_work(engine: AsyncEngine) -> None:
    await write(engine, 30)
    async with engine.connect() as slow:
        assert await slow.scalar(select(func.pg_try_advisory_xact_lock(sequencer._LOCK)))
        waiting = await sequencer._take(slow, 30)
        tree = await sequencer._head(slow, SIGNER)
        await sequencer._append(slow, tree, waiting)
        await sequencer._sign(slow, tree, SIGNER, CLOCK)
        async with asyncio.timeout(2):
            await asyncio.gather(*(write(engine, 3) for _ in range(10)))
        await slow.commit()
    assert await sequence_once(engine, SIGNER, CLOCK) == 30
    await assert_sound(engine)


async def test_only_one_sequencer_works_at_a_time(engine: AsyncEngine) -> None:
    await write(engine, 3)
    async with engine.begin() as other:
        await other.execute(select(func.pg_advisory_xact_lock(sequencer._LOCK)))
        assert await sequence_once(engine, SIGNER, CLOCK) == 0
    assert await sequence_once(engine, SIGNER, CLOCK) == 3


async def test_many_writers_and_many_sequencers_make_one_history(engine: AsyncEngine) -> None:
    stop = asyncio.Event()
    sequencers = [asyncio.create_task(run(engine, SIGNER, CLOCK, stop, limit=7)) for _ in range(3)]
    written = await asyncio.gather(*(write(engine, 1 + number % 4) for number in range(80)))
    await until_sequenced(engine, sum(map(len, written)), seconds=20)
    stop.set()
    await asyncio.gather(*sequencers)
    assert sorted(await places(engine)) == sorted(entry_id for ids in written for entry_id in ids)
    await assert_sound(engine)


async def test_proofs_from_the_stored_tree_verify_across_tiles(engine: AsyncEngine) -> None:
    await write(engine, 1_100)
    for limit in (300, 301, 499):
        await sequence_once(engine, SIGNER, CLOCK, limit)
    async with engine.connect() as connection:
        leaves = (await connection.scalars(select(AuditLeaf.leaf_hash).order_by(AuditLeaf.index))).all()
        stored = (await connection.scalars(select(AuditSubtree.hash).order_by(AuditSubtree.index))).all()
        assert stored == [root_of(leaves[start : start + 256]) for start in range(0, 1024, 256)]
        for size in (1_100, 1_024, 601, 300, 1):
            tree, root = StoredTree(size), root_of(leaves[:size])
            assert await tree.root_of(connection, Span(0, size)) == root
            for index in {0, 1, size // 2, size - 1} & set(range(size)):
                proof = await tree.inclusion_proof(connection, index)
                assert includes(root, size, index, leaves[index], proof)
        tree = StoredTree(1_100)
        for old, new in pairwise((300, 601, 1_100)):
            proof = [await tree.root_of(connection, span) for span in consistency_path(old, new)]
            assert extends(old, root_of(leaves[:old]), new, root_of(leaves[:new]), proof)


async def test_a_tree_of_many_tiles_keeps_the_second_level(engine: AsyncEngine) -> None:
    """66,000 leaves, written as flags only: what the entries say does not matter here."""
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO audit_unsequenced SELECT gen_random_uuid(), sha256(n::text::bytea)"
                " FROM generate_series(1, 66000) AS n"
            )
        )
    while await sequence_once(engine, SIGNER, CLOCK, 20_000):
        pass
    async with engine.connect() as connection:
        leaves = (await connection.scalars(select(AuditLeaf.leaf_hash).order_by(AuditLeaf.index))).all()
        second = (await connection.scalars(select(AuditSubtree.hash).where(AuditSubtree.level == 2))).all()
        assert second == [root_of(leaves[:65_536])]
        proof = await StoredTree(66_000).inclusion_proof(connection, 65_999)
    assert includes(root_of(leaves), 66_000, 65_999, leaves[65_999], proof)


class BrokenSigner(Signer):
    def sign(self, size: int, root: bytes) -> str:
        raise ConnectionError("the key store is away")


async def test_a_failing_signature_leaves_everything_as_it_was(engine: AsyncEngine) -> None:
    written = await write(engine, 5)
    with pytest.raises(ConnectionError):
        await sequence_once(engine, BrokenSigner(SIGNER.origin, SIGNER.private), CLOCK)
    assert await places(engine) == []
    assert await sequence_once(engine, SIGNER, CLOCK) == 5
    assert await places(engine) == written
    await assert_sound(engine)


@pytest.mark.parametrize(
    "failpoint",
    [
        "BEFORE DELETE ON audit_unsequenced",
        "AFTER DELETE ON audit_unsequenced",
        "BEFORE INSERT ON audit_leaves",
        "AFTER INSERT ON audit_leaves",
        "BEFORE INSERT ON audit_subtrees",
        "AFTER INSERT ON audit_subtrees",
        "BEFORE INSERT ON audit_checkpoints",
        "AFTER INSERT ON audit_checkpoints",
        "at commit",
    ],
)
async def test_a_crash_at_any_step_leaves_one_history(engine: AsyncEngine, failpoint: str) -> None:
    before = await write(engine, 200)
    await sequence_once(engine, SIGNER, CLOCK)
    after = await write(engine, 100)
    await set_failpoint(engine, failpoint)
    with pytest.raises((DBAPIError, psycopg.Error), match="failpoint"):
        await sequence_once(engine, SIGNER, CLOCK)
    assert await places(engine) == before
    await assert_sound(engine)
    async with engine.begin() as connection:
        await connection.execute(text("DROP FUNCTION failpoint() CASCADE"))
    assert await sequence_once(engine, SIGNER, CLOCK) == 100
    assert await places(engine) == before + after
    await assert_sound(engine)


async def set_failpoint(engine: AsyncEngine, failpoint: str) -> None:
    trigger = f"CREATE TRIGGER failpoint {failpoint} EXECUTE FUNCTION failpoint()"
    if failpoint == "at commit":
        trigger = (
            "CREATE CONSTRAINT TRIGGER failpoint AFTER INSERT ON audit_checkpoints"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION failpoint()"
        )
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "CREATE FUNCTION failpoint() RETURNS trigger LANGUAGE plpgsql"
                " AS $$ BEGIN RAISE EXCEPTION 'failpoint'; END $$"
            )
        )
        await connection.execute(text(trigger))


KILLED = """
    import asyncio, os, signal, sys
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from app.audit.checkpoint import Signer
    from app.audit.sequencer import sequence_once
    from app.clock import SystemClock
    from app.database import create_engine

    class Fatal(Signer):
        def sign(self, size, root):
            note = super().sign(size, root)
            os.kill(os.getpid(), signal.SIGKILL)
            return note

    signer = Fatal("court.example/audit", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
    asyncio.run(sequence_once(create_engine(sys.argv[1]), signer, SystemClock()))
"""


async def test_a_sequencer_killed_after_signing_is_succeeded_by_another(
    engine: AsyncEngine, database_url: str
) -> None:
    written = await write(engine, 20)
    killed = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", textwrap.dedent(KILLED), database_url],
        check=False,
        env=os.environ,
    )
    assert killed.returncode == -signal.SIGKILL
    stop = asyncio.Event()
    task = asyncio.create_task(run(engine, SIGNER, CLOCK, stop))
    await until_sequenced(engine, 20, seconds=10)
    stop.set()
    await task
    assert await places(engine) == written
    await assert_sound(engine)


async def test_nothing_is_signed_on_top_of_a_head_that_this_key_did_not_sign(engine: AsyncEngine) -> None:
    await write(engine, 3)
    await sequence_once(engine, SIGNER, CLOCK)
    await write(engine, 1)
    stranger = Signer(SIGNER.origin, Ed25519PrivateKey.from_private_bytes(bytes(32)))
    with pytest.raises(HistoryBroken, match="no signature"):
        await sequence_once(engine, stranger, CLOCK)
    assert len(await places(engine)) == 3


@pytest.mark.parametrize("column", ["peaks = sha256('x') || sha256('y')", "peaks = ''", "note = 'x'"])
async def test_nothing_is_signed_on_top_of_a_head_that_was_altered(engine: AsyncEngine, column: str) -> None:
    await write(engine, 3)
    await sequence_once(engine, SIGNER, CLOCK)
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE audit_checkpoints DISABLE TRIGGER USER"))
        await connection.execute(text(f"UPDATE audit_checkpoints SET {column}"))
    await write(engine, 1)
    with pytest.raises(HistoryBroken):
        await sequence_once(engine, SIGNER, CLOCK)
    assert len(await places(engine)) == 3


async def test_the_loop_sequences_within_a_second_and_stops_when_told(engine: AsyncEngine) -> None:
    stop = asyncio.Event()
    task = asyncio.create_task(run(engine, SIGNER, SystemClock(), stop))
    await asyncio.sleep(0.1)
    await write(engine, 2)
    await until_sequenced(engine, 2, seconds=1)
    stop.set()
    await asyncio.wait_for(task, 1)


async def test_the_loop_outlives_its_connections(
    engine: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "CREATE FUNCTION hang_up() RETURNS trigger LANGUAGE plpgsql AS $$"
                " BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"
            )
        )
        await connection.execute(
            text("CREATE TRIGGER hang_up BEFORE INSERT ON audit_leaves EXECUTE FUNCTION hang_up()")
        )
    await write(engine, 2)
    stop = asyncio.Event()
    task = asyncio.create_task(run(engine, SIGNER, CLOCK, stop))
    await asyncio.sleep(0.2)
    assert not task.done()
    async with engine.begin() as connection:
        await connection.execute(text("DROP FUNCTION hang_up() CASCADE"))
    await until_sequenced(engine, 2, seconds=3)
    stop.set()
    await task
    await assert_sound(engine)


async def test_the_lag_counts_what_waits_and_since_when(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert await lag(connection) == Lag(waiting=0, oldest_recorded_at=None, sequenced=0)
    await write(engine, 5)
    await sequence_once(engine, SIGNER, CLOCK, 3)
    async with engine.connect() as connection:
        assert await lag(connection) == Lag(waiting=2, oldest_recorded_at=CLOCK.now(), sequenced=3)

"""Gives entries their places: the one writer of the tree.

Any number of workers may call it; an advisory lock lets one through. A batch is one transaction: the flags go, the
leaves come, the checkpoint is signed and stored. The signed note leaves the process only by its commit, and the
next batch begins from the last committed one, so a crash at any step never leaves two signed histories.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import psycopg
import structlog
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.audit.checkpoint import Signer, open_checkpoint
from app.audit.note import NoteError
from app.audit.tree import TILE_HEIGHT, CompactRange
from app.clock import Clock
from app.models.audit import AuditCheckpoint, AuditSubtree

BATCH = 10_000
PAUSE = 0.5
"""Seconds between looks when nothing waits; an entry has its place within a second."""

_LOCK = 7_020_101
"""The sequencer's advisory lock. Held by the transaction, so it goes with a killed process."""

_log = structlog.get_logger(__name__)


class HistoryBroken(Exception):
    """No key at hand signed the stored head. Nothing is signed on top of it; a person must look.

    After a change of keys that had no overlap it is this, too: put the old key back as the one that retires.
    """


class _Waiting(NamedTuple):
    entry_id: UUID
    leaf_hash: bytes


@dataclass(frozen=True, slots=True)
class Lag:
    """How far the tree is behind: entries that wait, since when, and entries that have their place."""

    waiting: int
    oldest_recorded_at: datetime | None
    sequenced: int


async def run(
    engine: AsyncEngine, signer: Signer, clock: Clock, stop: asyncio.Event, *, limit: int = BATCH
) -> None:
    """Sequence until `stop` is set. Outlives a database that is away; raises `HistoryBroken`."""
    while not stop.is_set():
        try:
            more = await sequence_once(engine, signer, clock, limit) == limit
        except (OperationalError, psycopg.OperationalError) as error:  # COPY raises the driver's own
            _log.warning("audit.sequencer_waits", reason=type(error).__name__)
            more = False
        if not more:
            await _sleep(stop)


async def _sleep(stop: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stop.wait(), PAUSE)
    except TimeoutError:
        return


async def sequence_once(engine: AsyncEngine, signer: Signer, clock: Clock, limit: int = BATCH) -> int:
    """Take up to `limit` waiting entries into the tree; how many they were. 0 also when another sequencer is at work.

    Raises:
        HistoryBroken: the head in the database was signed by no key at hand, or does not fit its own checkpoint.
    """
    async with engine.begin() as connection:
        if not await connection.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
            return 0
        waiting = await _take(connection, limit)
        if waiting:
            tree = await _head(connection, signer)
            await _append(connection, tree, waiting)
            await _sign(connection, tree, signer, clock)
    return len(waiting)


async def lag(connection: AsyncConnection) -> Lag:
    row = (await connection.execute(_LAG)).one()
    return Lag(waiting=row.waiting, oldest_recorded_at=row.oldest, sequenced=row.sequenced)


_LAG = text(
    "SELECT (SELECT count(*) FROM audit_unsequenced) AS waiting,"
    " (SELECT recorded_at FROM audit_entries JOIN audit_unsequenced USING (entry_id)"
    " ORDER BY entry_id LIMIT 1) AS oldest,"
    " coalesce((SELECT max(size) FROM audit_checkpoints), 0) AS sequenced"
)

# By flag and not by "id above the last one": ids become visible in another order than they were given.
_TAKE = text(
    "DELETE FROM audit_unsequenced WHERE ctid = ANY (ARRAY("
    "SELECT ctid FROM audit_unsequenced ORDER BY entry_id LIMIT :limit)) RETURNING entry_id, leaf_hash"
)


async def _take(connection: AsyncConnection, limit: int) -> list[_Waiting]:
    rows = await connection.execute(_TAKE, {"limit": limit})
    waiting = [_Waiting(*row) for row in rows.all()]
    waiting.sort(key=lambda entry: entry.entry_id.int)  # RETURNING promises no order
    return waiting


async def _head(connection: AsyncConnection, signer: Signer) -> CompactRange:
    """The tree as of the last checkpoint, after making sure that one of our keys signed exactly that."""
    head = (
        await connection.execute(
            select(AuditCheckpoint.size, AuditCheckpoint.peaks, AuditCheckpoint.note)
            .order_by(AuditCheckpoint.size.desc())
            .limit(1)
        )
    ).first()
    if head is None:
        return CompactRange()
    try:
        signed = open_checkpoint(head.note, *signer.verifiers)
        tree = CompactRange(
            head.size, [head.peaks[place : place + 32] for place in range(0, len(head.peaks), 32)]
        )
    except (NoteError, ValueError) as error:
        raise HistoryBroken(f"the audit log's head of size {head.size}: {error}") from error
    if (signed.size, signed.root) != (tree.size, tree.root()):
        raise HistoryBroken(f"the audit log's head of size {head.size} does not fit its checkpoint")
    return tree


async def _append(connection: AsyncConnection, tree: CompactRange, waiting: Sequence[_Waiting]) -> None:
    first = tree.size
    subtrees = []
    for entry in waiting:
        completed = tree.append(entry.leaf_hash)
        subtrees += [
            {"level": level, "index": (tree.size >> TILE_HEIGHT * level) - 1, "hash": root}
            for level, root in enumerate(completed, start=1)
        ]
    await _copy_leaves(connection, first, waiting)
    if subtrees:
        await connection.execute(insert(AuditSubtree), subtrees)


async def _copy_leaves(connection: AsyncConnection, first: int, waiting: Sequence[_Waiting]) -> None:
    driver = (await connection.get_raw_connection()).driver_connection
    assert isinstance(
        driver, psycopg.AsyncConnection
    )  # COPY is the driver's own; the engine is made with psycopg
    async with (
        driver.cursor() as cursor,
        cursor.copy("COPY audit_leaves (index, entry_id, leaf_hash) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.set_types(["int8", "uuid", "bytea"])
        for index, entry in enumerate(waiting, start=first):
            await copy.write_row((index, *entry))


async def _sign(connection: AsyncConnection, tree: CompactRange, signer: Signer, clock: Clock) -> None:
    root = tree.root()
    checkpoint = {
        "size": tree.size,
        "root": root,
        "peaks": b"".join(tree.peaks),
        "note": signer.sign(tree.size, root),
        "signed_at": clock.now(),
    }
    await connection.execute(insert(AuditCheckpoint), checkpoint)

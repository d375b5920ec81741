"""What the log shows to outsiders, as the database holds it: checkpoints with their cosignatures, tiles, entries."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.tiles import Tile, is_of
from app.audit.tree import TILE_WIDTH
from app.database import Transaction
from app.models.audit import (
    AuditCheckpoint,
    AuditCosignature,
    AuditEntry,
    AuditLeaf,
    AuditPolicy,
    AuditSubtree,
)


class Published(NamedTuple):
    """A signed checkpoint, the cosignatures that came in below it."""

    size: int
    note: str


async def newest_checkpoint(transaction: Transaction) -> Published | None:
    """The log's head; None before anything was signed."""
    return await _published(transaction, _CHECKPOINTS.order_by(AuditCheckpoint.size.desc()).limit(1))


async def witnessed_checkpoint(transaction: Transaction) -> Published | None:
    """The newest one that the quorum of witnesses cosigned."""
    query = _CHECKPOINTS.join(AuditPolicy, AuditPolicy.witnessed_size == AuditCheckpoint.size)
    return await _published(transaction, query)


async def read_tile(connection: AsyncConnection, tile: Tile) -> list[bytes] | None:
    """The hashes of a tile, or the entries of a bundle; None when no signed tree has it, or an entry is gone."""
    head = await newest_checkpoint(connection)
    if head is None or not is_of(tile, head.size):
        return None
    start = tile.index * TILE_WIDTH
    found = await connection.scalars(_values(tile.level, start, start + tile.width))
    values = list(found.all())
    return values if len(values) == tile.width else None


_CHECKPOINTS = select(AuditCheckpoint.size, AuditCheckpoint.note)


async def _published(transaction: Transaction, query: Select[int, str]) -> Published | None:
    row = (await transaction.execute(query)).first()
    if row is None:
        return None
    lines = await transaction.scalars(
        select(AuditCosignature.line)
        .where(AuditCosignature.size == row.size)
        .order_by(AuditCosignature.witness)
    )
    return Published(row.size, with_cosignatures(row.note, lines))


def with_cosignatures(note: str, lines: Iterable[str]) -> str:
    return note + "".join(lines)


def _values(level: int | None, start: int, end: int) -> Select[bytes]:
    match level:
        case None:
            return (
                select(AuditEntry.body)
                .join(AuditLeaf, AuditLeaf.entry_id == AuditEntry.entry_id)
                .where(AuditLeaf.index >= start, AuditLeaf.index < end)
                .order_by(AuditLeaf.index)
            )
        case 0:
            return (
                select(AuditLeaf.leaf_hash)
                .where(AuditLeaf.index >= start, AuditLeaf.index < end)
                .order_by(AuditLeaf.index)
            )
        case _:
            return (
                select(AuditSubtree.hash)
                .where(AuditSubtree.level == level, AuditSubtree.index >= start, AuditSubtree.index < end)
                .order_by(AuditSubtree.index)
            )

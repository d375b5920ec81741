"""Writing bundles from the database, a piece at a time, for a file or an HTTP response alike.

No transaction stays open while the reader is slow: below a signed checkpoint nothing changes any more, so each
piece is read on its own.
"""

from array import array
from collections.abc import AsyncIterator
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.audit.bundle_format import BundleWriter, Header
from app.audit.published import Published, newest_checkpoint, witnessed_checkpoint
from app.audit.search import conditions
from app.audit.selection import Selection
from app.audit.stored_tree import StoredTree
from app.models.audit import AuditCheckpoint, AuditEntry, AuditLeaf

_PIECE = 500
"""Entries read at once."""

_MOST_CHECKPOINTS = 2_000
"""Earlier checkpoints in a log, evenly spread: they say where a change is. Each costs its reader a signature to check."""


class NothingSigned(Exception):
    """The log has no checkpoint yet, so there is nothing that a bundle could prove."""


async def write_log(engine: AsyncEngine) -> AsyncIterator[bytes]:
    """The whole log under its newest checkpoint; raises `NothingSigned` before the first piece."""
    size, note = await _head(engine)
    writer, spacing = BundleWriter(), size // _MOST_CHECKPOINTS
    yield writer.beginning(Header(None), note)
    shown = 0
    for start in range(0, size, _PIECE):
        async with engine.connect() as connection:
            piece = await _log_piece(connection, start, min(start + _PIECE, size), size)
        lines = []
        for index, leaf, body in piece.entries:
            lines.append(writer.entry(index, body, [leaf]))
            if index + 1 in piece.notes and index + 1 - shown >= spacing:
                shown = index + 1
                lines.append(writer.checkpoint(piece.notes[shown]))
        yield b"".join(lines)
    yield writer.end()


async def write_selection(engine: AsyncEngine, selection: Selection) -> AsyncIterator[bytes]:
    """The entries that the selection admits, each with its proof; raises `NothingSigned` before the first piece."""
    size, note = await _head(engine)
    writer, tree = BundleWriter(), StoredTree(size)
    yield writer.beginning(Header(selection), note)
    async with engine.connect() as connection:
        indexes = await _selected(connection, selection, size)
    for start in range(0, len(indexes), _PIECE):
        async with engine.connect() as connection:
            lines = await _selected_piece(connection, writer, tree, indexes[start : start + _PIECE])
        yield b"".join(lines)
    yield writer.end()


async def _head(engine: AsyncEngine) -> Published:
    """The newest checkpoint that is witnessed, where the log has witnesses: an inspector asks for their word."""
    async with engine.connect() as connection:
        head = await witnessed_checkpoint(connection) or await newest_checkpoint(connection)
    if head is None:
        raise NothingSigned("the audit log has no signed checkpoint yet")
    return head


class _Piece(NamedTuple):
    entries: list[tuple[int, bytes, bytes]]
    """Index, leaf hash, body."""

    notes: dict[int, str]
    """The earlier checkpoints in it, by their size."""


async def _log_piece(connection: AsyncConnection, start: int, end: int, size: int) -> _Piece:
    # An outer join: a leaf whose entry was taken away must show as an empty line, not vanish.
    entries = await connection.execute(
        select(AuditLeaf.index, AuditLeaf.leaf_hash, AuditEntry.body)
        .outerjoin(AuditEntry, AuditEntry.entry_id == AuditLeaf.entry_id)
        .where(AuditLeaf.index >= start, AuditLeaf.index < end)
        .order_by(AuditLeaf.index)
    )
    checkpoints = await connection.execute(
        select(AuditCheckpoint.size, AuditCheckpoint.note).where(
            AuditCheckpoint.size > start, AuditCheckpoint.size <= end, AuditCheckpoint.size < size
        )
    )
    return _Piece(
        [(index, leaf, body or b"") for index, leaf, body in entries],
        {row.size: row.note for row in checkpoints},
    )


async def _selected(connection: AsyncConnection, selection: Selection, size: int) -> "array[int]":
    """The places of the selected entries, ascending; eight bytes each, so that millions may be asked for."""
    found = await connection.stream_scalars(
        select(AuditLeaf.index)
        .join(AuditEntry, AuditEntry.entry_id == AuditLeaf.entry_id)
        .where(*conditions(selection), AuditLeaf.index < size)
        .order_by(AuditLeaf.index)
    )
    indexes = array("q")
    async for index in found:
        indexes.append(index)
    return indexes


async def _selected_piece(
    connection: AsyncConnection, writer: BundleWriter, tree: StoredTree, indexes: "array[int]"
) -> list[bytes]:
    entries = await connection.execute(
        select(AuditLeaf.index, AuditEntry.body)
        .join(AuditEntry, AuditEntry.entry_id == AuditLeaf.entry_id)
        .where(AuditLeaf.index.in_(indexes))
        .order_by(AuditLeaf.index)
    )
    return [
        writer.entry(index, body, await tree.inclusion_proof(connection, index))
        for index, body in entries.all()
    ]

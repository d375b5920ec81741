"""Who looked at whom, and why: the log read by case, person, officer, agency and time, the newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.audit.entry import Entry
from app.audit.selection import Selection
from app.models.audit import AuditEntry, AuditLeaf


class Position(NamedTuple):
    """The last entry of a page; the next page begins behind it."""

    recorded_at: datetime
    entry_id: UUID


@dataclass(frozen=True, slots=True)
class FoundEntry:
    entry: Entry
    index: int | None
    """Its place in the tree; None for the moment until the sequencer came by."""

    @property
    def position(self) -> Position:
        return Position(self.entry.recorded_at, self.entry.entry_id)


async def search(
    session: AsyncSession | AsyncConnection,
    selection: Selection,
    *,
    after: Position | None = None,
    limit: int = 50,
) -> list[FoundEntry]:
    """One page of the entries that the selection admits. Raises `MalformedEntry` on a body that was tampered with."""
    query = (
        select(AuditEntry.body, AuditLeaf.index)
        .outerjoin(AuditLeaf, AuditLeaf.entry_id == AuditEntry.entry_id)
        .where(*conditions(selection))
        .order_by(AuditEntry.recorded_at.desc(), AuditEntry.entry_id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(AuditEntry.recorded_at, AuditEntry.entry_id) < tuple_(*after))
    rows = await session.execute(query)
    return [FoundEntry(Entry.from_bytes(body), index) for body, index in rows]


def conditions(selection: Selection) -> Sequence[ColumnElement[bool]]:
    """The selection in SQL."""
    found: list[ColumnElement[bool]] = [
        getattr(AuditEntry, name) == wanted
        for name, wanted in selection.equalities().items()
        if wanted is not None
    ]
    if selection.since is not None:
        found.append(AuditEntry.recorded_at >= selection.since)
    if selection.until is not None:
        found.append(AuditEntry.recorded_at < selection.until)
    return found

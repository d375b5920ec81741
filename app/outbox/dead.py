"""Dead letters: finding them, and sending them again when a person says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, tuple_, update

from app.database import Transaction
from app.models.outbox import ItemState, OutboxItem


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which dead letters are meant: those that fit everything that is given."""

    lane: str | None = None
    kind: str | None = None
    error_prefix: str | None = None
    died_before: datetime | None = None
    ids: Sequence[int] | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        conditions = [OutboxItem.state == ItemState.DEAD]
        if self.lane is not None:
            conditions.append(OutboxItem.lane == self.lane)
        if self.kind is not None:
            conditions.append(OutboxItem.kind == self.kind)
        if self.error_prefix is not None:
            conditions.append(OutboxItem.last_error.startswith(self.error_prefix, autoescape=True))
        if self.died_before is not None:
            conditions.append(OutboxItem.died_at < self.died_before)
        if self.ids is not None:
            conditions.append(OutboxItem.id.in_(self.ids))
        return conditions


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended. Dead letters are listed lane by lane, the oldest first."""

    lane: str
    id: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    id: int
    lane: str
    kind: str
    reference: UUID
    subject: UUID
    share: UUID
    attempts: int
    """All that were ever made."""

    last_error: str | None
    created_at: datetime
    died_at: datetime

    @property
    def place(self) -> Place:
        return Place(self.lane, self.id)


async def dead_letters(
    transaction: Transaction, chosen: Chosen, *, after: Place | None, limit: int
) -> list[DeadLetter]:
    """A page of at most `limit` dead letters, beginning after a place."""
    item = OutboxItem
    query: Select[*tuple[Any, ...]] = select(
        item.id,
        item.lane,
        item.kind,
        item.reference,
        item.subject,
        item.share,
        item.attempts,
        item.last_error,
        item.created_at,
        item.died_at,
    ).where(*chosen.conditions())
    if after is not None:
        query = query.where(tuple_(item.lane, item.id) > (after.lane, after.id))
    rows = await transaction.execute(query.order_by(item.lane, item.id).limit(limit))
    return [DeadLetter(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Replayed:
    id: int
    lane: str
    kind: str
    reference: UUID


async def replay(transaction: Transaction, chosen: Chosen, now: datetime, *, limit: int) -> list[Replayed]:
    """Send at most `limit` dead letters again, with all their attempts before them; the caller records the deed.

    They keep their place among the items of their subject. In a lane that is paused or stopped they wait.
    """
    item = OutboxItem
    found = (
        select(item.id)
        .where(*chosen.conditions())
        .order_by(item.lane, item.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("found")
    )
    rows = await transaction.execute(
        update(item)
        .where(item.id == found.c.id)
        .values(state=ItemState.DELAYED, run_at=now, forgiven=item.attempts, died_at=None)
        .returning(item.id, item.lane, item.kind, item.reference)
        .execution_options(synchronize_session=False)
    )
    return sorted((Replayed(*row) for row in rows), key=lambda replayed: replayed.id)

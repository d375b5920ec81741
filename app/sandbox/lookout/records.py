"""What an agency has written down of its look-outs."""

import json
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from app.vocabulary import EndReason, HitConfidence, HitDecision, Wanted, WantedAction

SCHEMA = """
CREATE TABLE IF NOT EXISTS look_outs (
    request_id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL,
    case_number TEXT NOT NULL,
    wanted TEXT NOT NULL,
    action TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    valid_until TEXT NOT NULL,
    entered_at TEXT NOT NULL,
    ended_at TEXT,
    end_reason TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS look_outs_to_end ON look_outs (valid_until) WHERE ended_at IS NULL;
CREATE TABLE IF NOT EXISTS marks (
    mark TEXT NOT NULL,
    request_id TEXT NOT NULL,
    PRIMARY KEY (mark, request_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS recalls (
    request_id TEXT PRIMARY KEY,
    look_out_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    received_at TEXT NOT NULL,
    heeded_at TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS recalls_by_look_out ON recalls (look_out_id);
CREATE INDEX IF NOT EXISTS recalls_to_heed ON recalls (received_at) WHERE heeded_at IS NULL;
CREATE TABLE IF NOT EXISTS hits (
    hit_id TEXT PRIMARY KEY,
    look_out_id TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    place TEXT NOT NULL,
    confidence TEXT NOT NULL,
    reported_at TEXT NOT NULL,
    was_live INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hit_decisions (
    number INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL UNIQUE,
    hit_id TEXT NOT NULL,
    decision TEXT NOT NULL,
    minutes_needed INTEGER,
    received_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS hit_decisions_by_hit ON hit_decisions (hit_id);
CREATE TABLE IF NOT EXISTS holds (
    hit_id TEXT PRIMARY KEY,
    look_out_id TEXT NOT NULL,
    held_at TEXT NOT NULL,
    place TEXT NOT NULL,
    confirmed_by TEXT,
    let_go_by TEXT NOT NULL,
    handed_over_at TEXT,
    came_along TEXT,
    released_at TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS holds_to_end ON holds (let_go_by)
    WHERE handed_over_at IS NULL AND released_at IS NULL;
"""


@dataclass(frozen=True, slots=True)
class KeptLookOut:
    """One entry. `ended_at` is None as long as it can still get somebody held."""

    request_id: UUID
    order_id: UUID
    case_number: str
    wanted: Wanted
    action: WantedAction
    valid_from: datetime
    valid_until: datetime
    entered_at: datetime
    ended_at: datetime | None
    end_reason: EndReason | None


@dataclass(frozen=True, slots=True)
class KeptRecall:
    """A recall as it came. `heeded_at` is None as long as the agency is silent about it."""

    request_id: UUID
    look_out_id: UUID
    reason: EndReason
    received_at: datetime
    heeded_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeptHit:
    """A sighting as it was reported under one look-out, which was live then or not."""

    hit_id: UUID
    look_out_id: UUID
    seen_at: datetime
    place: str = field(repr=False)
    confidence: HitConfidence
    reported_at: datetime
    was_live: bool


@dataclass(frozen=True, slots=True)
class KeptDecision:
    request_id: UUID
    hit_id: UUID
    decision: HitDecision
    minutes_needed: int | None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class KeptHold:
    """Somebody, or a vehicle, that was held. `confirmed_by` is the decision that came before, None without one."""

    hit_id: UUID
    look_out_id: UUID
    held_at: datetime
    place: str = field(repr=False)
    confirmed_by: UUID | None
    let_go_by: datetime
    handed_over_at: datetime | None
    came_along: tuple[str, ...]
    released_at: datetime | None

    @property
    def is_over(self) -> bool:
        return self.handed_over_at is not None or self.released_at is not None


def look_out(row: sqlite3.Row) -> KeptLookOut:
    return KeptLookOut(
        request_id=UUID(row["request_id"]),
        order_id=UUID(row["order_id"]),
        case_number=row["case_number"],
        wanted=Wanted(row["wanted"]),
        action=WantedAction(row["action"]),
        valid_from=datetime.fromisoformat(row["valid_from"]),
        valid_until=datetime.fromisoformat(row["valid_until"]),
        entered_at=datetime.fromisoformat(row["entered_at"]),
        ended_at=_instant(row["ended_at"]),
        end_reason=EndReason(row["end_reason"]) if row["end_reason"] else None,
    )


def recall(row: sqlite3.Row) -> KeptRecall:
    return KeptRecall(
        request_id=UUID(row["request_id"]),
        look_out_id=UUID(row["look_out_id"]),
        reason=EndReason(row["reason"]),
        received_at=datetime.fromisoformat(row["received_at"]),
        heeded_at=_instant(row["heeded_at"]),
    )


def hit(row: sqlite3.Row) -> KeptHit:
    return KeptHit(
        hit_id=UUID(row["hit_id"]),
        look_out_id=UUID(row["look_out_id"]),
        seen_at=datetime.fromisoformat(row["seen_at"]),
        place=row["place"],
        confidence=HitConfidence(row["confidence"]),
        reported_at=datetime.fromisoformat(row["reported_at"]),
        was_live=bool(row["was_live"]),
    )


def decision(row: sqlite3.Row) -> KeptDecision:
    return KeptDecision(
        request_id=UUID(row["request_id"]),
        hit_id=UUID(row["hit_id"]),
        decision=HitDecision(row["decision"]),
        minutes_needed=row["minutes_needed"],
        received_at=datetime.fromisoformat(row["received_at"]),
    )


def hold(row: sqlite3.Row) -> KeptHold:
    return KeptHold(
        hit_id=UUID(row["hit_id"]),
        look_out_id=UUID(row["look_out_id"]),
        held_at=datetime.fromisoformat(row["held_at"]),
        place=row["place"],
        confirmed_by=UUID(row["confirmed_by"]) if row["confirmed_by"] else None,
        let_go_by=datetime.fromisoformat(row["let_go_by"]),
        handed_over_at=_instant(row["handed_over_at"]),
        came_along=tuple(json.loads(row["came_along"])) if row["came_along"] else (),
        released_at=_instant(row["released_at"]),
    )


def written(instant: datetime) -> str:
    """In UTC, so that the order of the texts is that of the instants."""
    return instant.astimezone(UTC).isoformat()


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None

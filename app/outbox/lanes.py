"""Lanes: how hard a destination may be driven, and an operator's hand on it."""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from app.database import Transaction
from app.models.outbox import BreakerState, LaneState

STOPPED = "lane_stopped"
"""Why an item that waited in a stopped lane is dead."""


@dataclass(frozen=True, slots=True)
class LaneSettings:
    key: str
    concurrency: int
    """Items under way at once, over all workers."""

    per_second: float | None
    """Items a second over all workers, after a first burst of at most one second's worth; None is no limit."""

    max_attempts: int
    breaker_failures: int
    breaker_open_seconds: float


@dataclass(frozen=True, slots=True)
class LaneChange:
    key: str
    before: LaneState
    after: LaneState


@dataclass(frozen=True, slots=True)
class Buried:
    id: int
    kind: str
    reference: UUID


_ENSURE = text("""
INSERT INTO lanes AS lane
    (key, state, concurrency, per_second, tokens, refilled_at, turns, max_attempts,
     breaker, breaker_failures, breaker_open_seconds, failures)
VALUES
    (:key, 'running', :concurrency, CAST(:per_second AS float8), greatest(CAST(:per_second AS float8), 1), :now, '{0,0,0}', :max_attempts,
     'closed', :breaker_failures, :breaker_open_seconds, 0)
ON CONFLICT (key) DO UPDATE SET
    tokens = CASE WHEN lane.per_second IS DISTINCT FROM excluded.per_second THEN excluded.tokens ELSE lane.tokens END,
    concurrency = excluded.concurrency, per_second = excluded.per_second, max_attempts = excluded.max_attempts,
    breaker_failures = excluded.breaker_failures, breaker_open_seconds = excluded.breaker_open_seconds
WHERE (lane.concurrency, lane.per_second, lane.max_attempts, lane.breaker_failures, lane.breaker_open_seconds)
    IS DISTINCT FROM
    (excluded.concurrency, excluded.per_second, excluded.max_attempts, excluded.breaker_failures, excluded.breaker_open_seconds)
RETURNING key
""")


async def ensure(transaction: Transaction, settings: LaneSettings, now: datetime) -> bool:
    """Make the lane, or give it other settings. True when anything changed. What is under way goes on."""
    found = await transaction.execute(_ENSURE, asdict(settings) | {"now": now})
    return found.first() is not None


async def pause(transaction: Transaction, key: str) -> LaneChange | None:
    """Claim nothing more from it. None when there is no such lane."""
    return await _move(transaction, key, LaneState.PAUSED)


async def resume(transaction: Transaction, key: str) -> LaneChange | None:
    """Claim again. Dead letters stay dead until they are replayed."""
    return await _move(transaction, key, LaneState.RUNNING)


_BURY_WAITING = text("""
UPDATE outbox SET state = 'dead', last_error = :error, died_at = :now
 WHERE id IN (SELECT id FROM outbox WHERE lane = :key AND state IN ('ready', 'delayed', 'behind') FOR UPDATE SKIP LOCKED)
RETURNING id, kind, reference
""")


async def stop(transaction: Transaction, key: str, now: datetime) -> tuple[LaneChange, list[Buried]] | None:
    """Claim nothing more from it and bury what waits; what is under way comes to its end, and waits if it must go again.

    None when there is no such lane.
    """
    change = await _move(transaction, key, LaneState.STOPPED)
    if change is None:
        return None
    buried = await transaction.execute(_BURY_WAITING, {"key": key, "error": STOPPED, "now": now})
    return change, [Buried(*row) for row in buried]


_MOVE = text("""
UPDATE lanes SET state = :after FROM (SELECT key, state FROM lanes WHERE key = :key FOR NO KEY UPDATE) AS before
 WHERE lanes.key = before.key RETURNING before.state
""")


async def _move(transaction: Transaction, key: str, after: LaneState) -> LaneChange | None:
    before = (await transaction.execute(_MOVE, {"key": key, "after": after.value})).scalar()
    return None if before is None else LaneChange(key, LaneState(before), after)


_CLOSE = text("""
UPDATE lanes SET breaker = 'closed', failures = 0, probe_at = NULL
  FROM (SELECT key, breaker FROM lanes WHERE key = :key FOR NO KEY UPDATE) AS before
 WHERE lanes.key = before.key RETURNING before.breaker
""")


async def close_breaker(transaction: Transaction, key: str) -> BreakerState | None:
    """Let everything through again, by an operator who knows that the destination is back. Returns what it was."""
    before = (await transaction.execute(_CLOSE, {"key": key})).scalar()
    return None if before is None else BreakerState(before)

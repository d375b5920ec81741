"""How the lanes are doing, for metrics and for operators."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from app.database import Transaction
from app.models.outbox import BreakerState, LaneState


@dataclass(frozen=True, slots=True)
class LaneStats:
    key: str
    state: LaneState
    breaker: BreakerState
    failures: int
    """In a row, up to now."""

    probe_at: datetime | None
    concurrency: int
    per_second: float | None
    ready: int
    delayed: int
    behind: int
    leased: int
    dead: int
    backlog_age: timedelta | None
    """Of the oldest item that waits; None when nothing does."""


_STATS = text("""
SELECT key, lanes.state, breaker, failures, probe_at, concurrency, per_second,
       coalesce(ready, 0), coalesce(delayed, 0), coalesce(behind, 0), coalesce(leased, 0), coalesce(dead, 0),
       CASE WHEN oldest_at IS NOT NULL THEN greatest(:now - oldest_at, interval '0') END
  FROM lanes LEFT JOIN (
    SELECT lane,
           count(*) FILTER (WHERE state = 'ready') AS ready,
           count(*) FILTER (WHERE state = 'delayed') AS delayed,
           count(*) FILTER (WHERE state = 'behind') AS behind,
           count(*) FILTER (WHERE state = 'leased') AS leased,
           count(*) FILTER (WHERE state = 'dead') AS dead,
           min(created_at) FILTER (WHERE state IN ('ready', 'delayed', 'behind')) AS oldest_at
      FROM outbox GROUP BY lane
  ) AS items ON items.lane = lanes.key
 WHERE CAST(:key AS text) IS NULL OR key = :key
 ORDER BY key
""")


async def lane_stats(transaction: Transaction, now: datetime, key: str | None = None) -> list[LaneStats]:
    """All lanes in the order of their keys, or the one. Reads the whole queue: not for every request."""
    rows = await transaction.execute(_STATS, {"now": now, "key": key})
    return [
        LaneStats(lane, LaneState(state), BreakerState(breaker), *rest)
        for lane, state, breaker, *rest in rows
    ]

"""The circuit breaker of a lane: after failures in a row nothing is sent, then one probe, then everything again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import TextClause, text

from app.database import Transaction
from app.models.outbox import BreakerState


@dataclass(frozen=True, slots=True)
class Policy:
    failures: int
    """In a row, after which it opens."""

    open_for: timedelta


@dataclass(frozen=True, slots=True)
class Breaker:
    state: BreakerState
    failures: int
    probe_at: datetime | None


CLOSED = Breaker(BreakerState.CLOSED, 0, None)


def after(breaker: Breaker, lived: Sequence[bool], policy: Policy, now: datetime) -> Breaker:
    """The breaker after some exchanges, in their order; each says whether the destination showed that it lives.

    What comes back while it is open was sent before it opened, and says nothing new.
    """
    for alive in lived:
        breaker = _after_one(breaker, alive, policy, now)
    return breaker


def _after_one(breaker: Breaker, alive: bool, policy: Policy, now: datetime) -> Breaker:  # noqa: FBT001 - an outcome, not a switch
    if breaker.state is BreakerState.OPEN:
        return breaker
    if alive:
        return CLOSED
    failures = breaker.failures + 1
    if breaker.state is BreakerState.HALF_OPEN or failures >= policy.failures:
        return Breaker(BreakerState.OPEN, failures, now + policy.open_for)
    return replace(breaker, failures=failures)


@dataclass(frozen=True, slots=True)
class BreakerChange:
    lane: str
    before: BreakerState
    after: BreakerState


_READ = text("""
SELECT key, breaker, failures, probe_at, breaker_failures, breaker_open_seconds FROM lanes
 WHERE key = ANY(CAST(:keys AS text[])) ORDER BY key
""")
_LOCK = text(f"{_READ.text} FOR NO KEY UPDATE")
_WRITE = text(
    "UPDATE lanes SET breaker = :breaker, failures = :failures, probe_at = :probe_at WHERE key = :key"
)


async def report(
    transaction: Transaction, outcomes: Mapping[str, Sequence[bool]], now: datetime
) -> list[BreakerChange]:
    """Tell the breakers of some lanes what came back: by lane, whether the destination showed that it lives.

    Writes only where something changes, so that a healthy lane's row is left to its claimers. Returns the breakers that
    changed their state.
    """
    moves = await _moves(transaction, _READ, outcomes, now)
    if not moves:
        return []
    # what was read without a lock may be old by now
    moves = await _moves(transaction, _LOCK, {lane: outcomes[lane] for lane in moves}, now)
    for lane, (_, new) in moves.items():
        await transaction.execute(
            _WRITE, {"key": lane, "breaker": new.state, "failures": new.failures, "probe_at": new.probe_at}
        )
    return [
        BreakerChange(lane, old.state, new.state)
        for lane, (old, new) in moves.items()
        if old.state is not new.state
    ]


async def _moves(
    transaction: Transaction, statement: TextClause, outcomes: Mapping[str, Sequence[bool]], now: datetime
) -> dict[str, tuple[Breaker, Breaker]]:
    """Before and after, of the lanes where they differ."""
    rows = await transaction.execute(statement, {"keys": sorted(outcomes)})
    moves = {}
    for row in rows:
        policy = Policy(row.breaker_failures, timedelta(seconds=row.breaker_open_seconds))
        old = Breaker(BreakerState(row.breaker), row.failures, row.probe_at)
        new = after(old, outcomes[row.key], policy, now)
        if new != old:
            moves[row.key] = (old, new)
    return moves

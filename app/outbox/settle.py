"""Recording what came of claims. `hold` comes first in the transaction: it is the fence (P14)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import TextClause, text

from app.outbox.claim import Claim
from app.outbox.transaction import Transaction, plan_by_index

_LONGEST_ERROR = 500

_HOLD = text("""
SELECT outbox.id FROM outbox
  JOIN unnest(CAST(:ids AS bigint[]), CAST(:fences AS int[])) AS claim(id, fence) ON claim.id = outbox.id
 WHERE outbox.state = 'leased' AND outbox.attempts = claim.fence
 ORDER BY outbox.id FOR UPDATE OF outbox
""")


async def hold(transaction: Transaction, claims: Sequence[Claim]) -> set[int]:
    """Lock the claimed items until the end of the transaction and return the ids of those that are still ours.

    The first statement of a transaction that acts on claims. What is absent was taken over by another worker after its
    lease had ended: nothing of it may be recorded, or promised.
    """
    await plan_by_index(transaction)
    return await _ids(transaction, _HOLD, _fenced(claims))


_EXTEND = text("""
UPDATE outbox SET lease_until = greatest(lease_until, :until)
  FROM unnest(CAST(:ids AS bigint[]), CAST(:fences AS int[])) AS claim(id, fence)
 WHERE claim.id = outbox.id AND outbox.state = 'leased' AND outbox.attempts = claim.fence
RETURNING outbox.id
""")


async def extend(
    transaction: Transaction, claims: Sequence[Claim], now: datetime, lease: timedelta
) -> set[int]:
    """Keep claims for `lease` from now, for calls that take long. Returns the ids of those that are still ours."""
    await plan_by_index(transaction)
    return await _ids(transaction, _EXTEND, _fenced(claims) | {"until": now + lease})


_FINISH = text("DELETE FROM outbox WHERE id = ANY(CAST(:ids AS bigint[])) RETURNING subject")

# A statement of its own, because it has to see what was parked while the deletion waited for the lock on the head.
_WAKE = text("""
UPDATE outbox SET state = 'delayed' WHERE state = 'behind' AND id IN (
    SELECT min(id) FROM outbox WHERE subject = ANY(CAST(:subjects AS uuid[])) GROUP BY subject)
""")


async def finish(transaction: Transaction, ids: Sequence[int]) -> None:
    """Take held items out: they are done. What waited behind them has its turn."""
    if ids:
        subjects = (await transaction.execute(_FINISH, {"ids": list(ids)})).scalars().all()
        await transaction.execute(_WAKE, {"subjects": list(subjects)})


_RESCHEDULE = text("""
UPDATE outbox SET state = 'delayed', lease_until = NULL, run_at = again.run_at, last_error = again.error
  FROM unnest(CAST(:ids AS bigint[]), CAST(:run_ats AS timestamptz[]), CAST(:errors AS text[])) AS again(id, run_at, error)
 WHERE outbox.id = again.id
""")


async def reschedule(transaction: Transaction, items: Sequence[tuple[int, datetime, str]]) -> None:
    """Give held items back, to be claimed again at an instant: (id, run_at, error)."""
    if items:
        ids, run_ats, errors = zip(*items, strict=True)
        await transaction.execute(
            _RESCHEDULE, {"ids": list(ids), "run_ats": list(run_ats), "errors": _storable(errors)}
        )


_BURY = text("""
UPDATE outbox SET state = 'dead', lease_until = NULL, died_at = :now, last_error = dead.error
  FROM unnest(CAST(:ids AS bigint[]), CAST(:errors AS text[])) AS dead(id, error)
 WHERE outbox.id = dead.id
""")


async def bury(transaction: Transaction, items: Sequence[tuple[int, str]], now: datetime) -> None:
    """Set held items aside with a reason, (id, error), until somebody replays them."""
    if items:
        ids, errors = zip(*items, strict=True)
        await transaction.execute(_BURY, {"ids": list(ids), "errors": _storable(errors), "now": now})


def _fenced(claims: Sequence[Claim]) -> dict[str, object]:
    return {"ids": [claim.id for claim in claims], "fences": [claim.fence for claim in claims]}


async def _ids(transaction: Transaction, statement: TextClause, values: dict[str, object]) -> set[int]:
    return set((await transaction.execute(statement, values)).scalars())


def _storable(errors: Iterable[str]) -> list[str]:
    """PostgreSQL stores neither NUL nor half a surrogate pair, and an error may quote hostile bytes (P17)."""
    return [
        error.replace("\0", "\ufffd").encode("utf-8", "replace").decode()[:_LONGEST_ERROR] for error in errors
    ]

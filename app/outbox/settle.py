"""Recording what came of claims. `hold` comes first in the transaction: it is the fence (P14)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import LiteralString

from app.database import Transaction, driver_of, pipelined
from app.outbox.claim import Claim

_LONGEST_ERROR = 500

_HOLD = """
SELECT outbox.id FROM outbox
  JOIN unnest(CAST(%(ids)s AS bigint[]), CAST(%(fences)s AS int[])) AS claim(id, fence) ON claim.id = outbox.id
 WHERE outbox.id = ANY(CAST(%(ids)s AS bigint[])) AND outbox.state = 'leased' AND outbox.attempts = claim.fence
 ORDER BY outbox.id FOR UPDATE OF outbox
"""


async def hold(transaction: Transaction, claims: Sequence[Claim]) -> set[int]:
    """Lock the claimed items until the end of the transaction and return the ids of those that are still ours.

    The first statement of a transaction that acts on claims. What is absent was taken over by another worker after its
    lease had ended: nothing of it may be recorded, or promised.
    """
    return await _ids(transaction, _HOLD, _fenced(claims))


_EXTEND = """
UPDATE outbox SET lease_until = greatest(lease_until, %(until)s)
  FROM unnest(CAST(%(ids)s AS bigint[]), CAST(%(fences)s AS int[])) AS claim(id, fence)
 WHERE claim.id = outbox.id AND outbox.id = ANY(CAST(%(ids)s AS bigint[])) AND outbox.state = 'leased' AND outbox.attempts = claim.fence
RETURNING outbox.id
"""


async def extend(
    transaction: Transaction, claims: Sequence[Claim], now: datetime, lease: timedelta
) -> set[int]:
    """Keep claims for `lease` from now, for calls that take long. Returns the ids of those that are still ours."""
    return await _ids(transaction, _EXTEND, _fenced(claims) | {"until": now + lease})


_FINISH = "DELETE FROM outbox WHERE id = ANY(CAST(%(ids)s AS bigint[])) RETURNING subject"

# A statement of its own, because it has to see what was parked while the deletion waited for the lock on the head.
_WAKE = """
UPDATE outbox SET state = 'delayed' WHERE state = 'behind' AND id = ANY(ARRAY(
    SELECT min(id) FROM outbox WHERE subject = ANY(CAST(%(subjects)s AS uuid[])) GROUP BY subject))
"""


async def finish(transaction: Transaction, ids: Sequence[int]) -> None:
    """Take held items out: they are done. What waited behind them has its turn."""
    if ids:
        async with pipelined(transaction) as driver:
            done = await (await driver.execute(_FINISH, {"ids": list(ids)})).fetchall()
            await driver.execute(_WAKE, {"subjects": [subject for (subject,) in done]})


_RESCHEDULE = """
UPDATE outbox SET state = 'delayed', lease_until = NULL, run_at = again.run_at, last_error = again.error
  FROM unnest(CAST(%(ids)s AS bigint[]), CAST(%(run_ats)s AS timestamptz[]), CAST(%(errors)s AS text[])) AS again(id, run_at, error)
 WHERE outbox.id = again.id AND outbox.id = ANY(CAST(%(ids)s AS bigint[]))
"""


async def reschedule(transaction: Transaction, items: Sequence[tuple[int, datetime, str]]) -> None:
    """Give held items back, to be claimed again at an instant: (id, run_at, error)."""
    if items:
        ids, run_ats, errors = zip(*items, strict=True)
        values = {"ids": list(ids), "run_ats": list(run_ats), "errors": _storable(errors)}
        async with pipelined(transaction) as driver:
            await driver.execute(_RESCHEDULE, values)


_BURY = """
UPDATE outbox SET state = 'dead', lease_until = NULL, died_at = %(now)s, last_error = dead.error
  FROM unnest(CAST(%(ids)s AS bigint[]), CAST(%(errors)s AS text[])) AS dead(id, error)
 WHERE outbox.id = dead.id AND outbox.id = ANY(CAST(%(ids)s AS bigint[]))
"""


async def bury(transaction: Transaction, items: Sequence[tuple[int, str]], now: datetime) -> None:
    """Set held items aside with a reason, (id, error), until somebody replays them."""
    if items:
        ids, errors = zip(*items, strict=True)
        async with pipelined(transaction) as driver:
            await driver.execute(_BURY, {"ids": list(ids), "errors": _storable(errors), "now": now})


def _fenced(claims: Sequence[Claim]) -> dict[str, object]:
    return {"ids": [claim.id for claim in claims], "fences": [claim.fence for claim in claims]}


async def _ids(transaction: Transaction, statement: LiteralString, values: dict[str, object]) -> set[int]:
    async with driver_of(transaction) as driver:
        rows = await (await driver.execute(statement, values)).fetchall()
    return {id_ for (id_,) in rows}


def _storable(errors: Iterable[str]) -> list[str]:
    """PostgreSQL stores neither NUL nor half a surrogate pair, and an error may quote hostile bytes (P17)."""
    return [
        error.replace("\0", "\ufffd").encode("utf-8", "replace").decode()[:_LONGEST_ERROR] for error in errors
    ]

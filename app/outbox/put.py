"""Putting items in, in the transaction of the deed that they are to carry out (rule 3 of state)."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.database import driver_of
from app.models.outbox import Priority
from app.outbox.turns import LAST_TURN

FILLED = "outbox_filled"
"""Set in `session.info`, so that whoever commits knows that the bell has to be rung."""


@dataclass(frozen=True, slots=True)
class NewItem:
    """Something to be carried. See `app.models.outbox.OutboxItem` for the meaning of the fields."""

    lane: str
    kind: str
    reference: UUID
    subject: UUID
    share: UUID
    run_at: datetime
    priority: Priority = Priority.NORMAL


class UnknownLane(Exception):
    """An item was put into a lane that was never ensured; nobody would ever carry it."""


def _putting(lines: str) -> str:
    return f"""
INSERT INTO outbox
    (lane, kind, reference, subject, share, turn, priority, state, run_at, attempts, forgiven, created_at)
SELECT line.lane, line.kind, line.reference, line.subject, line.share, {LAST_TURN} + line.nth,
       line.priority, CASE WHEN line.run_at > %(now)s THEN 'delayed' ELSE 'ready' END, line.run_at, 0, 0, %(now)s
  FROM {lines} AS line(lane, kind, reference, subject, share, priority, run_at, nth, place)
  JOIN lanes ON lanes.key = line.lane
 ORDER BY line.place
"""  # noqa: S608 - the fragments are constants


# The first array stands in a subquery so that no plan can count its elements: a plan for the very number of them would
# never look dearer than the prepared one, and be made anew each time, at the price of the insertion itself.
_PUT = _putting("""unnest(
    (SELECT CAST(%(lane)b AS text[])), CAST(%(kind)b AS text[]), CAST(%(reference)b AS uuid[]),
    CAST(%(subject)b AS uuid[]), CAST(%(share)b AS uuid[]), CAST(%(priority)b AS smallint[]),
    CAST(%(run_at)b AS timestamptz[]), CAST(%(nth)b AS int[])) WITH ORDINALITY""")

# Most often it is one, and arrays would cost the driver more than everything else here.
_PUT_ONE = _putting("""(VALUES (
    CAST(%(lane)b AS text), CAST(%(kind)b AS text), CAST(%(reference)b AS uuid), CAST(%(subject)b AS uuid),
    CAST(%(share)b AS uuid), CAST(%(priority)b AS smallint), CAST(%(run_at)b AS timestamptz), CAST(%(nth)b AS int), 1))""")


async def put(session: AsyncSession, items: Sequence[NewItem], now: datetime) -> None:
    """Put items in, of one subject in the order in which they are to be carried.

    Callers of different transactions order the items of one subject by locking what the subject stands for.

    Raises:
        UnknownLane: nothing may be committed then.
    """
    if not items:
        return
    lines = [_line(item, nth) for item, nth in zip(items, _nths(items), strict=True)]
    async with driver_of(session) as driver:
        if len(lines) == 1:
            added = await driver.execute(_PUT_ONE, lines[0] | {"now": now})
        else:
            columns = {name: [line[name] for line in lines] for name in lines[0]}
            added = await driver.execute(_PUT, columns | {"now": now})
    if added.rowcount != len(items):
        raise UnknownLane(", ".join(sorted({item.lane for item in items})))
    session.info[FILLED] = True


def _nths(items: Sequence[NewItem]) -> Iterator[int]:
    """Of each item, how many of its share these are in its line; counted here, since most often it is one."""
    seen: Counter[tuple[str, int, UUID]] = Counter()
    for item in items:
        line = (item.lane, item.priority.value, item.share)
        seen[line] += 1
        yield seen[line]


def _line(item: NewItem, nth: int) -> dict[str, Any]:
    return {
        "lane": item.lane,
        "kind": item.kind,
        "reference": item.reference,
        "subject": item.subject,
        "share": item.share,
        "priority": item.priority.value,
        "run_at": item.run_at,
        "nth": nth,
    }

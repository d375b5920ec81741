"""Putting items in, in the transaction of the deed that they are to carry out (rule 3 of state)."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.database import driver_of
from app.models.outbox import Priority
from app.outbox.plans import BY_INDEX
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


# The first array stands in a subquery so that no plan can count its elements: a plan for the very number of them would
# never look dearer than the prepared one, and be made anew each time, at the price of the insertion itself.
_PUT = f"""
INSERT INTO outbox
    (lane, kind, reference, subject, share, turn, priority, state, run_at, attempts, forgiven, created_at)
SELECT line.lane, line.kind, line.reference, line.subject, line.share, {LAST_TURN} + line.nth,
       line.priority, CASE WHEN line.run_at > %(now)s THEN 'delayed' ELSE 'ready' END, line.run_at, 0, 0, %(now)s
  FROM unnest(
        (SELECT CAST(%(lanes)b AS text[])), CAST(%(kinds)b AS text[]), CAST(%(references)b AS uuid[]),
        CAST(%(subjects)b AS uuid[]), CAST(%(shares)b AS uuid[]), CAST(%(priorities)b AS smallint[]),
        CAST(%(run_ats)b AS timestamptz[]), CAST(%(nths)b AS int[])
       ) WITH ORDINALITY AS line(lane, kind, reference, subject, share, priority, run_at, nth, place)
  JOIN lanes ON lanes.key = line.lane
 ORDER BY line.place
"""  # noqa: S608 - the fragment is a constant


async def put(session: AsyncSession, items: Sequence[NewItem], now: datetime) -> None:
    """Put items in, of one subject in the order in which they are to be carried.

    Callers of different transactions order the items of one subject by locking what the subject stands for.

    Raises:
        UnknownLane: nothing may be committed then.
    """
    if not items:
        return
    columns = {
        "lanes": [item.lane for item in items],
        "kinds": [item.kind for item in items],
        "references": [item.reference for item in items],
        "subjects": [item.subject for item in items],
        "shares": [item.share for item in items],
        "priorities": [item.priority.value for item in items],
        "run_ats": [item.run_at for item in items],
        "nths": list(_nths(items)),
    }
    async with driver_of(session) as driver:
        await driver.execute(BY_INDEX)
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

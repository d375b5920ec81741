"""Claiming: for all lanes in one statement, exact in concurrency and rate however many workers there are.

It never waits for a lock, so it cannot be part of a deadlock. Commit soon: until then its lanes are closed to other
claimers.

Each statement is written so that only one index can serve it, whatever the figures said of the table on the day when it
was planned: rows are named by `id = ANY(array)` also where they are joined; the condition of each partial index is spelt
in its own way; and an order begins with a column that no other index begins with.
"""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from uuid import UUID

from app.database import Transaction, pipelined
from app.models.outbox import ItemState
from app.outbox.turns import TURN

LEASE_EXPIRED = "lease_expired"
"""`last_error` of an item whose worker was not heard of again; its outcome is unknown."""

ATTEMPTS_SPENT = "attempts_spent"
"""`last_error` of an item that was attempted as often as its lane allows, without anybody recording an outcome."""

_SWEPT_AT_ONCE = 200
_LOOK_AHEAD = 100
"""How many items that have to wait for another of their subject are taken out of a lane's line at once."""


@dataclass(frozen=True, slots=True)
class Claim:
    """An item in the hands of one worker until its lease ends."""

    id: int
    lane: str
    kind: str
    reference: UUID
    subject: UUID
    fence: int
    """Grows with every claim of the item; only the latest claim may record what came of it (P14)."""

    attempts: int
    """This one included, those before a replay not: what retries are counted by."""

    run_at: datetime
    created_at: datetime
    last_error: str | None


_FIELDS = len(fields(Claim))


@dataclass(frozen=True, slots=True)
class Claimed:
    items: list[Claim]
    spent: list[Claim]
    """Items that have just become dead letters, because their attempts were spent; to be recorded by the caller."""

    again: bool
    """Whether there may be more at once, after a moment: another worker was claiming, or not all could be looked at."""


_SWEEP = f"""
WITH due AS MATERIALIZED (
    SELECT id, lane, priority, share FROM outbox WHERE state = 'delayed' AND run_at <= %(now)s
     ORDER BY run_at LIMIT {_SWEPT_AT_ONCE} FOR UPDATE SKIP LOCKED
), lost AS MATERIALIZED (
    SELECT id, lane, priority, share FROM outbox WHERE state = 'leased' AND lease_until <= %(now)s
     LIMIT {_SWEPT_AT_ONCE} FOR UPDATE SKIP LOCKED
), coming AS MATERIALIZED (
    SELECT *, id AS place FROM due UNION ALL SELECT *, id AS place FROM lost
), placed AS MATERIALIZED (
    SELECT line.id, {TURN} AS turn FROM coming AS line JOIN lanes ON lanes.key = line.lane
), swept AS (
    UPDATE outbox SET state = 'ready', turn = placed.turn, lease_until = NULL,
           last_error = CASE WHEN state = 'leased' THEN %(lease_expired)s ELSE last_error END
      FROM placed WHERE outbox.id = placed.id AND outbox.id = ANY(ARRAY(SELECT id FROM placed))
    RETURNING 1
)
SELECT count(*) FROM swept
"""  # noqa: S608 - the fragment is a constant

_FIRST = f"""
    SELECT id, priority, turn,
           (SELECT earlier.id FROM outbox AS earlier WHERE earlier.subject BETWEEN waiting.subject AND waiting.subject
             ORDER BY earlier.subject, earlier.id LIMIT 1) AS head
      FROM outbox AS waiting
     WHERE waiting.lane = mine.key AND waiting.state = 'ready' AND waiting.lease_until IS NULL
     ORDER BY priority, turn, id LIMIT mine.places + {_LOOK_AHEAD}"""  # noqa: S608 - as above

# mine: a lock is taken after the statement's snapshot. Row versions (xmin) are compared, because after another claim
# between the two the number of leased items would be old; that lane is left to the next claim.
# parked: what has to wait for another of its subject leaves the line when there is so much of it that places stay
# empty. Whoever finishes the head deletes it and then wakes what waits behind it. The lock on the head puts the two in
# order: when the head is being finished, it is skipped here; otherwise what is parked here will be seen there.
_CLAIM = f"""
WITH busy AS MATERIALIZED (
    SELECT lane, count(*) AS used FROM outbox WHERE state = 'leased' GROUP BY lane
), open_lanes AS MATERIALIZED (
    SELECT key, lanes.xmin AS version, coalesce(used, 0) AS used, refilled.tokens,
           CAST(least(%(room)s, concurrency - coalesce(used, 0), floor(refilled.tokens), CASE WHEN breaker <> 'closed' THEN 1 END)
                AS bigint) AS places
      FROM lanes LEFT JOIN busy ON busy.lane = key
      CROSS JOIN LATERAL (SELECT CASE WHEN per_second IS NOT NULL THEN least(
          greatest(per_second, 1),
          tokens + per_second * greatest(extract(epoch FROM CAST(%(now)s AS timestamptz) - refilled_at), 0)) END AS tokens
      ) AS refilled
     WHERE state = 'running' AND (breaker = 'closed' OR probe_at <= %(now)s)
       AND (SELECT id FROM outbox WHERE outbox.lane = key AND outbox.state = 'ready' AND outbox.lease_until IS NULL
             ORDER BY priority, turn, id LIMIT 1) IS NOT NULL
), mine AS MATERIALIZED (
    SELECT open_lanes.* FROM open_lanes JOIN lanes ON lanes.key = open_lanes.key AND lanes.xmin = open_lanes.version
     WHERE open_lanes.places > 0 FOR NO KEY UPDATE OF lanes SKIP LOCKED
), line AS MATERIALIZED (
    SELECT mine.key, free.*, mine.used + row_number() OVER (PARTITION BY mine.key ORDER BY priority, turn, id) AS rank
      FROM mine CROSS JOIN LATERAL (
        SELECT * FROM ({_FIRST}) AS first WHERE head = id ORDER BY priority, turn, id LIMIT mine.places
      ) AS free
), chosen AS MATERIALIZED (
    SELECT id FROM outbox
     WHERE state = 'ready' AND id = ANY(ARRAY(SELECT id FROM line ORDER BY rank, priority, id LIMIT %(room)s))
     FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE outbox SET
        state = CASE WHEN attempts - forgiven < max_attempts THEN 'leased' ELSE 'dead' END,
        lease_until = CASE WHEN attempts - forgiven < max_attempts THEN CAST(%(lease_until)s AS timestamptz) END,
        died_at = CASE WHEN attempts - forgiven >= max_attempts THEN CAST(%(now)s AS timestamptz) END,
        last_error = CASE WHEN attempts - forgiven < max_attempts THEN last_error ELSE %(attempts_spent)s END,
        attempts = attempts + CASE WHEN attempts - forgiven < max_attempts THEN 1 ELSE 0 END
      FROM lanes WHERE outbox.id = ANY(ARRAY(SELECT id FROM chosen)) AND lanes.key = outbox.lane
    RETURNING outbox.id, lane, kind, reference, subject, attempts AS fence, attempts - forgiven AS attempts,
              run_at, created_at, last_error, outbox.state, priority, turn
), served AS (
    UPDATE lanes SET
        tokens = coalesce(mine.tokens - taken.places, lanes.tokens),
        refilled_at = greatest(refilled_at, %(now)s),
        turns = ARRAY[greatest(turns[1], taken.urgent), greatest(turns[2], taken.normal), greatest(turns[3], taken.bulk)],
        breaker = CASE WHEN lanes.breaker = 'closed' THEN 'closed' ELSE 'half_open' END,
        probe_at = CASE WHEN lanes.breaker <> 'closed' THEN CAST(%(lease_until)s AS timestamptz) END
      FROM mine JOIN (
        SELECT lane, count(*) AS places, max(turn) FILTER (WHERE priority = 1) AS urgent,
               max(turn) FILTER (WHERE priority = 2) AS normal, max(turn) FILTER (WHERE priority = 3) AS bulk
          FROM taken WHERE state = 'leased' GROUP BY lane
      ) AS taken ON taken.lane = mine.key
     WHERE lanes.key = mine.key
), stuck AS MATERIALIZED (
    SELECT first.id, first.head FROM mine CROSS JOIN LATERAL ({_FIRST}) AS first
     WHERE head <> id AND (SELECT count(*) FROM line WHERE line.key = mine.key) < mine.places
), heads AS MATERIALIZED (
    SELECT id FROM outbox WHERE id = ANY(ARRAY(SELECT head FROM stuck)) FOR KEY SHARE SKIP LOCKED
), followers AS MATERIALIZED (
    SELECT id FROM outbox
     WHERE state = 'ready' AND id = ANY(ARRAY(SELECT stuck.id FROM stuck JOIN heads ON heads.id = stuck.head))
     FOR NO KEY UPDATE SKIP LOCKED
), parked AS (
    UPDATE outbox SET state = 'behind' WHERE id = ANY(ARRAY(SELECT id FROM followers))
    RETURNING 1
)
SELECT taken.*,
       EXISTS (SELECT FROM parked) OR (SELECT count(*) FROM mine) < (SELECT count(*) FROM open_lanes WHERE places > 0) AS again
  FROM (VALUES (1)) AS always LEFT JOIN taken ON true ORDER BY taken.priority, taken.id
"""  # noqa: S608 - as above


async def claim(transaction: Transaction, now: datetime, room: int, lease: timedelta) -> Claimed:
    """Claim at most `room` items whose lanes have places, tokens and a closed breaker, the lanes in turn.

    An item is left alone while an earlier one of its subject is there, even a dead one. An open breaker whose time has
    come lets exactly one item through; when nothing is reported of it before its lease ends, one more.
    """
    values = {"now": now, "room": room, "lease_until": now + lease, "attempts_spent": ATTEMPTS_SPENT}
    async with pipelined(transaction) as driver:
        sweeping = await driver.execute(_SWEEP, {"now": now, "lease_expired": LEASE_EXPIRED})
        claiming = await driver.execute(_CLAIM, values)
        rows = await claiming.fetchall()
        swept = await sweeping.fetchall()
    taken = [(Claim(*row[:_FIELDS]), row[_FIELDS]) for row in rows if row[0] is not None]
    return Claimed(
        items=[one for one, state in taken if state == ItemState.LEASED],
        spent=[one for one, state in taken if state == ItemState.DEAD],
        again=rows[0][-1] or swept[0][0] >= _SWEPT_AT_ONCE,
    )

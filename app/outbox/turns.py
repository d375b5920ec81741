"""Fair shares by virtual turns (start-time fair queueing, Goyal, Vin and Cheng 1996).

Whoever joins a line gets the turn after the last of its own share, or, when its share has nobody there, the turn
after the one served last. So serving is a plain ordered scan, and ten thousand items of one share do not delay
another share's one. Two transactions that join at the same time may give a share the same turns twice; fairness is not
worth a lock.
"""

LAST_TURN = """greatest(
    lanes.turns[line.priority],
    (SELECT max(waiting.turn) FROM outbox AS waiting
      WHERE waiting.lane = line.lane AND waiting.priority = line.priority
        AND waiting.share = line.share AND waiting.state = 'ready' AND waiting.died_at IS NULL)
)"""
"""The turn after which one joins: of `line` (lane, priority, share) and `lanes`, its lane."""

TURN = f"({LAST_TURN} + row_number() OVER (PARTITION BY line.lane, line.priority, line.share ORDER BY line.place))"
"""The turn of one who joins: of `line` (lane, priority, share, place) and `lanes`, its lane."""

"""How the queue wants its statements planned."""

BY_INDEX = "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)"
"""Let the rest of the transaction find rows by plain index scans only; sent along with the first statement.

The queue is nearly empty on most days, and a plan made then, and kept, would read the whole of it when a million rows
wait. A bitmap scan, unlike a plain one, passes over the same dead index entries again and again, of which a busy queue
leaves thousands until the next vacuum.

For the same reason each statement is written so that only one index can serve it, whatever the figures said of the
table on the day when it was planned: rows are named by `id = ANY(array)` also where they are joined; the condition of
each partial index is spelt in its own way; and an order begins with a column that no other index begins with.
"""

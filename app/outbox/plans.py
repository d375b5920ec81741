"""How the queue wants its statements planned."""

BY_INDEX = "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)"
"""Let the rest of the transaction find rows by plain index scans only; sent along with the first statement.

The queue is nearly empty on most days, and a plan made then, and kept, would read the whole of it when a million rows
wait. A bitmap scan, unlike a plain one, passes over the same dead index entries again and again, of which a busy queue
leaves thousands until the next vacuum.
"""

"""The caller's open transaction. Nothing in this room commits."""

from sqlalchemy import text

from app.database import Transaction

__all__ = ["BY_INDEX", "Transaction", "plan_by_index"]

BY_INDEX = "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)"
"""What `plan_by_index` executes, for those who send it along with others."""


async def plan_by_index(transaction: Transaction) -> None:
    """Let the rest of the transaction find rows by plain index scans only.

    The queue is nearly empty on most days, and a plan made then, and kept, would read the whole of it when a million
    rows wait. A bitmap scan, unlike a plain one, passes over the same dead index entries again and again, of which a
    busy queue leaves thousands until the next vacuum.
    """
    await transaction.execute(text(BY_INDEX))

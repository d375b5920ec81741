"""When an attempt that came to nothing is made again."""

from collections.abc import Sequence
from datetime import datetime, timedelta

LONGEST_WAIT = timedelta(days=1)
"""A destination that asks for more is asked again after a day: a wrong `Retry-After` must not silence it for ever."""


def next_attempt(  # noqa: PLR0913 - plain values of two different settings, and three of the attempt
    attempts: int,
    backoff_seconds: Sequence[float],
    now: datetime,
    *,
    max_attempts: int,
    retry_after: timedelta | None,
    jitter: float,
) -> datetime | None:
    """The instant of the next attempt after `attempts` ones, or None when they are spent.

    Args:
        attempts: attempts made, at least one.
        backoff_seconds: the wait after the first attempt, the second, …; the last one repeats.
        now: when the attempt failed.
        max_attempts: how many may be made in all.
        retry_after: the destination's own wish; it is never attempted earlier.
        jitter: a factor near one, drawn by the caller, so that what failed together does not come back together.
    """
    if attempts >= max_attempts:
        return None
    step = backoff_seconds[min(attempts, len(backoff_seconds)) - 1]
    wait = timedelta(seconds=step * jitter)
    return now + min(max(wait, retry_after or wait), LONGEST_WAIT)

"""When an attempt that came to nothing is made again."""

from datetime import datetime, timedelta
from typing import Protocol

LONGEST_WAIT = timedelta(days=1)
"""A destination that asks for more is asked again after a day: a wrong `Retry-After` must not silence it for ever."""


class Retries(Protocol):
    """How often and how soon a destination may be tried again."""

    @property
    def backoff_seconds(self) -> tuple[float, ...]:
        """The wait after the first attempt, the second, …; the last one repeats."""
        ...

    @property
    def max_attempts(self) -> int: ...


def next_attempt(
    attempts: int, retries: Retries, now: datetime, *, retry_after: timedelta | None, jitter: float
) -> datetime | None:
    """The instant of the next attempt after `attempts` ones, or None when they are spent.

    Args:
        attempts: attempts made, at least one.
        retries: what the destination's settings allow.
        now: when the attempt failed.
        retry_after: the destination's own wish; it is never attempted earlier.
        jitter: a factor near one, drawn by the caller, so that what failed together does not come back together.
    """
    if attempts >= retries.max_attempts:
        return None
    step = retries.backoff_seconds[min(attempts, len(retries.backoff_seconds)) - 1]
    wait = timedelta(seconds=step * jitter)
    return now + min(max(wait, retry_after or wait), LONGEST_WAIT)

"""A brake against guessing, in the memory of one process: several processes allow that many times as much."""

from collections import OrderedDict
from datetime import datetime, timedelta

_MOST_KEYS = 10_000


class Throttle:
    """Counts failures by key within a window; a key with `limit` of them is turned away until the window is over."""

    def __init__(self, *, limit: int, window: timedelta) -> None:
        self._limit = limit
        self._window = window
        self._failures: OrderedDict[str, tuple[datetime, int]] = OrderedDict()

    def is_closed(self, key: str, now: datetime) -> bool:
        since, count = self._failures.get(key, (now, 0))
        return count >= self._limit and now - since < self._window

    def fail(self, key: str, now: datetime) -> None:
        since, count = self._failures.pop(key, (now, 0))
        if now - since >= self._window:
            since, count = now, 0
        self._failures[key] = (since, count + 1)
        while len(self._failures) > _MOST_KEYS:  # invented names must not fill the memory
            self._failures.popitem(last=False)

"""Time-ordered identifiers."""

import os
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last = 0


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562 §5.7) that grows strictly within this process.

    Strictly, because rows of one batch are read back in the order they were written. The 12 bits beside the
    millisecond carry its fraction (method 3 of §6.2); the rest is random.
    """
    global _last  # noqa: PLW0603 - one counter per process is the point
    ticks = time.time_ns() * 4096 // 1_000_000
    with _lock:
        _last = ticks = max(ticks, _last + 1)
    milliseconds, fraction = divmod(ticks, 4096)
    tail = int.from_bytes(os.urandom(8)) & (2**62 - 1)
    return UUID(int=milliseconds << 80 | 7 << 76 | fraction << 64 | 2 << 62 | tail)

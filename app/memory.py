"""What the collector of reference cycles is spared in a process that serves."""

import gc

_YOUNG = 10_000
"""Objects more than before the young are looked at. Python's 700 is less than what a single request makes."""


def settle_memory() -> None:
    """Call once, when a process has loaded what it will run on: that stays, and need not be searched again and again.

    Measured, a fifth of the time that an accepted query takes the API.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 20)

"""Lets freezes, look-outs and holds end at their hour when nobody asks the agency anything, and tells the hub."""

import asyncio
import sqlite3
from contextlib import suppress

from app.clock import Clock
from app.sandbox.ledger import Ledger
from app.sandbox.postman import Postman

_PAUSE_SECONDS = 1.0


async def keep_time(ledger: Ledger, postman: Postman, clock: Clock) -> None:
    """Look once a second; runs until it is cancelled."""
    while True:
        with suppress(sqlite3.Error):  # say a full disk; what is due ends a second later
            _, notices = await ledger.act(lambda doing: doing.let_time_pass(), clock.now())
            postman.take(notices)
        await asyncio.sleep(_PAUSE_SECONDS)

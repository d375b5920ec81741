"""The pen of the books: many exchanges share one durable commit, and nothing is answered before it.

SQLite with `synchronous = FULL` flushes at every commit. What arrives while one commit is under way waits for the
next one, so a busy agency flushes some hundred times a second and not once per request.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from app.sandbox import pages
from app.sandbox.books import SCHEMA
from app.sandbox.custody.deed import Deed
from app.sandbox.custody.journal import Switch
from app.sandbox.custody.reports import live_list
from app.sandbox.doing import Doing
from app.sandbox.entries import Arrival, Callback, Decision, Settled, Standing, Try
from app.sandbox.lookout.register import LookOuts


class LedgerClosed(Exception):
    """The agency is going down: nothing was written."""


T = TypeVar("T")
Job = Callable[[sqlite3.Connection], object]


class Ledger:
    """The one writer of the books at `path`. Belongs to one event loop; `close` before the loop ends."""

    def __init__(self, path: Path) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")
        self._connection = _open(path)
        self.custody = pages.read_custody(self._connection)
        self._waiting: list[tuple[Job, asyncio.Future[Any]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._closed = False

    async def settle(self, arrival: Arrival, decide: Callable[[Doing], Decision]) -> Settled:
        """Note the arrival; decide unless an earlier decision stands, and say what is to be replied."""
        return await self._write(
            lambda connection: pages.settle(connection, arrival, decide, self._doing(connection, arrival.at))
        )

    async def act(self, act: Callable[[Doing], T], now: datetime) -> tuple[T, list[Callback]]:
        """Do what no message of the hub asked for; also what the hub has to be told of it."""

        def job(connection: sqlite3.Connection) -> tuple[T, list[Callback]]:
            doing = self._doing(connection, now)
            result = act(doing)
            return result, pages.write_down(connection, doing, now)

        return await self._write(job)

    async def live_list(self, arrival: Arrival, after: UUID | None) -> tuple[bytes, list[Callback]] | None:
        """Note the question and write the list as of this instant; None for a replay."""

        def job(connection: sqlite3.Connection) -> tuple[bytes, list[Callback]] | None:
            if not pages.note(connection, arrival):
                return None
            doing = self._doing(connection, arrival.at)
            doing.let_time_pass()
            notices = pages.write_down(connection, doing, arrival.at)
            return live_list(self.custody, after, doing.deed.at), notices

        return await self._write(job)

    async def standing(self, arrival: Arrival) -> Standing | None:
        """Note a status query and say where its request stands; None when the signed message is a replay."""
        return await self._write(
            lambda connection: (
                pages.standing(connection, arrival) if pages.note(connection, arrival) else None
            )
        )

    async def cancel(self, arrival: Arrival) -> Standing | None:
        """Withdraw what has not been answered yet, and say where the request stands; None for a replay."""
        return await self._write(
            lambda connection: pages.cancel(connection, arrival) if pages.note(connection, arrival) else None
        )

    async def refuse(self, path: str, code: str, sha256: str, at: datetime) -> None:
        """Note a message that is not believed or not understood."""
        row = (path, code, sha256, at.isoformat())
        await self._write(
            lambda connection: connection.execute(
                "INSERT INTO refused_messages (path, code, sha256, received_at) VALUES (?, ?, ?, ?)", row
            )
        )

    async def show_fault(self, kind: str, request_id: UUID | None, at: datetime) -> None:
        row = (kind, str(request_id) if request_id else None, at.isoformat())
        await self._write(
            lambda connection: connection.execute(
                "INSERT INTO faults (kind, request_id, shown_at) VALUES (?, ?, ?)", row
            )
        )

    async def tried(self, tried: Try) -> None:
        """Note a post; once it is received, its answer or notice is delivered."""
        await self._write(lambda connection: pages.tried(connection, tried))

    async def undelivered(self) -> list[Callback]:
        """Answers that wait to be posted, the one due first in front; then notices in their order."""
        return await self._write(pages.undelivered)

    async def close(self) -> None:
        self._closed = True
        if self._writing:
            await self._writing
        self._thread.shutdown()
        self._connection.close()

    # The shared commit ----------------------------------------------------------------------------------------

    def _doing(self, connection: sqlite3.Connection, now: datetime) -> Doing:
        at = now + self.custody.ahead
        heeding = self.custody.is_on(Switch.RECALLS)
        return Doing(Deed(self.custody, at), LookOuts(connection, at, heeding))

    async def _write(self, job: Callable[[sqlite3.Connection], T]) -> T:
        if self._closed:
            raise LedgerClosed
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((job, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        return await done

    async def _write_all(self) -> None:
        """Only the flush leaves the loop: a thread that also ran the statements would beg for the GIL at each."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                results = _run(self._connection, [job for job, _ in batch])
                await loop.run_in_executor(self._thread, self._connection.execute, "COMMIT")
            except (sqlite3.Error, ValueError, LookupError) as error:
                # Nothing of the batch is in the books, so nobody in it gets a reply, and nothing was done.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                self.custody = pages.read_custody(self._connection)
                for _, done in batch:
                    if not done.done():
                        done.set_exception(error)
            else:
                for (_, done), result in zip(batch, results, strict=True):
                    if not done.done():  # the connection it was for may be gone
                        done.set_result(result)
        self._writing = None


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.executescript(SCHEMA)
    return connection


def _run(connection: sqlite3.Connection, jobs: list[Job]) -> list[object]:
    connection.execute("BEGIN IMMEDIATE")
    return [job(connection) for job in jobs]

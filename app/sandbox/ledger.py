"""The pen of the books: many exchanges share one durable commit, and nothing is answered before it.

SQLite with `synchronous = FULL` flushes at every commit. What arrives while one commit is under way waits for the
next one, so a busy agency flushes some hundred times a second and not once per request.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from app.adapters.contract import Operation
from app.sandbox.books import SCHEMA
from app.vocabulary import AnswerState, RequestStatus


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as it came in, its signature verified."""

    operation: Operation
    request_id: UUID
    message_id: UUID
    sha256: str
    possible_duplicate: bool
    key_id: str
    nonce: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AnswerDraft:
    """An answer that will be given at once (`callback_due_at` is None) or posted to the hub at that instant."""

    message_id: UUID
    part: int
    state: AnswerState
    body: bytes = field(repr=False)
    callback_due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What the agency will do about a request if it has not decided before."""

    order_id: UUID
    subject: str
    state: AnswerState
    agency_reference: str
    acknowledgement: bytes | None = field(repr=False)
    """The reply when the answers come later; None when the first answer is the reply."""

    answers: tuple[AnswerDraft, ...]


class Entry(StrEnum):
    """How an arrival stands to what is in the books."""

    NEW = "new"
    REPEATED = "repeated"
    CONFLICTING = "conflicting"
    REPLAYED = "replayed"


@dataclass(frozen=True, slots=True)
class Settled:
    """The outcome of an arrival, durable when this is handed out. `body` is the reply to give, None without one."""

    entry: Entry
    status: int
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a request stands: what a status report is made of. `answers` are the bodies given so far."""

    status: RequestStatus
    agency_reference: str | None = None
    answers: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Callback:
    """An answer that the hub has yet to be told."""

    message_id: UUID
    request_id: UUID
    body: bytes = field(repr=False)
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Try:
    """One post of an answer to the hub. `status` and `reply` are None when nothing came back."""

    message_id: UUID
    at: datetime
    status: int | None = None
    reply: bytes | None = field(default=None, repr=False)
    received: bool = False
    """Whether the reply is the hub's signed receipt of these bytes."""


class LedgerClosed(Exception):
    """The agency is going down: nothing was written."""


Job = Callable[[sqlite3.Connection], object]


class Ledger:
    """The one writer of the books at `path`. Belongs to one event loop; `close` before the loop ends."""

    def __init__(self, path: Path) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")
        self._connection = _open(path)
        self._waiting: list[tuple[Job, asyncio.Future[object]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._closed = False

    async def settle(self, arrival: Arrival, decision: Decision) -> Settled:
        """Note the arrival; apply the decision unless an earlier one stands, and say what is to be replied."""
        settled = await self._write(lambda connection: _settle(connection, arrival, decision))
        assert isinstance(settled, Settled)
        return settled

    async def standing(self, arrival: Arrival) -> Standing | None:
        """Note a status query and say where its request stands; None when the signed message is a replay."""
        standing = await self._write(
            lambda connection: _standing(connection, arrival) if _note(connection, arrival) else None
        )
        assert standing is None or isinstance(standing, Standing)
        return standing

    async def cancel(self, arrival: Arrival) -> Standing | None:
        """Withdraw what has not been answered yet, and say where the request stands; None for a replay."""
        standing = await self._write(
            lambda connection: _cancel(connection, arrival) if _note(connection, arrival) else None
        )
        assert standing is None or isinstance(standing, Standing)
        return standing

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
        """Note a post; once it is received, its answer is delivered."""
        await self._write(lambda connection: _tried(connection, tried))

    async def undelivered(self) -> list[Callback]:
        """Answers that wait to be posted, the one due first in front."""
        waiting = await self._write(_undelivered)
        assert isinstance(waiting, list)
        return waiting

    async def close(self) -> None:
        self._closed = True
        if self._writing:
            await self._writing
        self._thread.shutdown()
        self._connection.close()

    # The shared commit ----------------------------------------------------------------------------------------

    async def _write(self, job: Job) -> object:
        if self._closed:
            raise LedgerClosed
        done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
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
            except sqlite3.Error as error:
                # Nothing of the batch is in the books, so nobody in it gets a reply.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
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


def _note(connection: sqlite3.Connection, arrival: Arrival) -> bool:
    """False for a nonce that was used before: a recording of a signed message is not a message."""
    noted = connection.execute(
        "INSERT INTO requests (operation, request_id, message_id, sha256, possible_duplicate, key_id, nonce,"
        " received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key_id, nonce) DO NOTHING",
        (
            arrival.operation,
            str(arrival.request_id),
            str(arrival.message_id),
            arrival.sha256,
            arrival.possible_duplicate,
            arrival.key_id,
            arrival.nonce,
            arrival.at.isoformat(),
        ),
    )
    return noted.rowcount == 1


def _settle(connection: sqlite3.Connection, arrival: Arrival, decision: Decision) -> Settled:
    if not _note(connection, arrival):
        return Settled(Entry.REPLAYED, 409)
    request_id = str(arrival.request_id)
    effect = connection.execute(
        "SELECT sha256, acknowledgement FROM effects WHERE request_id = ?", (request_id,)
    ).fetchone()
    if effect is None:
        _apply(connection, arrival, decision)
        return _reply(
            Entry.NEW, decision.acknowledgement, decision.answers[0].body if decision.answers else None
        )
    if effect["sha256"] != arrival.sha256:
        return Settled(Entry.CONFLICTING, 409)
    first = connection.execute(
        "SELECT body FROM answers WHERE request_id = ? AND part = 1", (request_id,)
    ).fetchone()
    return _reply(Entry.REPEATED, effect["acknowledgement"], first["body"] if first else None)


def _reply(entry: Entry, acknowledgement: bytes | None, answer: bytes | None) -> Settled:
    if acknowledgement is not None:
        return Settled(entry, 202, acknowledgement)
    return Settled(entry, 200, answer)


def _apply(connection: sqlite3.Connection, arrival: Arrival, decision: Decision) -> None:
    request_id = str(arrival.request_id)
    connection.execute(
        "INSERT INTO effects (request_id, order_id, subject, sha256, state, agency_reference, acknowledgement,"
        " applied_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            request_id,
            str(decision.order_id),
            decision.subject,
            arrival.sha256,
            decision.state,
            decision.agency_reference,
            decision.acknowledgement,
            arrival.at.isoformat(),
        ),
    )
    connection.executemany(
        "INSERT INTO answers (message_id, request_id, part, state, body, callback_due_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                str(answer.message_id),
                request_id,
                answer.part,
                answer.state,
                answer.body,
                answer.callback_due_at.isoformat() if answer.callback_due_at else None,
            )
            for answer in decision.answers
        ],
    )


def _standing(connection: sqlite3.Connection, arrival: Arrival) -> Standing:
    request_id = str(arrival.request_id)
    effect = connection.execute("SELECT * FROM effects WHERE request_id = ?", (request_id,)).fetchone()
    if effect is None:
        return Standing(RequestStatus.UNKNOWN_REQUEST)
    answers = connection.execute(
        "SELECT * FROM answers WHERE request_id = ? ORDER BY part", (request_id,)
    ).fetchall()
    now = arrival.at.isoformat()
    given = [row for row in answers if not row["callback_due_at"] or row["callback_due_at"] <= now]
    bodies = tuple(row["body"] for row in given if not row["withdrawn_at"])
    return Standing(_status(effect, answers, given), effect["agency_reference"], bodies)


def _status(effect: sqlite3.Row, answers: list[sqlite3.Row], given: list[sqlite3.Row]) -> RequestStatus:
    if effect["cancelled_at"]:
        return RequestStatus.CANCELLED
    if not answers:
        return RequestStatus.RECEIVED
    return RequestStatus.ANSWERED if len(given) == len(answers) else RequestStatus.IN_PROGRESS


def _cancel(connection: sqlite3.Connection, arrival: Arrival) -> Standing:
    """A request that is answered stays answered; of any other, nothing more is sent."""
    standing = _standing(connection, arrival)
    if standing.status not in {RequestStatus.RECEIVED, RequestStatus.IN_PROGRESS}:
        return standing
    now, request_id = arrival.at.isoformat(), str(arrival.request_id)
    connection.execute("UPDATE effects SET cancelled_at = ? WHERE request_id = ?", (now, request_id))
    connection.execute(
        "UPDATE answers SET withdrawn_at = ? WHERE request_id = ? AND callback_due_at > ?",
        (now, request_id, now),
    )
    return _standing(connection, arrival)


def _tried(connection: sqlite3.Connection, tried: Try) -> None:
    message_id, at = str(tried.message_id), tried.at.isoformat()
    connection.execute(
        "INSERT INTO deliveries (message_id, status, reply, received, tried_at) VALUES (?, ?, ?, ?, ?)",
        (message_id, tried.status, tried.reply, tried.received, at),
    )
    if tried.received:
        connection.execute(
            "UPDATE answers SET delivered_at = ? WHERE message_id = ? AND delivered_at IS NULL",
            (at, message_id),
        )


def _undelivered(connection: sqlite3.Connection) -> list[Callback]:
    rows = connection.execute(
        "SELECT message_id, request_id, body, callback_due_at FROM answers"
        " WHERE callback_due_at IS NOT NULL AND delivered_at IS NULL AND withdrawn_at IS NULL"
        " ORDER BY callback_due_at, part"
    )
    return [
        Callback(
            UUID(row["message_id"]),
            UUID(row["request_id"]),
            row["body"],
            datetime.fromisoformat(row["callback_due_at"]),
        )
        for row in rows
    ]

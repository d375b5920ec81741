"""What an agency wrote down, for whoever judges the hub by it. Reads only; works with or without a running agency.

The books are an SQLite file of the agency's own. `Ledger` writes them, durably, before anything is answered, so they
hold what the agency did even when it was killed in the middle of it.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from app.adapters.contract import Operation
from app.sandbox.custody import journal, reading
from app.sandbox.custody.reading import BookedTransfer, KeptFreeze, MeasureEffect
from app.sandbox.lookout import records
from app.sandbox.lookout.records import KeptDecision, KeptHit, KeptHold, KeptLookOut, KeptRecall
from app.vocabulary import AnswerState

_REQUESTS = """
CREATE TABLE IF NOT EXISTS requests (
    number INTEGER PRIMARY KEY,
    operation TEXT NOT NULL,
    request_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    possible_duplicate INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    nonce TEXT NOT NULL,
    received_at TEXT NOT NULL,
    UNIQUE (key_id, nonce)
);
CREATE INDEX IF NOT EXISTS requests_by_id ON requests (request_id);
CREATE TABLE IF NOT EXISTS effects (
    request_id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    state TEXT NOT NULL,
    agency_reference TEXT NOT NULL,
    acknowledgement BLOB,
    applied_at TEXT NOT NULL,
    cancelled_at TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answers (
    message_id TEXT PRIMARY KEY,
    request_id TEXT NOT NULL,
    part INTEGER NOT NULL,
    state TEXT NOT NULL,
    body BLOB NOT NULL,
    callback_due_at TEXT,
    delivered_at TEXT,
    withdrawn_at TEXT,
    UNIQUE (request_id, part)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS answers_to_deliver ON answers (callback_due_at)
    WHERE callback_due_at IS NOT NULL AND delivered_at IS NULL AND withdrawn_at IS NULL;
CREATE TABLE IF NOT EXISTS deliveries (
    number INTEGER PRIMARY KEY,
    message_id TEXT NOT NULL,
    status INTEGER,
    reply BLOB,
    received INTEGER NOT NULL,
    tried_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS refused_messages (
    number INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    code TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    received_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS faults (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    request_id TEXT,
    shown_at TEXT NOT NULL
);
"""
SCHEMA = _REQUESTS + journal.SCHEMA + records.SCHEMA

_OF_MEASURES = frozenset({AnswerState.EXECUTED, AnswerState.NOT_EXECUTED})


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """One arrival of a message with the hub's valid signature; the same request may arrive many times."""

    number: int
    operation: Operation
    request_id: UUID
    message_id: UUID
    sha256: str
    possible_duplicate: bool
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Effect:
    """What the agency did about a request: it looked the subject up, tried to do what was ordered, or refused to."""

    request_id: UUID
    order_id: UUID
    subject: str
    """SHA-256 of the certificate number: enough to see that two effects concern one person."""

    state: AnswerState
    agency_reference: str
    applied_at: datetime
    cancelled_at: datetime | None


@dataclass(frozen=True, slots=True)
class WrittenAnswer:
    """An answer as its bytes stand in the books. `callback_due_at` is None for one given on the same connection."""

    message_id: UUID
    request_id: UUID
    part: int
    state: AnswerState
    body: bytes = field(repr=False)
    callback_due_at: datetime | None = None
    delivered_at: datetime | None = None
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One try to bring a later answer to the hub; `status` and `reply` are None when nothing came back.

    It is `received` when the reply was the hub's signed receipt of these very bytes.
    """

    message_id: UUID
    status: int | None
    reply: bytes | None = field(repr=False)
    received: bool
    tried_at: datetime


@dataclass(frozen=True, slots=True)
class RefusedMessage:
    """A message that was not believed or not understood, with the stable code that was replied."""

    path: str
    code: str
    sha256: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class ShownFault:
    """A fault as it was played; `request_id` is None where the agency did not get so far as to read it."""

    kind: str
    request_id: UUID | None
    shown_at: datetime


@dataclass(frozen=True, slots=True)
class WrittenNotice:
    """What the hub is told of a freeze or a look-out by itself; `request_id` is the freeze's or the look-out's."""

    message_id: UUID
    request_id: UUID
    body: bytes = field(repr=False)
    written_at: datetime
    delivered_at: datetime | None = None


class Books:
    """The books at `path`, as they stand at each call."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def requests(self, operation: Operation = Operation.REQUEST) -> list[ReceivedRequest]:
        """Every arrival, in order."""
        return [
            ReceivedRequest(
                number=row["number"],
                operation=Operation(row["operation"]),
                request_id=UUID(row["request_id"]),
                message_id=UUID(row["message_id"]),
                sha256=row["sha256"],
                possible_duplicate=bool(row["possible_duplicate"]),
                received_at=datetime.fromisoformat(row["received_at"]),
            )
            for row in self._rows("SELECT * FROM requests WHERE operation = ? ORDER BY number", operation)
        ]

    def effects(self) -> list[Effect]:
        """In the order in which they were applied."""
        return [
            Effect(
                request_id=UUID(row["request_id"]),
                order_id=UUID(row["order_id"]),
                subject=row["subject"],
                state=AnswerState(row["state"]),
                agency_reference=row["agency_reference"],
                applied_at=datetime.fromisoformat(row["applied_at"]),
                cancelled_at=_instant(row["cancelled_at"]),
            )
            for row in self._rows("SELECT * FROM effects ORDER BY applied_at")
        ]

    def answers(self) -> list[WrittenAnswer]:
        """Every answer decided, with what became of its delivery."""
        return [
            WrittenAnswer(
                message_id=UUID(row["message_id"]),
                request_id=UUID(row["request_id"]),
                part=row["part"],
                state=AnswerState(row["state"]),
                body=row["body"],
                callback_due_at=_instant(row["callback_due_at"]),
                delivered_at=_instant(row["delivered_at"]),
                withdrawn_at=_instant(row["withdrawn_at"]),
            )
            for row in self._rows("SELECT * FROM answers ORDER BY request_id, part")
        ]

    def deliveries(self) -> list[Delivery]:
        return [
            Delivery(
                message_id=UUID(row["message_id"]),
                status=row["status"],
                reply=row["reply"],
                received=bool(row["received"]),
                tried_at=datetime.fromisoformat(row["tried_at"]),
            )
            for row in self._rows("SELECT * FROM deliveries ORDER BY number")
        ]

    def refused_messages(self) -> list[RefusedMessage]:
        return [
            RefusedMessage(
                path=row["path"],
                code=row["code"],
                sha256=row["sha256"],
                received_at=datetime.fromisoformat(row["received_at"]),
            )
            for row in self._rows("SELECT * FROM refused_messages ORDER BY number")
        ]

    def faults(self) -> list[ShownFault]:
        return [
            ShownFault(
                kind=row["kind"],
                request_id=UUID(row["request_id"]) if row["request_id"] else None,
                shown_at=datetime.fromisoformat(row["shown_at"]),
            )
            for row in self._rows("SELECT * FROM faults ORDER BY number")
        ]

    def freezes(self) -> list[KeptFreeze]:
        """Every freeze, of any court, on every thing that a measure ever touched."""
        return reading.freezes(self._lines())

    def measure_effects(self) -> list[MeasureEffect]:
        """What the hub's orders changed; an order without effect is not there."""
        return reading.measure_effects(self._lines())

    def transfers(self) -> list[BookedTransfer]:
        return reading.transfers(self._lines())

    def balances(self) -> dict[str, Decimal]:
        """By the thing's identity."""
        return reading.balances(self._lines())

    def notices(self) -> list[WrittenNotice]:
        return [
            WrittenNotice(
                message_id=UUID(row["message_id"]),
                request_id=UUID(row["request_id"]),
                body=row["body"],
                written_at=datetime.fromisoformat(row["written_at"]),
                delivered_at=_instant(row["delivered_at"]),
            )
            for row in self._rows("SELECT * FROM notices ORDER BY number")
        ]

    def look_outs(self) -> list[KeptLookOut]:
        """All that were ever entered, in the order of their entry."""
        return [
            records.look_out(row)
            for row in self._rows("SELECT * FROM look_outs ORDER BY entered_at, request_id")
        ]

    def live_look_outs(self) -> list[KeptLookOut]:
        """Those that can still get somebody held."""
        return [each for each in self.look_outs() if each.ended_at is None]

    def recalls(self) -> list[KeptRecall]:
        return [records.recall(row) for row in self._rows("SELECT * FROM recalls ORDER BY received_at")]

    def hits(self) -> list[KeptHit]:
        return [records.hit(row) for row in self._rows("SELECT * FROM hits ORDER BY reported_at, hit_id")]

    def hit_decisions(self) -> list[KeptDecision]:
        return [records.decision(row) for row in self._rows("SELECT * FROM hit_decisions ORDER BY number")]

    def holds(self) -> list[KeptHold]:
        """Everybody, and every vehicle, that was ever held."""
        return [records.hold(row) for row in self._rows("SELECT * FROM holds ORDER BY held_at, hit_id")]

    def unlawful_holds(self) -> list[KeptHold]:
        """Without the court's word that it is he, or under a look-out that had ended: the worst that can happen."""
        live_until = {each.request_id: each.ended_at for each in self.look_outs()}
        return [
            hold
            for hold in self.holds()
            if hold.confirmed_by is None
            or hold.look_out_id not in live_until
            or ((ended_at := live_until[hold.look_out_id]) and ended_at < hold.held_at)
        ]

    def doubled_measures(self) -> set[UUID]:
        """Orders that did the same to one thing twice, under one request id or two: a breach of P3."""
        counts = Counter(
            (effect.order_id, effect.kind, thing_id)
            for effect in self.measure_effects()
            for thing_id in effect.thing_ids
        )
        return {order_id for (order_id, _, _), count in counts.items() if count > 1}

    def arrivals(self) -> Counter[UUID]:
        """How often each request came in."""
        return Counter(request.request_id for request in self.requests())

    def duplicates(self) -> dict[UUID, int]:
        """Requests that came more than once, and how often."""
        return {request_id: count for request_id, count in self.arrivals().items() if count > 1}

    def altered_repeats(self) -> set[UUID]:
        """Requests of which a repeat had other bytes than the first arrival: a breach of P3."""
        contents: dict[UUID, set[str]] = {}
        for request in self.requests():
            contents.setdefault(request.request_id, set()).add(request.sha256)
        return {request_id for request_id, digests in contents.items() if len(digests) > 1}

    def unmarked_repeats(self) -> list[ReceivedRequest]:
        """Repeats that did not say that they may be one: a breach of P3."""
        seen: set[UUID] = set()
        unmarked = []
        for request in self.requests():
            if request.request_id in seen and not request.possible_duplicate:
                unmarked.append(request)
            seen.add(request.request_id)
        return unmarked

    def doubled_orders(self) -> dict[UUID, int]:
        """Queries that were answered twice for one subject, under two request ids: doubled, whatever the ids say.

        One order may well freeze several things of one subject: see `doubled_measures`.
        """
        answered = [effect for effect in self.effects() if effect.state not in _OF_MEASURES]
        counts = Counter((effect.order_id, effect.subject) for effect in answered)
        return {order_id: count for (order_id, _), count in counts.items() if count > 1}

    def contradicting_receipts(self) -> set[UUID]:
        """Answers of which a repeat got another receipt than before: a breach of P9."""
        receipts: dict[UUID, set[bytes | None]] = {}
        for delivery in self.deliveries():
            if delivery.received:
                receipts.setdefault(delivery.message_id, set()).add(delivery.reply)
        return {message_id for message_id, contents in receipts.items() if len(contents) > 1}

    def _lines(self) -> Iterator[journal.Line]:
        return (journal.line(tuple(row)) for row in self._rows(journal.SELECT))

    def _rows(self, query: str, *values: str) -> Iterator[sqlite3.Row]:
        # Not read-only: after a crash it is the next reader that recovers the write-ahead log.
        with closing(sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=rw", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA query_only = ON")
            yield from connection.execute(query, values).fetchall()


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None

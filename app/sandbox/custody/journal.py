"""What is written down of the measures, line by line: whoever does every line again has the same register.

Nothing of the population is needed for that: a thing is written down with its balance when it is first touched.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, get_args
from uuid import UUID

from pydantic import TypeAdapter

from app.adapters.facts import PriorityRight
from app.measures.ladder import Thing
from app.measures.operations import Operation

SCHEMA = """
CREATE TABLE IF NOT EXISTS custody (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    body BLOB NOT NULL,
    request_id TEXT,
    order_id TEXT,
    paper BLOB,
    paid_to TEXT
);
CREATE TABLE IF NOT EXISTS notices (
    number INTEGER PRIMARY KEY,
    message_id TEXT NOT NULL UNIQUE,
    request_id TEXT NOT NULL,
    body BLOB NOT NULL,
    written_at TEXT NOT NULL,
    delivered_at TEXT
);
CREATE INDEX IF NOT EXISTS notices_to_deliver ON notices (number) WHERE delivered_at IS NULL;
"""


@dataclass(frozen=True, slots=True)
class Opened:
    """A thing was put on the register, as the agency's other books have it."""

    thing: Thing
    balance: Decimal | None
    rights: tuple[PriorityRight, ...] = ()


@dataclass(frozen=True, slots=True)
class TimePassed:
    """All that ended by this instant has ended."""

    at: datetime


@dataclass(frozen=True, slots=True)
class ClockSet:
    """The agency's calendar runs so many days ahead of the world's."""

    offset_days: int


@dataclass(frozen=True, slots=True)
class Closed:
    """An account was closed."""

    thing_id: str


class Switch(StrEnum):
    NOTICES = "notices"
    """Whether the agency tells the hub what becomes of its freezes."""

    EXEMPTIONS = "exemptions"
    """Whether the agency knows that some accounts are exempt."""

    RECALLS = "recalls"
    """Whether the agency heeds recalls of look-outs, and confirms them."""


@dataclass(frozen=True, slots=True)
class Switched:
    switch: Switch
    on: bool


@dataclass(frozen=True, slots=True)
class Doctored:
    """Somebody wrote another limit or end into the register, past every rule."""

    freeze_id: str
    thing_id: str
    at: datetime
    limit: Decimal | None = None
    ends_at: datetime | None = None


Event = Operation | Opened | TimePassed | ClockSet | Closed | Switched | Doctored


@dataclass(frozen=True, slots=True)
class Paper:
    """Whose a freeze is. With `request_id` the hub ordered it; without, another court came by itself."""

    authority: str
    document_number: str | None = None
    request_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One event. `request_id` and `order_id` are the hub's, when it happened by an order of the hub."""

    event: Event
    request_id: UUID | None = None
    order_id: UUID | None = None
    paper: Paper | None = None
    paid_to: str | None = None
    """The number of the court's account, of a transfer."""


_EVENTS: dict[str, TypeAdapter[Any]] = {kind.__name__: TypeAdapter(kind) for kind in get_args(Event)}
_PAPER = TypeAdapter(Paper)

Row = tuple[str, bytes, str | None, str | None, bytes | None, str | None]

INSERT = "INSERT INTO custody (kind, body, request_id, order_id, paper, paid_to) VALUES (?, ?, ?, ?, ?, ?)"
SELECT = "SELECT kind, body, request_id, order_id, paper, paid_to FROM custody ORDER BY number"


def rows(lines: Iterable[Line]) -> list[Row]:
    return [
        (
            type(line.event).__name__,
            _EVENTS[type(line.event).__name__].dump_json(line.event),
            str(line.request_id) if line.request_id else None,
            str(line.order_id) if line.order_id else None,
            _PAPER.dump_json(line.paper) if line.paper else None,
            line.paid_to,
        )
        for line in lines
    ]


def line(row: Row) -> Line:
    kind, body, request_id, order_id, paper, paid_to = row
    return Line(
        _EVENTS[kind].validate_json(body),
        UUID(request_id) if request_id else None,
        UUID(order_id) if order_id else None,
        _PAPER.validate_json(paper) if paper else None,
        paid_to,
    )

"""A hub that has been at work for years: answered requests by the hundred thousand, put in by SQL.

What is there already is copied, with ids of a month ago: orders, their requests, and for each request the answer's
message. Bodies are left out; no index looks into them.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg

from app.models import Base
from bench.stand import Ground

_TABLES = ("orders", "agency_requests", "messages")
_LONG_AGO = "uuidv7('-30 days'::interval)"
_OLD = "old"
"""Their correlation id."""

_ORDER = """
    (SELECT * FROM orders WHERE id IN (SELECT order_id FROM agency_requests WHERE state = 'answered') LIMIT 1) AS sample
"""
_REQUESTS = f"(SELECT * FROM agency_requests WHERE order_id IN (SELECT id FROM {_ORDER})) AS sample"
_MESSAGE = "(SELECT * FROM messages WHERE direction = 'in' LIMIT 1) AS sample"


def fill(ground: Ground, requests: int) -> None:
    """Add that many answered requests to a database where at least one order has been answered."""
    with ground.connect() as connection, _without_foreign_keys(connection):
        parts = connection.execute(f"SELECT count(*) FROM {_REQUESTS}").fetchone()
        assert parts is not None
        orders = f"{_ORDER}, generate_series(1, {requests // parts[0]})"
        _copy(connection, "orders", {"id": _LONG_AGO, "correlation_id": f"'{_OLD}'"}, orders)
        of_old = f"orders AS old, {_REQUESTS} WHERE old.correlation_id = '{_OLD}'"
        _copy(connection, "agency_requests", {"id": _LONG_AGO, "order_id": "old.id"}, of_old)
        answers = f"agency_requests AS old JOIN orders ON orders.id = old.order_id AND orders.correlation_id = '{_OLD}'"
        answer = {
            "id": _LONG_AGO,
            "agency_id": "old.agency_id",
            "request_id": "old.id",
            "message_id": "gen_random_uuid()",
            "body": "''",
        }
        _copy(connection, "messages", answer, f"{answers}, {_MESSAGE}")
        connection.execute("ANALYZE")


def _copy(connection: psycopg.Connection[Any], table: str, changed: Mapping[str, str], source: str) -> None:
    columns = [column.name for column in Base.metadata.tables[table].columns]
    values = ", ".join(changed.get(name, f"sample.{name}") for name in columns)
    connection.execute(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {source}")


@contextmanager
def _without_foreign_keys(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Copies refer to what is there; to look each of them up would take most of the time."""
    keys = connection.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'f' AND conrelid::regclass::text = ANY(%s)",
        [list(_TABLES)],
    ).fetchall()
    for table, name, _ in keys:
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    yield
    for table, name, definition in keys:
        connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition} NOT VALID")

"""A hub that has been at work for years: answered requests by the hundred thousand, put in by SQL.

What is there already is copied, with ids of a month ago: orders, their requests, and for each request the answer's
message. Bodies are left out; no index looks into them.
"""

from collections.abc import Mapping

from app.models import Base
from bench.stand import Ground

_LONG_AGO = "uuidv7('-30 days'::interval)"
_OLD = "old"
"""Their correlation id."""


def fill(ground: Ground, requests: int) -> None:
    """Add that many answered requests to a database where at least one order has been answered."""
    with ground.connect() as connection:
        sample = "(SELECT * FROM orders WHERE id IN (SELECT order_id FROM agency_requests WHERE state = 'answered') LIMIT 1)"
        parts = connection.execute(
            f"SELECT count(*) FROM agency_requests WHERE order_id IN (SELECT id FROM {sample} AS sample)"
        ).fetchone()
        assert parts is not None
        orders = f"{sample} AS sample, generate_series(1, {requests // parts[0]})"
        connection.execute(_copy("orders", {"id": _LONG_AGO, "correlation_id": f"'{_OLD}'"}, orders))
        of_sample = (
            f"(SELECT * FROM agency_requests WHERE order_id IN (SELECT id FROM {sample} AS sample)) AS sample"
        )
        old = f"orders AS old, {of_sample} WHERE old.correlation_id = '{_OLD}'"
        connection.execute(_copy("agency_requests", {"id": _LONG_AGO, "order_id": "old.id"}, old))
        answers = (
            f"agency_requests AS old JOIN orders ON orders.id = old.order_id AND orders.correlation_id = '{_OLD}',"
            " (SELECT * FROM messages WHERE direction = 'in' LIMIT 1) AS sample"
        )
        changed = {
            "id": _LONG_AGO,
            "agency_id": "old.agency_id",
            "request_id": "old.id",
            "message_id": "gen_random_uuid()",
            "body": "''",
        }
        connection.execute(_copy("messages", changed, answers))
        connection.execute("ANALYZE")


def _copy(table: str, changed: Mapping[str, str], source: str) -> str:
    columns = [column.name for column in Base.metadata.tables[table].columns]
    values = ", ".join(changed.get(name, f"sample.{name}") for name in columns)
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {source}"

"""pgbench writing the rows of an accepted query: what the server could do if nobody had to think.

The statements are made from the rows that the hub has just written, so that columns, sizes and indexes are the same.
"""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import Identifier, Literal
from psycopg.types.json import Jsonb

from app.database import libpq_url
from app.postgres.binaries import find_binaries
from bench.stand import Ground

_Cursor = psycopg.Cursor[dict[str, Any]]

_SCRIPTS = 16
"""Queries that are copied; each transaction takes one of them at random."""

_WRITERS = 8
_TPS = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)

_ORDERS = "SELECT * FROM orders WHERE kind = 'asset_query' ORDER BY id DESC LIMIT %s"
_REQUEST = "SELECT * FROM agency_requests WHERE order_id = %s"
_ITEM = "SELECT * FROM outbox WHERE reference = %s"
_ENTRY = "SELECT * FROM audit_entries WHERE correlation_id = %s"
_FLAG = "SELECT * FROM audit_unsequenced WHERE entry_id = %s"
_KEY = "SELECT * FROM idempotency_keys ORDER BY created_at DESC LIMIT 1"


def write_the_same(ground: Ground, seconds: float, *, idempotent: bool) -> float:
    """Transactions a second, with the writers that serve best on two processors."""
    program = find_binaries(None).folder / "pgbench"
    with TemporaryDirectory() as folder:
        options = ["-n", "-M", "prepared", "-c", str(_WRITERS), "-j", "2", "-T", str(max(1, round(seconds)))]
        for number, script in enumerate(_scripts(ground, idempotent=idempotent)):
            path = Path(folder, f"{number}.sql")
            path.write_text(script)
            options += ["-f", str(path)]
        done = subprocess.run(
            [program, *options, libpq_url(ground.database_url)], capture_output=True, text=True, check=True
        )
    found = _TPS.search(done.stdout)
    assert found is not None
    return float(found[1])


def _scripts(ground: Ground, *, idempotent: bool) -> list[str]:
    with ground.connect() as connection:
        cursor = connection.cursor(row_factory=dict_row)
        orders = cursor.execute(_ORDERS, [_SCRIPTS]).fetchall()
        return [_script(cursor, order, idempotent=idempotent) for order in orders]


def _script(cursor: _Cursor, order: Mapping[str, Any], *, idempotent: bool) -> str:
    request = _row(cursor, _REQUEST, order["id"])
    entry = _row(cursor, _ENTRY, order["correlation_id"])
    flag = _row(cursor, _FLAG, entry["entry_id"])
    item = {name: value for name, value in _row(cursor, _ITEM, request["id"]).items() if name != "id"}
    insert = _Inserts(cursor)
    lines = [
        "BEGIN;",
        insert("orders", order, {"id": "uuidv7()"}, "RETURNING id AS order_id \\gset"),
        insert(
            "agency_requests",
            request,
            {"id": "uuidv7()", "order_id": ":order_id"},
            "RETURNING id AS request_id \\gset",
        ),
        insert("outbox", item, {"reference": ":request_id", "subject": ":request_id"}),
        insert("audit_entries", entry, {"entry_id": "uuidv7()"}, "RETURNING entry_id \\gset"),
        insert("audit_unsequenced", flag, {"entry_id": ":entry_id"}),
    ]
    if idempotent:
        lines.append(insert("idempotency_keys", _row(cursor, _KEY), {"key": "CAST(uuidv7() AS text)"}))
    return "\n".join([*lines, "COMMIT;", ""])


class _Inserts:
    def __init__(self, cursor: _Cursor) -> None:
        self._cursor = cursor

    def __call__(
        self, table: str, row: Mapping[str, Any], instead: Mapping[str, str], ending: str = ";"
    ) -> str:
        names = ", ".join(Identifier(name).as_string(self._cursor) for name in row)
        values = ", ".join(instead.get(name) or self._literal(value) for name, value in row.items())
        return f"INSERT INTO {table} ({names}) VALUES ({values}) {ending}"

    def _literal(self, value: Any) -> str:
        if isinstance(value, str):
            escaped = value.replace("\\", "\\\\").replace("'", "''")
            return f"E'{escaped}'".replace(":", "\\x3a")  # a colon would be a variable of pgbench
        return Literal(Jsonb(value) if isinstance(value, dict) else value).as_string(self._cursor)


def _row(cursor: _Cursor, query: str, *parameters: Any) -> Mapping[str, Any]:
    row = cursor.execute(query, parameters).fetchone()
    assert row is not None, query
    return row

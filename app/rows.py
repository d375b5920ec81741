"""Rows written by one statement, however many they are and into however many tables.

A statement for each row costs server and driver twice as much again as the row itself. COPY takes two round trips more
and fills one table. So each column travels as one binary array; a lone row as plain values, since finding out what an
array is made of takes the driver longer than to send it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import String

from app.database import Transaction, driver_of, to_json

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy left its constructor untyped


Rows = Sequence[Mapping[str, Any]]
Model = type[DeclarativeBase]


async def insert_rows(transaction: Transaction, *tables: tuple[Model, Rows]) -> None:
    """Add rows, those of one table all naming the same columns, to several tables at once. Never commits.

    Rows may refer to each other across the tables. Values go to the driver as they are: no default of a model is
    applied.
    """
    parts = [_part(model, rows) for model, rows in tables if rows]
    if not parts:
        return
    values = {name: value for _, part in parts for name, value in part.items()}
    async with driver_of(transaction) as driver:
        await driver.execute(_together(tuple(statement for statement, _ in parts)), values)


@cache
def _together(statements: tuple[str, ...]) -> str:
    *others, last = statements
    parts = ", ".join(f"part_{number} AS ({statement})" for number, statement in enumerate(others))
    return f"WITH {parts} {last}" if parts else last


def _part(model: Model, rows: Rows) -> tuple[str, dict[str, Any]]:
    """One table's part of the statement, and its parameters."""
    insertion = _insertion(model, tuple(rows[0]))
    if len(rows) == 1:
        return insertion.of_one, insertion.values(rows[0])
    return insertion.of_many, insertion.arrays(rows)


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    parameter: str
    type: str
    wire_type: str
    """As text travel what PostgreSQL has no arrays of (arrays), and the driver none (JSON)."""

    write: Callable[[Any], str] | None

    def wire(self, value: Any) -> Any:
        return value if self.write is None or value is None else self.write(value)


@dataclass(frozen=True, slots=True)
class _Insertion:
    columns: tuple[_Column, ...]
    of_one: str
    of_many: str

    def values(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {column.parameter: column.wire(row[column.name]) for column in self.columns}

    def arrays(self, rows: Rows) -> dict[str, list[Any]]:
        return {column.parameter: [column.wire(row[column.name]) for row in rows] for column in self.columns}


@cache
def _insertion(model: Model, names: tuple[str, ...]) -> _Insertion:
    table = model.__table__
    assert isinstance(table, Table)
    columns = tuple(_column(table, name) for name in names)
    listed = ", ".join(names)
    into = f"INSERT INTO {table.name} ({listed})"
    one = ", ".join(f"%({column.parameter})b::{column.wire_type}::{column.type}" for column in columns)
    arrays = ", ".join(f"%({column.parameter})b::{column.wire_type}[]" for column in columns)
    each = ", ".join(f"line.{column.name}::{column.type}" for column in columns)
    many = f"{into} SELECT {each} FROM unnest({arrays}) AS line ({listed})"  # noqa: S608 - names of our own tables
    return _Insertion(columns, f"{into} SELECT {one}", many)


def _column(table: Table, name: str) -> _Column:
    kind = table.c[name].type
    parameter = f"{table.name}_{name}"
    match kind:
        case JSONB():
            return _Column(name, parameter, "jsonb", "text", to_json)
        case ARRAY():
            return _Column(name, parameter, kind.compile(_DIALECT), "text", _ids)
        case String():
            # a cast to varchar(n) would shorten what is too long instead of refusing it
            return _Column(name, parameter, "text", "text", None)
        case _:
            return _Column(name, parameter, kind.compile(_DIALECT), kind.compile(_DIALECT), None)


def _ids(values: Sequence[UUID]) -> str:
    return f"{{{','.join(map(str, values))}}}"

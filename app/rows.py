"""Rows written by one statement, however many they are and into however many tables.

A statement for each row costs server and driver twice as much again as the row itself. COPY takes two round trips more
and fills one table. So each column travels as one binary array; a lone row as plain values, since finding out what an
array is made of takes the driver longer than to send it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Table, Uuid
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import String

from app.database import Transaction, driver_of, to_json

_MOST_PARAMETERS = 50
"""What has more of them (or 4096 characters) psycopg does not remember, but takes apart anew each time."""

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy left its constructor untyped


Rows = Sequence[Mapping[str, Any]]
Model = type[DeclarativeBase]


async def insert_rows(transaction: Transaction, *tables: tuple[Model, Rows]) -> None:
    """Add rows, those of one table all naming the same columns, to several tables, in their order. Never commits.

    Values go to the driver as they are: no default of a model is applied.
    """
    parts = [_part(model, rows) for model, rows in tables if rows]
    if not parts:
        return
    async with driver_of(transaction) as driver:
        for statement, values in _grouped(parts):
            await driver.execute(statement, values)


_Part = tuple[str, list[Any]]
"""One table's statement, and its parameters."""


def _grouped(parts: Sequence[_Part]) -> Iterator[_Part]:
    """As few statements as can be without one that the driver would take apart anew each time."""
    statements: list[str] = []
    parameters: list[Any] = []
    for statement, values in parts:
        if len(parameters) + len(values) > _MOST_PARAMETERS and statements:
            yield _together(tuple(statements)), parameters
            statements, parameters = [], []
        statements.append(statement)
        parameters = parameters + values
    yield _together(tuple(statements)), parameters


@cache
def _together(statements: tuple[str, ...]) -> str:
    *others, last = statements
    parts = ", ".join(f"part_{number} AS ({statement})" for number, statement in enumerate(others))
    return f"WITH {parts} {last}" if parts else last


def _part(model: Model, rows: Rows) -> _Part:
    insertion = _insertion(model, tuple(rows[0]))
    if len(rows) == 1:
        return insertion.of_one, [column.wire(rows[0][column.name]) for column in insertion.columns]
    return insertion.of_many, [
        [column.wire(row[column.name]) for row in rows] for column in insertion.columns
    ]


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    type: str
    write: Callable[[Any], str] | None
    """As text travel what PostgreSQL has no arrays of (arrays), and the driver none (JSON)."""

    def wire(self, value: Any) -> Any:
        return value if self.write is None or value is None else self.write(value)

    @property
    def wire_type(self) -> str:
        return self.type if self.write is None else "text"

    def read(self, what: str) -> str:
        return what if self.write is None else f"{what}::{self.type}"


@dataclass(frozen=True, slots=True)
class _Insertion:
    columns: tuple[_Column, ...]
    of_one: str
    of_many: str


@cache
def _insertion(model: Model, names: tuple[str, ...]) -> _Insertion:
    table = model.__table__
    assert isinstance(table, Table)
    columns = tuple(_column(table, name) for name in names)
    listed = ", ".join(names)
    into = f"INSERT INTO {table.name} ({listed})"
    one = ", ".join(column.read(f"%b::{column.wire_type}") for column in columns)
    each = ", ".join(column.read(f"line.{column.name}") for column in columns)
    arrays = ", ".join(f"%b::{column.wire_type}[]" for column in columns)
    many = f"{into} SELECT {each} FROM unnest({arrays}) AS line ({listed})"  # noqa: S608 - names of our own tables
    return _Insertion(columns, f"{into} SELECT {one}", many)


def _column(table: Table, name: str) -> _Column:
    kind = table.c[name].type
    match kind:
        case JSONB():
            return _Column(name, "jsonb", to_json)
        case ARRAY():
            assert isinstance(kind.item_type, Uuid)  # nothing else is written without quotes
            return _Column(name, kind.compile(_DIALECT), _ids)
        case String():
            # a cast to varchar(n) would shorten what is too long instead of refusing it
            return _Column(name, "text", None)
        case _:
            return _Column(name, kind.compile(_DIALECT), None)


def _ids(values: Sequence[UUID]) -> str:
    return f"{{{','.join(map(str, values))}}}"

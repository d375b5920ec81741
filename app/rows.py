"""Rows written by one statement, however many they are: each column travels as one binary array.

A statement for each row costs server and driver twice as much again as the row itself, and COPY takes two round trips
more, which a single row would feel.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Column, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import String

from app.database import Transaction, pipelined, to_json

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy left its constructor untyped


Rows = Sequence[Mapping[str, Any]]
Model = type[DeclarativeBase]


async def insert_rows(transaction: Transaction, *tables: tuple[Model, Rows]) -> None:
    """Add rows, those of one table all naming the same columns, to several tables at once. Never commits.

    Rows may refer to each other across the tables. Values go to the driver as they are: no default of a model is
    applied.
    """
    filled = [(model, rows) for model, rows in tables if rows]
    if not filled:
        return
    insertions = [_insertion(model, tuple(rows[0])) for model, rows in filled]
    arrays: dict[str, list[Any]] = {}
    for insertion, (_, rows) in zip(insertions, filled, strict=True):
        arrays |= insertion.arrays(rows)
    async with pipelined(transaction) as driver:
        await driver.execute(_together(tuple(insertion.statement for insertion in insertions)), arrays)


@cache
def _together(statements: tuple[str, ...]) -> str:
    *others, last = statements
    parts = ", ".join(f"part_{number} AS ({statement})" for number, statement in enumerate(others))
    return f"WITH {parts} {last}" if parts else last


@dataclass(frozen=True, slots=True)
class _Insertion:
    statement: str
    arrays_of: Mapping[str, str]
    """Which array each column travels in."""

    writers: Mapping[str, Callable[[Any], str]]
    """For columns that travel as text: PostgreSQL knows no array of arrays, and psycopg no array of dicts."""

    def arrays(self, rows: Rows) -> dict[str, list[Any]]:
        arrays = {array: [row[name] for row in rows] for name, array in self.arrays_of.items()}
        for name, write in self.writers.items():
            array = self.arrays_of[name]
            arrays[array] = [None if value is None else write(value) for value in arrays[array]]
        return arrays


@cache
def _insertion(model: Model, names: tuple[str, ...]) -> _Insertion:
    table = model.__table__
    assert isinstance(table, Table)
    columns = [table.c[name] for name in names]
    writers = {column.name: writer for column in columns if (writer := _writer(column)) is not None}
    arrays_of = {name: f"{table.name}_{name}" for name in names}
    arrays = ", ".join(f"%({arrays_of[column.name]})b::{_element(column)}[]" for column in columns)
    values = ", ".join(_value(column, cast=column.name in writers) for column in columns)
    listed = ", ".join(names)
    return _Insertion(
        f"INSERT INTO {table.name} ({listed}) SELECT {values} FROM unnest({arrays}) AS line ({listed})",  # noqa: S608 - names of our own tables
        arrays_of,
        writers,
    )


def _writer(column: Column[Any]) -> Callable[[Any], str] | None:
    match column.type:
        case JSONB():
            return to_json
        case ARRAY():
            return _ids
        case _:
            return None


def _ids(values: Sequence[UUID]) -> str:
    return f"{{{','.join(map(str, values))}}}"


def _element(column: Column[Any]) -> str:
    # String, too: a cast to varchar(n) would shorten what is too long instead of refusing it
    return "text" if isinstance(column.type, String | JSONB | ARRAY) else _type(column)


def _value(column: Column[Any], *, cast: bool) -> str:
    return f"line.{column.name}::{_type(column)}" if cast else f"line.{column.name}"


def _type(column: Column[Any]) -> str:
    return column.type.compile(_DIALECT)

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


async def insert_rows(
    transaction: Transaction, model: type[DeclarativeBase], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Add rows that all name the same columns, in their order. Never commits.

    Values go to the driver as they are: no default of the model is applied.
    """
    if not rows:
        return
    insertion = _insertion(model, tuple(rows[0]))
    async with pipelined(transaction) as driver:
        await driver.execute(insertion.statement, insertion.arrays(rows))


@dataclass(frozen=True, slots=True)
class _Insertion:
    statement: str
    texts: Mapping[str, Callable[[Any], str]]
    """Columns that travel as text, because PostgreSQL knows no array of arrays, and psycopg no array of dicts."""

    def arrays(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
        arrays = {name: [row[name] for row in rows] for name in rows[0]}
        for name, as_text in self.texts.items():
            arrays[name] = [None if value is None else as_text(value) for value in arrays[name]]
        return arrays


@cache
def _insertion(model: type[DeclarativeBase], names: tuple[str, ...]) -> _Insertion:
    table = model.__table__
    assert isinstance(table, Table)
    columns = [table.c[name] for name in names]
    texts = {column.name: writer for column in columns if (writer := _writer(column)) is not None}
    arrays = ", ".join(f"%({column.name})b::{_element(column)}[]" for column in columns)
    values = ", ".join(_value(column, cast=column.name in texts) for column in columns)
    listed = ", ".join(names)
    statement = f"INSERT INTO {model.__tablename__} ({listed}) SELECT {values} FROM unnest({arrays}) AS line ({listed})"  # noqa: S608 - names of our own tables
    return _Insertion(statement, texts)


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

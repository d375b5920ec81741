"""The migrations and the models."""

import multiprocessing

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app import schema
from app.database import libpq_url
from app.models import Base

_CATALOGUE = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT attrelid::regclass::text, attname,
           concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, attidentity, pg_get_expr(adbin, adrelid))
      FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
      LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
"""


def catalogue(url: str) -> set[tuple[str, str, str]]:
    """Table, name and definition of every column, constraint and index."""
    with psycopg.connect(libpq_url(url)) as connection:
        rows = connection.execute(_CATALOGUE).fetchall()
    return {(table, name, definition) for table, name, definition in rows if table != "alembic_version"}


async def test_a_test_gets_a_migrated_database_of_its_own(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM alembic_version")) == 1


def test_the_migrations_build_what_the_models_describe(database_url: str) -> None:
    schema.check(database_url)


def test_the_migrations_build_the_same_checks_and_indexes_too(
    database_url: str, empty_database_url: str
) -> None:
    """`alembic check` looks at neither the text of a CHECK nor an index's condition, and our states live in both."""
    described = create_engine(empty_database_url)
    Base.metadata.create_all(described)
    described.dispose()
    assert catalogue(database_url) == catalogue(empty_database_url)


def test_a_schema_that_was_changed_by_hand_is_a_difference(database_url: str) -> None:
    with psycopg.connect(libpq_url(database_url)) as connection:
        connection.execute("CREATE TABLE made_by_hand (id integer)")
    with pytest.raises(schema.SchemaDiffers):
        schema.check(database_url)


def test_hubs_that_start_at_once_migrate_once(empty_database_url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    starts = [spawn.Process(target=schema.upgrade, args=[empty_database_url]) for _ in range(3)]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    assert [start.exitcode for start in starts] == [0, 0, 0]
    schema.check(empty_database_url)

"""The migrations and the models."""

import multiprocessing

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app import schema
from app.database import libpq_url


async def test_a_test_gets_a_migrated_database_of_its_own(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM alembic_version")) == 1


def test_the_migrations_build_what_the_models_describe(database_url: str) -> None:
    schema.check(database_url)


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

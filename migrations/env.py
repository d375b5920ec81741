"""How alembic reaches the database: one connection, one lock, one transaction."""

import os

from alembic import context
from sqlalchemy import Connection, create_engine, pool, text

import app.models  # noqa: F401 - importing it completes the metadata
from app.database import normalise_url
from app.models.base import Base

_LOCK = 0x6C69616E  # "lian"; any number will do, as long as every migrator takes the same


def _url() -> str:
    """The address that app.schema passed, or DATABASE_URL for alembic on the command line."""
    url = context.config.attributes.get("url") or os.environ.get("DATABASE_URL")
    if not url:
        raise SystemExit("Set DATABASE_URL to the database that is meant.\n请用 DATABASE_URL 指明数据库。")
    return normalise_url(url)


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
    with context.begin_transaction():
        # two machines that start at once: the second waits here, then finds nothing left to do
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        context.run_migrations()


if context.is_offline_mode():
    raise SystemExit(
        "Revisions read the database they change; --sql is not offered.\n不支持 --sql 离线模式。"
    )

engine = create_engine(_url(), poolclass=pool.NullPool)
with engine.connect() as connection:
    _migrate(connection)
engine.dispose()

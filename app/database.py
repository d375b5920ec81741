"""The way to PostgreSQL: engine, sessions, and what a server must promise before the hub trusts it with an order."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from select import POLLIN, poll
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import (
    ARRAY,
    URL,
    ColumnElement,
    Connection,
    Uuid,
    bindparam,
    cast,
    event,
    make_url,
    select,
    text,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

_SESSION_SETTINGS = (
    "-c timezone=UTC "
    # a process that was stopped in the middle of a transaction must not hold its locks for ever (P14)
    "-c idle_in_transaction_session_timeout=60s "
    # and who waits for such a lock gives up in time: senders that try again would soon fill the pool with waiting
    "-c lock_timeout=10s "
    # The queue is nearly empty on most days, and a plan made then, and kept, would read the whole of it when a million
    # rows wait. A bitmap scan, unlike a plain one, passes over the same dead index entries again and again, of which a
    # busy queue leaves thousands until the next vacuum. So rows are found by plain index scans wherever an index serves.
    "-c enable_seqscan=off -c enable_bitmapscan=off"
)
_APPLICATION = "liandong"
_DRIVER = "driver"
"""In `Session.info`: a transaction, and the driver's connection that it runs on."""


class NotDurable(Exception):
    """The server may lose what it has confirmed; in production the hub refuses to start on it."""


def normalise_url(url: str) -> str:
    """The same server for the driver that we use: `postgres://` and `postgresql://` become `postgresql+psycopg://`.

    Raises:
        ValueError: the URL is of another database. It is not repeated, as it may hold a password.
    """
    parsed = make_url(url)
    if parsed.drivername not in {"postgres", "postgresql", "postgresql+psycopg"}:
        raise ValueError(f"DATABASE_URL must be of PostgreSQL, not {parsed.drivername}")
    return _render(parsed.set(drivername="postgresql+psycopg"))


def libpq_url(url: str) -> str:
    """The same server for psycopg itself and for PostgreSQL's programs, which know no `+psycopg`."""
    address, mark, query = _render(make_url(url).set(drivername="postgresql")).partition("?")
    # SQLAlchemy writes a space in the query as +, which libpq takes as it stands; a true + is %2B by now
    return address + mark + query.replace("+", "%20")


def create_engine(url: str, *, pool_size: int = 10) -> AsyncEngine:
    """An engine with at most `pool_size` connections, in UTC, whose JSON keeps Chinese and exact numbers.

    Whoever finds all of them in use waits. Connections beyond the pool would be made for one transaction and closed
    after it, which takes the server longer than the transaction.
    """
    engine = create_async_engine(
        normalise_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_use_lifo=True,  # the connection used last has its statements prepared, its pages at hand
        pool_timeout=10,
        pool_recycle=1800,
        json_serializer=to_json,
        json_deserializer=from_json,
        connect_args={"application_name": _APPLICATION, "connect_timeout": 10, "options": _SESSION_SETTINGS},
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def session_factory(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Sessions whose objects stay readable after the commit, when the answer is written from them."""
    return async_sessionmaker(engine, expire_on_commit=False)


Transaction = AsyncSession | AsyncConnection
"""The caller's open transaction, in either form."""


@asynccontextmanager
async def driver_of(transaction: Transaction) -> AsyncIterator[psycopg.AsyncConnection]:
    """The driver's connection of a transaction, for the paths that everything goes through.

    SQLAlchemy's part of a small statement costs more than the statement. The driver's errors leave as SQLAlchemy's.
    """
    driver = _known(transaction)
    if driver is None:
        driver = await transaction.run_sync(_driver)
    try:
        yield driver
    except psycopg.Error as error:
        raise DBAPIError.instance(None, None, error, psycopg.Error, hide_parameters=True) from error


def _known(transaction: Transaction) -> psycopg.AsyncConnection | None:
    """What this very transaction was given before: asking SQLAlchemy again costs half a small statement."""
    if isinstance(transaction, AsyncConnection):
        return None
    begun, driver = transaction.info.get(_DRIVER, (None, None))
    return driver if begun is not None and begun is transaction.sync_session.get_transaction() else None


def _driver(transaction: Session | Connection) -> psycopg.AsyncConnection:
    connection = transaction if isinstance(transaction, Connection) else transaction.connection()
    if not connection.in_transaction():
        connection.begin()  # else what the driver begins by itself, SQLAlchemy would not know to commit
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.AsyncConnection)
    if isinstance(transaction, Session):
        transaction.info[_DRIVER] = transaction.get_transaction(), driver
    return driver


@asynccontextmanager
async def pipelined(transaction: Transaction) -> AsyncIterator[psycopg.AsyncConnection]:
    """As `driver_of`; what is executed goes to the server in one round trip, which pays from three statements on.

    Results can be fetched in the context, which ends the trip, or after it; a failure shows at one of these points at
    the latest. A pipeline within a pipeline is part of the outer one.
    """
    async with driver_of(transaction) as driver:
        if driver.pgconn.pipeline_status:
            yield driver  # psycopg's own nesting would make a trip of each part
        else:
            async with driver.pipeline():
                yield driver


def given_ids(parameter: str) -> ColumnElement[Sequence[UUID]]:
    """For `column == any_(given_ids("ids"))` in a statement that is built once: the ids of an array, however many.

    It comes from a subquery so that no plan can count its elements. A plan for the very number of them would look
    cheaper than the prepared one, be made anew each time, and, with some joins, cost more than everything else.
    """
    return cast(select(bindparam(parameter, type_=ARRAY(Uuid))).scalar_subquery(), ARRAY(Uuid))


async def check_durability(connection: AsyncConnection) -> None:
    """Raise NotDurable unless a commit on this connection is on the disk when it returns, and survives a crash whole.

    Of `synchronous_commit` every value but off will do: the others differ in what they ask of standby servers.
    """
    rows = await connection.execute(
        text(
            "SELECT name FROM pg_settings"
            " WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off' ORDER BY name"
        )
    )
    switched_off = ", ".join(rows.scalars())
    if switched_off:
        raise NotDurable(
            f"PostgreSQL may lose confirmed orders: {switched_off} is off. Switch it on to run in production.\n"
            f"PostgreSQL 的 {switched_off} 已关闭，可能丢失已确认的指令。生产环境必须开启。"
        )


async def cut_off_frozen(transaction: AsyncConnection | AsyncSession, silent_for: timedelta) -> int:
    """End the hub's sessions that are in a transaction and have sent nothing for so long; how many they were.

    The server's own time-out does not strike while it waits for the rest of a pipeline or of a COPY.
    """
    ended = await transaction.scalar(
        text(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE usename = current_user AND datname = current_database() AND application_name = :application"
            " AND xact_start IS NOT NULL AND wait_event = 'ClientRead' AND state_change < now() - :silent_for"
        ),
        {"application": _APPLICATION, "silent_for": silent_for},
    )
    return ended or 0


def _as_text(value: object) -> str:
    match value:
        case Decimal():
            return format(value, "f")
        case datetime() | date():
            return value.isoformat()
        case UUID():
            return str(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")


# Made once: json.dumps and json.loads with options make theirs anew for every value.
_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_as_text
).encode
_decode = json.JSONDecoder(parse_float=Decimal).decode


def to_json(value: Any) -> str:
    """JSON with Chinese as it is; Decimal, UUID and dates become strings, anything else unknown a TypeError."""
    return _encode(value)


def from_json(document: str | bytes) -> Any:
    """Numbers with a fraction come back as Decimal: money never passes through a binary float."""
    return _decode(document if isinstance(document, str) else document.decode())


def _refuse_closed(_: DBAPIConnection, record: ConnectionPoolEntry, __: PoolProxiedConnection) -> None:
    """Have a connection replaced that the server has closed meanwhile, so that no request pays for a restart.

    An idle connection with something to read has been told good-bye. Asking the server instead (`pool_pre_ping`) is a
    round trip before every transaction, a quarter of what a small one takes.
    """
    connection = record.driver_connection
    assert isinstance(connection, psycopg.AsyncConnection)
    waiting = poll()
    waiting.register(connection.fileno(), POLLIN)
    if waiting.poll(0):
        raise DisconnectionError


def _render(url: URL) -> str:
    return url.render_as_string(hide_password=False)

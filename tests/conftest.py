"""The database under the tests.

A real PostgreSQL, the same embedded server that the hub brings along, started by the first test that asks for a
database; tests that ask for none never start it. Under xdist all workers share one server through the supervisor's own
locks. It is the one place where `fsync` is off: no test judges what survives a power cut by this server; tests that
crash a server start their own, with the hub's settings.

The schema comes from the migrations (`alembic upgrade head`), never from the metadata, and only once: into a template.
Each test that asks for `database_url` gets a copy of it, some fifty milliseconds, and shares nothing with another test.

- `database_url`  a migrated database of the test's own
- `empty_database_url`  one without any table
- `engine`        an async engine on `database_url`
- `postgres_folder`  a folder for a server of the test's own, stopped after the test, whoever runs the tests
- `used_postgres_folder`  the same, with a cluster in it already, which saves the second that making one takes
- `session`       a session on `engine`; what it commits, the test can read through another session
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

from app import schema
from app.database import create_engine, libpq_url, session_factory
from app.ids import new_id
from app.postgres import EmbeddedPostgres

_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_wal_size": "1GB",
    # its workers are the superuser, whom the hub's own role cannot send away when a database is dropped
    "autovacuum": "off",
}
_MEMORY = Path("/dev/shm")
_ROOM_NEEDED = 4 << 30  # bytes
_IN_MEMORY = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM_NEEDED
RUNS = _MEMORY if _IN_MEMORY else Path(tempfile.gettempdir())
"""Where databases of tests live. Each test copies ten megabytes: ten times faster where there is room in memory."""

_TEMPLATE = "template_liandong"
_OWN_HUB = frozenset({"test_crashes.py", "test_demo.py"})
"""Files whose tests start the hubs that they need themselves."""

_LOCK = 7_020_001
"""So that one xdist worker makes the template and the others wait for it."""


def _run_folder() -> Path:
    """Named after the process that leads this run, which is xdist's controller for its workers."""
    leader = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    return RUNS / f"liandong-tests-{leader}"


class _Together(LoadFileScheduling):  # type: ignore[misc]  # xdist comes without types
    """A file stays with one process, and so do all tests of the one running hub, which takes long to start."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "hub" if "/e2e/" in file and Path(file).name not in _OWN_HUB else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """For `--dist loadfile`; marking a group (`--dist loadgroup`) does nothing under this pytest."""
    return _Together(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_unconfigure(config: pytest.Config) -> None:
    """The leader takes its folder away, and those of runs that were killed."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    for folder in RUNS.glob("liandong-tests-*"):
        leader = folder.name.rpartition("-")[2]
        if folder == _run_folder() or not Path("/proc", leader).exists():
            with suppress(FileNotFoundError):  # another run may be tidying up the same folder
                EmbeddedPostgres(folder).stop()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _server() -> Iterator[str]:
    with EmbeddedPostgres(_run_folder(), settings=_SETTINGS) as url:
        yield url


@pytest.fixture(scope="session")
def _template(_server: str) -> str:
    """A migrated database that nobody can connect to, which PostgreSQL asks of one that is to be copied."""
    with _connect(_server) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        made = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s AND NOT datallowconn", [_TEMPLATE]
        )
        if not made.fetchone():
            connection.execute(f"DROP DATABASE IF EXISTS {_TEMPLATE}")  # of a worker whose migrations failed
            connection.execute(f"CREATE DATABASE {_TEMPLATE}")
            schema.upgrade(_renamed(_server, _TEMPLATE))
            connection.execute(f"ALTER DATABASE {_TEMPLATE} ALLOW_CONNECTIONS false")
    return _TEMPLATE


@pytest.fixture
def database_url(_server: str, _template: str) -> Iterator[str]:
    with _database(_server, _template) as url:
        yield url


@pytest.fixture
def empty_database_url(_server: str) -> Iterator[str]:
    with _database(_server, "template1") as url:
        yield url


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def session(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    async with session_factory(engine)() as session:
        yield session


@pytest.fixture
def postgres_folder() -> Iterator[Path]:
    """Not below `tmp_path`: as root, pytest closes that to the account which the server runs as."""
    with tempfile.TemporaryDirectory(prefix="liandong-pg-", dir=RUNS) as parent:
        Path(parent).chmod(0o711)
        folder = Path(parent, "postgres")
        yield folder
        if folder.exists():
            EmbeddedPostgres(folder, shelter=Path(parent, "shelter")).stop()


@pytest.fixture(scope="session")
def _made_cluster() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="liandong-pg-", dir=RUNS) as parent:
        Path(parent).chmod(0o711)
        folder = Path(parent, "postgres")
        with EmbeddedPostgres(folder):
            pass
        yield folder


@pytest.fixture
def used_postgres_folder(postgres_folder: Path, _made_cluster: Path) -> Path:
    subprocess.run(
        ["cp", "-a", _made_cluster, postgres_folder], check=True
    )  # -a: the cluster keeps its owner
    return postgres_folder


@contextmanager
def _database(server: str, template: str) -> Iterator[str]:
    name = f"test_{new_id().hex}"
    with _connect(server) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        yield _renamed(server, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _connect(server: str) -> psycopg.Connection:
    return psycopg.connect(libpq_url(server), autocommit=True)


def _renamed(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)

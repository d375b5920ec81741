"""Where everything is measured: an embedded PostgreSQL that loses nothing, fresh databases, and the hub's own processes."""

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
from sqlalchemy import make_url

from app import schema
from app.database import libpq_url
from app.ids import new_id
from app.keys import Keys, load_keys
from app.launcher import Service, free_port
from app.postgres import EmbeddedPostgres
from app.settings import Settings

_TEMPLATE = "bench_template"
_READY_SECONDS = 60.0


def say(text: str) -> None:
    """Progress goes to stderr; stdout is for the figures."""
    print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Stand:
    folder: Path
    server: str

    @contextmanager
    def database(self) -> Iterator["Ground"]:
        """A fresh, migrated database with a port for the hub that will stand on it."""
        name = f"bench_{new_id().hex}"
        with _connect(self.server) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY file_copy")
        yield Ground(self.folder, _renamed(self.server, name), free_port())
        with _connect(self.server) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@dataclass(frozen=True, slots=True)
class Ground:
    """One database and what it takes to run the hub on it."""

    folder: Path
    database_url: str
    port: int
    url: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", f"http://127.0.0.1:{self.port}")

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "LIANDONG_DATA_DIR": str(self.folder),
            "LIANDONG_PUBLIC_URL": self.url,
            "DATABASE_URL": self.database_url,
            "LIANDONG_WEBHOOK_PRIVATE_ADDRESSES": "true",
        }

    def settings(self) -> Settings:
        return Settings.model_validate(
            {"data_dir": self.folder, "public_url": self.url, "DATABASE_URL": self.database_url}
        )

    def keys(self) -> Keys:
        return load_keys(self.settings())

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(libpq_url(self.database_url), autocommit=True)

    @contextmanager
    def api(self, processes: int = 1) -> Iterator[Service]:
        arguments = ("api", "--port", str(self.port), "--processes", str(processes))
        with self._running("api", arguments) as service:
            _wait_until_ready(f"{self.url}/readyz")
            yield service

    @contextmanager
    def workers(self, count: int = 1) -> Iterator[None]:
        with ExitStack() as stack:
            for number in range(count):
                stack.enter_context(self._running(f"worker-{number}", ("worker",)))
            yield

    @contextmanager
    def _running(self, name: str, arguments: tuple[str, ...]) -> Iterator[Service]:
        service = Service(name, arguments, self.environment, self.folder / f"{name}-{self.port}.log")
        service.start()
        try:
            yield service
        finally:
            service.stop()


@contextmanager
def open_stand() -> Iterator[Stand]:
    """A server with the hub's own settings: what it has confirmed is on the disk."""
    with tempfile.TemporaryDirectory(prefix="liandong-bench-") as folder:
        Path(folder).chmod(0o711)  # as root, the server's account has to pass
        with EmbeddedPostgres(Path(folder) / "postgres") as server:
            with _connect(server) as connection:
                connection.execute(f"CREATE DATABASE {_TEMPLATE}")
            schema.upgrade(_renamed(server, _TEMPLATE))
            yield Stand(Path(folder), server)


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(url, timeout=2).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise TimeoutError(f"{url} did not become ready")


def _connect(url: str) -> psycopg.Connection:
    return psycopg.connect(libpq_url(url), autocommit=True)


def _renamed(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)

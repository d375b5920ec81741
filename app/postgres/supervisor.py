"""One server for all processes that share a data folder.

Two locks lie in the folder, and vanish with the process that holds them, however it dies:
`gate.lock` is held by whoever starts, joins, leaves or stops; `users.lock` is shared by everyone who uses the server,
so that the last one out can tell, by getting it for itself alone.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType, TracebackType

import psycopg
from sqlalchemy import URL

from app.postgres.account import PostgresUnusable
from app.postgres.binaries import find_binaries
from app.postgres.cluster import SUPERUSER, Cluster
from app.postgres.folders import PORT, SHELTER, make_passable, settle, socket_folder

_ROLE = "liandong"
_DATABASE = "liandong"
_SHELL = frozenset('"$`\\')


class EmbeddedPostgres:
    """A PostgreSQL server in a folder. Not to be shared between forks: each process makes its own object.

    Args:
        data_dir: its folder, made when missing. As root, the account that the server runs as must be able to enter it,
            otherwise the database is put below `shelter` and `data_dir/moved-to` says where.
        settings: PostgreSQL settings beyond ours, as they would stand in postgresql.conf; read when the server starts.
        shelter: where things are put that the server's account cannot reach where they are.
    """

    def __init__(
        self, data_dir: Path, *, settings: Mapping[str, str] = MappingProxyType({}), shelter: Path = SHELTER
    ) -> None:
        self.data_dir = data_dir.resolve()
        if _SHELL.intersection(str(self.data_dir)):
            raise PostgresUnusable(
                f"pg_ctl passes its folder through a shell; choose a data folder without any of {' '.join(_SHELL)}.",
                f"pg_ctl 会经由 shell 传递路径；请选择不含 {' '.join(_SHELL)} 的数据目录。",
            )
        self._settings = settings
        self._shelter = shelter.resolve()
        self._membership: int | None = None

    def ensure_running(self) -> str:
        """Start or join the server and return its SQLAlchemy URL. Call again whenever it may have died.

        From here on this process counts as a user until `leave()` or its end. PostgresUnusable says what to do.
        """
        make_passable(self.data_dir)
        with self._gate():
            cluster = self._cluster()
            cluster.create()
            cluster.configure(self._settings)
            cluster.start()
            _furnish(cluster)
            if self._membership is None:
                self._membership = _open(self.data_dir / "users.lock")
                fcntl.flock(self._membership, fcntl.LOCK_SH)
        return _url(cluster).render_as_string(hide_password=False)

    def leave(self) -> bool:
        """Stop using the server; the last one out stops it. True when it was stopped."""
        if self._membership is None:
            return False
        membership, self._membership = self._membership, None
        try:
            with self._gate():
                if not _alone(membership):
                    return False
                self._cluster().stop()
                return True
        finally:
            os.close(membership)

    def stop(self) -> None:
        """Stop the server, whoever uses it. Their next `ensure_running()` starts it again."""
        if not self.data_dir.exists():
            return
        with self._gate():
            self._cluster().stop()

    def __enter__(self) -> str:
        return self.ensure_running()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def _cluster(self) -> Cluster:
        home, account = settle(self.data_dir, self._shelter)
        made = home / "cluster" / "PG_VERSION"
        binaries = find_binaries(int(made.read_text()) if made.exists() else None)
        return Cluster(
            home, socket_folder(home, account), account, binaries.usable_by(account, self._shelter)
        )

    @contextmanager
    def _gate(self) -> Iterator[None]:
        gate = _open(self.data_dir / "gate.lock")
        try:
            fcntl.flock(gate, fcntl.LOCK_EX)
            yield
        finally:
            os.close(gate)


def _open(lock: Path) -> int:
    try:
        return os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError:
        raise PostgresUnusable(
            f"{lock.parent} belongs to another user: start the hub as that user, or with another data folder.",
            f"{lock.parent} 属于其他用户：请以该用户启动，或另选数据目录。",
        ) from None


def _alone(membership: int) -> bool:
    """Exclusive only when nobody shares it. Failing loses our share too, which is right for one who leaves."""
    try:
        fcntl.flock(membership, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _furnish(cluster: Cluster) -> None:
    """Make the hub's role and database once, after making sure that the server that answers is the one of this folder.

    The role is not a superuser: a flaw in the hub must not reach the server's files, and the supervisor still comes in
    when the hub has taken every other connection. It may make databases, for tests and scratch checks of the schema.
    """
    with psycopg.connect(
        host=str(cluster.socket), port=PORT, user=SUPERUSER, dbname="postgres", autocommit=True
    ) as connection:
        (folder,) = connection.execute("SHOW data_directory").fetchone() or ("",)
        if Path(folder) != cluster.folder:
            raise PostgresUnusable(
                f"The server on {cluster.socket} keeps its data in {folder}, not in {cluster.folder}.",
                f"{cluster.socket} 上的服务器数据目录为 {folder}，而非 {cluster.folder}。",
            )
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [_ROLE]).fetchone():
            connection.execute(f"CREATE ROLE {_ROLE} LOGIN CREATEDB")
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_DATABASE]).fetchone():
            connection.execute(f"CREATE DATABASE {_DATABASE} OWNER {_ROLE}")


def _url(cluster: Cluster) -> URL:
    return URL.create(
        "postgresql+psycopg",
        username=_ROLE,
        database=_DATABASE,
        query={"host": str(cluster.socket), "port": str(PORT)},
    )

"""One cluster: made by initdb, started and stopped by pg_ctl, asked by pg_isready."""

import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from app.postgres import leftovers
from app.postgres.account import Account, Outcome, PostgresUnusable
from app.postgres.binaries import Binaries
from app.postgres.folders import PORT

SUPERUSER = "postgres"
"""Of the supervisor alone; the hub itself comes as an ordinary role."""

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    # P1 and P11: an answer of ours means that it is on the disk
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    # what people are called and own must not reach a log file by way of an error's detail
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    # one file for each day of the week, overwritten a week later
    "logging_collector": "on",
    "log_filename": "'server-%a.log'",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_timezone": "UTC",
    "timezone": "UTC",
}

_SILENCE = 60.0
"""Seconds a server may take until it answers at all."""

_RECOVERY = 600.0
"""Seconds it may then take to replay its log after a crash, or to shut down."""

_PASSING = ("lock file", "pre-existing shared memory block")
"""A dead server's last processes may need a moment; other reasons not to start do not go away by waiting."""


class Life(IntEnum):
    """What pg_isready's exit status means."""

    ACCEPTING = 0
    REJECTING = 1
    SILENT = 2


@dataclass(frozen=True)
class Cluster:
    home: Path
    socket: Path
    account: Account
    binaries: Binaries

    @property
    def folder(self) -> Path:
        return self.home / "cluster"

    def create(self) -> None:
        """Run initdb once. A cluster appears under its name only when it is whole, whoever is killed meanwhile."""
        for abandoned in self.home.glob("cluster.new-*"):
            # an initdb whose starter was killed may still be writing there; then the next start sweeps again
            shutil.rmtree(abandoned, ignore_errors=True)
        if self.folder.exists():
            return
        fresh = Path(tempfile.mkdtemp(prefix="cluster.new-", dir=self.home))
        os.chown(fresh, self.account.uid, self.account.gid)
        done = self.account.run(self.binaries.folder / "initdb", *self._initdb_options(), "-D", fresh)
        if done.status != 0:
            raise PostgresUnusable(f"initdb failed: {done.output}", f"initdb 失败：{done.output}")
        _append(fresh / "postgresql.conf", "include_if_exists = '../app.conf'\n")
        fresh.rename(self.folder)
        _flush(self.home)

    def configure(self, settings: Mapping[str, str]) -> None:
        """Write `app.conf`, which the server reads when it starts. `ALTER SYSTEM` still has the last word."""
        socket = str(self.socket).replace('"', '""').replace("'", "''")
        lines = [f"{name} = {value}\n" for name, value in {**SETTINGS, **settings}.items()]
        conf = self.home / "app.conf"
        fresh = self.home / "app.conf.new"
        fresh.write_text(
            "# Written anew at every start. For settings of your own use ALTER SYSTEM.\n"
            f"unix_socket_directories = '\"{socket}\"'\nport = {PORT}\n{''.join(lines)}"
        )
        fresh.chmod(0o644)
        fresh.replace(conf)

    def life(self) -> Life:
        asked = self.account.run(
            self.binaries.folder / "pg_isready",
            *("-h", self.socket, "-p", str(PORT), "-U", SUPERUSER, "-d", "postgres", "-t", "5"),
        )
        try:
            return Life(asked.status)
        except ValueError:
            raise PostgresUnusable(
                f"pg_isready failed: {asked.output}", f"pg_isready 失败：{asked.output}"
            ) from None

    def start(self) -> None:
        """Return when the server accepts connections; start it when none lives. Safe to call on a running one."""
        began = answered = time.monotonic()
        said = ""
        while (life := self.life()) is not Life.ACCEPTING:
            now = time.monotonic()
            if life is Life.REJECTING:
                answered = now
            if now - answered > _SILENCE or now - began > _RECOVERY:
                raise self._no_answer(said)
            if life is Life.SILENT and not leftovers.somebody_lives_in(self.folder):
                said = self._launch()
            else:
                time.sleep(0.1)

    def stop(self) -> None:
        """Stop the server, cutting its connections off.

        Asks pg_ctl only once a server has answered on our own socket: pg_ctl signals whatever process the pid file names.
        """
        if self.life() is Life.SILENT:
            return
        done = self._pg_ctl("stop", "-m", "fast")
        if done.status != 0:
            raise PostgresUnusable(
                f"PostgreSQL does not stop: {done.output}", f"PostgreSQL 无法停止：{done.output}"
            )

    def _launch(self) -> str:
        leftovers.clear(self.folder, self.socket, self.account)
        started = self._pg_ctl("start")
        if started.status != 0:
            if not any(reason in started.output for reason in _PASSING):
                raise self._no_answer(started.output)
            time.sleep(0.2)
        return started.output

    def _pg_ctl(self, *command: str) -> Outcome:
        return self.account.run(
            self.binaries.folder / "pg_ctl", "-D", self.folder, "-s", "-w", "-t", str(int(_SILENCE)), *command
        )

    def _no_answer(self, said: str) -> PostgresUnusable:
        log = self.folder / "log"
        return PostgresUnusable(
            f"PostgreSQL in {self.folder} does not answer; its log is in {log}. {said}",
            f"{self.folder} 中的 PostgreSQL 没有应答；日志在 {log}。",
        )

    def _initdb_options(self) -> list[str]:
        """UTF-8 ordered by code point, the same on every machine; the built-in provider came with PostgreSQL 17."""
        builtin = (
            ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if self.binaries.major >= 17 else []
        )
        return [
            f"--username={SUPERUSER}",
            "--encoding=UTF8",
            "--locale=C",
            *builtin,
            "--data-checksums",
            # whoever can enter the socket's folder is the server's owner or root; nobody else comes in by any way
            "--auth-local=trust",
            "--auth-host=reject",
        ]


def _append(file: Path, line: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(line)


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

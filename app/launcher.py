"""The hub on one machine: database, API and worker as real processes, watched and started again when they die."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Self

import httpx
import psycopg

from app import schema
from app.postgres import EmbeddedPostgres, PostgresUnusable
from app.settings import Settings

_READY_SECONDS = 120.0
_STOP_SECONDS = 20.0
_WATCH_SECONDS = 0.5


class NotReady(Exception):
    """A process did not come up; its log is named in the text."""


@dataclass(slots=True)
class Service:
    """One process that should be running."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        self._end_the_rest()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "app.launched", *self.arguments],
                env={**os.environ, **self.environment},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                # Its own group: what a terminal's Ctrl-C reaches is the launcher, which stops the rest in order.
                start_new_session=True,
            )

    def died(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._end_the_rest()

    def _end_the_rest(self) -> None:
        """Children of a process that was killed: an API's would go on serving, and keep its port from the next one."""
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):  # nobody is left
                os.killpg(self.process.pid, signal.SIGKILL)
            assert self.process.stdin is not None
            self.process.stdin.close()


class Launcher:
    """Runs API and worker on the embedded PostgreSQL (or the configured server) until it is closed."""

    def __init__(
        self, settings: Settings, *, api_processes: int = 1, workers: int = 1, port: int = 0
    ) -> None:
        self.data_dir = settings.data_dir.resolve()
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._server = EmbeddedPostgres(self.data_dir / "postgres") if settings.database_url is None else None
        self.database_url = settings.database_url or ""
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="watcher", daemon=True)
        environment = {
            "LIANDONG_DATA_DIR": str(self.data_dir),
            "LIANDONG_PUBLIC_URL": self.url,
        }
        logs = self.data_dir / "logs"
        api = ("api", "--port", str(self.port), "--processes", str(api_processes))
        self.services = [
            Service("api", api, environment, logs / "api.log"),
            *(
                Service(f"worker-{n}", ("worker",), environment, logs / f"worker-{n}.log")
                for n in range(1, workers + 1)
            ),
        ]

    def __enter__(self) -> Self:
        (self.data_dir / "logs").mkdir(parents=True, exist_ok=True)
        try:
            if self._server is not None:
                self.database_url = self._server.ensure_running()
            schema.upgrade(self.database_url)
            for service in self.services:
                service.start()
            self._wait_until_ready()
        except BaseException:
            self._close()
            raise
        self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._watcher.join()
        self._close()

    def _close(self) -> None:
        for service in reversed(self.services):
            service.stop()
        if self._server is not None:
            self._server.leave()

    def _wait_until_ready(self) -> None:
        deadline = monotonic() + _READY_SECONDS
        while monotonic() < deadline:
            dead = next((service for service in self.services if service.died()), None)
            if dead is not None:
                raise NotReady(f"{dead.name} ended; see {dead.log}（进程已退出，详见日志）")
            if self._is_ready():
                return
            sleep(0.1)
        raise NotReady(f"the API did not become ready; see {self.services[0].log}（服务未就绪，详见日志）")

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2).is_success
        except httpx.TransportError:
            return False

    def _watch(self) -> None:
        """Start again what died, and the database first: without it nothing else stays up."""
        while not self._stopping.wait(_WATCH_SECONDS):
            if self._server is not None:
                # A full disk, say, or it dies again while it is being asked: it is tried again at every round.
                with suppress(PostgresUnusable, psycopg.OperationalError):
                    self._server.ensure_running()
            for service in self.services:
                if service.died():
                    service.start()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

"""One agency's place in a fleet: its folder, its key, its port, and its process while it runs."""

import json
import os
import select
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from app.sandbox.standard import SandboxAgency

_READY_SECONDS = 60.0
_STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class RunningAgency:
    """What a hub needs to know of an agency that is up."""

    agency: SandboxAgency
    url: str
    key_id: str
    public_key: str
    """PEM."""

    pid: int


class AgencyNotReady(Exception):
    """An agency did not come up; its log is named in the text."""


@dataclass
class Berth:
    """The port is 0 until it is known."""

    agency: SandboxAgency
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    running: RunningAgency | None = None

    @property
    def books_path(self) -> Path:
        return self.folder / "books.sqlite"

    @property
    def key(self) -> str:
        """Id and file of the agency's key, as its program takes them."""
        return f"{self._key_id}={self.folder / 'key.pem'}"

    @property
    def _key_id(self) -> str:
        return f"{self.agency.code}-1"

    def ensure_key(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "key.pem"
        if path.exists():
            return
        key = Ed25519PrivateKey.generate()
        draft = path.with_suffix(".draft")
        draft.touch(mode=0o600)
        draft.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (self.folder / "public.pem").write_bytes(public)
        draft.replace(path)

    def launch(self, command: list[str]) -> None:
        with (self.folder / "agency.log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own module with our own arguments
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            )

    def wait_until_ready(self) -> RunningAgency:
        """Raises AgencyNotReady."""
        if self.running:
            return self.running
        assert self.process is not None
        line = _read_line(self.process)
        if not line:
            raise AgencyNotReady(f"{self.agency.code} did not start, see {self.folder / 'agency.log'}")
        url = json.loads(line)["url"]
        self.port = int(url.rpartition(":")[2])
        public_key = (self.folder / "public.pem").read_text()
        self.running = RunningAgency(self.agency, url, self._key_id, public_key, self.process.pid)
        return self.running

    def reap(self) -> None:
        """Wait for the process to end; kill it when it does not."""
        process, self.process, self.running = self.process, None, None
        if process is None:
            return
        with process:  # closes its pipes
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _read_line(process: subprocess.Popen[bytes]) -> bytes:
    """The ready line; empty when the process ended or took too long."""
    assert process.stdout is not None
    line, deadline = b"", monotonic() + _READY_SECONDS
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([process.stdout], [], [], max(0, deadline - monotonic()))
        chunk = os.read(process.stdout.fileno(), 4096) if ready else b""
        if not chunk:
            return b""
        line += chunk
    return line

"""Courts that ask, or order, as fast as they are answered. A process of its own, light enough not to be what is measured.

Reads an `Errand` as JSON from stdin, asks until the time is over, and prints how many demands were accepted.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import cycle
from typing import cast
from uuid import uuid4

import uvloop
from httptools import HttpResponseParser

from bench.processes import program


@dataclass(frozen=True, slots=True)
class Errand:
    port: int
    token: str
    bodies: list[str]
    connections: int
    seconds: float
    idempotent: bool
    """Whether each request carries an Idempotency-Key."""

    path: str = "/v1/asset-queries"
    approval: str | None = None
    """The second officer's word on each order; with it, an order is accepted when it is approved, in a second request."""


@dataclass(frozen=True, slots=True)
class Tally:
    accepted: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.accepted / self.seconds


def ask(errand: Errand) -> Tally:
    """Run it as a process of its own; raises RuntimeError when the hub refused anything."""
    with program("bench.load") as process:
        told, _ = process.communicate(json.dumps(asdict(errand)))
    if process.returncode:
        raise RuntimeError("the hub refused a demand")
    return Tally(**json.loads(told))


class _Connection(asyncio.Protocol):
    """One request at a time on a connection that stays open."""

    def __init__(self, errand: Errand, requests: Iterator[bytes], until: float) -> None:
        self._errand = errand
        self._requests = requests
        self._until = until
        self._made = ""
        self._parser = HttpResponseParser(self)
        self._transport: asyncio.Transport
        self.accepted = 0
        self.refused: int | None = None
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"location":
            self._made = value.decode()

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        self._parser = HttpResponseParser(self)
        approval = self._errand.approval
        if status == 202 and approval is not None:
            self._transport.write(_post(self._errand, f"{self._made}/decision", approval.encode()))
            return
        if status not in {200, 202}:
            self.refused = status
        else:
            self.accepted += 1
        if self.refused is None and time.monotonic() < self._until:
            self._transport.write(next(self._requests))
        else:
            self._transport.close()

    def connection_lost(self, _exc: Exception | None) -> None:
        self.over.set_result(None)


def _requests(errand: Errand) -> Iterator[bytes]:
    """Complete requests, each with the next body."""
    run = uuid4().hex
    for number, body in enumerate(cycle([body.encode() for body in errand.bodies])):
        key = f"Idempotency-Key: {run}-{number}\r\n" if errand.idempotent else ""
        yield _post(errand, errand.path, body, key)


def _post(errand: Errand, path: str, body: bytes, key: str = "") -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{errand.port}\r\nAuthorization: Bearer {errand.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n{key}\r\n"
    )
    return head.encode() + body


async def _ask(errand: Errand) -> Tally:
    loop = asyncio.get_running_loop()
    requests = _requests(errand)
    began = time.monotonic()
    connections = [
        (
            await loop.create_connection(
                lambda: _Connection(errand, requests, began + errand.seconds), "127.0.0.1", errand.port
            )
        )[1]
        for _ in range(errand.connections)
    ]
    for connection in connections:
        await connection.over
    tally = Tally(sum(connection.accepted for connection in connections), time.monotonic() - began)
    for connection in connections:
        if connection.refused is not None:
            sys.exit(f"the hub answered {connection.refused}")
    return tally


if __name__ == "__main__":
    print(json.dumps(asdict(uvloop.run(_ask(Errand(**json.load(sys.stdin)))))))

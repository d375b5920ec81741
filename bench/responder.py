"""The smallest agency that is still one: every answer is true to the protocol and signed, nothing else is done.

A process of its own. `GET /arrivals` tells when each order came in, on the clock that all processes of a machine share.
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import cast

import httptools
import httpx
import uvloop
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.adapters.signatures import RequestParts, ResponseParts, new_nonce, sign_response
from app.adapters.signing_keys import SigningKey, load_private_key
from bench.processes import program
from bench.town import KINDS, Counter

_IDS = re.compile(rb'"(request_id|order_id)":"([0-9a-f-]{36})"')
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
_ANSWER = (
    b'{"protocol":"liandong/1","type":"answer","message_id":"%b","request_id":"%b","state":"nothing_found",'
    b'"as_of":"2026-11-24T00:00:00Z"}'
)


@contextmanager
def responder() -> Iterator[Counter]:
    """A running one. Its key is of P-256: OpenSSL verifies that half as dearly as Ed25519, and the hub has to."""
    key = generate_private_key(SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with program("bench.responder") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(pem)
        process.stdin.close()
        yield Counter(process.stdout.readline().strip(), key)


def arrivals(counter: Counter) -> dict[str, float]:
    """By order id, the instant (`time.monotonic`) at which its request came in."""
    told: dict[str, float] = httpx.get(f"{counter.url}/arrivals").json()
    return told


class _Responder(asyncio.Protocol):
    def __init__(self, url: str, keys: dict[str, SigningKey], arrived: dict[str, float]) -> None:
        self._url = url
        self._keys = keys
        self._arrived = arrived
        self._transport: asyncio.Transport
        self._parser = httptools.HttpRequestParser(self)
        self._path = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_body(self, data: bytes) -> None:
        self._body.append(data)

    def on_message_complete(self) -> None:
        path, headers, body = self._path.decode(), self._headers, b"".join(self._body)
        self._path, self._headers, self._body = b"", [], []
        if path == "/arrivals":
            told = json.dumps(self._arrived).encode()
            self._transport.write(_HEAD % len(told) + b"\r\n" + told)
        else:
            self._answer(RequestParts("POST", self._url + path, headers, body))

    def _answer(self, request: RequestParts) -> None:
        ids = dict(_IDS.findall(request.body))
        self._arrived[ids[b"order_id"].decode()] = time.monotonic()
        body = _ANSWER % (ids[b"request_id"], ids[b"request_id"])
        kind = request.target_uri.removeprefix(self._url)[1:].partition("/")[0]
        answer = ResponseParts(200, [(b"content-type", b"application/json")], body)
        signed = sign_response(answer, request, self._keys[kind], datetime.now(UTC), new_nonce())
        lines = b"".join(b"%b: %b\r\n" % line for line in signed)
        self._transport.write(_HEAD % len(body) + lines + b"\r\n" + body)


async def _serve(pem: str) -> None:
    key = load_private_key(pem)
    keys = {kind.value: SigningKey(Counter("", key).key_of(kind), key) for kind in KINDS}
    arrived: dict[str, float] = {}
    url = ""
    server = await asyncio.get_running_loop().create_server(
        lambda: _Responder(url, keys, arrived), "127.0.0.1", 0
    )
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    print(url, flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(sys.stdin.read()))

"""The agency's own small HTTP client, for its posts to the hub.

Not the hub's: the other side should not share its mistakes. And not httpx, which takes longer over a post than the
agency over everything else.
"""

import asyncio
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from app.adapters.signatures import Headers

_TIME_LIMIT_SECONDS = 15.0
_MAX_BODY_BYTES = 1024 * 1024
_AT_ONCE = 8


class NothingCameBack(Exception):
    """No connection, or no whole response: whether the post arrived is unknown."""


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)


_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Poster:
    """Posts to one address over a few connections that are kept open. Belongs to one event loop."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname, parts.port
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._head = f"POST {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\n".encode()
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._idle: list[_Connection] = []

    async def post(self, headers: Headers, body: bytes) -> Response:
        """Raises NothingCameBack."""
        async with self._places:
            try:
                async with asyncio.timeout(_TIME_LIMIT_SECONDS):
                    return await self._exchange(headers, body)
            except (OSError, EOFError, ValueError, TimeoutError, asyncio.LimitOverrunError) as error:
                raise NothingCameBack from error

    def close(self) -> None:
        for _, writer in self._idle:
            writer.transport.abort()
        self._idle.clear()

    async def _exchange(self, headers: Headers, body: bytes) -> Response:
        reader, writer = self._take_idle() or await self._connect()
        response = None
        try:
            writer.write(self._message(headers, body))
            response = await _read_response(reader)
        finally:
            if response is None:
                writer.transport.abort()
        if (b"connection", b"close") in response.headers:
            writer.transport.abort()
        else:
            self._idle.append((reader, writer))
        return response

    def _take_idle(self) -> _Connection | None:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.transport.abort()
        return None

    async def _connect(self) -> _Connection:
        port = self._port or (443 if self._tls else 80)
        return await asyncio.open_connection(self._host, port, ssl=self._tls)

    def _message(self, headers: Headers, body: bytes) -> bytes:
        every = [*headers, (b"content-length", b"%d" % len(body))]
        return self._head + b"".join(b"%b: %b\r\n" % header for header in every) + b"\r\n" + body


async def _read_response(reader: asyncio.StreamReader) -> Response:
    """Raises ValueError for what is no response, EOFError for what is none to its end."""
    start, *lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[:-2]
    version, status, *_ = start.split(b" ")
    if version != b"HTTP/1.1":
        raise ValueError("not HTTP/1.1")
    headers = list(_fields(lines))
    fields = dict(headers)
    if fields.get(b"transfer-encoding") == b"chunked":
        return Response(int(status), headers, await _read_chunks(reader))
    size = int(fields.get(b"content-length", b"0"))
    if not 0 <= size <= _MAX_BODY_BYTES:
        raise ValueError("no receipt is so long")
    return Response(int(status), headers, await reader.readexactly(size))


def _fields(lines: Iterable[bytes]) -> Iterable[tuple[bytes, bytes]]:
    for line in lines:
        name, _, value = line.partition(b":")
        yield name.lower(), value.strip()


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
        if not 0 <= size <= _MAX_BODY_BYTES - len(body):
            raise ValueError("no receipt is so long")
        body += (await reader.readexactly(size + 2))[:-2]
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass  # trailers
    return body

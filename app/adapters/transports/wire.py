"""A small HTTP/1.1 client that knows whether anything was sent.

It pools connections, keeps strict limits and raises `NeverSent` or `MaybeSent` (see `wire_errors`). It follows no
redirects, reads no proxy from the environment, takes no compression and no HTTP/2. Behind `httpx.AsyncClient` it is an
ordinary transport; called directly, `exchange` does without httpx's objects.
"""

import asyncio
import re
import ssl
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from socket import SOCK_STREAM
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx

from app.adapters.transports.wire_connection import Connection, Origin, Reply, WireLimits
from app.adapters.transports.wire_errors import (
    AddressRefused,
    ConnectFailed,
    ConnectTimedOut,
    PoolExhausted,
    Unsendable,
)

AddressGuard = Callable[[IPv4Address | IPv6Address], bool]
"""Says of an address whether it may be connected to. An IPv4 address wrapped in IPv6 is unwrapped before."""

_OURS = frozenset(
    {
        b"host",
        b"content-length",
        b"transfer-encoding",
        b"accept-encoding",
        b"connection",
        b"expect",
        b"te",
        b"upgrade",
    }
)
"""Fields that say how the message travels; the caller's are dropped, ours are written."""

_METHOD = re.compile(r"(?!HEAD$|CONNECT$)[A-Z]{1,20}")
_URL = re.compile(r"https?://[!-~]+")
_HEAD = re.compile(rb"[!-~]+ [!-~]+ HTTP/1\.1\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]++: ?[\t -~\x80-\xff]*+\r\n)*+")


class WireTransport(httpx.AsyncBaseTransport):
    """Connections of one instance belong to one event loop and are at most `limits.max_connections`.

    `tls` may carry a client certificate; without it the system's authorities are trusted. `address_guard` is asked
    about the very address that is then connected to: there is no second look-up that could give another answer.
    """

    def __init__(
        self,
        limits: WireLimits | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        address_guard: AddressGuard | None = None,
    ) -> None:
        self._limits = limits or WireLimits()
        self._given_tls = tls
        self._guard = address_guard
        self._places = asyncio.Semaphore(self._limits.max_connections)
        self._busy = 0
        self._open: set[Connection] = set()
        self._idle: list[Connection] = []  # the longest idle first
        self._closed = False

    async def exchange(
        self, method: str, url: str, headers: Iterable[tuple[bytes, bytes]] = (), body: bytes = b""
    ) -> Reply:
        """One request and its whole answer, whatever its status. Raises NeverSent or MaybeSent.

        Cancelled while it waits, it closes the connection; the caller then knows no more than after MaybeSent.
        """
        if self._closed:
            raise PoolExhausted("this transport is closed")
        target = _target(url)
        request = _request_bytes(method, target, headers, body)
        deadline = asyncio.get_running_loop().time() + self._limits.total_seconds
        await self._take_place(deadline)
        self._busy += 1
        try:
            connection = self._take_idle(target.origin) or await self._connect(target.origin, deadline)
            try:
                return await connection.exchange(request, deadline)
            finally:
                self._put_back(connection)
        finally:
            self._busy -= 1
            self._places.release()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """As httpx calls it. Time limits are this transport's; those of the client are not looked at."""
        reply = await self.exchange(
            request.method, str(request.url), request.headers.raw, await request.aread()
        )
        return httpx.Response(reply.status, headers=reply.headers, stream=httpx.ByteStream(reply.body))

    async def aclose(self) -> None:
        """Close everything; exchanges under way end as MaybeSent."""
        self._closed = True
        self._idle.clear()
        closing = [connection.closed for connection in self._open]
        for connection in self._open:
            connection.abort()
        await asyncio.gather(*closing)

    # The pool -------------------------------------------------------------------------------------------------

    async def _take_place(self, deadline: float) -> None:
        if not self._places.locked():
            await self._places.acquire()  # does not wait, and spares the timer
            return
        latest = asyncio.get_running_loop().time() + self._limits.pool_seconds
        try:
            async with asyncio.timeout_at(min(latest, deadline)):
                await self._places.acquire()
        except TimeoutError:
            raise PoolExhausted("no connection became free in time") from None

    def _take_idle(self, origin: Origin) -> Connection | None:
        """The connection used last that still stands; it is the least likely to be closed next."""
        now = asyncio.get_running_loop().time()
        for connection in reversed([each for each in self._idle if each.origin == origin]):
            self._idle.remove(connection)
            if connection.is_fresh(now):
                return connection
            connection.abort()
        return None

    def _put_back(self, connection: Connection) -> None:
        if connection.is_reusable() and not self._closed:
            connection.idle_since = asyncio.get_running_loop().time()
            self._idle.append(connection)
        else:
            connection.abort()

    def _forget(self, connection: Connection) -> None:
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    # Connecting -----------------------------------------------------------------------------------------------

    async def _connect(self, origin: Origin, deadline: float) -> Connection:
        if self._idle and self._busy + len(self._idle) > self._limits.max_connections:
            self._idle.pop(0).abort()  # a connection to some other origin has to make room
        latest = asyncio.get_running_loop().time() + self._limits.connect_seconds
        try:
            async with asyncio.timeout_at(min(latest, deadline)):
                connection = await self._connect_to_any(origin, await self._addresses(origin))
        except TimeoutError:
            raise ConnectTimedOut(f"no connection to {origin.host} in time") from None
        if self._closed or not connection.is_reusable():
            connection.abort()
            raise ConnectFailed(f"the connection to {origin.host} was closed at once")
        return connection

    async def _addresses(self, origin: Origin) -> list[str]:
        """What the name resolves to, less what the guard refuses."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(origin.host, origin.port, type=SOCK_STREAM)
        except (OSError, UnicodeError):
            raise ConnectFailed(f"{origin.host} does not resolve") from None
        addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
        allowed = [address for address in addresses if self._is_allowed(address)]
        if not allowed:
            raise AddressRefused(f"{origin.host} resolves to no address that may be called")
        return allowed

    def _is_allowed(self, address: str) -> bool:
        if self._guard is None:
            return True
        parsed = ip_address(address)
        wrapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
        return self._guard(wrapped or parsed)

    async def _connect_to_any(self, origin: Origin, addresses: list[str]) -> Connection:
        """The first address that answers. Each gets its share of the time, so that a dead first one is survived."""
        share = self._limits.connect_seconds / len(addresses)
        for address in addresses[:-1]:
            try:
                async with asyncio.timeout(share):
                    return await self._connect_to(origin, address)
            except (ConnectFailed, TimeoutError):
                continue
        return await self._connect_to(origin, addresses[-1])

    async def _connect_to(self, origin: Origin, address: str) -> Connection:
        try:
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: Connection(origin, self._limits),
                address,
                origin.port,
                ssl=self._tls if origin.secure else None,
                server_hostname=origin.host if origin.secure else None,
            )
        except TimeoutError:
            raise
        except ssl.SSLError as error:
            raise ConnectFailed(f"no TLS with {origin.host}: {error.reason}") from None
        except OSError as error:
            raise ConnectFailed(f"no connection to {origin.host}: {error.strerror}") from None
        self._open.add(connection)
        connection.closed.add_done_callback(lambda _: self._forget(connection))
        return connection

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._given_tls or ssl.create_default_context()


class _Target(NamedTuple):
    origin: Origin
    host: bytes
    path: bytes


@lru_cache(maxsize=512)
def _target(url: str) -> _Target:
    """Where to connect and what to ask for. Raises Unsendable; credentials in an address are refused, they leak."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Unsendable("not an HTTP address") from None
    if not _URL.fullmatch(url) or not parts.hostname or "@" in parts.netloc:
        raise Unsendable("not an HTTP address")
    secure = parts.scheme == "https"
    origin = Origin(secure, parts.hostname, port or (443 if secure else 80))
    path = (parts.path or "/") + ("?" + parts.query if parts.query else "")
    return _Target(origin, parts.netloc.encode(), path.encode())


def _request_bytes(
    method: str, target: _Target, headers: Iterable[tuple[bytes, bytes]], body: bytes
) -> bytes:
    """Raises Unsendable for what would be read as another request by the peer."""
    if not _METHOD.fullmatch(method):
        raise Unsendable("not a method this client knows")
    lines = [
        b"%b %b HTTP/1.1\r\n" % (method.encode(), target.path),
        b"host: %b\r\n" % target.host,
        b"accept-encoding: identity\r\n",
        b"content-length: %d\r\n" % len(body),
    ]
    lines += [b"%b: %b\r\n" % (name, value) for name, value in headers if name.lower() not in _OURS]
    head = b"".join(lines)
    if not _HEAD.fullmatch(head) or head.count(b"\n") != len(lines):
        raise Unsendable("a field that HTTP/1.1 cannot carry")
    return b"%b\r\n%b" % (head, body)

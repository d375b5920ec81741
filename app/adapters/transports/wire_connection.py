"""One HTTP/1.1 connection, used for one exchange at a time."""

import asyncio
import select
from dataclasses import dataclass
from typing import NamedTuple, cast

import httptools

from app.adapters.transports.wire_errors import (
    AnswerTimedOut,
    AnswerTooLarge,
    BrokenAnswer,
    MaybeSent,
    ReadFailed,
    WriteFailed,
)


@dataclass(frozen=True, slots=True)
class WireLimits:
    """Times in seconds. `total_seconds` runs from the call to the last byte of the answer, all waiting included.

    `idle_seconds` stays below the five seconds after which common servers close idle connections, so that we seldom
    write into a connection that is just being closed.
    """

    connect_seconds: float = 3
    read_seconds: float = 15
    total_seconds: float = 30
    pool_seconds: float = 5
    idle_seconds: float = 4
    max_connections: int = 10
    max_head_bytes: int = 64 * 1024
    max_body_bytes: int = 8 * 1024 * 1024


class Origin(NamedTuple):
    secure: bool
    host: str
    port: int


class Reply(NamedTuple):
    """Header names are in lower case; the body is as it was on the wire, chunks joined."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Connection(asyncio.Protocol):
    """From `exchange` on every failure is a `MaybeSent`; whoever holds the connection checks `is_fresh` before."""

    def __init__(self, origin: Origin, limits: WireLimits) -> None:
        self.origin = origin
        self.idle_since = 0.0
        self.closed = asyncio.get_running_loop().create_future()
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._reusable = True
        self._answer: _Answer | None = None
        self._last_byte = 0.0
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    # For the pool ---------------------------------------------------------------------------------------------

    def is_fresh(self, now: float) -> bool:
        """Whether a request may be written: nothing was closed or said by the peer since the last exchange.

        The kernel is asked, for the peer may have closed while the event loop was busy elsewhere. What this cannot
        see is a close that is still on its way; such a request ends as `MaybeSent`, which is the truth.
        """
        if not self.is_reusable() or now - self.idle_since > self._limits.idle_seconds:
            return False
        poller = select.poll()
        poller.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not poller.poll(0)

    def is_reusable(self) -> bool:
        return self._reusable and not self._transport.is_closing() and not self.closed.done()

    def abort(self) -> None:
        self._reusable = False
        self._transport.abort()

    async def exchange(self, request: bytes, deadline: float) -> Reply:
        """Send, and wait for the whole answer until `deadline` (event loop time). Raises MaybeSent."""
        answer = self._answer = _Answer(self._loop.create_future(), self._limits)
        self._reusable = False
        self._deadline = deadline
        self._last_byte = self._loop.time()
        self._watch()
        self._transport.write(request)
        try:
            reply = await answer.whole
            self._reusable = answer.keep_alive and not self._transport.get_write_buffer_size()
            return reply
        finally:
            self._answer = None
            if self._timer:
                self._timer.cancel()
            if not self._reusable:
                self._transport.abort()

    # Called by asyncio ----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are none by inheritance

    def data_received(self, data: bytes) -> None:
        if self._answer is None:
            self.abort()  # nobody asked: what follows could be taken for the answer to the next request
            return
        self._last_byte = self._loop.time()
        self._answer.feed(data)
        if self._answer.failed():
            self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        if self._answer and isinstance(error, BrokenPipeError):
            self._answer.fail(WriteFailed("the connection broke while the request was being sent"))
        elif self._answer and error:
            self._answer.fail(ReadFailed("the connection broke before the answer was complete"))
        elif self._answer:
            self._answer.end()
        self.closed.set_result(None)

    # Time -----------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """One timer for an exchange; bytes only move `_last_byte`, the timer finds out when it rings."""
        due = min(self._last_byte + self._limits.read_seconds, self._deadline)
        if self._loop.time() < due:
            self._timer = self._loop.call_at(due, self._watch)
        elif self._answer:
            self._answer.fail(AnswerTimedOut("no whole answer in time"))
            self._transport.abort()


class _Answer:
    """What httptools reports, gathered until the answer is whole."""

    def __init__(self, whole: "asyncio.Future[Reply]", limits: WireLimits) -> None:
        self.whole = whole
        self.keep_alive = False
        self._limits = limits
        self._parser = httptools.HttpResponseParser(self)
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_bytes = 0
        self._head_complete = False
        self._ends_with_connection = False
        self._body: list[bytes] = []
        self._body_bytes = 0

    def feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.keep_alive = False  # rubbish behind a whole answer spoils the connection only
            self.fail(BrokenAnswer("the answer is not HTTP/1.1 as it is taken here"))
        if not self._head_complete:
            self._count_head(len(data))  # the parser keeps an unfinished line to itself

    def end(self) -> None:
        """The peer closed in an orderly way."""
        if self._head_complete and self._ends_with_connection:
            self._finish()
        else:
            self.fail(BrokenAnswer("the peer closed before the answer was complete"))

    def failed(self) -> bool:
        return self.whole.done() and not self.whole.cancelled() and self.whole.exception() is not None

    def fail(self, error: MaybeSent) -> None:
        if not self.whole.done():
            self.whole.set_exception(error)

    def _finish(self) -> None:
        if not self.whole.done():
            self.whole.set_result(Reply(self._status, self._headers, b"".join(self._body)))

    def _count_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self._limits.max_head_bytes:
            self.fail(AnswerTooLarge("the head of the answer is too large"))

    # Called by httptools --------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self.whole.done():
            self.keep_alive = False  # a second answer to one request

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count_head(len(name) + len(value))
        if not self._head_complete:  # else it is a trailer, which nobody signed for
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._status = self._parser.get_status_code()
        if self._status < 200:
            return
        self._head_complete = True
        fields = dict(self._headers)
        if fields.get(b"content-encoding", b"identity").lower() != b"identity":
            self.fail(BrokenAnswer("the answer is compressed, which was not asked for"))
        length = fields.get(b"content-length")
        if length is not None and int(length) > self._limits.max_body_bytes:
            self.fail(AnswerTooLarge("the body of the answer is too large"))
        bodiless = self._status in {204, 304}
        self._ends_with_connection = length is None and b"transfer-encoding" not in fields and not bodiless

    def on_body(self, data: bytes) -> None:
        self._body_bytes += len(data)
        if self._body_bytes > self._limits.max_body_bytes:
            self.fail(AnswerTooLarge("the body of the answer is too large"))
        else:
            self._body.append(data)

    def on_message_complete(self) -> None:
        if self._status == 101:
            self.fail(BrokenAnswer("the peer switched protocols, which was not asked for"))
        elif self._status < 200:
            self._headers.clear()  # 100 or 103: the answer proper follows
        elif not self.whole.done():
            self.keep_alive = self._parser.should_keep_alive()
            self._finish()

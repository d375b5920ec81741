"""The outermost ring: correlation id, size of the body, access log, histogram, and the answer to what nobody caught.

One pure ASGI middleware for all of it; a `BaseHTTPMiddleware` would cost two thirds of the throughput.
"""

import re
from time import perf_counter

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.metrics import HttpMetrics
from app.api.problems import problem
from app.errors import ErrorCode
from app.ids import new_id
from app.logs import describe

_CORRELATION_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_log = structlog.get_logger("app.api")


class Edge:
    def __init__(self, app: ASGIApp, *, max_body_bytes: int, metrics: HttpMetrics) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        correlation_id = scope["correlation_id"] = _correlation_id(scope)
        structlog.contextvars.bind_contextvars(correlation_id=correlation_id)
        answer = _Answer(send, correlation_id)
        try:
            await self._pass_on(scope, receive, answer)
        except Exception as error:  # noqa: BLE001 - the edge: a stranger gets no trace, and the log no text of it
            _log.error("http.failed", **describe(error))
            # Once the answer has begun it is too late for another: the server sees it unfinished and hangs up.
            if not answer.status:
                await problem(Request(scope), ErrorCode.INTERNAL)(scope, receive, answer.send)
        finally:
            self._report(scope, answer.status, perf_counter() - began)

    async def _pass_on(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        code = _unacceptable(scope, self._max_body_bytes)
        if code is not None:
            await problem(Request(scope), code)(scope, receive, answer.send)
        else:
            await self._app(scope, _capped(receive, self._max_body_bytes), answer.send)

    def _report(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "") or "unmatched"
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.observe(method, route, status, seconds)
        caller = scope.get("caller")
        _log.info(
            "http.request",
            method=method,
            route=route,
            status=status,
            ms=round(seconds * 1000, 2),
            client=caller.client_name if caller else None,
        )


class _Answer:
    """Passes the answer on, with its correlation id, and knows whether it has begun."""

    def __init__(self, send: Send, correlation_id: str) -> None:
        self._send = send
        self._header = (b"x-correlation-id", correlation_id.encode())
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), self._header]
        await self._send(message)


def _correlation_id(scope: Scope) -> str:
    """The caller's own id when it is harmless, so that its log and ours can be laid side by side."""
    for name, value in scope["headers"]:
        if name == b"x-correlation-id" and _CORRELATION_ID.fullmatch(value):
            return str(value, "ascii")
    return new_id().hex


def _unacceptable(scope: Scope, max_body_bytes: int) -> ErrorCode | None:
    # PostgreSQL keeps no NUL: nothing can be known under such an address, and nothing be asked for by it.
    if "\x00" in scope["path"]:
        return ErrorCode.NOT_FOUND
    if b"%00" in scope["query_string"]:
        return ErrorCode.INVALID_BODY
    for name, value in scope["headers"]:
        if name == b"content-length" and (len(value) > 15 or int(value) > max_body_bytes):
            return ErrorCode.BODY_TOO_LARGE
    return None


def _capped(receive: Receive, max_body_bytes: int) -> Receive:
    """The same stream, ended by an error once it is too long: a chunked body tells no length beforehand."""
    taken = 0

    async def capped() -> Message:
        nonlocal taken
        message = await receive()
        if message["type"] == "http.request":
            taken += len(message.get("body", b""))
            if taken > max_body_bytes:
                raise HTTPException(413)
        return message

    return capped

"""One HTTP exchange at an agency's door: what was asked, as it is signed, and what is said in return."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from starlette.types import Receive, Scope, Send

from app.adapters.liandong.wire import CONTENT_TYPE, MAX_BYTES
from app.adapters.signatures import (
    Headers,
    RequestParts,
    ResponseParts,
    SigningKey,
    new_nonce,
    sign_response,
)
from app.errors import TITLES, ErrorCode
from app.sandbox.connection import Connection, connection_of

PROBLEM = "application/problem+json"


class PeerGone(Exception):
    """The connection broke before the request was complete: there is nobody to reply to."""


class BodyTooLarge(Exception):
    """More than the protocol allows; the rest was not read."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """The two ends of one exchange."""

    scope: Scope
    receive: Receive
    send: Send

    @property
    def connection(self) -> Connection:
        return connection_of(self.scope)

    async def read(self, base_url: str) -> RequestParts:
        """The request as its sender signed it, addressed to `base_url`. Raises BodyTooLarge, PeerGone."""
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise PeerGone
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > MAX_BYTES:
                raise BodyTooLarge
            if not message.get("more_body", False):
                break
        return RequestParts(
            method=self.scope["method"],
            target_uri=base_url + self.target,
            headers=self.scope["headers"],
            body=b"".join(chunks),
        )

    @property
    def target(self) -> str:
        path: bytes = self.scope["raw_path"]
        query: bytes = self.scope["query_string"]
        return (path + b"?" + query if query else path).decode("ascii", "replace")

    async def start(self, status: int, headers: Headers) -> None:
        await self.send({"type": "http.response.start", "status": status, "headers": list(headers)})

    async def body(self, data: bytes, *, more: bool = False) -> None:
        await self.send({"type": "http.response.body", "body": data, "more_body": more})

    async def peer_is_gone(self) -> None:
        """Wait until the other side, or we, gave the connection up."""
        while (await self.receive())["type"] != "http.disconnect":
            pass


@dataclass(frozen=True, slots=True)
class Reply:
    """What an agency replies. `to` is the request that it binds, None where no signature can be made."""

    status: int
    body: bytes = field(repr=False)
    content_type: str = CONTENT_TYPE
    headers: Headers = ()
    to: RequestParts | None = field(default=None, repr=False)
    about: UUID | None = None
    """The request id, for the note of a fault."""

    def signed_headers(self, key: SigningKey, now: datetime) -> Headers:
        """Every field line of the reply; signed by `key` if it answers a believed request."""
        plain = self.plain_headers()
        if self.to is None:
            return plain
        response = ResponseParts(self.status, plain, self.body)
        return [*plain, *sign_response(response, self.to, key, now, new_nonce())]

    def plain_headers(self) -> Headers:
        return [
            (b"content-type", self.content_type.encode()),
            (b"content-length", b"%d" % len(self.body)),
            *self.headers,
        ]


def problem(code: ErrorCode, detail: str, to: RequestParts | None = None) -> Reply:
    """A problem+json (RFC 9457) with one of the hub's stable codes; signed when `to` is given."""
    title = TITLES[code]
    body = {
        "type": f"urn:liandong:problem:{code}",
        "title": title.en,
        "title_zh": title.zh,
        "status": title.status,
        "code": code,
        "detail": detail,
    }
    return Reply(title.status, json.dumps(body, ensure_ascii=False).encode(), PROBLEM, to=to)


def json_reply(content: object, status: int = 200) -> Reply:
    """Unsigned JSON, for the control endpoints."""
    return Reply(status, json.dumps(content, ensure_ascii=False).encode())

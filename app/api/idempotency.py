"""Same `Idempotency-Key`, same answer (P2): the first answer is stored in the transaction that it tells of.

A refusal stores nothing, so that the same key may be tried again once what was wrong is mended.
"""

import hashlib
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.api.hub import Hub
from app.errors import ErrorCode, Refusal
from app.linkage.callers import Caller

_SEALED_FOR = "idempotency_keys.body"

_CLAIM = text("""
    SELECT pg_try_advisory_xact_lock(:lock) AS first, k.fingerprint, k.status, k.body, k.location
    FROM (SELECT) AS one LEFT JOIN idempotency_keys AS k ON k.scope = :scope AND k.key = :key
""")
_STORE = text("""
    INSERT INTO idempotency_keys (scope, key, fingerprint, status, body, location, created_at)
    VALUES (:scope, :key, :fingerprint, :status, :body, :location, :created_at)
    ON CONFLICT DO NOTHING RETURNING 1
""")

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Strongly recommended: a fresh random value for each thing to be created, the same one when sent "
        "again. The first answer is given again. 强烈建议填写：每次新建使用新的随机值，重发时不变。",
    ),
]


class AlreadyAnswered(Exception):
    """The request was carried out before; this is the answer that it got."""

    def __init__(self, response: Response) -> None:
        super().__init__("already answered")
        self.response = response


async def on_already_answered(_request: Request, error: Exception) -> Response:
    assert isinstance(error, AlreadyAnswered)
    return error.response


@dataclass(frozen=True, slots=True)
class Once:
    """Answers a creating request, and remembers the answer under its key when one was given."""

    hub: Hub
    session: AsyncSession
    scope: UUID
    key: str | None
    fingerprint: bytes

    async def answer(self, status: int, content: BaseModel, *, location: str | None = None) -> Response:
        """The response, to be returned as it is; the last thing a route does.

        Raises:
            Refusal: `idempotency_in_progress`, when a request with this key was committed since this one began.
        """
        body = content.model_dump_json(by_alias=True).encode()
        if self.key is not None:
            stored = await self.session.execute(
                _STORE,
                {
                    "scope": self.scope,
                    "key": self.key,
                    "fingerprint": self.fingerprint,
                    "status": status,
                    "body": self.hub.keys.vault.seal(body, _SEALED_FOR),
                    "location": location,
                    "created_at": self.hub.clock.now(),
                },
            )
            if stored.one_or_none() is None:
                raise Refusal(ErrorCode.IDEMPOTENCY_IN_PROGRESS)
        return _response(status, body, location)


async def once_of(request: Request, key: IdempotencyKey = None) -> Once:
    """Take the key, in one statement. The route asks for its caller and its session before.

    Raises:
        AlreadyAnswered: the stored answer is sent instead of running the route.
        Refusal: `idempotency_mismatch`, `idempotency_in_progress`.
    """
    hub: Hub = request.app.state.hub
    caller: Caller = request.scope["caller"]
    session: AsyncSession = request.scope["session"]
    scope = caller.court_id or caller.client_id
    if key is None:
        return Once(hub, session, scope, None, b"")
    fingerprint = await _fingerprint(request, hub)
    lock = int.from_bytes(hashlib.sha256(scope.bytes + key.encode()).digest()[:8], signed=True)
    claim = (await session.execute(_CLAIM, {"lock": lock, "scope": scope, "key": key})).one()
    if claim.fingerprint is not None:
        if bytes(claim.fingerprint) != fingerprint:
            raise Refusal(ErrorCode.IDEMPOTENCY_MISMATCH)
        body = hub.keys.vault.open(bytes(claim.body), _SEALED_FOR)
        raise AlreadyAnswered(_response(claim.status, body, claim.location))
    if not claim.first:
        raise Refusal(ErrorCode.IDEMPOTENCY_IN_PROGRESS)
    return Once(hub, session, scope, key, fingerprint)


OnceDep = Annotated[Once, Depends(once_of)]


async def _fingerprint(request: Request, hub: Hub) -> bytes:
    """Keyed, because a body names people and a plain digest of it could be guessed back.

    The boundary of a multipart body is left out: a client that sends again draws another one.
    """
    body = await request.body()
    _, found, boundary = request.headers.get("content-type", "").partition("boundary=")
    if found:
        body = body.replace(boundary.strip('"').encode(), b"")
    return hub.keys.vault.blind_index(
        "request", f"{request.method} {request.url.path} {hashlib.sha256(body).hexdigest()}"
    )


def _response(status: int, body: bytes, location: str | None) -> Response:
    headers = {"Location": location} if location else None
    return Response(body, status_code=status, media_type="application/json", headers=headers)

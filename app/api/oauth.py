"""`POST /oauth/token`: client credentials (RFC 6749 §4.4), by HTTP Basic or in the form."""

import base64
import binascii
from datetime import datetime
from typing import Annotated, Literal, NamedTuple
from urllib.parse import unquote_plus

from fastapi import APIRouter, Form, Header
from pydantic import BaseModel, StringConstraints
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.api.bodies import StrictRoute
from app.api.dependencies import HubDep
from app.api.problems import problem, problems
from app.api.tags import Tag
from app.audit.entry import Actor, Entry
from app.audit.record import record
from app.errors import ErrorCode
from app.ids import new_id
from app.linkage.clients import secret_is_right
from app.models import ApiClient, Court
from app.vocabulary import ActorKind, AuditAction

router = APIRouter(tags=[Tag.SYSTEM], route_class=StrictRoute)

_Credential = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[\x20-\x7e]+$")]


class Token(BaseModel):
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the type's name, not a secret
    expires_in: int
    """Seconds."""
    scope: str


class _Credentials(NamedTuple):
    client_id: str
    secret: str


@router.post(
    "/oauth/token",
    summary="签发访问令牌 · Issue an access token",
    response_model=Token,
    responses=problems(ErrorCode.UNAUTHENTICATED, ErrorCode.RATE_LIMITED, ErrorCode.INVALID_BODY),
)
async def issue_token(  # noqa: PLR0913, PLR0917 - one parameter for each form field
    request: Request,
    hub: HubDep,
    grant_type: Annotated[Literal["client_credentials"], Form()],
    client_id: Annotated[_Credential | None, Form()] = None,
    client_secret: Annotated[_Credential | None, Form()] = None,
    scope: Annotated[_Credential | None, Form()] = None,
    authorization: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """Exchange a client's id and secret for a short-lived access token. 凭客户端编号和密钥换取短期访问令牌。

    A client has exactly the rights of its role; a `scope` in the request is ignored (RFC 6749 §3.3).
    """
    del grant_type, scope
    given = (
        _from_basic(authorization) if authorization else _Credentials(client_id or "", client_secret or "")
    )
    address = request.client.host if request.client else ""
    brakes = (f"{address} {given.client_id}", address)
    now = hub.clock.now()
    if any(hub.guesses.is_closed(brake, now) for brake in brakes):
        return problem(request, ErrorCode.RATE_LIMITED)
    async with hub.sessions.begin() as session:
        known, authentic = await _check(session, given, now)
        await record(session, [_entry(request, known, authentic=authentic, at=now)])
    if known is None or not authentic:
        # A known name is braked by itself, so that one client's mistake does not lock out its neighbours.
        hub.guesses.fail(brakes[0] if known else address, now)
        # RFC 6749 §5.2 asks for Basic here, and clients look for it.
        return problem(
            request, ErrorCode.UNAUTHENTICATED, error="invalid_client", headers={"WWW-Authenticate": "Basic"}
        )
    token = Token(
        access_token=hub.tokens.issue(known.id, known.role, now),
        expires_in=int(hub.tokens.lifetime.total_seconds()),
        scope=known.role.value,
    )
    return JSONResponse(token.model_dump(), headers={"Cache-Control": "no-store"})


async def _check(session: AsyncSession, given: _Credentials, now: datetime) -> tuple[ApiClient | None, bool]:
    """The client of that name, and whether the secret is its own and both client and court are active."""
    row = (
        await session.execute(
            select(ApiClient, Court).outerjoin(Court).where(ApiClient.client_id == given.client_id)
        )
    ).one_or_none()
    if row is None:
        return None, False
    client, court = row
    right = secret_is_right(client, given.secret, now)
    return client, right and client.active and (court is None or court.active)


def _entry(request: Request, client: ApiClient | None, *, authentic: bool, at: datetime) -> Entry:
    """A name that no client has is not written down: it may be anything, also a password typed into the wrong box."""
    return Entry(
        entry_id=new_id(),
        recorded_at=at,
        action=AuditAction.TOKEN_ISSUED if authentic else AuditAction.TOKEN_REFUSED,
        actor=Actor(ActorKind.CLIENT, client.client_id if client else "unknown"),
        correlation_id=request.scope["correlation_id"],
    )


def _from_basic(header: str) -> _Credentials:
    """RFC 6749 §2.3.1: both parts are form-encoded before they go into Basic. Anything else is nobody's secret."""
    scheme, _, encoded = header.partition(" ")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return _Credentials("", "")
    client_id, _, secret = text.partition(":")
    client_id, secret = unquote_plus(client_id), unquote_plus(secret)
    usable = scheme.lower() == "basic" and client_id.isascii() and client_id.isprintable()
    return _Credentials(client_id, secret) if usable else _Credentials("", "")

"""What a route may ask for. Each is cheap: they stand before every request.

All are coroutines, also those that wait for nothing: FastAPI hands a plain function to a thread, which costs more than
the function itself.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends
from fastapi.security import OAuth2
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from app.api.hub import Hub
from app.api.permissions import PERMISSIONS
from app.errors import ErrorCode, Refusal
from app.linkage.acting import Acting
from app.linkage.callers import Caller, whom_it_was_about


class _Bearer(OAuth2):
    """The scheme as the API document tells it, and the caller that it yields."""

    def __init__(self) -> None:
        super().__init__(
            flows={"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {}}},
            scheme_name="client_credentials",
            description="RFC 6749 §4.4. 客户端凭证：POST /oauth/token。",
        )

    async def __call__(self, request: Request) -> Caller:  # type: ignore[override]  # FastAPI asks for any answer
        """The client behind the bearer token, if `PERMISSIONS` lets its role do what the route does.

        Raises:
            Refusal: `unauthenticated`, or `forbidden`; an operation that nobody wrote into the table is forbidden to
                all.
        """
        hub: Hub = request.app.state.hub
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refusal(ErrorCode.UNAUTHENTICATED)
        now = hub.clock.now()
        identity = await hub.identities.of(token, now)
        caller = Caller(
            identity.client_id,
            identity.client_name,
            identity.role,
            identity.court_id,
            identity.court_code,
            request.scope["correlation_id"],
            now,
        )
        request.scope["caller"] = caller
        rule = PERMISSIONS.get(request.scope["route"].name)
        if rule is None or caller.role not in rule.roles:
            raise Refusal(ErrorCode.FORBIDDEN)
        return caller


async def hub_of(request: Request) -> Hub:
    hub: Hub = request.app.state.hub
    return hub


HubDep = Annotated[Hub, Depends(hub_of)]


class _CourtBearer(_Bearer):
    """The same for routes of courts. A class, since a dependency of a dependency is not free."""

    async def __call__(self, request: Request) -> Acting:  # type: ignore[override]  # as above
        """Raises `Refusal(forbidden)` also when no court stands behind the client."""
        return (await super().__call__(request)).for_court()


CallerDep = Annotated[Caller, Depends(_Bearer())]
ActingDep = Annotated[Acting, Depends(_CourtBearer())]


async def session_of(request: Request) -> AsyncIterator[AsyncSession]:
    """One transaction for one request: committed here, before the answer is sent, and nowhere else (P1)."""
    hub: Hub = request.app.state.hub
    async with hub.sessions() as session:
        request.scope["session"] = session
        try:
            yield session
            await session.commit()
        finally:
            request.scope["refusal_is_about"] = whom_it_was_about(session)
    if session.info.get("outbox_filled"):
        hub.bell.ring()


# Without this scope FastAPI would send the answer first and commit afterwards.
SessionDep = Annotated[AsyncSession, Depends(session_of, scope="function")]

"""Whom a token belongs to, remembered for some seconds so that not every request reads it from the database."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.api.tokens import Tokens
from app.errors import ErrorCode, Refusal
from app.models import ApiClient, Court
from app.vocabulary import Role

MEMORY = timedelta(seconds=20)
"""A client or court that is deactivated is refused within this time; CONTRACT allows a minute."""

_MOST_TOKENS = 5_000


@dataclass(frozen=True, slots=True)
class Identity:
    client_id: UUID
    client_name: str
    role: Role
    court_id: UUID | None
    court_code: str | None


class Identities:
    def __init__(self, tokens: Tokens, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._tokens = tokens
        self._sessions = sessions
        self._known: OrderedDict[str, tuple[Identity, datetime]] = OrderedDict()

    async def of(self, token: str, now: datetime) -> Identity:
        """Who speaks with this token.

        Raises:
            Refusal: `unauthenticated`: the token is not good, or its client or court is not active.
        """
        known = self._known.get(token)
        if known is not None and now < known[1]:
            return known[0]
        client_id = self._tokens.client_of(token, now)
        identity = await self._read(client_id)
        self._known[token] = (identity, now + MEMORY)
        while len(self._known) > _MOST_TOKENS:
            self._known.popitem(last=False)
        return identity

    async def _read(self, client_id: UUID) -> Identity:
        async with self._sessions() as session:
            row = (
                await session.execute(
                    select(ApiClient.client_id, ApiClient.role, Court.id, Court.code)
                    .outerjoin(Court)
                    .where(
                        ApiClient.id == client_id,
                        ApiClient.active,
                        or_(ApiClient.court_id.is_(None), Court.active),
                    )
                )
            ).one_or_none()
        if row is None:
            raise Refusal(ErrorCode.UNAUTHENTICATED)
        return Identity(client_id, *row)

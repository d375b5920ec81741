"""What one API process holds while it runs."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app import schema
from app.api.identities import Identities
from app.api.throttle import Throttle
from app.api.tokens import Tokens
from app.clock import Clock
from app.database import check_durability, create_engine, session_factory
from app.keys import Keys, load_keys
from app.outbox.bell import Bell
from app.settings import Mode, Settings


@dataclass(frozen=True, slots=True)
class Hub:
    settings: Settings
    keys: Keys = field(repr=False)
    engine: AsyncEngine
    sessions: async_sessionmaker[AsyncSession]
    clock: Clock
    bell: Bell
    tokens: Tokens
    identities: Identities
    guesses: Throttle
    """Wrong client secrets, counted by client and address."""

    forgeries: Throttle
    """Signed messages that were refused and left a trace, counted by the agency in whose name they came."""


@asynccontextmanager
async def open_hub(settings: Settings, clock: Clock) -> AsyncIterator[Hub]:
    """Everything that must be closed again, opened in order.

    Raises:
        KeysMissing, NotDurable, PostgresUnusable: the hub must not start; the text says what to do.
    """
    async with AsyncExitStack() as stack:
        keys = load_keys(settings)
        url = await stack.enter_async_context(schema.open_database(settings))
        engine = create_engine(url, pool_size=settings.pool_size)
        stack.push_async_callback(engine.dispose)
        if settings.mode is Mode.PRODUCTION:
            async with engine.connect() as connection:
                await check_durability(connection)
        sessions = session_factory(engine)
        tokens = Tokens(keys.token, str(settings.public_url), timedelta(minutes=settings.token_minutes))
        bell = await stack.enter_async_context(Bell(engine))
        yield Hub(
            settings=settings,
            keys=keys,
            engine=engine,
            sessions=sessions,
            clock=clock,
            bell=bell,
            tokens=tokens,
            identities=Identities(tokens, sessions),
            guesses=Throttle(limit=10, window=timedelta(minutes=1)),
            forgeries=Throttle(limit=60, window=timedelta(minutes=1)),
        )

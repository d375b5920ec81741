"""The same exchanges on procrastinate: one job an exchange, the same rows written by the same code.

What a careful project on that queue would do: the promise in one transaction, the call in none, the result in
another. The hub's own queue and its batches are what is missing.
"""

import asyncio
import os
import subprocess
import sys
from datetime import UTC, datetime
from uuid import UUID

import procrastinate
from procrastinate.types import JSONDict
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.adapters.contract import Adapter, WireMessage, WireReply
from app.adapters.signing_keys import SigningKey
from app.audit.entry import Actor
from app.clock import SystemClock
from app.crypto import Vault
from app.database import create_engine, libpq_url, session_factory
from app.dispatch.directory import Directory
from app.keys import HUB_KEY_ID, load_keys
from app.linkage.answers import apply
from app.linkage.ledger import Ledger
from app.linkage.mandates import load_orders
from app.linkage.matters import Deed, lock_matters
from app.linkage.messages import Received
from app.models import AgencyRequest
from app.models.agency_request import RequestState
from app.models.message import Direction
from app.settings import Settings
from app.vocabulary import ActorKind, AuditAction
from bench.stand import Ground

_CONCURRENCY = 20
_HUB = Actor(ActorKind.HUB, "dispatch")


class Twin:
    """Carries one request as one job."""

    def __init__(
        self, sessions: async_sessionmaker[AsyncSession], vault: Vault, directory: Directory
    ) -> None:
        self._sessions = sessions
        self._vault = vault
        self._directory = directory

    async def carry(self, request_id: UUID) -> None:
        adapter, message = await self._promise(request_id)
        reply = await adapter.transport.exchange(message, attempt=1)
        await self._record(adapter, message, reply)

    async def _promise(self, request_id: UUID) -> tuple[Adapter, WireMessage]:
        now = datetime.now(UTC)
        async with self._sessions.begin() as session:
            await self._directory.refresh(session, now)
            matter = (await lock_matters(session, [request_id]))[request_id]
            order = (await load_orders(session, self._vault, [request_id]))[request_id]
            adapter = self._directory.adapter(matter.request.agency_id)
            assert adapter is not None
            assert not isinstance(order, str)
            message = adapter.dialect.encode(order)
            matter.request.move_to(RequestState.SENT, now)
            matter.request.times_sent += 1
            ledger = Ledger(self._vault)
            ledger.message(
                agency_id=matter.request.agency_id,
                request_id=request_id,
                direction=Direction.OUT,
                operation=message.operation,
                message_id=message.message_id,
                content_type=message.content_type,
                body=message.body,
                fingerprint=None,
                signature=None,
                parked_reason=None,
                at=now,
            )
            deed = Deed(AuditAction.REQUEST_SENT, _HUB, now, message_id=message.message_id)
            ledger.note(matter, deed, sent=message.body)
            await ledger.write(session, now)
        return adapter, message

    async def _record(self, adapter: Adapter, message: WireMessage, reply: WireReply) -> None:
        now = datetime.now(UTC)
        async with self._sessions.begin() as session:
            matters = await lock_matters(session, [message.request_id])
            ledger = Ledger(self._vault)
            received = Received(
                agency_id=matters[message.request_id].request.agency_id,
                agency_code=adapter.agency_code,
                operation="reply",
                decoded=adapter.decode_reply(message, reply),
                content_type=reply.content_type,
                raw=reply.body,
                signature=reply.headers["signature"],
                at=now,
            )
            await apply(session, ledger, matters, [received])
            await ledger.write(session, now)


def carry_all(ground: Ground, workers: int) -> None:
    """Make a job of every queued request, and have workers do them."""
    asyncio.run(_defer(ground))
    command = [sys.executable, "-c", "from bench.twin import work; work()"]
    processes = [subprocess.Popen(command, env={**os.environ, **ground.environment}) for _ in range(workers)]
    if sum(process.wait() for process in processes):
        raise RuntimeError("a worker of the twin failed")


async def _defer(ground: Ground) -> None:
    engine = create_engine(ground.database_url, pool_size=1)
    async with engine.connect() as connection:
        ids = (await connection.scalars(select(AgencyRequest.id).order_by(AgencyRequest.id))).all()
    await engine.dispose()
    app = procrastinate.App(connector=_connector(ground.database_url))
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        jobs: list[JSONDict] = [{"request_id": str(each)} for each in ids]
        await app.configure_task("carry").batch_defer_async(*jobs)


def _connector(database_url: str) -> procrastinate.PsycopgConnector:
    return procrastinate.PsycopgConnector(conninfo=libpq_url(database_url))


async def _work(settings: Settings) -> None:
    assert settings.database_url is not None
    keys = load_keys(settings)
    engine = create_engine(settings.database_url)
    directory = Directory(SigningKey(HUB_KEY_ID, keys.signing), SystemClock(), settings.secrets_dir)
    twin = Twin(session_factory(engine), keys.vault, directory)
    app = procrastinate.App(connector=_connector(settings.database_url))

    @app.task(name="carry")
    async def carry(request_id: str) -> None:
        await twin.carry(UUID(request_id))

    async with app.open_async():
        await app.run_worker_async(concurrency=_CONCURRENCY, wait=False, install_signal_handlers=False)
    await directory.aclose()
    await engine.dispose()


def work() -> None:
    """A worker process, from the environment; not by `-m`, since procrastinate finds no tasks in a main module."""
    asyncio.run(_work(Settings()))

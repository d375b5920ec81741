"""What a person at the command line does with the log. Looking is a deed, too: it is recorded before anything is shown."""

import asyncio
import getpass
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from sqlalchemy.ext.asyncio import AsyncEngine

from app.audit.bundle import write_log, write_selection
from app.audit.checkpoint import Signer
from app.audit.entry import Actor, Entry
from app.audit.note import VerifierKey
from app.audit.record import record
from app.audit.search import FoundEntry, search
from app.audit.selection import Selection
from app.clock import Clock
from app.crypto import Vault
from app.database import create_engine
from app.ids import new_id
from app.keys import load_keys
from app.postgres import EmbeddedPostgres
from app.settings import Settings
from app.vocabulary import ActorKind, AuditAction


@dataclass(frozen=True, slots=True)
class Desk:
    engine: AsyncEngine
    vault: Vault = field(repr=False)
    clock: Clock

    async def search(self, selection: Selection, purpose: str, limit: int) -> list[FoundEntry]:
        """The newest entries that the selection admits."""
        async with self.engine.begin() as connection:
            await record(connection, [self._looked(AuditAction.AUDIT_SEARCHED, selection, purpose)])
            return await search(connection, selection, limit=limit)

    async def export(self, out: BinaryIO, selection: Selection | None, purpose: str) -> None:
        """A bundle of the selection, or of the whole log; raises `NothingSigned` when there is no checkpoint."""
        async with self.engine.begin() as connection:
            looked = self._looked(AuditAction.AUDIT_EXPORTED, selection or Selection(), purpose)
            await record(connection, [looked])
        parts = write_log(self.engine) if selection is None else write_selection(self.engine, selection)
        async for part in parts:
            out.write(part)

    def _looked(self, action: AuditAction, selection: Selection, purpose: str) -> Entry:
        """Person and case stand in their own fields, so that whoever asks about them finds this look as well."""
        return Entry(
            entry_id=new_id(),
            recorded_at=self.clock.now(),
            action=action,
            actor=Actor(ActorKind.COMMAND_LINE, getpass.getuser()),
            purpose=purpose,
            case_number=selection.case_number,
            subject_index=selection.subject_index,
            detail={} if selection.officer is None else {"officer_looked_at": selection.officer},
        )


@asynccontextmanager
async def open_desk(clock: Clock) -> AsyncIterator[Desk]:
    """The database that the settings name, or the embedded one.

    Raises:
        KeysMissing, PostgresUnusable: the text says what to do.
    """
    settings = Settings()
    keys = load_keys(settings)
    async with AsyncExitStack() as stack:
        url = settings.database_url
        if url is None:
            server = EmbeddedPostgres(settings.data_dir / "postgres")
            url = await asyncio.to_thread(server.ensure_running)
            stack.push_async_callback(asyncio.to_thread, server.leave)
        engine = create_engine(url, pool_size=2)
        stack.push_async_callback(engine.dispose)
        yield Desk(engine, keys.vault, clock)


def verifier_key() -> VerifierKey:
    """What outsiders need to verify this log; raises `KeysMissing`."""
    settings = Settings()
    return Signer(settings.audit_origin, load_keys(settings).audit).verifier

"""The adapters a worker speaks through, rebuilt when an agency's row changes: no restart is needed."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.contract import Adapter
from app.adapters.profile import Retries
from app.adapters.registry import build_adapter
from app.adapters.signing_keys import SigningKey
from app.linkage.profiles import VersionedProfile, load_profiles
from app.models import Agency

_FRESH = timedelta(seconds=2)
"""Long enough to cost nothing, short enough that a revoked key is dead well within a minute."""


class Directory:
    """Knows every agency's adapter by agency id. Belongs to one worker."""

    def __init__(self, hub_key: SigningKey) -> None:
        self._hub_key = hub_key
        self._known: dict[UUID, tuple[VersionedProfile, Adapter]] = {}
        self._read_at: datetime | None = None
        self._retired: list[Adapter] = []

    async def refresh(self, session: AsyncSession, now: datetime) -> None:
        """Rebuild what changed. An agency whose settings cannot be used any more keeps its last good adapter."""
        if self._read_at is not None and now - self._read_at < _FRESH:
            return
        versions = {row.id: row.version for row in await session.execute(select(Agency.id, Agency.version))}
        changed = [
            agency_id
            for agency_id, version in versions.items()
            if agency_id not in self._known or self._known[agency_id][0].version != version
        ]
        for loaded in await load_profiles(session, self._hub_key, changed) if changed else ():
            previous = self._known.get(loaded.agency_id)
            self._known[loaded.agency_id] = (loaded, build_adapter(loaded.profile))
            if previous is not None:
                self._retired.append(previous[1])
        self._read_at = now

    def adapter(self, agency_id: UUID) -> Adapter:
        return self._known[agency_id][1]

    def retries(self, agency_id: UUID) -> Retries:
        return self._known[agency_id][0].profile.settings.retries

    async def aclose(self) -> None:
        for adapter in (*self._retired, *(adapter for _, adapter in self._known.values())):
            await adapter.transport.aclose()

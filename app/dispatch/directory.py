"""The adapters a worker speaks through, rebuilt when an agency's row changes: no restart is needed."""

from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.contract import Adapter
from app.adapters.profile import Retries
from app.adapters.registry import build_adapter
from app.adapters.signing_keys import SigningKey
from app.clock import Clock
from app.errors import Refusal
from app.linkage.profiles import VersionedProfile, load_profiles
from app.models import Agency
from app.vocabulary import OrderKind

_FRESH = timedelta(seconds=2)
"""Long enough to cost nothing, short enough that a revoked key is dead well within a minute."""


log = structlog.get_logger(__name__)


class Directory:
    """Knows every agency's adapter by agency id. Belongs to one worker."""

    def __init__(self, hub_key: SigningKey, clock: Clock, secrets: Path) -> None:
        self._hub_key = hub_key
        self._clock = clock
        self._secrets = secrets
        self._known: dict[UUID, tuple[VersionedProfile, Adapter]] = {}
        self._read_at: datetime | None = None
        self._retired: list[Adapter] = []

    async def refresh(
        self, session: AsyncSession, now: datetime, wanted: Collection[tuple[UUID, OrderKind]] = ()
    ) -> None:
        """Rebuild what changed: every two seconds, and at once when an agency is not known to offer what is wanted.

        An agency whose settings cannot be used any more keeps its last good adapter.
        """
        fresh = self._read_at is not None and now - self._read_at < _FRESH
        if fresh and all(self._offers(agency_id, kind) for agency_id, kind in wanted):
            return
        versions = {row.id: row.version for row in await session.execute(select(Agency.id, Agency.version))}
        changed = [
            agency_id
            for agency_id, version in versions.items()
            if agency_id not in self._known or self._known[agency_id][0].version != version
        ]
        for loaded in await load_profiles(session, self._hub_key, changed) if changed else ():
            self._rebuild(loaded)
        self._read_at = now

    def _offers(self, agency_id: UUID, kind: OrderKind) -> bool:
        adapter = self.adapter(agency_id)
        return adapter is not None and kind in adapter.capabilities

    def _rebuild(self, loaded: VersionedProfile) -> None:
        try:
            adapter = build_adapter(loaded.profile, self._clock, self._secrets)
        except Refusal as refusal:
            log.error("adapter.unusable", agency=loaded.profile.agency_code, code=refusal.code.value)  # noqa: TRY400 - a wrong row, not a fault of ours
            return
        previous = self._known.get(loaded.agency_id)
        if previous is not None:
            self._retired.append(previous[1])
        self._known[loaded.agency_id] = (loaded, adapter)

    def adapter(self, agency_id: UUID) -> Adapter | None:
        """None when the agency's row never made a usable adapter."""
        known = self._known.get(agency_id)
        return known[1] if known else None

    def retries(self, agency_id: UUID) -> Retries:
        return self._known[agency_id][0].profile.settings.retries

    async def aclose(self) -> None:
        for adapter in (*self._retired, *(adapter for _, adapter in self._known.values())):
            await adapter.transport.aclose()

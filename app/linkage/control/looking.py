"""Every look at what is frozen of whom is recorded, so that a search by person finds it."""

from collections.abc import Collection
from dataclasses import replace
from typing import Unpack
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.record import record
from app.ids import new_id
from app.linkage.acting import Acting
from app.linkage.callers import Facts, entry_of
from app.models import Party
from app.vocabulary import AuditAction


async def record_look(
    session: AsyncSession,
    acting: Acting,
    action: AuditAction,
    party_ids: Collection[UUID],
    **facts: Unpack[Facts],
) -> None:
    """One entry for each person seen."""
    indexes = await session.scalars(select(Party.number_index).where(Party.id.in_(set(party_ids))))
    seen = entry_of(acting, action, **facts)
    await record(session, [replace(seen, entry_id=new_id(), subject_index=index) for index in indexes])

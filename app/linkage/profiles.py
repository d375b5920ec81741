"""Agencies' rows turned into what the adapter registry builds from."""

from base64 import b64encode
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.profile import AgencyProfile, AgencySettings
from app.adapters.signing_keys import SigningKey, VerifyingKey, load_public_key
from app.models import Agency, AgencyKey
from app.vocabulary import OrderKind


@dataclass(frozen=True, slots=True)
class VersionedProfile:
    agency_id: UUID
    version: int
    active: bool
    profile: AgencyProfile


async def load_profiles(
    session: AsyncSession, hub_key: SigningKey, agency_ids: Collection[UUID]
) -> list[VersionedProfile]:
    """The agencies as they stand now; inactive ones too, since what was sent to them may still be answered."""
    agencies = (await session.scalars(select(Agency).where(Agency.id.in_(agency_ids)))).all()
    keys: dict[UUID, dict[str, VerifyingKey]] = defaultdict(dict)
    for key in await session.scalars(select(AgencyKey).where(AgencyKey.agency_id.in_(agency_ids))):
        keys[key.agency_id][key.key_id] = verifying_key(key)
    return [
        VersionedProfile(agency.id, agency.version, agency.active, _profile(agency, keys[agency.id], hub_key))
        for agency in agencies
    ]


def verifying_key(key: AgencyKey) -> VerifyingKey:
    return VerifyingKey(
        key.key_id,
        load_public_key(b64encode(key.public_key).decode()),
        key.not_before,
        key.not_after,
        revoked=key.revoked_at is not None,
    )


def _profile(agency: Agency, keys: dict[str, VerifyingKey], hub_key: SigningKey) -> AgencyProfile:
    return AgencyProfile(
        agency_code=agency.code,
        kind=agency.kind,
        dialect=agency.dialect,
        transport=agency.transport,
        capabilities=frozenset(OrderKind(name) for name in agency.capabilities),
        settings=AgencySettings.model_validate(agency.settings),
        keys=keys,
        hub_key=hub_key,
    )

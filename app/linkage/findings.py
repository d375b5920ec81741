"""What agencies reported about the debtors of a case: masked for everybody, whole for a reason that is recorded."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.assets import Asset as Reported
from app.audit.record import record
from app.crypto import Vault
from app.errors import ErrorCode, Refusal
from app.linkage.acting import Acting
from app.linkage.callers import entry_of
from app.linkage.parties import Disclosure
from app.masking import mask_account, mask_name, mask_number
from app.models import Agency, Asset, Case, Party
from app.vocabulary import AssetKind, AuditAction

_REPORTED: TypeAdapter[Reported] = TypeAdapter(Reported)


@dataclass(frozen=True, slots=True)
class AssetFilter:
    debtor_id: UUID | None = None
    kind: AssetKind | None = None
    agency_code: str | None = None
    disputed: bool | None = None
    include_superseded: bool = False
    """Whether earlier reports of the same thing are listed, too."""

    fresh_after: datetime | None = None
    """Facts whose as-of time is older are marked stale."""


def select_assets(case: Case, wanted: AssetFilter) -> Select[Asset]:
    query = select(Asset).where(Asset.case_id == case.id)
    if wanted.debtor_id is not None:
        query = query.where(Asset.party_id == wanted.debtor_id)
    if wanted.kind is not None:
        query = query.where(Asset.kind == wanted.kind)
    if wanted.agency_code is not None:
        query = query.where(
            Asset.agency_id == select(Agency.id).where(Agency.code == wanted.agency_code).scalar_subquery()
        )
    if wanted.disputed is not None:
        query = query.where(Asset.disputed.is_(wanted.disputed))
    if not wanted.include_superseded:
        query = query.where(Asset.superseded_at.is_(None))
    return query


async def agency_codes(session: AsyncSession, assets: Sequence[Asset]) -> dict[UUID, str]:
    rows = await session.execute(
        select(Agency.id, Agency.code).where(Agency.id.in_({asset.agency_id for asset in assets}))
    )
    return {row.id: row.code for row in rows}


def facts_of(vault: Vault, asset: Asset) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(vault.open_text(asset.facts, "assets.facts"))
    return facts


def reported(vault: Vault, asset: Asset) -> Reported:
    """The asset as it was typed when it came in."""
    return _REPORTED.validate_json(vault.open(asset.facts, "assets.facts"))


async def record_look(
    session: AsyncSession, acting: Acting, case: Case, assets: Sequence[Asset], disclosure: Disclosure | None
) -> None:
    """One entry for each debtor whose property was seen, so that a search by person finds every look."""
    debtors = {asset.party_id for asset in assets}
    indexes = await session.scalars(select(Party.number_index).where(Party.id.in_(debtors)))
    entries = []
    for index in indexes:
        if disclosure is None:
            entry = entry_of(
                acting, AuditAction.ASSETS_READ, case_number=case.case_number, subject_index=index
            )
        else:
            entry = entry_of(
                acting,
                AuditAction.ASSETS_UNMASKED,
                case_number=case.case_number,
                officer=disclosure.officer,
                purpose=disclosure.reason,
                subject_index=index,
            )
        entries.append(entry)
    await record(session, entries)


async def assets_to_disclose(session: AsyncSession, case: Case, ids: Sequence[UUID]) -> Sequence[Asset]:
    """Exactly these assets of the case; raises `Refusal(not_found)` when one is not of it."""
    assets = (
        await session.scalars(
            select(Asset).where(Asset.case_id == case.id, Asset.id.in_(ids)).order_by(Asset.id)
        )
    ).all()
    if len(assets) != len(set(ids)):
        raise Refusal(ErrorCode.NOT_FOUND)
    return assets


def masked(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts with everything that names or numbers a person masked, at any depth."""
    return {name: _masked(name, value) for name, value in facts.items()}


def _masked(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return masked(value)
    if isinstance(value, list):
        return [_masked(name, item) for item in value]
    mask = _MASKS.get(name)
    return mask(value) if mask is not None and isinstance(value, str) else value


def _hidden(_text: str) -> str:
    return "***"


def _place(text: str) -> str:
    """The beginning of an address: the county, not the door."""
    return f"{text[:6]}***"


_MASKS: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(
        ("account_number", "card_number", "linked_fund_account", "product_account", "return_account"),
        mask_account,
    ),
    **dict.fromkeys(("counterparty_account",), mask_account),
    **dict.fromkeys(
        ("name", "former_names", "co_holders", "counterparty_name", "mortgagor", "holder", "beneficiary"),
        mask_name,
    ),
    **dict.fromkeys(("pledgee",), mask_name),
    **dict.fromkeys(
        (
            "certificate_number",
            "counterparty_number",
            "document_number",
            "engine_number",
            "phone",
            "phones",
            "contact",
            "plate_number",
            "taxpayer_number",
            "unit_number",
            "vin",
        ),
        mask_number,
    ),
    **dict.fromkeys(("address", "household_address", "location"), _place),
    # Free text of an agency may name anybody.
    **dict.fromkeys(("remark", "dispute_note"), _hidden),
}

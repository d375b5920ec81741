"""What was found: assets of a case, with source, as-of time, role and dispute marker."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.api.bodies import StrictRoute
from app.api.dependencies import ActingDep, HubDep, SessionDep
from app.api.paging import Page, PageDep, newest_first
from app.api.problems import problems
from app.api.tags import Tag
from app.errors import ErrorCode
from app.linkage import findings
from app.linkage.cases import find_case
from app.linkage.courts import find_officer
from app.linkage.parties import Disclosure
from app.models import Asset
from app.vocabulary import AssetKind, HolderRole

router = APIRouter(prefix="/v1/cases/{case_id}/assets", tags=[Tag.COURT], route_class=StrictRoute)


class AssetView(BaseModel):
    id: UUID
    debtor_id: UUID
    request_id: UUID
    agency_code: str
    """The source."""
    kind: AssetKind
    holder_role: HolderRole
    disputed: bool
    amount: Decimal | None = Field(description="Balance or total where the thing is money · 金额")
    currency: str | None
    as_of: datetime
    """The instant at which the facts were true in the agency's books."""
    reported_at: datetime
    superseded_at: datetime | None
    stale: bool
    """Older than `fresh_within_hours`."""
    facts: dict[str, Any]


class AssetQueryParameters(BaseModel):
    debtor_id: UUID | None = None
    kind: AssetKind | None = None
    agency_code: Annotated[str | None, Field(max_length=100)] = None
    disputed: bool | None = None
    include_superseded: bool = False
    fresh_within_hours: Annotated[int | None, Field(ge=1, le=87_600)] = None


class AssetDisclosure(Disclosure):
    asset_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=200)]


class DisclosedAssets(BaseModel):
    items: list[AssetView]


@router.get(
    "",
    summary="财产线索 · Assets found",
    responses=problems(ErrorCode.CASE_UNKNOWN, ErrorCode.CURSOR_INVALID),
)
async def list_assets(  # noqa: PLR0913, PLR0917 - what a route needs is what FastAPI hands it
    case_id: UUID,
    acting: ActingDep,
    session: SessionDep,
    hub: HubDep,
    page: PageDep,
    parameters: Annotated[AssetQueryParameters, Query()],
) -> Page[AssetView]:
    """Masked; the look is recorded for each debtor. 已脱敏，逐人留痕。"""
    case = await find_case(session, acting, case_id)
    wanted = _filter(parameters, acting.at)
    rows, following = await newest_first(session, findings.select_assets(case, wanted), Asset.id, page)
    await findings.record_look(session, acting, case, rows, None)
    codes = await findings.agency_codes(session, rows)
    items = [
        _view(row, codes, findings.masked(findings.facts_of(hub.keys.vault, row)), wanted.fresh_after)
        for row in rows
    ]
    return Page(items=items, next=following)


@router.post(
    "/disclosure",
    summary="查看完整财产信息 · See assets unmasked",
    responses=problems(
        ErrorCode.CASE_UNKNOWN, ErrorCode.NOT_FOUND, ErrorCode.OFFICER_UNKNOWN, ErrorCode.OFFICER_NOT_OF_COURT
    ),
)
async def disclose_assets(
    case_id: UUID, disclosure: AssetDisclosure, acting: ActingDep, session: SessionDep, hub: HubDep
) -> DisclosedAssets:
    """Account numbers and the like in full, for an officer who says why. 显示完整信息；须写明理由，永久留痕。"""
    case = await find_case(session, acting, case_id)
    await find_officer(session, acting.court_id, disclosure.officer)
    rows = await findings.assets_to_disclose(session, case, disclosure.asset_ids)
    await findings.record_look(session, acting, case, rows, disclosure)
    codes = await findings.agency_codes(session, rows)
    return DisclosedAssets(
        items=[_view(row, codes, findings.facts_of(hub.keys.vault, row), None) for row in rows]
    )


def _filter(parameters: AssetQueryParameters, now: datetime) -> findings.AssetFilter:
    hours = parameters.fresh_within_hours
    return findings.AssetFilter(
        debtor_id=parameters.debtor_id,
        kind=parameters.kind,
        agency_code=parameters.agency_code,
        disputed=parameters.disputed,
        include_superseded=parameters.include_superseded,
        fresh_after=None if hours is None else now - timedelta(hours=hours),
    )


def _view(
    asset: Asset, codes: dict[UUID, str], facts: dict[str, Any], fresh_after: datetime | None
) -> AssetView:
    return AssetView(
        id=asset.id,
        debtor_id=asset.party_id,
        request_id=asset.request_id,
        agency_code=codes[asset.agency_id],
        kind=asset.kind,
        holder_role=asset.holder_role,
        disputed=asset.disputed,
        amount=asset.amount,
        currency=asset.currency,
        as_of=asset.as_of,
        reported_at=asset.reported_at,
        superseded_at=asset.superseded_at,
        stale=fresh_after is not None and asset.as_of < fresh_after,
        facts=facts,
    )

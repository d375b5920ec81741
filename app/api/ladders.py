"""Who stands where on one thing, and what would become of it."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.bodies import StrictRoute
from app.api.dependencies import ActingDep, HubDep, SessionDep
from app.api.problems import problems
from app.api.tags import Tag
from app.api.things import Limit, ThingView, limit_view, thing_view
from app.errors import ErrorCode
from app.linkage.acting import Acting
from app.linkage.control.ladders import AssetLadder, Rung, Source, ladder_of
from app.linkage.control.looking import record_look
from app.linkage.control.trying_out import WhatIfDemand, try_out
from app.measures.receipts import Receipt
from app.measures.receipts import Rung as Tried
from app.measures.words import RULES, Ground, State
from app.models import Case
from app.models.freeze import FreezeState
from app.vocabulary import AuditAction

router = APIRouter(prefix="/v1/assets/{asset_id}", tags=[Tag.COURT], route_class=StrictRoute)


class RungView(BaseModel):
    """One freeze on the thing. `freeze_id` is there for the court's own."""

    name: str = Field(examples=["rank-1"])
    """What a what-if calls it."""
    rank: int | None
    source: Source
    freeze_id: UUID | None
    authority: str | None
    case_number: str | None
    state: FreezeState
    limit: Limit
    held: Decimal | None
    received_at: datetime | None
    ends_at: datetime | None
    as_of: datetime


class RightView(BaseModel):
    right: str
    holder: str
    amount: Decimal | None


class LadderView(BaseModel):
    """By rank. What is not known is null or `unknown`, never zero."""

    asset_id: UUID
    agency_code: str
    thing: ThingView
    balance: Decimal | None
    balance_as_of: datetime | None
    rungs: list[RungView]
    ended_since: list[RungView] = Field(
        description="Reported once, contradicted by later ranks · 曾有反馈，但与其后的顺位不符"
    )
    awaiting: list[UUID] = Field(description="The court's own freezes without an answer · 本院尚未答复的措施")
    priority_rights: list[RightView]


class TriedRung(BaseModel):
    name: str
    rank: int | None
    state: State
    held: Decimal | None


class StepView(BaseModel):
    """What one step did; without effect for one `ground`."""

    effective: bool
    ground: Ground | None
    en: str | None
    zh: str | None


class WhatIfView(BaseModel):
    steps: list[StepView]
    before: list[TriedRung]
    after: list[TriedRung]
    free_before: Decimal | None
    free_after: Decimal | None
    """What no freeze holds of a sum of money; null for a thing, and where it is not known."""
    unknown: list[str]
    """Rungs of which the answer depends on sums nobody reported."""


@router.get(
    "/freezes",
    summary="财产控制顺位 · Ladder of a thing",
    responses=problems(ErrorCode.NOT_FOUND, ErrorCode.NOT_FREEZABLE),
)
async def read_ladder(asset_id: UUID, acting: ActingDep, session: SessionDep, hub: HubDep) -> LadderView:
    """Own freezes by rank, with what the agency reported of others and of rights that go before; the look is recorded.

    本院及他院的控制顺位、优先受偿权；未知即为未知；留痕。
    """
    ladder = await ladder_of(session, acting, hub.keys.vault, asset_id)
    await _record(session, acting, ladder)
    kind, identity = ladder.thing.kind, ladder.thing.identity
    assert kind is not None
    assert identity is not None
    return LadderView(
        asset_id=asset_id,
        agency_code=ladder.thing.agency_code,
        thing=thing_view(kind, identity),
        balance=ladder.balance,
        balance_as_of=ladder.balance_as_of,
        rungs=[_rung(rung) for rung in ladder.rungs],
        ended_since=[_rung(rung) for rung in ladder.ended_since],
        awaiting=list(ladder.awaiting),
        priority_rights=[
            RightView(right=right.right, holder=right.holder, amount=right.amount) for right in ladder.rights
        ],
    )


@router.post(
    "/what-if",
    summary="推演 · What if",
    responses=problems(ErrorCode.NOT_FOUND, ErrorCode.NOT_FREEZABLE),
)
async def try_what_if(
    asset_id: UUID, demand: WhatIfDemand, acting: ActingDep, session: SessionDep, hub: HubDep
) -> WhatIfView:
    """If that court released today, if so much money arrived: who would hold what. Nothing is ordered; recorded.

    推演他院解除或款项到账后的顺位与冻结金额；不产生任何措施；留痕。
    """
    ladder = await ladder_of(session, acting, hub.keys.vault, asset_id)
    await _record(session, acting, ladder)
    tried = try_out(ladder, demand, acting.at)
    return WhatIfView(
        steps=[_step(receipt) for receipt in tried.receipts],
        before=[_tried(rung) for rung in tried.before],
        after=[_tried(rung) for rung in tried.after],
        free_before=tried.free_before,
        free_after=tried.free_after,
        unknown=list(tried.unknown),
    )


async def _record(session: AsyncSession, acting: Acting, ladder: AssetLadder) -> None:
    asset = ladder.thing.asset
    case_number = await session.scalar(select(Case.case_number).where(Case.id == asset.case_id))
    assert case_number is not None
    await record_look(
        session,
        acting,
        AuditAction.FREEZES_READ,
        [asset.party_id],
        case_number=case_number,
        agency_code=ladder.thing.agency_code,
    )


def _rung(rung: Rung) -> RungView:
    return RungView(
        name=rung.name,
        rank=rung.rank,
        source=rung.source,
        freeze_id=rung.freeze_id,
        authority=rung.authority,
        case_number=rung.case_number,
        state=rung.state,
        limit=rung.limit if rung.limit is not None else limit_view(rung.reach),
        held=rung.held,
        received_at=rung.received_at,
        ends_at=rung.ends_at,
        as_of=rung.as_of,
    )


def _tried(rung: Tried) -> TriedRung:
    return TriedRung(name=rung.freeze_id, rank=rung.rank, state=rung.state, held=rung.held)


def _step(receipt: Receipt) -> StepView:
    rule = RULES[receipt.ground] if receipt.ground else None
    return StepView(
        effective=receipt.effective,
        ground=receipt.ground,
        en=rule.en if rule else None,
        zh=rule.zh if rule else None,
    )

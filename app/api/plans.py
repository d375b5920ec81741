"""The freeze plan that does least harm, and what to change as the answers come in."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.api.bodies import StrictRoute
from app.api.dependencies import ActingDep, HubDep, SessionDep
from app.api.problems import problems
from app.api.tags import Tag
from app.errors import ErrorCode
from app.linkage.cases import find_case
from app.linkage.control.demands import ThingToFreeze
from app.linkage.control.exempting import CircumstancesDemand
from app.linkage.control.frozen import to_release
from app.linkage.control.looking import record_look
from app.linkage.control.planning import CasePlan, CaseTrueUp, PlanDemand, make_plan, true_up_case
from app.measures.truing import Lowered
from app.measures.wording import Line
from app.vocabulary import AuditAction

router = APIRouter(prefix="/v1/cases/{case_id}/freeze-plans", tags=[Tag.COURT], route_class=StrictRoute)


class LineView(BaseModel, from_attributes=True):
    en: str
    zh: str


class PlannedMeasure(BaseModel):
    asset_id: UUID
    limit: Decimal | None
    """Null: the whole thing."""
    counted: Decimal
    """What it brings of what is owed."""
    why: LineView


class LeftOut(BaseModel):
    asset_id: UUID
    why: LineView


class PlanView(BaseModel):
    """`things` can be posted to `/v1/freeze-orders` as they are, with the digest by which the officer signs the plan."""

    case_id: UUID
    made_at: datetime
    owed: Decimal
    secured: Decimal
    """Bound already by measures of this case; the plan is for the rest."""
    covered: Decimal
    shortfall: Decimal
    measures: list[PlannedMeasure]
    left_out: list[LeftOut]
    frozen_already: list[UUID] = Field(description="Assets under a measure of this case · 本案已控制的财产")
    lines: list[LineView]
    things: list[ThingToFreeze]
    text: str
    sha256: str = Field(description="SHA-256 of `text` in UTF-8 · text 的摘要值")


class ToRelease(BaseModel):
    freeze_id: UUID
    amount: Decimal | None
    """So much of its limit; null: the whole freeze."""
    why: LineView


class TrueUpView(BaseModel):
    case_id: UUID
    owed: Decimal
    secured: Decimal
    """By what was answered."""
    releases: list[ToRelease]
    additions: list[PlannedMeasure]
    awaited: list[UUID] = Field(description="Freezes without an answer, counted as ordered · 尚未答复的措施")
    shortfall: Decimal


@router.post("", summary="最小损害控制方案 · Plan the freezes", responses=problems(ErrorCode.CASE_UNKNOWN))
async def make_freeze_plan(
    case_id: UUID, demand: PlanDemand, acting: ActingDep, session: SessionDep, hub: HubDep
) -> PlanView:
    """From what was found: reach claim and costs, spare what is exempt, touch the business last; says why, line by line.

    Nothing is ordered. The plan is recorded with its digest. 依查得财产生成，逐项说明理由；不发出任何措施；方案摘要留痕。
    """
    case = await find_case(session, acting, case_id)
    return _plan(case_id, await make_plan(session, acting, hub.keys.vault, case, demand))


@router.get("/true-up", summary="方案校正 · True up the freezes", responses=problems(ErrorCode.CASE_UNKNOWN))
async def true_up_freeze_plan(
    case_id: UUID,
    circumstances: Annotated[CircumstancesDemand, Query()],
    acting: ActingDep,
    session: SessionDep,
    hub: HubDep,
) -> TrueUpView:
    """What to release and what to add, by what the agencies have answered so far; the look is recorded.

    依已收到的反馈，列明应解除和应追加的措施；留痕。
    """
    case = await find_case(session, acting, case_id)
    trued = await true_up_case(session, acting, hub.keys.vault, case, circumstances)
    await record_look(
        session,
        acting,
        AuditAction.FREEZES_READ,
        [freeze.party_id for freeze in trued.freezes.values()],
        case_number=case.case_number,
    )
    return _true_up(case_id, trued)


def _plan(case_id: UUID, made: CasePlan) -> PlanView:
    return PlanView(
        case_id=case_id,
        made_at=made.made_at,
        owed=made.owed,
        secured=made.secured,
        covered=made.plan.covered,
        shortfall=made.plan.shortfall,
        measures=[
            PlannedMeasure(
                asset_id=UUID(each.asset_id), limit=each.limit, counted=each.counted, why=_line(each.line)
            )
            for each in made.plan.measures
        ],
        left_out=[LeftOut(asset_id=UUID(each.asset_id), why=_line(each.line)) for each in made.plan.left_out],
        frozen_already=list(made.frozen_already),
        lines=[_line(line) for line in made.plan.lines],
        things=[
            ThingToFreeze(
                asset_id=UUID(each.asset_id),
                limit=each.limit,
                estimated_value=made.values.get(each.asset_id) if each.limit is None else None,
            )
            for each in made.plan.measures
        ],
        text=made.text,
        sha256=made.sha256,
    )


def _true_up(case_id: UUID, trued: CaseTrueUp) -> TrueUpView:
    result = trued.result
    return TrueUpView(
        case_id=case_id,
        owed=trued.owed,
        secured=result.secured,
        releases=[_to_release(trued, lowered) for lowered in result.releases],
        additions=[
            PlannedMeasure(
                asset_id=UUID(each.asset_id), limit=each.limit, counted=each.counted, why=_line(each.line)
            )
            for each in result.additions
        ],
        awaited=[trued.freezes[name].id for name in result.awaited],
        shortfall=result.shortfall,
    )


def _to_release(trued: CaseTrueUp, lowered: Lowered) -> ToRelease:
    freeze = trued.freezes[lowered.asset_id]
    amount = None if lowered.amount is None else to_release(freeze, lowered.amount)
    return ToRelease(freeze_id=freeze.id, amount=amount, why=_line(lowered.line))


def _line(line: Line) -> LineView:
    return LineView(en=line.en, zh=line.zh)

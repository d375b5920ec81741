"""Preservation turning into enforcement, with the term running on."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from app.api.bodies import StrictRoute
from app.api.dependencies import ActingDep, HubDep, SessionDep
from app.api.idempotency import OnceDep
from app.api.measures import OFFICERS, PAPERS, MeasureSummary, summary_of
from app.api.problems import problems
from app.api.tags import Tag
from app.errors import ErrorCode
from app.linkage.control.converting import convert_preservation
from app.linkage.control.demands import ConversionDemand

router = APIRouter(prefix="/v1/cases/{case_id}/conversions", tags=[Tag.COURT], route_class=StrictRoute)


@router.post(
    "",
    summary="保全转执行 · Turn preservation into enforcement",
    status_code=202,
    response_model=MeasureSummary,
    responses=problems(
        ErrorCode.CASE_UNKNOWN,
        ErrorCode.CASE_CLOSED,
        ErrorCode.FREEZE_UNKNOWN,
        ErrorCode.NOT_A_DEBTOR,
        *OFFICERS,
        *PAPERS,
    ),
)
async def order_conversion(  # noqa: PLR0913, PLR0917 - what a route needs is what FastAPI hands it
    case_id: UUID,
    demand: ConversionDemand,
    acting: ActingDep,
    session: SessionDep,
    hub: HubDep,
    once: OnceDep,
) -> Response:
    """Every live measure of the preservation case becomes one of this case; rank and end stay (Preservation Rules §17).

    保全措施自动转为执行措施，顺位和期限不变（财产保全规定 §17）。
    """
    order = await convert_preservation(session, acting, hub.keys.vault, case_id, demand)
    return await once.answer(202, await summary_of(session, order), location=f"/v1/measures/{order.id}")

"""Freezes: what is really held, at which rank, until when; renewed, released, taken."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from app.api.bodies import StrictRoute
from app.api.dependencies import ActingDep, HubDep, SessionDep
from app.api.idempotency import OnceDep
from app.api.measures import OFFICERS, PAPERS, MeasureSummary, summary_of
from app.api.paging import Page, PageDep, newest_first
from app.api.problems import problems
from app.api.tags import Tag
from app.api.things import Limit, ThingView, limit_view, thing_view
from app.crypto import Vault
from app.errors import ErrorCode
from app.linkage.cases import find_case
from app.linkage.control import following
from app.linkage.control.demands import ReleaseDemand, RenewalDemand, TransferDemand
from app.linkage.control.looking import record_look
from app.linkage.control.reading import codes_of, select_freezes
from app.measures.words import Nature
from app.models import Freeze
from app.models.freeze import FreezeState
from app.vocabulary import AuditAction

router = APIRouter(prefix="/v1/freezes/{freeze_id}", tags=[Tag.COURT], route_class=StrictRoute)
of_case = APIRouter(prefix="/v1/cases/{case_id}/freezes", tags=[Tag.COURT], route_class=StrictRoute)


class FreezeView(BaseModel):
    """One freeze on one thing, as its agency keeps it. What is not known is null, never zero."""

    id: UUID
    case_id: UUID
    debtor_id: UUID
    agency_code: str
    order_id: UUID
    request_id: UUID
    """The freeze's name at the agency."""
    thing: ThingView
    nature: Nature
    limit: Limit
    term: str = Field(examples=["P1Y"])
    """As it was asked for."""
    state: FreezeState
    state_at: datetime
    rank: int | None
    held: Decimal | None = Field(description="What is really frozen · 实际冻结金额")
    balance: Decimal | None
    expected: Decimal | None
    """What it was expected to bring when it was ordered."""
    currency: str
    transferred: Decimal
    received_at: datetime | None
    """When ruling and notice reached the agency: decides the rank (Seizure §1)."""
    active_at: datetime | None
    ends_at: datetime | None
    """From this instant on it is gone, unless it was renewed."""
    agency_number: str | None
    why_not: str | None
    reported_at: datetime | None
    """As-of time of the agency's last word."""
    renewing: bool
    releasing: bool
    """A release was ordered and is not confirmed."""


@of_case.get(
    "",
    summary="案件控制措施 · Freezes of a case",
    responses=problems(ErrorCode.CASE_UNKNOWN, ErrorCode.CURSOR_INVALID),
)
async def list_freezes(  # noqa: PLR0913, PLR0917 - what a route needs is what FastAPI hands it
    case_id: UUID,
    acting: ActingDep,
    session: SessionDep,
    hub: HubDep,
    page: PageDep,
    state: Annotated[FreezeState | None, Query()] = None,
    debtor_id: Annotated[UUID | None, Query()] = None,
) -> Page[FreezeView]:
    """Every freeze ever ordered in the case, newest first, its thing masked; the look is recorded for each debtor.

    本案全部控制措施，按时间倒序，已脱敏，逐人留痕。
    """
    case = await find_case(session, acting, case_id)
    query = select_freezes(case, state, debtor_id)
    freezes, following_page = await newest_first(session, query, Freeze.id, page)
    await record_look(
        session,
        acting,
        AuditAction.FREEZES_READ,
        [freeze.party_id for freeze in freezes],
        case_number=case.case_number,
    )
    codes = await codes_of(session, {freeze.agency_id for freeze in freezes})
    items = [_view(hub.keys.vault, freeze, codes) for freeze in freezes]
    return Page(items=items, next=following_page)


@router.get("", summary="控制措施状态 · Read a freeze", responses=problems(ErrorCode.FREEZE_UNKNOWN))
async def read_freeze(freeze_id: UUID, acting: ActingDep, session: SessionDep, hub: HubDep) -> FreezeView:
    """State, rank, what is really held and until when; the look is recorded. 状态、顺位、实际冻结金额和期限；留痕。"""
    freeze = await following.find_freeze(session, acting, freeze_id)
    await record_look(
        session,
        acting,
        AuditAction.FREEZES_READ,
        [freeze.party_id],
        case_number=freeze.case_number,
        request_id=freeze.request_id,
    )
    return _view(hub.keys.vault, freeze, await codes_of(session, {freeze.agency_id}))


_ACT = (ErrorCode.FREEZE_UNKNOWN, ErrorCode.CASE_CLOSED, *OFFICERS, *PAPERS)


@router.post(
    "/renewals",
    summary="提请续冻、续封 · Order a renewal",
    status_code=202,
    response_model=MeasureSummary,
    responses=problems(*_ACT, ErrorCode.FREEZE_ENDED, ErrorCode.TERM_TOO_LONG),
)
async def renew_freeze(  # noqa: PLR0913, PLR0917 - what a route needs is what FastAPI hands it
    freeze_id: UUID,
    demand: RenewalDemand,
    acting: ActingDep,
    session: SessionDep,
    hub: HubDep,
    once: OnceDep,
) -> Response:
    """It keeps its rank and runs on from its end; a second officer approves. What has lapsed cannot be renewed.

    顺位不变，期限接续；须经审批。期限届满未续的不能续行。
    """
    order = await following.draft_renewal(session, acting, hub.keys.vault, freeze_id, demand)
    return await once.answer(202, await summary_of(session, order), location=f"/v1/measures/{order.id}")


@router.post(
    "/release",
    summary="解冻、解封 · Release a freeze",
    status_code=202,
    response_model=MeasureSummary,
    responses=problems(
        ErrorCode.FREEZE_UNKNOWN, *OFFICERS, *PAPERS, ErrorCode.FREEZE_ENDED, ErrorCode.AMOUNT_INVALID
    ),
)
async def release_freeze(  # noqa: PLR0913, PLR0917 - as renew_freeze
    freeze_id: UUID,
    demand: ReleaseDemand,
    acting: ActingDep,
    session: SessionDep,
    hub: HubDep,
    once: OnceDep,
) -> Response:
    """The whole freeze, or so much of its limit. It is sent at once, and never overtakes its freeze.

    全部或部分解除，立即发出，但不会先于冻结到达。
    """
    order = await following.order_release(session, acting, hub.keys.vault, freeze_id, demand)
    return await once.answer(202, await summary_of(session, order), location=f"/v1/measures/{order.id}")


@router.post(
    "/transfers",
    summary="提请扣划 · Order a transfer",
    status_code=202,
    response_model=MeasureSummary,
    responses=problems(
        *_ACT,
        ErrorCode.FREEZE_NOT_IN_FORCE,
        ErrorCode.FUNDS_EXEMPT,
        ErrorCode.AMOUNT_BEYOND_HELD,
        ErrorCode.AMOUNT_EXCEEDS_CLAIM,
    ),
)
async def transfer_frozen_money(  # noqa: PLR0913, PLR0917 - as renew_freeze
    freeze_id: UUID,
    demand: TransferDemand,
    acting: ActingDep,
    session: SessionDep,
    hub: HubDep,
    once: OnceDep,
) -> Response:
    """To the court's account: what is in force for this case, never more than is owed; a second officer approves.

    扣划至法院账户：以本案已生效的冻结金额和未履行金额为限；须经审批。
    """
    order = await following.draft_transfer(session, acting, hub.keys.vault, freeze_id, demand)
    return await once.answer(202, await summary_of(session, order), location=f"/v1/measures/{order.id}")


def _view(vault: Vault, freeze: Freeze, codes: Mapping[UUID, str]) -> FreezeView:
    return FreezeView(
        id=freeze.id,
        case_id=freeze.case_id,
        debtor_id=freeze.party_id,
        agency_code=codes[freeze.agency_id],
        order_id=freeze.order_id,
        request_id=freeze.request_id,
        thing=thing_view(freeze.thing_kind, vault.open_text(freeze.identity, "freezes.identity")),
        nature=freeze.nature,
        limit=limit_view(freeze.limit),
        term=freeze.term,
        state=freeze.state,
        state_at=freeze.state_at,
        rank=freeze.rank,
        held=freeze.held,
        balance=freeze.balance,
        expected=freeze.expected,
        currency=freeze.currency,
        transferred=freeze.transferred,
        received_at=freeze.received_at,
        active_at=freeze.active_at,
        ends_at=freeze.ends_at,
        agency_number=freeze.agency_number,
        why_not=freeze.why_not,
        reported_at=freeze.reported_at,
        renewing=freeze.renewing,
        releasing=freeze.releasing,
    )

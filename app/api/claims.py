"""What is owed in a case, and what is frozen against it."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from app.api.bodies import StrictRoute
from app.api.dependencies import ActingDep, HubDep, SessionDep
from app.api.idempotency import OnceDep
from app.api.problems import problems
from app.api.tags import Tag
from app.api.things import Limit, limit_view
from app.errors import ErrorCode
from app.linkage.cases import find_case
from app.linkage.control import settlement
from app.linkage.control.claims import ClaimBook, NewClaimEntry, NewClaimTerms, claim_book
from app.linkage.control.exposure import exposure_of
from app.linkage.control.frozen import held_now
from app.linkage.control.looking import record_look
from app.linkage.control.reading import codes_of
from app.measures.claims import Outstanding
from app.measures.terms import CHINA, day_in_china
from app.measures.words import ThingKind
from app.models.claim import ClaimEntryKind
from app.models.freeze import FreezeState
from app.vocabulary import AuditAction

router = APIRouter(prefix="/v1/cases/{case_id}", tags=[Tag.COURT], route_class=StrictRoute)

_NOON = time(12, tzinfo=CHINA)


class OutstandingView(BaseModel, from_attributes=True):
    """Payments go to costs, interest, principal and the doubled interest, in this order (民法典 §561, 法释〔2014〕8号 §4)."""

    costs: Decimal
    interest: Decimal
    principal: Decimal
    late_interest: Decimal
    total: Decimal
    overpaid: Decimal
    """To be returned."""
    transferred: Decimal
    """Taken from frozen money so far."""


class ClaimEntryView(BaseModel, from_attributes=True):
    id: UUID
    kind: ClaimEntryKind
    amount: Decimal
    booked_on: date
    request_id: UUID | None
    note: str
    created_at: datetime


class ClaimTermsView(BaseModel, from_attributes=True):
    daily_rate: Decimal
    interest_from: date
    late_performance_from: date | None
    late_daily_rate: Decimal
    changed_at: datetime


class ClaimView(BaseModel):
    case_id: UUID
    claim_amount: Decimal
    day: date
    """The day in China for which it is reckoned."""
    outstanding: OutstandingView
    settled: bool
    terms: ClaimTermsView | None
    """Null: no interest runs."""
    entries: list[ClaimEntryView]


class ExposedFreeze(BaseModel):
    freeze_id: UUID
    agency_code: str
    kind: ThingKind
    state: FreezeState
    rank: int | None
    limit: Limit
    held: Decimal | None
    """What it secures now: money held, or what an appraised thing should bring at the lowest reserve price."""
    ends_at: datetime | None
    releasing: bool


class ExposureView(BaseModel):
    case_id: UUID
    owed: OutstandingView
    held: Decimal
    """The sum of what is known."""
    not_secured: Decimal
    """At most this is not secured: freezes of unknown sum are counted as nothing here."""
    surplus: Decimal
    unknown: list[UUID] = Field(description="Freezes whose sum nobody knows · 金额未知的控制措施")
    freezes: list[ExposedFreeze]


@router.get("/claim", summary="未履行金额 · What is owed", responses=problems(ErrorCode.CASE_UNKNOWN))
async def read_claim(
    case_id: UUID,
    acting: ActingDep,
    session: SessionDep,
    day: Annotated[date | None, Query(description="Nothing given: today · 不填为今日")] = None,
) -> ClaimView:
    """Claim, interest and costs less what was paid or taken, on any day. 本金、利息、费用减去已履行部分。"""
    case = await find_case(session, acting, case_id)
    at = acting.at if day is None else datetime.combine(day, _NOON)
    return _claim(case_id, await claim_book(session, case), at)


@router.post(
    "/claim-entries",
    summary="登记履行、费用 · Book a payment or a cost",
    status_code=201,
    response_model=ClaimView,
    responses=problems(
        ErrorCode.CASE_UNKNOWN,
        ErrorCode.CASE_CLOSED,
        ErrorCode.OFFICER_UNKNOWN,
        ErrorCode.OFFICER_NOT_OF_COURT,
    ),
)
async def add_claim_entry(  # noqa: PLR0913, PLR0917 - what a route needs is what FastAPI hands it
    case_id: UUID,
    demand: NewClaimEntry,
    acting: ActingDep,
    session: SessionDep,
    hub: HubDep,
    once: OnceDep,
) -> Response:
    """What is frozen beyond the rest becomes a task at once; a claim that is settled starts the release of everything.

    超出部分即时提示解除；全部履行的，随即启动解除本案全部控制措施。
    """
    await settlement.book(session, acting, hub.keys.vault, case_id, demand)
    case = await find_case(session, acting, case_id)
    return await once.answer(201, _claim(case_id, await claim_book(session, case), acting.at))


@router.put(
    "/claim-terms",
    summary="设定利息 · Say how interest runs",
    responses=problems(
        ErrorCode.CASE_UNKNOWN,
        ErrorCode.CASE_CLOSED,
        ErrorCode.OFFICER_UNKNOWN,
        ErrorCode.OFFICER_NOT_OF_COURT,
    ),
)
async def set_claim_terms(
    case_id: UUID, demand: NewClaimTerms, acting: ActingDep, session: SessionDep, hub: HubDep
) -> ClaimView:
    """Ordinary interest, and the doubled part for late performance (Civil Procedure §264). 一般债务利息和迟延履行利息。"""
    await settlement.change_terms(session, acting, hub.keys.vault, case_id, demand)
    case = await find_case(session, acting, case_id)
    return _claim(case_id, await claim_book(session, case), acting.at)


@router.get(
    "/exposure", summary="控制与标的对照 · Frozen against owed", responses=problems(ErrorCode.CASE_UNKNOWN)
)
async def read_exposure(case_id: UUID, acting: ActingDep, session: SessionDep) -> ExposureView:
    """Freeze by freeze: limit, really held, rank, end; unknown is shown as unknown. The look is recorded.

    逐项列明限额、实际冻结、顺位和期限；未知即为未知；留痕。
    """
    case = await find_case(session, acting, case_id)
    exposure = await exposure_of(session, case, acting.at)
    await record_look(
        session,
        acting,
        AuditAction.FREEZES_READ,
        [freeze.party_id for freeze in exposure.freezes],
        case_number=case.case_number,
    )
    codes = await codes_of(session, {freeze.agency_id for freeze in exposure.freezes})
    return ExposureView(
        case_id=case_id,
        owed=_outstanding(exposure.owed),
        held=exposure.held,
        not_secured=exposure.not_secured,
        surplus=exposure.surplus,
        unknown=exposure.unknown,
        freezes=[
            ExposedFreeze(
                freeze_id=freeze.id,
                agency_code=codes[freeze.agency_id],
                kind=freeze.thing_kind,
                state=freeze.state,
                rank=freeze.rank,
                limit=limit_view(freeze.limit),
                held=None if freeze.state is FreezeState.ORDERED else held_now(freeze),
                ends_at=freeze.ends_at,
                releasing=freeze.releasing,
            )
            for freeze in exposure.freezes
        ],
    )


def _claim(case_id: UUID, book: ClaimBook, at: datetime) -> ClaimView:
    owed = book.owed(at)
    return ClaimView(
        case_id=case_id,
        claim_amount=book.principal,
        day=day_in_china(at),
        outstanding=_outstanding(owed),
        settled=owed.total == 0,
        terms=ClaimTermsView.model_validate(book.terms) if book.terms else None,
        entries=[ClaimEntryView.model_validate(entry) for entry in book.entries],
    )


def _outstanding(owed: Outstanding) -> OutstandingView:
    return OutstandingView.model_validate(owed)

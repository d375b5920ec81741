"""What the court knew at an instant."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from app.api.bodies import StrictRoute
from app.api.dependencies import ActingDep, SessionDep
from app.api.problems import problems
from app.api.tags import Tag
from app.audit.record import record
from app.errors import ErrorCode, Refusal
from app.linkage.callers import entry_of
from app.linkage.cases import find_case
from app.linkage.hindsight import known_at
from app.models.order import OrderStatus
from app.vocabulary import (
    AnswerState,
    AssetKind,
    AuditAction,
    CaseStatus,
    DocumentKind,
    OrderKind,
    PartyRole,
)

router = APIRouter(prefix="/v1/cases", tags=[Tag.AUDIT], route_class=StrictRoute)


class KnownPaperView(BaseModel, from_attributes=True):
    kind: DocumentKind
    document_number: str
    sha256: str
    filed_at: datetime


class KnownOrderView(BaseModel, from_attributes=True):
    id: UUID
    kind: OrderKind
    status: OrderStatus
    created_at: datetime
    decided_at: datetime | None


class KnownRequestView(BaseModel, from_attributes=True):
    id: UUID
    order_id: UUID
    kind: OrderKind
    agency_code: str
    state: str = Field(examples=["acknowledged"])
    since: datetime
    answer_states: tuple[AnswerState, ...]


class KnownAssetView(BaseModel, from_attributes=True):
    id: UUID
    agency_code: str
    kind: AssetKind
    amount: Decimal | None
    currency: str | None
    as_of: datetime
    reported_at: datetime


class KnownFreezeView(BaseModel, from_attributes=True):
    id: UUID
    agency_code: str
    state: str = Field(examples=["in_force"])
    rank: int | None
    held: str | None
    ends_at: str | None
    since: datetime


class KnownView(BaseModel, from_attributes=True):
    """A case as it stood on record then. It names nobody. 案件在该时点的状态，不含个人信息。"""

    instant: datetime
    case_number: str
    status: CaseStatus
    parties: dict[PartyRole, int]
    papers: tuple[KnownPaperView, ...]
    orders: tuple[KnownOrderView, ...]
    requests: tuple[KnownRequestView, ...]
    assets: tuple[KnownAssetView, ...]
    freezes: tuple[KnownFreezeView, ...]
    entries: int
    last_index: int | None = Field(description="Verify the audit log up to here to have proof of it")


@router.get(
    "/{case_id}/known-at",
    summary="当时所知 · What was known at an instant",
    responses=problems(ErrorCode.CASE_UNKNOWN),
)
async def read_known_at(
    case_id: UUID, instant: Annotated[AwareDatetime, Query()], acting: ActingDep, session: SessionDep
) -> KnownView:
    """Orders, answers, assets and freezes as the court knew them then. 还原法院在某一时点所掌握的情况。"""
    case = await find_case(session, acting, case_id)
    known = await known_at(session, case, min(instant, acting.at))
    if known is None:
        raise Refusal(ErrorCode.CASE_UNKNOWN)
    looked = entry_of(
        acting,
        AuditAction.CASE_READ,
        case_number=case.case_number,
        detail={"as_known_at": known.instant.isoformat()},
    )
    await record(session, [looked])
    return KnownView.model_validate(known)

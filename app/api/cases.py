"""Cases: registered with their parties in one call, listed, read, closed."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import Response

from app.api.bodies import StrictRoute
from app.api.dependencies import ActingDep, HubDep, SessionDep
from app.api.idempotency import OnceDep
from app.api.paging import Page, PageDep, newest_first
from app.api.parties import PartyView, party_view
from app.api.problems import problems
from app.api.tags import Tag
from app.errors import ErrorCode
from app.linkage import cases, parties
from app.linkage.control.releasing import release_everything
from app.linkage.fields import Money
from app.linkage.locating.ending import call_off
from app.models import Case
from app.vocabulary import AuditAction, CaseStatus

router = APIRouter(prefix="/v1/cases", tags=[Tag.COURT], route_class=StrictRoute)


class CaseSummary(BaseModel, from_attributes=True):
    id: UUID
    case_number: str
    """Normalised: full-width brackets, without a paper's suffix."""
    case_number_given: str
    type_code: str
    cause: str
    legal_basis: str
    claim_amount: Money
    status: CaseStatus
    officer_id: UUID
    opened_on: date
    closed_at: datetime | None
    closed_reason: str | None
    created_at: datetime


class CaseView(CaseSummary):
    parties: list[PartyView] = []


@router.post(
    "",
    summary="登记案件 · Register a case",
    status_code=201,
    response_model=CaseView,
    responses=problems(
        ErrorCode.CASE_NUMBER_MALFORMED,
        ErrorCode.CERTIFICATE_INVALID,
        ErrorCode.CERTIFICATE_REQUIRED,
        ErrorCode.OFFICER_UNKNOWN,
        ErrorCode.OFFICER_NOT_OF_COURT,
        ErrorCode.CASE_EXISTS,
        ErrorCode.CONFLICT,
    ),
)
async def register_case(
    demand: cases.NewCase, acting: ActingDep, session: SessionDep, hub: HubDep, once: OnceDep
) -> Response:
    """Register a case of this court with its debtors and creditors, all or nothing. 登记本院案件及其当事人。

    The answer shows names and numbers masked. 返回内容中姓名和证件号码已脱敏。
    """
    vault = hub.keys.vault
    case, members = await cases.register_case(session, acting, vault, demand)
    view = _view(case, [party_view(vault, party) for party in members])
    return await once.answer(201, view, location=f"/v1/cases/{case.id}")


@router.get(
    "",
    summary="案件列表 · List cases",
    responses=problems(ErrorCode.CURSOR_INVALID),
)
async def list_cases(  # noqa: PLR0913, PLR0917 - one parameter for each filter
    acting: ActingDep,
    session: SessionDep,
    page: PageDep,
    status: Annotated[CaseStatus | None, Query()] = None,
    officer: Annotated[str | None, Query(max_length=200, description="工作证编号 work permit")] = None,
    opened_from: Annotated[date | None, Query()] = None,
    opened_to: Annotated[date | None, Query()] = None,
) -> Page[CaseSummary]:
    """This court's cases, newest first, without their parties. 本院案件，按登记时间倒序，不含当事人。"""
    wanted = cases.CaseFilter(status, officer, opened_from, opened_to)
    rows, following = await newest_first(session, cases.select_cases(acting, wanted), Case.id, page)
    return Page(items=[CaseSummary.model_validate(case) for case in rows], next=following)


@router.get(
    "/{case_id}",
    summary="案件详情 · Read a case",
    responses=problems(ErrorCode.CASE_UNKNOWN),
)
async def read_case(case_id: UUID, acting: ActingDep, session: SessionDep, hub: HubDep) -> CaseView:
    """A case with its parties, masked; the look is recorded for each of them. 查看案件及当事人（脱敏），留痕。"""
    case = await cases.find_case(session, acting, case_id)
    members = await parties.parties_of(session, case.id)
    await parties.record_read(session, acting, case, members, AuditAction.CASE_READ)
    return _view(case, [party_view(hub.keys.vault, party) for party in members])


@router.post(
    "/{case_id}/closure",
    summary="结案 · Close a case",
    status_code=201,
    response_model=CaseSummary,
    responses=problems(ErrorCode.CASE_UNKNOWN, ErrorCode.CASE_CLOSED, ErrorCode.DOCUMENT_MISSING),
)
async def close_case(  # noqa: PLR0913, PLR0917 - what a route needs is what FastAPI hands it
    case_id: UUID,
    closing: cases.Closing,
    acting: ActingDep,
    session: SessionDep,
    hub: HubDep,
    once: OnceDep,
) -> Response:
    """A closed case allows nothing any more; what is frozen in it is released, who is looked for is called off.

    结案后不得查询，也不得增加当事人或文书；本案全部控制措施随即解除，全部布控随即撤销。
    """
    case = await cases.find_case(session, acting, case_id, lock=True)
    await release_everything(session, acting, hub.keys.vault, case, closing.reason)
    await cases.close_case(session, acting, case, closing)
    await call_off(session, acting, case)
    return await once.answer(201, CaseSummary.model_validate(case))


def _view(case: Case, members: list[PartyView]) -> CaseView:
    return CaseView.model_validate(case).model_copy(update={"parties": members})

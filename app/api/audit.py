"""The audit log, searched. Persons and cases are named in a body, never in a URL, which proxies write down."""

import struct
from datetime import UTC, datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field, model_validator
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.bodies import StrictRoute
from app.api.dependencies import CallerDep, HubDep, SessionDep
from app.api.paging import MOST, Page, PageDep, PageQuery, cursor, read_cursor
from app.api.problems import problems
from app.api.tags import Tag
from app.audit.record import record
from app.audit.search import FoundEntry, Position, search
from app.audit.selection import Selection
from app.audit.witness_policy import standing, witnesses
from app.crypto import Vault
from app.errors import ErrorCode, FieldError, Refusal
from app.identifiers import CaseNumber, CaseNumberError, CertificateError, check_certificate
from app.linkage.callers import Caller, Facts, entry_of
from app.linkage.fields import Demand, Line
from app.linkage.subjects import certificate_index
from app.measures.terms import day_in_china
from app.vocabulary import AuditAction, CertificateType

router = APIRouter(prefix="/v1/audit", tags=[Tag.AUDIT], route_class=StrictRoute)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class ActorView(BaseModel, from_attributes=True):
    kind: str
    id: str


class AuditEntryView(BaseModel, from_attributes=True):
    """One deed. The person appears as a keyed digest only. 当事人仅以密钥摘要出现。"""

    entry_id: UUID
    recorded_at: datetime
    action: str
    actor: ActorView
    court_code: str | None
    officer: str | None
    case_number: str | None
    purpose: str | None
    subject_index: str | None = Field(description="Hex")
    agency_code: str | None
    order_id: UUID | None
    request_id: UUID | None
    message_id: UUID | None
    digests: dict[str, str]
    correlation_id: str | None
    outcome: str | None
    detail: dict[str, str]
    index: int | None
    """Its place in the signed log; null for the moment until it is numbered."""


class AuditSearch(Demand):
    """All conditions hold together."""

    case_number: Annotated[str, Field(min_length=1, max_length=80)] | None = Field(default=None, repr=False)
    certificate_type: CertificateType | None = None
    certificate_number: Annotated[str, Field(min_length=1, max_length=60)] | None = Field(
        default=None, repr=False
    )
    officer: Line | None = None
    agency_code: Line | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    after: Annotated[str, Field(max_length=120)] | None = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = 50
    purpose: Annotated[Line, Field(examples=["信访核查"])]
    """Why the log is searched; it becomes part of the log."""

    @model_validator(mode="after")
    def _type_and_number(self) -> Self:
        if (self.certificate_type is None) != (self.certificate_number is None):
            raise ValueError("give certificate_type and certificate_number together")
        return self


@router.get(
    "/entries", summary="审计日志列表 · List audit entries", responses=problems(ErrorCode.CURSOR_INVALID)
)
async def list_audit_entries(  # noqa: PLR0913, PLR0917 - one parameter for each filter
    caller: CallerDep,
    session: SessionDep,
    page: PageDep,
    officer: Annotated[str | None, Query(max_length=200, description="工作证编号 work permit")] = None,
    agency_code: Annotated[str | None, Query(max_length=60)] = None,
    since: Annotated[AwareDatetime | None, Query()] = None,
    until: Annotated[AwareDatetime | None, Query()] = None,
) -> Page[AuditEntryView]:
    """Newest first; a court sees its own. By person or case: `POST /v1/audit/searches`. 按时间倒序；法院仅见本院记录。"""
    selection = Selection(
        court_code=caller.court_code, officer=officer, agency_code=agency_code, since=since, until=until
    )
    return await _found(session, caller, selection, page, purpose=None)


@router.post(
    "/searches",
    summary="检索审计日志 · Search the audit log",
    responses=problems(
        ErrorCode.CASE_NUMBER_MALFORMED, ErrorCode.CERTIFICATE_INVALID, ErrorCode.CURSOR_INVALID
    ),
)
async def search_audit_entries(
    wanted: AuditSearch, caller: CallerDep, session: SessionDep, hub: HubDep
) -> Page[AuditEntryView]:
    """Who looked at this person, or acted in this case, and why. 谁查询过此人、此案，理由为何。检索本身留痕。"""
    selection = Selection(
        court_code=caller.court_code,
        case_number=_case_number(wanted.case_number),
        subject_index=_subject_index(wanted, hub.keys.vault, caller.at),
        officer=wanted.officer,
        agency_code=wanted.agency_code,
        since=wanted.since,
        until=wanted.until,
    )
    page = PageQuery(wanted.after, wanted.limit)
    return await _found(session, caller, selection, page, purpose=wanted.purpose)


class WitnessView(BaseModel, from_attributes=True):
    """One witness of the log, and what came of asking it last. 见证方及最近一次见证情况。"""

    name: str
    url: str
    size: int = Field(description="Entries in the tree that it cosigned last")
    cosigned_at: datetime | None
    asked_at: datetime
    failure: str | None = Field(
        description="Null when it cosigned; `contradicts` and `ahead` mean: it knows a history that is not this one"
    )


class WitnessList(BaseModel):
    """`witnessed` is false when new coercive orders are refused for want of witnesses. 见证总体情况。"""

    configured: bool
    witnessed: bool
    witnessed_size: int | None
    witnessed_at: datetime | None
    items: list[WitnessView]


@router.get("/witnesses", summary="见证方 · Witnesses")
async def list_witnesses(caller: CallerDep, session: SessionDep) -> WitnessList:
    """Who cosigns the log, who is missing, and whether it is enough. 各见证方状态、缺失者及是否达到要求。"""
    found = await standing(session)
    return WitnessList(
        configured=found is not None,
        witnessed=found is None or found.is_witnessed(caller.at),
        witnessed_size=found.witnessed_size if found else None,
        witnessed_at=found.witnessed_at if found else None,
        items=[WitnessView.model_validate(one) for one in await witnesses(session)],
    )


async def _found(
    session: AsyncSession, caller: Caller, selection: Selection, page: PageQuery, *, purpose: str | None
) -> Page[AuditEntryView]:
    after = None if page.after is None else _position(page.after)
    found = await search(session, selection, after=after, limit=page.limit + 1)
    shown = found[: page.limit]
    facts: Facts = {"detail": {"found": str(len(shown))}}
    if purpose is not None:
        facts["purpose"] = purpose
    if selection.case_number is not None:
        facts["case_number"] = selection.case_number
    if selection.subject_index is not None:
        facts["subject_index"] = selection.subject_index
    entry = entry_of(caller, AuditAction.AUDIT_SEARCHED, **facts)
    await record(session, [entry])
    following = _cursor(shown[-1].position) if len(found) > page.limit else None
    return Page(items=[_view(one) for one in shown], next=following)


def _view(found: FoundEntry) -> AuditEntryView:
    entry = found.entry
    return AuditEntryView(
        entry_id=entry.entry_id,
        recorded_at=entry.recorded_at,
        action=entry.action,
        actor=ActorView.model_validate(entry.actor),
        court_code=entry.court_code,
        officer=entry.officer,
        case_number=entry.case_number,
        purpose=entry.purpose,
        subject_index=entry.subject_index.hex() if entry.subject_index else None,
        agency_code=entry.agency_code,
        order_id=entry.order_id,
        request_id=entry.request_id,
        message_id=entry.message_id,
        digests=dict(entry.digests),
        correlation_id=entry.correlation_id,
        outcome=entry.outcome,
        detail=dict(entry.detail),
        index=found.index,
    )


def _case_number(given: str | None) -> str | None:
    if given is None:
        return None
    try:
        return str(CaseNumber.parse(given).case)
    except CaseNumberError as error:
        finding = error.finding
        raise Refusal(
            ErrorCode.CASE_NUMBER_MALFORMED,
            FieldError("/case_number", finding.code, finding.en, finding.zh),
        ) from None


def _subject_index(wanted: AuditSearch, vault: Vault, now: datetime) -> bytes | None:
    if wanted.certificate_type is None or wanted.certificate_number is None:
        return None
    try:
        checked = check_certificate(
            wanted.certificate_type, wanted.certificate_number, today=day_in_china(now)
        )
    except CertificateError as error:
        finding = error.finding
        raise Refusal(
            ErrorCode.CERTIFICATE_INVALID,
            FieldError("/certificate_number", finding.code, finding.en, finding.zh),
        ) from None
    return certificate_index(vault, checked.certificate_type, checked.normalised)


def _cursor(position: Position) -> str:
    microseconds = (position.recorded_at - _EPOCH) // _MICROSECOND
    return cursor(struct.pack(">q", microseconds) + position.entry_id.bytes)


def _position(text: str) -> Position:
    raw = read_cursor(text, 24)
    (microseconds,) = struct.unpack(">q", raw[:8])
    try:
        return Position(_EPOCH + microseconds * _MICROSECOND, UUID(bytes=raw[8:]))
    except OverflowError:
        return Position(_EPOCH, UUID(bytes=raw[8:]))

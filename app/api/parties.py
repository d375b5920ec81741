"""Parties of a case: masked for everybody, unmasked for a reason."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from app.api.bodies import StrictRoute
from app.api.dependencies import ActingDep, HubDep, SessionDep
from app.api.idempotency import OnceDep
from app.api.problems import problems
from app.api.tags import Tag
from app.crypto import Vault
from app.errors import ErrorCode
from app.linkage import parties
from app.linkage.cases import find_case
from app.linkage.courts import find_officer
from app.masking import mask_name, mask_number
from app.models import Party
from app.vocabulary import AuditAction, CertificateType, PartyKind, PartyRole

router = APIRouter(prefix="/v1/cases/{case_id}/parties", tags=[Tag.COURT], route_class=StrictRoute)


class PartyView(BaseModel):
    id: UUID
    role: PartyRole
    kind: PartyKind
    name: str = Field(examples=["谢**"])
    certificate_type: CertificateType
    certificate_number: str = Field(examples=["4114**********0012"])
    created_at: datetime


class PartyList(BaseModel):
    items: list[PartyView]


@router.post(
    "",
    summary="增加当事人 · Add a party",
    status_code=201,
    response_model=PartyView,
    responses=problems(
        ErrorCode.CASE_UNKNOWN,
        ErrorCode.CASE_CLOSED,
        ErrorCode.CERTIFICATE_INVALID,
        ErrorCode.CERTIFICATE_REQUIRED,
        ErrorCode.NAME_MISMATCH,
        ErrorCode.CONFLICT,
    ),
)
async def add_party(  # noqa: PLR0913, PLR0917 - what a route needs is what FastAPI hands it
    case_id: UUID,
    demand: parties.NewParty,
    acting: ActingDep,
    session: SessionDep,
    hub: HubDep,
    once: OnceDep,
) -> Response:
    """Add a debtor or creditor to an open case. 为未结案件增加被执行人或申请执行人。"""
    case = await find_case(session, acting, case_id, lock=True)
    party = await parties.add_party(session, acting, case, hub.keys.vault, demand)
    return await once.answer(
        201, party_view(hub.keys.vault, party), location=f"/v1/cases/{case_id}/parties/{party.id}"
    )


@router.get("", summary="当事人列表 · List parties", responses=problems(ErrorCode.CASE_UNKNOWN))
async def list_parties(case_id: UUID, acting: ActingDep, session: SessionDep, hub: HubDep) -> PartyList:
    """All parties of a case, masked; the look is recorded for each. 全部当事人（脱敏），逐人留痕。"""
    case = await find_case(session, acting, case_id)
    members = await parties.parties_of(session, case.id)
    await parties.record_read(session, acting, case, members, AuditAction.PARTY_READ)
    return PartyList(items=[party_view(hub.keys.vault, party) for party in members])


@router.get(
    "/{party_id}",
    summary="当事人详情 · Read a party",
    responses=problems(ErrorCode.CASE_UNKNOWN, ErrorCode.NOT_FOUND),
)
async def read_party(
    case_id: UUID, party_id: UUID, acting: ActingDep, session: SessionDep, hub: HubDep
) -> PartyView:
    """One party, masked. 单个当事人（脱敏），留痕。"""
    case = await find_case(session, acting, case_id)
    party = await parties.find_party(session, case, party_id)
    await parties.record_read(session, acting, case, [party], AuditAction.PARTY_READ)
    return party_view(hub.keys.vault, party)


@router.post(
    "/{party_id}/disclosure",
    summary="查看完整身份 · See a party unmasked",
    responses=problems(
        ErrorCode.CASE_UNKNOWN,
        ErrorCode.NOT_FOUND,
        ErrorCode.OFFICER_UNKNOWN,
        ErrorCode.OFFICER_NOT_OF_COURT,
    ),
)
async def disclose_party(  # noqa: PLR0913, PLR0917 - as add_party
    case_id: UUID,
    party_id: UUID,
    disclosure: parties.Disclosure,
    acting: ActingDep,
    session: SessionDep,
    hub: HubDep,
) -> PartyView:
    """Name and number in full, for an officer who says why; officer and reason stay in the audit log.

    显示完整姓名和证件号码；须写明查看人和理由，永久留痕。
    """
    case = await find_case(session, acting, case_id)
    party = await parties.find_party(session, case, party_id)
    await find_officer(session, acting.court_id, disclosure.officer)
    await parties.disclose(session, acting, case, party, disclosure)
    return _view(party, parties.identity_of(hub.keys.vault, party))


def party_view(vault: Vault, party: Party) -> PartyView:
    """Masked."""
    identity = parties.identity_of(vault, party)
    return _view(party, parties.Identity(mask_name(identity.name), mask_number(identity.number)))


def _view(party: Party, shown: parties.Identity) -> PartyView:
    return PartyView(
        id=party.id,
        role=party.role,
        kind=party.kind,
        name=shown.name,
        certificate_type=party.certificate_type,
        certificate_number=shown.number,
        created_at=party.created_at,
    )

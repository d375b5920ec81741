"""Orders as agencies get them: each with its mandate, so that an agency can see why it may and must act."""

from collections.abc import Collection
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import any_, select
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.adapters.contract import (
    AgencyOrder,
    AssetQueryOrder,
    Certificate,
    DocumentReference,
    LookOutOrder,
    Mandate,
    MeasureOrder,
    OfficerCredentials,
    QueryScope,
    Subject,
)
from app.crypto import SealBroken, Vault
from app.database import given_ids
from app.identifiers import check_certificate
from app.linkage.control.contents import open_content, open_look_out
from app.measures.terms import day_in_china
from app.models import Agency, AgencyRequest, Case, Court, Document, Officer, Order, Party
from app.vocabulary import LOOK_OUTS, AssetKind

SEAL_BROKEN = "seal_broken"
_Approver = aliased(Officer)


async def load_orders(
    session: AsyncSession, vault: Vault, request_ids: Collection[UUID]
) -> dict[UUID, AgencyOrder | str]:
    """The orders behind these requests, with personal data opened.

    A request whose sealed data does not open gets the reason instead, so that one bad row stops no other (P8).
    """
    rows = (await session.execute(_ORDERS, {"request_ids": list(request_ids)})).all()
    papers = await _documents(session, {document for row in rows for document in row[1].document_ids})
    return {row[0].id: _opened(vault, row, papers) for row in rows}


# Built once, as `app.linkage.matters` does.
_ORDERS = (
    select(AgencyRequest, Order, Case, Court, Officer, _Approver, Party, Agency.code)
    .join(Order, Order.id == AgencyRequest.order_id)
    .join(Case, Case.id == Order.case_id)
    .join(Court, Court.id == Order.court_id)
    .join(Officer, Officer.id == Order.officer_id)
    .outerjoin(_Approver, _Approver.id == Order.approver_id)
    .join(Party, Party.id == AgencyRequest.party_id)
    .join(Agency, Agency.id == AgencyRequest.agency_id)
    .where(AgencyRequest.id == any_(given_ids("request_ids")))
)
_DOCUMENTS = select(
    Document.id,
    Document.kind,
    Document.title,
    Document.document_number,
    Document.media_type,
    Document.size,
    Document.sha256,
).where(Document.id == any_(given_ids("ids")))


async def _documents(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, DocumentReference]:
    rows = await session.execute(_DOCUMENTS, {"ids": list(ids)})
    return {row[0]: DocumentReference(*row[:-1], row.sha256.hex()) for row in rows}


_OrderRow = Row[AgencyRequest, Order, Case, Court, Officer, Officer | None, Party, str]


def _opened(vault: Vault, row: _OrderRow, papers: dict[UUID, DocumentReference]) -> AgencyOrder | str:
    try:
        return _order(vault, row, papers)
    except SealBroken:
        return SEAL_BROKEN


def _order(
    vault: Vault,
    row: _OrderRow,
    papers: dict[UUID, DocumentReference],
) -> AgencyOrder:
    request, order, case, court, officer, approver, party, agency_code = row
    mandate = Mandate(
        court_code=court.code,
        court_name=court.name,
        case_number=case.case_number,
        legal_basis=order.legal_basis,
        purpose=order.purpose,
        officers=tuple(_credentials(one) for one in (officer, approver) if one is not None),
        documents=tuple(papers[document] for document in order.document_ids),
    )
    subject = _subject(vault, party, order.created_at)
    asked_at, due_at = order.created_at.astimezone(UTC), request.due_at.astimezone(UTC)
    if request.content is None:
        scope = _scope(order.scope)
        return AssetQueryOrder(request.id, order.id, agency_code, mandate, subject, scope, asked_at, due_at)
    if request.kind in LOOK_OUTS:
        wanted = open_look_out(vault, request.kind, request.content)
        return LookOutOrder(request.id, order.id, agency_code, mandate, subject, wanted, asked_at, due_at)
    content = open_content(vault, request.kind, request.content)
    return MeasureOrder(request.id, order.id, agency_code, mandate, subject, content, asked_at, due_at)


def _credentials(officer: Officer) -> OfficerCredentials:
    return OfficerCredentials(
        officer.name, officer.work_permit_number, officer.enforcement_permit_number, officer.phone
    )


def _subject(vault: Vault, party: Party, at: datetime) -> Subject:
    number = vault.open_text(party.number, "parties.number")
    checked = check_certificate(party.certificate_type, number, today=day_in_china(at))
    return Subject(
        kind=party.kind,
        name=vault.open_text(party.name, "parties.name"),
        certificate=Certificate(party.certificate_type, checked.normalised, checked.also_known_as),
    )


def _scope(stored: dict[str, Any]) -> QueryScope:
    start, end = stored.get("transactions_from"), stored.get("transactions_to")
    return QueryScope(
        asset_kinds=tuple(AssetKind(kind) for kind in stored.get("asset_kinds", ())),
        transactions_from=date.fromisoformat(start) if start else None,
        transactions_to=date.fromisoformat(end) if end else None,
    )

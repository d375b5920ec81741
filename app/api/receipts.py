"""Receipts of exchanges, for the court whose request it was."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.api.bodies import StrictRoute
from app.api.dependencies import ActingDep, SessionDep
from app.api.problems import problems
from app.api.tags import Tag
from app.audit.record import record
from app.errors import ErrorCode
from app.linkage.callers import Facts, entry_of
from app.linkage.receipts import IssuedReceipt, receipts_of_request
from app.vocabulary import AuditAction

router = APIRouter(prefix="/v1/agency-requests", tags=[Tag.AUDIT], route_class=StrictRoute)


class ReceiptView(BaseModel):
    """One message that passed. `liandong audit verify-receipt` checks it without the hub. 回执可离线核验。"""

    entry_id: UUID
    action: str = Field(examples=["agency_request.sent"])
    recorded_at: datetime
    message_id: UUID | None
    digests: dict[str, str] = Field(description="SHA-256 of the messages that passed, in hex")
    index: int | None
    """Its place in the signed log; null for the moment until it is numbered."""
    witnessed: bool
    """Whether the witnesses cosigned it already; ask again a minute later if not."""
    receipt: str | None = Field(
        description="C2SP tlog-proof, to be saved as a file; null until it is numbered"
    )


class ReceiptList(BaseModel):
    items: list[ReceiptView]


@router.get(
    "/{request_id}/receipts",
    summary="回执 · Receipts of an exchange",
    responses=problems(ErrorCode.NOT_FOUND),
)
async def list_receipts(request_id: UUID, acting: ActingDep, session: SessionDep) -> ReceiptList:
    """Entry, proof, cosigned checkpoint and both signatures of everything that passed. 每次收发一份，含双方签名与见证。"""
    issued = await receipts_of_request(session, acting, request_id)
    facts: Facts = {"request_id": request_id, "detail": {"issued": str(len(issued))}}
    if issued and issued[0].entry.case_number is not None:
        facts["case_number"] = issued[0].entry.case_number
    await record(session, [entry_of(acting, AuditAction.RECEIPT_ISSUED, **facts)])
    return ReceiptList(items=[_view(one) for one in issued])


def _view(issued: IssuedReceipt) -> ReceiptView:
    entry = issued.entry
    return ReceiptView(
        entry_id=entry.entry_id,
        action=entry.action,
        recorded_at=entry.recorded_at,
        message_id=entry.message_id,
        digests=dict(entry.digests),
        index=issued.index,
        witnessed=issued.witnessed,
        receipt=issued.text,
    )

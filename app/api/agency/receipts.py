"""Receipts for agencies: of the messages that they sent, and of those that were sent to them."""

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.api.agency.signed import posted_by, signed_response
from app.api.dependencies import HubDep, SessionDep
from app.api.problems import problems
from app.api.tags import Tag
from app.errors import ErrorCode
from app.linkage.receipts import receipt_of_message

router = APIRouter(prefix="/agency/v1/receipts", tags=[Tag.AGENCY])


@router.get(
    "/{message_id}",
    summary="取回执 · Fetch a receipt",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
        **problems(
            ErrorCode.SIGNATURE_REFUSED,
            ErrorCode.MESSAGE_REPLAYED,
            ErrorCode.NOT_FOUND,
            ErrorCode.UNAVAILABLE,
        ),
    },
)
async def fetch_receipt(message_id: UUID, request: Request, session: SessionDep, hub: HubDep) -> Response:
    """That the message stands in the log, as a C2SP tlog-proof; checked without the hub. 报文入账证明，可离线核验。"""
    parts, sender = await posted_by(request, session, hub)
    text = await receipt_of_message(session, sender, message_id)
    return signed_response(hub, parts, Response(text, media_type="text/plain"))

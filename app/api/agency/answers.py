"""Answers and acknowledgements that agencies post: signed, stored raw, de-duplicated, applied once (P9, P11)."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.adapters.liandong.wire import ReceiptMessage
from app.api.agency.signed import posted_by, signed_response
from app.api.dependencies import HubDep, SessionDep
from app.api.problems import problem, problems
from app.api.tags import Tag
from app.errors import ErrorCode, MalformedAnswer
from app.linkage.agency_messages import Posted, take
from app.linkage.messages import Fate, Receipt

router = APIRouter(prefix="/agency/v1", tags=[Tag.AGENCY])

_REFUSED = {Fate.FOREIGN: ErrorCode.NOT_THE_ADDRESSEE, Fate.CONFLICT: ErrorCode.MESSAGE_CONFLICT}


@router.post(
    "/answers",
    summary="回传答复 · Post an answer",
    response_model=ReceiptMessage,
    responses=problems(
        ErrorCode.SIGNATURE_REFUSED,
        ErrorCode.MESSAGE_REPLAYED,
        ErrorCode.MESSAGE_CONFLICT,
        ErrorCode.NOT_THE_ADDRESSEE,
        ErrorCode.MALFORMED_MESSAGE,
    ),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object"}}},
            "description": "An answer or acknowledgement of docs/agency-protocol.md, signed after RFC 9421",
        }
    },
)
async def post_answer(request: Request, session: SessionDep, hub: HubDep) -> Response:
    """200 means durable: the hub will not lose it. Anything else: send again as the protocol says. 200 即已可靠保存。"""
    parts, sender = await posted_by(request, session, hub)
    posted = Posted(request.headers.get("content-type", ""), parts.body, hub.clock.now())
    try:
        receipt = await take(session, hub.keys.vault, sender, posted)
    except MalformedAnswer as error:
        return signed_response(hub, parts, problem(request, ErrorCode.MALFORMED_MESSAGE, detail=error.reason))
    if receipt.fate in _REFUSED:
        # Nothing of it was taken over, but the attempt is recorded: so this commits, and then says no.
        return signed_response(hub, parts, problem(request, _REFUSED[receipt.fate]))
    return signed_response(hub, parts, _receipt(receipt))


def _receipt(receipt: Receipt) -> Response:
    message = ReceiptMessage.model_validate(
        {
            "receipt_id": receipt.receipt_id,
            "message_id": receipt.message_id,
            "received_at": receipt.received_at,
            "sha256": receipt.sha256,
            "disposition": receipt.fate.value,
        }
    )
    return Response(message.model_dump_json(), media_type="application/json")

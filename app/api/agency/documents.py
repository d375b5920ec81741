"""Papers that agencies fetch: those of requests which were sent to them, and no others."""

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.api.agency.signed import posted_by, signed_response
from app.api.dependencies import HubDep, SessionDep
from app.api.problems import problems
from app.api.tags import Tag
from app.errors import ErrorCode
from app.linkage.agency_messages import paper_for

router = APIRouter(prefix="/agency/v1/documents", tags=[Tag.AGENCY])


@router.get(
    "/{document_id}",
    summary="下载文书 · Fetch a paper",
    response_class=Response,
    responses={
        200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}},
        **problems(ErrorCode.SIGNATURE_REFUSED, ErrorCode.MESSAGE_REPLAYED, ErrorCode.NOT_FOUND),
    },
)
async def fetch_document(document_id: UUID, request: Request, session: SessionDep, hub: HubDep) -> Response:
    """A paper named in a request that was sent to the agency; both sides sign. 已发请求所附文书，双方签名。"""
    parts, sender = await posted_by(request, session, hub)
    document, content = await paper_for(session, hub.keys.vault, sender, document_id, hub.clock.now())
    return signed_response(hub, parts, Response(content, media_type=document.media_type))

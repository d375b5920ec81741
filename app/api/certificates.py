"""Proof that everything was lifted: made on demand, signed, checkable off line."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from app.api.bodies import StrictRoute
from app.api.dependencies import ActingDep, HubDep, SessionDep
from app.api.problems import problems
from app.api.tags import Tag
from app.errors import ErrorCode
from app.linkage.cases import find_case
from app.linkage.control.certificates import issue_certificate

router = APIRouter(
    prefix="/v1/cases/{case_id}/release-certificates", tags=[Tag.COURT], route_class=StrictRoute
)

_DOCUMENT: dict[str, Any] = {
    "content": {"application/json": {"schema": {"type": "object"}}},
    "description": "`liandong certificate verify FILE --key KEY` checks it without the hub · 可离线核验",
}


@router.post(
    "",
    summary="出具解除控制证明 · Issue a certificate of release",
    status_code=201,
    response_class=Response,
    responses={201: _DOCUMENT, **problems(ErrorCode.CASE_UNKNOWN)},
)
async def issue_release_certificate(
    case_id: UUID, acting: ActingDep, session: SessionDep, hub: HubDep
) -> Response:
    """Every effect ever placed in the case and its confirmed lift, and what it cannot know. 逐项列明控制与解除情况。"""
    case = await find_case(session, acting, case_id)
    certificate, document = await issue_certificate(session, acting, hub.keys, case)
    location = f"/v1/cases/{case_id}/release-certificates/{certificate.id}"
    return Response(document, 201, {"Location": location}, "application/json")

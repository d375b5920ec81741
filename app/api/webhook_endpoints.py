"""A court's webhook endpoints."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from app.api.bodies import StrictRoute
from app.api.dependencies import ActingDep, HubDep, SessionDep
from app.api.events import deliveries
from app.api.idempotency import OnceDep
from app.api.problems import problems
from app.api.tags import Tag
from app.errors import ErrorCode
from app.linkage import webhook_endpoints as endpoints
from app.models import WebhookEndpoint
from app.vocabulary import EventType

router = APIRouter(prefix="/v1/webhook-endpoints", tags=[Tag.COURT], route_class=StrictRoute)


class EndpointView(BaseModel, from_attributes=True):
    id: UUID
    url: str
    event_types: list[EventType]
    """Empty means all."""
    active: bool
    failing_since: datetime | None
    disabled_at: datetime | None
    previous_secret_until: datetime | None
    created_at: datetime


class EndpointWithSecret(EndpointView):
    secret: str = Field(repr=False, examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"])
    """Shown this once."""


class EndpointList(BaseModel):
    items: list[EndpointView]


class PingAccepted(BaseModel):
    """The event is announced and on its way."""

    endpoint_id: UUID


@router.post(
    "",
    summary="新建事件接收地址 · Create a webhook endpoint",
    status_code=201,
    response_model=EndpointWithSecret,
    responses=problems(ErrorCode.ADDRESS_REFUSED, ErrorCode.CONFLICT),
    callbacks=deliveries.routes,
)
async def create_webhook_endpoint(
    demand: endpoints.NewWebhookEndpoint, acting: ActingDep, session: SessionDep, hub: HubDep, once: OnceDep
) -> Response:
    """Events of this court are posted there, signed after Standard Webhooks. 本院事件按 Standard Webhooks 签名推送。

    The secret is in this answer and nowhere else. 签名密钥仅显示一次。
    """
    endpoint, secret = await endpoints.create_endpoint(
        session, acting, hub.keys.vault, demand, private=hub.settings.webhook_private_addresses
    )
    return await once.answer(
        201, _with_secret(endpoint, secret), location=f"/v1/webhook-endpoints/{endpoint.id}"
    )


@router.get("", summary="接收地址列表 · List webhook endpoints")
async def list_webhook_endpoints(acting: ActingDep, session: SessionDep) -> EndpointList:
    """All of this court. 本院全部接收地址。"""
    found = await endpoints.endpoints_of(session, acting)
    return EndpointList(items=[EndpointView.model_validate(endpoint) for endpoint in found])


@router.get(
    "/{endpoint_id}",
    summary="接收地址详情 · Read a webhook endpoint",
    responses=problems(ErrorCode.NOT_FOUND),
)
async def read_webhook_endpoint(endpoint_id: UUID, acting: ActingDep, session: SessionDep) -> EndpointView:
    """Whether it is well, and since when not. 状态及连续失败起始时间。"""
    return EndpointView.model_validate(await endpoints.find_endpoint(session, acting, endpoint_id))


@router.patch(
    "/{endpoint_id}",
    summary="修改接收地址 · Change a webhook endpoint",
    responses=problems(ErrorCode.NOT_FOUND),
)
async def change_webhook_endpoint(
    endpoint_id: UUID, change: endpoints.WebhookEndpointChange, acting: ActingDep, session: SessionDep
) -> EndpointView:
    """Choose other events, pause, or enable again. 变更订阅、停用或重新启用。"""
    endpoint = await endpoints.find_endpoint(session, acting, endpoint_id)
    await endpoints.change_endpoint(session, acting, endpoint, change)
    return EndpointView.model_validate(endpoint)


@router.post(
    "/{endpoint_id}/secret-rotations",
    summary="更换签名密钥 · Rotate a webhook secret",
    status_code=201,
    response_model=EndpointWithSecret,
    responses=problems(ErrorCode.NOT_FOUND),
)
async def rotate_webhook_secret(  # noqa: PLR0913, PLR0917 - what a route needs is what FastAPI hands it
    endpoint_id: UUID,
    rotation: endpoints.WebhookSecretRotation,
    acting: ActingDep,
    session: SessionDep,
    hub: HubDep,
    once: OnceDep,
) -> Response:
    """A new secret; deliveries bear both signatures for the hours given. 重叠期内同时使用新旧密钥签名。"""
    endpoint = await endpoints.find_endpoint(session, acting, endpoint_id)
    secret = await endpoints.rotate_secret(session, acting, hub.keys.vault, endpoint, rotation)
    return await once.answer(201, _with_secret(endpoint, secret))


@router.delete(
    "/{endpoint_id}",
    summary="删除接收地址 · Delete a webhook endpoint",
    status_code=204,
    responses=problems(ErrorCode.NOT_FOUND),
)
async def delete_webhook_endpoint(endpoint_id: UUID, acting: ActingDep, session: SessionDep) -> None:
    """Nothing more is posted there; `/v1/events` still tells everything. 不再推送，事件仍可查询。"""
    await endpoints.delete_endpoint(
        session, acting, await endpoints.find_endpoint(session, acting, endpoint_id)
    )


@router.post(
    "/{endpoint_id}/pings",
    summary="测试推送 · Send a test event",
    status_code=202,
    response_model=PingAccepted,
    responses=problems(ErrorCode.NOT_FOUND, ErrorCode.STATE_FORBIDS),
)
async def ping_webhook_endpoint(
    endpoint_id: UUID, acting: ActingDep, session: SessionDep, once: OnceDep
) -> Response:
    """Announces `webhook_endpoint.pinged`, delivered like any event. 产生一个测试事件并照常推送。"""
    await endpoints.ping(session, acting, await endpoints.find_endpoint(session, acting, endpoint_id))
    return await once.answer(202, PingAccepted(endpoint_id=endpoint_id))


def _with_secret(endpoint: WebhookEndpoint, secret: str) -> EndpointWithSecret:
    shown = EndpointView.model_validate(endpoint).model_dump()
    return EndpointWithSecret(**shown, secret=secret)

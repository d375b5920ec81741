"""API clients and their secrets."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.bodies import StrictRoute
from app.api.dependencies import CallerDep, SessionDep
from app.api.idempotency import OnceDep
from app.api.paging import Page, PageDep, newest_first
from app.api.problems import problems
from app.api.tags import Tag
from app.errors import ErrorCode, Refusal
from app.linkage import clients
from app.models import ApiClient
from app.vocabulary import Role

router = APIRouter(prefix="/v1/clients", tags=[Tag.ADMINISTRATION], route_class=StrictRoute)


class ClientView(BaseModel, from_attributes=True):
    id: UUID
    client_id: str
    """The name to log in with."""
    name: str
    role: Role
    court_id: UUID | None
    active: bool
    previous_secret_until: datetime | None
    created_at: datetime


class ClientWithSecret(ClientView):
    client_secret: str = Field(repr=False)
    """Shown this once."""


@router.post("", summary="新建客户端 · Create a client", status_code=201, response_model=ClientWithSecret)
async def create_client(
    demand: clients.NewClient, caller: CallerDep, session: SessionDep, once: OnceDep
) -> Response:
    """A program that may ask for tokens. The secret is in this answer and nowhere else. 密钥仅显示一次。"""
    client, secret = await clients.create_client(session, caller, demand)
    return await once.answer(201, _with_secret(client, secret), location=f"/v1/clients/{client.id}")


@router.get("", summary="客户端列表 · List clients")
async def list_clients(_caller: CallerDep, session: SessionDep, page: PageDep) -> Page[ClientView]:
    """All clients, newest first. 全部客户端。"""
    rows, following = await newest_first(session, select(ApiClient), ApiClient.id, page)
    return Page(items=[ClientView.model_validate(client) for client in rows], next=following)


@router.get("/{client}", summary="客户端详情 · Read a client", responses=problems(ErrorCode.NOT_FOUND))
async def read_client(client: UUID, _caller: CallerDep, session: SessionDep) -> ClientView:
    """One client, by its id. 单个客户端。"""
    return ClientView.model_validate(await _client(session, client))


@router.patch("/{client}", summary="修改客户端 · Change a client", responses=problems(ErrorCode.NOT_FOUND))
async def change_client(
    client: UUID, change: clients.ClientChange, caller: CallerDep, session: SessionDep
) -> ClientView:
    """Rename or deactivate; a deactivated client is refused within a minute. 停用后一分钟内生效。"""
    found = await _client(session, client)
    await clients.change_client(session, caller, found, change)
    return ClientView.model_validate(found)


@router.post(
    "/{client}/secret-rotations",
    summary="更换密钥 · Rotate a client's secret",
    status_code=201,
    response_model=ClientWithSecret,
    responses=problems(ErrorCode.NOT_FOUND),
)
async def rotate_client_secret(
    client: UUID, rotation: clients.SecretRotation, caller: CallerDep, session: SessionDep, once: OnceDep
) -> Response:
    """A new secret; the old one works on for the hours given. 新密钥仅显示一次，旧密钥在重叠期内仍有效。"""
    found = await _client(session, client)
    secret = await clients.rotate_secret(session, caller, found, rotation)
    return await once.answer(201, _with_secret(found, secret))


async def _client(session: AsyncSession, client_id: UUID) -> ApiClient:
    client = await session.get(ApiClient, client_id)
    if client is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    return client


def _with_secret(client: ApiClient, secret: str) -> ClientWithSecret:
    shown = ClientView.model_validate(client).model_dump()
    return ClientWithSecret(**shown, client_secret=secret)

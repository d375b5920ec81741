"""`liandong court|officer|client|agency …`: what the API administers, from the command line of the hub's machine.

The same verbs as behind `/v1`, so the same checks and the same audit entries. The first administrator can only be
made here.
"""

import asyncio
import getpass
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import UUID

import typer
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import schema
from app.clock import SystemClock
from app.database import create_engine, session_factory
from app.errors import TITLES, Refusal
from app.ids import new_id
from app.keys import HUB_KEY_ID, load_keys
from app.linkage import agencies, clients, courts
from app.linkage.callers import Caller
from app.models import Agency, Court
from app.settings import Settings
from app.vocabulary import ActorKind, AgencyKind, OfficerRole, Role

T = TypeVar("T")
_COMMAND_LINE = UUID(int=0)
"""The command line is no client; entries name its operating-system user instead."""

court = typer.Typer(no_args_is_help=True, help="法院 / Courts")
officer = typer.Typer(no_args_is_help=True, help="执行人员 / Officers")
client = typer.Typer(no_args_is_help=True, help="接口客户端 / API clients")
agency = typer.Typer(no_args_is_help=True, help="协助执行单位 / Agencies")

Code = Annotated[str, typer.Option(help="代码 / code")]
Name = Annotated[str, typer.Option(help="名称 / name")]


@court.command("add")
def add_court(code: Code, name: Name) -> None:
    """登记法院 / Register a court, e.g. --code 豫1424."""

    async def add(session: AsyncSession, caller: Caller) -> UUID:
        return (await courts.create_court(session, caller, courts.NewCourt(code=code, name=name))).id

    typer.echo(_run(add))


@officer.command("add")
def add_officer(  # noqa: PLR0913, PLR0917 - one option for each fact
    court_code: Annotated[str, typer.Option("--court", help="法院代字 / court code")],
    name: Name,
    work_permit: Annotated[str, typer.Option(help="工作证编号 / work permit")],
    enforcement_permit: Annotated[str, typer.Option(help="执行公务证编号 / enforcement permit")],
    phone: Annotated[str | None, typer.Option(help="电话 / phone")] = None,
    role: Annotated[OfficerRole, typer.Option(help="角色 / role")] = OfficerRole.ENFORCEMENT_OFFICER,
) -> None:
    """登记执行人员 / Enrol an officer."""

    async def add(session: AsyncSession, caller: Caller) -> UUID:
        demand = courts.NewOfficer(
            court_id=await _court_id(session, court_code),
            name=name,
            work_permit_number=work_permit,
            enforcement_permit_number=enforcement_permit,
            phone=phone,
            role=role,
        )
        return (await courts.enrol_officer(session, caller, demand)).id

    typer.echo(_run(add))


@client.command("add")
def add_client(
    name: Name,
    role: Annotated[Role, typer.Option(help="角色 / role")] = Role.COURT,
    court_code: Annotated[str | None, typer.Option("--court", help="法院代字 / court code")] = None,
) -> None:
    """新建接口客户端；密钥只显示这一次 / Make an API client; its secret is shown this once."""
    client_id, secret = make_client(Settings(), name, role, court_code)
    typer.echo(f"client_id     {client_id}\nclient_secret {secret}")


def make_client(settings: Settings, name: str, role: Role, court_code: str | None = None) -> tuple[str, str]:
    """Client id and secret."""

    async def add(session: AsyncSession, caller: Caller) -> tuple[str, str]:
        court_id = await _court_id(session, court_code) if court_code else None
        made, secret = await clients.create_client(
            session, caller, clients.NewClient(name=name, role=role, court_id=court_id)
        )
        return made.client_id, secret

    return _run(add, settings)


@agency.command("add")
def add_agency(  # noqa: PLR0913, PLR0917 - one option for each fact
    code: Code,
    name: Name,
    kind: Annotated[AgencyKind, typer.Option(help="种类 / kind")],
    endpoint: Annotated[str, typer.Option(help="接口地址 / address of its interface")],
    key_id: Annotated[str, typer.Option(help="公钥编号 / id of its public key")],
    public_key: Annotated[
        Path, typer.Option(exists=True, help="公钥文件（PEM） / its public key, a PEM file")
    ],
    dialect: Annotated[str, typer.Option(help="报文方言 / dialect")] = "liandong-1",
    transport: Annotated[str, typer.Option(help="传输方式 / transport")] = "http",
    settings_file: Annotated[
        Path | None,
        typer.Option("--settings", exists=True, help="其他配置（JSON） / other settings, a JSON file"),
    ] = None,
) -> None:
    """登记协助执行单位 / Register an agency. 使用已有方言的单位只需这一条命令 / A known protocol needs nothing else."""
    given = json.loads(settings_file.read_text()) if settings_file else {}

    async def add(session: AsyncSession, caller: Caller) -> UUID:
        demand = agencies.NewAgency.model_validate(
            {
                "code": code,
                "name": name,
                "kind": kind,
                "dialect": dialect,
                "transport": transport,
                "settings": {**given, "endpoint": endpoint},
                "keys": [{"key_id": key_id, "public_key": public_key.read_text()}],
            }
        )
        return (await agencies.create_agency(session, caller, demand)).id

    typer.echo(_run(add))


@agency.command("list")
def list_agencies() -> None:
    """协助执行单位列表 / All agencies."""

    async def listing(session: AsyncSession, _caller: Caller) -> list[str]:
        rows = await session.scalars(select(Agency).order_by(Agency.code))
        return [
            f"{row.code}\t{row.kind}\t{row.dialect}\t{'active' if row.active else 'inactive'}\t{row.name}"
            for row in rows
        ]

    for line in _run(listing):
        typer.echo(line)


@agency.command("add-key")
def add_key(
    code: Code,
    key_id: Annotated[str, typer.Option(help="公钥编号 / id of the key")],
    public_key: Annotated[Path, typer.Option(exists=True, help="公钥文件（PEM） / a PEM file")],
) -> None:
    """增加公钥，新旧并行 / Add a key beside the present ones, so that they overlap."""

    async def add(session: AsyncSession, caller: Caller) -> UUID:
        found = await agencies.find_agency(session, code, lock=True)
        demand = agencies.NewAgencyKey(key_id=key_id, public_key=public_key.read_text())
        return (await agencies.add_key(session, caller, found, demand)).id

    typer.echo(_run(add))


@agency.command("revoke-key")
def revoke_key(code: Code, key_id: Annotated[str, typer.Option(help="公钥编号 / id of the key")]) -> None:
    """吊销公钥，数秒内生效 / Revoke a key; dead within seconds."""

    async def revoke(session: AsyncSession, caller: Caller) -> None:
        found = await agencies.find_agency(session, code, lock=True)
        await agencies.revoke_key(session, caller, found, key_id)

    _run(revoke)


def hub_public_keys(settings: Settings | None = None) -> dict[str, str]:
    """The keys (PEM) by which agencies verify what the hub signs."""
    public = load_keys(settings or Settings()).signing.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return {HUB_KEY_ID: pem}


async def _court_id(session: AsyncSession, code: str) -> UUID:
    court_id = await session.scalar(select(Court.id).where(Court.code == code))
    if court_id is None:
        raise typer.BadParameter(f"未登记的法院 / no such court: {code}")
    return court_id


def _run(work: Callable[[AsyncSession, Caller], Awaitable[T]], settings: Settings | None = None) -> T:
    """One command, one transaction. A refusal is told in words, without a trace."""
    try:
        return asyncio.run(_in_transaction(settings or Settings(), work))
    except Refusal as refusal:
        title = TITLES[refusal.code]
        lines = [f"{refusal.code}: {title.zh} / {title.en} {refusal.detail}"]
        lines += [f"  {field.field}: {field.zh} / {field.en}" for field in refusal.fields]
    except ValidationError as error:
        lines = ["内容不合要求 / not valid"]
        lines += [
            f"  {'/'.join(map(str, one['loc']))}: {one['msg']}"
            for one in error.errors(include_input=False, include_url=False)
        ]
    typer.echo("\n".join(lines), err=True)
    raise typer.Exit(1)


async def _in_transaction(settings: Settings, work: Callable[[AsyncSession, Caller], Awaitable[T]]) -> T:
    async with schema.open_database(settings) as url:
        engine = create_engine(url, pool_size=1)
        try:
            async with session_factory(engine).begin() as session:
                return await work(session, _caller())
        finally:
            await engine.dispose()


def _caller() -> Caller:
    return Caller(
        client_id=_COMMAND_LINE,
        client_name=getpass.getuser(),
        role=Role.ADMINISTRATOR,
        court_id=None,
        court_code=None,
        correlation_id=new_id().hex,
        at=SystemClock().now(),
        kind=ActorKind.COMMAND_LINE,
    )

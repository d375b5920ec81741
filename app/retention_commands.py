"""`liandong hold …`: what keeps the personal data of a case from expiring, from the command line of the hub's machine."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import schema
from app.audit.entry import Actor
from app.case_arguments import CaseArgument, CourtCode, named_case
from app.clock import SystemClock
from app.crypto import SealExpired
from app.database import create_engine, session_factory
from app.identifiers import CaseNumberError
from app.linkage.retention import lift_hold, place_hold
from app.models import Case, CaseRetention, LegalHold
from app.settings import Settings
from app.vocabulary import ActorKind

commands = typer.Typer(
    no_args_is_help=True, help="保全：暂停个人信息到期销毁 / Legal holds: data that must not expire"
)

Reason = Annotated[str, typer.Option(help="理由，记入日志 / why; it goes into the log")]


@commands.command("place")
def place(case: CaseArgument, court: CourtCode, reason: Reason) -> None:
    """设置保全 / Keep the data of a case, whatever the schedule says."""

    async def put(session: AsyncSession, found: Case) -> str:
        hold = await place_hold(session, _who(), found, reason, SystemClock().now())
        return f"{hold.id}"

    typer.echo(_with_case(case, court, put))


@commands.command("lift")
def lift(case: CaseArgument, court: CourtCode, reason: Reason) -> None:
    """解除保全 / Lift all holds on a case; the schedule applies again."""

    async def end(session: AsyncSession, found: Case) -> str:
        count = await lift_hold(session, _who(), found, reason, SystemClock().now())
        return f"已解除 / lifted: {count}"

    typer.echo(_with_case(case, court, end))


@commands.command("show")
def show(case: CaseArgument, court: CourtCode) -> None:
    """显示到期和保全情况 / When the data of a case expire, and what holds them."""

    async def tell(session: AsyncSession, found: Case) -> str:
        kept = await session.get(CaseRetention, found.id)
        holds = await session.scalars(
            select(LegalHold).where(LegalHold.case_id == found.id).order_by(LegalHold.placed_at)
        )
        lines = [
            "平台密钥，未定到期 / the hub's own key, no expiry set"
            if kept is None
            else f"密钥 / key: {kept.key_id}"
        ]
        if kept is not None and kept.expired_at is not None:
            lines.append(f"已销毁 / expired: {kept.expired_at.isoformat()}")
        lines += [
            f"保全 / hold: {hold.placed_at.isoformat()} {hold.placed_by}: {hold.reason}"
            + (f"（已解除 / lifted {hold.lifted_at.isoformat()}）" if hold.lifted_at else "")
            for hold in holds
        ]
        return "\n".join(lines)

    typer.echo(_with_case(case, court, tell))


def _who() -> Actor:
    return Actor(ActorKind.COMMAND_LINE, getpass.getuser())


def _with_case(number: str, court_code: str, act: Callable[[AsyncSession, Case], Awaitable[str]]) -> str:
    async def run() -> str:
        settings = Settings()
        async with schema.open_database(settings) as url:
            engine = create_engine(url, pool_size=1)
            try:
                async with session_factory(engine).begin() as session:
                    return await act(session, await named_case(session, number, court_code))
            finally:
                await engine.dispose()

    try:
        return asyncio.run(run())
    except CaseNumberError as error:
        raise typer.BadParameter(str(error)) from None
    except SealExpired as error:
        typer.echo("个人信息已到期销毁 / The data have expired already.", err=True)
        raise typer.Exit(1) from error

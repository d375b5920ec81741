"""`liandong`: the commands, put together."""

import asyncio
import json
import signal
import time
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
import uvloop

from app import administration, schema
from app.adapters.scaffold import create as create_dialect
from app.adapters.signing_keys import load_public_key
from app.audit.certificate import NotCertified, open_certificate
from app.audit.commands import audit_commands
from app.audit.witness_commands import commands as witness_commands
from app.clock import SystemClock
from app.dispatch.service import run_worker
from app.inspection_commands import add_to as add_inspections_to
from app.keys import new_keys
from app.launcher import Launcher
from app.linkage.subjects import certificate_index
from app.logs import configure_logging
from app.memory import settle_memory
from app.retention_commands import commands as hold_commands
from app.sandbox.demo import Demo
from app.sandbox.demo_steps import DemoFailed
from app.sandbox.fleet import Fleet, HubLink, with_banks
from app.sandbox.standard import DISTANT_POLICE
from app.settings import Settings
from app.vocabulary import Role

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals would print personal data
    help="执行联动平台 / A court's joint-enforcement linkage hub",
)
schema_commands = typer.Typer(no_args_is_help=True, help="数据库结构 / The database's schema")
keys_commands = typer.Typer(no_args_is_help=True, help="平台密钥 / The hub's own keys")
certificate_commands = typer.Typer(no_args_is_help=True, help="解除控制证明 / Certificates of release")
adapter_commands = typer.Typer(no_args_is_help=True, help="适配器 / Adapters")
app.add_typer(schema_commands, name="schema")
app.add_typer(keys_commands, name="keys")
app.add_typer(adapter_commands, name="adapter")
app.add_typer(certificate_commands, name="certificate")
audit = audit_commands(certificate_index)
add_inspections_to(audit)
app.add_typer(audit, name="audit")
app.add_typer(witness_commands, name="witness")
app.add_typer(hold_commands, name="hold")
app.add_typer(administration.court, name="court")
app.add_typer(administration.officer, name="officer")
app.add_typer(administration.client, name="client")
app.add_typer(administration.agency, name="agency")

Port = Annotated[int, typer.Option(min=1, max=65535, help="端口 / port")]


@app.command()
def api(
    host: Annotated[str, typer.Option(help="监听地址 / address to listen on")] = "127.0.0.1",
    port: Port = 8000,
    processes: Annotated[int, typer.Option(min=1, max=64, help="进程数 / processes")] = 1,
) -> None:
    """启动 API 服务 / Serve the HTTP API."""
    uvicorn.run(
        "app.main:create_served_app",
        factory=True,
        host=host,
        port=port,
        workers=processes,
        access_log=False,  # the edge writes its own, without addresses of people
        server_header=False,
        log_level="warning",
    )


@app.command()
def worker() -> None:
    """启动工作进程：发送、回传、计时、审计编号 / Run a worker: carry, deliver, keep clocks, number the log."""
    settings = Settings()
    configure_logging(as_json=settings.log_json)
    settle_memory()
    uvloop.run(_work(settings))


async def _work(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run_worker(settings, SystemClock(), stop)


@app.command()
def run(
    port: Port = 8000,
    processes: Annotated[int, typer.Option(min=1, help="API 进程数 / API processes")] = 1,
    workers: Annotated[int, typer.Option(min=1, help="工作进程数 / workers")] = 1,
) -> None:
    """启动平台和沙箱单位，直到 Ctrl-C / Hub, worker and sandbox agencies, until Ctrl-C."""
    settings = Settings()
    with Launcher(settings, api_processes=processes, workers=workers, port=port) as hub, _fleet(hub) as fleet:
        demo = Demo(hub.url, *administration.make_client(settings, "run", Role.ADMINISTRATOR), fleet)
        court = demo.prepare()
        typer.echo(f"API 文档 / API docs   {hub.url}/docs")
        typer.echo(f"法院客户端 / court    client_id={court.client_id} client_secret={court.client_secret}")
        typer.echo(f"数据 / data           {hub.data_dir}")
        typer.echo("Ctrl-C 停止 / to stop")
        _wait_for_signal()


@app.command()
def demo(
    cases: Annotated[int, typer.Option(min=1, max=5000, help="专项行动案件数 / cases of the campaign")] = 120,
) -> None:
    """演示：登记案件、查询、控制、查找、履行、解除、核验审计日志 / The main job, end to end, on real HTTP."""
    settings = Settings()
    with Launcher(settings, workers=1) as hub, _fleet(hub) as fleet:
        script = Demo(hub.url, *administration.make_client(settings, "demo", Role.ADMINISTRATOR), fleet)
        try:
            script.play(cases, hub.data_dir)
        except DemoFailed as failure:
            typer.echo(f"演示失败 / the demo failed: {failure}", err=True)
            raise typer.Exit(1) from failure


def _fleet(hub: Launcher) -> Fleet:
    link = HubLink(url=hub.url, public_keys=administration.hub_public_keys())
    return Fleet(hub.data_dir / "sandbox", link, (*with_banks(2), *DISTANT_POLICE))


def _wait_for_signal() -> None:
    def leave(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, leave)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        typer.echo("正在停止 / stopping")


@schema_commands.command("upgrade")
def schema_upgrade() -> None:
    """升级数据库结构 / Bring the configured database to the newest revision."""
    settings = Settings()
    if settings.database_url is None:
        typer.echo("未设置 DATABASE_URL：内置数据库启动时自动升级 / the embedded database upgrades itself")
        return
    schema.upgrade(settings.database_url)


@schema_commands.command("check")
def schema_check() -> None:
    """核对迁移与模型 / Run all migrations on a throw-away server and compare them with the models."""
    try:
        schema.check_migrations()
    except schema.SchemaDiffers as difference:
        typer.echo(str(difference), err=True)
        raise typer.Exit(1) from difference


@keys_commands.command("new")
def keys_new() -> None:
    """生成一套新密钥（环境变量形式） / A fresh set of keys, as environment variables."""
    for name, value in new_keys().items():
        text = value.strip().replace("\n", "\\n")
        typer.echo(f"LIANDONG_{name.upper()}={text}")


@keys_commands.command("public")
def keys_public() -> None:
    """平台签名公钥，发给各协助执行单位 / The hub's public signing key, for agencies."""
    for key_id, pem in administration.hub_public_keys().items():
        typer.echo(f"密钥编号 / key id: {key_id}", err=True)
        typer.echo(pem, nl=False)


@certificate_commands.command("verify")
def certificate_verify(
    certificate: Annotated[Path, typer.Argument(exists=True, help="证明文件 / the certificate")],
    key: Annotated[Path, typer.Option(exists=True, help="平台公钥（PEM） / the hub's public key")],
) -> None:
    """核验解除控制证明，不需要平台和数据库 / Check a certificate of release without hub, database or network."""
    try:
        certified = open_certificate(certificate.read_bytes(), load_public_key(key.read_text()))
    except (NotCertified, ValueError) as error:
        typer.echo(f"无效 / NOT VALID: {error}")
        raise typer.Exit(1) from error
    typer.echo(json.dumps(certified.body, ensure_ascii=False, indent=2))
    typer.echo("有效 / VALID" + ("" if certified.body["complete"] else "，尚不完整 / but not complete yet"))


@adapter_commands.command("new")
def adapter_new(name: Annotated[str, typer.Argument(help="方言名 / the dialect's name")]) -> None:
    """生成新方言的骨架 / Write the skeleton of a new dialect, which passes the conformance suite."""
    try:
        made = create_dialect(name, Path.cwd())
    except (ValueError, FileExistsError) as error:
        raise typer.BadParameter(str(error)) from None
    typer.echo(f"{made.module}\n{made.samples}\n")
    typer.echo("在 app/adapters/registry.py 中加入 / put into app/adapters/registry.py:")
    typer.echo(f"  {made.registry_import}\n  DIALECTS: {made.registry_entry}")


def main() -> None:
    app()


if __name__ == "__main__":
    main()

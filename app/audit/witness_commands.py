"""`liandong witness …`: needs neither the hub's settings nor its database."""

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from app.audit.note import MalformedKey
from app.audit.witness import StateBroken, StateInUse
from app.audit.witness_server import new_key, read_key, serve, write_secret

commands = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals would print keys
    help="见证审计日志 / Witness audit logs, for agencies and neighbouring courts",
)

KeyFile = Annotated[Path, typer.Option("--key", help="密钥文件 / key file")]


@commands.command("new-key")
def make_key(
    name: Annotated[str, typer.Argument(help="见证方名称，如 bank.example/witness / name of the witness")],
    file: Annotated[Path, typer.Argument(help="密钥文件（新建） / the key file to write")],
) -> None:
    """生成密钥并显示公钥 / Make a key file, and show the verifier keys to be handed out."""
    try:
        write_secret(file, new_key(name))
    except (MalformedKey, OSError) as error:
        _end(error)
    show_key(file)


@commands.command("key")
def show_key(key: KeyFile) -> None:
    """显示公钥：第一个为 Ed25519，第二个为抗量子 / Show the verifier keys: Ed25519, then post-quantum; a policy takes one."""
    try:
        verifiers = read_key(key.read_text(encoding="utf-8")).verifiers
    except (MalformedKey, UnicodeDecodeError, OSError) as error:
        _end(error)
    for verifier in verifiers:
        typer.echo(str(verifier))


@commands.command("serve")
def run(
    key: KeyFile,
    logs: Annotated[Path, typer.Option(help="日志公钥，每行一个 / keys of logs, one a line")],
    state: Annotated[Path, typer.Option(help="状态文件夹 / folder of the state")],
    host: Annotated[str, typer.Option(help="监听地址 / address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="端口 / port")] = 8700,
) -> None:
    """启动见证服务，直到 Ctrl-C / Serve until Ctrl-C."""
    try:
        serve(key, logs, state, (host, port))
    except (MalformedKey, StateInUse, StateBroken, UnicodeDecodeError, OSError) as error:
        _end(error)


def _end(error: Exception) -> NoReturn:
    typer.echo(str(error), err=True)
    raise typer.Exit(2) from error

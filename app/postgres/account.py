"""The system account that the server runs as.

PostgreSQL refuses to run as root, so root lends it an account that exists already. No account is ever made, and
no folder that is not ours is ever opened to it: what the account cannot reach is put where it can.
"""

import os
import pwd
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_LENDABLE = ("liandong", "postgres", "nobody")
"""In order of preference: a server of one's own before one shared with other programs."""

_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
"""Nothing else: PGDATA, PGHOST and their like in the caller's environment would lead the programs astray."""


class PostgresUnusable(Exception):
    """The embedded server cannot be used; the text says what a person has to do."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(f"{en}\n{zh}")


class Outcome(NamedTuple):
    status: int
    output: str


@dataclass(frozen=True)
class Account:
    name: str
    uid: int
    gid: int

    def run(self, *command: str | Path) -> Outcome:
        """Run a program as this account; its two outputs come back as one text.

        They go through a file, not a pipe, because a server that the program leaves behind would hold a pipe open.
        PermissionError when the account may not execute the program.
        """
        lent = self.uid != os.geteuid()
        with tempfile.TemporaryFile() as output:
            finished = subprocess.run(  # noqa: S603 - a list, no shell, programs of our own choosing
                [os.fspath(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                cwd="/",
                env=_ENVIRONMENT,
                umask=0o077,
                user=self.uid if lent else None,
                group=self.gid if lent else None,
                extra_groups=[] if lent else None,
            )
            output.seek(0)
            return Outcome(finished.returncode, output.read().decode(errors="replace").strip())

    def can_enter(self, folder: Path) -> bool:
        """Tried, not worked out from mode bits, which know nothing of access lists and the like."""
        return self.run("test", "-x", folder).status == 0

    def can_run(self, program: Path) -> bool:
        try:
            return self.run(program, "--version").status == 0
        except PermissionError:
            return False


def account_for(cluster: Path) -> Account:
    """Ourselves; as root the owner of the cluster, or for a new one the first account that may be lent."""
    owner = cluster.stat().st_uid if cluster.exists() else None
    if os.geteuid() != 0:
        if owner not in {None, os.geteuid()}:
            raise PostgresUnusable(
                f"{cluster} belongs to user {owner}: start the hub as that user, as root, or with another data folder.",
                f"{cluster} 属于用户 {owner}：请以该用户或 root 启动，或另选数据目录。",
            )
        return _account(os.geteuid())
    if owner is None:
        return _lendable()
    return _account(owner)


def _account(uid: int) -> Account:
    if uid == 0:
        raise PostgresUnusable(
            "The database folder belongs to root, and PostgreSQL does not run as root.",
            "数据库目录属于 root，而 PostgreSQL 不能以 root 运行。",
        )
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise PostgresUnusable(
            f"User {uid} has no name in /etc/passwd, which PostgreSQL insists on.",
            f"用户 {uid} 在 /etc/passwd 中没有名称，PostgreSQL 无法以其运行。",
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _lendable() -> Account:
    for name in _LENDABLE:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise PostgresUnusable(
        f"PostgreSQL does not run as root, and none of the users {', '.join(_LENDABLE)} exists; create one of them.",
        f"PostgreSQL 不能以 root 运行，且用户 {'、'.join(_LENDABLE)} 均不存在；请创建其中之一。",
    )

"""Where a server's files live.

A home holds `cluster/` (the server's own), `socket/`, and `app.conf`. It is the data folder itself, unless the account
that root lends cannot enter that: then a home of its own is made in the shelter, and recorded in the data folder.
The shelter is /var/lib/liandong and not /var/tmp, because machines clean /var/tmp by age.
"""

import os
import stat
import tempfile
from pathlib import Path

from app.ids import new_id
from app.postgres.account import Account, PostgresUnusable, account_for

SHELTER = Path("/var/lib/liandong")
PORT = 5432
"""Only a part of the socket's name: the server does not listen on TCP."""

_LONGEST_SOCKET = 103
"""Bytes of a socket's path on macOS; Linux has four more."""


def settle(data_dir: Path, shelter: Path) -> tuple[Path, Account]:
    """The home of a data folder, made when it is new, and the account that owns its server."""
    record = data_dir / "moved-to"
    home = Path(record.read_text().strip()) if record.exists() else data_dir
    account = account_for(home / "cluster")
    if account.can_enter(home):
        return home, account
    if home != data_dir or (home / "cluster").exists():
        raise PostgresUnusable(
            f"User {account.name}, who owns the database, can no longer enter {home}: a folder on the way was closed, or it is gone.",
            f"数据库所属用户 {account.name} 已无法进入 {home}：上级目录权限已变，或该目录已不存在。",
        )
    home = shelter / "clusters" / str(new_id())
    make_passable(home)
    if not account.can_enter(home):
        raise PostgresUnusable(
            f"User {account.name} can enter neither {data_dir} nor {home}; choose another data folder.",
            f"用户 {account.name} 无法进入 {data_dir} 或 {home}；请另选数据目录。",
        )
    record.write_text(f"{home}\n")
    return home, account


def make_passable(folder: Path) -> None:
    """Make a folder that every user may pass through and nobody may list; folders that exist stay as they are."""
    if not folder.exists():
        make_passable(folder.parent)
        folder.mkdir()
        folder.chmod(0o711)


def make_private(folder: Path, account: Account) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    os.chown(folder, account.uid, account.gid)
    folder.chmod(0o700)


def socket_folder(home: Path, account: Account) -> Path:
    """A folder that only the server's account may enter (and root), which is why the server can trust who comes in.

    Below the home; or, where that makes too long a path or has a comma (libpq reads a list), a new one in /tmp.
    """
    usual = home / "socket"
    if len(os.fsencode(usual / f".s.PGSQL.{PORT}")) <= _LONGEST_SOCKET and "," not in str(usual):
        make_private(usual, account)
        return usual
    record = home / "socket-is-in"
    if record.exists():
        recorded = Path(record.read_text().strip())
        if _is_private(recorded, account):
            return recorded
    made = Path(tempfile.mkdtemp(prefix="liandong-", dir="/tmp"))  # TMPDIR may itself be too long
    make_private(made, account)
    record.write_text(f"{made}\n")
    return made


def _is_private(folder: Path, account: Account) -> bool:
    """In /tmp anybody may have put something under a name that we left behind."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == account.uid and not found.st_mode & 0o077

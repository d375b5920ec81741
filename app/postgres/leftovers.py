"""What a server that died leaves behind, and whether one still lives.

`postmaster.pid` is never believed: after a reboot or in a fresh container its number may be anybody's, it may be half
written, and a killed postmaster stays a zombie until somebody reaps it, which PostgreSQL takes for a living server.
"""

import os
import tempfile
from pathlib import Path

from app.postgres.account import Account
from app.postgres.folders import PORT

_PROCESSES = Path("/proc")
_NOBODYS_PID = 2**31 - 1
"""Above every system's highest process id, so that no process can ever have it."""

_DEAD = "ZX"
"""States of a process that only waits to be reaped, which in a container may be for ever."""


def somebody_lives_in(cluster: Path) -> bool:
    """Whether a process of PostgreSQL works in this cluster: its postmaster, or backends that outlived it."""
    claimed = _claimed_pid(cluster)
    if not _PROCESSES.is_dir():
        return claimed is not None and _exists(claimed)
    return any(_lives_in(process, cluster, claimed) for process in _PROCESSES.glob("[0-9]*"))


def clear(cluster: Path, socket: Path, account: Account) -> None:
    """Take a dead server's claims back, so that the next one is not refused. Call only when nobody lives there.

    The pid in `postmaster.pid` is replaced, and the file kept: it also names the shared memory, by which PostgreSQL
    itself makes sure that no orphaned backend still writes.
    """
    (socket / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)
    lock = cluster / "postmaster.pid"
    if not lock.exists():
        return
    if _claimed_pid(cluster) is None:
        lock.unlink()
        return
    _, _, rest = lock.read_text(errors="replace").partition("\n")
    # a fresh file moved into place: root must not write through a link that the account may have put there
    descriptor, fresh = tempfile.mkstemp(prefix="postmaster.", dir=cluster)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{_NOBODYS_PID}\n{rest}")
        os.fchown(descriptor, account.uid, account.gid)
    Path(fresh).replace(lock)


def _claimed_pid(cluster: Path) -> int | None:
    """None when there is no file, or only half of one."""
    try:
        first = (cluster / "postmaster.pid").read_text(errors="replace").partition("\n")[0]
    except FileNotFoundError:
        return None
    return int(first) if first.strip().isdecimal() else None


def _lives_in(process: Path, cluster: Path, claimed: int | None) -> bool:
    try:
        name, _, rest = (process / "stat").read_text().partition("(")[2].rpartition(")")
        if name != "postgres" or rest.split()[0] in _DEAD:
            return False
        return (process / "cwd").samefile(cluster)
    except PermissionError:
        # root without CAP_SYS_PTRACE, as in many containers: then the claim is all there is to go by
        return process.name == str(claimed)
    except (FileNotFoundError, ProcessLookupError):
        return False  # gone meanwhile


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False  # gone, or another user's process, so not our server
    return True

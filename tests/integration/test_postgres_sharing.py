"""One embedded server, many processes, any of which may be killed."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from app.database import libpq_url
from app.postgres import EmbeddedPostgres

_USER = """
import sys
from pathlib import Path
from app.postgres import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
print(server.ensure_running(), flush=True)
sys.stdin.read()
print(server.leave(), flush=True)
"""


class User:
    """A process that uses the server until it is told to leave, or killed."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _USER, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def url(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def leave(self) -> str:
        said, _ = self.process.communicate()
        return said.strip()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def users(postgres_folder: Path) -> Iterator[list[User]]:
    started: list[User] = []
    yield started
    for user in started:
        if user.process.poll() is None:
            user.kill()


def start(users: list[User], folder: Path) -> User:
    users.append(User(folder))
    return users[-1]


def started_at(url: str) -> object:
    with psycopg.connect(libpq_url(url)) as connection:
        return connection.execute("SELECT pg_postmaster_start_time()").fetchone()


def answers(url: str) -> bool:
    try:
        started_at(url)
    except psycopg.OperationalError:
        return False
    return True


def test_processes_that_start_at_once_on_a_fresh_folder_share_one_server(
    postgres_folder: Path, users: list[User]
) -> None:
    four = [start(users, postgres_folder) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        urls = set(pool.map(User.url, four))
    assert len(urls) == 1
    assert answers(urls.pop())


def test_the_last_one_out_stops_the_server_and_nobody_before(
    used_postgres_folder: Path, users: list[User]
) -> None:
    url = start(users, used_postgres_folder).url()
    server = EmbeddedPostgres(used_postgres_folder)
    assert server.ensure_running() == url
    assert users[0].leave() == "False"
    assert answers(url)
    assert server.leave()
    assert not answers(url)


def test_a_killed_process_no_longer_counts_as_a_user(used_postgres_folder: Path, users: list[User]) -> None:
    url = start(users, used_postgres_folder).url()
    with EmbeddedPostgres(used_postgres_folder):
        users[0].kill()
    assert not answers(url)


def test_the_server_survives_its_only_user_and_the_next_one_joins_it(
    used_postgres_folder: Path, users: list[User]
) -> None:
    url = start(users, used_postgres_folder).url()
    since = started_at(url)
    users[0].kill()
    with EmbeddedPostgres(used_postgres_folder) as again:
        assert started_at(again) == since


def test_calling_twice_is_joining_once(used_postgres_folder: Path) -> None:
    server = EmbeddedPostgres(used_postgres_folder)
    assert server.ensure_running() == server.ensure_running()
    assert server.leave()
    assert not server.leave()


@pytest.mark.parametrize("milliseconds", [5, 60, 300])
def test_a_process_killed_while_it_makes_the_cluster_leaves_nothing_in_the_way(
    milliseconds: int, postgres_folder: Path, users: list[User]
) -> None:
    user = start(users, postgres_folder)
    while not (postgres_folder / "gate.lock").exists():
        time.sleep(0.001)
    time.sleep(milliseconds / 1000)
    user.kill()
    with EmbeddedPostgres(postgres_folder) as url:
        assert answers(url)
    with EmbeddedPostgres(postgres_folder):
        assert not list(postgres_folder.glob("cluster.new-*"))


def test_a_restarted_server_has_what_was_stored(used_postgres_folder: Path) -> None:
    with EmbeddedPostgres(used_postgres_folder) as url, psycopg.connect(libpq_url(url)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT '执行' AS word")
    with EmbeddedPostgres(used_postgres_folder) as url, psycopg.connect(libpq_url(url)) as connection:
        assert connection.execute("SELECT word FROM kept").fetchone() == ("执行",)


def test_locks_are_not_handed_to_the_server(used_postgres_folder: Path) -> None:
    """A lock that the server inherited would make it its own user for ever."""
    with EmbeddedPostgres(used_postgres_folder):
        postmaster = (used_postgres_folder / "cluster" / "postmaster.pid").read_text().split()[0]
        held = {link.readlink().name for link in Path("/proc", postmaster, "fd").iterdir()}
        assert not held & {"gate.lock", "users.lock"}

"""The log at the command line."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from typer import Typer
from typer.testing import CliRunner, Result

from app.audit.checkpoint import Signer
from app.audit.commands import audit_commands
from app.audit.entry import Actor, Entry
from app.audit.note import VerifierKey
from app.audit.record import record
from app.audit.sequencer import sequence_once
from app.clock import ManualClock
from app.crypto import Vault
from app.database import create_engine
from app.ids import new_id
from app.keys import load_keys
from app.models import AuditEntry
from app.settings import Settings
from app.vocabulary import CertificateType

NUMBER = "11010519491231002X"
"""The example of GB 11643, nobody's."""

CLOCK = ManualClock(datetime(2026, 11, 24, tzinfo=UTC))


def index_of(vault: Vault, certificate_type: CertificateType, number: str) -> bytes:
    return vault.blind_index("certificate", f"{certificate_type}:{number}")


@pytest.fixture
def commands(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Typer:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("LIANDONG_DATA_DIR", str(tmp_path / "data"))
    return audit_commands(index_of)


@pytest.fixture
def log(commands: Typer, database_url: str) -> VerifierKey:
    keys = load_keys(Settings())
    signer = Signer(Settings().audit_origin, keys.audit)
    person = index_of(keys.vault, CertificateType.CITIZEN_ID, NUMBER)
    asyncio.run(fill(database_url, signer, person))
    return signer.verifier


async def fill(database_url: str, signer: Signer, person: bytes) -> None:
    engine = create_engine(database_url)
    entries = [
        Entry(
            entry_id=new_id(),
            recorded_at=CLOCK.now(),
            action="asset_query.ordered",
            actor=Actor("officer", "甲"),
            officer=f"浙执000{number % 2}",
            case_number="（2026）浙0102执123号",
            purpose="查明财产",
            subject_index=person if number < 2 else bytes(32),
        )
        for number in range(5)
    ]
    async with engine.begin() as connection:
        await record(connection, entries)
    await sequence_once(engine, signer, CLOCK)
    await engine.dispose()


def run(commands: Typer, *arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(commands, list(arguments), input=typed)


def newest_entry(database_url: str) -> Entry:
    async def read() -> bytes:
        engine = create_engine(database_url)
        async with engine.connect() as connection:
            body = await connection.scalar(select(AuditEntry.body).order_by(AuditEntry.entry_id.desc()))
        await engine.dispose()
        assert body is not None
        return body

    return Entry.from_bytes(asyncio.run(read()))


def test_the_key_is_shown_for_outsiders_to_keep(commands: Typer, log: VerifierKey) -> None:
    shown = run(commands, "key")
    assert (shown.exit_code, shown.output.strip()) == (0, str(log))


def test_an_exported_log_verifies_with_the_key_alone(
    commands: Typer, log: VerifierKey, tmp_path: Path
) -> None:
    bundle = tmp_path / "log.txt"
    assert run(commands, "export", str(bundle), "--purpose", "年度检查").exit_code == 0
    verified = run(commands, "verify", str(bundle), "--key", str(log))
    assert verified.exit_code == 0
    assert "验证通过 / GOOD" in verified.output
    bundle.write_bytes(bundle.read_bytes().replace(b"0001", b"0009"))
    assert run(commands, "verify", str(bundle), "--key", str(log)).exit_code == 1
    assert run(commands, "verify", str(tmp_path / "absent"), "--key", str(log)).exit_code == 2


def test_an_exported_selection_verifies_and_the_export_is_in_the_log(
    commands: Typer, log: VerifierKey, tmp_path: Path, database_url: str
) -> None:
    bundle = tmp_path / "case.txt"
    case = "(2026)浙0102执123号"
    done = run(commands, "export", str(bundle), "--case", case, "--officer", "浙执0001", "--purpose", "信访")
    assert done.exit_code == 0
    verified = run(commands, "verify", str(bundle), "--key", str(log))
    assert "2 entries stand in the log" in verified.output
    looked = newest_entry(database_url)
    assert (looked.action, looked.purpose) == ("audit.exported", "信访")
    assert looked.case_number == "（2026）浙0102执123号"


def test_a_person_is_searched_by_a_number_that_no_argument_shows(
    commands: Typer, log: VerifierKey, database_url: str
) -> None:
    done = run(commands, "search", "--person", "citizen_id", "--purpose", "信访", typed=f"{NUMBER}\n")
    assert done.exit_code == 0, done.output
    # The search itself is about that person, too, and is the newest.
    assert [line[0] for line in done.output.splitlines() if "\t" in line] == ["-", "1", "0"]
    assert NUMBER not in done.output
    assert newest_entry(database_url).action == "audit.searched"


def test_an_inspector_reads_who_looked_when_in_which_case_and_why(commands: Typer, log: VerifierKey) -> None:
    case = ("--case", "(2026)浙0102执123号", "--purpose", "信访")
    done = run(commands, "search", *case, "--officer", "浙执0001", "--limit", "1")
    (line,) = done.stdout.splitlines()
    assert line.split("\t") == [
        "3",
        CLOCK.now().isoformat(timespec="seconds"),
        "asset_query.ordered",
        "officer 甲",
        "浙执0001",
        "-",
        "（2026）浙0102执123号",
        "查明财产",
        "-",
    ]
    assert "there are older ones" in done.stderr
    done = run(commands, "search", *case, "--json")
    newest, *others = [
        Entry.from_bytes(line.partition("\t")[2].encode()) for line in done.stdout.splitlines()
    ]
    assert (newest.action, newest.purpose) == ("audit.searched", "信访")
    assert len(others) == 6
    assert not done.stderr


def test_what_stands_in_an_entry_is_shown_on_one_line(commands: Typer, database_url: str) -> None:
    done = run(commands, "search", "--case", "(2026)浙0102执1号", "--purpose", "a\n9\tb\x1b[2J")
    (line,) = done.stdout.splitlines()
    assert line.split("\t")[7] == "a 9 b [2J"


def test_a_wrong_certificate_number_is_explained_and_nothing_is_looked_at(
    commands: Typer, log: VerifierKey, database_url: str
) -> None:
    done = run(commands, "search", "--person", "citizen_id", "--purpose", "信访", typed="123\n")
    assert done.exit_code == 2
    assert newest_entry(database_url).action == "asset_query.ordered"


def test_without_a_checkpoint_nothing_is_exported(commands: Typer, tmp_path: Path) -> None:
    done = run(commands, "export", str(tmp_path / "log.txt"), "--purpose", "年度检查")
    assert done.exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_verify_imports_neither_database_nor_settings(tmp_path: Path) -> None:
    program = (
        "import sys; from app.audit.commands import verify;"
        "sys.exit(sorted({'sqlalchemy', 'psycopg', 'app.settings', 'app.database'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")

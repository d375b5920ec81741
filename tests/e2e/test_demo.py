"""The demonstration, as a user starts it."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from app.sandbox.fleet import STANDARD
from tests.conftest import RUNS


def test_the_demo_shows_what_was_found_lets_the_books_judge_and_verifies_the_log() -> None:
    with TemporaryDirectory(prefix="liandong-e2e-", dir=RUNS) as folder:
        Path(folder).chmod(0o711)
        done = subprocess.run(
            [sys.executable, "-m", "app.cli", "demo", "--cases", "8"],
            env={**os.environ, "LIANDONG_DATA_DIR": folder, "COLUMNS": "120"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    assert done.returncode == 0, done.stderr
    assert "bank_account" in done.stdout
    judged = [line.split() for line in done.stdout.splitlines() if "once each" in line]
    asked = {words[0]: int(words[1]) for words in judged}
    assert asked == {words[0]: int(words[4]) for words in judged}
    assert all(asked[agency.code] >= 9 for agency in STANDARD), "eight cases of the campaign, and that of Xie"
    _he_was_found_paid_and_nobody_looks_any_more(done.stdout)
    assert done.stdout.index("GOOD") > done.stdout.index("VALID"), "the log is judged last"


def _he_was_found_paid_and_nobody_looks_any_more(shown: str) -> None:
    """The third act, as a court reads it from the screen."""
    story = (
        "hit: POLICE-AKS",
        "not him, nobody was held",
        "hit: POLICE-YN",
        "confirmed; held",
        "handed over to 豫1424-0017",
        "still owed 0.00",
        "each holder confirmed",
        "payment in full released everything",
    )
    told = [shown.find(words) for words in story]
    assert -1 not in told, story[told.index(-1)]
    assert told == sorted(told)
    table = shown[shown.index("each holder confirmed") : shown.index("payment in full released everything")]
    rows = [[cell.strip() for cell in line.split("│")] for line in table.splitlines() if "ended" in line]
    holders = {row[1]: (row[2], row[4].partition("：")[0], row[5]) for row in rows}
    assert holders == {
        "POLICE-ZC": ("person", "located", "confirmed"),
        "POLICE-AKS": ("person", "located", "confirmed"),
        "POLICE-YN": ("person", "located", "confirmed"),
        "VEHICLE-ZC": ("vehicle", "cleared", "confirmed"),
    }

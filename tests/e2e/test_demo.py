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
    assert "GOOD" in done.stdout

"""What the acts of the demo share."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from app.sandbox.court_client import CourtClient
from app.sandbox.fleet import Fleet

_PATIENCE_SECONDS = 60


class DemoFailed(Exception):
    """Something was not as it has to be; the text says what."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the acts about one case are played: the court with its two officers, the agencies, and the screen."""

    court: CourtClient
    fleet: Fleet
    console: Console
    case_id: str
    case_number: str
    officer: str
    approver: str
    papers: Mapping[str, str]
    """The ids of the case's papers, by kind."""

    def until(self, what: str, true: Callable[[], bool]) -> None:
        """Look again until it is so; raises `DemoFailed` with `what` when it never is."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not true():
            if time.monotonic() > deadline:
                raise DemoFailed(f"waited in vain until {what}")
            time.sleep(0.1)


def run_program(data_dir: Path, *arguments: str) -> str:
    """What one of our own programs prints; raises `DemoFailed` with its words when it fails."""
    finished = subprocess.run(  # noqa: S603 - our own programs
        [sys.executable, *arguments],
        env={**os.environ, "LIANDONG_DATA_DIR": str(data_dir)},
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise DemoFailed(f"{' '.join(arguments[:4])}: {finished.stdout}{finished.stderr}")
    return finished.stdout


def gist(asset: dict[str, Any]) -> str:
    """The two or three facts by which a person knows the thing."""
    facts = asset["facts"]
    names = (
        "account_number",
        "nature",
        "balance",
        "location",
        "plate_number",
        "brand",
        "taxpayer_number",
        "name",
        "household_address",
        "hotel",
        "checkpoint",
        "product_name",
    )
    return " ".join(str(facts[name]) for name in names if facts.get(name))

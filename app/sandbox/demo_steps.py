"""What the acts of the demo share."""

import os
import subprocess
import sys
from pathlib import Path


class DemoFailed(Exception):
    """Something was not as it has to be; the text says what."""


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

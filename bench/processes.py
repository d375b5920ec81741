"""Processes of the benchmark's own. Nothing heavy is imported here, since each of them imports it and is then waited for."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def program(module: str, arguments: Sequence[str] = ()) -> Iterator[subprocess.Popen[str]]:
    """A process of the benchmark's own, with both ends of its conversation in our hands."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ.copy(),
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
        for end in (process.stdin, process.stdout):
            assert end is not None
            end.close()

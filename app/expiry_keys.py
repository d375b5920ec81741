"""Keys that are destroyed on a day, one for each quarter: what is sealed with one ends with it, in every copy.

They lie in files, not in the database, so that a backup of the database brings nothing back.
"""

import base64
import os
import secrets
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from app.crypto import EXPIRING


def key_for(day: date) -> str:
    """The key whose quarter holds that day."""
    return f"{EXPIRING}{day.year:04d}-q{(day.month + 2) // 3}"


def ends_on(key_id: str) -> date:
    """The first day on which the key is not needed any more; ValueError for another name."""
    year, mark, quarter = key_id.removeprefix(EXPIRING).partition("-q")
    if not mark or key_for(date(int(year), int(quarter) * 3, 1)) != key_id:
        raise ValueError("not the id of an expiring key")
    months = int(year) * 12 + int(quarter) * 3
    return date(months // 12, months % 12 + 1, 1)


@dataclass(frozen=True, slots=True)
class ExpiryKeys:
    folder: Path

    def find(self, key_id: str) -> bytes | None:
        """Read from the disk each time, so that a destroyed key is nowhere any more."""
        try:
            return base64.b64decode(self._path(key_id).read_bytes(), validate=True)
        except FileNotFoundError:
            return None

    def make(self, key_id: str) -> None:
        """A key of that id, on the disk when this returns; the one that is there already is left alone."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self.folder / f".{key_id}.{os.getpid()}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(32)))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, self._path(key_id))
        except FileExistsError:
            pass  # another process was first; its key is the key
        finally:
            draft.unlink()
        self._sync()

    def destroy(self, key_id: str) -> None:
        """For good: written over, then taken away. Of a copy-on-write file system, keep no snapshots of this folder."""
        path = self._path(key_id)
        with path.open("r+b") as file:
            file.write(secrets.token_bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
        self._sync()

    def held(self) -> list[str]:
        """Ids of all keys that are there, in the order of their ends."""
        return sorted(path.stem for path in self.folder.glob(f"{EXPIRING}*.key"))

    def _path(self, key_id: str) -> Path:
        ends_on(key_id)  # nothing else becomes the name of a file
        return self.folder / f"{key_id}.key"

    def _sync(self) -> None:
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

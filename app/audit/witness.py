"""A witness: remembers the largest tree it saw of each log, and cosigns only what continues it (C2SP tlog-witness).

It stands alone: no database, no settings of the hub. Its memory is a folder with one file for each log, which holds
the checkpoint that was cosigned last. A checkpoint is cosigned after it is on the disk, and checking and keeping are
one step under one lock: two requests can never make it go back.
"""

import fcntl
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Self

from app.audit.checkpoint import Checkpoint, open_any, read_checkpoint
from app.audit.cosignature import Cosigner, only_by
from app.audit.note import MalformedNote, NoteError, VerifierKey, read_note
from app.audit.proof import extends
from app.audit.tree import EMPTY_ROOT
from app.audit.witness_protocol import SIZE_TYPE, MalformedRequest, read_add_checkpoint, size_answer


class StateInUse(Exception):
    """Another witness works on this folder: two memories would be two witnesses under one name."""


class StateBroken(Exception):
    """The memory cannot be read. A witness without memory cosigns anything, so it stops; a person must look."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: HTTPStatus
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


class WitnessState:
    """The checkpoints cosigned last, one file for each log; held by one process at a time."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock = (folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise StateInUse(f"{folder} is in use by another witness") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.close()

    def note(self, origin: str) -> str | None:
        """What was cosigned last of a log; `StateBroken`."""
        path = self._path(origin)
        try:
            note = path.read_text(encoding="utf-8")
            if read_checkpoint(read_note(note).text).origin != origin:
                raise StateBroken(f"{path} holds the checkpoint of another log")
        except FileNotFoundError:
            return None
        except (NoteError, UnicodeDecodeError) as error:
            raise StateBroken(f"{path} cannot be read") from error
        return note

    def keep(self, origin: str, note: str) -> None:
        """On the disk when this returns, whole or not at all. `StateBroken` once the folder was given up."""
        if self._lock.closed:
            raise StateBroken("the state was given up: another witness may work on it by now")
        path = self._path(origin)
        draft = path.with_suffix(".part")
        with draft.open("wb") as file:
            file.write(note.encode())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _path(self, origin: str) -> Path:
        return self._folder / f"{origin_hash(origin)}.checkpoint"


def origin_hash(origin: str) -> str:
    """The name of a log in addresses and files."""
    return sha256(origin.encode()).hexdigest()


class WitnessedLog:
    """Answers for the logs whose keys it was given. Several keys of one origin are the keys of one log."""

    def __init__(
        self,
        cosigner: Cosigner,
        logs: Sequence[VerifierKey],
        state: WitnessState,
        seconds: Callable[[], float],
    ) -> None:
        """`seconds` is the POSIX time."""
        self._cosigner = cosigner
        self._logs = tuple(logs)
        self._state = state
        self._seconds = seconds
        self._one_at_a_time = threading.Lock()
        for key in logs:
            state.note(key.name)  # a broken memory is found at the start, not at the first request

    def add_checkpoint(self, body: bytes) -> Answer:
        """As the specification says, in its order."""
        try:
            request = read_add_checkpoint(body)
            note = read_note(request.note)
            origin = read_checkpoint(note.text).origin
        except (MalformedRequest, MalformedNote):
            return Answer(HTTPStatus.BAD_REQUEST)
        keys = tuple(key for key in self._logs if key.name == origin)
        if not keys:
            return Answer(HTTPStatus.NOT_FOUND)
        try:
            checkpoint = open_any(note, keys)
        except NoteError:
            return Answer(HTTPStatus.FORBIDDEN)
        if request.old_size > checkpoint.size:
            return Answer(HTTPStatus.BAD_REQUEST)
        signatures = "".join(map(str, only_by(keys, note.signatures)))
        with self._one_at_a_time:
            return self._continue(checkpoint, request.old_size, request.proof, signatures)

    def _continue(
        self, checkpoint: Checkpoint, old_size: int, proof: Sequence[bytes], signatures: str
    ) -> Answer:
        known = self._state.note(checkpoint.origin)
        last = Checkpoint(checkpoint.origin, 0, EMPTY_ROOT) if known is None else _checkpoint_of(known)
        if last.size != old_size:
            return Answer(HTTPStatus.CONFLICT, size_answer(last.size), SIZE_TYPE)
        if not _continues(last, checkpoint, proof):
            return Answer(HTTPStatus.UNPROCESSABLE_ENTITY)
        cosignatures = self._cosigner.sign(checkpoint, int(self._seconds()))
        self._state.keep(checkpoint.origin, f"{checkpoint.text}\n{signatures}{cosignatures}")
        return Answer(HTTPStatus.OK, cosignatures.encode())

    def checkpoint(self, name: str) -> Answer:
        """What was cosigned last of the log with that hashed origin, for whoever compares."""
        for origin in {key.name for key in self._logs if origin_hash(key.name) == name}:
            note = self._state.note(origin)
            if note is not None:
                return Answer(HTTPStatus.OK, note.encode())
        return Answer(HTTPStatus.NOT_FOUND)


def _continues(last: Checkpoint, checkpoint: Checkpoint, proof: Sequence[bytes]) -> bool:
    if checkpoint.size == 0:
        return not proof and checkpoint.root == EMPTY_ROOT
    if last.size == 0:
        return not proof
    return extends(last.size, last.root, checkpoint.size, checkpoint.root, proof)


def _checkpoint_of(note: str) -> Checkpoint:
    return read_checkpoint(read_note(note).text)

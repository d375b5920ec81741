"""A draw that nobody can steer and anybody can repeat: which look-ups have to be justified again.

The seed is a checkpoint together with its cosignatures, signed after the period was over: the court cannot know it when
it looks somebody up, and cannot choose it afterwards without its witnesses. Each entry's ticket is
SHA-256(seed || entry id); the lowest tickets are drawn. Whoever has the entries and the note draws the same.
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import sqrt
from uuid import UUID

_DOMAIN = b"liandong-draw/1\n"
_Z = 1.959963984540054
"""Of the normal distribution, for 95 % on both sides."""


def seed_of(note: str, period: str) -> bytes:
    """`period` tells two draws under one checkpoint apart."""
    return sha256(_DOMAIN + period.encode() + b"\n" + note.encode()).digest()


def ticket(seed: bytes, entry_id: UUID) -> bytes:
    return sha256(seed + entry_id.bytes).digest()


def draw(seed: bytes, entry_ids: Iterable[UUID], count: int) -> list[UUID]:
    """The drawn entries, in the order of their tickets; all of them when there are no more."""
    return heapq.nsmallest(count, entry_ids, key=lambda entry_id: ticket(seed, entry_id))


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """Share of look-ups without justification among those examined, and the 95 % interval of the whole (Wilson)."""

    examined: int
    unjustified: int
    low: float
    high: float

    @property
    def rate(self) -> float | None:
        return self.unjustified / self.examined if self.examined else None


def error_rate(examined: int, unjustified: int) -> ErrorRate:
    """ValueError unless 0 ≤ `unjustified` ≤ `examined`. With nothing examined the interval says nothing: 0 to 1."""
    if not 0 <= unjustified <= examined:
        raise ValueError("no more can be unjustified than were examined")
    if examined == 0:
        return ErrorRate(0, 0, 0.0, 1.0)
    share = unjustified / examined
    spread = _Z * sqrt(share * (1 - share) / examined + (_Z / (2 * examined)) ** 2)
    middle, scale = share + _Z**2 / (2 * examined), 1 + _Z**2 / examined
    return ErrorRate(
        examined, unjustified, max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)
    )


def population(entry_ids: Sequence[UUID]) -> str:
    """A digest of all tickets' owners, in order of their ids: so that it can be said later who was in the draw."""
    digest = sha256()
    for entry_id in sorted(entry_ids):
        digest.update(entry_id.bytes)
    return digest.hexdigest()

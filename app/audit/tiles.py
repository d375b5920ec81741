"""C2SP tlog-tiles: the names of tiles and entry bundles, and their bytes.

A tile is 256 hashes of one level (fewer at the right edge), an entry bundle the entries under a tile of level 0.
"""

import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.audit.tree import TILE_HEIGHT, TILE_WIDTH, CompactRange

MAX_LEVEL = 63
_ENTRIES = "entries"
_PATH = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Tile:
    """`width` hashes of `level`, the first of them at `index * 256`; level None stands for the entries themselves."""

    level: int | None
    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """Below the log's prefix."""
        level = _ENTRIES if self.level is None else self.level
        digits = f"{self.index:03d}"
        digits = digits.zfill((len(digits) + 2) // 3 * 3)
        parts = [digits[place : place + 3] for place in range(0, len(digits), 3)]
        name = "/".join([f"x{part}" for part in parts[:-1]] + parts[-1:])
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{name}{partial}"

    @classmethod
    def parse(cls, path: str) -> "Tile":
        """ValueError unless the path is exactly what `path` gives."""
        found = _PATH.fullmatch(path)
        if found is None:
            raise ValueError("not the path of a tile")
        level, name, width = found.groups()
        tile = cls(
            None if level == _ENTRIES else int(level),
            int(name.replace("/", "").replace("x", "")),
            TILE_WIDTH if width is None else int(width),
        )
        if (tile.level or 0) > MAX_LEVEL or tile.width > TILE_WIDTH or tile.path != path:
            raise ValueError("not the path of a tile in its only spelling")
        return tile


def tiles_of(size: int) -> Iterator[Tile]:
    """All tiles of hashes that make up a tree of `size`, the lowest level first."""
    level = 0
    while size:
        yield from tiles_at(level, size)
        size >>= TILE_HEIGHT
        level += 1


def tiles_at(level: int | None, hashes: int) -> Iterator[Tile]:
    """The tiles of one level that holds so many hashes (or entries)."""
    full, rest = divmod(hashes, TILE_WIDTH)
    for index in range(full):
        yield Tile(level, index)
    if rest:
        yield Tile(level, full, rest)


def is_of(tile: Tile, size: int) -> bool:
    """Whether a tree of `size`, or one of the trees it grew from, has this tile."""
    held = size >> TILE_HEIGHT * (tile.level or 0)
    return 0 < tile.width <= TILE_WIDTH and tile.index * TILE_WIDTH + tile.width <= held


def hashes_in(tile: bytes, width: int) -> list[bytes]:
    """ValueError unless these are `width` hashes."""
    if len(tile) != 32 * width:
        raise ValueError("a tile of another width")
    return [tile[place : place + 32] for place in range(0, len(tile), 32)]


def to_bundle(entries: Sequence[bytes]) -> bytes:
    """Each entry after its length, as big-endian uint16."""
    return b"".join(struct.pack(">H", len(entry)) + entry for entry in entries)


def entries_in(bundle: bytes, width: int) -> list[bytes]:
    """ValueError unless it holds exactly `width` entries."""
    entries: list[bytes] = []
    place = 0
    while place < len(bundle) and len(entries) < width:
        end = place + 2 + int.from_bytes(bundle[place : place + 2], "big")
        if end > len(bundle) or end < place + 2:
            raise ValueError("an entry is cut off")
        entries.append(bundle[place + 2 : end])
        place = end
    if len(entries) != width or place != len(bundle):
        raise ValueError("a bundle of another width")
    return entries


def root_of_tile(hashes: Sequence[bytes]) -> bytes:
    """What a full tile counts for in the level above."""
    tree = CompactRange()
    for value in hashes:
        tree.append(value)
    return tree.root()

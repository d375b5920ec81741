"""The Merkle tree of RFC 6962 §2.1 and RFC 9162 §2.1, with SHA-256: hashing and shape, no storage."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import NamedTuple

TILE_HEIGHT = 8
"""Subtrees of 256 leaves, of 256 of those, … are kept: the tiles of C2SP tlog-tiles."""
TILE_WIDTH = 1 << TILE_HEIGHT

EMPTY_ROOT = sha256().digest()


class Span(NamedTuple):
    """The leaves `start` ≤ i < `end`."""

    start: int
    end: int


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def fold(peaks: Iterable[bytes]) -> bytes:
    """The root over perfect subtrees given from left to right, each smaller than the one before it."""
    hashes = list(peaks)
    if not hashes:
        return EMPTY_ROOT
    root = hashes.pop()
    while hashes:
        root = node_hash(hashes.pop(), root)
    return root


class CompactRange:
    """A tree of which only the roots of its perfect subtrees are kept: enough to grow it and to know its root."""

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        """Take up a range where it was left; ValueError when `peaks` cannot belong to `size`."""
        self.size = size
        self.peaks = list(peaks)
        if len(self.peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} peaks, not {len(self.peaks)}")

    def append(self, leaf: bytes) -> tuple[bytes, ...]:
        """Add a leaf hash; returns the roots of the tiles it completed, the lowest level first."""
        node, size, height = leaf, self.size, 0
        completed: tuple[bytes, ...] = ()
        while size & 1:
            node = node_hash(self.peaks.pop(), node)
            size >>= 1
            height += 1
            if height % TILE_HEIGHT == 0:
                completed += (node,)
        self.peaks.append(node)
        self.size += 1
        return completed

    def root(self) -> bytes:
        return fold(self.peaks)

    def copy(self) -> "CompactRange":
        return CompactRange(self.size, self.peaks)


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf hashes."""
    tree = CompactRange()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


def perfect_parts(span: Span) -> Iterator[Span]:
    """A subtree of a proof cut into perfect ones, whose hashes never change however the tree grows."""
    start = span.start
    while start < span.end:
        width = 1 << (span.end - start).bit_length() - 1
        yield Span(start, start + width)
        start += width


def inclusion_path(index: int, size: int) -> list[Span]:
    """The subtrees whose roots prove leaf `index` in a tree of `size`, from the leaf up (RFC 9162 §2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    path, start, end = [], 0, size
    while end - start > 1:
        middle = start + _left_width(end - start)
        if index < middle:
            path.append(Span(middle, end))
            end = middle
        else:
            path.append(Span(start, middle))
            start = middle
    path.reverse()
    return path


def consistency_path(old: int, new: int) -> list[Span]:
    """The subtrees whose roots prove that the tree of `old` leaves began the one of `new` (RFC 9162 §2.1.4.1)."""
    if not 0 < old <= new:
        raise ValueError(f"no consistency proof from size {old} to {new}")
    path, start, end = [], 0, new
    while end != old:
        middle = start + _left_width(end - start)
        if old <= middle:
            path.append(Span(middle, end))
            end = middle
        else:
            path.append(Span(start, middle))
            start = middle
    if start:  # otherwise the old tree is itself a node of the new one, and the verifier has its root
        path.append(Span(start, end))
    path.reverse()
    return path


def _left_width(width: int) -> int:
    """The largest power of two smaller than `width`."""
    return 1 << (width - 1).bit_length() - 1

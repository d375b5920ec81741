"""The sequenced tree as the database holds it: subtree roots, a tile at a time."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.tree import TILE_HEIGHT, TILE_WIDTH, Span, fold, inclusion_path, node_hash, perfect_parts
from app.models.audit import AuditLeaf, AuditSubtree

_KEPT_TILES = 256
"""Some 100 KiB each in memory; the right edge and the neighbourhood are asked for again and again."""

_Tile = dict[tuple[int, int], bytes]
"""Nodes by (height above the tile's hashes, index at that height over the whole tree)."""


class StoredTree:
    """The tree of the first `size` leaves. A proof in it costs a few reads of at most 256 rows.

    It does not check what it reads: an altered row gives a proof that proves nothing, which the verifier finds.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._tiles: dict[tuple[int, int], _Tile] = {}

    async def inclusion_proof(self, connection: AsyncConnection, index: int) -> list[bytes]:
        """From the leaf's sibling up; ValueError when the tree has no such leaf."""
        return [await self.root_of(connection, span) for span in inclusion_path(index, self.size)]

    async def root_of(self, connection: AsyncConnection, span: Span) -> bytes:
        """The root over a span as it occurs in proofs."""
        return fold([await self._perfect(connection, part) for part in perfect_parts(span)])

    async def _perfect(self, connection: AsyncConnection, part: Span) -> bytes:
        """A part wider than one hash of its level lies within one tile, since it is aligned."""
        level, height = divmod((part.end - part.start).bit_length() - 1, TILE_HEIGHT)
        first = part.start >> TILE_HEIGHT * level
        tile = await self._tile(connection, level, first // TILE_WIDTH)
        return tile.get((height, first >> height), b"")

    async def _tile(self, connection: AsyncConnection, level: int, number: int) -> _Tile:
        if (level, number) not in self._tiles:
            if len(self._tiles) >= _KEPT_TILES:
                self._tiles.clear()
            self._tiles[level, number] = _grown(await _read(connection, level, number))
        return self._tiles[level, number]


def _grown(tile: _Tile) -> _Tile:
    """The hashes of a tile, and all nodes that stand on them."""
    nodes = dict(tile)
    for height in range(TILE_HEIGHT - 1):
        for (above, index), left in list(nodes.items()):
            right = nodes.get((height, index + 1))
            if above == height and index % 2 == 0 and right is not None:
                nodes[height + 1, index // 2] = node_hash(left, right)
    return nodes


async def _read(connection: AsyncConnection, level: int, number: int) -> _Tile:
    start, end = number * TILE_WIDTH, (number + 1) * TILE_WIDTH
    if level == 0:
        query = select(AuditLeaf.index, AuditLeaf.leaf_hash).where(
            AuditLeaf.index >= start, AuditLeaf.index < end
        )
    else:
        query = select(AuditSubtree.index, AuditSubtree.hash).where(
            AuditSubtree.level == level, AuditSubtree.index >= start, AuditSubtree.index < end
        )
    return {(0, index): value for index, value in await connection.execute(query)}

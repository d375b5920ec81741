"""The sequenced tree as the database holds it: subtree roots, a tile at a time."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.tree import TILE_HEIGHT, TILE_WIDTH, Span, fold, inclusion_path, perfect_parts, root_of
from app.models.audit import AuditLeaf, AuditSubtree

_KEPT_TILES = 512
"""8 KiB of hashes each; the right edge and the neighbourhood are asked for again and again."""


class StoredTree:
    """The tree of the first `size` leaves. A proof in it costs a few reads of at most 256 rows.

    It does not check what it reads: an altered row gives a proof that proves nothing, which the verifier finds.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._tiles: dict[tuple[int, int], dict[int, bytes]] = {}

    async def inclusion_proof(self, connection: AsyncConnection, index: int) -> list[bytes]:
        """From the leaf's sibling up; ValueError when the tree has no such leaf."""
        return [await self.root_of(connection, span) for span in inclusion_path(index, self.size)]

    async def root_of(self, connection: AsyncConnection, span: Span) -> bytes:
        """The root over a span as it occurs in proofs."""
        return fold([await self._perfect(connection, part) for part in perfect_parts(span)])

    async def _perfect(self, connection: AsyncConnection, part: Span) -> bytes:
        level, height = divmod((part.end - part.start).bit_length() - 1, TILE_HEIGHT)
        first = part.start >> TILE_HEIGHT * level
        tile = await self._tile(connection, level, first // TILE_WIDTH)
        return root_of(tile.get(index, b"") for index in range(first, first + (1 << height)))

    async def _tile(self, connection: AsyncConnection, level: int, number: int) -> dict[int, bytes]:
        if (level, number) not in self._tiles:
            if len(self._tiles) >= _KEPT_TILES:
                self._tiles.clear()
            self._tiles[level, number] = await self._read(connection, level, number)
        return self._tiles[level, number]

    @staticmethod
    async def _read(connection: AsyncConnection, level: int, number: int) -> dict[int, bytes]:
        start, end = number * TILE_WIDTH, (number + 1) * TILE_WIDTH
        if level == 0:
            query = select(AuditLeaf.index, AuditLeaf.leaf_hash).where(
                AuditLeaf.index >= start, AuditLeaf.index < end
            )
        else:
            query = select(AuditSubtree.index, AuditSubtree.hash).where(
                AuditSubtree.level == level, AuditSubtree.index >= start, AuditSubtree.index < end
            )
        return dict((await connection.execute(query)).all())

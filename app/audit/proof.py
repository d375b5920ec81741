"""Inclusion and consistency proofs: made over any source of hashes, checked with none."""

from collections.abc import Callable, Sequence

from app.audit.tree import Span, consistency_path, inclusion_path, node_hash

HashOf = Callable[[Span], bytes]
"""Gives the root over the leaves of a span."""


def inclusion_proof(index: int, size: int, hash_of: HashOf) -> list[bytes]:
    """ValueError when there is no such leaf."""
    return [hash_of(span) for span in inclusion_path(index, size)]


def consistency_proof(old: int, new: int, hash_of: HashOf) -> list[bytes]:
    """ValueError unless 0 < `old` ≤ `new`."""
    return [hash_of(span) for span in consistency_path(old, new)]


def includes(root: bytes, size: int, index: int, leaf: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `leaf` stands at `index` of the tree with that root and size (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size or not _all_hashes(leaf, root, *proof):
        return False
    node, place, last = leaf, index, size - 1
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            node = node_hash(sibling, node)
            place, last = _climb(place, last)
        else:
            node = node_hash(node, sibling)
        place >>= 1
        last >>= 1
    return last == 0 and node == root


def extends(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the new tree begins with the whole of the old one (RFC 9162 §2.1.4.2)."""
    if not 0 < old_size <= new_size or not _all_hashes(old_root, new_root, *proof):
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    path = [old_root, *proof] if old_size.bit_count() == 1 else list(proof)
    if not path:
        return False
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old_node = new_node = path[0]
    for node in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old_node, new_node = node_hash(node, old_node), node_hash(node, new_node)
            place, last = _climb(place, last)
        else:
            new_node = node_hash(new_node, node)
        place >>= 1
        last >>= 1
    return last == 0 and old_node == old_root and new_node == new_root


def _all_hashes(*values: bytes) -> bool:
    return all(len(value) == 32 for value in values)


def _climb(place: int, last: int) -> tuple[int, int]:
    """Past the levels on which the right edge of the tree has no sibling."""
    while place and not place & 1:
        place, last = place >> 1, last >> 1
    return place, last

"""The tree against a second opinion (pymerkle), and proofs against every change that hypothesis can think of."""

from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree  # type: ignore[import-untyped]  # it ships no types

from app.audit.proof import HashOf, consistency_proof, extends, includes, inclusion_proof
from app.audit.tree import CompactRange, Span, leaf_hash, perfect_parts, root_of

entries = st.lists(st.binary(max_size=8), min_size=1, max_size=70)


def hashes(data: list[bytes]) -> tuple[list[bytes], HashOf]:
    leaves = [leaf_hash(item) for item in data]
    return leaves, lambda span: root_of(leaves[span.start : span.end])


@given(entries)
@settings(max_examples=60, deadline=None)
def test_roots_and_proofs_agree_with_pymerkle(data: list[bytes]) -> None:
    leaves, hash_of = hashes(data)
    size = len(data)
    other = InmemoryTree.init_from_entries(data, algorithm="sha256")
    for step in range(1, size + 1):
        assert other.get_root(step) == root_of(leaves[:step])
    index, old = size // 3, size // 2
    # pymerkle puts the leaf itself first and numbers leaves from one.
    assert other.prove_inclusion(index + 1, size).path[1:] == inclusion_proof(index, size, hash_of)
    if old:
        assert extends(
            old, other.get_root(old), size, other.get_root(), consistency_proof(old, size, hash_of)
        )


@given(entries, st.data())
@settings(deadline=None)
def test_a_proof_proves_one_leaf_at_one_place_only(data: list[bytes], draw: st.DataObject) -> None:
    leaves, hash_of = hashes(data)
    size = len(leaves)
    index = draw.draw(st.integers(0, size - 1))
    other = draw.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, hash_of)
    root = root_of(leaves)
    assert includes(root, size, index, leaves[index], proof)
    if leaves[other] != leaves[index]:
        assert not includes(root, size, index, leaves[other], proof)
        assert not includes(root, size, other, leaves[index], proof)


@given(entries, st.data())
@settings(deadline=None)
def test_a_changed_history_has_no_consistency_proof(data: list[bytes], draw: st.DataObject) -> None:
    leaves, hash_of = hashes(data)
    new = len(leaves)
    old = draw.draw(st.integers(1, new))
    proof = consistency_proof(old, new, hash_of)
    assert extends(old, root_of(leaves[:old]), new, root_of(leaves), proof)
    forged = leaves[:old]
    forged[draw.draw(st.integers(0, old - 1))] = leaf_hash(b"never happened, for certain")
    assert not extends(old, root_of(forged), new, root_of(leaves), proof)


@given(st.integers(0, 2000), st.integers(0, 2000))
def test_a_range_may_be_put_down_and_taken_up_anywhere(first: int, second: int) -> None:
    leaves = [leaf_hash(number.to_bytes(2)) for number in range(first + second)]
    tree = CompactRange()
    for leaf in leaves[:first]:
        tree.append(leaf)
    resumed = CompactRange(tree.size, tree.peaks)
    for leaf in leaves[first:]:
        resumed.append(leaf)
    assert resumed.root() == root_of(leaves)


@given(st.integers(0, 1 << 40), st.integers(0, 40))
def test_parts_of_a_subtree_are_aligned_and_cover_it(number: int, height: int) -> None:
    start, end = number << height, (number << height) + (1 << height) - number % (1 << height)
    parts = list(perfect_parts(Span(start, end)))
    assert [part.start for part in parts] == [start, *[part.end for part in parts[:-1]]]
    assert parts[-1].end == end
    assert all(part.start % (part.end - part.start) == 0 for part in parts)

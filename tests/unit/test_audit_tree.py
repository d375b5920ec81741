"""Known answers of RFC 6962, as published with the certificate-transparency test data."""

import pytest

from app.audit.proof import consistency_proof, extends, includes, inclusion_proof
from app.audit.tree import CompactRange, Span, consistency_path, leaf_hash, perfect_parts, root_of

INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(data) for data in INPUTS]


def hash_of(span: Span) -> bytes:
    return root_of(LEAVES[span.start : span.end])


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_rfc_6962(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size]


def test_a_proof_of_inclusion_is_the_published_one() -> None:
    assert [node.hex() for node in inclusion_proof(0, 8, hash_of)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]


def test_a_proof_of_consistency_is_the_published_one() -> None:
    assert [node.hex() for node in consistency_proof(6, 8, hash_of)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def test_a_tree_that_is_itself_a_node_of_the_next_is_not_repeated_in_the_proof() -> None:
    assert consistency_path(4, 8) == [Span(4, 8)]


def test_every_leaf_is_proven_in_every_tree() -> None:
    for size in range(1, 9):
        root = bytes.fromhex(ROOTS[size])
        for index in range(size):
            assert includes(root, size, index, LEAVES[index], inclusion_proof(index, size, hash_of))


def test_every_tree_is_proven_to_continue_every_earlier_one() -> None:
    for new in range(1, 9):
        for old in range(1, new + 1):
            proof = consistency_proof(old, new, hash_of)
            assert extends(old, bytes.fromhex(ROOTS[old]), new, bytes.fromhex(ROOTS[new]), proof)


def test_a_proof_that_is_longer_or_shorter_than_needed_proves_nothing() -> None:
    root, proof = bytes.fromhex(ROOTS[7]), inclusion_proof(2, 7, hash_of)
    assert not includes(root, 7, 2, LEAVES[2], proof[:-1])
    assert not includes(root, 7, 2, LEAVES[2], [*proof, LEAVES[0]])
    old, new, consistency = bytes.fromhex(ROOTS[3]), root, consistency_proof(3, 7, hash_of)
    assert not extends(3, old, 7, new, consistency[:-1])
    assert not extends(3, old, 7, new, [*consistency, LEAVES[0]])
    assert not extends(3, old, 7, new, [])


def test_the_same_size_with_another_root_is_not_consistent() -> None:
    assert extends(3, bytes.fromhex(ROOTS[3]), 3, bytes.fromhex(ROOTS[3]), [])
    assert not extends(3, bytes.fromhex(ROOTS[3]), 3, bytes.fromhex(ROOTS[4]), [])


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_there_is_no_proof_for_a_leaf_outside_the_tree(index: int, size: int) -> None:
    assert not includes(bytes(32), size, index, LEAVES[0], [])
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(index, size, hash_of)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3)])
def test_there_is_no_consistency_from_nothing_or_backwards(old: int, new: int) -> None:
    assert not extends(old, bytes(32), new, bytes(32), [])
    with pytest.raises(ValueError, match="no consistency"):
        consistency_proof(old, new, hash_of)


def test_peaks_that_do_not_fit_the_size_are_refused() -> None:
    with pytest.raises(ValueError, match="2 peaks"):
        CompactRange(3, [bytes(32)])


def test_completed_tiles_are_reported_once_each() -> None:
    tree = CompactRange()
    leaves = [leaf_hash(number.to_bytes(4)) for number in range(66_000)]
    completed = {index: done for index, leaf in enumerate(leaves) if (done := tree.append(leaf))}
    assert list(completed) == list(range(255, 66_000, 256))
    assert completed[511] == (root_of(leaves[256:512]),)
    assert completed[65_535] == (root_of(leaves[65_280:65_536]), root_of(leaves[:65_536]))


def test_a_ragged_subtree_is_cut_into_perfect_ones() -> None:
    assert list(perfect_parts(Span(8, 15))) == [Span(8, 12), Span(12, 14), Span(14, 15)]

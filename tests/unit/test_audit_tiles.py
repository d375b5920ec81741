"""C2SP tlog-tiles, tlog-proof and add-checkpoint, to the byte."""

import base64
import random
from dataclasses import replace
from hashlib import sha256
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audit.proof import inclusion_proof
from app.audit.proof_file import MalformedProof, ProofFile, read_proof
from app.audit.tiles import (
    Tile,
    entries_in,
    hashes_in,
    is_of,
    root_of_tile,
    tiles_at,
    tiles_of,
    to_bundle,
)
from app.audit.tree import leaf_hash, root_of
from app.audit.witness_protocol import (
    AddCheckpoint,
    MalformedRequest,
    read_add_checkpoint,
    read_size_answer,
    size_answer,
)

NOTE = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— x AAAAAAA=\n"


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 1_234_067), "tile/0/x001/x234/067"),
        (Tile(0, 273, 112), "tile/0/273.p/112"),
        (Tile(1, 1_000), "tile/1/x001/000"),
        (Tile(63, 999, 1), "tile/63/999.p/1"),
        (Tile(None, 0, 255), "tile/entries/000.p/255"),
        (Tile(None, 1_234_067), "tile/entries/x001/x234/067"),
    ],
)
def test_a_tile_has_one_path(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert Tile.parse(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/99/000",
        "tile/-1/000",
        "tile/0/x000/000",
        "tile/0/x00/000",
        "tile/0/001/000",
        "tile/0/x001/x000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/999",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000/",
        "tile/0/000.p/1/2",
        "tile/data/000",
        "tile/0/٠٠٠",
        "/tile/0/000",
        "tile/0/000\n",
        "tile/0/" + "x001/" * 50 + "000",
    ],
)
def test_no_other_spelling_is_a_tile(path: str) -> None:
    with pytest.raises(ValueError):
        Tile.parse(path)


@given(st.none() | st.integers(0, 63), st.integers(0, 10**15), st.integers(1, 256))
def test_every_tile_is_read_back(level: int | None, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert Tile.parse(tile.path) == tile


def test_the_tiles_of_the_published_example() -> None:
    """A tree of 70,000: 273 full tiles and one of 112; one full and one of 17; one of 1."""
    tiles = list(tiles_of(70_000))
    assert tiles == [
        *(Tile(0, index) for index in range(273)),
        Tile(0, 273, 112),
        Tile(1, 0),
        Tile(1, 1, 17),
        Tile(2, 0, 1),
    ]


def test_a_tree_of_256_is_one_full_tile_and_one_of_width_1() -> None:
    assert list(tiles_of(256)) == [Tile(0, 0), Tile(1, 0, 1)]


def test_an_empty_tree_has_no_tile() -> None:
    assert list(tiles_of(0)) == []


@pytest.mark.parametrize("size", [1, 255, 256, 257, 700, 65_536, 70_000])
def test_a_tree_has_its_own_tiles_and_no_others(size: int) -> None:
    for tile in tiles_of(size):
        assert is_of(tile, size)
        assert not is_of(replace(tile, index=tile.index + 1_000), size)
    assert not is_of(Tile(0, size // 256, size % 256 + 1), size)
    assert not is_of(Tile(5, 0, 1), size)


def test_tiles_are_hashes_of_the_tree() -> None:
    leaves = [sha256(bytes([number % 256, number // 256])).digest() for number in range(600)]
    level = leaves
    above = []
    for tile in islice(tiles_at(0, len(level)), 2):
        hashes = level[tile.index * 256 : tile.index * 256 + tile.width]
        above.append(root_of_tile(hashes))
    assert above == [root_of(leaves[:256]), root_of(leaves[256:512])]


def test_a_bundle_is_length_prefixed_entries() -> None:
    assert to_bundle([b"", b"ab", b"x" * 300]) == b"\x00\x00" + b"\x00\x02ab" + b"\x01\x2c" + b"x" * 300
    assert entries_in(to_bundle([b"", b"ab", b"x" * 300]), 3) == [b"", b"ab", b"x" * 300]
    assert entries_in(to_bundle([b"x" * 65_535]), 1) == [b"x" * 65_535]


@pytest.mark.parametrize("bundle", [b"", b"\x00", b"\x00\x03ab", b"\x00\x01a\x00\x01b", b"\x00\x01a\x00"])
def test_a_bundle_of_another_width_is_refused(bundle: bytes) -> None:
    with pytest.raises(ValueError):
        entries_in(bundle, 1)
    with pytest.raises(ValueError):
        hashes_in(bundle, 1)


def a_proof(extra: bytes | None = None) -> ProofFile:
    leaves = [leaf_hash(bytes([number])) for number in range(70)]
    hashes = inclusion_proof(33, 70, lambda span: root_of(leaves[span.start : span.end]))
    return ProofFile(33, tuple(hashes), NOTE, extra)


def test_a_proof_is_written_to_the_byte() -> None:
    proof = ProofFile(7, (bytes(32), b"\xff" * 32), NOTE, b"extra data")
    zeroes, ones = "A" * 43 + "=", base64.b64encode(b"\xff" * 32).decode()
    assert proof.to_text() == (
        f"c2sp.org/tlog-proof@v1\nextra ZXh0cmEgZGF0YQ==\nindex 7\n{zeroes}\n{ones}\n\n{NOTE}"
    )


@pytest.mark.parametrize("extra", [None, b"", b"x", bytes(1000)])
def test_a_proof_is_read_back(extra: bytes | None) -> None:
    assert read_proof(a_proof(extra).to_text()) == a_proof(extra)
    assert read_proof(ProofFile(0, (), NOTE, extra).to_text()) == ProofFile(0, (), NOTE, extra)


GOOD = a_proof(b"x").to_text()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        GOOD.replace("@v1", "@v2"),
        GOOD.replace("extra", "Extra"),
        GOOD.replace("extra eA==", "extra eB=="),
        GOOD.replace("extra eA==", "extra  eA=="),
        GOOD.replace("index 33", "index 033"),
        GOOD.replace("index 33", "index -1"),
        GOOD.replace("index 33", "index"),
        GOOD.replace("index 33\n", ""),
        GOOD.replace("\nextra eA==\nindex 33", "\nindex 33\nextra eA=="),
        GOOD.replace("\n\n", "\n", 1),
        GOOD.replace("index 33\n", "index 33\nAAAA\n"),
        GOOD.replace("index 33\n", "index 33\n" + ("A" * 43 + "=\n") * 60),
        GOOD.partition("\n\n")[0],
        GOOD + "x" * 200_000,
    ],
)
def test_a_malformed_proof_is_refused(text: str) -> None:
    with pytest.raises(MalformedProof):
        read_proof(text)


def test_a_request_to_a_witness_is_written_to_the_byte() -> None:
    request = AddCheckpoint(20_852_014, (bytes(32),), NOTE)
    assert request.to_bytes() == f"old 20852014\n{'A' * 43}=\n\n{NOTE}".encode()
    assert read_add_checkpoint(request.to_bytes()) == request
    first = AddCheckpoint(0, (), NOTE)
    assert first.to_bytes() == f"old 0\n\n{NOTE}".encode()
    assert read_add_checkpoint(first.to_bytes()) == first


REQUEST = AddCheckpoint(5, (bytes(32),), NOTE).to_bytes()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 5\n",
        REQUEST.replace(b"old 5", b"old 05"),
        REQUEST.replace(b"old 5", b"old -5"),
        REQUEST.replace(b"old 5", b"old"),
        REQUEST.replace(b"old 5", b"new 5"),
        REQUEST.replace(b"old 5\n", b""),
        REQUEST.replace(b"AAA=", b"AAB="),
        REQUEST.replace(b"AAA=", b"AA=="),
        REQUEST.replace(b"old 5\n", b"old 5\n" + (b"A" * 43 + b"=\n") * 63),
        REQUEST.replace(b"\n\n", b"\n", 1),
        b"\xff" + REQUEST,
    ],
)
def test_a_malformed_request_to_a_witness_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedRequest):
        read_add_checkpoint(body)


def test_a_witness_tells_its_size_in_one_line() -> None:
    assert size_answer(20_852_014) == b"20852014\n"
    assert read_size_answer(b"20852014\n") == 20_852_014
    for wrong in (b"", b"7", b"07\n", b"7\n\n", b" 7\n", b"\xff\n"):
        with pytest.raises(ValueError):
            read_size_answer(wrong)


def test_random_bytes_are_none_of_these() -> None:
    rng = random.Random(7)
    for _ in range(300):
        noise = rng.randbytes(rng.randrange(200))
        with pytest.raises(MalformedRequest):
            read_add_checkpoint(noise)
        with pytest.raises(MalformedProof):
            read_proof(noise.decode("latin-1"))

"""A log, its witnesses and their keys, made without database or network, for tests of everything that is verified off line."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from app.audit.checkpoint import Checkpoint, Signer
from app.audit.cosignature import Cosigner, only_by
from app.audit.entry import Actor, Entry
from app.audit.note import read_signatures
from app.audit.policy import Policy, read_policy
from app.audit.tiles import Tile, root_of_tile, tiles_at, to_bundle
from app.audit.tree import TILE_WIDTH, leaf_hash, root_of

ORIGIN = "court.example/audit"
START = datetime(2026, 11, 24, tzinfo=UTC)
TIME = int(START.timestamp())


def private(number: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


SIGNER = Signer(ORIGIN, private(1))
STRANGER = Signer(ORIGIN, private(2))
BANK, POLICE = (
    Cosigner(name, private(number), MLDSA44PrivateKey.from_seed_bytes(bytes([number]) * 32))
    for name, number in (("bank.example/witness", 3), ("police.example/witness", 4))
)

POLICY_TEXT = f"""log {SIGNER.verifier}
witness bank {BANK.verifiers[0]}
witness police {POLICE.verifiers[1]}
group both all bank police
quorum both
"""
POLICY: Policy = read_policy(POLICY_TEXT)


def entry(number: int, *, digests: tuple[tuple[str, str], ...] = ()) -> bytes:
    return Entry(
        entry_id=UUID(int=(7 << 76) + number),
        recorded_at=START + timedelta(seconds=number),
        action="answer.applied",
        actor=Actor("agency", "BANK-01"),
        case_number="（2026）浙0102执123号",
        digests=digests,
    ).to_bytes()


def signed(leaves: Sequence[bytes], signer: Signer = SIGNER) -> str:
    return signer.sign(len(leaves), root_of(leaves))


def cosigned(leaves: Sequence[bytes], *witnesses: Cosigner, time: int = TIME) -> str:
    """The log's checkpoint with the cosignatures of these witnesses, by the keys that the policy names."""
    checkpoint = Checkpoint(ORIGIN, len(leaves), root_of(leaves))
    lines = read_signatures("".join(witness.sign(checkpoint, time) for witness in witnesses))
    return signed(leaves) + "".join(map(str, only_by([one.key for one in POLICY.witnesses], lines)))


def publish(folder: Path, entries: Sequence[bytes], note: str | None = None) -> list[bytes]:
    """Write the tiles of a log as a mirror keeps them; returns the leaf hashes."""
    leaves = level = [leaf_hash(body) for body in entries]
    write(folder / "checkpoint", (note or signed(leaves)).encode())
    for tile in tiles_at(None, len(entries)):
        write(folder / tile.path, to_bundle(of_tile(entries, tile)))
    number = 0
    while level:
        for tile in tiles_at(number, len(level)):
            write(folder / tile.path, b"".join(of_tile(level, tile)))
        full = len(level) // TILE_WIDTH
        level = [root_of_tile(level[place * 256 : place * 256 + 256]) for place in range(full)]
        number += 1
    return leaves


def of_tile(values: Sequence[bytes], tile: Tile) -> Sequence[bytes]:
    return values[tile.index * TILE_WIDTH : tile.index * TILE_WIDTH + tile.width]


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)

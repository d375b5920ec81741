"""The log as outsiders read it over HTTP: hashes for everybody, entries for auditors, nothing that names a person."""

from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from app.audit.checkpoint import Signer
from app.audit.entry import Actor, Entry
from app.audit.policy import Policy
from app.audit.record import record
from app.audit.sequencer import sequence_once
from app.audit.tiles import Tile, tiles_at, tiles_of
from app.audit.verdict import Outcome
from app.audit.verify_tiles import from_folder, verify_tiles
from app.clock import ManualClock
from app.ids import new_id
from app.vocabulary import AuditAction
from tests.integration.conftest import Office
from tests.integration.independent_log import entries_in, hashes_in, root_of, signed_head, tile_paths
from tests.integration.test_api_cases import NUMBER, entries, registered
from tests.unit.audit_town import write


@pytest.fixture
async def signer(office: Office, clock: ManualClock) -> Signer:
    """A log of some three hundred entries, numbered and signed."""
    await registered(office)
    async with office.hub.engine.begin() as connection:
        await record(connection, [an_entry(clock) for _ in range(290)])
    signer = Signer("test/audit", office.hub.keys.audit)
    await sequence_once(office.hub.engine, signer, clock)
    return signer


def an_entry(clock: ManualClock) -> Entry:
    return Entry(
        entry_id=new_id(), recorded_at=clock.now(), action="case.read", actor=Actor("client", "办案系统")
    )


async def download(client: httpx.AsyncClient, path: str) -> bytes:
    answer = await client.get(f"/transparency/{path}")
    assert answer.status_code == 200, (path, answer.text)
    return answer.content


async def mirror(office: Office, folder: Path, *, entries_too: bool) -> int:
    """Copy what is published, as anybody may; returns the size of the log."""
    note = await download(office.stranger, "checkpoint")
    size = int(note.split(b"\n")[1])
    write(folder / "checkpoint", note)
    for tile in tiles_of(size):
        write(folder / tile.path, await download(office.stranger, tile.path))
    for tile in tiles_at(None, size) if entries_too else ():
        write(folder / tile.path, await download(office.auditor, tile.path))
    return size


async def test_what_is_published_verifies(office: Office, signer: Signer, tmp_path: Path) -> None:
    size = await mirror(office, tmp_path, entries_too=True)
    assert size > 290
    verdict = verify_tiles(from_folder(tmp_path), Policy.of(signer.verifier))
    assert (verdict.outcome, verdict.faults, verdict.entries) == (Outcome.GOOD, [], size)


async def test_software_of_others_reads_what_is_published(office: Office, signer: Signer) -> None:
    head = signed_head((await download(office.stranger, "checkpoint")).decode(), str(signer.verifier))
    leaves, second, entries = [
        [value for path in tile_paths(level, count) for value in read(await download(client, path))]
        for level, count, client, read in (
            (0, head.size, office.stranger, hashes_in),
            (1, head.size // 256, office.stranger, hashes_in),
            ("entries", head.size, office.auditor, entries_in),
        )
    ]
    assert leaves == [sha256(b"\x00" + entry).digest() for entry in entries]
    assert second == [root_of(entries[:256])]
    assert head.root == root_of(entries)


async def test_the_published_log_names_no_person(office: Office, signer: Signer, tmp_path: Path) -> None:
    await mirror(office, tmp_path, entries_too=True)
    everything = everything_in(tmp_path)
    assert NUMBER.encode() not in everything
    assert "张三".encode() not in everything


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_entries_are_for_auditors_and_their_reading_is_an_entry(office: Office, signer: Signer) -> None:
    path = f"/transparency/{Tile(None, 0).path}"
    assert (await office.stranger.get(path)).status_code == 401
    assert (await office.court.get(path)).status_code == 403
    answer = await office.auditor.get(path)
    assert answer.headers["cache-control"] == "private, no-store"
    (looked,) = await entries(office, AuditAction.AUDIT_EXPORTED)
    assert b"tile/entries/000" in looked.body


async def test_hashes_may_be_kept_for_good_and_the_checkpoint_for_a_moment(
    office: Office, signer: Signer
) -> None:
    tile = await office.stranger.get("/transparency/tile/0/000")
    assert tile.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert tile.headers["content-type"] == "application/octet-stream"
    checkpoint = await office.stranger.get("/transparency/checkpoint")
    assert checkpoint.headers["cache-control"] == "public, max-age=1"
    assert checkpoint.headers["content-type"] == "text/plain; charset=utf-8"


async def test_what_is_not_published_is_not_found(office: Office, signer: Signer) -> None:
    for path in (
        "tile/0/001",
        "tile/0/002.p/1",
        "tile/0/x001/000",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/0/00",
        "tile/00/000",
        "tile/1/000",
        "tile/2/000.p/1",
        "tile/63/000.p/1",
        "tile/0/000.p/256",
        "tile/0/../checkpoint",
        "tile/-1/000",
        "tile/0/%00",
        "tile/0/",
        "checkpoint/witnessed",
        "policy",
    ):
        assert (await office.stranger.get(f"/transparency/{path}")).status_code in {404, 422}, path


async def test_before_the_first_checkpoint_nothing_is_published(office: Office) -> None:
    for path in ("checkpoint", "tile/0/000", "tile/0/000.p/1"):
        assert (await office.stranger.get(f"/transparency/{path}")).status_code == 404

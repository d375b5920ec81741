"""What takes minutes to prove of the audit log: `make prove-audit`, or `pytest tests/property/audit_longrun.py`.

- one bit in every byte of an export of 200 entries, its checkpoints included: always found
- ten thousand random clean logs: never a false alarm
- a million entries: verified in under 60 s and 200 MB
- two histories of one key: found with witnesses, said to be unproven without
"""

import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest

from app.audit.bundle_format import BundleWriter, Header
from app.audit.entry import Actor, Entry
from app.audit.policy import Policy
from app.audit.tree import CompactRange, leaf_hash
from app.audit.verdict import Outcome, Verdict
from app.audit.verify import verify_bundle
from tests.unit.audit_town import BANK, POLICE, POLICY, SIGNER, cosigned, entry, signed

KEY = Policy.of(SIGNER.verifier)
MILLION = 1_000_000


def bundle(entries: list[bytes], note: str, earlier: dict[int, str]) -> bytes:
    writer = BundleWriter()
    parts = [writer.beginning(Header(None), note)]
    for index, body in enumerate(entries):
        parts.append(writer.entry(index, body, [leaf_hash(body)]))
        if index + 1 in earlier:
            parts.append(writer.checkpoint(earlier[index + 1]))
    return b"".join([*parts, writer.end()])


def verdict_on(content: bytes, policy: Policy = KEY) -> Verdict:
    return verify_bundle(BytesIO(content), policy)


@pytest.mark.parametrize("part", range(4))
def test_no_bit_of_an_export_of_200_entries_can_be_flipped(part: int) -> None:
    entries = [entry(number) for number in range(200)]
    leaves = [leaf_hash(body) for body in entries]
    content = bundle(entries, cosigned(leaves, BANK, POLICE), {100: signed(leaves[:100])})
    assert verdict_on(content, POLICY).outcome is Outcome.GOOD
    rng = random.Random(part)
    for place in range(part, len(content), 4):
        flipped = bytearray(content)
        flipped[place] ^= 1 << rng.randrange(8)
        assert verdict_on(bytes(flipped), POLICY).outcome is not Outcome.GOOD, place


def test_ten_thousand_clean_logs_raise_no_alarm() -> None:
    rng = random.Random(6962)
    for _ in range(10_000):
        entries = [random_entry(rng) for _ in range(rng.randint(1, 30))]
        leaves = [leaf_hash(body) for body in entries]
        sizes = {rng.randint(1, len(entries)) for _ in range(rng.randint(0, 3))} - {len(entries)}
        verdict = verdict_on(bundle(entries, signed(leaves), {size: signed(leaves[:size]) for size in sizes}))
        assert (verdict.outcome, verdict.faults, verdict.entries) == (Outcome.GOOD, [], len(entries))


def random_entry(rng: random.Random) -> bytes:
    def words() -> str:
        letters = (
            chr(rng.choice((rng.randrange(32, 127), rng.randrange(0x4E00, 0x9FFF), rng.randrange(32))))
            for _ in range(rng.randrange(20))
        )
        return "".join(letters)

    return Entry(
        entry_id=UUID(int=rng.getrandbits(128)),
        recorded_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=rng.randrange(10**15)),
        action=words(),
        actor=Actor(words(), words()),
        purpose=rng.choice((None, words())),
        case_number=rng.choice((None, words())),
        subject_index=rng.choice((None, rng.randbytes(32))),
        request_id=rng.choice((None, UUID(int=rng.getrandbits(128)))),
        digests=tuple({f"d{number}": words() for number in range(rng.randrange(3))}.items()),
        detail={f"k{number}": words() for number in range(rng.randrange(3))},
    ).to_bytes()


def test_a_fork_is_found_with_witnesses_and_said_to_be_unproven_without() -> None:
    """For every place at which the histories may part."""
    entries = [entry(number) for number in range(64)]
    for place in range(64):
        other = [*entries[:place], entry(1_000 + place), *entries[place + 1 :]]
        leaves = [leaf_hash(body) for body in other]
        fork = bundle(other, signed(leaves), {})
        alone = verdict_on(fork)
        assert alone.outcome is Outcome.GOOD
        assert any("a fork" in one.en for one in alone.not_proven)
        assert verdict_on(fork, POLICY).outcome is Outcome.BAD


@pytest.fixture(scope="module")
def million(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Written a line at a time, with two thousand earlier checkpoints, as the hub exports it."""
    path = tmp_path_factory.mktemp("million") / "log"
    tree, notes, root = CompactRange(), {}, b""
    for number in range(MILLION):
        tree.append(leaf_hash(usual_entry(number)))
        if (number + 1) % 500 == 0:
            root = tree.root()
            notes[number + 1] = SIGNER.sign(number + 1, root)
    writer = BundleWriter()
    with path.open("wb") as file:
        file.write(writer.beginning(Header(None), notes.pop(MILLION)))
        for number in range(MILLION):
            body = usual_entry(number)
            file.write(writer.entry(number, body, [leaf_hash(body)]))
            if number + 1 in notes:
                file.write(writer.checkpoint(notes[number + 1]))
        file.write(writer.end())
    yield path
    path.unlink()


def usual_entry(number: int) -> bytes:
    return (
        '{"action":"answer.applied","actor":{"id":"BANK-01","kind":"agency"},"agency_code":"BANK-01",'
        f'"case_number":"（2026）豫1424执{number % 9999}号","court_code":"豫1424",'
        f'"digests":{{"received":"{number:064x}"}},"entry_id":"019b0000-0000-7000-8000-{number:012x}",'
        '"officer":"豫柘法执0101","outcome":"applied:found","purpose":"查明被执行人财产状况",'
        f'"recorded_at":"2026-11-24T08:00:00.{number % 1_000_000:06d}Z",'
        f'"request_id":"019b0000-0000-7000-9000-{number:012x}","subject_index":"{number % 997:064x}","v":1}}'
    ).encode()


def test_a_million_entries_are_verified_within_a_minute_and_200_megabytes(million: Path) -> None:
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "app.audit.verify", million, "--key", str(SIGNER.verifier)],
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - begun
    megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    assert done.returncode == 0, done.stdout
    assert "Entries 0 to 999999" in done.stdout
    print(f"\n{MILLION} entries in {seconds:.1f} s and {megabytes:.0f} MB")  # noqa: T201 - the figure is the point
    assert seconds < 60
    assert megabytes < 200


def test_in_a_million_entries_the_first_changed_one_is_named(million: Path, tmp_path: Path) -> None:
    content = million.read_bytes()
    place = content.index(b"\n654321\t") + 100
    damaged = tmp_path / "damaged"
    damaged.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    del content
    with damaged.open("rb") as stream:
        verdict = verify_bundle(stream, KEY)
    assert verdict.first_bad is not None
    assert verdict.first_bad.start == 654_321

"""The verifier against bundles made by hand: no database is needed to find a forgery."""

import base64
import random
import subprocess
import sys
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.audit.bundle_format import BundleWriter, Header
from app.audit.checkpoint import Checkpoint, Signer
from app.audit.entry import Actor, Entry
from app.audit.policy import Policy
from app.audit.proof import inclusion_proof
from app.audit.selection import Selection
from app.audit.tree import Span, leaf_hash, root_of
from app.audit.verdict import Outcome, Verdict
from app.audit.verify import main, verify_bundle

SIGNER = Signer("court.example/audit", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
STRANGER = Signer("court.example/audit", Ed25519PrivateKey.from_private_bytes(bytes(32)))
START = datetime(2026, 11, 24, tzinfo=UTC)
CASE = "（2026）浙0102执123号"


def entry(number: int, *, purpose: str = "查询被执行人财产") -> bytes:
    return Entry(
        entry_id=UUID(int=(7 << 76) + number),
        recorded_at=START + timedelta(seconds=number),
        action="answer.applied",
        actor=Actor("agency", "BANK-01"),
        case_number=CASE,
        purpose=purpose,
        digests=(("answer", f"{number:064x}"),),
    ).to_bytes()


ENTRIES = [entry(number) for number in range(60)]
LEAVES = [leaf_hash(body) for body in ENTRIES]
EARLIER = (7, 20, 33)


def log(
    entries: Sequence[bytes] = ENTRIES,
    listed: Sequence[bytes] = LEAVES,
    *,
    signed: Sequence[bytes] = LEAVES,
    earlier: Sequence[int] = EARLIER,
) -> bytes:
    """A bundle that shows `entries` beside `listed` leaf hashes, under checkpoints over `signed`."""
    writer = BundleWriter()
    parts = [writer.beginning(Header(None), note(signed))]
    for index, (body, leaf) in enumerate(zip(entries, listed, strict=True)):
        parts.append(writer.entry(index, body, [leaf]))
        if index + 1 in earlier:
            parts.append(writer.checkpoint(note(signed[: index + 1])))
    return b"".join([*parts, writer.end()])


def note(leaves: Sequence[bytes], signer: Signer = SIGNER) -> str:
    return signer.sign(len(leaves), root_of(leaves))


def selection(indexes: Sequence[int] = (3, 17, 59), chosen: Selection | None = None) -> bytes:
    writer = BundleWriter()
    parts = [writer.beginning(Header(chosen or Selection(case_number=CASE, since=START)), note(LEAVES))]
    parts += [writer.entry(index, ENTRIES[index], proof(index)) for index in indexes]
    return b"".join([*parts, writer.end()])


def proof(index: int) -> list[bytes]:
    return inclusion_proof(index, len(LEAVES), lambda span: root_of(LEAVES[span.start : span.end]))


def verdict_on(bundle: bytes, signer: Signer = SIGNER) -> Verdict:
    return verify_bundle(BytesIO(bundle), Policy.of(signer.verifier))


def with_(items: Sequence[bytes], place: int, item: bytes) -> list[bytes]:
    return [*items[:place], item, *items[place + 1 :]]


def spelled(verdict: Verdict) -> str:
    return "\n".join(statement.en for statement in verdict.faults)


def test_a_clean_log_is_good_and_the_verdict_says_what_it_does_not_prove() -> None:
    verdict = verdict_on(log())
    assert (verdict.outcome, verdict.entries, verdict.first_bad) == (Outcome.GOOD, 60, None)
    assert "Entries 0 to 59" in verdict.proven[0].en
    unproven = " ".join(statement.en for statement in verdict.not_proven)
    assert "fork" in unproven
    assert "cut back" in unproven
    assert "selection" not in unproven


def test_a_clean_selection_is_good_but_not_proven_to_be_complete() -> None:
    verdict = verdict_on(selection())
    assert (verdict.outcome, verdict.entries) == (Outcome.GOOD, 3)
    assert any("selection is complete" in statement.en for statement in verdict.not_proven)


def test_a_log_of_one_entry_and_a_selection_of_none_verify() -> None:
    assert verdict_on(log(ENTRIES[:1], LEAVES[:1], signed=LEAVES[:1])).outcome is Outcome.GOOD
    assert verdict_on(selection(())).outcome is Outcome.GOOD


def test_every_statement_is_in_chinese_and_english() -> None:
    text = verdict_on(log(with_(ENTRIES, 5, entry(99)))).render()
    assert "首个异常序号 / First bad index: 5" in text
    assert "未证明 / Not proven" in text


def test_no_byte_of_a_log_can_be_changed() -> None:
    """Of 10 entries; `make prove-audit` does it with 200."""
    bundle = log(ENTRIES[:10], LEAVES[:10], signed=LEAVES[:10], earlier=(7,))
    assert_each_flip_is_found(bundle)


def test_no_byte_of_a_selection_can_be_changed() -> None:
    assert_each_flip_is_found(selection())


def assert_each_flip_is_found(bundle: bytes) -> None:
    rng = random.Random(7)
    for place in range(len(bundle)):
        flipped = bytearray(bundle)
        flipped[place] ^= 1 << rng.randrange(8)
        assert verdict_on(bytes(flipped)).outcome is not Outcome.GOOD, place


def test_a_changed_entry_is_named() -> None:
    verdict = verdict_on(log(with_(ENTRIES, 23, entry(23, purpose="无"))))
    assert verdict.first_bad == Span(23, 24)
    assert "it is the entry that was changed" in spelled(verdict)
    assert "Entries 0 to 22" in verdict.proven[0].en


def test_a_changed_leaf_hash_beside_an_authentic_entry_is_told_apart() -> None:
    verdict = verdict_on(log(ENTRIES, with_(LEAVES, 23, bytes(32))))
    assert verdict.first_bad == Span(23, 24)
    assert "it is the listed leaf hash that was changed" in spelled(verdict)
    assert "Entries 0 to 59" in verdict.proven[0].en


def test_an_entry_changed_together_with_its_leaf_hash_is_found_between_two_signed_checkpoints() -> None:
    forged = entry(23, purpose="无")
    verdict = verdict_on(log(with_(ENTRIES, 23, forged), with_(LEAVES, 23, leaf_hash(forged))))
    assert verdict.first_bad == Span(20, 33)
    assert "Entries 0 to 19" in verdict.proven[0].en


def test_of_two_changes_the_first_is_named() -> None:
    forged = entry(40, purpose="无")
    entries = with_(with_(ENTRIES, 40, forged), 12, entry(12, purpose="无"))
    verdict = verdict_on(log(entries, with_(LEAVES, 40, leaf_hash(forged))))
    assert verdict.first_bad == Span(12, 13)


@pytest.mark.parametrize(
    ("order", "first_bad"),
    [
        ([*range(10), *range(11, 60)], 10),
        ([*range(11), *range(10, 60)], 11),
        ([*range(10), 11, 10, *range(12, 60)], 10),
        (list(range(59)), 59),
        (list(range(1, 60)), 0),
        ([], 0),
    ],
    ids=["dropped", "doubled", "swapped", "cut at the end", "cut at the head", "emptied"],
)
def test_lines_dropped_doubled_swapped_or_cut_are_found_even_with_a_fitting_last_line(
    order: list[int], first_bad: int
) -> None:
    writer = BundleWriter()
    parts = [writer.beginning(Header(None), note(LEAVES))]
    parts += [writer.entry(index, ENTRIES[index], [LEAVES[index]]) for index in order]
    verdict = verdict_on(b"".join([*parts, writer.end()]))
    assert verdict.outcome is Outcome.BAD
    assert verdict.first_bad == Span(first_bad, first_bad + 1)


@pytest.mark.parametrize(
    "order",
    [
        [*range(10), *range(11, 60)],
        [*range(11), *range(10, 60)],
        [*range(10), 11, 10, *range(12, 60)],
        list(range(1, 60)),
    ],
    ids=["dropped", "doubled", "swapped", "cut at the head"],
)
def test_renumbering_the_rest_hides_nothing(order: list[int]) -> None:
    entries, leaves = [ENTRIES[index] for index in order], [LEAVES[index] for index in order]
    assert verdict_on(log(entries, leaves, earlier=())).outcome is Outcome.BAD


def test_an_invented_entry_beyond_the_checkpoint_is_refused() -> None:
    entries = [*ENTRIES, entry(60)]
    verdict = verdict_on(log(entries, [leaf_hash(body) for body in entries], earlier=()))
    assert verdict.first_bad == Span(60, 61)


def test_a_missing_entry_is_called_missing() -> None:
    assert "Entry 8 is missing" in spelled(verdict_on(log(with_(ENTRIES, 8, b""))))


def test_a_logged_entry_that_is_not_canonical_is_told() -> None:
    odd = ENTRIES[4].replace(b",", b", ", 1)
    leaves = with_(LEAVES, 4, leaf_hash(odd))
    verdict = verdict_on(log(with_(ENTRIES, 4, odd), leaves, signed=leaves))
    assert (verdict.outcome, verdict.first_bad) == (Outcome.BAD, Span(4, 5))
    assert "not in the canonical form" in spelled(verdict)


def test_a_cut_off_file_is_bad_even_at_the_end_of_a_line() -> None:
    lines = log().splitlines(keepends=True)
    for keep in range(1, len(lines)):
        assert verdict_on(b"".join(lines[:keep])).outcome is Outcome.BAD


def test_something_after_the_end_is_bad() -> None:
    assert "after the last line" in spelled(verdict_on(log() + b"\n"))
    assert "after the last line" in spelled(verdict_on(log() + b"more"))


def test_a_log_under_a_checkpoint_of_another_key_is_bad() -> None:
    verdict = verdict_on(log(), STRANGER)
    assert (verdict.outcome, verdict.checkpoint) == (Outcome.BAD, None)
    assert "not signed by this key" in spelled(verdict)


def test_a_forged_signature_is_bad() -> None:
    forged = note(LEAVES, Signer(SIGNER.origin, STRANGER.private))
    key_id = base64.b64encode(SIGNER.verifier.key_id + bytes(64)).decode()
    head, _, _ = forged.partition("\n— ")
    bundle = log().replace(note(LEAVES).encode(), f"{head}\n— {SIGNER.origin} {key_id}\n".encode())
    assert "signature is wrong" in spelled(verdict_on(bundle))


def test_a_rehashed_chain_under_an_old_checkpoint_is_bad() -> None:
    """Everything recomputed, but nobody can sign it: the old checkpoint stays."""
    entries = [entry(number, purpose="无") for number in range(60)]
    assert verdict_on(log(entries, [leaf_hash(body) for body in entries], earlier=())).outcome is Outcome.BAD


def test_two_histories_signed_by_one_key_are_called_a_fork() -> None:
    leaves = with_(LEAVES, 10, leaf_hash(entry(99)))
    writer = BundleWriter()
    parts = [writer.beginning(Header(None), note(LEAVES))]
    for index, body in enumerate(ENTRIES):
        parts.append(writer.entry(index, body, [LEAVES[index]]))
        if index + 1 == 20:
            parts.append(writer.checkpoint(note(leaves[:20])))
    verdict = verdict_on(b"".join([*parts, writer.end()]))
    assert verdict.outcome is Outcome.BAD
    assert "a fork" in spelled(verdict)


def with_earlier(earlier: str) -> bytes:
    """Two entries, and a checkpoint between them."""
    writer = BundleWriter()
    parts = [
        writer.beginning(Header(None), note(LEAVES[:2])),
        writer.entry(0, ENTRIES[0], [LEAVES[0]]),
        writer.checkpoint(earlier),
        writer.entry(1, ENTRIES[1], [LEAVES[1]]),
    ]
    return b"".join([*parts, writer.end()])


def test_an_earlier_checkpoint_in_the_wrong_place_or_with_a_wrong_signature_is_bad() -> None:
    right = note(LEAVES[:1])
    assert verdict_on(with_earlier(right)).outcome is Outcome.GOOD
    forged = right[:-10] + ("A" if right[-10] != "A" else "B") + right[-9:]
    for wrong in (note(LEAVES[:2]), forged, "nonsense"):
        assert "earlier checkpoint" in spelled(verdict_on(with_earlier(wrong)))


def test_an_earlier_checkpoint_by_a_key_that_was_not_given_proves_nothing_and_spoils_nothing() -> None:
    verdict = verdict_on(with_earlier(note(LEAVES[:1], STRANGER)))
    assert verdict.outcome is Outcome.GOOD
    assert any("a key that was not given" in statement.en for statement in verdict.not_proven)


def test_a_log_whose_key_changed_is_followed_with_both_keys() -> None:
    before, after = SIGNER, Signer(SIGNER.origin, STRANGER.private, SIGNER.private)
    writer = BundleWriter()
    parts = [writer.beginning(Header(None), note(LEAVES[:2], Signer(SIGNER.origin, STRANGER.private)))]
    parts += [writer.entry(0, ENTRIES[0], [LEAVES[0]]), writer.checkpoint(note(LEAVES[:1], before))]
    bundle = b"".join([*parts, writer.entry(1, ENTRIES[1], [LEAVES[1]]), writer.end()])
    verdict = verify_bundle(BytesIO(bundle), Policy.of(*after.verifiers))
    assert (verdict.outcome, verdict.faults) == (Outcome.GOOD, [])
    assert not any("was not given" in statement.en for statement in verdict.not_proven)


def test_a_log_is_followed_from_a_checkpoint_that_was_kept() -> None:
    for size in (0, 1, 33, 60):
        verdict = verdict_with_kept(log(), LEAVES[:size])
        assert verdict.outcome is Outcome.GOOD
        assert f"continues the checkpoint of size {size}" in verdict.proven[-1].en


def test_a_log_cut_back_or_forked_is_found_with_a_checkpoint_that_was_kept() -> None:
    short = log(ENTRIES[:40], LEAVES[:40], signed=LEAVES[:40])
    assert verdict_on(short).outcome is Outcome.GOOD
    assert "was cut back" in spelled(verdict_with_kept(short, LEAVES))
    forged = with_(LEAVES, 25, leaf_hash(entry(99)))
    fork = log(with_(ENTRIES, 25, entry(99)), forged, signed=forged)
    assert verdict_on(fork).outcome is Outcome.GOOD
    verdict = verdict_with_kept(fork, LEAVES[:33])
    assert "rewritten or forked" in spelled(verdict)
    assert verdict.first_bad == Span(20, 33)
    assert verdict_with_kept(fork, LEAVES[:25]).outcome is Outcome.GOOD


def verdict_with_kept(bundle: bytes, leaves: Sequence[bytes]) -> Verdict:
    kept = Checkpoint(SIGNER.origin, len(leaves), root_of(leaves))
    return verify_bundle(BytesIO(bundle), Policy.of(SIGNER.verifier), kept)


def test_a_selected_entry_that_was_changed_is_named_and_the_others_stay_proven() -> None:
    verdict = verdict_on(selection().replace(ENTRIES[17], entry(17, purpose="无")))
    assert verdict.first_bad == Span(17, 18)
    assert "2 entries stand in the log" in verdict.proven[0].en


def test_a_selected_entry_under_another_index_is_not_proven() -> None:
    verdict = verdict_on(selection().replace(b"\n17\t", b"\n18\t"))
    assert verdict.first_bad == Span(18, 19)


def test_a_selection_with_an_entry_that_was_not_asked_for_is_bad() -> None:
    verdict = verdict_on(selection((3, 17), Selection(since=START + timedelta(seconds=5))))
    assert verdict.first_bad == Span(3, 4)
    assert "does not fit what was asked for" in spelled(verdict)


def test_a_selection_lists_each_entry_once_and_in_order() -> None:
    assert verdict_on(selection((17, 3))).outcome is Outcome.BAD
    assert verdict_on(selection((3, 3))).outcome is Outcome.BAD


@pytest.mark.parametrize(
    "bundle",
    [
        b"",
        b"\n",
        b"hello\n",
        b"\xff\xfe\n",
        b"liandong-audit-bundle/2\tlog\n",
        b"liandong-audit-bundle/1\tforest\n",
        b"liandong-audit-bundle/1\tlog\textra\n",
        b"liandong-audit-bundle/1\tselection\n",
        b"liandong-audit-bundle/1\tselection\t{}{}\n",
        b'liandong-audit-bundle/1\tselection\t{"officer":["a"]}\n',
        b'liandong-audit-bundle/1\tselection\t{"since":"2026-11-24T00:00:00"}\n',
        b"liandong-audit-bundle/1\tselection\t" + b"[" * 50_000 + b"\n",
        b"x" * 2_000_000,
    ],
)
def test_what_is_no_bundle_is_unusable(bundle: bytes) -> None:
    assert verdict_on(bundle).outcome is Outcome.UNUSABLE


@pytest.mark.parametrize(
    "line",
    [
        b"checkpoint\t" + b"[" * 100_000,
        b'checkpoint\t"\\u0041"',
        b"checkpoint\t7",
        b"end\t1",
        b"end\t01\t00",
        b"0\t{}",
        b"0\t{}\tAAAA",
        b"00\t{}\t" + base64.b64encode(bytes(32)),
        b"0\t{}\t" + base64.b64encode(bytes(32)) + b" ",
        b"0\t" + b"[" * 60_000 + b"\t" + base64.b64encode(leaf_hash(b"[" * 60_000)),
        b"0\t" + b"9" * 600_000,
        b"\xff",
        b"",
    ],
)
@pytest.mark.parametrize("header", [Header(None), Header(Selection())], ids=["log", "selection"])
def test_hostile_lines_are_bad_and_nothing_worse(header: Header, line: bytes) -> None:
    bundle = BundleWriter().beginning(header, note(LEAVES)) + line + b"\n"
    assert verdict_on(bundle).outcome is Outcome.BAD


def test_a_header_without_checkpoint_is_bad() -> None:
    start = BundleWriter().beginning(Header(None), note(LEAVES))
    for bundle in (
        start[:28],
        start[:60],
        start[: start.index(b"\n\n") + 2],
        start.replace(b"court", b"\xff"),
    ):
        assert "checkpoint is malformed" in spelled(verdict_on(bundle))
    endless = b"liandong-audit-bundle/1\tlog\n" + b"x\n" * 200_000
    assert "checkpoint is malformed" in spelled(verdict_on(endless))


def test_the_program_ends_with_0_1_or_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad, key = tmp_path / "good", tmp_path / "bad", tmp_path / "key.txt"
    good.write_bytes(log())
    bad.write_bytes(log(with_(ENTRIES, 5, entry(99))))
    key.write_text(f"{SIGNER.verifier}\n")
    assert main([str(good), "--key", str(key)]) == 0
    assert "验证通过 / GOOD" in capsys.readouterr().out
    assert main([str(bad), "--key", str(SIGNER.verifier)]) == 1
    assert main([str(tmp_path / "absent"), "--key", str(key)]) == 2
    assert main([str(good), "--key", "nonsense"]) == 2
    assert main([str(key), "--key", str(key)]) == 2


def test_the_verifier_runs_without_database_settings_or_web_framework(tmp_path: Path) -> None:
    bundle = tmp_path / "log"
    bundle.write_bytes(log())
    program = (
        "import sys; from app.audit.verify import main; code = main(sys.argv[1:]);"
        "barred = {'sqlalchemy', 'psycopg', 'pydantic', 'fastapi', 'httpx', 'structlog', 'typer'};"
        "sys.exit(code or sorted(barred & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, bundle, "--key", str(SIGNER.verifier)],
        capture_output=True,
        text=True,
        env={"PATH": ""},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_long_log_needs_little_memory(tmp_path: Path) -> None:
    """Twenty times the entries, the same memory."""
    peaks = []
    for count in (500, 10_000):
        entries = [entry(number) for number in range(count)]
        leaves = [leaf_hash(body) for body in entries]
        path = tmp_path / f"log-{count}"
        path.write_bytes(log(entries, leaves, signed=leaves, earlier=()))
        tracemalloc.start()
        with path.open("rb") as stream:
            assert verify_bundle(stream, Policy.of(SIGNER.verifier)).outcome is Outcome.GOOD
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 64 * 1024

"""The log verified from its published tiles alone, as a mirror keeps them."""

import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.audit.checkpoint import Checkpoint
from app.audit.policy import Policy
from app.audit.tree import Span, leaf_hash, root_of
from app.audit.verdict import Outcome, Verdict
from app.audit.verify_tiles import from_address, from_folder, main, verify_tiles
from tests.unit.audit_town import (
    BANK,
    POLICE,
    POLICY,
    POLICY_TEXT,
    SIGNER,
    STRANGER,
    cosigned,
    entry,
    publish,
    signed,
)

KEY = Policy.of(SIGNER.verifier)
ENTRIES = [entry(number) for number in range(700)]
LEAVES = [leaf_hash(body) for body in ENTRIES]


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mirror")
    publish(folder, ENTRIES)
    return folder


@pytest.fixture
def copy(mirror: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(mirror, tmp_path / "copy"))


def verdict_on(folder: Path, kept: int | None = None) -> Verdict:
    checkpoint = None if kept is None else Checkpoint(SIGNER.origin, kept, root_of(LEAVES[:kept]))
    return verify_tiles(from_folder(folder), KEY, checkpoint)


def spelled(verdict: Verdict) -> str:
    return "\n".join(statement.en for statement in verdict.faults)


@pytest.mark.parametrize("size", [1, 255, 256, 257, 511, 512])
def test_a_published_log_of_any_size_verifies(tmp_path: Path, size: int) -> None:
    publish(tmp_path, ENTRIES[:size])
    verdict = verdict_on(tmp_path)
    assert (verdict.outcome, verdict.faults, verdict.entries) == (Outcome.GOOD, [], size)
    assert f"All {size} entries" in verdict.proven[-1].en


def test_a_log_with_two_levels_of_full_tiles_verifies(tmp_path: Path) -> None:
    """66,000 leaves; their entries are not published here, which the verdict says."""
    leaves = [leaf_hash(number.to_bytes(4, "big")) for number in range(66_000)]
    publish(tmp_path, [number.to_bytes(4, "big") for number in range(66_000)], signed(leaves))
    shutil.rmtree(tmp_path / "tile/entries")
    verdict = verdict_on(tmp_path)
    assert (verdict.outcome, verdict.faults) == (Outcome.GOOD, [])
    assert any("only hashes were checked" in statement.en for statement in verdict.not_proven)
    second = tmp_path / "tile/2/000.p/1"
    second.write_bytes(bytes(32))
    assert verdict_on(tmp_path).first_bad == Span(0, 65_536)


def test_the_empty_log_verifies(tmp_path: Path) -> None:
    publish(tmp_path, [], signed([]))
    assert verdict_on(tmp_path).outcome is Outcome.GOOD


def test_no_byte_of_a_published_log_can_be_changed(copy: Path) -> None:
    rng = random.Random(3)
    for path in [path for path in copy.rglob("*") if path.is_file()]:
        content = path.read_bytes()
        for place in {0, len(content) - 1, *(rng.randrange(len(content)) for _ in range(3))}:
            flipped = bytearray(content)
            flipped[place] ^= 1 << rng.randrange(8)
            path.write_bytes(flipped)
            assert verdict_on(copy).outcome is Outcome.BAD, (path, place)
        path.write_bytes(content)


def test_a_changed_entry_is_named(copy: Path) -> None:
    path = copy / "tile/entries/001"
    path.write_bytes(path.read_bytes().replace(b"BANK-01", b"BANK-02", 1))
    assert verdict_on(copy).first_bad == Span(256, 257)


def test_a_changed_leaf_hash_is_found_in_the_tile_above(copy: Path) -> None:
    path = copy / "tile/0/001"
    path.write_bytes(bytes(32) + path.read_bytes()[32:])
    verdict = verdict_on(copy)
    assert verdict.first_bad == Span(256, 257)
    shutil.rmtree(copy / "tile/entries")
    assert verdict_on(copy).first_bad == Span(256, 512)


def test_a_missing_tile_is_named(copy: Path) -> None:
    (copy / "tile/0/001").unlink()
    assert "tile/0/001 is missing" in spelled(verdict_on(copy))


def test_a_log_is_followed_from_a_checkpoint_that_was_kept(mirror: Path) -> None:
    verdict = verdict_on(mirror, kept=300)
    assert verdict.outcome is Outcome.GOOD
    assert "continues the checkpoint of size 300" in verdict.proven[-1].en


def test_a_fork_and_a_cut_are_found_with_a_checkpoint_that_was_kept(tmp_path: Path) -> None:
    publish(tmp_path, [*ENTRIES[:280], entry(9_999), *ENTRIES[281:400]])
    assert verdict_on(tmp_path).outcome is Outcome.GOOD
    assert "rewritten or forked" in spelled(verdict_on(tmp_path, kept=300))
    assert "was cut back" in spelled(verdict_on(tmp_path, kept=700))


def test_a_witnessed_log_satisfies_a_policy_and_an_unwitnessed_one_does_not(copy: Path) -> None:
    assert verify_tiles(from_folder(copy), POLICY).outcome is Outcome.BAD
    (copy / "checkpoint").write_text(cosigned(LEAVES, BANK))
    verdict = verify_tiles(from_folder(copy), POLICY)
    assert "no cosignature by police" in spelled(verdict)
    assert any("a fork" in statement.en for statement in verdict.not_proven)
    (copy / "checkpoint").write_text(cosigned(LEAVES, BANK, POLICE))
    verdict = verify_tiles(from_folder(copy), POLICY)
    assert verdict.outcome is Outcome.GOOD
    assert any("vouch that until 2026-11-24T00:00:00+00:00" in statement.en for statement in verdict.proven)
    assert not any("a fork" in statement.en for statement in verdict.not_proven)


def test_a_checkpoint_by_another_key_is_refused(copy: Path) -> None:
    (copy / "checkpoint").write_text(signed(LEAVES, STRANGER))
    assert "not signed by this key" in spelled(verdict_on(copy))


def test_only_http_addresses_are_read() -> None:
    for address in ("file:///etc/passwd", "ftp://a", "gopher://a", ""):
        with pytest.raises(ValueError):
            from_address(address)


def test_the_program_ends_with_0_1_or_2(
    mirror: Path, copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "policy.txt"
    policy.write_text(POLICY_TEXT)
    assert main([str(mirror), "--key", str(SIGNER.verifier)]) == 0
    assert "验证通过 / GOOD" in capsys.readouterr().out
    assert main([str(mirror), "--key", str(policy)]) == 1
    assert main([str(tmp_path / "absent"), "--key", str(policy)]) == 2
    assert main([str(mirror), "--key", "nonsense"]) == 2
    assert main([str(mirror), "--key", str(policy), "--kept", str(policy)]) == 2
    assert main([str(mirror), "--key", str(SIGNER.verifier), "--kept", str(copy / "checkpoint")]) == 0
    assert main(["http://127.0.0.1:1/", "--key", str(SIGNER.verifier)]) == 1


def test_it_runs_without_database_settings_or_web_framework(mirror: Path) -> None:
    program = (
        "import sys; from app.audit.verify_tiles import main; code = main(sys.argv[1:]);"
        "barred = {'sqlalchemy', 'psycopg', 'pydantic', 'fastapi', 'httpx', 'structlog', 'typer'};"
        "sys.exit(code or sorted(barred & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, mirror, "--key", str(SIGNER.verifier)],
        capture_output=True,
        text=True,
        env={"PATH": ""},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")

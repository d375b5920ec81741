"""A new dialect is one command away. That it passes the conformance suite, the suite itself shows."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.adapters.scaffold import create


def test_it_says_the_two_lines_that_the_registry_wants(tmp_path: Path) -> None:
    made = create("province-court-2", tmp_path)
    assert made.registry_import == "from app.adapters.province_court_2.dialect import ProvinceCourt2Dialect"
    assert made.registry_entry == '"province-court-2": ProvinceCourt2Dialect,'
    assert made.module == tmp_path / "app/adapters/province_court_2/dialect.py"
    assert made.samples == tmp_path / "tests/contract/samples/province-court-2"


def test_what_is_written_says_nothing_of_the_template(tmp_path: Path) -> None:
    create("province-1", tmp_path)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 10
    assert [path for path in written if "emplate" in path.read_text() or "emplate" in path.name] == []


def test_what_is_written_is_clean_to_the_linter(tmp_path: Path) -> None:
    made = create("province-1", tmp_path)
    project = Path(__file__).parents[2] / "pyproject.toml"
    checked = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--config", str(project), "--no-cache", str(made.module)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    "name", ["", "Province-1", "province_1", "../province", "1-province", "province-", "省院-1"]
)
def test_a_name_that_cannot_be_a_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="province-1"):
        create(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_dialect_is_left_alone(tmp_path: Path) -> None:
    made = create("province-1", tmp_path)
    made.module.write_text("mine")
    with pytest.raises(FileExistsError):
        create("province-1", tmp_path)
    assert made.module.read_text() == "mine"

"""Keys that end: made once, found as long as they are there, and then by nobody."""

import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.crypto import SealBroken, SealExpired, Vault, key_id_of
from app.expiry_keys import ExpiryKeys, ends_on, key_for
from app.linkage.retention import expires_in


@given(st.dates(date(2000, 1, 1), date(2190, 12, 31)))
def test_a_key_ends_after_every_day_of_its_quarter_and_at_most_a_quarter_later(day: date) -> None:
    end = ends_on(key_for(day))
    assert day < end
    assert (end - day).days <= 92
    assert end.day == 1
    assert end.month in {1, 4, 7, 10}


def test_quarters_have_names() -> None:
    assert key_for(date(2031, 10, 1)) == "until-2031-q4"
    assert ends_on("until-2031-q4") == date(2032, 1, 1)
    assert ends_on("until-2031-q1") == date(2031, 4, 1)
    for wrong in (
        "until-2031-q5",
        "until-2031-q0",
        "until-31-q1",
        "v1",
        "until-",
        "until-2031-q1/../x",
        "until-2031-q01",
    ):
        with pytest.raises(ValueError):
            ends_on(wrong)


def test_data_end_years_after_the_case_was_closed_also_on_leap_days() -> None:
    assert expires_in(datetime(2026, 11, 24, tzinfo=UTC), 5) == "until-2031-q4"
    assert expires_in(datetime(2028, 2, 29, tzinfo=UTC), 3) == "until-2031-q1"


def test_a_key_is_made_once_and_secret(tmp_path: Path) -> None:
    keys = ExpiryKeys(tmp_path / "keys")
    assert keys.held() == []
    assert keys.find("until-2031-q4") is None
    keys.make("until-2031-q4")
    key = keys.find("until-2031-q4")
    assert key is not None
    assert len(key) == 32
    keys.make("until-2031-q4")
    assert keys.find("until-2031-q4") == key
    keys.make("until-2031-q3")
    assert keys.held() == ["until-2031-q3", "until-2031-q4"]
    assert (tmp_path / "keys/until-2031-q4.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "keys").iterdir() if path.name.startswith(".")] == []


def test_a_destroyed_key_opens_nothing_any_more(tmp_path: Path) -> None:
    keys = ExpiryKeys(tmp_path)
    vault = Vault({"v1": os.urandom(32)}, "v1", os.urandom(32), keys.find)
    keys.make("until-2031-q4")
    sealed = vault.seal_under("until-2031-q4", "张三".encode(), "parties.name")
    assert key_id_of(sealed) == "until-2031-q4"
    assert vault.open_text(sealed, "parties.name") == "张三"
    with pytest.raises(SealBroken):
        vault.open(sealed, "parties.number")
    before = (tmp_path / "until-2031-q4.key").read_bytes()
    with (tmp_path / "until-2031-q4.key").open("rb") as still_open:
        keys.destroy("until-2031-q4")
        assert still_open.read() != before
    with pytest.raises(SealExpired):
        vault.open(sealed, "parties.name")
    with pytest.raises(SealExpired):
        vault.seal_under("until-2031-q4", b"x", "parties.name")
    keys.make("until-2031-q4")
    with pytest.raises(SealBroken):
        vault.open(sealed, "parties.name")


def test_a_vault_without_expiring_keys_knows_none() -> None:
    vault = Vault({"v1": os.urandom(32)}, "v1", os.urandom(32))
    assert vault.current == key_id_of(vault.seal(b"x", "a.b")) == "v1"
    with pytest.raises(SealBroken):
        vault.open(b"\x0duntil-2031-q4" + bytes(40), "a.b")
    for wrong in (b"", b"\x00", b"\x05ab"):
        with pytest.raises(ValueError):
            key_id_of(wrong)

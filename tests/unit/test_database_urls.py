import json
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from app.database import from_json, libpq_url, normalise_url, to_json


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_becomes_the_driver_we_use(scheme: str) -> None:
    assert normalise_url(f"{scheme}://u:p%40%25@db:5433/hub") == "postgresql+psycopg://u:p%40%25@db:5433/hub"


def test_another_database_is_refused_without_repeating_the_password() -> None:
    with pytest.raises(ValueError, match="must be of PostgreSQL, not mysql") as refused:
        normalise_url("mysql://u:secret@db/hub")
    assert "secret" not in str(refused.value)


def test_libpq_is_given_spaces_and_plus_signs_as_it_reads_them() -> None:
    url = normalise_url("postgres://u:a+b@/hub?host=/var/a%20b%2Bc")
    assert libpq_url(url) == "postgresql://u:a+b@/hub?host=%2Fvar%2Fa%20b%2Bc"


def test_json_keeps_chinese_and_exact_amounts() -> None:
    stored = to_json(
        {"name": "谢某", "amount": Decimal("85000.10"), "on": date(2026, 1, 2), "id": UUID(int=7)}
    )
    assert "谢某" in stored
    assert json.loads(stored) == {
        "name": "谢某",
        "amount": "85000.10",
        "on": "2026-01-02",
        "id": "00000000-0000-0000-0000-000000000007",
    }
    assert to_json(datetime(2026, 1, 2, tzinfo=UTC)) == '"2026-01-02T00:00:00+00:00"'
    assert from_json('{"amount": 0.1}') == {"amount": Decimal("0.1")}


@pytest.mark.parametrize("value", [float("nan"), b"bytes", object(), {1}])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        to_json({"value": value})

"""Register, hub and sandbox agencies together against a simple model, by long random runs."""

from pathlib import Path

from tests.property.freezes_longrun import live


async def test_ten_thousand_steps_of_courts_hub_and_agencies_show_no_difference(
    database_url: str, tmp_path: Path
) -> None:
    done = await live(database_url, tmp_path, 10_000, seed="20261124")
    for what in ("freeze", "everywhere", "renew", "release", "part", "transfer", "convert", "release_all"):
        assert done[what], what
    for what in ("arrives twice", "reply is lost", "message is lost", "message repeated", "clock struck"):
        assert done[what] > 5, what

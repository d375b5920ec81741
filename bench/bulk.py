"""Ten thousand debtors at five agencies, handed in at once: how long, and how much memory the API process takes."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from app.ids import new_id
from bench.figure import Figure
from bench.stand import Ground, Stand, say
from bench.town import Town, demand, settle

_TABLES = ("orders", "agency_requests", "outbox", "audit_entries", "audit_unsequenced")
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)


def measure(stand: Stand, debtors: int) -> Iterator[Figure]:
    """Seconds, beside what the server alone takes to copy the same rows; peak MB, beside those of the idle process."""
    say(f"bulk: {debtors} debtors at five agencies ...")
    with stand.database() as ground:
        town = settle(ground, debtors)
        with ground.api() as service:
            assert service.process is not None
            idle = _peak_megabytes(service.process.pid)
            seconds = hand_in(ground, town)
            peak = _peak_megabytes(service.process.pid)
        yield Figure("bulk", seconds, "s", _copied_in(ground))
        yield Figure("bulk_memory", peak, "MB", idle)


def hand_in(ground: Ground, town: Town) -> float:
    """Every case of the town, about all agencies, in one call; how many seconds it took."""
    rows = [json.dumps(demand(number, ()), ensure_ascii=False) for number in town.case_numbers]
    headers = {
        "Authorization": f"Bearer {town.token}",
        "Content-Type": "application/x-ndjson",
        "Idempotency-Key": new_id().hex,
    }
    began = time.monotonic()
    reply = httpx.post(
        f"{ground.url}/v1/asset-query-batches", content="\n".join(rows).encode(), headers=headers, timeout=120
    )
    elapsed = time.monotonic() - began
    if reply.raise_for_status().json()["accepted"] != len(rows):
        raise RuntimeError("rows were refused")
    return elapsed


def _copied_in(ground: Ground) -> float:
    """One transaction, the same indexes, no constraint but the keys."""
    with ground.connect() as connection:
        for table in _TABLES:
            connection.execute(f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING ALL)")
        began = time.monotonic()
        with connection.transaction():
            for table in _TABLES:
                connection.execute(f"INSERT INTO bare_{table} OVERRIDING SYSTEM VALUE SELECT * FROM {table}")
        return time.monotonic() - began


def _peak_megabytes(pid: int) -> float:
    found = _PEAK.search(Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024

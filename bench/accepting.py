"""Asset queries accepted over HTTP, beside pgbench writing the same rows to the same server."""

import json
from collections.abc import Iterator

from bench.figure import Figure
from bench.load import Errand, ask
from bench.pgbench import write_the_same
from bench.stand import Ground, Stand, say
from bench.town import Town, demand, settle

_API_PROCESSES = 2
_COURTS = 16
"""Connections that ask at once."""

_CASES = 500


def measure(stand: Stand, seconds: float) -> Iterator[Figure]:
    """Queries of one debtor at one agency, so that each writes one row to each table, with and without a key."""
    with stand.database() as ground:
        town = settle(ground, _CASES)
        with ground.api(_API_PROCESSES):
            for name, idempotent in (("accept", False), ("accept_with_key", True)):
                errand = _errand(ground, town, seconds, idempotent=idempotent)
                ask(_errand(ground, town, seconds / 4, idempotent=idempotent))  # caches fill, plans settle
                say(f"{name}: {seconds:.0f} s of queries, and as long of pgbench ...")
                accepted = ask(errand).per_second
                yield Figure(
                    name, accepted, "queries/s", write_the_same(ground, seconds, idempotent=idempotent)
                )


def _errand(ground: Ground, town: Town, seconds: float, *, idempotent: bool) -> Errand:
    bodies = [
        json.dumps(demand(number, [town.agency_codes[serial % len(town.agency_codes)]]), ensure_ascii=False)
        for serial, number in enumerate(town.case_numbers)
    ]
    return Errand(ground.port, town.token, bodies, _COURTS, seconds, idempotent)

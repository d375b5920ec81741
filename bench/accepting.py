"""Asset queries accepted over HTTP, beside pgbench writing the same rows to the same server."""

import json
from collections.abc import Iterator
from contextlib import nullcontext

from bench.figure import Figure
from bench.load import Errand, Tally, ask
from bench.pgbench import write_the_same
from bench.sequencing import sequencer
from bench.stand import Ground, Stand, say
from bench.town import Town, demand, settle

_API_PROCESSES = 2
_COURTS = 16
"""Connections that ask at once."""

_CASES = 500
_TURNS = (False, True, True, False) * 2
"""Whether the sequencer runs."""


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
            yield _beside_the_sequencer(ground, _errand(ground, town, 0.3 * seconds, idempotent=False))


def _beside_the_sequencer(ground: Ground, errand: Errand) -> Figure:
    """Queries while entries are numbered and signed, beside the same while nobody does; in turns, since machines drift."""
    say(f"accept_sequenced: {len(_TURNS)} turns of {errand.seconds:.1f} s ...")
    tallies: dict[bool, list[Tally]] = {True: [], False: []}
    for sequenced in _TURNS:
        with sequencer(ground.database_url) if sequenced else nullcontext():
            tallies[sequenced].append(ask(errand))
    with_it, without = (
        sum(tally.accepted for tally in found) / sum(tally.seconds for tally in found)
        for found in (tallies[True], tallies[False])
    )
    return Figure("accept_sequenced", with_it, "queries/s", without)


def _errand(ground: Ground, town: Town, seconds: float, *, idempotent: bool) -> Errand:
    bodies = [
        json.dumps(demand(number, [town.agency_codes[serial % len(town.agency_codes)]]), ensure_ascii=False)
        for serial, number in enumerate(town.case_numbers)
    ]
    return Errand(ground.port, town.token, bodies, _COURTS, seconds, idempotent)

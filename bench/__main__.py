"""`python -m bench [NAME …]`: the published figures, one line each: name value unit limit ratio.

NAME is one of accept, exchange, latency, sequencing, bulk, freezing, register, sighting; none means all. docs/PERFORMANCE.md explains the lines.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from app.memory import settle_memory
from bench import accepting, bulk, exchanging, freezing, latency, registering, sequencing, sighting
from bench.figure import Figure
from bench.stand import Stand, open_stand

FIGURES: Mapping[str, Callable[[Stand], Iterator[Figure]]] = {
    "accept": partial(accepting.measure, seconds=10),
    "exchange": partial(exchanging.measure, requests=10_000, already=1_000_000),
    "latency": partial(latency.measure, queries=50),
    "sequencing": partial(sequencing.measure, entries=200_000),
    "bulk": partial(bulk.measure, debtors=10_000),
    "freezing": partial(freezing.measure, seconds=10),
    "register": partial(registering.measure, operations=20_000, days=25, waiting=1_000),
    "sighting": partial(sighting.measure, hits=40, queued=5_000),
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in FIGURES]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; there are: {', '.join(FIGURES)}", file=sys.stderr)
        return 2
    settle_memory()  # as in every process of the hub
    with open_stand() as stand:
        for name in names or FIGURES:
            for figure in FIGURES[name](stand):
                print(figure, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

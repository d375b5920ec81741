"""The benchmark runs, in small: every figure comes out as a line, from a server of its own that keeps its promises."""

import os
import re
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from bench import accepting, bulk, exchanging, freezing, latency, registering, sequencing, sighting
from bench.__main__ import FIGURES, main
from bench.figure import Figure
from bench.stand import Stand, open_stand

FULL = os.environ.get("LIANDONG_PROOFS") == "full"
_DEAR = frozenset({"accept", "exchange", "freezing", "sighting"})
"""With several processes of their own, each of which takes as long to start as ten tests."""

_LINE = re.compile(
    r"[a-z_]+ [0-9.]+ (?:queries/s|orders/s|operations/s|exchanges/s|entries/s|ms|s|MB) [0-9.]+ [0-9.]+"
)
_SMALL: dict[str, Callable[[Stand], Iterator[Figure]]] = {
    "accept": partial(accepting.measure, seconds=0.4),
    "exchange": partial(exchanging.measure, requests=200, already=1_000, most_workers=1),
    "latency": partial(latency.measure, queries=3),
    "sequencing": partial(sequencing.measure, entries=1_000),
    "bulk": partial(bulk.measure, debtors=20),
    "freezing": partial(freezing.measure, seconds=0.4),
    "register": partial(registering.measure, operations=2_000, days=3, waiting=10),
    "sighting": partial(sighting.measure, hits=2, queued=25),
}
_LINES = {
    "accept": ["accept", "accept_with_key", "accept_sequenced"],
    "exchange": ["exchange", "exchange_million", "exchange_twin"],
    "latency": ["latency"],
    "sequencing": ["sequencing"],
    "bulk": ["bulk", "bulk_memory"],
    "freezing": ["freeze_orders"],
    "register": ["register", "what_if"],
    "sighting": ["hit_to_webhook", "hit_to_webhook_busy"],
}


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with open_stand() as stand:
        yield stand


@pytest.mark.parametrize("name", FIGURES if FULL else [name for name in FIGURES if name not in _DEAR])
def test_a_figure_comes_out_as_its_lines(stand: Stand, name: str) -> None:
    figures = list(_SMALL[name](stand))
    assert [figure.name for figure in figures] == _LINES[name]
    for figure in figures:
        assert _LINE.fullmatch(str(figure))


def test_an_unknown_name_is_told_and_nothing_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["speed"]) == 2
    told = capsys.readouterr()
    assert "accept" in told.err
    assert not told.out

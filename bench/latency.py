"""From 202 to the agency: how long a query waits on an idle hub."""

import time
from collections.abc import Iterator
from statistics import median

import httpx

from bench.figure import Figure
from bench.responder import arrivals, responder
from bench.stand import Ground, Stand, say
from bench.town import Town, demand, settle

_CASES = 20
_PAUSE_SECONDS = 0.1
_WARMING = 12
"""Queries not counted: they open connections, and have statements prepared."""


def measure(stand: Stand, queries: int) -> Iterator[Figure]:
    """The median in ms; beside it what cannot be done without: a notification, two commits and an HTTP exchange."""
    say(f"latency: {queries} queries, one after another ...")
    with responder() as counter, stand.database() as ground:
        town = settle(ground, _CASES, counter)
        with ground.api(), ground.workers():
            accepted = _ask(ground, town, queries)
            time.sleep(1)
            arrived = arrivals(counter)
        waited = [arrived[order_id] - at for order_id, at in accepted.items()]
        yield Figure(
            "latency",
            median(waited) * 1000,
            "ms",
            median(bare(ground, f"{counter.url}/arrivals", queries)) * 1000,
        )


def _ask(ground: Ground, town: Town, queries: int) -> dict[str, float]:
    """By order id, when the 202 had come."""
    accepted = {}
    with httpx.Client(base_url=ground.url, headers={"Authorization": f"Bearer {town.token}"}) as court:
        for number in range(_WARMING + queries):
            code = town.agency_codes[number % len(town.agency_codes)]
            reply = court.post("/v1/asset-queries", json=demand(town.case_numbers[number % _CASES], [code]))
            at = time.monotonic()
            if number >= _WARMING:
                accepted[reply.raise_for_status().json()["id"]] = at
            time.sleep(_PAUSE_SECONDS)
    return accepted


def bare(ground: Ground, url: str, times: int, *, commits: int = 2, exchanges: int = 1) -> Iterator[float]:
    """Seconds for a notification, so many commits and so many HTTP exchanges with this address."""
    with ground.connect() as sender, ground.connect() as worker, httpx.Client() as http:
        worker.execute("LISTEN bench")
        worker.execute("CREATE TABLE bare (id uuid PRIMARY KEY)")
        for _ in range(times):
            began = time.monotonic()
            sender.execute("NOTIFY bench")
            for _notice in worker.notifies(stop_after=1):
                pass
            for _commit in range(commits):
                worker.execute("INSERT INTO bare VALUES (gen_random_uuid())")
            for _exchange in range(exchanges):
                http.get(url)
            yield time.monotonic() - began
            time.sleep(_PAUSE_SECONDS / 4)

"""Exchanges with agencies: claimed, signed, sent, verified, decoded, recorded and audited by real workers."""

import asyncio
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import psycopg

from app.database import create_engine, session_factory
from app.linkage.demand import AssetQueryDemand
from app.linkage.intake import take_in
from bench import million, twin, wire
from bench.figure import Figure
from bench.responder import responder
from bench.stand import Ground, Stand, say
from bench.town import Counter, Town, demand, settle

_CASES = 500
_TAKEN_IN_TOGETHER = 500
_PATIENCE_SECONDS = 120.0
_RATE = """
    SELECT (count(*) - 1) / extract(epoch FROM max(answered_at) - min(answered_at))
      FROM (SELECT answered_at, ntile(10) OVER (ORDER BY answered_at) AS tenth
              FROM agency_requests WHERE answered_at > %s) AS answered
     WHERE tenth BETWEEN 2 AND 9
"""
"""Without the first and the last tenth: processes start and end."""

_LEFT = "SELECT count(*) FROM outbox WHERE state <> 'dead'"


def measure(stand: Stand, requests: int, already: int, most_workers: int = 2) -> Iterator[Figure]:
    """With as many workers as serve best; again with `already` requests in the tables; and on procrastinate.

    More workers than processors only get in each other's way.
    """
    with responder() as counter, stand.database() as ground:
        town = settle(ground, _CASES, counter)
        say(f"exchange: {requests} requests without a database ...")
        bare = wire.exchanges_per_second(ground, counter, requests)
        rates = {}
        for workers in range(1, most_workers + 1):
            say(f"exchange: {requests} requests, workers: {workers} ...")
            rates[workers] = _rate(ground, town, requests, partial(_work, ground, workers))
        best = max(rates, key=lambda workers: rates[workers])
        yield Figure("exchange", rates[best], "exchanges/s", bare)
        say(f"exchange_million: {already} requests are put in ...")
        million.fill(ground, already)
        again = _rate(ground, town, requests, partial(_work, ground, best))
        yield Figure("exchange_million", again, "exchanges/s", rates[best])
        yield Figure(
            "exchange_twin", rates[best], "exchanges/s", _twin(stand, counter, requests // 4, most_workers)
        )


def _twin(stand: Stand, counter: Counter, requests: int, most_workers: int) -> float:
    rates = []
    for workers in range(1, most_workers + 1):
        say(f"exchange_twin: {requests} requests on procrastinate, workers: {workers} ...")
        with stand.database() as ground:
            town = settle(ground, _CASES, counter)
            rates.append(_rate(ground, town, requests, partial(twin.carry_all, ground, workers)))
    return max(rates)


def _rate(ground: Ground, town: Town, requests: int, carry_all: Callable[[], None]) -> float:
    """Queue requests, have them carried, and read from the records how many were answered in a second."""
    asyncio.run(_order(ground, town, requests))
    with ground.connect() as connection:
        began = _one(connection, "SELECT now()")
        carry_all()
        return float(_one(connection, _RATE, began))


def _work(ground: Ground, workers: int) -> None:
    """Have the hub's own workers carry all that is queued."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with ground.connect() as connection, ground.workers(workers):
        while _one(connection, _LEFT):
            if time.monotonic() > deadline:
                raise TimeoutError("the workers did not finish")
            time.sleep(0.2)


async def _order(ground: Ground, town: Town, requests: int) -> None:
    vault = ground.keys().vault
    engine = create_engine(ground.database_url, pool_size=1)
    sessions = session_factory(engine)
    bodies = [
        demand(town.case_numbers[number % _CASES], town.agency_codes)
        for number in range(requests // len(town.agency_codes))
    ]
    demands = [AssetQueryDemand.model_validate(body) for body in bodies]
    for start in range(0, len(demands), _TAKEN_IN_TOGETHER):
        async with sessions.begin() as session:
            await take_in(session, town.acting(), vault, demands[start : start + _TAKEN_IN_TOGETHER])
    await engine.dispose()


def _one(connection: psycopg.Connection, query: str, *parameters: object) -> Any:
    row = connection.execute(query, parameters).fetchone()
    assert row is not None
    return row[0]

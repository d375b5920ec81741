"""Freeze orders accepted over HTTP, beside plain queries."""

import json
from collections.abc import Iterator
from dataclasses import replace

from app.vocabulary import DocumentKind, OrderKind
from bench.figure import Figure
from bench.load import Errand, ask
from bench.stand import Ground, Stand, say
from bench.town import APPROVER, OFFICER, PURPOSE, Town, demand, file_papers, settle

_API_PROCESSES = 2
_COURTS = 16
_CASES = 500
_BANK = "BANK-ZC"
_LIMIT = "1.00"
"""So little that none of the cases comes to the end of its claim."""


def measure(stand: Stand, seconds: float) -> Iterator[Figure]:
    """Orders drafted by one officer and approved by another, a second; both are asked to the same API processes."""
    say(f"freeze_orders: {seconds:.0f} s of orders, and as long of queries ...")
    with stand.database() as ground:
        town = settle(ground, _CASES)
        orders, queries = _orders(ground, town, seconds), _queries(ground, town, seconds)
        with ground.api(_API_PROCESSES):
            for errand in (orders, queries):  # caches fill, plans settle
                ask(replace(errand, seconds=seconds / 4))
            yield Figure("freeze_orders", ask(orders).per_second, "orders/s", ask(queries).per_second)


def _queries(ground: Ground, town: Town, seconds: float) -> Errand:
    bodies = [json.dumps(demand(number, [_BANK]), ensure_ascii=False) for number in town.case_numbers]
    return Errand(ground.port, town.token, bodies, _COURTS, seconds, idempotent=False)


def _orders(ground: Ground, town: Town, seconds: float) -> Errand:
    """The bank looks up the debtor's money and freezes it in the same step."""
    with ground.connect() as connection:
        connection.execute(
            "UPDATE agencies SET capabilities = %s WHERE code = %s",
            [[OrderKind.ASSET_QUERY.value, OrderKind.FREEZE.value], _BANK],
        )
    bodies = [
        {
            "case_id": str(file.case_id),
            "officer": OFFICER,
            "purpose": PURPOSE,
            "documents": [str(document) for document in file.documents],
            "query_and_freeze": [
                {"debtor_id": str(file.debtor_id), "agencies": {"codes": [_BANK]}, "limit": _LIMIT}
            ],
        }
        for file in file_papers(ground, DocumentKind.RULING, DocumentKind.FREEZE_NOTICE).values()
    ]
    return replace(
        _queries(ground, town, seconds),
        bodies=[json.dumps(body, ensure_ascii=False) for body in bodies],
        path="/v1/freeze-orders",
        approval=json.dumps({"officer": APPROVER, "approve": True}),
    )

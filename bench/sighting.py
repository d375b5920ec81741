"""From a sighting that the police post to the signed webhook at the court: on an idle hub, and with thousands queued."""

import asyncio
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from statistics import median
from typing import Any

import httpx
from standardwebhooks.webhooks import Webhook

from app import administration
from app.clock import SystemClock
from app.database import create_engine, session_factory
from app.linkage import agencies
from app.sandbox.behaviour import Manner
from app.sandbox.fleet import Fleet, HubLink, RunningAgency
from app.sandbox.population import Debtor
from app.sandbox.standard import DISTANT_POLICE
from app.vocabulary import CertificateType, DocumentKind, EventType, OrderKind
from bench.bulk import hand_in
from bench.figure import Figure
from bench.latency import bare
from bench.responder import responder
from bench.stand import Ground, Stand, say
from bench.town import APPROVER, KINDS, OFFICER, Town, administrator, debtors_of, file_papers, settle

_POLICE = DISTANT_POLICE[0].answering(Manner.AT_ONCE)
_FEWEST_CASES = 20
_WARMING = 5
"""Sightings not counted."""

_PAUSE_SECONDS = 0.1
_PATIENCE = 60.0


def measure(stand: Stand, hits: int, queued: int) -> Iterator[Figure]:
    """Medians in ms, beside what cannot be done without: a notification, three commits and two HTTP exchanges.

    It begins when the police are told that somebody was seen, and ends when the webhook has come and is verified.
    """
    say(f"hit_to_webhook: {hits} sightings, then as many with {queued} other requests queued ...")
    with (
        responder() as counter,
        stand.database() as ground,
        _police(ground) as (fleet, police),
        _sink() as sink,
    ):
        town = settle(
            ground, max(_FEWEST_CASES, queued // len(KINDS)), counter
        )  # one hand-in queues them all
        asyncio.run(_enrol(ground, police))
        with ground.api(), ground.workers():
            court = _Court(ground, town, fleet, sink)
            court.look_out()
            idle = [court.seconds_until_told() for _ in range(_WARMING + hits)][_WARMING:]
            busy = [court.seconds_until_told_among(queued) for _ in range(hits)]
        limit = median(bare(ground, f"{counter.url}/arrivals", hits, commits=3, exchanges=2)) * 1000
        yield Figure("hit_to_webhook", median(idle) * 1000, "ms", limit)
        yield Figure("hit_to_webhook_busy", median(busy) * 1000, "ms", limit)


@contextmanager
def _police(ground: Ground) -> Iterator[tuple[Fleet, RunningAgency]]:
    link = HubLink(ground.url, administration.hub_public_keys(ground.settings()))
    with Fleet(ground.folder / f"police-{ground.port}", link, [_POLICE]) as fleet:
        yield fleet, fleet.running(_POLICE.code)


async def _enrol(ground: Ground, police: RunningAgency) -> None:
    demand = agencies.NewAgency.model_validate(
        {
            "code": _POLICE.code,
            "name": _POLICE.name,
            "kind": _POLICE.kind,
            "capabilities": [OrderKind.LOCATE, OrderKind.RECALL, OrderKind.HIT_DECISION],
            "settings": {"endpoint": police.url},
            "keys": [{"key_id": police.key_id, "public_key": police.public_key}],
        }
    )
    engine = create_engine(ground.database_url, pool_size=1)
    try:
        async with session_factory(engine).begin() as session:
            await agencies.create_agency(session, administrator(), demand)
    finally:
        await engine.dispose()


@dataclass
class _Sink:
    """The court's own system: it believes what is signed, and notes when it came."""

    url: str
    secret: str = field(default="", repr=False)
    told: "queue.Queue[float]" = field(default_factory=queue.Queue)

    def take(self, headers: dict[str, str], body: bytes) -> None:
        Webhook(self.secret).verify(body, headers)
        self.told.put(time.monotonic())


@contextmanager
def _sink() -> Iterator[_Sink]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sink.take(dict(self.headers.items()), self.rfile.read(int(self.headers["content-length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        sink = _Sink(f"http://127.0.0.1:{server.server_port}/events")
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield sink
        finally:
            server.shutdown()


class _Court:
    def __init__(self, ground: Ground, town: Town, fleet: Fleet, sink: _Sink) -> None:
        self._ground = ground
        self._town = town
        self._fleet = fleet
        self._sink = sink
        self._place, self._wanted = _somebody(len(town.case_numbers))

    def look_out(self) -> None:
        """One order that the police have accepted, and an endpoint that is told of sightings."""
        file = file_papers(self._ground, DocumentKind.ENFORCEMENT_NOTICE, DocumentKind.DETENTION_DECISION)[
            self._town.case_numbers[self._place]
        ]
        located = self._post(
            "/v1/locate-requests",
            {
                "case_id": str(file.case_id),
                "debtor_id": str(file.debtor_id),
                "officer": OFFICER,
                "purpose": "查找被执行人",
                "documents": [str(document) for document in file.documents],
                "ground": "detention_decision",
                "action": "report_only",
                "urgency": "urgent",
                "duty_phone": "0370-7210110",
                "valid_until": (SystemClock().now() + timedelta(days=60)).isoformat(),
                "agencies": {"codes": [_POLICE.code]},
            },
        )
        path = f"/v1/locate-requests/{located['id']}"
        self._post(f"{path}/decision", {"officer": APPROVER, "approve": True, "note": "同意"})
        self._wait_until_active(path)
        endpoint = {"url": self._sink.url, "event_types": [EventType.HIT_REPORTED]}
        self._sink.secret = self._post("/v1/webhook-endpoints", endpoint)["secret"]

    def seconds_until_told(self) -> float:
        time.sleep(_PAUSE_SECONDS)
        began = time.monotonic()
        self._fleet.sighting(_POLICE.code, self._wanted.number, "阿克苏市某某宾馆")
        return self._sink.told.get(timeout=_PATIENCE) - began

    def seconds_until_told_among(self, queued: int) -> float:
        while self._waiting() < queued:
            hand_in(self._ground, self._town)
        return self.seconds_until_told()

    def _waiting(self) -> int:
        with self._ground.connect() as connection:
            row = connection.execute("SELECT count(*) FROM outbox").fetchone()
        assert row is not None
        waiting: int = row[0]
        return waiting

    def _wait_until_active(self, path: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while [entry["state"] for entry in self._call("GET", path)["entries"]] != ["active"]:
            if time.monotonic() > deadline:
                raise TimeoutError("the police did not accept the order")
            time.sleep(0.05)

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._call("POST", path, json=body)

    def _call(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._town.token}"}
        reply = httpx.request(method, f"{self._ground.url}{path}", headers=headers, **given)
        told: dict[str, Any] = reply.raise_for_status().json()
        return told


def _somebody(cases: int) -> tuple[int, Debtor]:
    """The first debtor of the town who is a person, whom one can meet, and the place of the case."""
    debtors = enumerate(debtors_of(cases))
    return next(each for each in debtors if each[1].certificate_type is CertificateType.CITIZEN_ID)

"""A court's own system on the other end: it verifies with the library of the standard, and misses nothing (P12)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.e2e.running_hub import Court, Json, RunningHub, until


@dataclass
class Sink:
    """Believes what is signed, and keeps it in its own ledger."""

    url: str = ""
    secret: str = field(default="", repr=False)
    statuses: list[int] = field(default_factory=list)
    """What it says to the next deliveries, before it takes any."""

    turned_away: list[str] = field(default_factory=list)
    received: dict[str, Json] = field(default_factory=dict)
    disbelieved: int = 0

    def take(self, headers: dict[str, str], body: bytes) -> int:
        if self.statuses:
            self.turned_away.append(headers["webhook-id"])
            return self.statuses.pop(0)
        try:
            event = Webhook(self.secret).verify(body, headers)
        except WebhookVerificationError:
            self.disbelieved += 1
            return 401
        self.received[headers["webhook-id"]] = event
        return 204


@contextmanager
def sink() -> Iterator[Sink]:
    each = Sink()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(each.take(dict(self.headers.items()), body))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        each.url = f"http://127.0.0.1:{server.server_port}/events"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield each
        finally:
            server.shutdown()
            thread.join()


def subscribe(court: Court, sink: Sink, *event_types: str) -> str:
    """The endpoint's id."""
    made = court.http.post("/v1/webhook-endpoints", json={"url": sink.url, "event_types": event_types})
    assert made.status_code == 201, made.text
    sink.secret = made.json()["secret"]
    endpoint_id: str = made.json()["id"]
    return endpoint_id


def test_what_is_pushed_and_what_is_pulled_is_the_same_and_is_all(hub: RunningHub, court: Court) -> None:
    with sink() as there:
        subscribe(court, there)
        there.statuses += [503, 500]
        case = court.case(*hub.debtors(3))

        query_id = court.ask(case, "BANK-ZC", "POLICE-ZC")
        court.wait(query_id)

        pulled = {event["id"]: event for event in court.events()}
        until(lambda: there.received.keys() >= pulled.keys())
        assert there.received == pulled
        assert len(there.turned_away) == 2, "and they came again"
        assert there.disbelieved == 0
    numbers = sorted(event["number"] for event in pulled.values())
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_secret_rotates_without_a_delivery_that_cannot_be_believed(hub: RunningHub, court: Court) -> None:
    with sink() as there:
        endpoint_id = subscribe(court, there, "webhook_endpoint.pinged")
        rotated = court.http.post(f"/v1/webhook-endpoints/{endpoint_id}/secret-rotations", json={})
        assert rotated.status_code == 201

        for secret in (there.secret, rotated.json()["secret"]):
            there.secret = secret
            there.received.clear()
            assert court.http.post(f"/v1/webhook-endpoints/{endpoint_id}/pings").status_code == 202
            until(lambda: there.received)
        assert there.disbelieved == 0

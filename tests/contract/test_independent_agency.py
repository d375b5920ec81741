"""An agency that knows only docs/agency-protocol.md, against the hub's own transport, dialect and signatures."""

import asyncio
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pydantic import HttpUrl

from app.adapters.contract import (
    Acknowledged,
    Adapter,
    Answer,
    AssetQueryOrder,
    Decoded,
    QueryScope,
    StatusReport,
    WireMessage,
)
from app.adapters.liandong import wire
from app.adapters.profile import AgencyProfile, AgencySettings
from app.adapters.registry import build_adapter
from app.adapters.signatures import (
    RequestParts,
    ResponseParts,
    SigningKey,
    VerifyingKey,
    new_nonce,
    sign_request,
    sign_response,
    verify_request,
)
from app.adapters.transports.wire import WireTransport
from app.clock import ManualClock, SystemClock
from app.errors import MessageRejected
from app.ids import new_id
from app.vocabulary import AgencyKind, AnswerState, AssetKind, OrderKind, RefusalReason, RequestStatus

PROGRAM = Path(__file__).parents[1] / "e2e" / "independent_agency.py"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
HUB = SigningKey("hub-1", Ed25519PrivateKey.generate())
AGENCY = SigningKey("bank-x-1", Ed25519PrivateKey.generate())
STRANGER = SigningKey("hub-1", Ed25519PrivateKey.generate())
PAPER = "协助查询存款通知书".encode()

AT_ONCE, LATER, IN_PARTS = "419901197905060019", "41990119810101002X", "419901198202020038"


def account(number: str) -> dict[str, object]:
    return {
        "kind": "bank_account",
        "account_number": number,
        "account_type": "个人结算账户",
        "status": "active",
        "balance": "120.50",
        "available_balance": "120.50",
        "branch": "城关支行",
        "transactions": [
            {
                "serial_number": "1",
                "booked_at": "2026-02-01T08:00:00+08:00",
                "direction": "debit",
                "amount": "5",
            }
        ],
    }


REGISTER = {
    AT_ONCE: {"name": "贺明远", "assets": [account("62170001"), account("62170002")]},
    LATER: {"name": "贺明远", "assets": [account("62170003")], "manner": "later"},
    IN_PARTS: {"name": "贺明远", "assets": [account("62170004"), account("62170005")], "manner": "in_parts"},
}


# The hub's ear ----------------------------------------------------------------------------------------------------


@dataclass
class Ear:
    """Where the agency calls back: keeps what is properly signed, and gives receipts as the hub does."""

    port: int = 0
    heard: list[bytes] = field(default_factory=list)
    deaf: int = 0
    """How many calls are answered with 503 before one is heard."""

    forged: int = 0
    """How many receipts bear a stranger's signature."""

    def reply(self, request: RequestParts) -> tuple[ResponseParts, SigningKey]:
        verify_request(request, ring(AGENCY), datetime.now(UTC))
        if self.deaf:
            self.deaf -= 1
            return ResponseParts(503, [(b"retry-after", b"0")], b""), HUB
        if request.method == "GET":
            return ResponseParts(200, [(b"content-type", b"application/pdf")], PAPER), HUB
        message = wire.read(wire.RESPONSE, request.body)
        self.heard.append(request.body)
        receipt = wire.ReceiptMessage(
            receipt_id=new_id(),
            message_id=message.message_id,
            received_at=datetime.now(UTC),
            sha256=sha256(request.body).hexdigest(),
            disposition="applied",
        )
        response = ResponseParts(200, [(b"content-type", b"application/json")], wire.write(receipt))
        if self.forged:
            self.forged -= 1
            return response, STRANGER
        return response, HUB


@pytest.fixture
def ear() -> Iterator[Ear]:
    listening = Ear()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = [(name.lower().encode(), value.encode()) for name, value in self.headers.items()]
            uri = f"http://127.0.0.1:{listening.port}{self.path}"
            request = RequestParts(self.command, uri, headers, body)
            response, key = listening.reply(request)
            signed = sign_response(response, request, key, datetime.now(UTC), new_nonce())
            self.send_response(response.status)
            for name, value in [*response.headers, *signed]:
                self.send_header(name.decode(), value.decode())
            self.send_header("content-length", str(len(response.body)))
            self.end_headers()
            self.wfile.write(response.body)

        do_GET = do_POST  # noqa: N815 - as above

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        listening.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield listening
        server.shutdown()
        thread.join()


# The agency -------------------------------------------------------------------------------------------------------


def ring(*keys: SigningKey) -> dict[str, VerifyingKey]:
    return {key.key_id: VerifyingKey(key.key_id, key.private_key.public_key(), LONG_AGO) for key in keys}


@dataclass
class Peer:
    """The agency's process; its books tell what really happened."""

    folder: Path
    ear: Ear
    process: subprocess.Popen[str] = field(init=False)
    endpoint: str = field(init=False)
    port: int = 0

    def start(self) -> None:
        command = [
            sys.executable, str(PROGRAM), "--agency-code", "BANK-ZC", "--port", str(self.port),
            "--key", str(self.folder / "own.pem"), "--key-id", AGENCY.key_id,
            "--hub", f"http://127.0.0.1:{self.ear.port}",
            "--hub-key", str(self.folder / "hub.pem"), "--hub-key-id", HUB.key_id,
            "--books", str(self.folder / "books.sqlite"), "--register", str(self.folder / "register.json"),
            "--delay", "0.1", "--retries", "0.1", "--with-papers",
        ]  # fmt: skip
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.endpoint = self.process.stdout.readline().split()[1]
        self.port = int(self.endpoint.rpartition(":")[2])

    def kill(self) -> None:
        self.process.kill()
        self._reap()

    def stop(self) -> None:
        self.process.terminate()
        self._reap()

    def _reap(self) -> None:
        self.process.wait(10)
        assert self.process.stdout
        self.process.stdout.close()

    def books(self, statement: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.folder / "books.sqlite") as db:
            rows = db.execute(statement).fetchall()
        db.close()
        return rows


@pytest.fixture
def peer(tmp_path: Path, ear: Ear) -> Iterator[Peer]:
    own = AGENCY.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    hub = HUB.private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "own.pem").write_bytes(own)
    (tmp_path / "hub.pem").write_bytes(hub)
    (tmp_path / "register.json").write_text(json.dumps(REGISTER))
    running = Peer(tmp_path, ear)
    running.start()
    yield running
    running.stop()


@dataclass(frozen=True)
class Line:
    """The hub's end of the line."""

    adapter: Adapter

    async def send(self, message: WireMessage, attempt: int = 1) -> Decoded:
        return self.adapter.decode_reply(
            message, await self.adapter.transport.exchange(message, attempt=attempt)
        )

    async def ask(self, order: AssetQueryOrder, attempt: int = 1) -> Decoded:
        return await self.send(self.adapter.dialect.encode(order), attempt)

    async def status(self, request_id: UUID) -> StatusReport:
        report = await self.send(self.adapter.dialect.encode_status_query(request_id))
        assert isinstance(report, StatusReport)
        return report


def line_to(peer: Peer, hub_key: SigningKey = HUB, clock: ManualClock | SystemClock | None = None) -> Line:
    profile = AgencyProfile(
        agency_code="BANK-ZC",
        kind=AgencyKind.BANK,
        dialect="liandong-1",
        transport="http",
        capabilities=frozenset({OrderKind.ASSET_QUERY}),
        settings=AgencySettings(endpoint=HttpUrl(peer.endpoint)),
        keys=ring(AGENCY),
        hub_key=hub_key,
    )
    return Line(build_adapter(profile, clock or SystemClock(), peer.folder))


@pytest.fixture
async def line(peer: Peer) -> AsyncIterator[Line]:
    opened = line_to(peer)
    yield opened
    await opened.adapter.transport.aclose()


def about(order: AssetQueryOrder, number: str, **otherwise: Any) -> AssetQueryOrder:
    certificate = replace(order.subject.certificate, number=number, also_known_as=())
    papers = tuple(
        replace(paper, size=len(PAPER), sha256=sha256(PAPER).hexdigest()) for paper in order.mandate.documents
    )
    return replace(
        order,
        request_id=new_id(),
        subject=replace(order.subject, certificate=certificate, **otherwise),
        mandate=replace(order.mandate, documents=papers),
        scope=QueryScope(),
    )


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - another process makes it true
            await asyncio.sleep(0.02)


async def answers_heard(line: Line, ear: Ear, count: int) -> list[Answer]:
    await until(lambda: len(ear.heard) >= count)
    heard = [line.adapter.decode_callback("application/json", body) for body in ear.heard]
    return [each for each in heard if isinstance(each, Answer)]


# Asking -----------------------------------------------------------------------------------------------------------


async def test_it_is_asked_and_answers(line: Line, order: AssetQueryOrder) -> None:
    found = await line.ask(about(order, AT_ONCE))
    assert isinstance(found, Answer)
    assert (found.state, len(found.assets)) == (AnswerState.FOUND, 2)


async def test_it_tells_nothing_found_from_a_name_that_does_not_fit(
    line: Line, order: AssetQueryOrder
) -> None:
    nothing = await line.ask(about(order, "419901198303030018"))
    other = await line.ask(about(order, AT_ONCE, name="何明远"))
    assert isinstance(nothing, Answer)
    assert isinstance(other, Answer)
    assert (nothing.state, other.state) == (AnswerState.NOTHING_FOUND, AnswerState.MISMATCH)


async def test_it_declines_a_request_without_its_paper(line: Line, order: AssetQueryOrder) -> None:
    bare = about(order, AT_ONCE)
    refused = await line.ask(replace(bare, mandate=replace(bare.mandate, documents=())))
    assert isinstance(refused, Answer)
    assert refused.refusal
    assert refused.refusal.reason is RefusalReason.DOCUMENT_MISSING


async def test_it_reports_what_was_asked_for_and_no_more(line: Line, order: AssetQueryOrder) -> None:
    whole = about(order, AT_ONCE)
    products = await line.ask(replace(whole, scope=QueryScope(asset_kinds=(AssetKind.WEALTH_PRODUCT,))))
    assert isinstance(products, Answer)
    assert products.state is AnswerState.NOTHING_FOUND


async def test_the_same_request_ten_times_at_once_is_looked_up_once(
    line: Line, peer: Peer, order: AssetQueryOrder
) -> None:
    asked = about(order, AT_ONCE)
    answers = await asyncio.gather(*(line.ask(asked, attempt) for attempt in range(1, 11)))
    assert all(answer == answers[0] for answer in answers)
    assert peer.books("SELECT arrivals, lookups FROM requests") == [(10, 1)]


async def test_other_content_under_a_known_request_id_is_a_conflict(
    line: Line, order: AssetQueryOrder
) -> None:
    asked = about(order, AT_ONCE)
    await line.ask(asked)
    with pytest.raises(MessageRejected) as caught:
        await line.ask(replace(asked, agency_code="BANK-ZC", scope=QueryScope((AssetKind.BANK_ACCOUNT,))))
    assert json.loads(caught.value.raw)["code"] == "message_conflict"


# Answering later --------------------------------------------------------------------------------------------------


async def test_it_acknowledges_and_answers_later(
    line: Line, ear: Ear, peer: Peer, order: AssetQueryOrder
) -> None:
    asked = about(order, LATER)
    assert isinstance(await line.ask(asked), Acknowledged)
    (answer,) = await answers_heard(line, ear, 1)
    assert (answer.request_id, answer.state) == (asked.request_id, AnswerState.FOUND)
    assert await owes_nothing(peer)


async def test_it_answers_in_parts(line: Line, ear: Ear, order: AssetQueryOrder) -> None:
    await line.ask(about(order, IN_PARTS))
    answers = sorted(await answers_heard(line, ear, 3), key=lambda answer: answer.part)
    assert [(answer.part, answer.state, len(answer.assets)) for answer in answers] == [
        (1, AnswerState.PARTIAL, 1),
        (2, AnswerState.PARTIAL, 1),
        (3, AnswerState.FOUND, 0),
    ]


async def test_it_calls_until_it_has_a_receipt_of_the_hub(
    line: Line, ear: Ear, peer: Peer, order: AssetQueryOrder
) -> None:
    ear.deaf, ear.forged = 2, 1  # the papers are not had at first, either
    await line.ask(about(order, LATER))
    answers = await answers_heard(line, ear, 2)
    assert answers[0] == answers[1]
    assert await owes_nothing(peer)


async def owes_nothing(peer: Peer) -> bool:
    await until(lambda: not peer.books("SELECT 1 FROM answers WHERE owed_at IS NOT NULL"))
    return all(receipt for (receipt,) in peer.books("SELECT receipt FROM answers"))


async def test_what_it_owes_survives_a_crash(
    line: Line, ear: Ear, peer: Peer, order: AssetQueryOrder
) -> None:
    ear.deaf = 1_000_000
    asked = about(order, LATER)
    await line.ask(asked)
    peer.kill()
    ear.deaf = 0
    peer.start()
    (answer,) = await answers_heard(line, ear, 1)
    assert answer.request_id == asked.request_id
    assert peer.books("SELECT lookups FROM requests") == [(1,)]


# Status and cancellation ------------------------------------------------------------------------------------------


async def test_its_status_reports_tell_the_truth(line: Line, ear: Ear, order: AssetQueryOrder) -> None:
    ear.deaf = 1_000_000
    later, at_once = about(order, LATER), about(order, AT_ONCE)
    await line.ask(later)
    given = await line.ask(at_once)
    assert (await line.status(new_id())).status is RequestStatus.UNKNOWN_REQUEST
    assert (await line.status(later.request_id)).status is RequestStatus.IN_PROGRESS
    report = await line.status(at_once.request_id)
    assert (report.status, report.answers) == (RequestStatus.ANSWERED, (given,))


async def test_a_cancelled_request_is_not_answered(
    line: Line, ear: Ear, peer: Peer, order: AssetQueryOrder
) -> None:
    ear.deaf = 1_000_000
    asked = about(order, LATER)
    await line.ask(asked)
    report = await line.send(line.adapter.dialect.encode_cancellation(asked.request_id, "已履行完毕"))
    assert isinstance(report, StatusReport)
    assert report.status is RequestStatus.CANCELLED
    assert peer.books("SELECT lookups, due FROM requests") == [(0, None)]


# Signatures -------------------------------------------------------------------------------------------------------


async def refusal_of(line: Line, message: WireMessage) -> str:
    with pytest.raises(MessageRejected) as caught:
        await line.send(message)
    await line.adapter.transport.aclose()
    detail: str = json.loads(caught.value.raw)["detail"]
    return detail


async def test_it_refuses_whom_it_does_not_know(line: Line, peer: Peer, order: AssetQueryOrder) -> None:
    message = line.adapter.dialect.encode(about(order, AT_ONCE))
    other = SigningKey("hub-2", Ed25519PrivateKey.generate())
    an_hour_ago = ManualClock(datetime.now(UTC) - timedelta(hours=1))
    assert await refusal_of(line_to(peer, STRANGER), message) == "bad_signature"
    assert await refusal_of(line_to(peer, other), message) == "unknown_key"
    assert await refusal_of(line_to(peer, HUB, an_hour_ago), message) == "stale"
    assert peer.books("SELECT count(*) FROM requests") == [(0,)]


async def test_it_takes_a_nonce_once(peer: Peer, order: AssetQueryOrder) -> None:
    body = status_query()
    uri = f"{peer.endpoint}/status-queries"
    plain = [(b"content-type", b"application/json")]
    signed = sign_request(RequestParts("POST", uri, plain, body), HUB, datetime.now(UTC), new_nonce())
    wire_transport = WireTransport()
    statuses = [
        (await wire_transport.exchange("POST", uri, [*plain, *signed], body)).status for _ in range(2)
    ]
    await wire_transport.aclose()
    assert statuses == [200, 409]


def status_query() -> bytes:
    return wire.write(wire.StatusQueryMessage(message_id=new_id(), request_id=new_id()))


@pytest.mark.parametrize("broken", ["tampered", "unsigned", "undigested", "created_is_text"])
async def test_it_refuses_what_is_not_what_was_signed(peer: Peer, broken: str) -> None:
    body = status_query()
    uri = f"{peer.endpoint}/status-queries"
    plain = [(b"content-type", b"application/json")]
    signed = dict(sign_request(RequestParts("POST", uri, plain, body), HUB, datetime.now(UTC), new_nonce()))
    if broken == "tampered":
        body = body.replace(b"liandong/1", b"liandong/2")
    elif broken == "unsigned":
        del signed[b"signature"]
    elif broken == "undigested":
        signed[b"signature-input"] = signed[b"signature-input"].replace(b' "content-digest"', b"")
    else:
        signed[b"signature-input"] = signed[b"signature-input"].replace(b"created=", b'created="x";expires=')
    wire_transport = WireTransport()
    reply = await wire_transport.exchange("POST", uri, [*plain, *signed.items()], body)
    await wire_transport.aclose()
    assert reply.status == 401

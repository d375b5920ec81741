"""The independent agency as a process, the hub's ear for its calls, and the hub's end of the line to it."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import HttpUrl

from app.adapters.contract import (
    Adapter,
    AgencyOrder,
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
    verify_request,
)
from app.clock import ManualClock, SystemClock
from app.ids import new_id
from app.vocabulary import AgencyKind, OrderKind

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
        message = wire.read(wire.CALLBACK, request.body)
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
    hold_seconds: float = 86_400

    def start(self) -> None:
        command = [
            sys.executable, str(PROGRAM), "--agency-code", "BANK-ZC", "--port", str(self.port),
            "--key", str(self.folder / "own.pem"), "--key-id", AGENCY.key_id,
            "--hub", f"http://127.0.0.1:{self.ear.port}",
            "--hub-key", str(self.folder / "hub.pem"), "--hub-key-id", HUB.key_id,
            "--books", str(self.folder / "books.sqlite"), "--register", str(self.folder / "register.json"),
            "--delay", "0.1", "--retries", "0.1", "--with-papers", "--hold-seconds", str(self.hold_seconds),
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

    def books(self, statement: str, *values: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.folder / "books.sqlite") as db:
            rows = db.execute(statement, values).fetchall()
        db.close()
        return rows


@dataclass(frozen=True)
class Line:
    """The hub's end of the line."""

    adapter: Adapter

    async def send(self, message: WireMessage, attempt: int = 1) -> Decoded:
        return self.adapter.decode_reply(
            message, await self.adapter.transport.exchange(message, attempt=attempt)
        )

    async def ask(self, order: AgencyOrder, attempt: int = 1) -> Decoded:
        return await self.send(self.adapter.dialect.encode(order), attempt)

    async def status(self, request_id: UUID) -> StatusReport:
        report = await self.send(self.adapter.dialect.encode_status_query(request_id))
        assert isinstance(report, StatusReport)
        return report


def line_to(
    peer: Peer,
    hub_key: SigningKey = HUB,
    clock: ManualClock | SystemClock | None = None,
    kind: AgencyKind = AgencyKind.BANK,
) -> Line:
    profile = AgencyProfile(
        agency_code="BANK-ZC",
        kind=kind,
        dialect="liandong-1",
        transport="http",
        capabilities=frozenset(OrderKind),
        settings=AgencySettings(endpoint=HttpUrl(peer.endpoint)),
        keys=ring(AGENCY),
        hub_key=hub_key,
    )
    return Line(build_adapter(profile, clock or SystemClock(), peer.folder))


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

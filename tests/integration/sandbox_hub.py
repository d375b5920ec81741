"""The hub's side of a conversation with a sandbox agency: its key, its orders, and a sink for later answers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.adapters.contract import (
    AgencyOrder,
    Answer,
    AssetQueryOrder,
    Certificate,
    DocumentReference,
    Mandate,
    MeasureOrder,
    OfficerCredentials,
    QueryScope,
    StatusReport,
    Subject,
    WireMessage,
)
from app.adapters.liandong import wire
from app.adapters.liandong.dialect import LiandongDialect
from app.adapters.measures import LiveList, MeasureContent
from app.adapters.profile import AgencyProfile, AgencySettings, Limits
from app.adapters.signatures import (
    RequestParts,
    ResponseParts,
    SignatureRefused,
    SigningKey,
    VerifyingKey,
    new_nonce,
    sign_response,
    verify_request,
)
from app.adapters.signing_keys import load_public_key
from app.adapters.transports.http import open_http
from app.clock import SystemClock
from app.ids import new_id
from app.sandbox.fleet import Fleet, HubLink, RunningAgency
from app.sandbox.population import Population
from app.sandbox.population.cast import Part
from app.sandbox.population.records import Debtor
from app.vocabulary import DocumentKind, OrderKind, PartyKind
from tests.integration.peers import peer, read_request

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
DIALECT = LiandongDialect()
POPULATION = Population(1, 200, ("BANK-ZC", "BANK-SQ"))
HUB_KEY = SigningKey("hub-1", Ed25519PrivateKey.from_private_bytes(b"h" * 32))
HUB_PEM = HUB_KEY.private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def link(url: str = "http://127.0.0.1:9") -> HubLink:
    """By default a hub that nobody can reach, for agencies that need not call back."""
    return HubLink(url, {HUB_KEY.key_id: HUB_PEM.decode()})


def debtor(part: Part) -> Debtor:
    return POPULATION.characters()[part].as_written


NOTICE = DocumentReference(
    new_id(),
    DocumentKind.QUERY_NOTICE,
    "协助查询通知书",
    "（2018）豫1424执1352号",
    "application/pdf",
    9,
    "0" * 64,
)
RULING = replace(NOTICE, document_id=new_id(), kind=DocumentKind.RULING, title="执行裁定书")
ORDERING_NOTICE = replace(
    NOTICE, document_id=new_id(), kind=DocumentKind.ENFORCEMENT_NOTICE, title="协助执行通知书"
)
OFFICER = OfficerCredentials("李某", "工0001", "执0001")


def order(agency_code: str, about: Debtor, **changes: Any) -> AssetQueryOrder:
    """A query with everything an agency may ask for; `changes` may take some of it away."""
    mandate = Mandate(
        court_code="豫1424",
        court_name="柘城县人民法院",
        case_number="（2018）豫1424执1352号",
        legal_basis="《中华人民共和国民事诉讼法》第二百五十三条",
        purpose="查询被执行人财产",
        officers=(OFFICER,),
        documents=(NOTICE,),
    )
    now = datetime.now(UTC)
    whole = AssetQueryOrder(
        request_id=new_id(),
        order_id=new_id(),
        agency_code=agency_code,
        mandate=replace(mandate, **changes.pop("mandate", {})),
        subject=Subject(
            PartyKind.PERSON,
            about.name,
            Certificate(about.certificate_type, about.number, changes.pop("also_known_as", ())),
        ),
        scope=QueryScope(),
        asked_at=now,
        answer_due_at=now + timedelta(days=1),
    )
    return replace(whole, **changes)


def measure(agency_code: str, about: Debtor, content: MeasureContent, **changes: Any) -> MeasureOrder:
    """An order that binds, with ruling and notice; `changes` as for a query."""
    papers = {"documents": (RULING, ORDERING_NOTICE), "purpose": "控制被执行人财产"}
    query = order(agency_code, about, mandate={**papers, **changes.pop("mandate", {})})
    whole = MeasureOrder(
        query.request_id,
        query.order_id,
        agency_code,
        query.mandate,
        query.subject,
        content,
        query.asked_at,
        query.answer_due_at,
    )
    return replace(whole, **changes)


class HubSide:
    """Sends to one agency as the hub does, with short time limits."""

    def __init__(self, running: RunningAgency, *, key: SigningKey = HUB_KEY, read_seconds: float = 5) -> None:
        self.code = running.agency.code
        keys = {running.key_id: VerifyingKey(running.key_id, load_public_key(running.public_key), LONG_AGO)}
        limits = Limits(read_seconds=read_seconds, total_seconds=read_seconds + 1)
        profile = AgencyProfile(
            agency_code=self.code,
            kind=running.agency.kind,
            dialect=DIALECT.name,
            transport="http",
            capabilities=frozenset(OrderKind),
            settings=AgencySettings.model_validate({"endpoint": running.url, "limits": limits}),
            keys=keys,
            hub_key=key,
        )
        self._transport = open_http(profile, SystemClock(), Path())

    async def ask(self, order: AgencyOrder, *, attempt: int = 1) -> Any:
        return await self.send(DIALECT.encode(order), attempt=attempt)

    async def answer(self, order: AgencyOrder) -> Answer:
        """The answer to what is answered at once."""
        answer = await self.ask(order)
        assert isinstance(answer, Answer)
        return answer

    async def status(self, request_id: UUID) -> StatusReport:
        report = await self.send(DIALECT.encode_status_query(request_id))
        assert isinstance(report, StatusReport)
        return report

    async def cancel(self, request_id: UUID) -> StatusReport:
        report = await self.send(DIALECT.encode_cancellation(request_id, "案件已结"))
        assert isinstance(report, StatusReport)
        return report

    async def live_list(self, after: UUID | None = None) -> LiveList:
        message = DIALECT.encode_live_list(new_id(), after)
        return DIALECT.decode_live_list(await self._transport.exchange(message, attempt=1))

    async def send(self, message: WireMessage, *, attempt: int = 1) -> Any:
        reply = await self._transport.exchange(message, attempt=attempt)
        return DIALECT.decode_reply(message.operation, reply)

    async def aclose(self) -> None:
        await self._transport.aclose()


@asynccontextmanager
async def hub_side(fleet: Fleet, code: str, **options: Any) -> AsyncIterator[HubSide]:
    side = HubSide(fleet.running(code), **options)
    try:
        yield side
    finally:
        await side.aclose()


async def until(reached: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for what another process does; its books send no event."""
    async with asyncio.timeout(seconds):
        while not reached():  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)


@dataclass
class Sink:
    """What a hub is at `/agency/v1/answers`: it believes signatures, and gives the same receipt for the same bytes."""

    port: int = 0
    statuses: list[int] = field(default_factory=list)
    """Replies to give before any receipt, one for each post."""

    messages: list[wire.PostedMessage] = field(default_factory=list)
    signers: list[str] = field(default_factory=list)
    """The key ids of those who posted the messages."""

    addressee: str = ""
    """The only key id that may answer, if one is named."""

    refused: list[str] = field(default_factory=list)
    """Why posts were refused: the fault of the signature, or the key id that was not the addressee's."""

    keys: dict[str, VerifyingKey] = field(default_factory=dict)
    _receipts: dict[UUID, bytes] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def clear(self) -> None:
        for seen in (self.statuses, self.messages, self.signers, self.refused):
            seen.clear()
        self.addressee = ""

    def trust(self, running: Sequence[RunningAgency]) -> None:
        for each in running:
            self.keys[each.key_id] = VerifyingKey(each.key_id, load_public_key(each.public_key), LONG_AGO)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head, body = await read_request(reader)
            writer.write(self._reply(head, body))
            await writer.drain()

    def _reply(self, head: bytes, body: bytes) -> bytes:
        method, path, _ = head.split(b" ", 2)
        lines = [line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if line]
        request = RequestParts(
            method.decode(), self.url + path.decode(), [(name.lower(), value) for name, value in lines], body
        )
        if self.statuses:
            return _response(self.statuses.pop(0), [], b"")
        try:
            verified = verify_request(request, self.keys, datetime.now(UTC))
        except SignatureRefused as refused:
            self.refused.append(refused.code)
            return _response(401, [], b"")
        if self.addressee and verified.key_id != self.addressee:
            self.refused.append(verified.key_id)
            return _response(404, [], b"")
        self.signers.append(verified.key_id)
        message = wire.read(wire.CALLBACK, body)
        self.messages.append(message)
        receipt = self._receipts.setdefault(message.message_id, _receipt(message.message_id, body))
        headers = [(b"content-type", b"application/json")]
        parts = ResponseParts(200, headers, receipt)
        signature = sign_response(parts, request, HUB_KEY, datetime.now(UTC), new_nonce())
        return _response(200, [*headers, *signature], receipt)


def _receipt(message_id: UUID, body: bytes) -> bytes:
    return wire.write(
        wire.ReceiptMessage(
            receipt_id=new_id(),
            message_id=message_id,
            received_at=datetime.now(UTC),
            sha256=sha256(body).hexdigest(),
            disposition="applied",
        )
    )


def _response(status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> bytes:
    lines = [b"%b: %b\r\n" % header for header in (*headers, (b"content-length", b"%d" % len(body)))]
    return b"HTTP/1.1 %d x\r\n" % status + b"".join(lines) + b"\r\n" + body


@asynccontextmanager
async def sink() -> AsyncIterator[Sink]:
    each = Sink()
    async with peer(each.handle) as there:
        each.port = there.port
        yield each

"""What agencies send by themselves: who signed it, was it here before, what does it say."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import any_, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.contract import read_callback
from app.adapters.evidence import evidence_of_request
from app.adapters.kinds import KINDS
from app.adapters.registry import dialect
from app.adapters.signatures import (
    RequestParts,
    SignatureFault,
    SignatureRefused,
    claimed_key_id,
    verify_request,
)
from app.audit.entry import Actor, Entry
from app.audit.record import record
from app.crypto import Vault, sha256_hex
from app.errors import ErrorCode, MalformedAnswer, Refusal
from app.ids import new_id
from app.linkage.answers import receive
from app.linkage.ledger import Ledger
from app.linkage.messages import Receipt, Received
from app.linkage.profiles import verifying_key
from app.models import Agency, AgencyKey, AgencyRequest, Document, DocumentContent, Nonce, Order
from app.models.message import Direction
from app.vocabulary import ActorKind, AgencyKind, AuditAction


@dataclass(frozen=True, slots=True)
class Sender:
    """The agency that signed a message, and the evidence of it, so that it cannot deny the bytes."""

    agency_id: UUID
    code: str
    kind: AgencyKind
    dialect: str
    signature: str = field(repr=False)


async def authenticate(session: AsyncSession, request: RequestParts, now: datetime) -> Sender:
    """Who signed this, just now, for the first time.

    Raises:
        Refusal: `signature_refused` with the fault as its detail, or `message_replayed`.
    """
    try:
        agency, key = await _key(session, claimed_key_id(request.headers))
        verified = verify_request(request, {key.key_id: verifying_key(key)}, now)
    except SignatureRefused as fault:
        raise Refusal(ErrorCode.SIGNATURE_REFUSED, detail=fault.code.value) from fault
    fresh = await session.scalar(
        upsert(Nonce)
        .values(key_id=verified.key_id, nonce=verified.nonce, seen_at=now)
        .on_conflict_do_nothing()
        .returning(Nonce.nonce)
    )
    if fresh is None:
        raise Refusal(ErrorCode.MESSAGE_REPLAYED)
    return Sender(agency.id, agency.code, agency.kind, agency.dialect, evidence_of_request(request))


async def _key(session: AsyncSession, key_id: str) -> tuple[Agency, AgencyKey]:
    """The key of an active agency; read every time, so that a revoked key is dead at once.

    Raises SignatureRefused.
    """
    row = (
        await session.execute(
            select(Agency, AgencyKey)
            .join(Agency, Agency.id == AgencyKey.agency_id)
            .where(AgencyKey.key_id == key_id, Agency.active)
        )
    ).first()
    if row is None:
        raise SignatureRefused(SignatureFault.UNKNOWN_KEY, "keyid")
    return row[0], row[1]


async def claimed_sender(session: AsyncSession, request: RequestParts) -> str | None:
    """The code of the agency in whose name a message comes, which proves nothing; None for a key that nobody has."""
    try:
        key_id = claimed_key_id(request.headers)
    except SignatureRefused:
        return None
    code: str | None = await session.scalar(
        select(Agency.code)
        .join(AgencyKey, AgencyKey.agency_id == Agency.id)
        .where(AgencyKey.key_id == key_id)
    )
    return code


@dataclass(frozen=True, slots=True)
class Posted:
    """A message as it came in."""

    content_type: str
    body: bytes = field(repr=False)
    at: datetime


async def take(session: AsyncSession, vault: Vault, sender: Sender, posted: Posted) -> Receipt:
    """Decode, store and apply.

    Raises:
        MalformedAnswer: the bytes are kept and an entry is written; commit, and then say no (P17).
    """
    try:
        decoded = read_callback(dialect(sender.dialect), KINDS[sender.kind], posted.content_type, posted.body)
    except MalformedAnswer as error:
        await _park(session, vault, sender, posted, error.reason)
        raise
    received = Received(
        agency_id=sender.agency_id,
        agency_code=sender.code,
        operation="callback",
        decoded=decoded,
        content_type=posted.content_type,
        raw=posted.body,
        signature=sender.signature,
        at=posted.at,
    )
    return await receive(session, vault, received)


async def _park(session: AsyncSession, vault: Vault, sender: Sender, posted: Posted, reason: str) -> None:
    ledger = Ledger(vault)
    ledger.message(
        agency_id=sender.agency_id,
        request_id=None,
        direction=Direction.IN,
        operation="callback",
        message_id=None,
        content_type=posted.content_type,
        body=posted.body,
        fingerprint=None,
        signature=sender.signature,
        parked_reason=reason,
        at=posted.at,
    )
    await ledger.write(session, posted.at)
    entry = Entry(
        entry_id=new_id(),
        recorded_at=posted.at,
        action=AuditAction.MESSAGE_PARKED,
        actor=Actor(ActorKind.AGENCY, sender.code),
        agency_code=sender.code,
        digests=(("received", sha256_hex(posted.body)),),
        outcome=reason,
    )
    await record(session, [entry])


async def paper_for(
    session: AsyncSession, vault: Vault, sender: Sender, document_id: UUID, at: datetime
) -> tuple[Document, bytes]:
    """A paper that travels with a request which was sent to this agency; the reading is recorded.

    Raises:
        Refusal: `not_found`, for the paper of another's request as for one that does not exist.
    """
    document = await session.scalar(
        select(Document)
        .join(Order, (Order.case_id == Document.case_id) & (any_(Order.document_ids) == document_id))
        .join(AgencyRequest, AgencyRequest.order_id == Order.id)
        .where(
            Document.id == document_id,
            AgencyRequest.agency_id == sender.agency_id,
            AgencyRequest.times_sent > 0,
        )
        .limit(1)
    )
    if document is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    sealed = await session.scalar(
        select(DocumentContent.sealed).where(DocumentContent.sha256 == document.sha256)
    )
    assert sealed is not None
    entry = Entry(
        entry_id=new_id(),
        recorded_at=at,
        action=AuditAction.DOCUMENT_READ,
        actor=Actor(ActorKind.AGENCY, sender.code),
        agency_code=sender.code,
        digests=(("document", document.sha256.hex()),),
        detail={"document_id": str(document.id)},
    )
    await record(session, [entry])
    return document, vault.open(sealed, "document_contents.sealed")

"""Receipts of exchanges: for the court that asked and for the agency that took part, each to be checked without us."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.adapters.evidence import statements
from app.audit.entry import Entry
from app.audit.proof_file import ProofFile
from app.audit.published import Published, newest_checkpoint, witnessed_checkpoint
from app.audit.receipt import ReceiptBody, SignedStatement, statements_about
from app.audit.stored_tree import StoredTree
from app.errors import ErrorCode, Refusal
from app.linkage.acting import Acting
from app.linkage.agency_messages import Sender
from app.models import AgencyRequest, AuditEntry, AuditLeaf, Case, Message


@dataclass(frozen=True, slots=True)
class IssuedReceipt:
    entry: Entry
    index: int | None
    """Its place in the log; None for the moment until it is numbered."""

    witnessed: bool
    """Whether the checkpoint in it has the cosignatures that the policy asks for; a minute later it will."""

    text: str | None
    """A C2SP tlog-proof, see docs/audit-log.md; None as long as there is no place to prove."""


async def receipts_of_request(session: AsyncSession, acting: Acting, request_id: UUID) -> list[IssuedReceipt]:
    """One for each message that passed, in the order of the log; raises `Refusal` (not_found) for a foreign request."""
    case_number = await session.scalar(
        select(Case.case_number)
        .join(AgencyRequest, AgencyRequest.case_id == Case.id)
        .where(AgencyRequest.id == request_id, AgencyRequest.court_id == acting.court_id)
    )
    if case_number is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    return await issue_receipts(session, case_number, request_id)


async def issue_receipts(session: AsyncSession, case_number: str, request_id: UUID) -> list[IssuedReceipt]:
    """As `receipts_of_request`, for a caller who knows that the request may be seen."""
    passed = await _entries(session, case_number, request_id)
    return await _issue(session, request_id, [one for one in passed if one.entry.digests])


async def receipt_of_message(session: AsyncSession, sender: Sender, message_id: UUID) -> str:
    """Of a message that this agency sent, or that was sent to it; its first time if it was repeated.

    Raises:
        Refusal: `not_found` for another's message as for an unknown one; `unavailable` until its entry is numbered.
    """
    about = (
        await session.execute(
            select(Case.case_number, AgencyRequest.id)
            .join(AgencyRequest, AgencyRequest.case_id == Case.id)
            .join(Message, Message.request_id == AgencyRequest.id)
            .where(Message.agency_id == sender.agency_id, Message.message_id == message_id)
            .limit(1)
        )
    ).first()
    if about is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    passed = [one for one in await _entries(session, *about) if one.entry.message_id == message_id]
    numbered = [one for one in passed if one.index is not None]
    if not numbered:
        raise Refusal(ErrorCode.UNAVAILABLE)
    [receipt] = await _issue(session, about.id, numbered[:1])
    assert receipt.text is not None  # it is numbered, and numbers are given under a checkpoint
    return receipt.text


@dataclass(frozen=True, slots=True)
class _Logged:
    entry: Entry
    body: bytes
    index: int | None


async def _entries(session: AsyncSession, case_number: str, request_id: UUID) -> list[_Logged]:
    """Found by case, for which there is an index: one by request would stand in the way of every write."""
    rows = await session.execute(
        select(AuditEntry.body, AuditLeaf.index)
        .outerjoin(AuditLeaf, AuditLeaf.entry_id == AuditEntry.entry_id)
        .where(AuditEntry.case_number == case_number, AuditEntry.request_id == request_id)
        .order_by(AuditLeaf.index, AuditEntry.entry_id)
    )
    return [_Logged(Entry.from_bytes(body), body, index) for body, index in rows]


async def _issue(session: AsyncSession, request_id: UUID, passed: Sequence[_Logged]) -> list[IssuedReceipt]:
    made = await _statements(session, request_id)
    prover = await _prover(session)
    issued = []
    for one in passed:
        digests = [digest for _, digest in one.entry.digests]
        body = ReceiptBody(one.body, statements_about(digests, made))
        issued.append(await prover.issue(one, body))
    return issued


@dataclass(frozen=True, slots=True)
class _Prover:
    """Proves under the witnessed checkpoint what it covers, and under the newest one what came since."""

    connection: AsyncConnection
    witnessed: Published | None
    newest: Published | None
    trees: dict[int, StoredTree]

    async def issue(self, logged: _Logged, body: ReceiptBody) -> IssuedReceipt:
        head = self._head_over(logged.index)
        if head is None or logged.index is None:
            return IssuedReceipt(logged.entry, None, witnessed=False, text=None)
        hashes = await self.trees[head.size].inclusion_proof(self.connection, logged.index)
        proof = ProofFile(logged.index, tuple(hashes), head.note, body.to_bytes())
        return IssuedReceipt(logged.entry, logged.index, head is self.witnessed, proof.to_text())

    def _head_over(self, index: int | None) -> Published | None:
        for head in (self.witnessed, self.newest):
            if head is not None and index is not None and head.size > index:
                return head
        return None


async def _prover(session: AsyncSession) -> _Prover:
    witnessed, newest = await witnessed_checkpoint(session), await newest_checkpoint(session)
    trees = {head.size: StoredTree(head.size) for head in (witnessed, newest) if head is not None}
    return _Prover(await session.connection(), witnessed, newest, trees)


async def _statements(session: AsyncSession, request_id: UUID) -> list[SignedStatement]:
    """What both sides signed in this matter, each statement once."""
    kept = await session.scalars(
        select(Message.signature)
        .where(Message.request_id == request_id, Message.signature.is_not(None))
        .order_by(Message.id)
    )
    made = [
        SignedStatement(one.base.decode(), one.signature)
        for evidence in kept
        if evidence is not None
        for one in statements(evidence)
    ]
    return list(dict.fromkeys(made))

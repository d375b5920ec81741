"""Transaction B: claimed items become messages that are recorded as sent before a byte leaves (rule 2 of state)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.contract import AgencyOrder, Operation, WireMessage, kind_of
from app.audit.entry import Actor
from app.crypto import Vault
from app.dispatch.directory import Directory
from app.dispatch.errands import Errand
from app.errors import ErrorCode, MessageRejected, Refusal
from app.linkage.cancelling import CANCEL
from app.linkage.ledger import Ledger
from app.linkage.mandates import load_orders
from app.linkage.matters import Deed, Matter, lock_matters
from app.linkage.parking import park_request
from app.models import Message
from app.models.agency_request import ENDED, RequestState
from app.models.message import Direction
from app.outbox.claim import Claim
from app.outbox.settle import bury, finish
from app.vocabulary import ActorKind, AuditAction

HUB = Actor(ActorKind.HUB, "dispatch")

_ACTIONS = {
    Operation.REQUEST: AuditAction.REQUEST_SENT,
    Operation.STATUS_QUERY: AuditAction.STATUS_ASKED,
    Operation.CANCELLATION: AuditAction.REQUEST_CANCELLATION_ASKED,
}
_CANCELLATION_REASON = "withdrawn by the court"


@dataclass(frozen=True, slots=True)
class Promises:
    """Makes promises for one batch of claims."""

    session: AsyncSession
    vault: Vault
    directory: Directory
    at: datetime

    async def make(self, claims: Sequence[Claim]) -> list[Errand]:
        """Record what will be sent and return it. Items that have nothing left to do are finished."""
        matters = await lock_matters(self.session, [claim.reference for claim in claims])
        asked = {(matter.request.agency_id, matter.request.kind) for matter in matters.values()}
        await self.directory.refresh(self.session, self.at, asked)
        steps = [(claim, next_step(claim, matters.get(claim.reference))) for claim in claims]
        await finish(self.session, [claim.id for claim, step in steps if step is None])
        wanted = [(claim, matters[claim.reference], step) for claim, step in steps if step is not None]
        texts = await self._texts([matter for _, matter, step in wanted if step is Operation.REQUEST])
        ledger = Ledger(self.vault)
        errands = []
        for claim, matter, step in wanted:
            message = self._message(matter, step, texts)
            if isinstance(message, WireMessage):
                errands.append(self._promise(ledger, claim, matter, message))
            else:
                park_request(ledger, matter, message, self.at)
                await bury(self.session, [(claim.id, message)], self.at)
        await ledger.write(self.session, self.at)
        return errands

    async def _texts(self, matters: Sequence[Matter]) -> dict[UUID, WireMessage | str]:
        """The request messages: stored bytes where one was sent before (P3), otherwise encoded now."""
        stored = await self._stored([m.request.id for m in matters if m.request.times_sent])
        fresh = [matter.request for matter in matters if matter.request.id not in stored]
        texts: dict[UUID, WireMessage | str] = dict(stored)
        if not fresh:
            return texts
        agencies = {request.id: request.agency_id for request in fresh}
        for request_id, order in (await load_orders(self.session, self.vault, agencies)).items():
            texts[request_id] = order if isinstance(order, str) else self._encode(agencies[request_id], order)
        return texts

    def _encode(self, agency_id: UUID, order: AgencyOrder) -> WireMessage | str:
        adapter = self.directory.adapter(agency_id)
        if adapter is None:
            return ErrorCode.AGENCY_SETTINGS_INVALID.value
        try:
            adapter.require(kind_of(order))
            return adapter.dialect.encode(order)
        except Refusal as refusal:
            return refusal.code.value
        except MessageRejected as rejected:
            return rejected.reason

    async def _stored(self, request_ids: Sequence[UUID]) -> dict[UUID, WireMessage]:
        if not request_ids:
            return {}
        rows = await self.session.execute(
            select(Message.request_id, Message.message_id, Message.content_type, Message.body).where(
                Message.request_id.in_(request_ids),
                Message.direction == Direction.OUT,
                Message.operation == Operation.REQUEST,
            )
        )
        return {
            request_id: WireMessage(
                Operation.REQUEST,
                request_id,
                message_id,
                content_type,
                self.vault.open(body, "messages.body"),
            )
            for request_id, message_id, content_type, body in rows
            if request_id is not None and message_id is not None
        }

    def _message(
        self, matter: Matter, step: Operation, texts: dict[UUID, WireMessage | str]
    ) -> WireMessage | str:
        """The message, or the reason why there is none."""
        adapter = self.directory.adapter(matter.request.agency_id)
        if adapter is None:
            return ErrorCode.AGENCY_SETTINGS_INVALID.value
        match step:
            case Operation.REQUEST:
                return texts[matter.request.id]
            case Operation.STATUS_QUERY:
                return adapter.dialect.encode_status_query(matter.request.id)
            case Operation.CANCELLATION:
                return adapter.dialect.encode_cancellation(matter.request.id, _CANCELLATION_REASON)
            case Operation.LIVE_LIST:
                raise AssertionError("no outbox item asks for a list")

    def _promise(self, ledger: Ledger, claim: Claim, matter: Matter, message: WireMessage) -> Errand:
        request = matter.request
        attempt = claim.attempts
        if message.operation is Operation.REQUEST:
            request.move_to(RequestState.SENT, self.at)
            request.times_sent += 1
            attempt = request.times_sent
            if attempt == 1:
                self._keep(ledger, matter, message)
        deed = Deed(_ACTIONS[message.operation], HUB, self.at, message_id=message.message_id)
        ledger.note(matter, deed, sent=message.body)
        adapter = self.directory.adapter(request.agency_id)
        assert adapter is not None  # without one there would be no message
        return Errand(claim, request.agency_id, adapter, message, attempt)

    def _keep(self, ledger: Ledger, matter: Matter, message: WireMessage) -> None:
        ledger.message(
            agency_id=matter.request.agency_id,
            request_id=matter.request.id,
            direction=Direction.OUT,
            operation=message.operation,
            message_id=message.message_id,
            content_type=message.content_type,
            body=message.body,
            fingerprint=None,
            signature=None,
            parked_reason=None,
            at=self.at,
        )


def next_step(claim: Claim, matter: Matter | None) -> Operation | None:
    """What an item asks for now. Whatever may have been sent is asked about before it is sent again (P4)."""
    if matter is None or matter.request.state in ENDED:
        return None
    if claim.kind == CANCEL:
        return Operation.CANCELLATION
    match matter.request.state:
        case RequestState.QUEUED:
            return Operation.REQUEST
        case RequestState.UNDELIVERABLE:
            return None
        case _:
            return Operation.STATUS_QUERY

"""What an agency does with a message: believe its sender, understand it, write it down with its effect, and reply.

The order matters. Nothing is parsed before the signature is checked, and nothing is replied before the books hold it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from app.adapters.contract import Operation
from app.adapters.liandong import wire
from app.adapters.liandong.wire import (
    AnswerMessage,
    AssetQueryMessage,
    HitDecisionMessage,
    LookOutMessage,
    RequestMessage,
    StatusReportMessage,
)
from app.adapters.signatures import (
    POSSIBLE_DUPLICATE,
    RequestParts,
    SignatureRefused,
    Verified,
    verify_request,
)
from app.clock import Clock
from app.errors import ErrorCode, MalformedAnswer
from app.ids import new_id
from app.sandbox.behaviour import Desk, Moment
from app.sandbox.custody.bailiff import Bailiff
from app.sandbox.custody.facts import as_registered
from app.sandbox.doing import Doing
from app.sandbox.entries import Arrival, Decision, Entry, Standing
from app.sandbox.exchange import BodyTooLarge, Exchange, Reply, problem
from app.sandbox.faults import Drawn, FaultKind
from app.sandbox.identity import Hub, Identity
from app.sandbox.ledger import Ledger
from app.sandbox.lookout.duty_desk import DutyDesk
from app.sandbox.lookup import Finding, Registry, ambiguous, refused_for
from app.sandbox.postman import Postman
from app.vocabulary import AnswerState, RequestStatus

_READERS: dict[Operation, TypeAdapter[Any]] = {
    Operation.REQUEST: wire.REQUEST,
    Operation.STATUS_QUERY: wire.STATUS_QUERY,
    Operation.CANCELLATION: wire.CANCELLATION,
    Operation.LIVE_LIST: wire.LIVE_LIST_QUERY,
}
_ANSWER = TypeAdapter(AnswerMessage)


class Declined(Exception):
    """A message that is not taken; carries the reply that says so."""

    def __init__(self, code: ErrorCode, detail: str, to: RequestParts | None = None) -> None:
        super().__init__(code.value)
        self.code = code
        self.reply = problem(code, detail, to)


@dataclass(frozen=True, slots=True)
class Clerk:
    """Serves the four operations."""

    identity: Identity
    hub: Hub
    registry: Registry
    bailiff: Bailiff
    duty_desk: DutyDesk
    desk: Desk
    ledger: Ledger
    postman: Postman
    clock: Clock

    async def reply(self, operation: Operation, exchange: Exchange, drawn: Drawn) -> Reply:
        """What is to be replied, durable in the books. Raises PeerGone."""
        try:
            request = await exchange.read(self.identity.url)
        except BodyTooLarge:
            return problem(ErrorCode.BODY_TOO_LARGE, f"more than {wire.MAX_BYTES} bytes")
        try:
            return await self._serve(operation, request, drawn)
        except Declined as declined:
            digest = sha256(request.body).hexdigest()
            await self.ledger.refuse(exchange.target, declined.code, digest, self.clock.now())
            return declined.reply

    async def _serve(self, operation: Operation, request: RequestParts, drawn: Drawn) -> Reply:
        now = self.clock.now()
        verified = self._believe(request, now)
        message = _understand(operation, request)
        arrival = _arrival(operation, request, verified, message, now)
        if operation is Operation.REQUEST:
            return await self._serve_request(message, arrival, request, drawn)
        if operation is Operation.LIVE_LIST:
            return await self._list(arrival, message.after, request)
        if operation is Operation.STATUS_QUERY:
            standing = await self.ledger.standing(arrival)
        else:
            standing = await self.ledger.cancel(arrival)
            if standing and standing.status is RequestStatus.CANCELLED:
                self.postman.withdraw(message.request_id, now)
        if standing is None:
            raise _replayed(request)
        return Reply(200, _status_report(arrival, standing), to=request, about=arrival.request_id)

    async def _list(self, arrival: Arrival, after: UUID | None, request: RequestParts) -> Reply:
        listed = await self.ledger.live_list(arrival, after)
        if listed is None:
            raise _replayed(request)
        body, notices = listed
        self.postman.take(notices)
        return Reply(200, body, to=request, about=arrival.request_id)

    def _believe(self, request: RequestParts, now: datetime) -> Verified:
        try:
            return verify_request(request, self.hub.keys, now)
        except SignatureRefused as refused:
            raise Declined(ErrorCode.SIGNATURE_REFUSED, f"{refused.code}: {refused.about}") from None

    async def _serve_request(
        self, message: RequestMessage, arrival: Arrival, request: RequestParts, drawn: Drawn
    ) -> Reply:
        if message.agency_code != self.identity.agency_code:
            raise Declined(ErrorCode.NOT_THE_ADDRESSEE, "addressed to another agency", request)
        settled = await self.ledger.settle(
            arrival, lambda doing: self._decide(message, arrival.at, drawn, doing)
        )
        match settled.entry:
            case Entry.REPLAYED:
                raise _replayed(request)
            case Entry.CONFLICTING:
                raise Declined(ErrorCode.MESSAGE_CONFLICT, "other content under a known request_id", request)
            case Entry.NEW:
                self.postman.take(settled.callbacks)
        return Reply(settled.status, settled.body or b"", to=request, about=message.request_id)

    def _decide(self, message: RequestMessage, now: datetime, drawn: Drawn, doing: Doing) -> Decision:
        moment = Moment(now, doing.deed.at)
        # Somebody is waiting beside whoever was met.
        desk = self.desk.at_once() if isinstance(message, HitDecisionMessage) else self.desk
        if drawn.is_a(FaultKind.AMBIGUITY):
            return desk.decide(message, ambiguous(), moment)
        if drawn.fault and drawn.is_a(FaultKind.REFUSAL):
            return desk.decide(message, refused_for(drawn.fault.reason, "暂不予协助"), moment)
        finding = self._find(message, doing)
        if drawn.is_a(FaultKind.SILENCE) or finding.state is AnswerState.NOT_YET:
            return desk.fall_silent(message, finding, moment)
        return desk.decide(message, finding, moment)

    def _find(self, message: RequestMessage, doing: Doing) -> Finding:
        """What was asked for, or what came of what was ordered."""
        if isinstance(message, LookOutMessage):
            return self.duty_desk.carry_out(message, doing.look_outs)
        if not isinstance(message, AssetQueryMessage):
            return self.bailiff.carry_out(message, doing.deed)
        finding = self.registry.look_up(message)
        assets = as_registered(doing.deed.custody, finding.assets)
        if finding.assets and not assets:
            return Finding(AnswerState.NOTHING_FOUND)
        return replace(finding, assets=assets)


def _understand(operation: Operation, request: RequestParts) -> Any:
    """One of the messages to an agency, by the operation."""
    content_type = dict(request.headers).get(b"content-type", b"").partition(b";")[0].strip()
    if content_type != wire.CONTENT_TYPE.encode():
        raise Declined(ErrorCode.UNSUPPORTED_MEDIA_TYPE, "application/json is taken here", request)
    try:
        return wire.read(_READERS[operation], request.body)
    except MalformedAnswer as error:
        raise Declined(ErrorCode.MALFORMED_MESSAGE, error.reason, request) from None


def _arrival(
    operation: Operation, request: RequestParts, verified: Verified, message: Any, now: datetime
) -> Arrival:
    return Arrival(
        operation=operation,
        # A live list belongs to no request; its own id stands in.
        request_id=getattr(message, "request_id", message.message_id),
        message_id=message.message_id,
        sha256=sha256(request.body).hexdigest(),
        possible_duplicate=any(name == POSSIBLE_DUPLICATE for name, _ in request.headers),
        key_id=verified.key_id,
        nonce=verified.nonce,
        at=now,
    )


def _replayed(request: RequestParts) -> Declined:
    return Declined(ErrorCode.MESSAGE_REPLAYED, "this nonce was used before", request)


def _status_report(arrival: Arrival, standing: Standing) -> bytes:
    return wire.write(
        StatusReportMessage(
            message_id=new_id(),
            request_id=arrival.request_id,
            status=standing.status,
            agency_reference=standing.agency_reference,
            answers=tuple(_ANSWER.validate_json(body) for body in standing.answers),
        )
    )

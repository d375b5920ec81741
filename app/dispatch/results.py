"""Transaction C: what came of the errands, recorded for many at once; a zombie's result is refused (P14)."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.contract import Decoded, Operation, StatusReport
from app.audit.entry import Actor
from app.crypto import Vault
from app.dispatch.directory import Directory
from app.dispatch.errands import Outcome
from app.errors import AgencyUnavailable, ExchangeError, MalformedAnswer, MessageRejected
from app.linkage.answers import apply
from app.linkage.ledger import Ledger
from app.linkage.matters import Deed, Matter, lock_matters
from app.linkage.messages import Received
from app.linkage.parking import park_request
from app.models.agency_request import RequestState
from app.models.message import Direction
from app.outbox import breaker
from app.outbox.retry import next_attempt
from app.outbox.settle import bury, finish, hold, reschedule
from app.vocabulary import ActorKind, AuditAction, EventType, RequestStatus

_HUB = Actor(ActorKind.HUB, "dispatch")


@dataclass(slots=True)
class _Settlement:
    """What will be written: the ledger's rows, and where the outbox items go."""

    ledger: Ledger
    done: list[int] = field(default_factory=list)
    again: list[tuple[int, datetime, str]] = field(default_factory=list)
    dead: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Results:
    """Records outcomes in the caller's transaction."""

    session: AsyncSession
    vault: Vault
    directory: Directory
    jitter: Callable[[], float]
    """Between 0.8 and 1.2."""

    at: datetime

    async def record(self, outcomes: Sequence[Outcome]) -> None:
        held = await hold(self.session, [outcome.errand.claim for outcome in outcomes])
        outcomes = [outcome for outcome in outcomes if outcome.errand.claim.id in held]
        matters = await lock_matters(self.session, {o.errand.message.request_id for o in outcomes})
        ledger = Ledger(self.vault)
        settlement = _Settlement(ledger)
        answered = [outcome for outcome in outcomes if not isinstance(outcome.result, ExchangeError)]
        await apply(self.session, ledger, matters, [_received(outcome) for outcome in answered])
        for outcome in outcomes:
            matter = matters[outcome.errand.message.request_id]
            if isinstance(outcome.result, ExchangeError):
                self._failed(settlement, matter, outcome, outcome.result)
            else:
                self._succeeded(settlement, matter, outcome)
        await self._settle(settlement)
        await self._tell_breakers(outcomes)
        await ledger.write(self.session, self.at)

    def _succeeded(self, settlement: _Settlement, matter: Matter, outcome: Outcome) -> None:
        """Queued now means: the agency, asked for the status, does not know the request. So it is sent again."""
        item = outcome.errand.claim.id
        if matter.request.state is RequestState.QUEUED:
            settlement.again.append((item, self.at, RequestStatus.UNKNOWN_REQUEST))
        elif matter.request.state in {RequestState.SENT, RequestState.UNKNOWN}:
            self._try_again(settlement, matter, outcome, ExchangeError("reply_without_progress"))
        else:
            settlement.done.append(item)

    def _failed(
        self,
        settlement: _Settlement,
        matter: Matter,
        outcome: Outcome,
        error: ExchangeError,
    ) -> None:
        self._keep_raw(settlement.ledger, matter, outcome, error)
        matter.request.last_error = error.reason
        self._step_back(settlement.ledger, matter, outcome, error)
        self._try_again(settlement, matter, outcome, error)

    def _try_again(
        self,
        settlement: _Settlement,
        matter: Matter,
        outcome: Outcome,
        error: ExchangeError,
    ) -> None:
        item = outcome.errand.claim.id
        run_at = self._next_attempt(outcome, error)
        if run_at is None:
            park_request(settlement.ledger, matter, error.reason, self.at)
            settlement.dead.append((item, error.reason))
        else:
            settlement.again.append((item, run_at, error.reason))

    def _step_back(self, ledger: Ledger, matter: Matter, outcome: Outcome, error: ExchangeError) -> None:
        """Never sent goes back to the queue; sent with unknown outcome is a state of its own (P4)."""
        certain = isinstance(error, AgencyUnavailable | MessageRejected)
        deed = Deed(
            AuditAction.REQUEST_ATTEMPT_FAILED if certain else AuditAction.REQUEST_OUTCOME_LOST,
            _HUB,
            self.at,
            error.reason,
            outcome.errand.message.message_id,
        )
        ledger.note(matter, deed, received=_raw(outcome, error) or None)
        if matter.request.state is not RequestState.SENT:
            return  # a status query failed, or a callback was quicker than this failure
        if outcome.errand.message.operation is not Operation.REQUEST:
            certain = False  # an earlier worker's sending has still no known outcome
        matter.request.move_to(RequestState.QUEUED if certain else RequestState.UNKNOWN, self.at)
        if not certain:
            ledger.announce(matter.event(EventType.REQUEST_OUTCOME_LOST, reason=error.reason))

    def _next_attempt(self, outcome: Outcome, error: ExchangeError) -> datetime | None:
        if isinstance(error, MessageRejected | MalformedAnswer):
            return None  # again would bring the same: a person must look
        retries = self.directory.retries(outcome.errand.agency_id)
        retry_after = error.retry_after if isinstance(error, AgencyUnavailable) else None
        return next_attempt(
            outcome.errand.claim.attempts,
            retries.backoff_seconds,
            self.at,
            max_attempts=retries.max_attempts,
            retry_after=retry_after,
            jitter=self.jitter(),
        )

    def _keep_raw(self, ledger: Ledger, matter: Matter, outcome: Outcome, error: ExchangeError) -> None:
        """Bytes that could not be used are kept as they came, with the reason (P17)."""
        raw = _raw(outcome, error)
        if not raw:
            return
        ledger.message(
            agency_id=outcome.errand.agency_id,
            request_id=matter.request.id,
            direction=Direction.IN,
            operation="reply",
            message_id=None,
            content_type=outcome.reply.content_type if outcome.reply else "application/octet-stream",
            body=raw,
            fingerprint=None,
            signature=outcome.reply.evidence if outcome.reply else None,
            parked_reason=error.reason,
            at=outcome.at,
        )

    async def _settle(self, settlement: _Settlement) -> None:
        await finish(self.session, settlement.done)
        await reschedule(self.session, settlement.again)
        await bury(self.session, settlement.dead, self.at)

    async def _tell_breakers(self, outcomes: Sequence[Outcome]) -> None:
        """Any understood answer shows that the agency lives; a refusal of the message does, too."""
        by_lane: dict[str, list[bool]] = defaultdict(list)
        for outcome in outcomes:
            lived = not isinstance(outcome.result, ExchangeError) or isinstance(
                outcome.result, MessageRejected | MalformedAnswer
            )
            by_lane[outcome.errand.claim.lane].append(lived)
        await breaker.report(self.session, by_lane, self.at)


def _raw(outcome: Outcome, error: ExchangeError) -> bytes:
    return outcome.reply.body if outcome.reply else error.raw


def _received(outcome: Outcome) -> Received:
    assert not isinstance(outcome.result, ExchangeError)
    assert outcome.reply is not None
    return Received(
        agency_id=outcome.errand.agency_id,
        agency_code=outcome.errand.adapter.agency_code,
        operation="reply",
        decoded=_taken_back(outcome.errand.message.operation, outcome.result),
        content_type=outcome.reply.content_type,
        raw=outcome.reply.body,
        signature=outcome.reply.evidence,
        at=outcome.at,
    )


def _taken_back(operation: Operation, decoded: Decoded) -> Decoded:
    """An agency that never had the request has nothing to take back: that is a completed cancellation."""
    if operation is not Operation.CANCELLATION or not isinstance(decoded, StatusReport):
        return decoded
    never_had = decoded.status is RequestStatus.UNKNOWN_REQUEST
    return replace(decoded, status=RequestStatus.CANCELLED) if never_had else decoded

"""核实线索: an officer of the court says whether it is him. Coercion on a hit needs a human's word."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.locating import HitDecisionContent
from app.adapters.profile import Deadlines
from app.audit.record import record
from app.crypto import Vault
from app.errors import ErrorCode, FieldError, Refusal
from app.ids import new_id
from app.linkage.acting import Acting
from app.linkage.callers import about
from app.linkage.control.approving import Issuing, issue_parts
from app.linkage.control.contents import Part
from app.linkage.courts import find_officer
from app.linkage.events import NewEvent, announce
from app.linkage.locating.demands import Decision
from app.linkage.locating.errands import Errands, close_errands, open_errand
from app.linkage.locating.lookouts import Hand, LookOut, describe_hit, lock_look_out
from app.models import Agency, Case, Custody, LocateEntry, LocateHit, Officer, Order
from app.models.locating import CustodyState, HitStage, HitState, LocateState
from app.models.order import OrderStatus
from app.models.outbox import Priority
from app.models.task import TaskKind
from app.vocabulary import AuditAction, EventType, HitDecision, OrderKind

CLOCKS = Deadlines(remind_hours=0.1, answer_hours=0.5, give_up_hours=24)
"""Of a decision at every agency: officers stand beside somebody and wait for it."""

_STATES = {
    HitDecision.CONFIRMED: HitState.CONFIRMED,
    HitDecision.NOT_HIM: HitState.NOT_HIM,
    HitDecision.MORE_TIME: HitState.MORE_TIME,
}
_WAITING = frozenset({TaskKind.HIT_WAITING, TaskKind.HIT_ESCALATED})


async def decide_hit(
    session: AsyncSession, acting: Acting, vault: Vault, hit_id: UUID, decision: Decision
) -> LocateHit:
    """Confirm or deny a sighting, or ask for more time; the agency is told ahead of everything else.

    A confirmation may be taken back with a reason, as long as nobody was handed over for it: the agency then lets go.

    Raises:
        Refusal: `not_found`, `officer_unknown`, `officer_not_of_court`, `invalid_body`, `reason_required`; `ground_gone`
            when the request is live no more; `state_forbids` when it was decided before, is parked, or would be confirmed
            before the request is valid.
    """
    _check(decision)
    officer = await find_officer(session, acting.court_id, decision.officer)
    look_out, hit = await _lock(session, acting, hit_id)
    about(session, officer=decision.officer)
    if look_out.locate.state is not LocateState.LIVE or acting.at >= look_out.locate.valid_until:
        raise Refusal(ErrorCode.GROUND_GONE, detail=look_out.locate.state.value)
    if decision.decision is HitDecision.CONFIRMED and acting.at < look_out.locate.valid_from:
        raise Refusal(ErrorCode.STATE_FORBIDS, detail=f"valid_from {look_out.locate.valid_from.isoformat()}")
    taken_back = hit.state is HitState.CONFIRMED
    if taken_back:
        await _check_taking_back(session, hit, decision)
    _move(hit, decision, acting)
    hit.decision_request_id = await _send(session, acting, vault, look_out, _Told(hit, officer, decision))
    errands = Errands([hit.case_id], _WAITING, "hit_id", [hit.id])
    events = await close_errands(session, errands, acting.at, decision.decision)
    if taken_back:
        events += await _still_held(session, look_out, hit, acting)
    await session.flush()
    entry = look_out.entry(
        Hand.of(acting, decision.officer), AuditAction.HIT_DECIDED, decision.decision, hit_id=str(hit.id)
    )
    await record(session, [entry])
    events.append(look_out.event(EventType.HIT_DECIDED, **describe_hit(hit)))
    await announce(session, events, acting.at)
    return hit


def _check(decision: Decision) -> None:
    if (decision.decision is HitDecision.MORE_TIME) != (decision.minutes_needed is not None):
        raise Refusal(
            ErrorCode.INVALID_BODY,
            FieldError(
                "/minutes_needed", "with_more_time", "give it with more_time only", "仅在需要更多时间时填写"
            ),
        )


async def _lock(session: AsyncSession, acting: Acting, hit_id: UUID) -> tuple[LookOut, LocateHit]:
    """The request first, then the hit: as whoever records a message does."""
    locate_id = await session.scalar(
        select(LocateHit.locate_id).where(LocateHit.id == hit_id, LocateHit.court_id == acting.court_id)
    )
    if locate_id is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    look_out = await lock_look_out(session, acting, locate_id)
    hit = await session.get_one(LocateHit, hit_id, with_for_update=True, populate_existing=True)
    return look_out, hit


async def _check_taking_back(session: AsyncSession, hit: LocateHit, decision: Decision) -> None:
    if decision.decision is not HitDecision.NOT_HIM:
        raise Refusal(ErrorCode.STATE_FORBIDS, detail=hit.state.value)
    if decision.note is None:
        raise Refusal(
            ErrorCode.REASON_REQUIRED,
            FieldError("/note", "reason_required", "say what was mistaken", "请说明误认的原因"),
        )
    state = await session.scalar(select(Custody.state).where(Custody.hit_id == hit.id))
    if state is CustodyState.HANDED_OVER:
        raise Refusal(ErrorCode.STATE_FORBIDS, detail=state.value)


async def _still_held(
    session: AsyncSession, look_out: LookOut, hit: LocateHit, acting: Acting
) -> list[NewEvent]:
    """Somebody sees to it that he is let go at once, and does not wait for the agency's word that he was."""
    held = Custody.state.in_([CustodyState.HELD, CustodyState.LAPSED])
    custody_id = await session.scalar(select(Custody.id).where(Custody.hit_id == hit.id, held))
    if custody_id is None:
        return []
    told = {"why": "taken_back", "hit_id": str(hit.id), "custody_id": str(custody_id)}
    return await open_errand(session, look_out.task(TaskKind.HELD_UNCONFIRMED, acting.at, **told), acting.at)


def _move(hit: LocateHit, decision: Decision, acting: Acting) -> None:
    state = _STATES[decision.decision]
    if (hit.state, state) == (HitState.MORE_TIME, HitState.MORE_TIME):
        hit.state_at = acting.at
    else:
        hit.move_to(state, acting.at)
    hit.decided_by = decision.officer
    hit.decision_note = decision.note
    hit.minutes_needed = decision.minutes_needed
    if decision.minutes_needed is None:
        hit.decided_at = acting.at
        hit.due_at = None
    else:
        hit.due_at = hit.next_clock_at = acting.at + timedelta(minutes=decision.minutes_needed)
        hit.stage = HitStage.ASKED


@dataclass(frozen=True, slots=True)
class _Told:
    hit: LocateHit
    officer: Officer
    decision: Decision


async def _send(session: AsyncSession, acting: Acting, vault: Vault, look_out: LookOut, told: _Told) -> UUID:
    """The decision on its way; the papers are those of the request that it is about."""
    locate = look_out.locate
    entered = await session.get_one(Order, locate.order_id)
    order = Order(
        id=new_id(),
        kind=OrderKind.HIT_DECISION,
        court_id=locate.court_id,
        case_id=locate.case_id,
        officer_id=told.officer.id,
        client_id=acting.client_id,
        purpose="核实线索 · decision on a hit",
        legal_basis=entered.legal_basis,
        scope={},
        document_ids=list(entered.document_ids),
        status=OrderStatus.ISSUED,
        decided_at=acting.at,
        correlation_id=acting.correlation_id,
        created_at=acting.at,
    )
    session.add(order)
    await session.flush()
    entry = await session.get_one(LocateEntry, told.hit.entry_id)
    agency = await session.get_one(Agency, told.hit.agency_id)
    content = HitDecisionContent(
        locate_request_id=entry.request_id,
        hit_id=told.hit.agency_hit_id,
        decision=told.decision.decision,
        minutes_needed=told.decision.minutes_needed,
    )
    case = await session.get_one(Case, locate.case_id)
    part = Part(agency.id, agency.code, locate.party_id, content)
    [request_id] = await issue_parts(
        session, acting, vault, Issuing(order, case, [part], CLOCKS, Priority.URGENT)
    )
    return request_id

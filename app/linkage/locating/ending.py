"""How looking out ends: for a reason, at every holder, and not before each has confirmed it.

Here a request begins to end: from this instant nobody may be held for it. The recalls themselves are ordered by the
clock, which strikes at once and again until the last holder has answered (`app.linkage.locating.recalling`).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.entry import Actor
from app.audit.record import record
from app.errors import ErrorCode, Refusal
from app.linkage.acting import Acting
from app.linkage.callers import about
from app.linkage.courts import find_officer
from app.linkage.events import NewEvent, announce
from app.linkage.ledger import Ledger
from app.linkage.locating.demands import RecallDemand
from app.linkage.locating.errands import Errands, close_errands
from app.linkage.locating.lookouts import BY_HUB, Hand, LookOut, lock_look_out, lock_look_outs
from app.measures.words import ThingKind
from app.models import Case, Detention, Freeze, LocateHit, LocateRequest
from app.models.freeze import FreezeState
from app.models.locating import UNDECIDED, HitState, LocateState
from app.models.task import TaskKind
from app.vocabulary import ActorKind, AuditAction, EndReason, EventType, LocateGround

_HUB = Actor(ActorKind.HUB, "ground")


@dataclass(frozen=True, slots=True)
class Ending:
    reason: EndReason
    note: str
    by: str = BY_HUB


async def recall(session: AsyncSession, acting: Acting, locate_id: UUID, demand: RecallDemand) -> LookOut:
    """An officer ends it: found, cleared, or entered in error.

    Raises:
        Refusal: `locate_request_unknown`, `officer_unknown`, `officer_not_of_court`; `state_forbids` unless it is live.
    """
    await find_officer(session, acting.court_id, demand.officer)
    about(session, officer=demand.officer, purpose=demand.note)
    look_out = await lock_look_out(session, acting, locate_id)
    if look_out.locate.state is not LocateState.LIVE:
        raise Refusal(ErrorCode.STATE_FORBIDS, detail=look_out.locate.state.value)
    ending = Ending(demand.reason, demand.note, demand.officer)
    events = await end(session, [look_out], ending, Hand.of(acting, demand.officer))
    await announce(session, events, acting.at)
    return look_out


async def end(
    session: AsyncSession, look_outs: Sequence[LookOut], ending: Ending, hand: Hand
) -> list[NewEvent]:
    """Begin to end those that are live, locked by the caller, who also announces the events, last."""
    live = [each for each in look_outs if each.locate.state is LocateState.LIVE]
    if not live:
        return []
    for look_out in live:
        locate = look_out.locate
        locate.move_to(LocateState.RECALLING, hand.at)
        locate.end_reason = ending.reason
        locate.end_note = ending.note
        locate.ended_by = ending.by
        locate.ground_lost_at = locate.next_clock_at = hand.at
    ids = [look_out.locate.id for look_out in live]
    await _moot_hits(session, ids, hand)
    errands = Errands({each.locate.case_id for each in live}, _MOOT, "locate_request_id", ids)
    closed = await close_errands(session, errands, hand.at, ending.reason)
    await session.flush()
    await record(
        session,
        [
            each.entry(hand, AuditAction.LOCATE_ENDED, ending.reason, note=ending.note, by=ending.by)
            for each in live
        ],
    )
    return [each.event(EventType.LOCATE_CHANGED) for each in live] + closed


_MOOT = frozenset({TaskKind.HIT_WAITING, TaskKind.HIT_ESCALATED, TaskKind.REVALIDATE})


async def _moot_hits(session: AsyncSession, locate_ids: Collection[UUID], hand: Hand) -> None:
    """The recall tells the agency; nobody has to say any more whether it was him."""
    hits = await session.scalars(
        select(LocateHit)
        .where(LocateHit.locate_id.in_(locate_ids), LocateHit.state.in_(UNDECIDED))
        .order_by(LocateHit.id)
        .with_for_update()
    )
    for hit in hits:
        hit.move_to(HitState.MOOT, hand.at)


async def end_of_cases(
    session: AsyncSession, case_ids: Collection[UUID], note: str, hand: Hand
) -> list[NewEvent]:
    """The debt is paid or the case closed: there is nobody to look for any more (DOMAIN §6)."""
    if not case_ids:
        return []
    condition = LocateRequest.case_id.in_(case_ids) & (LocateRequest.state == LocateState.LIVE)
    return await end(session, await lock_look_outs(session, condition), Ending(EndReason.CLEARED, note), hand)


async def call_off(session: AsyncSession, acting: Acting, case: Case) -> None:
    """Nobody is looked for in a case that was closed just now."""
    hand = Hand(Actor(ActorKind.CLIENT, acting.client_name), acting.at, None, acting.correlation_id)
    await announce(session, await end_of_cases(session, [case.id], CASE_CLOSED, hand), acting.at)


async def end_of_seals(session: AsyncSession, freeze_ids: Collection[UUID], hand: Hand) -> list[NewEvent]:
    """What is sealed no more may not be stopped on the road (Property Investigation §16)."""
    if not freeze_ids:
        return []
    condition = LocateRequest.freeze_id.in_(freeze_ids) & (LocateRequest.state == LocateState.LIVE)
    return await end(
        session, await lock_look_outs(session, condition), Ending(EndReason.CLEARED, SEAL_GONE), hand
    )


async def seals_gone(session: AsyncSession, ledger: Ledger, freezes: Iterable[Freeze], at: datetime) -> None:
    """End looking for the vehicles among these whose seal is not in force, or about to be lifted."""
    gone = {
        freeze.id
        for freeze in freezes
        if freeze.thing_kind is ThingKind.VEHICLE
        and (freeze.releasing or freeze.state is not FreezeState.IN_FORCE)
    }
    for event in await end_of_seals(session, gone, Hand(_HUB, at)):
        ledger.announce(event)


async def end_of_warrant(session: AsyncSession, referral_id: UUID, hand: Hand) -> list[NewEvent]:
    condition = (LocateRequest.referral_id == referral_id) & (LocateRequest.state == LocateState.LIVE)
    return await end(
        session, await lock_look_outs(session, condition), Ending(EndReason.CLEARED, WARRANT_GONE), hand
    )


async def end_of_decision(session: AsyncSession, detention: Detention, hand: Hand) -> list[NewEvent]:
    """Who is detained on a decision is not looked for on it any more, also not after his days are over."""
    condition = (
        (LocateRequest.case_id == detention.case_id)
        & (LocateRequest.party_id == detention.party_id)
        & (LocateRequest.ground == LocateGround.DETENTION_DECISION)
        & (LocateRequest.ground_number == detention.decision_number)
        & (LocateRequest.state == LocateState.LIVE)
    )
    return await end(
        session, await lock_look_outs(session, condition), Ending(EndReason.LOCATED, DETAINED), hand
    )


SEAL_GONE = "查封已不再生效 · the seal is in force no more"
WARRANT_GONE = "刑事强制措施已撤销或终结 · the criminal warrant is in force no more"
CLAIM_SETTLED = "债务已清偿 · the claim is settled"
DETAINED = "已依该决定拘留 · he is detained on this decision"
HANDED_OVER = "已移交法院 · handed over to the court"
CASE_CLOSED = "案件已结案 · the case is closed"

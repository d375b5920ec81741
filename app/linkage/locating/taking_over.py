"""交接: the court takes over whom, or what, the agency holds, and writes down who, when, where and what came along."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.record import record
from app.crypto import Vault
from app.errors import ErrorCode, FieldError, Refusal
from app.linkage.acting import Acting
from app.linkage.callers import about
from app.linkage.courts import find_officer
from app.linkage.events import NewEvent, announce
from app.linkage.locating.custodies import SEALED_FOR
from app.linkage.locating.demands import HandOver
from app.linkage.locating.ending import HANDED_OVER, Ending, end
from app.linkage.locating.errands import Errands, close_errands
from app.linkage.locating.lookouts import Hand, LookOut, describe_custody, lock_look_out
from app.models import Custody
from app.models.locating import CustodyState
from app.models.task import TaskKind
from app.vocabulary import AuditAction, EndReason, EventType

TAKING = frozenset({TaskKind.TAKE_OVER, TaskKind.CUSTODY_LAPSED})


async def take_over(
    session: AsyncSession, acting: Acting, vault: Vault, custody_id: UUID, demand: HandOver
) -> Custody:
    """Record that the court has taken over; with it the request ends as located, at every holder.

    Where the agency was quicker to say that it handed over, the record is completed by who took over.

    Raises:
        Refusal: `not_found`, `officer_unknown`, `officer_not_of_court`; `invalid_body` for an instant before he was held
            or in the future; `state_forbids` when the agency let go, or the record is complete.
    """
    await find_officer(session, acting.court_id, demand.officer)
    look_out, custody = await _lock(session, acting, custody_id)
    about(session, officer=demand.officer)
    _check(custody, demand, acting)
    if custody.state is not CustodyState.HANDED_OVER:
        custody.move_to(CustodyState.HANDED_OVER, acting.at)
    custody.handed_over_at = demand.taken_over_at
    custody.handed_over_place = vault.seal_text(demand.place, SEALED_FOR)
    custody.taken_by = demand.officer
    custody.came_along = list(demand.came_along) or custody.came_along
    await session.flush()
    hand = Hand.of(acting, demand.officer)
    told = {"custody_id": str(custody.id)}
    await record(session, [look_out.entry(hand, AuditAction.CUSTODY_CHANGED, custody.state, **told)])
    events = await _afterwards(session, look_out, custody, hand)
    await announce(session, events, acting.at)
    return custody


async def _lock(session: AsyncSession, acting: Acting, custody_id: UUID) -> tuple[LookOut, Custody]:
    locate_id = await session.scalar(
        select(Custody.locate_id).where(Custody.id == custody_id, Custody.court_id == acting.court_id)
    )
    if locate_id is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    look_out = await lock_look_out(session, acting, locate_id)
    custody = await session.get_one(Custody, custody_id, with_for_update=True, populate_existing=True)
    return look_out, custody


def _check(custody: Custody, demand: HandOver, acting: Acting) -> None:
    complete = custody.state is CustodyState.HANDED_OVER and custody.taken_by is not None
    if complete or custody.state is CustodyState.RELEASED:
        raise Refusal(ErrorCode.STATE_FORBIDS, detail=custody.state.value)
    if not custody.held_at <= demand.taken_over_at <= acting.at:
        raise Refusal(
            ErrorCode.INVALID_BODY,
            FieldError(
                "/taken_over_at",
                "out_of_order",
                "after he was held and not in the future",
                "须晚于控制时间且不晚于当前",
            ),
        )


async def _afterwards(
    session: AsyncSession, look_out: LookOut, custody: Custody, hand: Hand
) -> list[NewEvent]:
    events = [look_out.event(EventType.CUSTODY_CHANGED, **describe_custody(custody))]
    errands = Errands([custody.case_id], TAKING, "custody_id", [custody.id])
    events += await close_errands(session, errands, hand.at, "handed_over")
    ending = Ending(EndReason.LOCATED, HANDED_OVER, hand.officer or "")
    return events + await end(session, [look_out], ending, hand)

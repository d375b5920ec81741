"""复核: a live request is confirmed again and again by an officer, or it ends."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.record import record
from app.errors import ErrorCode, Refusal
from app.linkage.acting import Acting
from app.linkage.callers import about
from app.linkage.courts import find_officer
from app.linkage.events import announce
from app.linkage.locating.demands import Validation
from app.linkage.locating.errands import Errands, close_errands
from app.linkage.locating.lookouts import Hand, LookOut, lock_look_out
from app.linkage.locating.standing import grounds_of
from app.models.locating import LocateState
from app.models.task import TaskKind
from app.vocabulary import AuditAction, EventType


async def validate(
    session: AsyncSession, acting: Acting, locate_id: UUID, validation: Validation, again_after: timedelta
) -> LookOut:
    """An officer answers for the ground once more.

    Raises:
        Refusal: `locate_request_unknown`, `officer_unknown`, `officer_not_of_court`; `state_forbids` unless it is live;
            `ground_gone` when the hub knows better.
    """
    await find_officer(session, acting.court_id, validation.officer)
    look_out = await lock_look_out(session, acting, locate_id)
    about(session, officer=validation.officer, purpose=validation.note)
    locate = look_out.locate
    if locate.state is not LocateState.LIVE:
        raise Refusal(ErrorCode.STATE_FORBIDS, detail=locate.state.value)
    gone = (await grounds_of(session, [locate])).gone(locate, acting.at)
    if gone is not None:
        raise Refusal(ErrorCode.GROUND_GONE, detail=gone.note)
    locate.validated_at = acting.at
    locate.validated_by = validation.officer
    locate.revalidate_at = acting.at + again_after
    locate.next_clock_at = acting.at
    errands = Errands([locate.case_id], [TaskKind.REVALIDATE], "locate_request_id", [locate.id])
    events = await close_errands(session, errands, acting.at, "validated")
    await session.flush()
    hand = Hand.of(acting, validation.officer)
    await record(session, [look_out.entry(hand, AuditAction.LOCATE_VALIDATED, note=validation.note)])
    events.append(look_out.event(EventType.LOCATE_CHANGED))
    await announce(session, events, acting.at)
    return look_out

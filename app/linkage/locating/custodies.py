"""移交: who is held after a confirmed hit, and until when the court has to take over.

Nobody is shown as held on a hit that no officer of the court confirmed. An agency that says so anyway is not believed but
looked into at once: it holds somebody without a ground.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from app.adapters.locating import CustodyNotice
from app.ids import new_id
from app.linkage.locating.lookouts import describe_custody
from app.linkage.locating.scene import CLOCKS_DIFFER, Scene
from app.models import Custody, LocateHit
from app.models.locating import NEXT_CUSTODY, CustodyState, HitState, LocateState
from app.models.message import Disposition
from app.models.task import TaskKind
from app.vocabulary import AuditAction, CustodyStage, EventType, WantedAction

SEALED_FOR: Final = "custodies.place"
_WARN_AT_SIXTH = 6

_STATES: Mapping[CustodyStage, CustodyState] = {stage: CustodyState(stage.value) for stage in CustodyStage}


@dataclass(frozen=True, slots=True)
class Held:
    """What is known of the hit that the notice names."""

    hit: LocateHit | None
    custody: Custody | None
    limit: timedelta
    """How long this agency waits for the court."""


def take_custody(scene: Scene, held: Held, known: dict[UUID, Custody], notice: CustodyNotice) -> Disposition:
    """Follow a custody notice, or refuse to believe it. `known` are by hit."""
    why = _why_refused(scene, held, notice)
    if why is not None:
        return _refuse(scene, held.hit, why, notice)
    assert held.hit is not None
    state = _STATES[notice.stage]
    custody = held.custody
    if custody is None:
        custody = known[held.hit.id] = _begin(scene, held.hit, held.limit, notice)
        scene.ledger.rows.append(custody)
        if state is CustodyState.HELD:
            _tell(scene, custody)
            scene.give(TaskKind.TAKE_OVER, custody.hand_over_due_at, custody_id=str(custody.id))
            return Disposition.APPLIED
    if state is CustodyState.HELD:
        return _held_again(scene, custody, notice)
    if custody.state is state:
        if state is CustodyState.HANDED_OVER:
            _complete(scene, custody, notice)
        scene.note(AuditAction.CUSTODY_CHANGED, "repeated")
        return Disposition.APPLIED
    if state not in NEXT_CUSTODY[custody.state]:
        return _refuse(scene, held.hit, f"was_{custody.state}", notice)
    _follow(scene, custody, state, notice)
    return Disposition.APPLIED


def warning_at(custody: Custody) -> datetime:
    """When the last sixth of the time begins."""
    whole = custody.hand_over_due_at - custody.held_at
    return custody.hand_over_due_at - whole / _WARN_AT_SIXTH


def _why_refused(scene: Scene, held: Held, notice: CustodyNotice) -> str | None:
    if held.hit is None or held.hit.locate_id != scene.look_out.locate.id:
        return "hit_unknown"
    if notice.at > scene.at + CLOCKS_DIFFER:
        return "in_the_future"
    return None if held.custody is not None else _why_not_held(scene, held.hit)


def _why_not_held(scene: Scene, hit: LocateHit) -> str | None:
    """Why nobody may have been held on this hit, until now."""
    locate = scene.look_out.locate
    if hit.state is not HitState.CONFIRMED:
        return "hit_unconfirmed"
    if locate.action is WantedAction.REPORT_ONLY:
        return "not_to_be_held"
    return None if locate.state in {LocateState.LIVE, LocateState.RECALLING} else "request_ended"


def _refuse(scene: Scene, hit: LocateHit | None, why: str, notice: CustodyNotice) -> Disposition:
    hit_id = str(hit.id) if hit else None
    scene.note(AuditAction.CUSTODY_REFUSED, why)
    scene.tell(EventType.CUSTODY_REFUSED, {"hit_id": hit_id, "stage": notice.stage.value, "why": why})
    kind = TaskKind.LOOK_OUT_CONTRADICTED
    if notice.stage is CustodyStage.HELD and (hit is None or why != f"was_{CustodyState.HANDED_OVER}"):
        kind = TaskKind.HELD_UNCONFIRMED
    scene.give(kind, why=why, agency_hit_id=str(notice.hit_id))
    if why == "request_ended" and scene.outlived_by(notice.at):
        scene.reappear(f"custody:{notice.hit_id}")
    return Disposition.CONTRADICTING


def _begin(scene: Scene, hit: LocateHit, limit: timedelta, notice: CustodyNotice) -> Custody:
    custody = Custody(
        id=new_id(),
        court_id=hit.court_id,
        case_id=hit.case_id,
        locate_id=hit.locate_id,
        hit_id=hit.id,
        agency_id=hit.agency_id,
        request_id=scene.matter.request.id,
        state=CustodyState.HELD,
        state_at=notice.at,
        held_at=notice.at,
        held_place=scene.ledger.vault.seal_text(notice.place, SEALED_FOR),
        hand_over_due_at=notice.at + limit,
        came_along=list(notice.came_along),
        created_at=scene.at,
    )
    custody.next_clock_at = warning_at(custody)
    if hit.decided_at is not None and notice.at + CLOCKS_DIFFER < hit.decided_at:
        # Confirmed since; but for a while somebody was held on nobody's word.
        scene.give(TaskKind.HELD_UNCONFIRMED, why="held_before_confirmed", custody_id=str(custody.id))
    return custody


def _held_again(scene: Scene, custody: Custody, notice: CustodyNotice) -> Disposition:
    """An older word that was overtaken, or the same once more; held anew after its end it is not."""
    if custody.state is CustodyState.HELD or notice.at <= custody.state_at:
        custody.held_at = min(custody.held_at, notice.at)
        scene.note(AuditAction.CUSTODY_CHANGED, "repeated")
        return Disposition.APPLIED
    scene.note(AuditAction.CUSTODY_REFUSED, f"was_{custody.state}")
    scene.give(TaskKind.HELD_UNCONFIRMED, why=f"was_{custody.state}", custody_id=str(custody.id))
    return Disposition.CONTRADICTING


def _follow(scene: Scene, custody: Custody, state: CustodyState, notice: CustodyNotice) -> None:
    custody.move_to(state, notice.at)
    if state is CustodyState.HANDED_OVER:
        custody.handed_over_at = notice.at
        custody.handed_over_place = scene.ledger.vault.seal_text(notice.place, SEALED_FOR)
        custody.came_along = list(notice.came_along) or custody.came_along
    else:
        custody.released_at = notice.at
    _tell(scene, custody)


def _complete(scene: Scene, custody: Custody, notice: CustodyNotice) -> None:
    """The court was quicker to write the hand-over down; what its officer signed for is not overwritten (P10)."""
    if not custody.came_along:
        custody.came_along = list(notice.came_along)
    elif notice.came_along and set(notice.came_along) != set(custody.came_along):
        scene.give(TaskKind.LOOK_OUT_CONTRADICTED, why="came_along_differs", custody_id=str(custody.id))


def _tell(scene: Scene, custody: Custody) -> None:
    scene.note(AuditAction.CUSTODY_CHANGED, custody.state)
    scene.tell(EventType.CUSTODY_CHANGED, describe_custody(custody))

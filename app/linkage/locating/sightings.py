"""线索: a sighting is an event, and waits for an officer of the court to say whether it is him.

The clock is the one that wanted-persons services abroad have long had (NCIC): ten minutes where it is urgent, an hour
otherwise, then a second request, then the duty desk and the supervisor.
"""

import json
from datetime import timedelta
from typing import Final
from uuid import UUID

from app.adapters.locating import Hit
from app.crypto import Vault
from app.ids import new_id
from app.linkage.locating.lookouts import describe_hit
from app.linkage.locating.scene import CLOCKS_DIFFER, Scene
from app.models import LocateHit
from app.models.locating import EntryState, HitStage, HitState, LocateState, ParkedBecause
from app.models.message import Disposition
from app.models.task import TaskKind
from app.vocabulary import AuditAction, EventType, Urgency

DECIDE_WITHIN: Final = {Urgency.URGENT: timedelta(minutes=10), Urgency.ROUTINE: timedelta(hours=1)}

_SEALED_FOR = "hits.facts"


def take_hit(scene: Scene, known: dict[tuple[UUID, UUID], LocateHit], hit: Hit, row_id: UUID) -> Disposition:
    """Keep a sighting, and start its clock if anybody may be held on it. `known` are by agency and its hit id."""
    key = (scene.matter.request.agency_id, hit.hit_id)
    facts = _facts(hit)
    digest = scene.ledger.vault.blind_index("hit", facts)
    before = known.get(key)
    if before is not None:
        return _again(scene, before, digest)
    because = _why_parked(scene, hit)
    locate = scene.look_out.locate
    due_at = None if because else scene.at + DECIDE_WITHIN[locate.urgency]
    row = LocateHit(
        id=new_id(),
        court_id=locate.court_id,
        case_id=locate.case_id,
        locate_id=locate.id,
        entry_id=scene.entry.id,
        agency_id=scene.matter.request.agency_id,
        message_id=row_id,
        agency_hit_id=hit.hit_id,
        facts=scene.ledger.vault.seal_text(facts, _SEALED_FOR),
        facts_digest=digest,
        confidence=hit.confidence,
        seen_at=hit.seen_at,
        received_at=scene.at,
        state=HitState.PARKED if because else HitState.OPEN,
        state_at=scene.at,
        parked_because=because,
        stage=HitStage.ASKED,
        due_at=due_at,
        next_clock_at=due_at,
    )
    scene.ledger.rows.append(row)
    known[key] = row
    if because:
        return _park(scene, row)
    scene.note(AuditAction.HIT_REPORTED)
    told = {"urgency": locate.urgency.value, "action": locate.action.value, **describe_hit(row)}
    scene.tell(EventType.HIT_REPORTED, told)
    return Disposition.APPLIED


def open_facts(vault: Vault, hit: LocateHit) -> dict[str, str | None]:
    """Where he was seen, by whom, how: place, source, reporter, circumstances, attachment_sha256."""
    facts: dict[str, str | None] = json.loads(vault.open_text(hit.facts, _SEALED_FOR))
    return facts


def _facts(hit: Hit) -> str:
    facts = {
        "seen_at": hit.seen_at.isoformat(),
        "confidence": hit.confidence.value,
        "place": hit.place,
        "source": hit.source,
        "reporter": hit.reporter,
        "circumstances": hit.circumstances,
        "attachment_sha256": hit.attachment_sha256,
    }
    return json.dumps(facts, ensure_ascii=False)


def _again(scene: Scene, before: LocateHit, digest: bytes) -> Disposition:
    """The same sighting says nothing new; another story under its id goes to a person and replaces nothing (P10)."""
    same = before.facts_digest == digest
    if not same:
        scene.give(TaskKind.LOOK_OUT_CONTRADICTED, why="hit_told_otherwise", hit_id=str(before.id))
    scene.note(AuditAction.HIT_REPORTED, "repeated" if same else "told_otherwise")
    return Disposition.APPLIED if same else Disposition.CONTRADICTING


def _why_parked(scene: Scene, hit: Hit) -> ParkedBecause | None:
    state = scene.look_out.locate.state
    if hit.seen_at > scene.at + CLOCKS_DIFFER:
        return ParkedBecause.IN_THE_FUTURE
    if state is LocateState.RECALLING and scene.entry.state is EntryState.RECALLING:
        return ParkedBecause.RECALLING
    if scene.entry.state is EntryState.REFUSED:
        return ParkedBecause.ENTRY_REFUSED
    return None if scene.is_live else ParkedBecause.REQUEST_ENDED


def _park(scene: Scene, row: LocateHit) -> Disposition:
    assert row.parked_because is not None
    scene.note(AuditAction.HIT_PARKED, row.parked_because)
    scene.tell(EventType.HIT_PARKED, describe_hit(row))
    if row.parked_because is ParkedBecause.IN_THE_FUTURE:
        return Disposition.CONTRADICTING
    if scene.outlived_by(row.seen_at):
        scene.reappear(f"hit:{row.id}")
    return Disposition.LATE

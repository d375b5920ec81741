"""One message of a holder, with the entry and the request that it is about."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from app.audit.entry import Actor
from app.linkage.control.tasks import About, NewTask
from app.linkage.ledger import Ledger
from app.linkage.locating.errands import new_errand
from app.linkage.locating.lookouts import LookOut
from app.linkage.matters import Deed, Matter
from app.models import LocateEntry
from app.models.locating import EntryState, LocateState
from app.models.task import TaskKind
from app.vocabulary import ActorKind, AuditAction, EndReason, EventType

CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""As far as an agency's clock may be ahead of ours, as with signatures."""

STILL_THERE = "单位仍在布控 · a holder still looks out"


@dataclass(frozen=True, slots=True)
class Scene:
    ledger: Ledger
    matter: Matter
    entry: LocateEntry
    look_out: LookOut
    message_id: UUID
    raw: bytes = field(repr=False)
    at: datetime

    @property
    def is_live(self) -> bool:
        """Whether somebody may be held for it at this moment: the clock that ends it may be a moment late."""
        locate = self.look_out.locate
        return locate.state is LocateState.LIVE and self.at < locate.valid_until

    def note(self, action: AuditAction, outcome: str | None = None) -> None:
        actor = Actor(ActorKind.AGENCY, self.matter.agency_code)
        self.ledger.note(
            self.matter, Deed(action, actor, self.at, outcome, self.message_id), received=self.raw
        )

    def tell(self, event_type: EventType, data: dict[str, str | int | None]) -> None:
        locate = self.look_out.locate
        told = {"locate_request_id": str(locate.id), "case_id": str(locate.case_id), **data}
        self.ledger.announce(self.matter.event(event_type, **told))

    def give(self, kind: TaskKind, due_at: datetime | None = None, **data: str) -> None:
        """Somebody of the court has to see to it."""
        known = {
            "locate_request_id": str(self.look_out.locate.id),
            "agency_code": self.matter.agency_code,
            **data,
        }
        new = NewTask(About.request(self.matter.request), kind, known, due_at)
        task, event = new_errand(new, self.at)
        self.ledger.rows.append(task)
        self.ledger.announce(event)

    def reappear(self, why: str) -> None:
        """The holder speaks as one who still looks out, though nothing is there any more as far as we know."""
        entry, locate = self.entry, self.look_out.locate
        if locate.state is LocateState.LIVE:
            entry.doubtful = entry.state is EntryState.REFUSED
            self.give(TaskKind.LOOK_OUT_CONTRADICTED, why=why)
            return
        if entry.state in {EntryState.ENDED, EntryState.REFUSED}:
            entry.move_to(EntryState.RECALLING, self.at)
            entry.recall_request_id = None
        if locate.state is not LocateState.RECALLING:
            locate.move_to(LocateState.RECALLING, self.at)
        locate.end_reason = locate.end_reason or EndReason.CLEARED
        locate.end_note = locate.end_note or STILL_THERE
        locate.ground_lost_at = locate.ground_lost_at or self.at
        locate.next_clock_at = self.at
        self.give(TaskKind.DEAD_ENTRY, why=why)
        self.tell(EventType.ENTRY_CHANGED, {"entry_state": entry.state.value, "why": why})

    def outlived_by(self, instant: datetime) -> bool:
        """Whether this may have happened after the entry had ended, by the holder's own word: at the same instant, too."""
        if self.entry.state is EntryState.REFUSED:
            return True
        ended = self.entry.ended_as_of
        return self.entry.state is EntryState.ENDED and (ended is None or instant >= ended)

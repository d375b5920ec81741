"""撤控: every holder is told that its entry must end, and asked until it has said so.

A recall never overtakes the request that it recalls: both are one subject of the agency's lane. What never left, or never
arrived, ends without a recall. A recall that was not confirmed is ordered anew, under a new request id, for ever: somebody
may be arrested on a dead entry.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.locating import RecallContent
from app.adapters.profile import Deadlines
from app.audit.entry import Actor
from app.crypto import Vault
from app.ids import new_id
from app.linkage.acting import Acting
from app.linkage.control.approving import Issuing, issue_parts
from app.linkage.control.contents import Part
from app.linkage.ledger import Ledger
from app.linkage.locating.lookouts import LookOut
from app.linkage.matters import Deed, Matter
from app.models import Case, LocateEntry, Order
from app.models.agency_request import ENDED, NEXT, RequestState
from app.models.locating import EntryEnding, EntryState, LocateState
from app.models.order import OrderStatus
from app.models.outbox import Priority
from app.vocabulary import ActorKind, AuditAction, EndReason, EventType, OrderKind

CLOCKS: Final = Deadlines(remind_hours=6, answer_hours=24, give_up_hours=72)
"""Of a recall, at every agency: who is looked for without a ground cannot wait three working days."""

AGAIN_AFTER: Final = timedelta(days=1)
"""When a holder refused the recall, or said that its entry had not ended."""

_HUB = Actor(ActorKind.HUB, "recall")


@dataclass(frozen=True, slots=True)
class Held:
    """An entry with its request and the last recall, all locked."""

    entry: LocateEntry
    request: Matter
    recall: Matter | None

    def needs_recall(self, at: datetime) -> bool:
        """Not while one is under way."""
        if is_out_of_the_way(self.entry):
            return False
        if self.recall is None or self.entry.state is not EntryState.RECALLING:
            return True
        last = self.recall.request
        if last.state not in ENDED:
            return False
        unanswered = last.state in {RequestState.GIVEN_UP, RequestState.CANCELLED}
        return unanswered or last.state_at + AGAIN_AFTER <= at


@dataclass(frozen=True, slots=True)
class Recalling:
    """Orders recalls in the caller's transaction."""

    session: AsyncSession
    vault: Vault
    ledger: Ledger
    at: datetime

    async def go_on(self, look_out: LookOut, holders: Sequence[Held]) -> None:
        """Do what is to be done now for a request that is being recalled."""
        for held in holders:
            self._spare(held)
        waiting = [held for held in holders if held.needs_recall(self.at)]
        if waiting:
            await self._order(look_out, waiting)
        if all(is_out_of_the_way(held.entry) for held in holders):
            finish(self.ledger, look_out, self.at)

    def _spare(self, held: Held) -> None:
        """Take back what never left; see to it that a dead letter is never sent after its recall."""
        request = held.request.request
        if is_out_of_the_way(held.entry) or RequestState.CANCELLED not in NEXT[request.state]:
            return
        if request.times_sent == 0:
            self._cancel(held.request, "unsent")
            end_entry(self.ledger, held.request, held.entry, EntryEnding.NEVER_SENT, self.at)
        elif request.state is RequestState.UNDELIVERABLE:
            self._cancel(held.request, "recalled")

    def _cancel(self, matter: Matter, outcome: str) -> None:
        matter.request.move_to(RequestState.CANCELLED, self.at)
        self.ledger.note(matter, Deed(AuditAction.REQUEST_CANCELLED, _HUB, self.at, outcome))
        self.ledger.announce(matter.event(EventType.REQUEST_CANCELLED))

    async def _order(self, look_out: LookOut, waiting: Sequence[Held]) -> None:
        order = await self._recall_order(look_out)
        acting = Acting(
            order.client_id,
            _HUB.id,
            order.court_id,
            look_out.court_code,
            order.correlation_id,
            self.at,
        )
        case = await self.session.get_one(Case, order.case_id)
        parts = [_part(look_out, held) for held in waiting]
        issuing = Issuing(order, case, parts, CLOCKS, Priority.URGENT)
        ids = await issue_parts(self.session, acting, self.vault, issuing)
        for held, recall_id in zip(waiting, ids, strict=True):
            entry = held.entry
            if entry.state is not EntryState.RECALLING:
                entry.move_to(EntryState.RECALLING, self.at)
            entry.recall_request_id = recall_id
            entry.recalls += 1
            tell_of_entry(self.ledger, held.request, entry, _HUB, self.at)

    async def _recall_order(self, look_out: LookOut) -> Order:
        """In the name of those who ordered the entry, with the papers that it travelled with."""
        locate = look_out.locate
        entered = await self.session.get_one(Order, locate.order_id)
        order = Order(
            id=new_id(),
            kind=OrderKind.RECALL,
            court_id=locate.court_id,
            case_id=locate.case_id,
            officer_id=entered.officer_id,
            client_id=entered.client_id,
            purpose="撤控 · recall",
            legal_basis=entered.legal_basis,
            scope={},
            document_ids=list(entered.document_ids),
            status=OrderStatus.ISSUED,
            approver_id=entered.approver_id,
            decided_at=self.at,
            correlation_id=entered.correlation_id,
            created_at=self.at,
        )
        self.session.add(order)
        await self.session.flush()
        return order


def _part(look_out: LookOut, held: Held) -> Part:
    request = held.request.request
    locate = look_out.locate
    content = RecallContent(
        locate_request_id=request.id,
        locate_case_number=look_out.case_number,
        reason=locate.end_reason or EndReason.CLEARED,
        note=locate.end_note or "",
    )
    # Not behind a dead letter, which moves only by hand.
    dead = request.state is RequestState.CANCELLED
    return Part(
        request.agency_id,
        held.request.agency_code,
        request.party_id,
        content,
        behind=None if dead else request.id,
    )


def end_entry(ledger: Ledger, matter: Matter, entry: LocateEntry, ending: EntryEnding, at: datetime) -> None:
    """Nobody looks out there any more, and this is how we know."""
    entry.move_to(EntryState.ENDED, at)
    entry.ending = ending
    entry.doubtful = False
    tell_of_entry(ledger, matter, entry, _HUB, at)


def tell_of_entry(ledger: Ledger, matter: Matter, entry: LocateEntry, actor: Actor, at: datetime) -> None:
    ending = entry.ending if entry.state is EntryState.ENDED else None
    outcome = f"{entry.state}:{ending}" if ending else entry.state.value
    ledger.note(matter, Deed(AuditAction.ENTRY_CHANGED, actor, at, outcome))
    ledger.announce(
        matter.event(
            EventType.ENTRY_CHANGED,
            locate_request_id=str(entry.locate_id),
            entry_state=entry.state.value,
            ending=ending.value if ending else None,
            recalls=entry.recalls,
        )
    )


def is_out_of_the_way(entry: LocateEntry) -> bool:
    """Whether nobody can be arrested on it any more."""
    refused = entry.state is EntryState.REFUSED and not entry.doubtful
    return refused or entry.state is EntryState.ENDED


def finish(ledger: Ledger, look_out: LookOut, at: datetime) -> None:
    """Every holder has confirmed, or never held anything."""
    locate = look_out.locate
    locate.move_to(LocateState.ENDED, at)
    locate.next_clock_at = None
    ledger.announce(look_out.event(EventType.LOCATE_CHANGED))

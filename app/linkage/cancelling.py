"""Taking back what has not been answered yet."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.entry import Actor
from app.crypto import Vault
from app.ids import new_id
from app.linkage.acting import Acting
from app.linkage.control.settling import settle_freezes
from app.linkage.ledger import Ledger
from app.linkage.matters import Deed, Matter, lock_matters
from app.linkage.querying import agency_lane
from app.models.agency_request import ENDED, NEXT, RequestState
from app.outbox.put import NewItem, put
from app.vocabulary import ActorKind, AuditAction, EventType

CANCEL = "cancellation"
"""The kind of outbox item that takes a request back at its agency; it waits for whatever is under way."""


async def cancel(
    session: AsyncSession, vault: Vault, acting: Acting, request_ids: Collection[UUID]
) -> dict[UUID, RequestState]:
    """Take requests back; returns the state each is in now.

    What was never sent is cancelled at once. What may have reached its agency stays as it is until the agency
    confirms; what has ended stays ended.
    """
    matters = await lock_matters(session, request_ids)
    ledger = Ledger(vault)
    open_ones = [matter for matter in matters.values() if matter.request.state not in ENDED]
    asked = [_ask_agency(ledger, acting, m) for m in open_ones if not _cancel_unsent(ledger, acting, m)]
    await put(session, asked, acting.at)
    await settle_freezes(session, ledger, matters.values(), acting.at)
    await ledger.write(session, acting.at)
    return {request_id: matter.request.state for request_id, matter in matters.items()}


async def cancel_unsent(
    session: AsyncSession, vault: Vault, acting: Acting, request_ids: Collection[UUID]
) -> None:
    """Take back what has not left yet, and leave alone what may have."""
    matters = await lock_matters(session, request_ids)
    ledger = Ledger(vault)
    for matter in matters.values():
        _cancel_unsent(ledger, acting, matter)
    await settle_freezes(session, ledger, matters.values(), acting.at)
    await ledger.write(session, acting.at)


def _cancel_unsent(ledger: Ledger, acting: Acting, matter: Matter) -> bool:
    """Whether it could be taken back here."""
    if matter.request.times_sent or RequestState.CANCELLED not in NEXT[matter.request.state]:
        return False
    matter.request.move_to(RequestState.CANCELLED, acting.at)
    deed = Deed(
        AuditAction.REQUEST_CANCELLED,
        Actor(ActorKind.CLIENT, acting.client_name),
        acting.at,
        outcome="unsent",
    )
    ledger.note(matter, deed)
    ledger.announce(matter.event(EventType.REQUEST_CANCELLED))
    return True


def _ask_agency(ledger: Ledger, acting: Acting, matter: Matter) -> NewItem:
    deed = Deed(
        AuditAction.REQUEST_CANCELLATION_ASKED, Actor(ActorKind.CLIENT, acting.client_name), acting.at
    )
    ledger.note(matter, deed)
    # Behind whatever is under way for this request; but not behind its dead letter, which moves only by hand.
    parked = matter.request.state is RequestState.UNDELIVERABLE
    return NewItem(
        lane=agency_lane(matter.agency_code),
        kind=CANCEL,
        reference=matter.request.id,
        subject=new_id() if parked else matter.request.id,
        share=matter.request.court_id,
        run_at=acting.at,
    )

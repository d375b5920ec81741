"""Setting a request aside for a person: it cannot be carried on without somebody looking at it (P17)."""

from datetime import datetime

from app.audit.entry import Actor
from app.linkage.ledger import Ledger
from app.linkage.matters import Deed, Matter
from app.models.agency_request import NEXT, RequestState
from app.vocabulary import ActorKind, AuditAction, EventType


def park_request(ledger: Ledger, matter: Matter, reason: str, at: datetime) -> None:
    """Move to `undeliverable` and tell the court; a request that has ended meanwhile stays as it is."""
    request = matter.request
    if RequestState.UNDELIVERABLE not in NEXT[request.state]:
        return
    request.move_to(RequestState.UNDELIVERABLE, at)
    request.last_error = reason
    ledger.note(
        matter, Deed(AuditAction.REQUEST_PARKED, Actor(ActorKind.HUB, "dispatch"), at, outcome=reason)
    )
    ledger.announce(matter.event(EventType.REQUEST_UNDELIVERABLE, reason=reason))

"""异议: an agency holds a measure for unlawful. It stands until the court has answered, within 15 days (2013 Rules §6)."""

from datetime import datetime, timedelta
from uuid import UUID

from app.adapters.measures import Objection as Raised
from app.ids import new_id
from app.linkage.control.tasks import About, NewTask, task_of
from app.linkage.ledger import Ledger
from app.linkage.matters import Matter
from app.models import Objection
from app.models.task import TaskKind
from app.vocabulary import EventType

ANSWER_WITHIN = timedelta(days=15)


def raise_objection(ledger: Ledger, matter: Matter, raised: Raised, message_row: UUID, at: datetime) -> None:
    """Keep an objection with its clock, and make it somebody's task."""
    request = matter.request
    objection = Objection(
        id=new_id(),
        court_id=request.court_id,
        case_id=request.case_id,
        agency_id=request.agency_id,
        request_id=request.id,
        message_id=message_row,
        grounds=",".join(sorted(raised.grounds)),
        text=ledger.vault.seal_text(raised.text, "objections.text"),
        received_at=at,
        answer_due_at=at + ANSWER_WITHIN,
    )
    data = {"objection_id": str(objection.id), "grounds": objection.grounds}
    new = NewTask(About.request(request), TaskKind.OBJECTION, data, objection.answer_due_at)
    task = task_of(new, at)
    ledger.rows.extend((objection, task))
    ledger.announce(
        matter.event(
            EventType.OBJECTION_RAISED,
            objection_id=str(objection.id),
            answer_due_at=objection.answer_due_at.isoformat(),
        )
    )

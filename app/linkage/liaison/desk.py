"""What lies on the desk of an agency's people. Whether it is open is what the request says."""

from datetime import datetime

from app.ids import new_id
from app.linkage.ledger import Ledger
from app.linkage.matters import Matter
from app.models import LiaisonTask
from app.vocabulary import EventType


def lay_on_desk(ledger: Ledger, matter: Matter, at: datetime) -> None:
    """Make a task of a request that has just been acknowledged; its clock is that of the request."""
    request = matter.request
    task = LiaisonTask(
        id=new_id(),
        court_id=request.court_id,
        case_id=request.case_id,
        agency_id=request.agency_id,
        request_id=request.id,
        opened_at=at,
    )
    ledger.rows.append(task)
    ledger.announce(
        matter.event(
            EventType.LIAISON_TASK_OPENED,
            liaison_task_id=str(task.id),
            kind=request.kind.value,
            due_at=request.due_at.isoformat(),
        )
    )

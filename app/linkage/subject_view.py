"""What a person may be told: which courts looked him up, and why, when it cannot hurt the enforcement any more.

Off unless the court switches it on. A case that is open stays hidden, however long: telling its debtor early is the
surest way to an empty account (PIPL §35: no notice where it would defeat a statutory duty; §45: the right to know).
Officers are not named; the court answers for them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.conspicuous import LOOK_UPS
from app.audit.entry import Entry
from app.models import AuditEntry, Case, Court

SHOWN = LOOK_UPS | {"party.read", "assets.read", "case.read", "agency_request.sent", "answer.applied"}


@dataclass(frozen=True, slots=True)
class LookAtMe:
    at: datetime
    court: str
    case_number: str
    action: str
    agency_code: str | None
    purpose: str | None


async def looks_at(
    session: AsyncSession, subject_index: bytes, delay: timedelta, now: datetime
) -> list[LookAtMe]:
    """Of cases that were closed long enough ago, the oldest first."""
    rows = await session.execute(
        select(AuditEntry.body, Court.name)
        .join(Court, Court.code == AuditEntry.court_code)
        .join(Case, (Case.court_id == Court.id) & (Case.case_number == AuditEntry.case_number))
        .where(
            AuditEntry.subject_index == subject_index,
            AuditEntry.action.in_(SHOWN),
            Case.closed_at.is_not(None),
            Case.closed_at <= now - delay,
        )
        .order_by(AuditEntry.recorded_at, AuditEntry.entry_id)
    )
    return [_look(Entry.from_bytes(body), court) for body, court in rows]


def _look(entry: Entry, court: str) -> LookAtMe:
    return LookAtMe(
        entry.recorded_at, court, entry.case_number or "", entry.action, entry.agency_code, entry.purpose
    )

"""Personal data end on schedule: the key that they are sealed with is destroyed, and every copy with it.

While a case is open its data are sealed with the hub's own key. Some weeks after it was closed they are sealed anew with
the key of the quarter in which they expire; a legal hold, or a reopened case, takes them back. When the quarter is over
its key is destroyed. The audit log holds no such data, so no proof is touched by any of it: entries, receipts and
bundles verify as before.

What was sealed with the hub's own key before lies on in old backups of the database until that key is rotated out
(`LIANDONG_VAULT_KEYS`); moving a value always takes the newest key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.entry import Actor, Entry
from app.audit.record import record
from app.crypto import SealExpired, Vault, key_id_of
from app.expiry_keys import ExpiryKeys, ends_on, key_for
from app.ids import new_id
from app.models import Case
from app.models.retention import CaseRetention, LegalHold
from app.vocabulary import ActorKind, AuditAction, CaseStatus

MOVE_AFTER = timedelta(days=30)
"""After closing: by then late answers have come in."""

_HUB = Actor(ActorKind.HUB, "retention")
_log = structlog.get_logger(__name__)

_OF_REQUEST = "request_id IN (SELECT id FROM agency_requests WHERE case_id = :case)"
_OF_CASE = "case_id = :case"


@dataclass(frozen=True, slots=True)
class SealedColumn:
    table: str
    column: str
    place: str
    """What it is sealed for."""

    of_case: str = _OF_CASE
    """The rows of a case, in SQL."""

    key: str = "id"


SEALED = (
    SealedColumn("parties", "name", "parties.name"),
    SealedColumn("parties", "number", "parties.number"),
    SealedColumn("orders", "content", "orders.content"),
    SealedColumn("agency_requests", "content", "agency_requests.content"),
    SealedColumn("messages", "body", "messages.body", _OF_REQUEST),
    SealedColumn("answers", "explanation", "answers.explanation", _OF_REQUEST),
    SealedColumn("assets", "facts", "assets.facts"),
    SealedColumn("freezes", "identity", "freezes.identity"),
    SealedColumn("objections", "text", "objections.text"),
    SealedColumn("objections", "answer", "objections.answer"),
    SealedColumn("release_certificates", "body", "release_certificates.body"),
    SealedColumn("hits", "facts", "hits.facts"),
    SealedColumn("custodies", "held_place", "custodies.place"),
    SealedColumn("custodies", "handed_over_place", "custodies.place"),
    SealedColumn("watch_notices", "facts", "watch_notices.facts"),
    # A paper lies once, for all cases that have it: it goes with the last of them.
    SealedColumn(
        "document_contents",
        "sealed",
        "document_contents.sealed",
        "sha256 IN (SELECT sha256 FROM documents WHERE case_id = :case) AND NOT EXISTS ("
        "SELECT 1 FROM documents JOIN cases ON cases.id = case_id LEFT JOIN case_retentions USING (case_id)"
        " WHERE documents.sha256 = document_contents.sha256 AND cases.id <> :case"
        " AND coalesce(key_id, 'until-9999') > :key)",
        "sha256",
    ),
)
"""Everything personal that belongs to a case. A test holds it against all that is ever sealed."""

KEPT_OTHERWISE = frozenset({"webhook_endpoints.secret", "idempotency_keys.body"})
"""Sealed, but of no case: a secret of a court's own, and answers that are kept to be repeated."""


def expires_in(closed_at: datetime, years: int) -> str:
    """The key with which the data of a case closed then expire: of the quarter in which their years are over."""
    day = closed_at.date()
    leap = day.month == 2 and day.day == 29
    return key_for(date(day.year + years, 3, 1) if leap else day.replace(year=day.year + years))


async def due_cases(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Cases whose data are sealed with another key than they should be: closed for long, or wanted again."""
    found = await session.scalars(_DUE, {"before": now - MOVE_AFTER, "limit": limit})
    return found.all()


_HELD = "EXISTS (SELECT 1 FROM legal_holds WHERE legal_holds.case_id = cases.id AND lifted_at IS NULL)"
_DUE = text(
    f"SELECT cases.id FROM cases LEFT JOIN case_retentions ON case_retentions.case_id = cases.id"  # noqa: S608 - our own text
    f" WHERE expired_at IS NULL AND (key_id IS NULL AND status = 'closed' AND closed_at < :before AND NOT {_HELD}"
    f" OR key_id IS NOT NULL AND (status = 'open' OR {_HELD})) ORDER BY cases.id LIMIT :limit"
)


@dataclass(frozen=True, slots=True)
class Schedule:
    vault: Vault
    keys: ExpiryKeys
    years: int
    """From the closing of a case."""


async def move_case(session: AsyncSession, schedule: Schedule, case_id: UUID, now: datetime) -> str | None:
    """Seal the data of a case with the key that they should have; returns its id, None for the hub's own."""
    case = await session.get_one(Case, case_id, with_for_update={"key_share": True})
    held = await session.scalar(
        select(LegalHold.id).where(LegalHold.case_id == case_id, LegalHold.lifted_at.is_(None)).limit(1)
    )
    if case.status is CaseStatus.OPEN or case.closed_at is None or held is not None:
        await _reseal(session, schedule.vault, case_id, schedule.vault.current)
        await session.execute(delete(CaseRetention).where(CaseRetention.case_id == case_id))
        return None
    key_id = expires_in(case.closed_at, schedule.years)
    schedule.keys.make(key_id)
    row = {"key_id": key_id, "moved_at": now}
    await session.execute(
        upsert(CaseRetention)
        .values(case_id=case_id, **row)
        .on_conflict_do_update(index_elements=["case_id"], set_=row)
    )
    await _reseal(session, schedule.vault, case_id, key_id)
    return key_id


async def _reseal(session: AsyncSession, vault: Vault, case_id: UUID, key_id: str) -> None:
    for column in SEALED:
        wanted: Mapping[str, object] = {"case": case_id}
        if ":key" in column.of_case:
            wanted = {**wanted, "key": key_id if key_id != vault.current else "until-9999"}
        rows = await session.execute(
            text(
                f"SELECT {column.key}, {column.column} FROM {column.table}"  # noqa: S608 - names of our own
                f" WHERE {column.column} IS NOT NULL AND {column.of_case} FOR UPDATE"
            ),
            wanted,
        )
        changed = [
            {
                "row": row_key,
                "sealed": vault.seal_under(key_id, vault.open(sealed, column.place), column.place),
            }
            for row_key, sealed in rows
            if key_id_of(sealed) != key_id
        ]
        if changed:
            await session.execute(
                text(f"UPDATE {column.table} SET {column.column} = :sealed WHERE {column.key} = :row"),  # noqa: S608 - as above
                changed,
            )


async def expire(session: AsyncSession, key_id: str, now: datetime) -> int | None:
    """Note that the data under this key end now, and in how many cases; None when they may not.

    The caller commits, and destroys the key then: the entry comes before the deed, which cannot be taken back (P15).
    """
    if ends_on(key_id) > now.date():
        raise ValueError("its quarter is not over")
    held = await session.scalar(
        select(LegalHold.case_id)
        .join(CaseRetention, CaseRetention.case_id == LegalHold.case_id)
        .where(CaseRetention.key_id == key_id, LegalHold.lifted_at.is_(None))
        .limit(1)
    )
    if held is not None:
        _log.error("retention.held_back", key_id=key_id)  # its case was to be taken back first
        return None
    gone = await session.scalars(
        update(CaseRetention)
        .where(CaseRetention.key_id == key_id)
        .values(expired_at=now)
        .returning(CaseRetention.case_id)
    )
    count = len(gone.all())
    entry = Entry(
        entry_id=new_id(),
        recorded_at=now,
        action=AuditAction.DATA_EXPIRED,
        actor=_HUB,
        detail={"key_id": key_id, "cases": str(count)},
    )
    await record(session, [entry])
    return count


async def stragglers(session: AsyncSession, key_id: str) -> Sequence[UUID]:
    """The cases of a key that is to be destroyed: what was written about them since they were moved goes with them."""
    found = await session.scalars(
        select(CaseRetention.case_id).where(
            CaseRetention.key_id == key_id, CaseRetention.expired_at.is_(None)
        )
    )
    return found.all()


async def place_hold(session: AsyncSession, who: Actor, case: Case, reason: str, now: datetime) -> LegalHold:
    """Keep the data of a case. Raises `SealExpired` when they have expired: nothing brings them back."""
    expired = await session.scalar(
        select(CaseRetention.expired_at).where(CaseRetention.case_id == case.id).with_for_update()
    )
    if expired is not None:
        raise SealExpired(case.case_number)
    hold = LegalHold(id=new_id(), case_id=case.id, reason=reason, placed_by=who.id, placed_at=now)
    session.add(hold)
    await session.flush()
    await record(session, [_hold_entry(AuditAction.HOLD_PLACED, who, case, reason, now)])
    return hold


async def lift_hold(session: AsyncSession, who: Actor, case: Case, reason: str, now: datetime) -> int:
    """End all holds on a case; returns how many they were."""
    lifted = await session.scalars(
        update(LegalHold)
        .where(LegalHold.case_id == case.id, LegalHold.lifted_at.is_(None))
        .values(lifted_by=who.id, lifted_at=now)
        .returning(LegalHold.id)
    )
    count = len(lifted.all())
    if count:
        await record(session, [_hold_entry(AuditAction.HOLD_LIFTED, who, case, reason, now)])
    return count


def _hold_entry(action: AuditAction, who: Actor, case: Case, reason: str, now: datetime) -> Entry:
    return Entry(
        entry_id=new_id(),
        recorded_at=now,
        action=action,
        actor=who,
        case_number=case.case_number,
        purpose=reason,
    )

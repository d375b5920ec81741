"""More frozen than owed: told at once, so that the surplus is released (Seizure §19); and a claim that is settled.

Looked for whenever sums change: an agency reported what it really holds, a payment or a transfer was booked.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.entry import Actor, Entry
from app.audit.record import record
from app.ids import new_id
from app.linkage.control.claims import ClaimBook, claim_books
from app.linkage.control.frozen import freezes_held, held_now, offer_of, standing, to_release
from app.linkage.events import NewEvent
from app.linkage.ledger import Ledger
from app.linkage.locating.ending import CLAIM_SETTLED, end_of_cases
from app.linkage.locating.lookouts import Hand
from app.measures.claims import excess
from app.measures.money import ZERO
from app.measures.words import MEASURED_IN_MONEY
from app.models import Case, ClaimEntry, Court, Freeze, Task
from app.models.freeze import FreezeState
from app.models.task import TaskKind
from app.vocabulary import ActorKind, AuditAction, EventType

_HUB = Actor(ActorKind.HUB, "surplus")
_NO_SURPLUS = "no_surplus_any_more"

# Until the commit: of two answers of one case that are recorded at the same time, the second sees what the first held.
_LOCK = text("""
SELECT pg_advisory_xact_lock(hashtextextended(CAST(case_id AS text), 7020002)) FROM unnest(CAST(:cases AS uuid[])) AS case_id
""")


@dataclass(frozen=True, slots=True)
class _Sums:
    """One case, as it stands now."""

    case: Case
    court_code: str
    book: ClaimBook
    freezes: Sequence[Freeze]
    open_task: Task | None


@dataclass(slots=True)
class _Findings:
    ledger: Ledger
    at: datetime
    entries: list[Entry] = field(default_factory=list)


async def watch_surplus(
    session: AsyncSession, ledger: Ledger, case_ids: Collection[UUID], at: datetime
) -> None:
    """Open, renew or close the surplus task of each case, into `ledger`, and say which claims were settled just now."""
    if not case_ids:
        return
    booked = {row.id for row in ledger.rows if isinstance(row, ClaimEntry)}
    session.add_all([row for row in ledger.rows if isinstance(row, Freeze | ClaimEntry)])
    await session.flush()
    await hold_sums(session, case_ids)
    findings = _Findings(ledger, at)
    settled = []
    for sums in await _sums(session, case_ids):
        if is_settled_by(sums.book, booked, at):
            ledger.announce(claim_settled(sums.case))
            settled.append(sums.case.id)
        _judge(findings, sums)
    await record(session, findings.entries)
    for event in await end_of_cases(session, settled, CLAIM_SETTLED, Hand(_HUB, at)):
        ledger.announce(event)


async def hold_sums(session: AsyncSession, case_ids: Collection[UUID]) -> None:
    """Until the commit, nobody else judges what is held and owed in these cases."""
    if case_ids:
        await session.execute(_LOCK, {"cases": sorted(case_ids)})


def is_settled_by(book: ClaimBook, entry_ids: Collection[UUID], at: datetime) -> bool:
    """Whether nothing is owed any more, and something was before these entries."""
    return book.owed(at).total == ZERO < book.without(entry_ids).owed(at).total


def claim_settled(case: Case) -> NewEvent:
    return NewEvent(case.court_id, EventType.CLAIM_SETTLED, None, None, {"case_id": str(case.id)})


async def _sums(session: AsyncSession, case_ids: Collection[UUID]) -> Iterable[_Sums]:
    rows = await session.execute(
        select(Case, Court.code)
        .join(Court, Court.id == Case.court_id)
        .where(Case.id.in_(case_ids))
        .order_by(Case.id)
    )
    books = await claim_books(session, case_ids)
    freezes = await freezes_held(session, case_ids)
    tasks = await session.scalars(
        select(Task).where(
            Task.case_id.in_(case_ids), Task.kind == TaskKind.SURPLUS, Task.closed_at.is_(None)
        )
    )
    open_tasks = {task.case_id: task for task in tasks}
    return [
        _Sums(case, code, books[case.id], standing(freezes[case.id]), open_tasks.get(case.id))
        for case, code in rows
    ]


def _judge(findings: _Findings, sums: _Sums) -> None:
    owed = sums.book.owed(findings.at).total
    releases = list(_needless(sums.freezes, owed))
    if not releases:
        if sums.open_task is not None:
            _close(findings, sums, sums.open_task)
        return
    held = sum((held_now(freeze) or ZERO for freeze in sums.freezes), ZERO)
    data = {"owed": str(owed), "held": str(held), "releases": releases}
    if sums.open_task is None:
        _open(findings, sums, data)
    else:
        sums.open_task.data = data


def _needless(freezes: Sequence[Freeze], owed: Decimal) -> Iterator[dict[str, str | None]]:
    """What to release of which freeze. `amount` is so much of its limit; None is the whole."""
    if owed == ZERO:
        yield from ({"freeze_id": str(freeze.id), "amount": None} for freeze in freezes)
        return
    in_force = {str(freeze.id): freeze for freeze in freezes if freeze.state is FreezeState.IN_FORCE}
    known = {name: held for name, freeze in in_force.items() if (held := held_now(freeze)) is not None}
    offers = [offer_of(in_force[name].thing_kind, name, held) for name, held in known.items()]
    for name, surplus in excess(offers, owed).releases:
        amount = to_release(in_force[name], surplus)
        yield {"freeze_id": name, "amount": None if amount is None else str(amount)}
    if sum(known.values(), ZERO) >= owed:
        # What a thing is worth need not be known where money suffices.
        for name, freeze in in_force.items():
            if name not in known and freeze.thing_kind not in MEASURED_IN_MONEY:
                yield {"freeze_id": name, "amount": None}


def _open(findings: _Findings, sums: _Sums, data: dict[str, Any]) -> None:
    task = Task(
        id=new_id(),
        court_id=sums.case.court_id,
        case_id=sums.case.id,
        kind=TaskKind.SURPLUS,
        freeze_id=None,
        request_id=None,
        agency_id=None,
        data=data,
        due_at=None,
        created_at=findings.at,
    )
    findings.ledger.rows.append(task)
    _tell(findings, sums, task, AuditAction.TASK_OPENED, EventType.TASK_OPENED)


def _close(findings: _Findings, sums: _Sums, task: Task) -> None:
    task.closed_at = findings.at
    task.closed_by = _HUB.kind
    task.outcome = _NO_SURPLUS
    _tell(findings, sums, task, AuditAction.TASK_CLOSED, EventType.TASK_CLOSED)


def _tell(findings: _Findings, sums: _Sums, task: Task, action: AuditAction, event: EventType) -> None:
    findings.entries.append(
        Entry(
            entry_id=new_id(),
            recorded_at=findings.at,
            action=action,
            actor=_HUB,
            court_code=sums.court_code,
            case_number=sums.case.case_number,
            outcome=task.outcome,
            detail={"task_id": str(task.id), "kind": task.kind.value},
        )
    )
    told = {"task_id": str(task.id), "kind": task.kind.value, "case_id": str(sums.case.id)}
    findings.ledger.announce(NewEvent(sums.case.court_id, event, None, None, told))

"""The hub's mirror against an agency's list of live freezes: every difference a task, never a silent fix (P18)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.measures import LiveMeasure, MeasureReport
from app.audit.entry import Actor, Entry
from app.audit.record import record
from app.crypto import Vault
from app.ids import new_id
from app.linkage.control.contents import thing_index
from app.linkage.control.tasks import About, NewTask, open_once
from app.linkage.events import NewEvent, announce
from app.models import AgencyRequest, Freeze, Reconciliation, Task
from app.models.freeze import LIVE_FREEZES, FreezeState
from app.models.task import TaskKind
from app.vocabulary import ActorKind, AuditAction, EventType

RECONCILE = "reconciliation"
"""The kind of outbox item that fetches an agency's list; its reference is the agency."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What one agency says is live."""

    agency_id: UUID
    agency_code: str
    as_of: datetime
    measures: Sequence[LiveMeasure]


@dataclass(frozen=True, slots=True)
class _Difference:
    about: About
    data: dict[str, str]


async def reconcile(session: AsyncSession, vault: Vault, listed: Listed, now: datetime) -> Reconciliation:
    """Compare, and open a task for each difference. Flushes, never commits."""
    freezes = {
        (freeze.request_id, freeze.identity_index): freeze
        for freeze in await session.scalars(
            select(Freeze).where(Freeze.agency_id == listed.agency_id).order_by(Freeze.id)
        )
    }
    reports = {
        (
            live.request_id,
            thing_index(vault, listed.agency_code, live.measure.kind, live.measure.identity),
        ): live.measure
        for live in listed.measures
    }
    differences = list(_differences(freezes, reports, listed.as_of))
    _confirm_lapses([freeze for key, freeze in freezes.items() if key not in reports], listed.as_of)
    unknown = set(reports) - set(freezes)
    strangers = await _strangers(session, listed, unknown)
    differences += strangers
    opened = 0
    events = []
    for difference in differences:
        task = await open_once(session, NewTask(difference.about, TaskKind.DIFFERENCE, difference.data), now)
        if task is not None:
            opened += 1
            events.append(_event(task))
    outcome = Reconciliation(
        id=new_id(),
        agency_id=listed.agency_id,
        compared=len(freezes.keys() | reports.keys()),
        # Listed under a request that the hub never made: no court's task, but counted, and in the log.
        differences=len(differences) + len(unknown) - len(strangers),
        as_of=listed.as_of,
        at=now,
    )
    session.add(outcome)
    await session.flush()
    await record(session, [_entry(listed, outcome, len(unknown) - len(strangers), now)])
    await announce(session, events, now)
    return outcome


def _differences(
    freezes: dict[tuple[UUID, bytes], Freeze],
    reports: dict[tuple[UUID, bytes], MeasureReport],
    as_of: datetime,
) -> Iterator[_Difference]:
    for key, freeze in freezes.items():
        if freeze.reported_at is not None and freeze.reported_at > as_of:
            continue  # the hub heard something newer while the list was on its way
        report = reports.get(key)
        live = freeze.state in LIVE_FREEZES
        if report is None and live:
            yield _Difference(About.freeze(freeze), {"hub": freeze.state.value, "agency": "not_listed"})
        elif report is not None and (data := _compared(freeze, report)):
            yield _Difference(About.freeze(freeze), data)


def _confirm_lapses(not_listed: Iterable[Freeze], as_of: datetime) -> None:
    """What the hub's clock ended is known to have ended at the agency, too, once its list shows it no more."""
    for freeze in not_listed:
        ended = freeze.state is FreezeState.LAPSED and freeze.state_at <= as_of
        if ended and (freeze.reported_at is None or freeze.reported_at < as_of):
            freeze.reported_at = as_of


def _compared(freeze: Freeze, report: MeasureReport) -> dict[str, str]:
    """What differs: field by field, "hub → agency"."""
    pairs = {
        "state": (freeze.state.value, report.state.value if report.state else None),
        "rank": (freeze.rank, report.rank),
        "limit": (freeze.limit, report.limit),
        "held": (freeze.held, report.held),
        "ends_at": (freeze.ends_at, report.ends_at),
    }
    return {name: f"{ours} → {theirs}" for name, (ours, theirs) in pairs.items() if ours != theirs}


async def _strangers(
    session: AsyncSession, listed: Listed, keys: set[tuple[UUID, bytes]]
) -> list[_Difference]:
    """Listed under a request of ours, but on a thing on which the hub knows no freeze."""
    requests = {
        request.id: request
        for request in await session.scalars(
            select(AgencyRequest).where(
                AgencyRequest.id.in_({request_id for request_id, _ in keys}),
                AgencyRequest.agency_id == listed.agency_id,
            )
        )
    }
    return [
        _Difference(
            About.request(requests[request_id]),
            {"hub": "unknown_thing", "agency": "live", "thing": index.hex()[:16]},
        )
        for request_id, index in sorted(keys)
        if request_id in requests
    ]


def _event(task: Task) -> NewEvent:
    data = {"task_id": str(task.id), "kind": task.kind.value}
    if task.freeze_id is not None:
        data["freeze_id"] = str(task.freeze_id)
    return NewEvent(task.court_id, EventType.TASK_OPENED, None, task.request_id, data)


def _entry(listed: Listed, outcome: Reconciliation, foreign: int, now: datetime) -> Entry:
    return Entry(
        entry_id=new_id(),
        recorded_at=now,
        action=AuditAction.REGISTER_COMPARED,
        actor=Actor(ActorKind.HUB, RECONCILE),
        agency_code=listed.agency_code,
        outcome=f"{outcome.differences} of {outcome.compared}",
        detail={"unknown_requests": str(foreign)} if foreign else {},
    )

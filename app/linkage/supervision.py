"""Supervision of look-ups: what is conspicuous becomes a task, what is drawn by lot is justified again."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.conspicuous import ACTS, CHINA, LOOK_UPS, Conspicuous, Limits, examine, without_act
from app.audit.draw import ErrorRate, draw, error_rate, population, seed_of
from app.audit.entry import Actor, Entry
from app.audit.published import Published, newest_checkpoint, witnessed_checkpoint
from app.audit.record import record
from app.audit.witness_policy import standing
from app.errors import ErrorCode, Refusal
from app.ids import new_id
from app.linkage.control.tasks import About, NewTask, open_once
from app.models import AuditEntry, AuditLeaf, Case, Court
from app.models.supervision import AuditReview, Draw, DrawnLookUp, Justification, OwnPerson
from app.models.task import TaskKind
from app.vocabulary import AuditAction

ACT_WITHIN = timedelta(days=30)
"""Whole data were shown: within so long something should come of it in the case."""

ANSWER_WITHIN = timedelta(days=10)
_PAGE = 1_000


class Day(NamedTuple):
    """A day in China, as instants."""

    begins: datetime
    ends: datetime

    @classmethod
    def of(cls, day: date) -> "Day":
        begins = datetime.combine(day, time(), UTC) - CHINA
        return cls(begins, begins + timedelta(days=1))


async def unreviewed_days(session: AsyncSession, now: datetime) -> list[date]:
    """Days that are over and were not examined, the oldest first; the first ever is that of the first entry."""
    last = await session.scalar(select(func.max(AuditReview.day)))
    if last is None:
        first = await session.scalar(select(func.min(AuditEntry.recorded_at)))
        if first is None:
            return []
        last = (first + CHINA).date() - timedelta(days=1)
    today = (now + CHINA).date()
    return [last + timedelta(days=number) for number in range(1, (today - last).days)]


async def review_day(session: AsyncSession, day: date, limits: Limits, now: datetime) -> list[Conspicuous]:
    """Examine the look-ups of one day that is over, and those of thirty days before for what came of them."""
    own = frozenset(await session.scalars(select(OwnPerson.subject_index)))
    found = list(examine(await _look_ups(session, Day.of(day)), limits, own))
    earlier = Day.of(day - ACT_WITHIN)
    looked = await _look_ups(session, earlier)
    if looked:
        acts = [
            entry async for entry in _entries(session, Day(earlier.begins, Day.of(day).ends), frozenset(ACTS))
        ]
        found += without_act(looked, acts)
    opened = [one for one in found if await _open_task(session, one, now)]
    await session.execute(upsert(AuditReview).values(day=day, findings=len(opened), at=now))
    return opened


async def _look_ups(session: AsyncSession, day: Day) -> list[Entry]:
    return [entry async for entry in _entries(session, day, LOOK_UPS)]


async def _entries(session: AsyncSession, day: Day, actions: frozenset[str]) -> AsyncIterator[Entry]:
    rows = await session.stream_scalars(
        select(AuditEntry.body)
        .where(
            AuditEntry.recorded_at >= day.begins,
            AuditEntry.recorded_at < day.ends,
            AuditEntry.action.in_(actions),
        )
        .order_by(AuditEntry.recorded_at, AuditEntry.entry_id)
        .execution_options(yield_per=_PAGE)
    )
    async for body in rows:
        yield Entry.from_bytes(body)


async def _open_task(session: AsyncSession, found: Conspicuous, now: datetime) -> bool:
    """False when it is no case of ours any more, or the same is waiting already."""
    where = found.where
    case = await _case(session, where.court_code, where.case_number)
    if case is None:
        return False
    day = (found.first_at + CHINA).date()
    data = {
        "rule": found.rule.value,
        "officer": where.officer,
        "count": found.count,
        "day": day.isoformat(),
    }
    about = About(case.court_id, case.id, None, None)
    new = NewTask(about, TaskKind.LOOK_UP_CONSPICUOUS, data, now + ANSWER_WITHIN)
    return await open_once(session, new, now) is not None


async def _case(session: AsyncSession, court_code: str | None, case_number: str | None) -> Case | None:
    found: Case | None = await session.scalar(
        select(Case)
        .join(Court, Court.id == Case.court_id)
        .where(Case.case_number == case_number, Court.code == court_code)
    )
    return found


@dataclass(frozen=True, slots=True)
class Period:
    """`name` names the draw for good; `since` is included, `until` is not."""

    name: str
    since: datetime
    until: datetime


async def draw_look_ups(
    session: AsyncSession, who: Actor, period: Period, count: int, now: datetime
) -> tuple[Draw, list[UUID]]:
    """Draw look-ups of a period that is over, under the first checkpoint at hand that covers all of them.

    Raises:
        Refusal: `state_forbids` while the period runs, its entries are not all numbered, or the checkpoint is not
            witnessed yet although there are witnesses; `conflict` when this draw was made before.
    """
    if period.until > now:
        raise Refusal(ErrorCode.STATE_FORBIDS, detail="period_runs")
    if await session.scalar(select(Draw.id).where(Draw.period == period.name)) is not None:
        raise Refusal(ErrorCode.CONFLICT, detail="drawn_before")
    rows = (await session.execute(_look_ups_of(period))).all()
    head = await _seed(session)
    if any(index is None or head.size <= index for _, index in rows):
        raise Refusal(ErrorCode.STATE_FORBIDS, detail="not_numbered")
    ids = [entry_id for entry_id, _ in rows]
    drawn = draw(seed_of(head.note, period.name), ids, count)
    made = Draw(
        id=new_id(),
        period=period.name,
        since=period.since,
        until=period.until,
        size=head.size,
        note=head.note,
        population=population(ids),
        of=len(ids),
        made_at=now,
    )
    session.add(made)
    await session.flush()
    for entry_id in drawn:
        session.add(DrawnLookUp(draw_id=made.id, entry_id=entry_id))
        await _ask_to_justify(session, made, entry_id, now)
    await session.flush()
    detail = {
        "period": period.name,
        "size": str(head.size),
        "of": str(len(ids)),
        "drawn": str(len(drawn)),
        "population": made.population,
    }
    entry = Entry(
        entry_id=new_id(),
        recorded_at=now,
        action=AuditAction.LOOK_UPS_DRAWN,
        actor=who,
        detail=detail,
    )
    await record(session, [entry])
    return made, drawn


def _look_ups_of(period: Period) -> Select[UUID, int | None]:
    return (
        select(AuditEntry.entry_id, AuditLeaf.index)
        .outerjoin(AuditLeaf, AuditLeaf.entry_id == AuditEntry.entry_id)
        .where(
            AuditEntry.recorded_at >= period.since,
            AuditEntry.recorded_at < period.until,
            AuditEntry.action.in_(LOOK_UPS),
        )
    )


async def _seed(session: AsyncSession) -> Published:
    """Where there are witnesses, with their word: without it the court could have chosen the seed."""
    head = await witnessed_checkpoint(session)
    if head is None and await standing(session) is None:
        head = await newest_checkpoint(session)
    if head is None:
        raise Refusal(ErrorCode.STATE_FORBIDS, detail="no_seed")
    return head


async def _ask_to_justify(session: AsyncSession, made: Draw, entry_id: UUID, now: datetime) -> None:
    body = await session.scalar(select(AuditEntry.body).where(AuditEntry.entry_id == entry_id))
    assert body is not None
    entry = Entry.from_bytes(body)
    case = await _case(session, entry.court_code, entry.case_number)
    if case is not None:
        data = {
            "draw": made.period,
            "entry_id": str(entry_id),
            "officer": entry.officer,
            "action": entry.action,
        }
        about = About(case.court_id, case.id, None, None)
        await open_once(session, NewTask(about, TaskKind.JUSTIFY_LOOK_UP, data, now + ANSWER_WITHIN), now)


@dataclass(frozen=True, slots=True)
class Decision:
    """About one drawn look-up."""

    period: str
    entry_id: UUID
    outcome: Justification
    reason: str


async def justify(session: AsyncSession, who: Actor, decision: Decision, now: datetime) -> None:
    """Decide, once. Raises `Refusal`: `not_found`, `state_forbids` the second time."""
    row = await session.scalar(
        select(DrawnLookUp)
        .join(Draw, Draw.id == DrawnLookUp.draw_id)
        .where(Draw.period == decision.period, DrawnLookUp.entry_id == decision.entry_id)
        .with_for_update()
    )
    if row is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    if row.outcome is not None:
        raise Refusal(ErrorCode.STATE_FORBIDS, detail=row.outcome.value)
    row.outcome, row.reason = decision.outcome, decision.reason
    row.decided_by, row.decided_at = who.id, now
    await session.flush()
    entry = Entry(
        entry_id=new_id(),
        recorded_at=now,
        action=AuditAction.LOOK_UP_JUSTIFIED,
        actor=who,
        purpose=decision.reason,
        outcome=decision.outcome.value,
        detail={"draw": decision.period, "entry_id": str(decision.entry_id)},
    )
    await record(session, [entry])


async def result_of(session: AsyncSession, period: str) -> tuple[ErrorRate, int]:
    """The error rate among the look-ups decided so far, and how many wait. Raises `Refusal` (not_found)."""
    made = await session.scalar(select(Draw.id).where(Draw.period == period))
    if made is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    outcomes: Sequence[Justification | None] = (
        await session.scalars(select(DrawnLookUp.outcome).where(DrawnLookUp.draw_id == made))
    ).all()
    decided = [one for one in outcomes if one is not None]
    unjustified = sum(one is Justification.UNJUSTIFIED for one in decided)
    return error_rate(len(decided), unjustified), len(outcomes) - len(decided)


async def add_own_person(session: AsyncSession, who: Actor, subject_index: bytes, now: datetime) -> None:
    """Whoever looks this person up from now on is noticed; that somebody is on the list is in the log, too."""
    await session.execute(
        upsert(OwnPerson).values(subject_index=subject_index, added_at=now).on_conflict_do_nothing()
    )
    entry = Entry(
        entry_id=new_id(),
        recorded_at=now,
        action=AuditAction.OWN_PERSON_ADDED,
        actor=who,
        subject_index=subject_index,
    )
    await record(session, [entry])

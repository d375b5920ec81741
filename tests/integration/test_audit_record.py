"""Writing entries and finding them again."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.audit.entry import Actor, Entry
from app.audit.record import record
from app.audit.search import FoundEntry, search
from app.audit.selection import Selection
from app.audit.tree import leaf_hash
from app.database import session_factory
from app.ids import new_id
from app.models import AuditEntry, AuditUnsequenced, Court

START = datetime(2026, 11, 24, 1, tzinfo=UTC)
PERSON, NEIGHBOUR = bytes(range(32)), bytes(32)


def entry(second: int = 0, **values: object) -> Entry:
    return Entry(
        entry_id=new_id(),
        recorded_at=START + timedelta(seconds=second),
        action="asset_query.ordered",
        actor=Actor("officer", "浙执0001"),
        **values,  # type: ignore[arg-type]  # each test names the fields it is about
    )


def court() -> Court:
    return Court(id=new_id(), code="浙0102", name="某区人民法院", created_at=START)


async def count(engine: AsyncEngine, table: type[AuditEntry | AuditUnsequenced | Court]) -> int:
    async with engine.connect() as connection:
        return (await connection.execute(select(func.count()).select_from(table))).scalar_one()


async def test_an_entry_is_kept_as_its_canonical_bytes_and_flagged_with_its_leaf_hash(
    session: AsyncSession,
) -> None:
    written = entry(case_number="（2026）浙0102执1号", subject_index=PERSON, detail={"attempt": "1"})
    await record(session, [written])
    await session.commit()
    body = await session.scalar(select(AuditEntry.body))
    assert body == written.to_bytes()
    assert await session.scalar(select(AuditUnsequenced.leaf_hash)) == leaf_hash(body)


async def test_recording_nothing_is_nothing(session: AsyncSession) -> None:
    await record(session, [])
    assert not session.in_transaction()


async def test_recording_does_not_commit(engine: AsyncEngine, session: AsyncSession) -> None:
    await record(session, [entry(), entry()])
    await session.rollback()
    assert await count(engine, AuditEntry) == 0
    assert await count(engine, AuditUnsequenced) == 0


async def found_a_court(engine: AsyncEngine, entries: list[Entry]) -> None:
    """A deed, and the entries that tell of it."""
    async with session_factory(engine).begin() as session:
        session.add(court())
        await session.flush()
        await record(session, entries)


@pytest.mark.parametrize("table", ["audit_entries", "audit_unsequenced"])
async def test_without_the_entry_there_is_no_deed(engine: AsyncEngine, table: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql"
                " AS $$ BEGIN RAISE EXCEPTION 'disk full'; END $$"
            )
        )
        await connection.execute(
            text(f"CREATE TRIGGER full_disk BEFORE INSERT ON {table} EXECUTE FUNCTION full_disk()")
        )
    with pytest.raises(DBAPIError, match="disk full"):
        await found_a_court(engine, [entry()])
    assert await count(engine, Court) == 0
    assert await count(engine, AuditEntry) == 0


async def test_a_caller_that_swallows_the_failure_still_cannot_commit_the_deed(engine: AsyncEngine) -> None:
    same = entry()
    async with session_factory(engine)() as session:
        session.add(court())
        await session.flush()
        with pytest.raises(IntegrityError):
            await record(session, [same, same])
        await session.commit()
    assert await count(engine, Court) == 0


async def test_an_entry_without_canonical_bytes_stops_the_deed_before_anything_is_written(
    engine: AsyncEngine,
) -> None:
    with pytest.raises(ValueError, match="at most"):
        await found_a_court(engine, [entry(), entry(purpose="长" * 60_000)])
    assert await count(engine, Court) == 0
    assert await count(engine, AuditEntry) == 0


@pytest.mark.parametrize("table", ["audit_entries", "audit_leaves", "audit_subtrees", "audit_checkpoints"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {}", "UPDATE {} SET {column} = {column}"])
async def test_the_log_refuses_change(engine: AsyncEngine, table: str, statement: str) -> None:
    column = {"audit_entries": "body", "audit_leaves": "index", "audit_subtrees": "hash"}.get(table, "note")
    with pytest.raises(DBAPIError, match="append-only"):
        async with engine.begin() as connection:
            await connection.execute(text(statement.format(table, column=column)))


async def found(session: AsyncSession, selection: Selection) -> list[Entry]:
    return [one.entry for one in await search(session, selection)]


async def test_entries_are_found_by_case_person_officer_agency_court_and_time(session: AsyncSession) -> None:
    first = entry(0, case_number="案1", subject_index=PERSON, officer="甲", agency_code="BANK-01")
    second = entry(10, case_number="案1", subject_index=NEIGHBOUR, officer="乙", court_code="浙0102")
    third = entry(20, case_number="案2", subject_index=PERSON, officer="甲", agency_code="LAND-01")
    await record(session, [first, second, third])
    assert await found(session, Selection()) == [third, second, first]
    assert await found(session, Selection(case_number="案1")) == [second, first]
    assert await found(session, Selection(subject_index=PERSON)) == [third, first]
    assert await found(session, Selection(officer="甲", case_number="案2")) == [third]
    assert await found(session, Selection(agency_code="BANK-01")) == [first]
    assert await found(session, Selection(court_code="浙0102")) == [second]
    since, until = START + timedelta(seconds=10), START + timedelta(seconds=20)
    assert await found(session, Selection(since=since, until=until)) == [second]
    assert await found(session, Selection(case_number="案3")) == []


async def test_what_the_search_finds_is_what_the_selection_admits(session: AsyncSession) -> None:
    entries = [entry(n % 7, case_number=f"案{n % 3}", officer="甲乙"[n % 2]) for n in range(40)]
    await record(session, entries)
    selection = Selection(
        case_number="案1",
        officer="乙",
        since=START + timedelta(seconds=2),
        until=START + timedelta(seconds=6),
    )
    listed = await found(session, selection)
    assert listed
    assert {one.entry_id for one in listed} == {one.entry_id for one in entries if selection.admits(one)}


async def test_pages_lose_and_repeat_nothing_when_instants_are_equal(session: AsyncSession) -> None:
    entries = [entry(number // 10, case_number="案1") for number in range(35)]
    await record(session, entries)
    pages: list[FoundEntry] = []
    after = None
    while page := await search(session, Selection(case_number="案1"), after=after, limit=8):
        pages += page
        after = page[-1].position
    assert [one.entry for one in pages] == sorted(
        entries, key=lambda one: (one.recorded_at, one.entry_id), reverse=True
    )


@pytest.mark.parametrize(
    "condition",
    [
        "case_number = '案1'",
        "subject_index = '\\x00'",
        "officer = '甲'",
        "agency_code = 'BANK-01'",
        "recorded_at >= '2026-11-24'",
    ],
)
async def test_every_question_has_its_index(session: AsyncSession, condition: str) -> None:
    await session.execute(text("SET enable_seqscan = off"))
    await session.execute(text("SET enable_sort = off"))
    plan = await session.scalars(
        text(
            f"EXPLAIN SELECT body FROM audit_entries WHERE {condition}"
            " ORDER BY recorded_at DESC, entry_id DESC LIMIT 50"
        )
    )
    column = condition.split(maxsplit=1)[0]
    assert any(f"Scan Backward using ix_audit_entries_{column}" in line for line in plan)

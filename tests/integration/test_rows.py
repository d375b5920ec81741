"""Rows written by one statement are the rows that were given."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import any_, func, select, text
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.database import given_ids, pipelined
from app.ids import new_id
from app.models import Court, CourtEvent, Officer
from app.rows import insert_rows
from app.vocabulary import EventType, OfficerRole

NOW = datetime(2026, 11, 24, 1, tzinfo=UTC)


def court(**changed: Any) -> dict[str, Any]:
    return {
        "id": new_id(),
        "code": new_id().hex,
        "name": "某区人民法院",
        "active": True,
        "created_at": NOW,
    } | changed


def officer(court_id: object, **changed: Any) -> dict[str, Any]:
    return {
        "id": new_id(),
        "court_id": court_id,
        "name": "王执行",
        "work_permit_number": new_id().hex,
        "enforcement_permit_number": "执1",
        "phone": None,
        "role": OfficerRole.ENFORCEMENT_OFFICER,
        "active": True,
        "created_at": NOW,
    } | changed


@pytest.mark.parametrize("count", [1, 3])
async def test_every_kind_of_column_comes_back_as_it_went(session: AsyncSession, count: int) -> None:
    rows = [court() for _ in range(count)]
    events = [
        {
            "court_id": row["id"],
            "number": number,
            "id": new_id(),
            "event_type": EventType.REQUEST_ANSWERED,
            "order_id": None,
            "request_id": new_id() if number else None,
            "data": {"说明": "a, {b}", "n": number},
            "occurred_at": NOW,
        }
        for number, row in enumerate(rows)
    ]
    await insert_rows(session, (Court, rows), (CourtEvent, events))
    found = await session.execute(select(CourtEvent.__table__).order_by(CourtEvent.number))
    assert [dict(row) for row in found.mappings()] == events


async def test_rows_of_one_statement_may_refer_to_each_other(session: AsyncSession) -> None:
    made = court()
    await insert_rows(session, (Court, [made]), (Officer, [officer(made["id"]), officer(made["id"])]))
    assert await session.scalar(select(func.count()).select_from(Officer)) == 2


async def test_nothing_is_nothing(session: AsyncSession) -> None:
    await insert_rows(session, (Court, []), (Officer, []))
    assert not session.in_transaction()


@pytest.mark.parametrize("count", [1, 2])
async def test_what_is_too_long_is_refused_and_not_shortened(session: AsyncSession, count: int) -> None:
    made = court()
    with pytest.raises(DataError):
        await insert_rows(
            session, (Court, [made]), (Officer, [officer(made["id"], role="x" * 50) for _ in range(count)])
        )


async def test_a_refused_row_leaves_as_the_error_that_callers_know(session: AsyncSession) -> None:
    with pytest.raises(IntegrityError):
        await insert_rows(session, (Officer, [officer(new_id())]))


async def test_what_the_driver_began_sqlalchemy_commits(engine: AsyncEngine) -> None:
    row = court()
    async with engine.connect() as connection:
        await insert_rows(connection, (Court, [row]))
        await connection.commit()
    async with engine.connect() as connection:
        assert await connection.scalar(select(Court.id)) == row["id"]


async def test_a_pipeline_within_a_pipeline_is_part_of_it(session: AsyncSession) -> None:
    async with pipelined(session) as outer:
        async with pipelined(session) as inner:
            first = await inner.execute("SELECT 1")
        second = await outer.execute("SELECT 2")
    assert (await first.fetchone(), await second.fetchone()) == ((1,), (2,))


async def test_a_statement_of_given_ids_is_planned_once_for_any_number_of_them(session: AsyncSession) -> None:
    rows = [court() for _ in range(30)]
    await insert_rows(session, (Court, rows))
    named = select(Court.code).where(Court.id == any_(given_ids("ids")))
    for count in [*range(1, 15), 30]:
        found = await session.scalars(named, {"ids": [row["id"] for row in rows[:count]]})
        assert len(found.all()) == count
    plans = await session.execute(
        text("SELECT generic_plans FROM pg_prepared_statements WHERE statement LIKE '%FROM courts%'")
    )
    assert plans.scalar_one() >= 5

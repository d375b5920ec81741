"""Audited or it did not happen (P15), seen from outside: while no entry can be written, nothing is done and nothing is shown."""

from collections.abc import Awaitable, Callable, Mapping

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.clock import ManualClock
from app.models.base import Base
from app.vocabulary import AnswerState
from tests.integration.conftest import OFFICER, Office
from tests.integration.control_desk import Desk, an_account, furnish
from tests.integration.test_api_cases import a_case

State = Mapping[str, tuple[int, int]]


@pytest.fixture
async def desk(office: Office, clock: ManualClock) -> Desk:
    return await furnish(office, clock)


async def all_that_is_kept(office: Office) -> State:
    """Of every table, how many rows and a digest of what is in them."""
    async with office.hub.engine.connect() as connection:
        return {
            table.name: tuple(
                (
                    await connection.execute(
                        text(f"SELECT count(*), coalesce(sum(hashtext(t::text)), 0) FROM {table.name} AS t")
                    )
                ).one()
            )
            for table in Base.metadata.sorted_tables
        }


async def let_the_log_fail(office: Office) -> None:
    async with office.hub.engine.begin() as connection:
        await connection.execute(
            text(
                "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql"
                " AS $$ BEGIN RAISE EXCEPTION 'disk full'; END $$"
            )
        )
        await connection.execute(
            text("CREATE TRIGGER full_disk BEFORE INSERT ON audit_entries EXECUTE FUNCTION full_disk()")
        )


async def let_the_log_recover(office: Office) -> None:
    async with office.hub.engine.begin() as connection:
        await connection.execute(text("DROP FUNCTION full_disk() CASCADE"))


Deed = Callable[[], Awaitable[httpx.Response]]


async def deeds(desk: Desk) -> dict[str, Deed]:
    """What a court does and reads, each ready to be done."""
    court, case = desk.court, desk.case
    freeze = await desk.frozen("BANK-ZC", an_account(), "40000.00")
    (asset,) = await desk.found("BANK-SQ", an_account("6217000000000000002"))
    drafted = await desk.draft({"asset_id": asset, "limit": "1000.00"})
    party = desk.at(f"/parties/{desk.debtor_id}")
    query = {"case_number": case["case_number"], "officer": OFFICER, "purpose": "查明财产"}
    release = desk.signed("ruling", "release_notice", reason="paid")
    return {
        "register": lambda: court.post("/v1/cases", json=a_case(case_number="（2026）豫1424执77号")),
        "query": lambda: court.post("/v1/asset-queries", json=query),
        "query_once": lambda: court.post("/v1/asset-queries", json=query, headers={"Idempotency-Key": "k"}),
        "draft": lambda: desk.draft({"asset_id": asset, "limit": "900.00"}),
        "approve": lambda: desk.decide(drafted.json()["id"]),
        "release": lambda: court.post(f"/v1/freezes/{freeze.id}/release", json=release),
        "read_case": lambda: court.get(desk.at("")),
        "read_assets": lambda: court.get(desk.at("/assets")),
        "read_freezes": lambda: court.get(f"/v1/freezes/{freeze.id}"),
        "unmask": lambda: court.post(
            f"{party}/disclosure", json={"officer": OFFICER, "reason": "核对身份证号码"}
        ),
    }


async def test_while_no_entry_can_be_written_nothing_is_done_and_nothing_is_shown(desk: Desk) -> None:
    ready = await deeds(desk)
    await let_the_log_fail(desk.office)
    before = await all_that_is_kept(desk.office)
    for name, deed in ready.items():
        answer = await deed()
        assert answer.status_code >= 500, name
        assert answer.headers["content-type"] == "application/problem+json", name
        assert await all_that_is_kept(desk.office) == before, name
    await let_the_log_recover(desk.office)
    for name, deed in ready.items():
        answer = await deed()
        assert answer.is_success, (name, answer.text)


async def test_an_agencys_answer_is_not_taken_in_without_its_entry(desk: Desk) -> None:
    query = {"case_number": desk.case["case_number"], "officer": OFFICER, "purpose": "查明财产"}
    accepted = await desk.court.post("/v1/asset-queries", json=query)
    request, *_ = await desk.requests(accepted.json()["id"])
    await let_the_log_fail(desk.office)
    before = await all_that_is_kept(desk.office)
    with pytest.raises(DBAPIError, match="disk full"):
        await desk.hear(request, state=AnswerState.NOTHING_FOUND)
    assert await all_that_is_kept(desk.office) == before
    await let_the_log_recover(desk.office)
    assert (await desk.hear(request, state=AnswerState.NOTHING_FOUND)).value == "applied"

"""Personal data end on schedule, everywhere at once, and no proof of what was done is touched by it."""

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select, text
from typer.testing import CliRunner, Result

from app.audit.bundle import write_log
from app.audit.checkpoint import Signer
from app.audit.entry import Actor
from app.audit.policy import Policy
from app.audit.sequencer import sequence_once
from app.audit.trust import Trust
from app.audit.verdict import Outcome
from app.audit.verify import verify_bundle
from app.audit.verify_receipt import verify_receipt
from app.clock import ManualClock
from app.crypto import SealExpired, key_id_of
from app.dispatch.retention import Retention
from app.expiry_keys import ExpiryKeys
from app.linkage.retention import KEPT_OTHERWISE, MOVE_AFTER, SEALED, Schedule, lift_hold, place_hold
from app.models import AgencyRequest, Case, CaseRetention, Party
from app.retention_commands import commands
from app.settings import Settings
from app.vocabulary import AuditAction
from tests.integration.conftest import Office
from tests.integration.control_desk import an_account, furnish
from tests.integration.test_api_cases import NUMBER, a_party, entries, registered
from tests.integration.test_api_documents import PDF, upload

YEARS = 5
WHO = Actor("command_line", "tests")


@pytest.fixture
def retention(office: Office, clock: ManualClock) -> Retention:
    keys = ExpiryKeys(office.hub.settings.expiry_keys_dir)
    return Retention(
        office.hub.engine, office.hub.sessions, Schedule(office.hub.keys.vault, keys, YEARS), clock
    )


async def pass_until(office: Office, clock: ManualClock, instant: datetime) -> None:
    """Time goes on, and tokens are renewed."""
    clock.advance(instant - clock.now())
    for name in office.secrets:
        answer = await office.clients[name].post(
            "/oauth/token", data={"grant_type": "client_credentials"}, auth=office.secrets[name]
        )
        office.clients[name].headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


async def closed(office: Office, **changes: Any) -> dict[str, Any]:
    case = await registered(office, **changes)
    answer = await office.court.post(f"/v1/cases/{case['id']}/closure", json={"reason": "执行完毕"})
    assert answer.status_code == 201, answer.text
    return case


async def key_of(office: Office, case_id: str) -> str | None:
    async with office.hub.sessions() as session:
        row = await session.scalar(select(CaseRetention).where(CaseRetention.case_id == case_id))
        return row.key_id if row else None


async def names_sealed_with(office: Office, case_id: str) -> set[str]:
    async with office.hub.sessions() as session:
        return {
            key_id_of(name)
            for name in await session.scalars(select(Party.name).where(Party.case_id == case_id))
        }


def test_all_that_is_ever_sealed_is_on_the_schedule() -> None:
    """Whoever seals something new has to say how long it is kept."""
    code = "\n".join(path.read_text() for path in Path("app").rglob("*.py") if path.name != "retention.py")
    places = set(
        re.findall(
            r'"([a-z_]+\.[a-z_]+)"\s*\)', "\n".join(re.findall(r"\b(?:seal|open)(?:_text)?\([^\n]*", code))
        )
    )
    places |= set(re.findall(r'SEALED_FOR(?:: Final)? = "([a-z_]+\.[a-z_]+)"', code))
    assert len(places) > 10
    assert places == {column.place for column in SEALED} | KEPT_OTHERWISE


async def test_the_schedule_names_columns_that_are_there(office: Office) -> None:
    async with office.hub.sessions() as session:
        for column in SEALED:
            await session.execute(text(f"SELECT {column.key}, {column.column} FROM {column.table} LIMIT 0"))


async def test_data_of_an_open_case_stay_with_the_hubs_own_key(
    office: Office, clock: ManualClock, retention: Retention
) -> None:
    case = await registered(office)
    clock.advance(timedelta(days=365 * 9))
    assert await retention.keep() == []
    assert await key_of(office, case["id"]) is None


async def test_a_closed_case_is_readable_until_its_quarter_is_over_and_then_to_nobody(
    office: Office, clock: ManualClock, retention: Retention
) -> None:
    case, other = await closed(office), await registered(office, case_number="（2026）豫1424执9号")
    await pass_until(office, clock, clock.now() + MOVE_AFTER + timedelta(days=1))
    assert await retention.keep() == []
    assert await key_of(office, case["id"]) == "until-2031-q4"
    assert await names_sealed_with(office, case["id"]) == {"until-2031-q4"}
    address = f"/v1/cases/{case['id']}"
    assert (await office.court.get(address)).status_code == 200

    await pass_until(office, clock, datetime.fromisoformat("2031-12-31T23:00:00+00:00"))
    assert await retention.keep() == []
    assert (await office.court.get(address)).status_code == 200

    await pass_until(office, clock, datetime.fromisoformat("2032-01-01T00:00:00+00:00"))
    assert await retention.keep() == ["until-2031-q4"]
    answer = await office.court.get(address)
    assert (answer.status_code, answer.json()["code"]) == (410, "data_expired")
    assert (await office.court.get(f"/v1/cases/{other['id']}")).status_code == 200
    (entry,) = await entries(office, AuditAction.DATA_EXPIRED)
    assert b'"cases":"1","key_id":"until-2031-q4"' in entry.body
    assert await retention.keep() == []


def test_nobody_can_set_less_than_the_three_years_for_data_that_were_given_to_others() -> None:
    assert Settings.model_validate({"retention_years": 3}).retention_years == 3
    with pytest.raises(ValidationError, match="greater than or equal to 3"):
        Settings.model_validate({"retention_years": 2})


async def test_a_legal_hold_keeps_data_and_its_end_lets_them_go(
    office: Office, clock: ManualClock, retention: Retention
) -> None:
    case = await closed(office)
    clock.advance(MOVE_AFTER + timedelta(days=1))
    await retention.keep()
    async with office.hub.sessions.begin() as session:
        row = await session.get_one(Case, case["id"])
        await place_hold(session, WHO, row, "信访复查", clock.now())
        await place_hold(session, WHO, row, "纪检调阅", clock.now())
    await pass_until(office, clock, datetime.fromisoformat("2032-02-01T00:00:00+00:00"))
    assert await retention.keep() == ["until-2031-q4"]  # nobody's data are under it any more
    assert await key_of(office, case["id"]) is None
    assert (await office.court.get(f"/v1/cases/{case['id']}")).status_code == 200
    async with office.hub.sessions.begin() as session:
        assert (
            await lift_hold(session, WHO, await session.get_one(Case, case["id"]), "复查完毕", clock.now())
            == 2
        )
    assert await retention.keep() == ["until-2031-q4"]
    assert (await office.court.get(f"/v1/cases/{case['id']}")).status_code == 410
    assert len(await entries(office, AuditAction.HOLD_PLACED)) == 2
    assert len(await entries(office, AuditAction.HOLD_LIFTED)) == 1
    async with office.hub.sessions() as session:
        with pytest.raises(SealExpired):
            await place_hold(session, WHO, await session.get_one(Case, case["id"]), "太晚", clock.now())


async def test_what_was_written_after_the_move_goes_with_the_rest(
    office: Office, clock: ManualClock, retention: Retention
) -> None:
    case = await closed(office)
    clock.advance(MOVE_AFTER + timedelta(days=1))
    await retention.keep()
    vault = office.hub.keys.vault
    async with office.hub.sessions.begin() as session:
        for party in await session.scalars(select(Party).where(Party.case_id == case["id"])):
            party.name = vault.seal_text("更正后的姓名", "parties.name")
    await pass_until(office, clock, datetime.fromisoformat("2032-01-02T00:00:00+00:00"))
    assert await retention.keep() == ["until-2031-q4"]
    assert await names_sealed_with(office, case["id"]) == {"until-2031-q4"}


async def test_a_paper_goes_with_the_last_case_that_has_it(
    office: Office, clock: ManualClock, retention: Retention
) -> None:
    first = await registered(office)
    second = await registered(office, case_number="（2026）豫1424执9号", parties=[a_party()])
    for case in (first, second):
        assert (await upload(office, case, content=PDF)).status_code == 201
    keys = []
    for case in (first, second):
        await office.court.post(f"/v1/cases/{case['id']}/closure", json={"reason": "执行完毕"})
        await pass_until(office, clock, clock.now() + timedelta(days=200))
        await retention.keep()
        async with office.hub.sessions() as session:
            [sealed] = await session.scalars(text("SELECT sealed FROM document_contents"))
        keys.append(key_id_of(sealed))
    assert keys == [office.hub.keys.vault.current, "until-2032-q2"]


async def test_every_proof_holds_after_the_data_are_gone(
    office: Office, clock: ManualClock, retention: Retention
) -> None:
    """Receipts issued before verify as before, the log does, and new receipts are issued for what was done then."""
    desk = await furnish(office, clock)
    await desk.found("BANK-ZC", an_account())
    signer = Signer("test/audit", office.hub.keys.audit)
    await sequence_once(office.hub.engine, signer, clock)
    async with office.hub.sessions() as session:
        [request_id] = await session.scalars(select(AgencyRequest.id))
    before = await receipts(office, str(request_id))
    closing = await office.court.post(desk.at("/closure"), json={"reason": "执行完毕"})
    assert closing.status_code == 201, closing.text
    await pass_until(office, clock, clock.now() + MOVE_AFTER + timedelta(days=1))
    await retention.keep()
    await pass_until(office, clock, datetime.fromisoformat("2032-01-02T00:00:00+00:00"))
    assert await retention.keep() == ["until-2031-q4"]
    assert (await office.court.get(desk.at(""))).status_code == 410
    await sequence_once(office.hub.engine, signer, clock)
    trust = Trust(Policy.of(signer.verifier))
    after = await receipts(office, str(request_id))
    assert len(before) == len(after) > 0
    for receipt in (*before, *after):
        assert verify_receipt(receipt, trust).outcome is Outcome.GOOD
    bundle = b"".join([part async for part in write_log(office.hub.engine)])
    verdict = verify_bundle(BytesIO(bundle), trust.policy)
    assert (verdict.outcome, verdict.faults) == (Outcome.GOOD, [])
    assert NUMBER.encode() not in bundle


async def receipts(office: Office, request_id: str) -> Sequence[str]:
    answer = await office.court.get(f"/v1/agency-requests/{request_id}/receipts")
    assert answer.status_code == 200, answer.text
    return [item["receipt"] for item in answer.json()["items"]]


async def test_holds_are_placed_shown_and_lifted_at_the_command_line(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", str(office.hub.settings.database_url))
    monkeypatch.setenv("LIANDONG_DATA_DIR", str(office.hub.settings.data_dir))
    case = ((await closed(office))["case_number"], "--court", "豫1424")

    async def run(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, commands, list(arguments))

    assert (await run("place", *case, "--reason", "信访复查")).exit_code == 0
    shown = await run("show", *case)
    assert "信访复查" in shown.output
    assert "已解除 / lifted" not in shown.output
    lifted = await run("lift", *case, "--reason", "复查完毕")
    assert "已解除 / lifted: 1" in lifted.output
    assert "已解除 / lifted" in (await run("show", *case)).output
    assert (await run("show", "（2026）豫1424执999号", "--court", "豫1424")).exit_code == 2
    assert len(await entries(office, AuditAction.HOLD_PLACED)) == 1

"""What inspectors ask: all about one case, what was known then, who may be told, what is conspicuous, what the lot says."""

import asyncio
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZipFile

import pytest
from sqlalchemy import select
from typer import Typer
from typer.testing import CliRunner, Result

from app.audit.checkpoint import Signer
from app.audit.conspicuous import Limits
from app.audit.draw import draw, population, seed_of
from app.audit.entry import Actor, Entry
from app.audit.policy import Policy
from app.audit.record import record
from app.audit.sequencer import sequence_once
from app.audit.trust import Trust
from app.audit.verdict import Outcome
from app.audit.verify import verify_bundle
from app.audit.verify_receipt import verify_receipt
from app.clock import ManualClock
from app.dispatch.supervision import Supervision
from app.errors import ErrorCode, Refusal
from app.ids import new_id
from app.inspection_commands import add_to
from app.linkage.dossier import DossierWriter
from app.linkage.subject_view import looks_at
from app.linkage.supervision import (
    Decision,
    Period,
    add_own_person,
    draw_look_ups,
    justify,
    result_of,
)
from app.models import AuditReview, Case, Party, Task
from app.models.supervision import Justification
from app.vocabulary import AuditAction
from tests.integration.conftest import OFFICER, Office
from tests.integration.control_desk import Desk, an_account, furnish
from tests.integration.test_api_cases import NUMBER, entries, registered

WHO = Actor("command_line", "inspector")


@pytest.fixture
async def desk(office: Office, clock: ManualClock) -> Desk:
    return await furnish(office, clock)


@pytest.fixture
def signer(office: Office) -> Signer:
    return Signer("test/audit", office.hub.keys.audit)


# The evidence of one case ---------------------------------------------------------------------------------------------


async def archive_of(desk: Desk) -> ZipFile:
    out = BytesIO()
    hub = desk.office.hub
    async with hub.sessions() as session:
        case = await session.get_one(Case, UUID(desk.case["id"]))
        await DossierWriter(hub.engine, session, hub.keys.vault, out).write(case, desk.clock.now())
    return ZipFile(out)


async def test_one_archive_holds_all_about_a_case_and_each_piece_verifies(desk: Desk, signer: Signer) -> None:
    await desk.frozen("BANK-ZC", an_account(), "40000.00")
    await sequence_once(desk.office.hub.engine, signer, desk.clock)
    archive = await archive_of(desk)
    names = archive.namelist()
    trust = Trust(Policy.of(signer.verifier))
    verdict = verify_bundle(BytesIO(archive.read("entries.txt")), trust.policy)
    assert (verdict.outcome, verdict.faults) == (Outcome.GOOD, [])
    receipts = [name for name in names if name.startswith("receipts/")]
    messages = [name for name in names if name.startswith("messages/")]
    assert receipts
    assert messages
    for name in receipts:
        assert verify_receipt(archive.read(name).decode(), trust).outcome is Outcome.GOOD
    lines = archive.read("SHA256SUMS").decode().splitlines()
    sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert set(sums) == set(names) - {"SHA256SUMS"}
    assert all(sha256(archive.read(name)).hexdigest() == sums[name] for name in sums)
    assert len([name for name in names if name.startswith("papers/")]) == len(desk.papers)


async def test_the_index_is_read_by_people_and_leads_to_the_files(desk: Desk, signer: Signer) -> None:
    await desk.frozen("BANK-ZC", an_account(), "40000.00")
    await sequence_once(desk.office.hub.engine, signer, desk.clock)
    archive = await archive_of(desk)
    page = archive.read("INDEX.html").decode()
    for words in (
        "登记案件",
        "决定查询财产",
        "收到答复",
        "批准措施",
        desk.case["case_number"],
        OFFICER,
        "查明财产",
    ):
        assert words in page
    linked = [part.partition('"')[0] for part in page.split('<a href="')[1:]]
    assert linked
    assert set(linked) <= set(archive.namelist())
    assert page.index("登记案件") < page.index("决定查询财产") < page.index("批准措施")


# What was known then --------------------------------------------------------------------------------------------------


async def known(desk: Desk, instant: datetime) -> dict[str, Any]:
    answer = await desk.court.get(desk.at("/known-at"), params={"instant": instant.isoformat()})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_case_is_shown_as_it_was_known_at_each_instant(desk: Desk) -> None:
    clock = desk.clock
    at = {"registered": clock.now()}
    clock.advance(timedelta(minutes=1))
    account = an_account()
    (asset_id,) = await desk.found("BANK-ZC", account)
    at["found"] = clock.now()
    clock.advance(timedelta(minutes=1))
    drafted = await desk.draft({"asset_id": asset_id, "limit": "40000.00"})
    at["drafted"] = clock.now()
    clock.advance(timedelta(minutes=1))
    await desk.decide(drafted.json()["id"])
    at["approved"] = clock.now()
    clock.advance(timedelta(minutes=1))
    (freeze_request,) = await desk.requests(drafted.json()["id"])
    then = await known(desk, clock.now())
    freeze = await desk.freeze(UUID(then["freezes"][0]["id"]))
    assert freeze.request_id == freeze_request.id
    await desk.in_force(freeze, account, "40000.00", None)
    at["frozen"] = clock.now()
    clock.advance(timedelta(minutes=1))
    await desk.found("BANK-ZC", an_account(money="10.00"))
    at["found again"] = clock.now()

    shown = {name: await known(desk, instant) for name, instant in at.items()}
    assert [len(one["assets"]) for one in shown.values()] == [0, 1, 1, 1, 1, 1]
    assert [one["assets"][0]["amount"] for one in list(shown.values())[1:]] == ["50000.00"] * 4 + ["10.00"]
    assert [order["status"] for order in shown["drafted"]["orders"]] == ["issued", "awaiting_approval"]
    assert [order["status"] for order in shown["approved"]["orders"]] == ["issued", "issued"]
    assert shown["drafted"]["freezes"] == []
    assert shown["approved"]["freezes"][0]["state"] == "ordered"
    frozen = shown["frozen"]["freezes"][0]
    assert (frozen["state"], frozen["rank"], frozen["held"]) == ("in_force", 1, "40000.00")
    states = {request["kind"]: request["state"] for request in shown["approved"]["requests"]}
    assert states == {"asset_query": "answered", "freeze": "queued"}
    states = {request["kind"]: request["state"] for request in shown["frozen"]["requests"]}
    assert states == {"asset_query": "answered", "freeze": "answered"}
    counts = [one["entries"] for one in shown.values()]
    assert counts == sorted(counts)


async def test_before_its_registration_a_case_is_unknown_and_the_future_is_now(desk: Desk) -> None:
    before = desk.clock.now() - timedelta(seconds=1)
    answer = await desk.court.get(desk.at("/known-at"), params={"instant": before.isoformat()})
    assert answer.status_code == 404
    later = await known(desk, desk.clock.now() + timedelta(days=9))
    assert datetime.fromisoformat(later["instant"]) == desk.clock.now()
    foreign = await desk.office.other_court.get(
        desk.at("/known-at"), params={"instant": desk.clock.now().isoformat()}
    )
    assert foreign.status_code == 404


async def test_looking_back_is_itself_an_entry(desk: Desk) -> None:
    await known(desk, desk.clock.now())
    looks = await entries(desk.office, AuditAction.CASE_READ)
    assert any(b"as_known_at" in look.body for look in looks)


# What a person may be told --------------------------------------------------------------------------------------------


async def test_a_person_is_told_of_closed_cases_only_and_only_after_the_delay(
    office: Office, clock: ManualClock
) -> None:
    first = await registered(office)
    second = await registered(office, case_number="（2026）豫1424执9号")
    for case in (first, second):
        await office.court.get(f"/v1/cases/{case['id']}")
    async with office.hub.sessions() as session:
        index = await session.scalar(select(Party.number_index).limit(1))
        assert index is not None
        delay = timedelta(days=30)
        assert await looks_at(session, index, delay, clock.now()) == []
    await office.court.post(f"/v1/cases/{first['id']}/closure", json={"reason": "执行完毕"})
    async with office.hub.sessions() as session:
        assert await looks_at(session, index, delay, clock.now() + timedelta(days=29)) == []
        told = await looks_at(session, index, delay, clock.now() + timedelta(days=30))
    assert {look.case_number for look in told} == {first["case_number"]}
    assert {look.court for look in told} == {"柘城县人民法院"}


# What is conspicuous --------------------------------------------------------------------------------------------------


def a_look(case: dict[str, Any], at: datetime, *, person: int = 1, action: str = "party.unmasked") -> Entry:
    return Entry(
        entry_id=new_id(),
        recorded_at=at,
        action=action,
        actor=Actor("client", "办案系统"),
        court_code="豫1424",
        officer=OFFICER,
        case_number=case["case_number"],
        purpose="核对身份",
        subject_index=person.to_bytes(32, "big"),
    )


async def write(office: Office, *looks: Entry) -> None:
    async with office.hub.engine.begin() as connection:
        await record(connection, looks)


async def tasks(office: Office) -> list[tuple[str, str | None]]:
    async with office.hub.sessions() as session:
        rows = await session.scalars(select(Task).order_by(Task.id))
        return [(task.kind.value, task.data.get("rule")) for task in rows]


async def test_conspicuous_look_ups_become_tasks_the_day_after_and_once(
    office: Office, clock: ManualClock
) -> None:
    case = await registered(office)
    night = datetime(2026, 11, 24, 15, tzinfo=UTC)  # 23 o'clock in China
    await write(office, a_look(case, night), *(a_look(case, clock.now()) for _ in range(50)))
    supervision = Supervision(office.hub.sessions, clock, Limits())
    assert not await supervision.review_next()
    clock.advance(timedelta(days=1))
    assert await supervision.review_next()
    assert not await supervision.review_next()
    assert await tasks(office) == [("look_up_conspicuous", "volume"), ("look_up_conspicuous", "night")]


async def test_a_look_at_one_of_the_courts_own_becomes_a_task(office: Office, clock: ManualClock) -> None:
    case = await registered(office)
    async with office.hub.sessions.begin() as session:
        await add_own_person(session, WHO, (7).to_bytes(32, "big"), clock.now())
    await write(office, a_look(case, clock.now(), person=7), a_look(case, clock.now(), person=8))
    clock.advance(timedelta(days=1))
    assert await Supervision(office.hub.sessions, clock, Limits()).review_next()
    assert await tasks(office) == [("look_up_conspicuous", "colleague")]
    assert len(await entries(office, AuditAction.OWN_PERSON_ADDED)) == 1


async def test_a_look_that_nothing_came_of_becomes_a_task_after_thirty_days(
    office: Office, clock: ManualClock
) -> None:
    idle = await registered(office)
    busy = await registered(office, case_number="（2026）豫1424执9号")
    await write(office, a_look(idle, clock.now()), a_look(busy, clock.now()))
    clock.advance(timedelta(days=20))
    await write(office, a_look(busy, clock.now(), action="measure.drafted"))
    clock.advance(timedelta(days=12))
    supervision = Supervision(office.hub.sessions, clock, Limits())
    while await supervision.review_next():
        pass
    assert await tasks(office) == [("look_up_conspicuous", "no_act")]
    async with office.hub.sessions() as session:
        reviewed = (await session.scalars(select(AuditReview.day).order_by(AuditReview.day))).all()
    assert len(reviewed) == 32


# What the lot says ----------------------------------------------------------------------------------------------------


async def test_a_draw_is_repeated_from_note_and_entries_and_ends_in_an_error_rate(
    office: Office, clock: ManualClock, signer: Signer
) -> None:
    case = await registered(office)
    looks = [a_look(case, clock.now()) for _ in range(60)]
    await write(office, *looks)
    november = Period("2026-11", clock.now() - timedelta(days=1), clock.now() + timedelta(hours=1))
    await refused(office, november, clock, ErrorCode.STATE_FORBIDS)
    clock.advance(timedelta(days=1))
    await refused(office, november, clock, ErrorCode.STATE_FORBIDS)  # not numbered
    await sequence_once(office.hub.engine, signer, clock)
    async with office.hub.sessions.begin() as session:
        made, drawn = await draw_look_ups(session, WHO, november, 10, clock.now())
    ids = [look.entry_id for look in looks]
    assert drawn == draw(seed_of(made.note, "2026-11"), ids, 10)
    assert (made.of, made.population) == (60, population(ids))
    assert await tasks(office) == [("justify_look_up", None)] * 10
    await refused(office, november, clock, ErrorCode.CONFLICT)

    for number, entry_id in enumerate(drawn[:8]):
        outcome = Justification.UNJUSTIFIED if number == 0 else Justification.JUSTIFIED
        async with office.hub.sessions.begin() as session:
            await justify(session, WHO, Decision("2026-11", entry_id, outcome, "核对案卷"), clock.now())
    async with office.hub.sessions() as session:
        again = Decision("2026-11", drawn[0], Justification.JUSTIFIED, "改口")
        with pytest.raises(Refusal):
            await justify(session, WHO, again, clock.now())
        with pytest.raises(Refusal):
            await justify(
                session, WHO, Decision("2026-11", new_id(), Justification.JUSTIFIED, "x"), clock.now()
            )
        rate, waiting = await result_of(session, "2026-11")
    assert (rate.examined, rate.unjustified, waiting) == (8, 1, 2)
    assert rate.low < 1 / 8 < rate.high
    assert len(await entries(office, AuditAction.LOOK_UP_JUSTIFIED)) == 8
    (entry,) = await entries(office, AuditAction.LOOK_UPS_DRAWN)
    assert made.population.encode() in entry.body


async def refused(office: Office, period: Period, clock: ManualClock, code: ErrorCode) -> None:
    async with office.hub.sessions() as session:
        with pytest.raises(Refusal) as caught:
            await draw_look_ups(session, WHO, period, 10, clock.now())
    assert caught.value.code is code


# At the command line --------------------------------------------------------------------------------------------------


def at_the_command_line(*arguments: str, typed: str | None = None) -> Result:
    audit = Typer()
    add_to(audit)
    return CliRunner().invoke(audit, list(arguments), input=typed)


@pytest.fixture
def settled(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands find the same database and keys."""
    monkeypatch.setenv("DATABASE_URL", str(office.hub.settings.database_url))
    monkeypatch.setenv("LIANDONG_DATA_DIR", str(office.hub.settings.data_dir))


async def test_the_commands_leave_a_trace_and_say_what_is_wrong(
    desk: Desk, signer: Signer, settled: None, tmp_path: Path
) -> None:
    await desk.found("BANK-ZC", an_account())
    await sequence_once(desk.office.hub.engine, signer, desk.clock)
    archive = tmp_path / "case.zip"
    case = (desk.case["case_number"], "--court", "豫1424")
    good: tuple[tuple[str, ...], ...] = (
        ("evidence", case[0], str(archive), *case[1:], "--purpose", "信访核查"),
        ("known-at", *case, "--instant", "2027-01-01", "--purpose", "信访核查"),
        ("draw", "2020", "--since", "2020-01-01", "--until", "2021-01-01"),
        ("error-rate", "2020"),
    )
    for arguments in good:
        done = await asyncio.to_thread(at_the_command_line, *arguments)
        assert done.exit_code == 0, (arguments, done.output)
    assert "INDEX.html" in ZipFile(archive).namelist()
    made = await entries(desk.office, AuditAction.DOSSIER_MADE)
    async with desk.office.hub.sessions() as session:
        shown = await session.scalars(
            select(Party.number_index).where(Party.case_id == UUID(desk.case["id"]))
        )
    assert {entry.subject_index for entry in made} == set(shown)
    assert all("信访核查".encode() in entry.body for entry in made)
    bad: tuple[tuple[tuple[str, ...], int], ...] = (
        (("draw", "2020", "--since", "2020-01-01", "--until", "2021-01-01"), 2),
        (("error-rate", "1999"), 2),
        (("evidence", "（2026）豫1424执999号", str(archive), *case[1:], "--purpose", "x"), 2),
        (("subject-view", "--person", "citizen_id", "--purpose", "本人申请"), 1),
    )
    for arguments, code in bad:
        done = await asyncio.to_thread(at_the_command_line, *arguments, typed=f"{NUMBER}\n")
        assert done.exit_code == code, (arguments, done.output)
    done = await asyncio.to_thread(
        at_the_command_line, "own-person", "--person", "citizen_id", typed=f"{NUMBER}\n"
    )
    assert done.exit_code == 0, done.output

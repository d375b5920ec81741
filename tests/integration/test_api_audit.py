"""Who looked at whom, and why: the log searched over HTTP, and the search itself in the log."""

from datetime import timedelta

from app.audit.checkpoint import Signer
from app.audit.sequencer import sequence_once
from app.clock import ManualClock
from app.vocabulary import AuditAction
from tests.integration.conftest import OFFICER, Office
from tests.integration.test_api_cases import NUMBER, OTHER_NUMBER, a_case, a_party, entries, registered

CASE = "（2018）豫1424执1352号"


async def test_an_auditor_finds_every_look_at_a_person(office: Office) -> None:
    case = await registered(office)
    await office.court.get(f"/v1/cases/{case['id']}")
    wanted = {
        "certificate_type": "citizen_id",
        "certificate_number": "110105491231002",
        "purpose": "信访核查",
    }
    found = (await office.auditor.post("/v1/audit/searches", json=wanted)).json()["items"]
    assert [entry["action"] for entry in found] == ["case.read", "party.registered"]
    assert all(entry["case_number"] == CASE for entry in found)
    wanted["certificate_number"] = OTHER_NUMBER
    assert (await office.auditor.post("/v1/audit/searches", json=wanted)).json()["items"] == []


async def test_a_search_is_itself_in_the_log_with_its_purpose(office: Office) -> None:
    await registered(office)
    wanted = {"case_number": "(2018)豫1424执1352号", "purpose": "信访核查"}
    await office.auditor.post("/v1/audit/searches", json=wanted)
    (entry,) = await entries(office, AuditAction.AUDIT_SEARCHED)
    assert entry.case_number == CASE
    assert "信访核查".encode() in entry.body


async def test_nobody_searches_by_person_without_a_purpose(office: Office) -> None:
    wanted = {"certificate_type": "citizen_id", "certificate_number": NUMBER}
    response = await office.auditor.post("/v1/audit/searches", json=wanted)
    assert [error["field"] for error in response.json()["errors"]] == ["/purpose"]


async def test_type_and_number_go_together(office: Office) -> None:
    response = await office.auditor.post(
        "/v1/audit/searches", json={"certificate_number": NUMBER, "purpose": "信访核查"}
    )
    (error,) = response.json()["errors"]
    assert error["en"] == "give certificate_type and certificate_number together"


async def test_a_court_sees_its_own_entries_only(office: Office) -> None:
    await registered(office)
    for client, court_codes in (
        (office.court, {"豫1424"}),
        (office.other_court, {"豫1422"}),
    ):
        await client.get("/v1/cases")
        found = (await client.get("/v1/audit/entries", params={"limit": 200})).json()["items"]
        assert {entry["court_code"] for entry in found} == court_codes
    everything = (await office.auditor.get("/v1/audit/entries", params={"limit": 200})).json()["items"]
    assert {"豫1424", "豫1422", None} <= {entry["court_code"] for entry in everything}


async def test_entries_are_paged_newest_first(office: Office, clock: ManualClock) -> None:
    for serial in range(1, 4):
        clock.advance(timedelta(seconds=1))
        await registered(office, case_number=f"（2026）豫1424执{serial}号", parties=[])
    seen: list[str] = []
    params: dict[str, str | int] = {"limit": 2, "officer": OFFICER}
    while True:
        page = (await office.auditor.get("/v1/audit/entries", params=params)).json()
        seen += [f"{entry['action']} {entry['case_number']}" for entry in page["items"]]
        if page["next"] is None:
            break
        params["after"] = page["next"]
    registrations = [f"case.registered （2026）豫1424执{serial}号" for serial in (3, 2, 1)]
    assert seen == [*registrations, "officer.changed None"]


async def test_entries_are_bounded_in_time(office: Office, clock: ManualClock) -> None:
    for client in (office.court, office.auditor):
        await client.get("/v1/audit/entries")  # with a token, which is recorded, too
    clock.advance(timedelta(minutes=10))
    await registered(office, parties=[])
    since = clock.now().isoformat()
    found = (await office.auditor.get("/v1/audit/entries", params={"since": since})).json()["items"]
    assert [entry["action"] for entry in found] == ["case.registered"]
    naive = await office.auditor.get("/v1/audit/entries", params={"since": "2026-11-24T08:00:00"})
    assert naive.json()["errors"][0]["code"] == "timezone_aware"


async def test_a_numbered_entry_shows_its_place(office: Office, clock: ManualClock) -> None:
    found = (await office.auditor.get("/v1/audit/entries")).json()["items"]
    assert {entry["index"] for entry in found} == {None}
    signer = Signer("test/audit", office.hub.keys.audit)
    numbered = await sequence_once(office.hub.engine, signer, clock)
    again = (await office.auditor.get("/v1/audit/entries", params={"limit": 200})).json()["items"]
    places = [entry["index"] for entry in again if entry["index"] is not None]
    assert sorted(places) == list(range(numbered))


async def test_hostile_cursors_are_refused(office: Office) -> None:
    for cursor in ("x", "AAAAAAAAAAAAAAAAAAAAAA", "_" * 32, "f" * 32):
        response = await office.auditor.get("/v1/audit/entries", params={"after": cursor})
        assert response.status_code in {200, 422}, cursor


async def test_wrong_numbers_are_said_and_not_repeated(office: Office) -> None:
    for wanted, code in (
        ({"case_number": "1352"}, "case_number_malformed"),
        ({"certificate_type": "citizen_id", "certificate_number": "123456"}, "certificate_invalid"),
    ):
        response = await office.auditor.post("/v1/audit/searches", json=wanted | {"purpose": "信访核查"})
        assert (response.status_code, response.json()["code"]) == (422, code)
        assert "123456" not in response.text


async def test_the_log_names_no_person(office: Office) -> None:
    await office.court.post("/v1/cases", json=a_case(parties=[a_party(), a_party()]))
    await registered(office)
    found = await office.auditor.get("/v1/audit/entries", params={"limit": 200})
    for personal in (NUMBER, "谢成林"):
        assert personal not in found.text

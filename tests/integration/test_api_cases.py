"""Cases and their parties through the API."""

from typing import Any

from sqlalchemy import func, select

from app.linkage.subjects import certificate_index
from app.models import Case, Party
from app.models.audit import AuditEntry
from app.vocabulary import AuditAction, CertificateType
from tests.integration.conftest import OFFICER, OTHER_OFFICER, Office

NUMBER = "11010519491231002X"
OTHER_NUMBER = "440524188001010014"


def a_case(**changes: Any) -> dict[str, Any]:
    return {
        "case_number": "(2018)豫1424执1352号",
        "cause": "民间借贷纠纷",
        "legal_basis": "（2017）豫1424民初1024号民事判决书",
        "claim_amount": "85000.00",
        "officer": OFFICER,
        "opened_on": "2018-03-05",
        "parties": [a_party()],
        **changes,
    }


def a_party(**changes: Any) -> dict[str, Any]:
    return {
        "role": "debtor",
        "name": "谢成林",
        "certificate_type": "citizen_id",
        "certificate_number": NUMBER,
        **changes,
    }


async def registered(office: Office, **changes: Any) -> dict[str, Any]:
    response = await office.court.post("/v1/cases", json=a_case(**changes))
    assert response.status_code == 201, response.text
    case: dict[str, Any] = response.json()
    return case


async def entries(office: Office, action: AuditAction) -> list[AuditEntry]:
    async with office.hub.sessions() as session:
        rows = await session.scalars(
            select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.entry_id)
        )
        return list(rows)


async def count(office: Office, table: type[Case | Party]) -> int:
    async with office.hub.sessions() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def test_a_case_is_registered_with_its_parties_masked(office: Office) -> None:
    response = await office.court.post("/v1/cases", json=a_case())
    assert response.status_code == 201
    case = response.json()
    assert response.headers["location"] == f"/v1/cases/{case['id']}"
    assert case["case_number"] == "（2018）豫1424执1352号"
    assert case["claim_amount"] == "85000.00"
    (party,) = case["parties"]
    assert party["name"] == "谢**"
    assert party["certificate_number"] == "1101**********002X"
    assert party["kind"] == "person"


async def test_names_and_numbers_lie_sealed_in_the_database(office: Office) -> None:
    await registered(office)
    async with office.hub.sessions() as session:
        party = (await session.scalars(select(Party))).one()
    assert NUMBER.encode() not in party.number
    assert "谢".encode() not in party.name
    vault = office.hub.keys.vault
    assert party.number_index == certificate_index(vault, CertificateType.CITIZEN_ID, NUMBER)


async def test_an_old_number_is_found_under_its_18_character_form(office: Office) -> None:
    case = await registered(office, parties=[a_party(certificate_number="110105491231002")])
    assert case["parties"][0]["certificate_number"] == "1101**********002X"


async def test_everything_wrong_with_a_case_is_said_at_once(office: Office) -> None:
    wrong = a_case(
        case_number="2018豫1424执1352号",
        parties=[a_party(certificate_number="110105194912310021"), a_party(certificate_number=None)],
    )
    response = await office.court.post("/v1/cases", json=wrong)
    problem = response.json()
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["code"] == "case_number_malformed"
    assert [error["field"] for error in problem["errors"]] == [
        "/case_number",
        "/parties/0/certificate_number",
        "/parties/1/certificate_number",
    ]
    assert problem["errors"][2]["code"] == "certificate_required"
    assert "110105194912310021" not in response.text
    assert await count(office, Case) == 0


async def test_a_case_number_of_another_court_is_refused(office: Office) -> None:
    response = await office.court.post("/v1/cases", json=a_case(case_number="（2018）豫1422执1352号"))
    assert response.status_code == 422
    assert response.json()["errors"][0]["code"] == "case_number_of_other_court"


async def test_only_cases_of_enforcement_and_preservation_are_registered(office: Office) -> None:
    response = await office.court.post("/v1/cases", json=a_case(case_number="（2018）豫1424民初1352号"))
    assert response.json()["errors"][0]["code"] == "case_number_not_enforcement"


async def test_a_papers_suffix_is_no_part_of_the_case(office: Office) -> None:
    case = await registered(office, case_number="（2018）豫1424执1352号之一")
    assert case["case_number"] == "（2018）豫1424执1352号"


async def test_a_case_is_registered_once(office: Office) -> None:
    await registered(office)
    response = await office.court.post("/v1/cases", json=a_case(case_number="〔2018〕豫1424执 1352 号"))
    assert (response.status_code, response.json()["code"]) == (409, "case_exists")
    assert await count(office, Case) == 1
    assert await count(office, Party) == 1


async def test_only_an_enrolled_officer_of_this_court_has_a_case(office: Office) -> None:
    unknown = await office.court.post("/v1/cases", json=a_case(officer="豫柘法执9999"))
    foreign = await office.court.post("/v1/cases", json=a_case(officer=OTHER_OFFICER))
    assert (unknown.status_code, unknown.json()["code"]) == (422, "officer_unknown")
    assert (foreign.status_code, foreign.json()["code"]) == (403, "officer_not_of_court")
    assert await count(office, Case) == 0


async def test_money_is_a_string_with_two_decimals_and_not_negative(office: Office) -> None:
    for wrong in ("85000.001", "-1", 85000.5, 85000, "NaN", "1e5", "１００"):
        response = await office.court.post("/v1/cases", json=a_case(claim_amount=wrong))
        assert response.status_code == 422, wrong
        assert response.json()["errors"][0]["field"] == "/claim_amount"


async def test_an_unknown_field_is_refused_with_its_place(office: Office) -> None:
    response = await office.court.post("/v1/cases", json=a_case(parties=[a_party(nmae="x")], urgent=True))
    assert {error["field"] for error in response.json()["errors"]} == {"/urgent", "/parties/0/nmae"}


async def test_a_person_has_no_certificate_of_an_organisation(office: Office) -> None:
    company = a_party(
        kind="person",
        certificate_type="unified_social_credit_code",
        certificate_number="91350100M000100Y43",
    )
    response = await office.court.post("/v1/cases", json=a_case(parties=[company]))
    assert response.json()["errors"][0]["code"] == "certificate_of_organisation"


async def test_a_party_stands_in_a_case_once_in_each_role(office: Office) -> None:
    response = await office.court.post("/v1/cases", json=a_case(parties=[a_party(), a_party()]))
    assert (response.status_code, response.json()["code"]) == (409, "conflict")
    case = await registered(office)
    again = await office.court.post(f"/v1/cases/{case['id']}/parties", json=a_party())
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    creditor = await office.court.post(f"/v1/cases/{case['id']}/parties", json=a_party(role="creditor"))
    assert creditor.status_code == 201


async def test_one_number_under_two_names_is_a_mismatch(office: Office) -> None:
    case = await registered(office)
    response = await office.court.post(
        f"/v1/cases/{case['id']}/parties", json=a_party(role="creditor", name="梁建国")
    )
    assert (response.status_code, response.json()["code"]) == (409, "name_mismatch")


async def test_a_foreign_case_answers_like_an_unknown_one(office: Office) -> None:
    case = await registered(office)
    unknown = "0199e0a2-b7c4-7f0e-8d5c-6a1b2c3d4e5f"
    for path in ("", "/parties", "/documents"):
        foreign = await office.other_court.get(f"/v1/cases/{case['id']}{path}")
        missing = await office.other_court.get(f"/v1/cases/{unknown}{path}")
        assert foreign.status_code == missing.status_code == 404
        assert foreign.json() | {"correlation_id": ""} == missing.json() | {"correlation_id": ""}
    assert (await office.other_court.get("/v1/cases")).json()["items"] == []


async def test_a_closed_case_takes_no_party_and_is_not_closed_again(office: Office) -> None:
    case = await registered(office)
    closing = await office.court.post(f"/v1/cases/{case['id']}/closure", json={"reason": "履行完毕"})
    assert (closing.status_code, closing.json()["status"]) == (201, "closed")
    again = await office.court.post(f"/v1/cases/{case['id']}/closure", json={"reason": "履行完毕"})
    party = await office.court.post(f"/v1/cases/{case['id']}/parties", json=a_party(role="creditor"))
    assert again.json()["code"] == party.json()["code"] == "case_closed"


async def test_every_look_at_a_person_is_an_audit_entry(office: Office) -> None:
    case = await registered(office)
    party = case["parties"][0]
    await office.court.get(f"/v1/cases/{case['id']}")
    await office.court.get(f"/v1/cases/{case['id']}/parties")
    await office.court.get(f"/v1/cases/{case['id']}/parties/{party['id']}")
    subject = certificate_index(office.hub.keys.vault, CertificateType.CITIZEN_ID, NUMBER)
    looks = [*await entries(office, AuditAction.CASE_READ), *await entries(office, AuditAction.PARTY_READ)]
    assert len(looks) == 3
    assert all(look.subject_index == subject for look in looks)
    assert all(look.case_number == "（2018）豫1424执1352号" for look in looks)


async def test_unmasking_takes_an_officer_and_a_reason_and_is_recorded(office: Office) -> None:
    case = await registered(office)
    path = f"/v1/cases/{case['id']}/parties/{case['parties'][0]['id']}/disclosure"
    assert (await office.court.post(path, json={"officer": OFFICER})).status_code == 422
    foreign = await office.court.post(path, json={"officer": OTHER_OFFICER, "reason": "核对身份证号码"})
    assert foreign.json()["code"] == "officer_not_of_court"
    assert await entries(office, AuditAction.PARTY_UNMASKED) == []
    shown = await office.court.post(path, json={"officer": OFFICER, "reason": "核对身份证号码"})
    assert (shown.json()["name"], shown.json()["certificate_number"]) == ("谢成林", NUMBER)
    (entry,) = await entries(office, AuditAction.PARTY_UNMASKED)
    assert entry.officer == OFFICER
    assert "核对身份证号码".encode() in entry.body


async def test_a_refused_attempt_leaves_no_state_but_a_trace(office: Office) -> None:
    case = await registered(office)
    await office.court.post(f"/v1/cases/{case['id']}/parties", json=a_party(role="creditor", name="梁建国"))
    (refused,) = await entries(office, AuditAction.ORDER_REFUSED)
    assert refused.case_number == "（2018）豫1424执1352号"
    assert refused.subject_index is not None
    assert b"name_mismatch" in refused.body
    assert b"add_party" in refused.body
    assert await count(office, Party) == 1


async def test_a_stranger_cannot_fill_the_audit_log_with_refusals(office: Office) -> None:
    assert (await office.stranger.post("/v1/cases", json=a_case())).status_code == 401
    assert await entries(office, AuditAction.ORDER_REFUSED) == []


async def test_cases_are_paged_newest_first_and_filtered(office: Office) -> None:
    for serial in range(1, 6):
        await registered(office, case_number=f"（2026）豫1424执{serial}号", parties=[])
    first = (await office.court.get("/v1/cases", params={"limit": 2})).json()
    second = (await office.court.get("/v1/cases", params={"limit": 3, "after": first["next"]})).json()
    numbers = [case["case_number"] for case in first["items"] + second["items"]]
    assert numbers == [f"（2026）豫1424执{serial}号" for serial in (5, 4, 3, 2, 1)]
    assert second["next"] is None
    assert (await office.court.get("/v1/cases", params={"status": "closed"})).json()["items"] == []
    mine = await office.court.get("/v1/cases", params={"officer": OFFICER, "opened_from": "2018-03-05"})
    assert len(mine.json()["items"]) == 5


async def test_a_cursor_that_is_not_ours_is_refused(office: Office) -> None:
    for cursor in ("x", "%", "AAAA", "ü", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"):
        response = await office.court.get("/v1/cases", params={"after": cursor})
        assert (response.status_code, response.json()["code"]) == (422, "cursor_invalid"), cursor

"""What a court may not ask: each refusal says what is wrong and where, leaves a trace, and changes nothing."""

import socket
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from app.errors import TITLES, ErrorCode
from app.ids import new_id
from app.vocabulary import AgencyKind, CertificateType
from tests.e2e.running_hub import Case, Court, Json, RunningHub, now

BANK = "BANK-ZC"
QUERIES = "/v1/asset-queries"


@dataclass(frozen=True)
class Desk:
    """A court with a lawful query at hand, which a test makes unlawful."""

    hub: RunningHub
    court: Court
    case: Case

    def demand(self, **changes: Any) -> Json:
        return self.court.demand(self.case, BANK) | changes

    def refused(self, demand: Json) -> Json:
        """The problem that a query got, after making sure that nothing else came of it but an entry in the log."""
        began = now()
        answer = self.court.http.post(QUERIES, json=demand)
        problem: Json = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.status_code == problem["status"] == TITLES[ErrorCode(problem["code"])].status
        assert self.court.http.get(QUERIES).json()["items"] == []
        [entry] = self.hub.actions(began, "order.refused")
        assert entry["outcome"] == problem["code"]
        assert entry["court_code"] == self.court.code
        return problem


@pytest.fixture
def desk(hub: RunningHub, court: Court) -> Desk:
    return Desk(hub, court, court.case(*hub.debtors(2)))


def fields(problem: Json) -> dict[str, str]:
    return {error["field"]: error["code"] for error in problem["errors"]}


def test_a_case_number_that_is_none(desk: Desk) -> None:
    problem = desk.refused(desk.demand(case_number="2018豫1424"))
    assert problem["code"] == "case_number_malformed"
    assert list(fields(problem)) == ["/case_number"]


def test_a_case_that_the_court_does_not_have(desk: Desk) -> None:
    for number in (f"（2026）{desk.court.code}执9999999号", desk.hub.court().case().number):
        problem = desk.refused(desk.demand(case_number=number))
        assert problem["code"] == "case_unknown"
        assert fields(problem) == {"/case_number": "case_unknown"}


def test_a_wrong_check_digit_names_its_field_and_repeats_no_number(desk: Desk) -> None:
    number = next(debtor.number for debtor in desk.case.debtors if len(debtor.number) == 18)
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    debtor = {"certificate_type": CertificateType.CITIZEN_ID, "certificate_number": wrong}

    problem = desk.refused(desk.demand(debtors=[debtor]))

    assert problem["code"] == "certificate_invalid"
    assert fields(problem) == {"/debtors/0/certificate_number": "citizen_number_check_digit"}
    assert wrong not in str(problem)


def test_a_name_alone_identifies_nobody(desk: Desk) -> None:
    problem = desk.refused(desk.demand(debtors=[{"name": desk.case.debtors[0].name}]))
    assert problem["code"] == "certificate_required"
    assert fields(problem) == {"/debtors/0/certificate_number": "certificate_required"}


def test_a_number_with_another_name(desk: Desk) -> None:
    debtor = {"debtor_id": desk.case.debtor_ids[0], "name": "别人"}
    problem = desk.refused(desk.demand(debtors=[debtor]))
    assert problem["code"] == "name_mismatch"
    assert fields(problem) == {"/debtors/0/name": "name_mismatch"}


def test_somebody_who_is_no_debtor_of_the_case(desk: Desk) -> None:
    stranger = desk.hub.debtors(9)[-1]
    by_number = {
        "certificate_type": stranger.certificate_type,
        "certificate_number": stranger.number,
    }
    for debtor in (by_number, {"debtor_id": str(new_id())}):
        problem = desk.refused(desk.demand(debtors=[{"debtor_id": desk.case.debtor_ids[0]}, debtor]))
        assert problem["code"] == "not_a_debtor"
        assert fields(problem) == {"/debtors/1": "not_a_debtor"}


def test_a_closed_case(desk: Desk) -> None:
    desk.court.patient.post(f"/v1/cases/{desk.case.id}/closure", {"reason": "履行完毕"})
    problem = desk.refused(desk.demand())
    assert problem["code"] == "case_closed"
    assert fields(problem) == {"/case_number": "case_closed"}


def test_an_officer_of_another_court_or_of_none(desk: Desk) -> None:
    for officer, code in ((desk.hub.court().officer, "officer_not_of_court"), ("无此人", "officer_unknown")):
        problem = desk.refused(desk.demand(officer=officer))
        assert problem["code"] == code
        assert fields(problem) == {"/officer": code}


def test_a_query_without_its_notice(desk: Desk) -> None:
    bare = desk.court.case(*desk.case.debtors, notice=False)
    problem = desk.refused(desk.demand(case_number=bare.number))
    assert problem["code"] == "document_missing"
    assert fields(problem) == {"/documents": "document_missing"}


def test_a_paper_of_another_case(desk: Desk) -> None:
    other = desk.court.case(*desk.case.debtors)
    problem = desk.refused(desk.demand(documents=[other.document_id]))
    assert problem["code"] == "document_unknown"
    assert fields(problem) == {"/documents/0": "document_unknown"}


def test_an_agency_that_is_unknown_or_does_not_offer_this(desk: Desk) -> None:
    code = "ONLY-FREEZES"
    with desk.hub.visited_by(code, AgencyKind.BANK, "http://127.0.0.1:9", capabilities=["freeze"]):
        for agency, refusal in (("NOWHERE", "agency_unknown"), (code, "agency_incapable")):
            problem = desk.refused(desk.demand(agencies={"codes": [BANK, agency]}))
            assert problem["code"] == refusal
            assert fields(problem) == {"/agencies/codes/1": refusal}


def test_an_unknown_field(desk: Desk) -> None:
    problem = desk.refused(desk.demand(agency="BANK-ZC", scope={"kinds": []}))
    assert problem["code"] == "invalid_body"
    assert set(fields(problem)) == {"/agency", "/scope/kinds"}


def test_everything_that_is_wrong_is_said_at_once(desk: Desk) -> None:
    demand = desk.demand(
        officer="无此人",
        debtors=[{"name": "某人"}, {"debtor_id": str(new_id())}],
        documents=[str(new_id())],
        agencies={"codes": ["NOWHERE"]},
    )
    assert fields(desk.refused(demand)) == {
        "/officer": "officer_unknown",
        "/debtors/0/certificate_number": "certificate_required",
        "/debtors/1": "not_a_debtor",
        "/documents/0": "document_unknown",
        "/agencies/codes/0": "agency_unknown",
    }


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"name=value"])
def test_a_body_that_is_not_json(desk: Desk, body: bytes) -> None:
    answer = desk.court.http.post(QUERIES, content=body, headers={"Content-Type": "application/json"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] in {"malformed_json", "invalid_body"}
    assert desk.court.http.get(QUERIES).json()["items"] == []


def test_a_body_of_100_megabytes_is_refused_before_it_is_sent(desk: Desk) -> None:
    url = httpx.URL(desk.hub.url)
    head = f"POST {QUERIES} HTTP/1.1\r\nHost: hub\r\nContent-Length: 104857600\r\n\r\n"
    with socket.create_connection((url.host, url.port or 80), 10) as connection:
        connection.sendall(head.encode() + b"[" * 10_000)
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"body_too_large"' in answer


def test_another_courts_query_answers_like_one_that_does_not_exist(desk: Desk) -> None:
    query_id = desk.court.ask(desk.case, BANK)
    stranger = desk.hub.court()
    foreign, unknown = (stranger.http.get(f"{QUERIES}/{some_id}") for some_id in (query_id, str(new_id())))
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.json()["code"] == unknown.json()["code"] == "not_found"
    assert stranger.http.post(f"{QUERIES}/{query_id}/cancellation").status_code == 404
    assert stranger.http.get(f"/v1/cases/{desk.case.id}/assets").status_code == 404

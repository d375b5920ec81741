"""What an agency posts by itself: believed only with its signature, counted once, refused with a trace (P9, P11, P17)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.adapters.signatures import RequestParts, SigningKey, new_nonce, sign_request
from app.ids import new_id
from app.sandbox.faults import Fault, FaultKind
from app.vocabulary import AnswerState
from tests.e2e.agency_by_hand import AgencyByHand, agency_by_hand, nothing_found, send
from tests.e2e.running_hub import Case, Court, Json, RunningHub, now

LAND, TAX = "LAND-ZC", "TAX-ZC"


@dataclass(frozen=True)
class Pending:
    """A request that the land registry has acknowledged, and whose answer a test gives."""

    hub: RunningHub
    court: Court
    case: Case
    query_id: str
    request_id: str
    since: datetime

    def part(self) -> Json:
        return self.court.part(self.query_id)

    def refused(self, code: str) -> list[Json]:
        """Audit entries about messages of an agency that were refused since."""
        return self.hub.actions(self.since, "message.refused", agency_code=code)


@pytest.fixture
def land(hub: RunningHub) -> AgencyByHand:
    return agency_by_hand(hub, LAND)


@pytest.fixture
def tax(hub: RunningHub) -> AgencyByHand:
    return agency_by_hand(hub, TAX)


@pytest.fixture
def pending(hub: RunningHub, court: Court) -> Iterator[Pending]:
    case = court.case(*hub.debtors(1))
    with hub.faulty(LAND, Fault(kind=FaultKind.SILENCE)):
        query_id = court.ask(case, LAND)
        [part] = court.wait(query_id, "acknowledged")
        yield Pending(hub, court, case, query_id, part["request_id"], now())


def unchanged(pending: Pending) -> bool:
    return (
        pending.part()["state"] == "acknowledged"
        and pending.court.told(pending.query_id) == ["agency_request.acknowledged"]
        and pending.court.assets(pending.case) == []
    )


def test_an_answer_gets_a_signed_receipt_of_its_bytes_and_ends_the_request(
    pending: Pending, land: AgencyByHand
) -> None:
    request = land.signed(nothing_found(pending.request_id))
    response = send(request)

    assert response.status_code == 200
    land.believe(response, request)
    assert response.json()["sha256"] == sha256(request.body).hexdigest()
    assert response.json()["disposition"] == "applied"
    assert (pending.part()["state"], pending.part()["answer_state"]) == ("answered", "nothing_found")


def test_the_same_bytes_with_the_same_nonce_are_a_replay(pending: Pending, land: AgencyByHand) -> None:
    request = land.signed(nothing_found(pending.request_id))
    assert send(request).status_code == 200

    response = send(request)

    assert (response.status_code, response.json()["code"]) == (409, "message_replayed")
    assert pending.court.told(pending.query_id)[1:] == ["agency_request.answered"]
    assert [entry["outcome"] for entry in pending.refused(LAND)] == ["message_replayed"]


def test_an_identical_repeat_gets_the_very_same_receipt(pending: Pending, land: AgencyByHand) -> None:
    body = nothing_found(pending.request_id)
    first = land.answer(body)

    second = land.answer(body)

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.content == second.content
    assert pending.court.told(pending.query_id)[1:] == ["agency_request.answered"]
    assert pending.hub.actions(pending.since, "answer.repeated", agency_code=LAND)


def test_other_content_under_the_same_message_id_is_a_conflict(pending: Pending, land: AgencyByHand) -> None:
    message_id = new_id()
    assert land.answer(nothing_found(pending.request_id, message_id=message_id)).status_code == 200

    other = nothing_found(pending.request_id, message_id=message_id, state=AnswerState.AMBIGUOUS)
    response = land.answer(other)

    assert (response.status_code, response.json()["code"]) == (409, "message_conflict")
    assert pending.part()["answer_state"] == "nothing_found"
    assert pending.court.told(pending.query_id)[1:] == ["agency_request.answered"]
    assert [entry["outcome"] for entry in pending.refused(LAND)] == ["conflict"]
    assert pending.hub.parked(LAND, pending.since) == [other]


def test_another_agency_may_not_answer(pending: Pending, tax: AgencyByHand) -> None:
    response = tax.answer(nothing_found(pending.request_id))

    assert (response.status_code, response.json()["code"]) == (404, "not_the_addressee")
    assert unchanged(pending)
    assert [entry["outcome"] for entry in pending.refused(TAX)] == ["foreign"]


def test_a_request_that_was_never_made_cannot_be_answered(pending: Pending, land: AgencyByHand) -> None:
    response = land.answer(nothing_found(str(new_id())))

    assert (response.status_code, response.json()["code"]) == (404, "not_the_addressee")
    assert [entry["outcome"] for entry in pending.refused(LAND)] == ["foreign"]


Forgery = Callable[[AgencyByHand, bytes], RequestParts]


def _changed_body(land: AgencyByHand, body: bytes) -> RequestParts:
    return replace(land.signed(body), body=body.replace(b"nothing_found", b"ambiguous"))


def _other_key(land: AgencyByHand, body: bytes) -> RequestParts:
    return replace(land, key=SigningKey(land.key.key_id, Ed25519PrivateKey.generate())).signed(body)


def _unknown_key(land: AgencyByHand, body: bytes) -> RequestParts:
    return replace(land, key=SigningKey("nobody", Ed25519PrivateKey.generate())).signed(body)


def _old(land: AgencyByHand, body: bytes) -> RequestParts:
    request = replace(land.signed(body), headers=[(b"content-type", b"application/json")])
    signature = sign_request(request, land.key, now() - timedelta(seconds=310), new_nonce())
    return replace(request, headers=[*request.headers, *signature])


def _for_another_address(land: AgencyByHand, body: bytes) -> RequestParts:
    request = replace(land, hub_url="https://other.example").signed(body)
    return replace(request, target_uri=land.signed(body).target_uri)


def _unsigned(land: AgencyByHand, body: bytes) -> RequestParts:
    return replace(land.signed(body), headers=[(b"content-type", b"application/json")])


@pytest.mark.parametrize(
    ("forge", "fault"),
    [
        (_changed_body, "wrong_digest"),
        (_other_key, "bad_signature"),
        (_unknown_key, "unknown_key"),
        (_old, "stale"),
        (_for_another_address, "bad_signature"),
        (_unsigned, "missing"),
    ],
)
def test_what_its_signature_does_not_prove_is_not_believed(
    pending: Pending, land: AgencyByHand, forge: Forgery, fault: str
) -> None:
    response = send(forge(land, nothing_found(pending.request_id)))

    assert (response.status_code, response.json()["code"]) == (401, "signature_refused")
    assert response.json()["detail"] == fault
    assert unchanged(pending)
    known = fault not in {"unknown_key", "missing"}
    expected = [f"signature_refused:{fault}"] if known else []
    assert [entry["outcome"] for entry in pending.refused(LAND)] == expected, "a stranger cannot fill the log"


@pytest.mark.parametrize(
    "garbage",
    [b"", b"{", "查询成功".encode(), b"\xff\xfe", b"[1]", b'{"protocol":"liandong/1"}', b"[" * 100_000],
)
def test_what_cannot_be_understood_is_parked_with_its_bytes(
    pending: Pending, land: AgencyByHand, garbage: bytes
) -> None:
    response = land.answer(garbage)

    assert (response.status_code, response.json()["code"]) == (422, "malformed_message")
    assert unchanged(pending)
    assert pending.hub.parked(LAND, pending.since) == [garbage]
    assert pending.hub.actions(pending.since, "message.parked", agency_code=LAND)


def test_the_courts_paper_is_for_the_agency_that_was_asked(
    pending: Pending, land: AgencyByHand, tax: AgencyByHand
) -> None:
    paper = land.fetch(pending.case.document_id)

    assert paper.status_code == 200
    assert paper.content.startswith(b"%PDF-")
    [read] = pending.hub.actions(pending.since, "document.read", agency_code=LAND)
    assert read["digests"]["document"] == sha256(paper.content).hexdigest()

    assert tax.fetch(pending.case.document_id).status_code == 404
    assert [entry["outcome"] for entry in pending.refused(TAX)] == ["not_found"]
    assert land.fetch(str(new_id())).status_code == 404

"""docs/agency-protocol.md is the protocol to those who have only that page: it must say what the code does."""

import json
import re
from base64 import b64decode
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel, TypeAdapter

from app.adapters import assets, facts, signatures
from app.adapters.contract import AssetQueryOrder
from app.adapters.kinds import KINDS
from app.adapters.liandong import wire
from app.adapters.liandong.dialect import LiandongDialect
from app.adapters.measures import ObjectionGround, WhyNot
from app.adapters.scaffold import ORDERS, messages
from app.adapters.signatures import (
    RequestParts,
    ResponseParts,
    SignatureFault,
    SigningKey,
    VerifyingKey,
    sign_request,
    sign_response,
    verify_request,
    verify_response,
)
from app.adapters.transports.http import PATHS
from app.errors import TITLES, ErrorCode
from app.linkage.locating.grounds import RULES
from app.measures.terms import (
    LEGAL_MAXIMUM,
    Term,
    day_in_china,
    end_of,
    end_of_term,
    ends_at,
    last_day,
    last_day_before,
    renewed_end,
)
from app.measures.words import MEASURED_IN_MONEY, Change, Nature, State, ThingKind
from app.sandbox.lookout.duty_desk import ALLOWED
from app.vocabulary import (
    AccountNature,
    AnswerState,
    AssetKind,
    CertificateType,
    CustodyStage,
    DocumentKind,
    EndReason,
    HitConfidence,
    HitDecision,
    HolderRole,
    LocateGround,
    OrderKind,
    PartyKind,
    RealRight,
    RefusalReason,
    RequestStatus,
    SeizureKind,
    Urgency,
    Wanted,
    WantedAction,
    WatchKind,
)

PAGE = (Path(__file__).parents[2] / "docs" / "agency-protocol.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)\n```$", PAGE, re.MULTILINE | re.DOTALL)


# Messages ---------------------------------------------------------------------------------------------------------

READERS: dict[str, TypeAdapter[Any]] = {
    "answer": wire.RESPONSE,
    "acknowledgement": wire.RESPONSE,
    "notice": wire.CALLBACK,
    "objection": wire.CALLBACK,
    "hit": wire.CALLBACK,
    "custody_notice": wire.CALLBACK,
    "watch_notice": wire.CALLBACK,
    "status_report": wire.STATUS_REPORT,
    "live_list": wire.LIVE_LIST,
    "receipt": wire.RECEIPT,
}


def reader_of(message: dict[str, Any]) -> TypeAdapter[Any]:
    if "type" in message:
        return READERS[message["type"]]
    if "mandate" in message:
        return wire.REQUEST
    if "request_id" not in message:
        return wire.LIVE_LIST_QUERY
    return wire.CANCELLATION if "reason" in message else wire.STATUS_QUERY


WRITTEN = {name: json.loads(message.body) for name, message in messages(LiandongDialect(), ORDERS).items()}
"""What the hub sends for the orders that every dialect is tried with."""


@pytest.mark.parametrize("block", blocks("json"))
def test_every_example_is_a_message(block: str) -> None:
    message = json.loads(block)
    if "protocol" in message:
        wire.read(reader_of(message), block.encode())
    else:
        assert message["status"] == TITLES[ErrorCode(message["code"])].status


def test_every_message_and_every_state_has_an_example() -> None:
    shown = [json.loads(block) for block in blocks("json")]
    states = {message.get("state") for message in shown}
    assert states >= {*AnswerState} - {AnswerState.AMBIGUOUS, AnswerState.MISMATCH}
    assert {message["type"] for message in shown if "protocol" in message and "type" in message} == set(
        READERS
    )
    assert {id(reader_of(message)) for message in shown if "protocol" in message} == {
        id(each)
        for each in (
            *READERS.values(), wire.REQUEST, wire.STATUS_QUERY, wire.CANCELLATION, wire.LIVE_LIST_QUERY
        )
    }  # fmt: skip


def test_the_requests_on_the_page_are_what_the_hub_writes() -> None:
    shown = [message for block in blocks("json") if "mandate" in (message := json.loads(block))]
    assert [message["kind"] for message in shown] == ["asset_query", "freeze", "locate"]
    assert all(message in WRITTEN.values() for message in shown)
    assert WRITTEN["live_list-after"] in [json.loads(block) for block in blocks("json")]


def test_each_way_to_order_something_is_shown_as_the_hub_writes_it() -> None:
    shown = [json.loads(block) for block in blocks("jsonc")]
    contents = {name: {WRITTEN[name]["kind"]: WRITTEN[name][WRITTEN[name]["kind"]]} for name in ORDERED}
    in_full = ["freeze", "locate"]
    assert [name for name in ORDERED if contents[name] not in shown] == in_full
    assert len(shown) == len(ORDERED) - len(in_full)


ORDERED = [name for name, order in ORDERS.items() if not isinstance(order, AssetQueryOrder)]


def models() -> list[type[BaseModel]]:
    found = [
        each
        for module in (wire, assets, facts)
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, facts.Fact | wire.Piece)
    ]
    apart = {facts.Fact, wire.Piece, *REQUESTS.values()}
    return [each for each in dict.fromkeys(found) if each not in apart]


REQUESTS: dict[str, type[BaseModel]] = {
    "scope": wire.AssetQueryMessage,
    "freeze": wire.FreezeMessage,
    "renewal": wire.RenewalMessage,
    "release": wire.ReleaseMessage,
    "transfer": wire.TransferMessage,
    "conversion": wire.ConversionMessage,
    "locate": wire.LocateMessage,
    "recall": wire.RecallMessage,
    "hit_decision": wire.HitDecisionMessage,
}
"""They share one table, in which each has a field of its own."""


def tables() -> list[dict[str, bool]]:
    """Of each table of fields, the fields and whether they must be there."""
    found = re.findall(r"^\| Field \| Type \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    return [
        {
            field: bool(must)
            for field, must in re.findall(r"^\| `(\w+)` \|[^|]+\| (must)? ?\|", table, re.MULTILINE)
        }
        for table in found
    ]


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_every_model_has_its_table(model: type[BaseModel]) -> None:
    fields = dict(model.model_fields)
    if issubclass(model, facts.Reported) and model is not facts.Reported:
        for shared in (*facts.Reported.model_fields, "kind"):
            del fields[shared]
    # Constants have a default in the models, for our side to write them; a reader looks for them.
    expected = {name: field.is_required() or name in {"protocol", "type"} for name, field in fields.items()}
    assert expected in tables()


def test_the_requests_have_their_table() -> None:
    (table,) = [table for table in tables() if "mandate" in table]
    shared = {name for name, must in table.items() if must}
    assert table.keys() - shared == REQUESTS.keys()
    for content, model in REQUESTS.items():
        assert model.model_fields.keys() == shared | {content}
        assert model.model_fields[content].is_required()


@pytest.mark.parametrize(
    "listed",
    [
        AnswerState, RefusalReason, RequestStatus, AssetKind, CertificateType, DocumentKind, AccountNature,
        RealRight, SeizureKind, HolderRole, PartyKind, SignatureFault, OrderKind, ThingKind, Nature, State,
        WhyNot, Change, ObjectionGround, LocateGround, WantedAction, Urgency, HitConfidence, HitDecision,
        CustodyStage, EndReason, WatchKind,
    ],
)  # fmt: skip
def test_every_code_is_listed(listed: type[StrEnum]) -> None:
    assert [code for code in listed if f"`{code}`" not in PAGE] == []


AGENCIES = {
    "banks": "bank",
    "land registries": "land",
    "vehicle registries": "vehicle",
    "tax offices": "tax",
    "police": "police",
}


def test_who_reports_what_is_listed() -> None:
    rows = re.findall(r"^\| `(\w+)` \| \w+ \| ([a-z, ]+) \|$", PAGE, re.MULTILINE)
    said = {(asset, AGENCIES[each]) for asset, who in rows for each in who.split(", ") if each in AGENCIES}
    assert said == {(asset.value, kind.value) for kind, each in KINDS.items() for asset in each.reports}


def test_who_controls_what_and_for_how_long_is_listed() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| \w+ \| .+ \| (yes|no) \| (\d) years? \| ([a-z ]+) \|$", PAGE, re.MULTILINE
    )
    assert {(thing, AGENCIES[who]) for thing, _, _, who in rows} == {
        (thing.value, kind.value) for kind, each in KINDS.items() for thing in each.controls
    }
    assert {ThingKind(thing): Term(years=int(years)) for thing, _, years, _ in rows} == LEGAL_MAXIMUM
    assert {ThingKind(thing) for thing, in_money, _, _ in rows if in_money == "yes"} == MEASURED_IN_MONEY


def test_who_looks_for_whom_is_listed() -> None:
    rows = re.findall(r"^\| ([a-z ]+) \| ((?:people|vehicles)(?:, vehicles)?) \|$", PAGE, re.MULTILINE)
    words = {"people": Wanted.PERSON, "vehicles": Wanted.VEHICLE}
    said = {AGENCIES[who]: {words[each] for each in whom.split(", ")} for who, whom in rows}
    assert said == {kind.value: each.looks_for for kind, each in KINDS.items() if each.looks_for}


def test_the_page_the_court_and_the_police_agree_on_what_a_ground_allows() -> None:
    rows = re.findall(r"^\| `(\w+)` \| \w+ \| (person|vehicle) \| `(\w+)` \| (.+) \|$", PAGE, re.MULTILINE)
    said = {
        LocateGround(ground): (
            Wanted(wanted),
            DocumentKind(paper),
            frozenset(map(WantedAction, re.findall(r"`(\w+)`", actions))),
        )
        for ground, wanted, paper, actions in rows
    }
    assert said == {ground: (rule.wanted, rule.paper, rule.actions) for ground, rule in RULES.items()}
    assert said == {ground: (rule.wanted, rule.paper, rule.actions) for ground, rule in ALLOWED.items()}


def test_the_ends_on_the_page_are_those_that_are_counted() -> None:
    rows = re.findall(r"^\| (\S+T\S+) \| ([\w ]+) \| (\S+) \| (\S+T\S+) \|$", PAGE, re.MULTILINE)
    assert len(rows) == 6
    for begins_at, words, last_on, end in rows:
        begins_on, term = day_in_china(datetime.fromisoformat(begins_at)), spelled(words)
        assert last_day(begins_on, term) == date.fromisoformat(last_on)
        assert end_of_term(begins_on, term) == datetime.fromisoformat(end)


def spelled(words: str) -> Term:
    return Term(**{f"{unit}s": int(number) for number, unit in re.findall(r"(\d+) (year|month|day)", words)})


def test_a_renewal_runs_on_as_the_page_says() -> None:
    found = re.search(r"a freeze until (\S+), renewed for ([\w ]+), lasts until ([\d-]+)\.", PAGE)
    assert found
    end = renewed_end(end_of(date.fromisoformat(found[1])), spelled(found[2]))
    assert last_day_before(end) == date.fromisoformat(found[3])


def test_the_reports_on_the_page_end_when_their_terms_do() -> None:
    """A freeze of a year, a promotion after three, a renewal of half a year and fifteen days."""
    terms = {"freeze": Term(years=1), "freeze-the-thing": Term(years=3)}
    by_id = {str(ORDERS[name].request_id): term for name, term in terms.items()}
    shown = [message for block in blocks("json") if "measures" in (message := json.loads(block))]
    checked = 0
    for message in shown:
        for report in message["measures"]:
            if "ends_at" in report and message.get("request_id") in by_id:
                active_at = datetime.fromisoformat(report["active_at"])
                assert ends_at(active_at, by_id[message["request_id"]]) == datetime.fromisoformat(
                    report["ends_at"]
                )
                checked += 1
    assert checked == 2


def test_errors_have_their_codes_and_statuses() -> None:
    rows = re.findall(r"^\| `(\d{3})` \| `(\w+)` \|", PAGE, re.MULTILINE)
    assert len(rows) > 8
    for status, code in rows:
        assert TITLES[ErrorCode(code)].status == int(status)


def test_the_addresses_are_those_that_are_called() -> None:
    for path in PATHS.values():
        assert f"POST {{endpoint}}/{path}`" in PAGE


# The worked signature ---------------------------------------------------------------------------------------------

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def key_pair(key_id: str) -> tuple[SigningKey, VerifyingKey]:
    found = re.search(rf"\| `{key_id}` \| `(\S+)` \| `(\S+)` \|", PAGE)
    assert found
    private = Ed25519PrivateKey.from_private_bytes(b64decode(found[1]))
    public = Ed25519PublicKey.from_public_bytes(b64decode(found[2]))
    return SigningKey(key_id, private), VerifyingKey(key_id, public, LONG_AGO)


def http(block: str) -> tuple[str, list[tuple[bytes, bytes]], bytes]:
    """Start line, fields and body."""
    head, body = block.split("\n\n")
    start, *lines = head.split("\n")
    fields = [tuple(line.encode().split(b": ", 1)) for line in lines]
    return start, [(name.lower(), value) for name, value in fields], body.encode()


def the_request() -> RequestParts:
    _, fields, body = http(blocks("http")[0])
    return RequestParts("POST", "https://bank.example/liandong/status-queries", fields, body)


def the_response() -> ResponseParts:
    start, fields, body = http(blocks("http")[1])
    return ResponseParts(int(start.split()[1]), fields, body)


def created(fields: signatures.Headers) -> datetime:
    found = re.search(rb"created=(\d+)", dict(fields)[b"signature-input"])
    assert found
    return datetime.fromtimestamp(int(found[1]), UTC)


def nonce(fields: signatures.Headers) -> str:
    found = re.search(rb'nonce="([^"]+)"', dict(fields)[b"signature-input"])
    assert found
    return found[1].decode()


def unsigned(fields: signatures.Headers) -> list[tuple[bytes, bytes]]:
    return [
        field for field in fields if field[0] not in {b"content-digest", b"signature-input", b"signature"}
    ]


@pytest.mark.parametrize(("number", "key_id"), [(0, "hub-2026"), (1, "bank-2026")])
def test_the_signature_base_on_the_page_is_what_was_signed(number: int, key_id: str) -> None:
    """With nothing of ours: the text on the page, the key on the page, the signature on the page."""
    base = blocks("text")[number].encode()
    signature = dict(http(blocks("http")[number])[1])[b"signature"]
    _, key = key_pair(key_id)
    key.public_key.verify(b64decode(signature.removeprefix(b"liandong=:").removesuffix(b":")), base)  # type: ignore[call-arg]


def test_the_request_on_the_page_is_accepted_and_made_again_byte_by_byte() -> None:
    request = the_request()
    key, public = key_pair("hub-2026")
    verify_request(request, {"hub-2026": public}, created(request.headers))
    plain = RequestParts(request.method, request.target_uri, unsigned(request.headers), request.body)
    made = sign_request(plain, key, created(request.headers), nonce(request.headers))
    assert [*plain.headers, *made] == request.headers


def test_the_response_on_the_page_is_accepted_and_made_again_byte_by_byte() -> None:
    request, response = the_request(), the_response()
    key, public = key_pair("bank-2026")
    verify_response(response, request, {"bank-2026": public}, created(response.headers))
    plain = ResponseParts(response.status, unsigned(response.headers), response.body)
    made = sign_response(plain, request, key, created(response.headers), nonce(response.headers))
    assert [*plain.headers, *made] == response.headers


def test_the_bodies_on_the_page_are_as_long_as_it_says() -> None:
    for message in (the_request(), the_response()):
        assert int(dict(message.headers)[b"content-length"]) == len(message.body)
        assert message.body.decode() in blocks("json")
        assert f"{len(message.body)} bytes" in PAGE


def test_the_request_on_the_page_is_what_the_hub_writes() -> None:
    query = wire.read(wire.STATUS_QUERY, the_request().body)
    assert LiandongDialect().encode_status_query(query.request_id).body == the_request().body

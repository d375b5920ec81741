"""Control measures in protocol `liandong/1`: what no schema says, and what the reader refuses."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from app.adapters.contract import (
    Answer,
    MeasureOrder,
    Operation,
    Posted,
    WireReply,
    check_fits,
    kind_of,
)
from app.adapters.liandong import wire
from app.adapters.liandong.dialect import LiandongDialect
from app.adapters.measures import (
    FreezeContent,
    LiveList,
    MeasureReport,
    Notice,
    Objection,
    ObjectionGround,
    ReleaseContent,
    TransferContent,
)
from app.adapters.scaffold import LIST_ID, ORDERS
from app.errors import MalformedAnswer, MessageRejected
from app.measures.terms import Term
from app.measures.words import LIVE, Change, Reach, State
from app.vocabulary import AnswerState, OrderKind

REQUEST_ID = UUID("019a0c5f-2f01-7a10-8b20-5d3c9e0a41d1")
MESSAGE_ID = UUID("019a0c60-7701-7c44-9a01-2f6b8d1e9001")
DIALECT = LiandongDialect()

FROZEN: dict[str, Any] = {
    "kind": "account",
    "identity": "6217994190010000018",
    "state": "in_force",
    "rank": 1,
    "limit": "85000.00",
    "held": "13230.55",
    "received_at": "2026-03-02T17:30:02+08:00",
    "ends_at": "2027-03-03T00:00:00+08:00",
}
MISSED = {"kind": "account", "identity": "6217994190010000018", "why_not": "thing_unknown"}
ACCOUNT = {
    "kind": "bank_account",
    "account_number": "6217994190010000018",
    "account_type": "个人结算账户",
    "status": "active",
    "balance": "18230.55",
    "available_balance": "13230.55",
    "branch": "城关支行",
}


def said(kind: str, **fields: Any) -> dict[str, Any]:
    message = {
        "protocol": "liandong/1",
        "type": kind,
        "message_id": str(MESSAGE_ID),
        "request_id": str(REQUEST_ID),
    }
    return {**message, **fields}


def answer(state: str, *measures: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return said("answer", state=state, as_of="2026-03-02T17:31:05+08:00", measures=list(measures), **fields)


def notice(*measures: dict[str, Any], **fields: Any) -> dict[str, Any]:
    told = {"cause": "promoted", "as_of": "2026-03-02T17:31:05+08:00", "measures": list(measures)}
    return said("notice", **{**told, **fields})


def objection(**fields: Any) -> dict[str, Any]:
    raised = {"raised_at": "2026-03-03T09:05:00+08:00", "grounds": ["excessive"], "text": "超标的冻结"}
    return said("objection", **{**raised, **fields})


def live_list(*measures: tuple[UUID, dict[str, Any]], **fields: Any) -> dict[str, Any]:
    listed = [{"request_id": str(request_id), "measure": measure} for request_id, measure in measures]
    message = said("live_list", as_of="2026-03-11T02:00:00+08:00", measures=listed, **fields)
    del message["request_id"]
    return message


def called_back(message: dict[str, Any]) -> Posted:
    return DIALECT.decode_callback("application/json", json.dumps(message).encode())


def listed(message: dict[str, Any], status: int = 200) -> LiveList:
    return DIALECT.decode_live_list(WireReply(status, "application/json", json.dumps(message).encode()))


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(MalformedAnswer) as caught:
        act()
    return caught.value.reason


def rejected(order: MeasureOrder) -> str:
    with pytest.raises(MessageRejected) as caught:
        DIALECT.encode(order)
    return caught.value.reason


def measure(name: str) -> MeasureOrder:
    order = ORDERS[name]
    assert isinstance(order, MeasureOrder)
    return order


# Answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (answer("executed", MISSED), ": effect_contradicted"),
        (answer("not_executed", FROZEN), ": effect_contradicted"),
        (answer("not_executed", MISSED, FROZEN), ": effect_contradicted"),
        (answer("executed", FROZEN, part=2), ": part_not_allowed"),
        (answer("executed", FROZEN, refusal={"reason": "other"}), ": refusal_without_reason"),
        (answer("found", FROZEN, assets=[ACCOUNT]), ": measures_not_allowed"),
        (answer("partial", FROZEN, assets=[ACCOUNT]), ": measures_not_allowed"),
        (answer("nothing_found", MISSED), ": measures_not_allowed"),
        (answer("not_yet", FROZEN), ": measures_not_allowed"),
        (answer("refused", MISSED, refusal={"reason": "other"}), ": measures_not_allowed"),
        (answer("executed", {**FROZEN, "why_not": "technical"}), "/measures/0: state_or_why_not"),
        (answer("executed", FROZEN, {"kind": "account", "identity": "1"}), "/measures/1: state_or_why_not"),
        (answer("executed", {**FROZEN, "state": "released"}), "/measures/0: rank_not_allowed"),
    ],
)
def test_an_answer_that_contradicts_itself_is_malformed(message: dict[str, Any], fault: str) -> None:
    assert refused(lambda: called_back(message)) == fault


def test_one_leg_that_failed_does_not_unsay_the_other() -> None:
    """Of a wealth product the return account may be frozen and the product not: one result per leg."""
    decoded = called_back(answer("executed", FROZEN, MISSED))
    assert isinstance(decoded, Answer)
    assert [(each.state, each.why_not) for each in decoded.measures] == [
        (State.IN_FORCE, None),
        (None, "thing_unknown"),
    ]


def test_a_freeze_of_what_is_found_may_tell_what_was_found() -> None:
    decoded = called_back(answer("executed", FROZEN, assets=[ACCOUNT]))
    assert isinstance(decoded, Answer)
    assert (len(decoded.assets), len(decoded.measures)) == (1, 1)


def test_a_waiting_freeze_has_no_end_yet_and_an_unknown_sum_is_not_zero() -> None:
    waiting = {
        "kind": "real_estate",
        "identity": "419901001002GB00018F00010005",
        "state": "waiting",
        "rank": 2,
    }
    decoded = called_back(answer("executed", waiting))
    assert isinstance(decoded, Answer)
    (report,) = decoded.measures
    assert (report.active_at, report.ends_at, report.held, report.limit) == (None, None, None, None)


def test_the_instants_of_a_report_are_handed_on_in_utc() -> None:
    decoded = called_back(answer("executed", FROZEN))
    assert isinstance(decoded, Answer)
    ends_at = decoded.measures[0].ends_at
    assert ends_at == datetime(2027, 3, 2, 16, tzinfo=UTC)
    assert ends_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "bank_account"),
        ("kind", "equity"),
        ("state", "IN_FORCE"),
        ("state", "frozen"),
        ("rank", "1"),
        ("rank", 0),
        ("rank", 1.0),
        ("rank", True),
        ("limit", 85000),
        ("held", "13,230.55"),
        ("held", "13230.555"),
        ("balance", "unknown"),
        ("received_at", "2026-03-02T17:30:02"),
        ("received_at", 1772443802),
        ("active_at", "2026-03-02"),
        ("ends_at", "9999-12-31T23:59:59-08:00"),
        ("identity", ""),
        ("identity", "a\u0000b"),
        ("agency_number", "a\nb"),
    ],
)
def test_a_value_that_is_merely_alike_is_refused(field: str, value: object) -> None:
    message = answer("executed", {**FROZEN, field: value})
    assert refused(lambda: called_back(message)).startswith(f"/measures/0/{field}: ")


def test_an_unknown_reason_is_loud_and_not_repeated() -> None:
    message = answer("not_executed", {**MISSED, "why_not": "贺明远"})
    assert refused(lambda: called_back(message)) == "/measures/0/why_not: enum"


def test_a_report_shows_nothing_of_itself() -> None:
    report = MeasureReport(**{**FROZEN, "held": Decimal("1.00")})
    assert "6217994190010000018" not in f"{report!r} {report!s}"


def test_a_thousand_reports_are_the_most() -> None:
    message = answer("executed", *[FROZEN] * 1001)
    assert refused(lambda: called_back(message)) == "/measures: too_long"


@pytest.mark.parametrize("name", [name for name, order in ORDERS.items() if isinstance(order, MeasureOrder)])
def test_a_measure_is_answered_as_a_measure(name: str) -> None:
    kind = kind_of(ORDERS[name])
    reported = replace(answered(AnswerState.EXECUTED), measures=(MeasureReport.model_validate(FROZEN),))
    check_fits(kind, reported)
    check_fits(kind, answered(AnswerState.REFUSED))
    for state in (AnswerState.FOUND, AnswerState.PARTIAL):
        with pytest.raises(MalformedAnswer):
            check_fits(kind, answered(state))


@pytest.mark.parametrize("state", [AnswerState.EXECUTED, AnswerState.NOT_EXECUTED])
def test_of_a_measure_something_is_reported(state: AnswerState) -> None:
    """The message alone does not tell what was ordered, so only the order refuses it."""
    with pytest.raises(MalformedAnswer):
        check_fits(OrderKind.FREEZE, answered(state))


@pytest.mark.parametrize("state", [AnswerState.NOTHING_FOUND, AnswerState.AMBIGUOUS, AnswerState.MISMATCH])
def test_only_what_looks_somebody_up_may_find_nobody(state: AnswerState) -> None:
    check_fits(OrderKind.ASSET_QUERY, answered(state))
    check_fits(OrderKind.FREEZE, answered(state))
    with pytest.raises(MalformedAnswer):
        check_fits(OrderKind.RELEASE, answered(state))


def test_a_query_executes_nothing() -> None:
    assert refused(lambda: check_fits(OrderKind.ASSET_QUERY, answered(AnswerState.EXECUTED)))


def answered(state: AnswerState) -> Answer:
    return Answer(REQUEST_ID, MESSAGE_ID, state, datetime(2026, 3, 2, tzinfo=UTC))


# Notices and objections -------------------------------------------------------------------------------------------


def test_a_notice_tells_cause_and_state() -> None:
    told = called_back(notice(FROZEN))
    assert isinstance(told, Notice)
    assert (told.request_id, told.cause, told.measures[0].state) == (
        REQUEST_ID,
        Change.PROMOTED,
        State.IN_FORCE,
    )


def test_a_notice_may_be_overtaken_by_what_happened_since() -> None:
    """Promoted, and released by another court's order before the notice went out: the state is the newer word."""
    released = {name: value for name, value in FROZEN.items() if name != "rank"}
    told = called_back(notice({**released, "state": "released"}))
    assert isinstance(told, Notice)
    assert (told.cause, told.measures[0].state) == (Change.PROMOTED, State.RELEASED)


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (notice(), "/measures: too_short"),
        (notice(MISSED), ": state_missing"),
        (notice(FROZEN, cause="thawed"), "/cause: enum"),
        (notice(FROZEN, state="executed"), ": extra_forbidden"),
        (notice(FROZEN, as_of="2026-03-02T17:31:05"), "/as_of: string_pattern_mismatch"),
        (objection(grounds=[]), "/grounds: too_short"),
        (objection(grounds=["excessive", "unfair"]), "/grounds/1: enum"),
        (objection(grounds="excessive"), "/grounds: tuple_type"),
        (objection(text=""), "/text: string_too_short"),
        (objection(text="超" * 2001), "/text: string_too_long"),
        (objection(measures=[FROZEN]), ": extra_forbidden"),
        (said("grudge"), ": union_tag_invalid"),
    ],
)
def test_a_notice_or_objection_that_is_not_one_is_malformed(message: dict[str, Any], fault: str) -> None:
    assert refused(lambda: called_back(message)) == fault


def test_an_objection_is_no_answer() -> None:
    """2013 Rules §6: in writing, and the measure stands until the court has answered."""
    raised = called_back(objection(grounds=["exempt_property", "other"], agency_reference="函7号"))
    assert raised == Objection(
        request_id=REQUEST_ID,
        message_id=MESSAGE_ID,
        raised_at=datetime(2026, 3, 3, 1, 5, tzinfo=UTC),
        grounds=(ObjectionGround.EXEMPT_PROPERTY, ObjectionGround.OTHER),
        text="超标的冻结",
        agency_reference="函7号",
    )
    assert "超标的" not in repr(raised)


@pytest.mark.parametrize("message", [notice(FROZEN), objection()])
def test_what_an_agency_says_by_itself_is_no_reply(message: dict[str, Any]) -> None:
    reply = WireReply(200, "application/json", json.dumps(message).encode())
    for operation in (Operation.REQUEST, Operation.STATUS_QUERY, Operation.CANCELLATION):
        refused(lambda operation=operation: DIALECT.decode_reply(operation, reply))  # type: ignore[misc]


# The live list ----------------------------------------------------------------------------------------------------

EARLIER, LATER = UUID(int=1), UUID(int=2)


def test_a_list_is_in_order_and_keeps_the_legs_of_one_freeze_together() -> None:
    told = listed(live_list((EARLIER, FROZEN), (EARLIER, FROZEN), (LATER, FROZEN), more=True))
    assert [each.request_id for each in told.measures] == [EARLIER, EARLIER, LATER]
    assert told.more
    assert not listed(live_list()).more


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (live_list((LATER, FROZEN), (EARLIER, FROZEN)), ": not_in_order"),
        (live_list(more=True), ": measures_missing"),
        (live_list((EARLIER, MISSED)), ": not_live"),
        (live_list(more="yes"), "/more: bool_type"),
        (live_list((EARLIER, {**FROZEN, "held": 1})), "/measures/0/measure/held: string_type"),
        ({**live_list(), "type": "answer"}, "/type: literal_error"),
    ],
)
def test_a_list_that_cannot_be_compared_with_is_malformed(message: dict[str, Any], fault: str) -> None:
    assert refused(lambda: listed(message)) == fault


@pytest.mark.parametrize("state", sorted(set(State) - LIVE))
def test_only_live_freezes_are_listed(state: State) -> None:
    ended = {name: value for name, value in FROZEN.items() if name != "rank"}
    assert refused(lambda: listed(live_list((EARLIER, {**ended, "state": state})))) == ": not_live"


def test_a_list_comes_with_status_200() -> None:
    assert "202" in refused(lambda: listed(live_list(), status=202))


def test_ten_thousand_freezes_fit_on_a_page() -> None:
    full = {
        **FROZEN,
        "balance": "13230.55",
        "active_at": "2026-03-02T17:30:02+08:00",
        "agency_number": "ZCNSH-D-2026-000318",
    }
    page = live_list(*[(UUID(int=number), full) for number in range(10_000)])
    body = json.dumps(page, ensure_ascii=False, separators=(",", ":")).encode()
    assert len(body) < wire.MAX_BYTES
    told = DIALECT.decode_live_list(WireReply(200, "application/json", body))
    assert len(told.measures) == 10_000


def test_each_page_of_a_list_is_a_message_of_its_own() -> None:
    first, second, again = (DIALECT.encode_live_list(LIST_ID, after) for after in (None, EARLIER, EARLIER))
    assert (first.request_id, second.request_id) == (LIST_ID, LIST_ID)
    assert first.message_id != second.message_id
    assert second == again


# Orders -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "limit", [Decimal(0), Decimal(-1), Decimal("0.001"), Decimal("NaN"), Decimal("1E+20"), Reach.UNKNOWN]
)
def test_a_limit_is_a_sum_or_the_whole(limit: Decimal | Reach) -> None:
    order = measure("freeze")
    assert isinstance(order.content, FreezeContent)
    reason = rejected(replace(order, content=replace(order.content, limit=limit)))
    assert reason.startswith("does not fit the protocol: /freeze/limit: ")


@pytest.mark.parametrize("amount", [Decimal(0), Decimal(-5), Decimal("1.005")])
def test_only_a_sum_can_be_released_or_transferred(amount: Decimal) -> None:
    release, transfer = measure("release-a-part"), measure("transfer")
    assert isinstance(release.content, ReleaseContent)
    assert isinstance(transfer.content, TransferContent)
    for order in (
        replace(release, content=replace(release.content, amount=amount)),
        replace(transfer, content=replace(transfer.content, amount=amount)),
    ):
        assert rejected(order).startswith(f"does not fit the protocol: /{kind_of(order)}/amount: ")


@pytest.mark.parametrize("term", [Term(), Term(years=-1, months=13), Term(years=101)])
def test_a_term_is_longer_than_nothing(term: Term) -> None:
    order = measure("freeze")
    assert isinstance(order.content, FreezeContent)
    reason = rejected(replace(order, content=replace(order.content, term=term)))
    assert reason.startswith("does not fit the protocol: /freeze/term")


@pytest.mark.parametrize(
    ("name", "change", "fault"),
    [
        ("freeze", {"limit": None}, "/freeze: sum_or_whole"),
        ("freeze", {"whole": True}, "/freeze: sum_or_whole"),
        ("freeze-the-thing", {"whole": False}, "/freeze: sum_or_whole"),
        ("release", {"whole": None}, "/release: sum_or_whole"),
        ("release", {"amount": "1.00"}, "/release: sum_or_whole"),
        ("release-a-part", {"amount": "0.00"}, "/release/amount: greater_than"),
        ("transfer", {"amount": 13230.55}, "/transfer/amount: string_type"),
        ("renewal", {"term": {"years": "1"}}, "/renewal/term/years: int_type"),
        ("freeze", {"targets": [{"kind": "account"}]}, "/freeze/targets/0/identity: missing"),
        ("conversion", {"amount": "1.00"}, "/conversion: extra_forbidden"),
    ],
)
def test_an_order_that_binds_or_frees_by_oversight_is_not_read(
    name: str, change: dict[str, Any], fault: str
) -> None:
    """A forgotten sum must never freeze or release the whole: either way of saying how much is spoken."""
    message = json.loads(DIALECT.encode(ORDERS[name]).body)
    content = {**message[message["kind"]], **change}
    message[message["kind"]] = {field: value for field, value in content.items() if value is not None}
    assert refused(lambda: wire.read(wire.REQUEST, json.dumps(message).encode())) == fault


def test_the_content_is_that_of_the_kind() -> None:
    message = json.loads(DIALECT.encode(ORDERS["release"]).body)
    message["kind"] = "transfer"
    reason = refused(lambda: wire.read(wire.REQUEST, json.dumps(message).encode()))
    assert reason == "/transfer: missing; : extra_forbidden"


def test_what_is_written_is_read_the_same() -> None:
    for order in ORDERS.values():
        body = DIALECT.encode(order).body
        assert wire.write(wire.read(wire.REQUEST, body)) == body

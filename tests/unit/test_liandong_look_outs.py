"""Looking out in protocol `liandong/1`: what no schema says, and what the reader refuses."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.adapters.contract import (
    Answer,
    LookOutOrder,
    Operation,
    Posted,
    WireReply,
    check_fits,
    kind_of,
    read_callback,
)
from app.adapters.kinds import KINDS
from app.adapters.liandong import wire
from app.adapters.liandong.dialect import LiandongDialect
from app.adapters.locating import CustodyNotice, Hit, HitDecisionContent, LocateContent, WatchNotice
from app.adapters.measures import MeasureReport
from app.adapters.scaffold import ORDERS
from app.errors import MalformedAnswer, MessageRejected
from app.vocabulary import (
    LOOK_OUTS,
    AgencyKind,
    AnswerState,
    CustodyStage,
    HitConfidence,
    HitDecision,
    OrderKind,
    Wanted,
    WatchKind,
)

REQUEST_ID = UUID("019a0c5f-2f11-7a10-8b20-5d3c9e0a41d1")
MESSAGE_ID = UUID("019a0c60-7741-7c44-9a01-2f6b8d1e9041")
HIT_ID = UUID("019a0c70-11a0-7d52-b8f1-0c2e94d7a601")
DIALECT = LiandongDialect()
FROZEN = {"kind": "vehicle", "identity": "LLLLLLLLLLLLL0018", "state": "in_force", "rank": 1}
ACCOUNT = {
    "kind": "bank_account",
    "account_number": "6217994190010000018",
    "account_type": "个人结算账户",
    "status": "active",
    "balance": "18230.55",
    "available_balance": "13230.55",
    "branch": "城关支行",
}


def said(type_: str, /, **fields: Any) -> dict[str, Any]:
    message = {
        "protocol": "liandong/1",
        "type": type_,
        "message_id": str(MESSAGE_ID),
        "request_id": str(REQUEST_ID),
    }
    return {**message, **fields}


def answer(state: str, **fields: Any) -> dict[str, Any]:
    return said("answer", state=state, as_of="2026-03-02T17:31:05+08:00", **fields)


def hit(**fields: Any) -> dict[str, Any]:
    seen = {
        "hit_id": str(HIT_ID),
        "seen_at": "2026-03-05T21:14:33+08:00",
        "place": "某某市某某宾馆前台",
        "source": "旅馆业治安管理信息系统",
        "confidence": "probable",
        "reporter": "巡警甲",
    }
    return said("hit", **{**seen, **fields})


def custody(stage: str = "held", **fields: Any) -> dict[str, Any]:
    told = {"hit_id": str(HIT_ID), "stage": stage, "at": "2026-03-05T21:31:00+08:00", "place": "某某派出所"}
    return said("custody_notice", **{**told, **fields})


def watched(**fields: Any) -> dict[str, Any]:
    told = {"kind": "hotel_stay", "happened_at": "2026-03-04T22:10:00+08:00", "place": "某某宾馆"}
    return said("watch_notice", **{**told, **fields})


def without(message: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name != field}


def called_back(message: dict[str, Any]) -> Posted:
    return DIALECT.decode_callback("application/json", json.dumps(message).encode())


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(MalformedAnswer) as caught:
        act()
    return caught.value.reason


def rejected(order: LookOutOrder) -> str:
    with pytest.raises(MessageRejected) as caught:
        DIALECT.encode(order)
    return caught.value.reason


def look_out(name: str) -> LookOutOrder:
    order = ORDERS[name]
    assert isinstance(order, LookOutOrder)
    return order


def locate(name: str = "locate", **otherwise: Any) -> LookOutOrder:
    order = look_out(name)
    assert isinstance(order.content, LocateContent)
    return replace(order, content=replace(order.content, **otherwise))


def decision(name: str, **otherwise: Any) -> LookOutOrder:
    order = look_out(name)
    assert isinstance(order.content, HitDecisionContent)
    return replace(order, content=replace(order.content, **otherwise))


def written(order: LookOutOrder) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(DIALECT.encode(order).body)
    return message


# What is ordered --------------------------------------------------------------------------------------------------


def test_there_is_an_order_of_each_kind_to_try_with() -> None:
    assert {kind_of(order) for order in ORDERS.values() if isinstance(order, LookOutOrder)} == LOOK_OUTS


@pytest.mark.parametrize("shorter", [timedelta(0), timedelta(seconds=-1)])
def test_a_look_out_ends_after_it_begins(shorter: timedelta) -> None:
    begins_at = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    reason = rejected(locate(valid_from=begins_at, valid_until=begins_at + shorter))
    assert reason == "does not fit the protocol: /locate: validity_empty"


@pytest.mark.parametrize(
    ("otherwise", "place"),
    [
        ({"duty_phone": ""}, "/locate/duty_phone"),
        ({"ground_number": "（2018）\n豫1424司惩7号"}, "/locate/ground_number"),
        ({"last_known_places": ("某某路",) * 51}, "/locate/last_known_places"),
        ({"last_known_places": ("",)}, "/locate/last_known_places/0"),
        ({"phones": ("1",) * 21}, "/locate/phones"),
        ({"photo_sha256": "no digest"}, "/locate/photo_sha256"),
        ({"note": "长" * 2001}, "/locate/note"),
    ],
)
def test_a_look_out_that_does_not_fit_names_the_field(otherwise: dict[str, Any], place: str) -> None:
    assert rejected(locate(**otherwise)).startswith(f"does not fit the protocol: {place}: ")


def test_what_there_is_nothing_to_say_of_is_left_out() -> None:
    bare = written(locate(photo_sha256=None, note=""))["locate"]
    assert bare.keys() & {"vehicle", "photo_sha256", "note"} == set()


def test_a_vehicle_is_named_by_its_plate_and_its_body() -> None:
    """A stolen plate on another car must not get that car's driver held."""
    assert written(look_out("locate-a-vehicle"))["locate"]["vehicle"].keys() == {
        "plate_number", "plate_class", "vin",
    }  # fmt: skip
    assert (locate().content.wanted, locate("locate-a-vehicle").content.wanted) == (  # type: ignore[union-attr]
        Wanted.PERSON,
        Wanted.VEHICLE,
    )


@pytest.mark.parametrize(
    ("said_of_it", "minutes"),
    [
        (HitDecision.MORE_TIME, None),
        (HitDecision.MORE_TIME, 0),
        (HitDecision.MORE_TIME, 1441),
        (HitDecision.CONFIRMED, 30),
        (HitDecision.NOT_HIM, 30),
    ],
)
def test_more_time_and_nothing_else_says_how_much(said_of_it: HitDecision, minutes: int | None) -> None:
    reason = rejected(decision("hit-confirmed", decision=said_of_it, minutes_needed=minutes))
    assert reason.startswith("does not fit the protocol: /hit_decision")


@pytest.mark.parametrize("name", [name for name, order in ORDERS.items() if isinstance(order, LookOutOrder)])
def test_what_is_written_can_be_read(name: str) -> None:
    message = wire.read(wire.REQUEST, DIALECT.encode(look_out(name)).body)
    assert message.kind is kind_of(look_out(name))
    assert wire.write(message) == DIALECT.encode(look_out(name)).body


@pytest.mark.parametrize("kind", sorted(LOOK_OUTS))
def test_the_content_is_that_of_the_kind(kind: OrderKind) -> None:
    """Nobody is to be held because a recall was read as a look-out."""
    for name, order in ORDERS.items():
        if isinstance(order, LookOutOrder) and kind_of(order) is not kind:
            message = {**written(look_out(name)), "kind": kind}
            with pytest.raises(MalformedAnswer):
                wire.read(wire.REQUEST, json.dumps(message).encode())


# How it is answered -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (answer("not_executed"), ": remark_missing"),
        (answer("not_executed", remark=""), ": remark_missing"),
        (answer("executed", part=2), ": part_not_allowed"),
        (answer("executed", assets=[ACCOUNT]), ": assets_not_allowed"),
        (answer("executed", refusal={"reason": "other"}), ": refusal_without_reason"),
        (answer("not_executed", remark="已过期", assets=[ACCOUNT]), ": assets_not_allowed"),
    ],
)
def test_an_answer_that_contradicts_itself_is_malformed(message: dict[str, Any], fault: str) -> None:
    assert refused(lambda: called_back(message)) == fault


def answered(state: AnswerState, **otherwise: Any) -> Answer:
    return replace(Answer(REQUEST_ID, MESSAGE_ID, state, datetime(2026, 3, 2, tzinfo=UTC)), **otherwise)


@pytest.mark.parametrize("kind", sorted(LOOK_OUTS))
def test_an_order_about_a_look_out_is_carried_out_refused_or_not_carried_out(kind: OrderKind) -> None:
    fitting = {
        AnswerState.EXECUTED, AnswerState.NOT_EXECUTED, AnswerState.REFUSED, AnswerState.NOT_YET,
    }  # fmt: skip
    for state in fitting:
        check_fits(kind, answered(state))
    for state in set(AnswerState) - fitting:
        assert refused(lambda state=state: check_fits(kind, answered(state)))  # type: ignore[misc]


@pytest.mark.parametrize("kind", sorted(LOOK_OUTS))
def test_nothing_is_frozen_by_looking_out(kind: OrderKind) -> None:
    reports = (MeasureReport.model_validate(FROZEN),)
    assert refused(lambda: check_fits(kind, answered(AnswerState.EXECUTED, measures=reports)))


# Corrections ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message", [answer("found", assets=[ACCOUNT]), answer("nothing_found"), answer("mismatch")]
)
def test_an_answer_to_a_query_may_be_corrected(message: dict[str, Any]) -> None:
    decoded = called_back({**message, "corrects": str(HIT_ID)})
    assert isinstance(decoded, Answer)
    assert decoded.corrects == HIT_ID
    check_fits(OrderKind.ASSET_QUERY, decoded)


@pytest.mark.parametrize(
    "message",
    [
        answer("partial", assets=[ACCOUNT]),
        answer("found", assets=[ACCOUNT], part=2),
        answer("not_yet"),
        answer("refused", refusal={"reason": "other"}),
        answer("executed"),
        answer("executed", measures=[FROZEN]),
        answer("not_executed", remark="已过期"),
    ],
)
def test_a_correction_tells_all_at_once_and_takes_no_effect_back(message: dict[str, Any]) -> None:
    assert refused(lambda: called_back({**message, "corrects": str(HIT_ID)})) == ": correction_not_allowed"


@pytest.mark.parametrize("kind", sorted(set(OrderKind) - {OrderKind.ASSET_QUERY}))
def test_only_an_answer_to_a_query_is_corrected(kind: OrderKind) -> None:
    assert refused(lambda: check_fits(kind, answered(AnswerState.NOTHING_FOUND, corrects=HIT_ID)))


# What is said without being asked ---------------------------------------------------------------------------------


def test_a_hit_tells_when_where_by_whom_and_how_surely() -> None:
    decoded = called_back(hit(circumstances="以本人证件登记入住"))
    assert isinstance(decoded, Hit)
    assert (decoded.request_id, decoded.hit_id) == (REQUEST_ID, HIT_ID)
    assert decoded.seen_at == datetime(2026, 3, 5, 13, 14, 33, tzinfo=UTC)
    assert (decoded.confidence, decoded.reporter) == (HitConfidence.PROBABLE, "巡警甲")


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        *[
            (without(hit(), field), f"/{field}: missing")
            for field in ("request_id", "hit_id", "seen_at", "place", "source", "confidence", "reporter")
        ],
        (hit(confidence="sure"), "/confidence: enum"),
        (hit(confidence=1), "/confidence: enum"),
        (hit(seen_at="2026-03-05T21:14:33"), "/seen_at: string_pattern_mismatch"),
        (hit(seen_at=1772716473), "/seen_at: string_type"),
        (hit(hit_id="7"), "/hit_id: string_pattern_mismatch"),
        (hit(place=""), "/place: string_too_short"),
        (hit(place="某某宾馆\u0000"), "/place: string_pattern_mismatch"),
        (hit(reporter="甲" * 401), "/reporter: string_too_long"),
        (hit(attachment_sha256="AB" * 32), "/attachment_sha256: string_pattern_mismatch"),
        (hit(circumstances="\u0007"), "/circumstances: string_pattern_mismatch"),
        (hit(held=True), ": extra_forbidden"),
        (hit(stage="held"), ": extra_forbidden"),
        *[
            (without(custody(), field), f"/{field}: missing")
            for field in ("request_id", "hit_id", "stage", "at", "place")
        ],
        (custody("arrested"), "/stage: enum"),
        (custody("held", came_along=["车钥匙"]), ": came_along_not_allowed"),
        (custody("released", came_along=["车钥匙"]), ": came_along_not_allowed"),
        (custody("handed_over", came_along="车钥匙"), "/came_along: tuple_type"),
        (custody("handed_over", came_along=["车钥匙"] * 51), "/came_along: too_long"),
        *[(without(watched(), field), f"/{field}: missing") for field in ("kind", "happened_at", "place")],
        (watched(kind="gossip"), "/kind: enum"),
        (watched(detail=7), "/detail: string_type"),
    ],
)
def test_a_notice_that_is_not_one_is_malformed(message: dict[str, Any], fault: str) -> None:
    assert refused(lambda: called_back(message)) == fault


def test_what_came_along_is_told_at_the_hand_over() -> None:
    decoded = called_back(custody("handed_over", came_along=["车辆", "车钥匙", "行驶证"]))
    assert isinstance(decoded, CustodyNotice)
    assert (decoded.stage, decoded.came_along) == (CustodyStage.HANDED_OVER, ("车辆", "车钥匙", "行驶证"))


@pytest.mark.parametrize("kind", WatchKind)
def test_whatever_leads_on_can_be_told(kind: WatchKind) -> None:
    decoded = called_back(watched(kind=kind))
    assert isinstance(decoded, WatchNotice)
    assert decoded.kind is kind


@pytest.mark.parametrize("message", [hit(), custody(), watched()])
def test_what_is_said_without_being_asked_is_no_reply(message: dict[str, Any]) -> None:
    reply = WireReply(200, "application/json", json.dumps(message).encode())
    for operation in Operation:
        assert refused(lambda operation=operation: DIALECT.decode_reply(operation, reply))  # type: ignore[misc]


def able(message: dict[str, Any]) -> set[AgencyKind]:
    """The kinds of agency from which such a message is understood."""
    body = json.dumps(message).encode()
    kinds = set()
    for kind, profile in KINDS.items():
        try:
            read_callback(DIALECT, profile, "application/json", body)
        except MalformedAnswer:
            continue
        kinds.add(kind)
    return kinds


@pytest.mark.parametrize("message", [hit(), custody()])
def test_only_those_who_are_out_on_the_street_meet_and_hold_anybody(message: dict[str, Any]) -> None:
    assert able(message) == {AgencyKind.POLICE, AgencyKind.VEHICLE}


def test_everybody_may_tell_what_leads_on() -> None:
    """Money that arrives shows where somebody is as well as a night in a hotel does."""
    assert able(watched(kind="money_arrived")) == set(AgencyKind)


def test_a_vehicle_registry_looks_for_no_people() -> None:
    assert KINDS[AgencyKind.VEHICLE].looks_for == {Wanted.VEHICLE}
    assert KINDS[AgencyKind.POLICE].looks_for == set(Wanted)

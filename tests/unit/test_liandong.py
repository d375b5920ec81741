"""The rules of protocol `liandong/1` that no schema says, and what its reader refuses."""

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from app.adapters.assets import (
    BankAccount,
    IdentityRecord,
    TravelRecord,
    WealthProduct,
    identity_of,
)
from app.adapters.contract import Answer, Operation, Posted, StatusReport, WireReply
from app.adapters.liandong import wire
from app.adapters.liandong.dialect import LiandongDialect
from app.errors import MalformedAnswer, MessageRejected

REQUEST_ID = UUID("019a0c5e-1f00-7a10-8b20-5d3c9e0a41c1")
MESSAGE_ID = UUID("019a0c60-7701-7c44-9a01-2f6b8d1e9001")
DIALECT = LiandongDialect()

ACCOUNT: dict[str, Any] = {
    "kind": "bank_account",
    "account_number": "6217994190010000018",
    "account_type": "个人结算账户",
    "status": "active",
    "balance": "18230.55",
    "available_balance": "13230.55",
    "branch": "城关支行",
}


def answer(state: str = "found", **fields: Any) -> dict[str, Any]:
    return {
        "protocol": "liandong/1",
        "type": "answer",
        "message_id": str(MESSAGE_ID),
        "request_id": str(REQUEST_ID),
        "state": state,
        "as_of": "2026-03-02T17:31:05+08:00",
        **fields,
    }


def report(status: str, *answers: dict[str, Any]) -> dict[str, Any]:
    return {
        "protocol": "liandong/1",
        "type": "status_report",
        "message_id": str(MESSAGE_ID),
        "request_id": str(REQUEST_ID),
        "status": status,
        "answers": list(answers),
    }


def called_back(message: dict[str, Any]) -> Posted:
    return DIALECT.decode_callback("application/json", json.dumps(message).encode())


def reported(message: dict[str, Any]) -> StatusReport:
    reply = WireReply(200, "application/json", json.dumps(message).encode())
    decoded = DIALECT.decode_reply(Operation.STATUS_QUERY, reply)
    assert isinstance(decoded, StatusReport)
    return decoded


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(MalformedAnswer) as caught:
        act()
    return caught.value.reason


# States -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (answer("found"), "assets_missing"),
        (answer("partial"), "assets_missing"),
        (answer("partial", part=2), "assets_missing"),
        (answer("nothing_found", assets=[ACCOUNT]), "assets_not_allowed"),
        (answer("ambiguous", assets=[ACCOUNT]), "assets_not_allowed"),
        (answer("mismatch", assets=[ACCOUNT]), "assets_not_allowed"),
        (answer("not_yet", assets=[ACCOUNT]), "assets_not_allowed"),
        (answer("not_yet", part=2), "part_not_allowed"),
        (answer("nothing_found", part=2), "part_not_allowed"),
        (answer("refused"), "refusal_without_reason"),
        (answer("refused", refusal={"reason": "other"}, assets=[ACCOUNT]), "assets_not_allowed"),
        (answer("nothing_found", refusal={"reason": "other"}), "refusal_without_reason"),
    ],
)
def test_an_answer_that_contradicts_itself_is_malformed(message: dict[str, Any], fault: str) -> None:
    assert refused(lambda: called_back(message)) == f": {fault}"


def test_the_last_part_may_be_empty() -> None:
    decoded = called_back(answer("found", part=2))
    assert isinstance(decoded, Answer)
    assert (decoded.part, decoded.assets) == (2, ())


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (report("answered"), "answers_missing"),
        (report("unknown_request", answer("nothing_found")), "answer_to_unknown_request"),
        (report("answered", answer("nothing_found", request_id=str(MESSAGE_ID))), "foreign_answer"),
        (report("answered", answer(assets=[ACCOUNT]), answer(assets=[ACCOUNT])), "answer_twice"),
        (
            report(
                "answered",
                answer("partial", assets=[ACCOUNT]),
                answer(assets=[ACCOUNT], message_id=str(REQUEST_ID)),
            ),
            "answer_twice",
        ),
    ],
)
def test_a_status_report_that_contradicts_itself_is_malformed(message: dict[str, Any], fault: str) -> None:
    assert refused(lambda: reported(message)) == f": {fault}"


def test_not_yet_counts_as_no_part_of_the_answer() -> None:
    later = answer(assets=[ACCOUNT], message_id=str(REQUEST_ID))
    assert len(reported(report("answered", answer("not_yet"), later)).answers) == 2


# Values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "amount",
    [
        12,
        12.5,
        "12.505",
        "1e3",
        "NaN",
        "Infinity",
        "",
        " 12",
        "12.",
        ".5",
        "+5",
        "１２",
        "12345678901234567.00",
    ],
)
def test_an_amount_is_a_plain_decimal_string(amount: object) -> None:
    message = answer(assets=[{**ACCOUNT, "balance": amount}])
    assert refused(lambda: called_back(message)).startswith("/assets/0/balance: ")


@pytest.mark.parametrize(
    "instant",
    [
        "2026-03-02T17:31:05",
        "2026-03-02",
        1772443865,
        "1772443865",
        "2026-03-02 17:31:05Z",
        "2026-13-02T00:00:00Z",
        "2026-03-02T00:00:00+25:00",
        "0001-01-01T00:00:00+08:00",
        "9999-12-31T23:59:59-08:00",
    ],
)
def test_an_instant_names_its_offset(instant: object) -> None:
    assert refused(lambda: called_back(answer("mismatch", as_of=instant))).startswith("/as_of: ")


@pytest.mark.parametrize("day", ["2026-02-30", "2026-3-2", "20260302", 20260302, "2026-03-02T00:00:00"])
def test_a_day_is_written_in_full(day: object) -> None:
    message = answer(assets=[{**ACCOUNT, "opened_on": day}])
    assert refused(lambda: called_back(message)).startswith("/assets/0/opened_on: ")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("part", "1"),
        ("part", 1.0),
        ("part", True),
        ("part", 0),
        ("part", 10_001),
        ("message_id", "{019a0c60-7701-7c44-9a01-2f6b8d1e9001}"),
        ("message_id", "019a0c6077017c449a012f6b8d1e9001"),
        ("state", "FOUND"),
        ("protocol", "liandong/2"),
        ("agency_reference", "a\u0000b"),
        ("agency_reference", "a\nb"),
        ("agency_reference", ""),
        ("agency_reference", "x" * 101),
        ("remark", "a\u001bb"),
    ],
)
def test_a_value_that_is_merely_alike_is_refused(field: str, value: object) -> None:
    message = answer("found", assets=[ACCOUNT], **{field: value}) if field != "state" else answer(str(value))
    assert refused(lambda: called_back(message)).startswith(f"/{field}: ")


def test_a_flag_is_true_or_false() -> None:
    message = answer(assets=[{**ACCOUNT, "disputed": "yes"}])
    assert refused(lambda: called_back(message)) == "/assets/0/disputed: bool_type"


def test_an_unknown_field_is_refused_without_repeating_its_name() -> None:
    message = answer(assets=[{**ACCOUNT, "贺明远": 1}])
    assert refused(lambda: called_back(message)) == "/assets/0: extra_forbidden"


def test_an_unknown_kind_of_asset_is_refused_without_repeating_it() -> None:
    assert refused(lambda: called_back(answer(assets=[{"kind": "贺明远"}]))) == "/assets/0: union_tag_invalid"


@pytest.mark.parametrize(
    "repeated",
    [
        '"state": "refused"',
        '"\\u0073tate": "refused"',
        '"request_id": "019a0c5e-1f00-7a10-8b20-5d3c9e0a41c2"',
    ],
)
def test_a_repeated_field_is_refused(repeated: str) -> None:
    body = json.dumps(answer("mismatch"))[:-1] + f", {repeated}}}"
    reason = refused(lambda: DIALECT.decode_callback("application/json", body.encode()))
    assert reason in {"repeated field", ": refusal_without_reason"}


def test_a_field_repeated_deep_inside_is_refused() -> None:
    body = json.dumps(answer(assets=[ACCOUNT])).replace('"balance":', '"balance": "1", "balance":')
    assert refused(lambda: DIALECT.decode_callback("application/json", body.encode())) == "repeated field"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "gb18030"])
def test_only_utf_8_is_read(encoding: str) -> None:
    body = json.dumps(answer("mismatch", remark="重名"), ensure_ascii=False).encode(encoding)
    refused(lambda: DIALECT.decode_callback("application/json", body))


def test_a_message_over_the_limit_is_not_parsed() -> None:
    body = b" " * (wire.MAX_BYTES + 1)
    assert refused(lambda: DIALECT.decode_callback("application/json", body)) == "too long"


def test_only_the_first_faults_are_named() -> None:
    message = answer(assets=[{**ACCOUNT, "balance": 1}] * 500)
    assert refused(lambda: called_back(message)).count(";") == 2


def test_an_acknowledgement_comes_with_202_and_an_answer_with_200() -> None:
    body = json.dumps(answer("mismatch")).encode()
    reply = WireReply(202, "application/json", body)
    assert "202" in refused(lambda: DIALECT.decode_reply(Operation.REQUEST, reply))


def test_a_status_report_is_no_answer_to_a_request() -> None:
    reply = WireReply(200, "application/json", json.dumps(report("received")).encode())
    refused(lambda: DIALECT.decode_reply(Operation.REQUEST, reply))
    refused(lambda: called_back(report("received")))


# Writing ----------------------------------------------------------------------------------------------------------


def test_cancelling_for_another_reason_is_another_message() -> None:
    first, second = (DIALECT.encode_cancellation(REQUEST_ID, reason) for reason in ("已履行", "撤回申请"))
    assert first.message_id != second.message_id


def test_a_cancellation_that_does_not_fit_names_the_field() -> None:
    with pytest.raises(MessageRejected) as caught:
        DIALECT.encode_cancellation(REQUEST_ID, "已" * 2001)
    assert caught.value.reason == "does not fit the protocol: /reason: string_too_long"


def test_an_amount_is_written_without_an_exponent() -> None:
    account = BankAccount(**{**ACCOUNT, "balance": Decimal("1E+4"), "available_balance": Decimal("0E-2")})
    written = json.loads(wire.write(wire.RESPONSE.validate_python(answer(assets=[account]))))
    assert written["assets"][0]["balance"] == "10000"
    assert written["assets"][0]["available_balance"] == "0.00"


def test_what_is_written_can_be_read() -> None:
    message = wire.RESPONSE.validate_python(answer(assets=[BankAccount(**ACCOUNT)], part=3))
    assert wire.read(wire.RESPONSE, wire.write(message)) == message


# Facts ------------------------------------------------------------------------------------------------------------


def test_the_same_thing_reported_in_another_time_zone_is_the_same_thing() -> None:
    def crossing(at: str) -> TravelRecord:
        return TravelRecord(
            document_type="护照",
            document_number="EZ0000018",
            direction="exit",
            crossed_at=datetime.fromisoformat(at),
            checkpoint="郑州机场",
        )

    assert identity_of(crossing("2026-01-01T08:00:00+08:00")) == identity_of(
        crossing("2026-01-01T00:00:00+00:00")
    )


def test_one_account_number_holds_one_account_in_each_currency() -> None:
    yuan, dollars = (BankAccount(**ACCOUNT, currency=currency) for currency in ("CNY", "USD"))
    assert identity_of(yuan) != identity_of(dollars)


def test_a_fund_is_quoted_with_more_decimals_than_money() -> None:
    product = WealthProduct(
        product_number="LC-18",
        product_name="稳健18号",
        product_account="LC1",
        unit_price=Decimal("1.023456"),
        total_amount=Decimal("10234.56"),
    )
    assert product.unit_price == Decimal("1.023456")


def test_a_fact_that_cannot_be_made_does_not_show_its_values() -> None:
    with pytest.raises(ValidationError) as caught:
        IdentityRecord(name="贺明远" * 200, certificate_number="419901197905060019", sex="贺")  # type: ignore[arg-type]
    assert "贺" not in str(caught.value)

"""Small parts of the edge that need neither a server nor a database."""

import contextlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from starlette.types import Message, Receive, Scope, Send

from app.api.edge import Edge
from app.api.metrics import HttpMetrics
from app.api.paging import PageQuery, cursor, read_cursor
from app.api.throttle import Throttle
from app.api.validation import Place, place_errors, pointer
from app.errors import TITLES, ErrorCode, Refusal
from app.linkage.fields import Demand, Line, Money
from app.logs import describe

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_the_brake_closes_at_its_limit_and_opens_after_its_window() -> None:
    brake = Throttle(limit=2, window=MINUTE)
    brake.fail("a", NOW)
    assert not brake.is_closed("a", NOW)
    brake.fail("a", NOW)
    assert brake.is_closed("a", NOW)
    assert not brake.is_closed("b", NOW)
    assert not brake.is_closed("a", NOW + MINUTE)
    brake.fail("a", NOW + MINUTE)
    assert not brake.is_closed("a", NOW + MINUTE)


def test_invented_names_do_not_fill_the_memory_of_the_brake() -> None:
    brake = Throttle(limit=1, window=MINUTE)
    for number in range(20_000):
        brake.fail(str(number), NOW)
    assert not brake.is_closed("0", NOW)
    assert brake.is_closed("19999", NOW)
    assert len(brake._failures) == 10_000


@given(st.uuids())
def test_a_cursor_comes_back_as_the_place_it_was(place: UUID) -> None:
    assert PageQuery(cursor(place.bytes), 1).position() == place


@given(st.text(max_size=60))
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    with contextlib.suppress(Refusal):
        assert len(read_cursor(text, 16)) == 16


def test_a_pointer_is_escaped_and_a_strangers_name_cut_short() -> None:
    assert pointer(["parties", 0, "a/b~c"]) == "/parties/0/a~1b~0c"
    assert len(pointer(["x" * 5000])) == 61


class _Example(Demand):
    name: Line
    amount: Money


def test_findings_have_both_languages_and_never_the_value() -> None:
    with pytest.raises(ValidationError) as invalid:
        _Example.model_validate({"name": "secret\x00", "amount": "secret", "secret-not": "secret"})
    errors = [{**error, "loc": ("body", *error["loc"])} for error in invalid.value.errors()]
    found = place_errors(errors)
    assert [place for place, _ in found] == [Place.BODY] * 3
    for _, field in found:
        assert field.zh
        assert "secret" not in field.en + field.zh


@pytest.mark.parametrize("text", ["0", "0.5", "85000.00", "9999999999999999.99"])
def test_money_keeps_every_fen(text: str) -> None:
    amount = TypeAdapter(Money).validate_python(text)
    assert str(amount) == text


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1.", ".5", "1.001", "1e3", "１", "٣", " 1", "NaN", "1" * 17, 5, 5.0]
)
def test_what_is_not_an_amount_is_refused(text: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Money).validate_python(text)


def test_a_line_of_spaces_is_empty() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Line).validate_python("   ")


def test_every_code_has_a_title_in_both_languages_and_an_error_status() -> None:
    assert TITLES.keys() == set(ErrorCode)
    for title in TITLES.values():
        assert 400 <= title.status < 600
        assert title.en.isascii()
        assert not title.zh.isascii()


def test_a_logged_failure_tells_kinds_and_places_and_no_text() -> None:
    def parse() -> None:
        try:
            int("secret inside")
        except ValueError as inner:
            raise RuntimeError("secret outside") from inner

    with pytest.raises(RuntimeError) as failed:
        parse()
    told = describe(failed.value)
    assert told["error"] == ["builtins.RuntimeError", "builtins.ValueError"]
    assert "secret" not in str(told)


async def test_a_failure_after_the_answer_began_ends_it_unfinished_and_tells_nothing() -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("secret")

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    edge = Edge(app, max_body_bytes=1024, metrics=HttpMetrics())
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
    await edge(scope, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start"]
    assert dict(sent[0]["headers"])[b"x-correlation-id"]

"""Request bodies are read one way only."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.bodies import MalformedJson, parse_json

TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**200), 2**200) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(VALUES)
def test_what_is_json_is_read_as_it_is(value: Any) -> None:
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value
    assert parse_json(json.dumps(value).encode()) == value


@given(st.binary())
def test_any_bytes_are_read_or_refused_and_nothing_else_happens(body: bytes) -> None:
    with contextlib.suppress(MalformedJson):
        parse_json(body)


@pytest.mark.parametrize("depth", [2_000, 100_000, 5_000_000])
def test_what_is_nested_too_deep_is_refused(depth: int) -> None:
    with pytest.raises(MalformedJson) as refused:
        parse_json(b"[" * depth + b"]" * depth)
    assert "deep" in refused.value.reason


@pytest.mark.parametrize("body", [b'{"a":1,"a":1}', b'{"a":{"b":1,"b":2}}', b'[{"\\u0061":1,"a":2}]'])
def test_a_name_given_twice_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedJson) as refused:
        parse_json(body)
    assert "twice" in refused.value.reason


@pytest.mark.parametrize(
    "body",
    [b'"\\u0000"', b'["\\ud800"]', b'{"\\udfff":1}', b'"\\udc00\\ud800"', b'{"a":[{"b":"x\\u0000y"}]}'],
)
def test_nul_and_half_surrogates_are_refused(body: bytes) -> None:
    with pytest.raises(MalformedJson):
        parse_json(body)


def test_a_whole_surrogate_pair_is_a_character() -> None:
    assert parse_json(b'"\\ud840\\udc0b"') == "𠀋"


def test_the_place_is_said_and_the_text_is_not() -> None:
    with pytest.raises(MalformedJson) as refused:
        parse_json(b'{"name": "secret" "x"}')
    assert refused.value.reason == "Not JSON at line 1 column 19. 第 1 行第 19 列有误。"

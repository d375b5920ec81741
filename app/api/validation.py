"""Pydantic's findings in our words: a JSON pointer and a text in both languages, and never the value itself."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from app.errors import FieldError


class Place(StrEnum):
    """The part of a request that a pointer points into."""

    BODY = "body"
    QUERY = "query"
    PATH = "path"
    HEADER = "header"


class _Text(NamedTuple):
    en: str
    zh: str


_NOT_VALID = _Text("not valid here", "内容不合要求")
_TEXTS: dict[str, _Text] = {
    "missing": _Text("required", "必填"),
    "extra_forbidden": _Text("not a known field", "未知字段"),
    "string_type": _Text("must be a string", "须为字符串"),
    "string_too_short": _Text("must have at least {min_length} characters", "至少 {min_length} 个字符"),
    "string_too_long": _Text("must have at most {max_length} characters", "至多 {max_length} 个字符"),
    "string_pattern_mismatch": _Text("does not have the required form", "格式不符"),
    "string_unicode": _Text("must be valid Unicode", "须为合法的 Unicode 文本"),
    "int_type": _Text("must be a whole number", "须为整数"),
    "int_parsing": _Text("must be a whole number", "须为整数"),
    "int_from_float": _Text("must be a whole number", "须为整数"),
    "int_parsing_size": _Text("is out of range", "超出范围"),
    "float_type": _Text("must be a number", "须为数字"),
    "float_parsing": _Text("must be a number", "须为数字"),
    "finite_number": _Text("must be a finite number", "须为有限数"),
    "bool_type": _Text("must be true or false", "须为 true 或 false"),
    "bool_parsing": _Text("must be true or false", "须为 true 或 false"),
    "list_type": _Text("must be an array", "须为数组"),
    "tuple_type": _Text("must be an array", "须为数组"),
    "dict_type": _Text("must be an object", "须为对象"),
    "model_type": _Text("must be an object", "须为对象"),
    "model_attributes_type": _Text("must be an object", "须为对象"),
    "too_short": _Text("must have at least {min_length} items", "至少 {min_length} 项"),
    "too_long": _Text("must have at most {max_length} items", "至多 {max_length} 项"),
    "enum": _Text("must be one of {expected}", "须为 {expected} 之一"),
    "literal_error": _Text("must be one of {expected}", "须为 {expected} 之一"),
    "greater_than": _Text("must be greater than {gt}", "须大于 {gt}"),
    "greater_than_equal": _Text("must be at least {ge}", "不得小于 {ge}"),
    "less_than": _Text("must be less than {lt}", "须小于 {lt}"),
    "less_than_equal": _Text("must be at most {le}", "不得大于 {le}"),
    "uuid_type": _Text("must be a UUID", "须为 UUID"),
    "uuid_parsing": _Text("must be a UUID", "须为 UUID"),
    "date_type": _Text("must be a date such as 2018-09-14", "须为日期，例如 2018-09-14"),
    "date_parsing": _Text("must be a date such as 2018-09-14", "须为日期，例如 2018-09-14"),
    "date_from_datetime_parsing": _Text("must be a date such as 2018-09-14", "须为日期，例如 2018-09-14"),
    "date_from_datetime_inexact": _Text("must be a date such as 2018-09-14", "须为日期，例如 2018-09-14"),
    "datetime_type": _Text("must be an instant with its offset", "须为带时区的时间"),
    "datetime_parsing": _Text("must be an instant with its offset", "须为带时区的时间"),
    "datetime_from_date_parsing": _Text("must be an instant with its offset", "须为带时区的时间"),
    "timezone_aware": _Text("must be an instant with its offset", "须为带时区的时间"),
    "url_type": _Text("must be a URL", "须为网址"),
    "url_parsing": _Text("must be a URL", "须为网址"),
    "url_scheme": _Text("must be a URL that starts with {expected_schemes}", "网址须以 {expected_schemes} 开头"),
    "url_too_long": _Text("must have at most {max_length} characters", "至多 {max_length} 个字符"),
    "court_code": _Text(
        "must be the court code of case numbers, such as 豫1424", "须为案号中的法院代字，例如豫1424"
    ),
    "money": _Text(
        'must be an amount as a string with at most two decimals, such as "85000.00"',
        '须为字符串形式的金额，至多两位小数，例如 "85000.00"',
    ),
}  # fmt: skip


def place_errors(errors: Iterable[Mapping[str, Any]]) -> list[tuple[Place, FieldError]]:
    """The findings of one request, in its own order."""
    return [(_place(error["loc"]), _field_error(error)) for error in errors]


def pointer(path: Sequence[str | int]) -> str:
    """A JSON pointer (RFC 6901); a step that a stranger named is cut short."""
    return "".join(f"/{str(step)[:60].replace('~', '~0').replace('/', '~1')}" for step in path)


def _place(location: Sequence[str | int]) -> Place:
    return Place(location[0]) if location and location[0] in set(Place) else Place.BODY


def _field_error(error: Mapping[str, Any]) -> FieldError:
    kind = str(error["type"])
    bounds = error.get("ctx") or {}
    text = _TEXTS.get(kind, _NOT_VALID)
    if kind == "value_error":  # raised by a validator of ours, whose text names no value
        text = _Text("{error}", _NOT_VALID.zh)
    path = error["loc"][1:]
    return FieldError(pointer(path), kind, text.en.format_map(bounds), text.zh.format_map(bounds))

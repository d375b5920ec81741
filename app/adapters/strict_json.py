"""JSON as every dialect reads and writes it: strictly, and without a word of it in any error.

What is written leaves out nulls and keeps the order of the fields, so that the same content is always the same bytes.
What is read may hold no unknown or repeated field, and no type that is merely alike (see `facts`).
"""

import json
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from app.errors import MalformedAnswer
from app.vocabulary import AssetKind

CONTENT_TYPE = "application/json"
MAX_BYTES = 8 * 1024 * 1024
"""The longest message that is read."""

M = TypeVar("M")


def write(message: BaseModel) -> bytes:
    """UTF-8, without white space and nulls."""
    return message.__pydantic_serializer__.to_json(message, exclude_none=True)


def read(what: TypeAdapter[M], body: bytes, *, branches: frozenset[str] = frozenset()) -> M:
    """One message. `branches` are its tags, when it is one of several kinds; for `faults`.

    Raises:
        MalformedAnswer: names the first places at fault by JSON pointer and code, never a value.
    """
    if len(body) > MAX_BYTES:
        raise MalformedAnswer("too long")
    try:
        message = what.validate_json(body)
    except ValidationError as error:
        raise MalformedAnswer(faults(error, branches)) from None
    _refuse_repeated_fields(body)
    return message


def check_content_type(content_type: str) -> None:
    """Raise `MalformedAnswer` unless it is JSON in UTF-8."""
    media_type, _, parameters = content_type.partition(";")
    if media_type.strip().lower() != CONTENT_TYPE:
        raise MalformedAnswer("not application/json")
    if parameters.strip().lower() not in {"", "charset=utf-8", 'charset="utf-8"'}:
        raise MalformedAnswer("not UTF-8")


def faults(error: ValidationError, branches: frozenset[str] = frozenset()) -> str:
    """The first three places at fault. Pydantic puts the branch of a union into a path; the message has no such step."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(_fault(each["type"], each["loc"], branches) for each in found[:3])


_ASSETS = frozenset(AssetKind)


def _fault(code: str, place: tuple[int | str, ...], branches: frozenset[str]) -> str:
    # The name of an unknown field is the sender's text, and might say anything.
    steps = place[:-1] if code == "extra_forbidden" else place
    # A tag comes first only; further down a field may have the same name.
    inside = steps[1:] if steps and steps[0] in branches else steps
    return "".join(f"/{step}" for step in inside if step not in _ASSETS) + f": {code}"


def _refuse_repeated_fields(body: bytes) -> None:
    """Two readers may take different ones. Comes after validation, which has bounded depth and numbers."""
    try:
        json.loads(body.decode(), object_pairs_hook=_once)
    except ValueError:
        raise MalformedAnswer("repeated field") from None


def _once(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) != len(pairs):
        raise ValueError

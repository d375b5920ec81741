"""One strict reading of request bodies: what two parsers could read differently is refused, not interpreted."""

import json
import math
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi import params
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


class MalformedJson(HTTPException):
    """An `HTTPException`, because FastAPI turns every other error of reading a body into a bare 400."""

    def __init__(self, reason: str) -> None:
        super().__init__(400)
        self.reason = reason


class _Ambiguous(ValueError):
    """JSON in grammar, but not in what the hub takes."""


def parse_json(body: bytes) -> Any:
    """The value of a JSON text in UTF-8 (RFC 8259, read after I-JSON, RFC 7493).

    Raises:
        MalformedJson: not JSON, or a name given twice, NaN or an infinite number, a number too long, nesting too deep,
            or a string with NUL (which PostgreSQL cannot keep) or half a surrogate pair (which is no text at all).
    """
    try:
        text = body.decode()
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_refuse_constant, parse_float=_finite
        )
        if "\\u" in text:  # only an escape can bring in what UTF-8 and the grammar keep out
            _check_texts(value)
    except UnicodeDecodeError:
        raise MalformedJson("The body is not UTF-8. 请求体不是 UTF-8 编码。") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise MalformedJson(f"Not JSON at {place}. 第 {error.lineno} 行第 {error.colno} 列有误。") from None
    except _Ambiguous as error:
        raise MalformedJson(str(error)) from None
    except (ValueError, RecursionError):
        raise MalformedJson("A number is too long or the nesting too deep. 数字过长或嵌套过深。") from None
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Ambiguous("A name stands twice in one object. 对象中有重复的字段名。")
    return members


def _refuse_constant(_name: str) -> NoReturn:
    raise _Ambiguous("NaN and Infinity are not JSON. JSON 不含 NaN 和 Infinity。")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _Ambiguous("A number is out of range. 数字超出范围。")
    return number


def _check_texts(value: Any) -> None:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend(item.keys())
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, str) and ("\x00" in item or any("\ud800" <= sign <= "\udfff" for sign in item)):
            raise _Ambiguous("A string holds NUL or half a surrogate pair. 字符串含空字符或不完整的代理对。")


class _StrictRequest(Request):
    async def json(self) -> Any:
        return parse_json(await self.body())


class StrictRoute(APIRoute):
    """A route whose JSON body goes through `parse_json`, and whose body must be of the media type it takes."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        takes_body = self.body_field is not None
        takes_form = takes_body and isinstance(self.body_field.field_info, params.Form)  # type: ignore[union-attr]

        async def strict(request: Request) -> Response:
            if takes_body:
                _check_media_type(request, form=takes_form)
                request = _StrictRequest(request.scope, request.receive)
                await (
                    request.body()
                )  # read before the form parser, so that an idempotency key can look at it too
            return await handle(request)

        return strict


def _check_media_type(request: Request, *, form: bool) -> None:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not given and request.headers.get("content-length", "0") == "0":
        return  # nothing was sent: what is missing is said field by field
    wanted = given in _FORMS if form else given == "application/json" or given.endswith("+json")
    if not wanted:
        raise HTTPException(415)

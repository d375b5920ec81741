"""A new dialect to start from: a folder that works, with recorded samples, and the line that the registry wants.

What is written is `template.py`, a small working dialect of an invented partner, under the new name. It passes the
conformance suite from the first minute; then it is changed, sample by sample, into the real one.
"""

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter

from app.adapters.contract import (
    Acknowledged,
    AgencyOrder,
    Answer,
    Dialect,
    Operation,
    StatusReport,
    WireMessage,
    WireReply,
)
from app.adapters.locating import CustodyNotice, Hit, WatchNotice
from app.adapters.measures import LiveList, Notice, Objection
from app.adapters.scaffold.order import LIST_ID, ORDER, ORDERS, REASON
from app.adapters.scaffold.template import TemplateDialect
from app.errors import MessageRejected

__all__ = [
    "LIST_ID",
    "ORDER",
    "ORDERS",
    "REASON",
    "Said",
    "Scaffold",
    "create",
    "decoded_as_recorded",
    "encodings",
    "messages",
]

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
Said = (
    Acknowledged | Answer | StatusReport | Notice | Objection | Hit | CustodyNotice | WatchNotice | LiveList
)
"""All that an agency's message may decode to."""

_DECODED: TypeAdapter[Said] = TypeAdapter(Said)


@dataclass(frozen=True, slots=True)
class Scaffold:
    """What was written, and what is to be done by hand."""

    module: Path
    samples: Path
    registry_import: str
    registry_entry: str


def create(name: str, root: Path) -> Scaffold:
    """Write the dialect `name` (such as `province-1`) into the project at `root`.

    Raises:
        ValueError: the name is not lower-case words and digits joined by hyphens.
        FileExistsError: there is one of that name; nothing was written.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(
            "a dialect's name is lower-case letters and digits joined by hyphens, such as province-1 "
            "(名称须为小写字母、数字，以连字符连接，如 province-1)"
        )
    folder = name.replace("-", "_")
    package = root / "app" / "adapters" / folder
    samples = root / "tests" / "contract" / "samples" / name
    for place in (package, samples):
        if place.exists():
            raise FileExistsError(str(place))
    class_name = "".join(word.capitalize() for word in name.split("-")) + "Dialect"
    _write(package / "__init__.py", "")
    _write(package / "dialect.py", _source(name, class_name))
    _record(TemplateDialect(), samples)
    return Scaffold(
        module=package / "dialect.py",
        samples=samples,
        registry_import=f"from app.adapters.{folder}.dialect import {class_name}",
        registry_entry=f'"{name}": {class_name},',
    )


def encodings(dialect: Dialect) -> Mapping[str, bytes]:
    """The bytes that a dialect must give in every later version, by the name of their file (P3)."""
    return {name: message.body for name, message in messages(dialect, ORDERS).items()}


def messages(dialect: Dialect, orders: Mapping[str, AgencyOrder]) -> Mapping[str, WireMessage]:
    """These orders in the dialect's words, and what is sent about the first of them.

    A protocol may lack words for measures and look-outs, and then rejects them; that it speaks a kind of order may not change.
    """
    request_id = next(iter(orders.values())).request_id
    to_encode: dict[str, Callable[[], WireMessage]] = {
        **{name: partial(dialect.encode, order) for name, order in orders.items()},
        "status_query": partial(dialect.encode_status_query, request_id),
        "cancellation": partial(dialect.encode_cancellation, request_id, REASON),
        "live_list": partial(dialect.encode_live_list, LIST_ID),
        "live_list-after": partial(dialect.encode_live_list, LIST_ID, request_id),
    }
    spoken: dict[str, WireMessage] = {}
    for name, encode in to_encode.items():
        with suppress(MessageRejected):
            spoken[name] = encode()
    return MappingProxyType(spoken)


def decoded_as_recorded(decoded: Said) -> dict[str, Any]:
    """What a message decodes to, as it stands in a sample's `expected.json`."""
    plain: dict[str, Any] = _DECODED.dump_python(decoded, mode="json", exclude_none=True)
    return {"type": type(decoded).__name__, **plain}


def _source(name: str, class_name: str) -> str:
    template = files(__package__).joinpath("template.py").read_text(encoding="utf-8")
    return template.replace("template-1", name).replace("TemplateDialect", class_name)


# Samples ----------------------------------------------------------------------------------------------------------

_ID = str(ORDER.request_id)
_FOUND = {
    "BDHM": _ID,
    "JG": "01",
    "FKSJ": "2026-03-02T17:31:05+08:00",
    "ZH": [
        {
            "KHZH": "6217994190010000018",
            "CCLB": "个人结算账户",
            "KHWD": "城关支行",
            "YE": "120.50",
            "KYYE": "120.50",
        }
    ],
}
_SAMPLES: Mapping[str, tuple[Operation, dict[str, Any]]] = {
    "found": (Operation.REQUEST, _FOUND),
    "nothing-found": (Operation.REQUEST, {"BDHM": _ID, "JG": "00", "FKSJ": "2026-03-02T17:31:05+08:00"}),
    "refused": (
        Operation.REQUEST,
        {"BDHM": _ID, "JG": "09", "HTYY": "无文书", "FKSJ": "2026-03-02T17:31:05+08:00"},
    ),
    "frozen": (
        Operation.REQUEST,
        {
            "BDHM": _ID,
            "JG": "03",
            "FKSJ": "2026-03-02T17:31:05+08:00",
            "KZ": [
                {
                    "KHZH": "6217994190010000018",
                    "KZZT": "1",
                    "DJXE": "85000.00",
                    "SKJE": "120.50",
                    "CSJSRQ": "2027-03-02",
                }
            ],
        },
    ),
    "not-frozen": (
        Operation.REQUEST,
        {
            "BDHM": _ID,
            "JG": "04",
            "FKSJ": "2026-03-02T17:31:05+08:00",
            "KZ": [{"KHZH": "6217994190010000018", "KZZT": "2", "WNKZYY": "查无账户信息"}],
        },
    ),
    "received": (Operation.REQUEST, {"BDHM": _ID, "JG": "08", "FKSJ": "2026-03-02T17:31:05+08:00"}),
    "status-answered": (Operation.STATUS_QUERY, {"BDHM": _ID, "ZT": "2", "FK": _FOUND}),
    "status-unknown": (Operation.STATUS_QUERY, {"BDHM": _ID, "ZT": "0"}),
}


def _record(dialect: Dialect, samples: Path) -> None:
    for name, body in encodings(dialect).items():
        _write(samples / "encoded" / f"{name}.json", body.decode())
    for name, (operation, message) in _SAMPLES.items():
        text = json.dumps(message, ensure_ascii=False, indent=2) + "\n"
        decoded = dialect.decode_reply(operation, WireReply(200, "application/json", text.encode()))
        expected = {
            "arrived": {
                "as": "reply",
                "operation": operation,
                "status": 200,
                "content_type": "application/json",
            },
            "decoded": decoded_as_recorded(decoded),
            "personal": ["6217994190010000018"] if "6217994190010000018" in text else [],
        }
        _write(samples / name / "message.json", text)
        _write(samples / name / "expected.json", json.dumps(expected, ensure_ascii=False, indent=2) + "\n")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")

"""A register as plain data, and back: strings, numbers, lists and dicts, so that JSON carries it unchanged."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar, get_type_hints

from app.measures.ladder import Hold, Ladder, Thing
from app.measures.receipts import Consequence, Missed, Receipt, Rung
from app.measures.register import Register, fingerprint
from app.measures.terms import Term
from app.measures.words import LIVE, Change, Ground, Nature, Reach, State, ThingKind, WaitingTerm

Plain = dict[str, Any]
T = TypeVar("T")

_FIELDS: dict[type, dict[str, Any]] = {
    kind: get_type_hints(kind) for kind in (Thing, Hold, Rung, Missed, Consequence, Receipt)
}


def exported(register: Register) -> Plain:
    """Everything that `imported` needs to go on as if nothing had happened, the memory of requests included."""
    books = register.books
    return {
        "waiting_term": books.waiting_term.value,
        "booked": books.booked,
        "things": [_thing(ladder) for ladder in books.ladders.values()],
        "freezes": [_plain(_parts(hold)) for holds in books.holds.values() for hold in holds],
        "requests": [
            [fingerprint(register.asked[request_id]), _plain(receipt)]
            for request_id, receipt in register.receipts.items()
        ],
    }


def imported(data: Plain) -> Register:
    """The register that was exported.

    Raises:
        KeyError, TypeError, ValueError: this is not the export of a register.
    """
    register = Register(waiting_term=WaitingTerm(data["waiting_term"]))
    books = register.books
    books.booked = data["booked"]
    for thing in data["things"]:
        ladder = _ladder(thing, books.waiting_term)
        books.ladders[ladder.thing.thing_id] = ladder
    for parts in data["freezes"]:
        hold = _read(Hold, parts)
        books.holds.setdefault(hold.freeze_id, []).append(hold)
        if hold.state in LIVE:
            books.ladders[hold.thing_id].live.append(hold)
    for ladder in books.ladders.values():
        ladder.live.sort(key=lambda hold: (hold.second, hold.booked))
        ladder.look_for_next_end()
    for asked, receipt in data["requests"]:
        register.asked[receipt[0]] = asked
        register.receipts[receipt[0]] = _read(Receipt, receipt)
    return register


def _plain(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def _parts(record: object) -> list[Any]:
    return [getattr(record, name) for name in _FIELDS[type(record)]]


def _read(kind: type[T], parts: list[Any]) -> T:
    """The inverse: each part is read as the record's own annotation says."""
    hints = _FIELDS[kind].values()
    return kind(*[_READERS[hint](part) for hint, part in zip(hints, parts, strict=True)])


def _thing(ladder: Ladder) -> Plain:
    return {
        "thing": _plain(_parts(ladder.thing)),
        "balance": _plain(ladder.balance),
        "disposed": ladder.disposed,
        "latest": ladder.latest.isoformat(),
    }


def _ladder(data: Plain, waiting_term: WaitingTerm) -> Ladder:
    return Ladder(
        _read(Thing, data["thing"]),
        waiting_term,
        _sum(data["balance"]),
        data["disposed"],
        datetime.fromisoformat(data["latest"]),
    )


def _sum(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _limit(text: str) -> Decimal | Reach:
    return Reach(text) if text in set(Reach) else Decimal(text)


def _texts(values: list[str]) -> tuple[str, ...]:
    return tuple(values)


def _as_it_is(value: Any) -> Any:
    return value


def _each(kind: type[T]) -> Callable[[list[list[Any]]], tuple[T, ...]]:
    return lambda rows: tuple(_read(kind, row) for row in rows)


_READERS: dict[object, Callable[[Any], Any]] = {
    str: _as_it_is,
    str | None: _as_it_is,
    int | None: _as_it_is,
    tuple[str, ...]: _texts,
    Decimal: Decimal,
    Decimal | None: _sum,
    Decimal | Reach: _limit,
    datetime: datetime.fromisoformat,
    datetime | None: _instant,
    int: _as_it_is,
    Term | None: lambda term: None if term is None else Term(*term),
    Ground: Ground,
    Ground | None: lambda ground: None if ground is None else Ground(ground),
    tuple[Rung, ...]: _each(Rung),
    tuple[Missed, ...]: _each(Missed),
    tuple[Consequence, ...]: _each(Consequence),
    **{kind: kind for kind in (ThingKind, Nature, State, Change)},
}

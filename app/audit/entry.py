"""One entry of the audit log, and the only bytes that it may have.

The bytes are JSON in the canonical form of RFC 8785, for the part of it that is used here: objects of strings
and one integer, keys sorted, no white space, UTF-8, no floats. What is absent is left out, never null.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

FORMAT = 1
MAX_ENTRY_BYTES = 65_535
"""An entry bundle of C2SP tlog-tiles gives each entry's length in 16 bits."""

_encode = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode


class MalformedEntry(ValueError):
    """Bytes that are not exactly those of one entry."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: `kind` says what `id` is (an officer's work permit, a client, an agency code, …)."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What was done, by whom, to whom, why, and the digests of the bytes that passed.

    The person appears as a blind index only, and `detail` never holds anything personal: entries are kept for
    years and handed to inspectors. `recorded_at` is aware. `digests` are (name, lower-case SHA-256 in hex); their
    names and the keys of `detail` are ASCII, so that sorting by code point is the order RFC 8785 asks for.
    The random part of `entry_id` also keeps a published leaf hash from being guessed back to its entry.
    """

    entry_id: UUID
    recorded_at: datetime
    action: str
    actor: Actor
    court_code: str | None = None
    officer: str | None = field(default=None, repr=False)
    case_number: str | None = field(default=None, repr=False)
    purpose: str | None = field(default=None, repr=False)
    subject_index: bytes | None = field(default=None, repr=False)
    agency_code: str | None = None
    order_id: UUID | None = None
    request_id: UUID | None = None
    message_id: UUID | None = None
    digests: tuple[tuple[str, str], ...] = ()
    correlation_id: str | None = None
    outcome: str | None = None
    detail: Mapping[str, str] = field(default_factory=dict, repr=False)

    def to_bytes(self) -> bytes:
        """The canonical bytes; ValueError when the entry has none (too long, naive time, a key that is not ASCII)."""
        fields: dict[str, object] = {
            "v": FORMAT,
            "entry_id": str(self.entry_id),
            "recorded_at": _instant(self.recorded_at),
            "action": self.action,
            "actor": {"id": self.actor.id, "kind": self.actor.kind},
        }
        for name in _TEXTS:
            if (text := getattr(self, name)) is not None:
                fields[name] = text
        for name in _IDS:
            if (identifier := getattr(self, name)) is not None:
                fields[name] = str(identifier)
        if self.subject_index is not None:
            fields["subject_index"] = self.subject_index.hex()
        if self.digests:
            fields["digests"] = _named(dict(self.digests), len(self.digests))
        if self.detail:
            fields["detail"] = _named(dict(self.detail), len(self.detail))
        body = _encode(fields).encode()
        if len(body) > MAX_ENTRY_BYTES:
            raise ValueError(f"an audit entry has at most {MAX_ENTRY_BYTES} bytes, not {len(body)}")
        return body

    @classmethod
    def from_bytes(cls, body: bytes) -> "Entry":
        """The entry with exactly these bytes; raises `MalformedEntry` for any other spelling of it."""
        try:
            entry = _parse(json.loads(body.decode()))
            exact = entry.to_bytes() == body
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            # Nothing of the bytes goes into the message: a forged entry may hold anything.
            raise MalformedEntry(f"not an audit entry of format {FORMAT}") from error
        if not exact:
            raise MalformedEntry("an audit entry, but not in its canonical form")
        return entry


_TEXTS = ("court_code", "officer", "case_number", "purpose", "agency_code", "correlation_id", "outcome")
_IDS = ("order_id", "request_id", "message_id")


def _instant(instant: datetime) -> str:
    if instant.tzinfo is None:
        raise ValueError("an audit entry needs an aware instant")
    return instant.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def _named(values: dict[str, str], expected: int) -> dict[str, str]:
    if len(values) != expected or not all(map(str.isascii, values)):
        raise ValueError("names in an audit entry are distinct and ASCII")
    return values


def _parse(fields: Any) -> Entry:
    """Types are checked here, spelling by encoding again."""
    if fields.pop("v") != FORMAT:
        raise ValueError("another format")
    actor = fields.pop("actor")
    values: dict[str, Any] = {
        "entry_id": UUID(fields.pop("entry_id")),
        "recorded_at": datetime.fromisoformat(fields.pop("recorded_at")),
        "action": _text(fields.pop("action")),
        "actor": Actor(kind=_text(actor.pop("kind")), id=_text(actor.pop("id"))),
        "digests": tuple(_texts(fields.pop("digests", {})).items()),
        "detail": _texts(fields.pop("detail", {})),
    }
    if actor:
        raise ValueError("an actor has a kind and an id")
    for name, value in fields.items():
        values[name] = _PARSERS[name](value)
    return Entry(**values)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _texts(value: dict[str, object]) -> dict[str, str]:
    return {name: _text(text) for name, text in value.items()}


_PARSERS: dict[str, Callable[[Any], object]] = {
    **dict.fromkeys(_TEXTS, _text),
    **dict.fromkeys(_IDS, UUID),
    "subject_index": bytes.fromhex,
}

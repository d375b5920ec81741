"""Whether bytes are exactly those of one entry, at a fraction of the cost of reading it and writing it again.

A verifier asks this of every entry of a log. One pattern describes the canonical form; what it does not
describe (keys with escapes in them) is left to `Entry.from_bytes`. Pattern and entry are held to each other by
property tests: they must agree on every entry, and on every damaged one.
"""

import re
from datetime import date
from functools import lru_cache
from itertools import pairwise

from app.audit.entry import FORMAT, MAX_ENTRY_BYTES, Entry, MalformedEntry

# JSON strings as `json` writes them without `ensure_ascii`: the short escapes, and \u00xx for other controls.
_CHARACTERS = r'[^"\\\x00-\x1f]*+(?:\\(?:["\\bfnrt]|u00(?:0[0-7be-f]|1[0-9a-f]))[^"\\\x00-\x1f]*+)*+'
_TEXT = f'"{_CHARACTERS}"'
_ID = '"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"'
_NAMED = rf'\{{("[ !#-\[\]-\x7f]*+":{_TEXT}(?:,"[ !#-\[\]-\x7f]*+":{_TEXT})*+)\}}'
_INSTANT = r'"([0-9]{4}-[0-9]{2}-[0-9]{2})T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z"'

_NAME = re.compile(rf'"([^"]*+)":{_TEXT}')

_FIELDS = (  # in the order of their names
    ("action", _TEXT),
    ("actor", rf'\{{"id":{_TEXT},"kind":{_TEXT}\}}'),
    ("agency_code", f"?{_TEXT}"),
    ("case_number", f"?{_TEXT}"),
    ("correlation_id", f"?{_TEXT}"),
    ("court_code", f"?{_TEXT}"),
    ("detail", f"?{_NAMED}"),
    ("digests", f"?{_NAMED}"),
    ("entry_id", _ID),
    ("message_id", f"?{_ID}"),
    ("officer", f"?{_TEXT}"),
    ("order_id", f"?{_ID}"),
    ("outcome", f"?{_TEXT}"),
    ("purpose", f"?{_TEXT}"),
    ("recorded_at", _INSTANT),
    ("request_id", f"?{_ID}"),
    ("subject_index", '?"(?:[0-9a-f]{2})*+"'),
)


def _pattern() -> re.Pattern[str]:
    parts = [
        f'(?:"{name}":{value[1:]},)?+' if value.startswith("?") else f'"{name}":{value},'
        for name, value in _FIELDS
    ]
    return re.compile(rf'\{{{"".join(parts)}"v":{FORMAT}\}}')


_ENTRY = _pattern()


def is_canonical(body: bytes) -> bool:
    """Whether `Entry.from_bytes` accepts these bytes."""
    try:
        found = _ENTRY.fullmatch(body.decode())
    except UnicodeDecodeError:
        return False
    if found is None:
        return _is_read_and_written_alike(body)
    detail, digests, day = found.groups()
    return (
        len(body) <= MAX_ENTRY_BYTES
        and _is_a_day(day)
        and (detail is None or _are_sorted(detail))
        and (digests is None or _are_sorted(digests))
    )


def _are_sorted(members: str) -> bool:
    """Strictly: what stands twice is no entry either."""
    return all(before < after for before, after in pairwise(_NAME.findall(members)))


@lru_cache(maxsize=4096)
def _is_a_day(day: str) -> bool:
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


def _is_read_and_written_alike(body: bytes) -> bool:
    try:
        Entry.from_bytes(body)
    except MalformedEntry:
        return False
    return True

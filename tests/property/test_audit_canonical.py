"""The quick check of an entry's bytes against the slow one, which reads them and writes them again."""

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.audit.canonical import _ENTRY, is_canonical
from app.audit.entry import Entry, MalformedEntry
from tests.property.test_audit_clean_logs import entries


def reads(body: bytes) -> bool:
    try:
        Entry.from_bytes(body)
    except MalformedEntry:
        return False
    return True


@given(entries)
@settings(max_examples=200, deadline=None)
def test_every_entry_is_canonical_and_nearly_all_by_the_pattern(entry: Entry) -> None:
    body = entry.to_bytes()
    assert is_canonical(body)
    plain_names = not any(
        "\\" in json.dumps(name, ensure_ascii=False) for name in {**dict(entry.digests), **entry.detail}
    )
    assert bool(_ENTRY.fullmatch(body.decode())) == plain_names


@given(entries, st.data())
@settings(max_examples=400, deadline=None)
def test_a_damaged_entry_is_judged_alike_by_both(entry: Entry, data: st.DataObject) -> None:
    body = bytearray(entry.to_bytes())
    for _ in range(data.draw(st.integers(1, 2))):
        place = data.draw(st.integers(0, len(body) - 1))
        match data.draw(st.sampled_from(["flip", "drop", "double", "insert"])):
            case "flip":
                body[place] ^= 1 << data.draw(st.integers(0, 7))
            case "drop":
                del body[place]
            case "double":
                body.insert(place, body[place])
            case _:
                body.insert(place, data.draw(st.sampled_from(b'"\\{},:0aA \n\x7f')))
    assert is_canonical(bytes(body)) == reads(bytes(body))


FULL = (
    b'{"action":"a","actor":{"id":"i","kind":"k"},"agency_code":"g","case_number":"c","correlation_id":"o",'
    b'"court_code":"r","detail":{"a":"1","b":"2"},"digests":{"p":"3","q":"4"},'
    b'"entry_id":"00000000-0000-0000-0000-000000000001","message_id":"00000000-0000-0000-0000-000000000002",'
    b'"officer":"f","order_id":"00000000-0000-0000-0000-000000000003","outcome":"u","purpose":"e",'
    b'"recorded_at":"2026-11-24T08:00:00.000000Z","request_id":"00000000-0000-0000-0000-000000000004",'
    b'"subject_index":"00ff","v":1}'
)

SWAPS = (
    (b'"a":"1","b":"2"', b'"b":"2","a":"1"'),
    (b'"a":"1","b":"2"', b'"a":"1","a":"2"'),
    (b'"a":"1","b":"2"', b'"a":"1","\\u0061":"2"'),
    (b'"a":"1","b":"2"', b'"\\n":"1","b":"2"'),
    (b'"a":"1","b":"2"', '"é":"1"'.encode()),
    (b'"a":"1","b":"2"', b""),
    (b'{"a":"1","b":"2"}', b"null"),
    (b'"p":"3"', b'"p":3'),
    (b'"k"}', b'"k","z":"1"}'),
    (b"2026-11-24", b"2026-02-30"),
    (b"2026-11-24", b"0000-01-01"),
    (b"T08:", b"T24:"),
    (b"T08:", b" 08:"),
    (b".000000Z", b".000000+00:00"),
    (b".000000Z", b"Z"),
    (b'"00ff"', b'"00FF"'),
    (b'"00ff"', b'"00f"'),
    (b'"00ff"', b'""'),
    (b"000000000004", b"00000000000A"),
    (b'"e"', b'"\\u00e9"'),
    (b'"e"', b'"\\/"'),
    (b'"e"', b'"\\u001f\\n\\u000b"'),
    (b'"e"', b'"\\u000a"'),
    (b'"e"', b'"\\ud800"'),
    (b'"e"', b'"\xed\xa0\x80"'),
    (b'"e"', b'"\x7f"'),
    (b'"e"', b"null"),
    (b'"v":1', b'"v":1.0'),
    (b'"v":1', b'"v":true'),
    (b'"v":1', b'"v":2'),
    (b'"v":1}', b'"v":1} '),
    (b'"v":1}', b'"v":1}\n'),
    (b'"officer":"f","order_id"', b'"order_id"'),
)


def test_both_agree_on_every_swap_and_every_pair_of_swaps() -> None:
    assert is_canonical(FULL)
    assert reads(FULL)
    verdicts = set()
    for old, new in SWAPS:
        one = FULL.replace(old, new, 1)
        assert one != FULL
        for again, other in SWAPS:
            body = one.replace(again, other, 1)
            assert is_canonical(body) == reads(body), body
            verdicts.add(is_canonical(body))
    assert verdicts == {True, False}


@given(st.integers(65_000, 66_000))
@example(65_535)
@settings(max_examples=20, deadline=None)
def test_both_agree_on_the_longest_entry(length: int) -> None:
    body = FULL.replace(b'"e"', b'"' + b"e" * (length - len(FULL) + 1) + b'"')
    assert len(body) == length
    assert is_canonical(body) == reads(body) == (length <= 65_535)

import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from app.audit.entry import MAX_ENTRY_BYTES, Actor, Entry, MalformedEntry
from app.vocabulary import ActorKind, AuditAction

ENTRY = Entry(
    entry_id=UUID("0193a000-0000-7000-8000-000000000001"),
    recorded_at=datetime(2026, 11, 24, 8, 30, tzinfo=timezone(timedelta(hours=8))),
    action=AuditAction.ANSWER_APPLIED,
    actor=Actor(ActorKind.AGENCY, "BANK-01"),
    case_number="（2026）浙0102执123号",
    subject_index=bytes.fromhex("ab" * 32),
    digests=(("answer", "0f" * 32),),
    detail={"attempt": "2"},
)
BODY = (
    '{"action":"answer.applied","actor":{"id":"BANK-01","kind":"agency"},"case_number":"（2026）浙0102执123号",'
    '"detail":{"attempt":"2"},"digests":{"answer":"' + "0f" * 32 + '"},'
    '"entry_id":"0193a000-0000-7000-8000-000000000001","recorded_at":"2026-11-24T00:30:00.000000Z",'
    '"subject_index":"' + "ab" * 32 + '","v":1}'
).encode()


def test_the_canonical_bytes_are_sorted_tight_utf8_and_leave_out_what_is_absent() -> None:
    assert ENTRY.to_bytes() == BODY


def test_an_entry_survives_its_bytes() -> None:
    assert Entry.from_bytes(BODY) == ENTRY


def test_control_signs_are_escaped_as_rfc_8785_says_so_that_an_entry_is_one_line() -> None:
    entry = Entry(
        entry_id=ENTRY.entry_id,
        recorded_at=ENTRY.recorded_at,
        action="a.b",
        actor=Actor("hub", '\t\n"\\\x1f/'),
    )
    assert rb'"id":"\t\n\"\\\u001f/"' in entry.to_bytes()
    assert Entry.from_bytes(entry.to_bytes()) == entry


@pytest.mark.parametrize(
    "spelling",
    [
        BODY.replace(b",", b", ", 1),
        BODY.replace(b'"v":1', b'"v":2'),
        BODY.replace(b'"v":1', b'"v":1.0'),
        BODY.replace(b'"v":1', b'"v":true'),
        BODY.replace(b"000000Z", b"000000+00:00"),
        BODY.replace(b"00:30:00.000000Z", b"08:30:00.000000+08:00"),
        BODY.replace(b"abab", b"ABAB", 1),
        BODY.replace("执".encode(), b"\\u6267"),
        BODY.replace(b'"v":1', b'"unknown":"x","v":1'),
        BODY.replace(b'"v":1', b'"outcome":null,"v":1'),
        BODY.replace(b'"v":1', b'"outcome":7,"v":1'),
        BODY.replace(b'"v":1', b'"v":1,"v":1'),
        BODY.replace(b'{"attempt":"2"}', b"{}"),
        BODY.replace(b'{"attempt":"2"}', b'{"attempt":2}'),
        BODY.replace(b'"id":"BANK-01"', b'"id":"BANK-01","x":"y"'),
        BODY + b"\n",
        b"\xef\xbb\xbf" + BODY,
        BODY.replace(b"BANK", b"\xff\xff\xff\xff"),
        b"",
        b"null",
        b"[]",
        b"[" * 60_000,
    ],
)
def test_any_other_spelling_is_refused(spelling: bytes) -> None:
    with pytest.raises(MalformedEntry):
        Entry.from_bytes(spelling)


def test_a_refused_entry_is_not_repeated_in_the_error() -> None:
    with pytest.raises(MalformedEntry) as caught:
        Entry.from_bytes(json.dumps({"v": 1, "secret": "440000190001010009"}).encode())
    assert "440000190001010009" not in str(caught.value)


def test_a_naive_instant_has_no_canonical_form() -> None:
    entry = Entry(
        entry_id=ENTRY.entry_id,
        recorded_at=datetime(2026, 11, 24),  # noqa: DTZ001 - the fault under test
        action="a.b",
        actor=ENTRY.actor,
    )
    with pytest.raises(ValueError, match="aware"):
        entry.to_bytes()


def test_names_of_digests_are_distinct_and_ascii() -> None:
    for digests in [(("a", "0" * 64), ("a", "1" * 64)), (("应答", "0" * 64),)]:
        entry = Entry(
            entry_id=ENTRY.entry_id,
            recorded_at=datetime.now(UTC),
            action="a.b",
            actor=ENTRY.actor,
            digests=digests,
        )
        with pytest.raises(ValueError, match="distinct and ASCII"):
            entry.to_bytes()


def test_an_entry_longer_than_its_length_field_is_refused() -> None:
    entry = Entry(
        entry_id=ENTRY.entry_id,
        recorded_at=ENTRY.recorded_at,
        action="a.b",
        actor=ENTRY.actor,
        detail={"note": "x" * MAX_ENTRY_BYTES},
    )
    with pytest.raises(ValueError, match="at most"):
        entry.to_bytes()


def test_neither_case_nor_person_shows_in_a_repr() -> None:
    assert "执123号" not in repr(ENTRY)
    assert "ab" * 32 not in repr(ENTRY)
    assert "\\xab" not in repr(ENTRY)

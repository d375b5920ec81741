"""Ends of terms, by the calendar in China."""

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.measures.terms import (
    CHINA,
    LEGAL_MAXIMUM,
    Term,
    day_in_china,
    end_of,
    ends_at,
    last_day,
    last_day_before,
    renewal_must_be_asked_by,
    renewed_end,
    suit_must_follow_by,
    warnings_between,
    within_maximum,
)
from app.measures.words import ThingKind


@pytest.mark.parametrize(
    ("begins", "term", "last"),
    [
        ("2024-03-01", Term(years=1), "2025-03-01"),  # 民法典 §201: the first day is not counted
        ("2024-02-29", Term(years=1), "2025-02-28"),  # §202: the month has no such day
        ("2024-02-29", Term(years=4), "2028-02-29"),
        ("2023-02-28", Term(years=1), "2024-02-28"),
        ("2024-01-31", Term(months=1), "2024-02-29"),
        ("2024-08-31", Term(months=6), "2025-02-28"),
        ("2024-12-15", Term(months=1), "2025-01-15"),
        ("2024-03-01", Term(days=30), "2024-03-31"),
        ("2024-02-29", Term(years=1, days=1), "2025-03-01"),
    ],
)
def test_a_term_ends_on_the_corresponding_day(begins: str, term: Term, last: str) -> None:
    # 民法典 §201, §202
    assert last_day(date.fromisoformat(begins), term) == date.fromisoformat(last)


def test_the_last_day_lasts_until_twenty_four_oclock_in_china() -> None:
    # 民法典 §203
    assert end_of(date(2025, 3, 1)) == datetime(2025, 3, 1, 16, tzinfo=UTC)
    assert last_day_before(end_of(date(2025, 3, 1))) == date(2025, 3, 1)


def test_the_day_a_freeze_begins_on_is_the_day_in_china() -> None:
    late_evening = datetime(2024, 2, 29, 16, tzinfo=UTC)  # midnight of 1 March there
    assert day_in_china(late_evening) == date(2024, 3, 1)
    assert ends_at(late_evening, Term(years=1)) == datetime(2025, 3, 1, 16, tzinfo=UTC)
    assert ends_at(late_evening - timedelta(seconds=1), Term(years=1)) == datetime(
        2025, 2, 28, 16, tzinfo=UTC
    )


@given(st.datetimes(datetime(1992, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - the strategy adds the zone
def test_the_fixed_offset_agrees_with_the_time_zone_database(instant: datetime) -> None:
    there = instant.astimezone(ZoneInfo("Asia/Shanghai"))
    assert (
        day_in_china(instant)
        == there.date()
        == day_in_china(there)
        == day_in_china(instant.astimezone(CHINA))
    )


@given(
    st.dates(date(2000, 1, 1), date(2060, 1, 1)), st.integers(0, 3), st.integers(0, 40), st.integers(0, 400)
)
def test_a_renewal_follows_without_a_gap(begins: date, years: int, months: int, days: int) -> None:
    term = Term(years, months, days)
    if not any(term):
        return
    running = end_of(last_day(begins, term))
    assert renewed_end(running, Term(days=1)) - running == timedelta(days=1)
    assert renewed_end(running, term) > running


@pytest.mark.parametrize(
    ("kind", "years"),
    [
        (ThingKind.ACCOUNT, 1),
        (ThingKind.VEHICLE, 2),
        (ThingKind.REAL_ESTATE, 3),
        (ThingKind.WEALTH_PRODUCT, 3),
        (ThingKind.TAX_REFUND, 3),
    ],
)
def test_the_legal_maximum_of_each_kind(kind: ThingKind, years: int) -> None:
    # Interpretation §485
    day = date(2024, 2, 29)
    assert Term(years=years) == LEGAL_MAXIMUM[kind]
    assert within_maximum(kind, day, Term(months=12 * years))
    assert not within_maximum(kind, day, Term(years=years, days=1))


def test_every_kind_of_thing_has_a_maximum() -> None:
    assert set(LEGAL_MAXIMUM) == set(ThingKind)


def test_each_warning_comes_once_however_the_sweeps_fall() -> None:
    # P7: 30, 15, 7, 3 and 1 days before
    end = datetime(2025, 3, 1, 16, tzinfo=UTC)
    swept = [end - timedelta(days=40)]
    while swept[-1] < end:
        swept.append(swept[-1] + timedelta(hours=31, minutes=7))
    given_ = [warnings_between(end, after, until) for after, until in itertools.pairwise(swept)]
    assert [days for some in given_ for days in some] == [30, 15, 7, 3, 1]
    assert warnings_between(end, end - timedelta(days=4), end - timedelta(days=3)) == (3,)
    assert warnings_between(end, end - timedelta(days=3), end - timedelta(days=2)) == ()


def test_a_preservation_applicant_asks_seven_days_before_the_end() -> None:
    # Preservation §18
    assert renewal_must_be_asked_by(end_of(date(2025, 3, 8))) == date(2025, 3, 1)


def test_suit_must_follow_within_thirty_days_of_a_measure_before_trial() -> None:
    # Preservation §17
    assert suit_must_follow_by(datetime(2024, 2, 1, 1, tzinfo=UTC)) == date(2024, 3, 2)

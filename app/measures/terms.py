"""How long a freeze may last, and the instant at which it ends.

A term of years, months or days is counted as the Civil Code counts periods: the day it begins on is not counted (民法典
§201); a term of years or months ends on the corresponding day, or on the last day of a month that has none (§202), so a
year from 29 February ends on 28 February; the last day lasts until twenty-four o'clock (§203). The end instant is therefore
00:00 in China of the day after the last day, and the freeze is in force *before* that instant and not at it.

A last day that falls on a holiday is not moved: a holiday gives a party more time to act, but does not make a court's
measure longer than the maximum. Where an agency reports an end of its own, its word is the truth.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple

from app.measures.words import ThingKind

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China keeps one time and has had no summer time since 1991; so no time zone database is needed."""

WARNING_DAYS = (30, 15, 7, 3, 1)

_AHEAD = timedelta(hours=8)
_MIDNIGHT = time(tzinfo=CHINA)


class Term(NamedTuple):
    """How long: years and months by the calendar, then days."""

    years: int = 0
    months: int = 0
    days: int = 0


LEGAL_MAXIMUM: dict[ThingKind, Term] = {
    # Interpretation §485: deposits one year, movables two, real estate and other property rights three.
    ThingKind.ACCOUNT: Term(years=1),
    ThingKind.VEHICLE: Term(years=2),
    ThingKind.REAL_ESTATE: Term(years=3),
    ThingKind.WEALTH_PRODUCT: Term(years=3),
    ThingKind.TAX_REFUND: Term(years=3),
}


def day_in_china(instant: datetime) -> date:
    if instant.tzinfo is UTC:
        return (instant + _AHEAD).date()  # the same as below, in half the time: each order asks it
    return instant.astimezone(CHINA).date()


def last_day(begins_on: date, term: Term) -> date:
    """The last day on which a term that begins on this day is still running.

    Raises:
        ValueError: the term is empty, negative, or reaches beyond year 9999.
    """
    if min(term) < 0 or not any(term):
        raise ValueError("a term must be longer than nothing")
    years, month = divmod(begins_on.month - 1 + term.months, 12)
    year, month = begins_on.year + term.years + years, month + 1
    try:
        day = min(begins_on.day, monthrange(year, month)[1])
        return date(year, month, day) + timedelta(days=term.days)
    except (OverflowError, ValueError) as error:
        raise ValueError("a term must end within the calendar") from error


def end_of(last_on: date) -> datetime:
    """The instant at which a freeze whose last day this is has ended: twenty-four o'clock of that day."""
    return datetime.combine(last_on + timedelta(days=1), _MIDNIGHT).astimezone(UTC)


def last_day_before(ends_at: datetime) -> date:
    """The day to print as the last one of a freeze that ends at this instant."""
    return day_in_china(ends_at - timedelta(microseconds=1))


def ends_at(begins_at: datetime, term: Term) -> datetime:
    return end_of_term(day_in_china(begins_at), term)


@lru_cache(maxsize=4096)
def end_of_term(begins_on: date, term: Term) -> datetime:
    return end_of(last_day(begins_on, term))


def renewed_end(running_end: datetime, term: Term) -> datetime:
    """The end of a renewal: its term runs on from the last day of the running one, without a gap (续行)."""
    return end_of_term(last_day_before(running_end), term)


@lru_cache(maxsize=4096)
def within_maximum(kind: ThingKind, begins_on: date, term: Term) -> bool:
    """Whether a term, of a freeze or of its renewal, keeps to the legal maximum (Interpretation §485)."""
    return last_day(begins_on, term) <= last_day(begins_on, LEGAL_MAXIMUM[kind])


def warnings_between(end: datetime, after: datetime, until: datetime) -> tuple[int, ...]:
    """Which warnings (days before the end) fall due after one instant and not later than another.

    A sweep that passes its last run and now, at whatever interval, gives every warning once.
    """
    return tuple(days for days in WARNING_DAYS if after < end - timedelta(days=days) <= until)


def renewal_must_be_asked_by(end: datetime) -> date:
    """The last day on which a preservation applicant may ask for renewal: seven days before the end (Preservation §18)."""
    return last_day_before(end) - timedelta(days=7)


def suit_must_follow_by(preserved_at: datetime) -> date:
    """The last day for suit or arbitration after a measure before trial: thirty days (Preservation §17).

    Without suit the measure does not turn into one within the trial, and the court lifts it (Civil Procedure §104).
    """
    return last_day(day_in_china(preserved_at), Term(days=30))

"""When an attempt is made again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.outbox.retry import LONGEST_WAIT, next_attempt

NOW = datetime(2026, 11, 24, 1, tzinfo=UTC)
BACKOFF = (5, 30, 120, 600, 1800, 3600)


def wait(
    attempts: int, *, retry_after: timedelta | None = None, jitter: float = 1, most: int = 80
) -> float | None:
    at = next_attempt(attempts, BACKOFF, NOW, max_attempts=most, retry_after=retry_after, jitter=jitter)
    return None if at is None else (at - NOW).total_seconds()


def test_waits_grow_and_the_last_repeats() -> None:
    assert [wait(attempts) for attempts in range(1, 9)] == [5, 30, 120, 600, 1800, 3600, 3600, 3600]


def test_the_jitter_is_a_factor() -> None:
    assert (wait(1, jitter=0.8), wait(6, jitter=1.2)) == (4, 4320)


def test_there_is_no_attempt_after_the_last() -> None:
    assert wait(2, most=3) == 30
    assert wait(3, most=3) is None
    assert wait(4, most=3) is None


@pytest.mark.parametrize(("asked", "given_"), [(1, 5), (7, 7), (90_000, LONGEST_WAIT.total_seconds())])
def test_a_destination_may_ask_for_more_time_but_not_for_ever(asked: int, given_: float) -> None:
    assert wait(1, retry_after=timedelta(seconds=asked)) == given_


@given(st.integers(1, 10**6), st.timedeltas(min_value=timedelta(0)), st.floats(0.8, 1.2))
def test_it_is_never_earlier_than_asked_and_never_out_of_reach(
    attempts: int, retry_after: timedelta, jitter: float
) -> None:
    at = next_attempt(attempts, BACKOFF, NOW, max_attempts=10**7, retry_after=retry_after, jitter=jitter)
    assert at is not None
    assert min(retry_after, LONGEST_WAIT) <= at - NOW <= LONGEST_WAIT

"""The breaker as a pure rule."""

from datetime import UTC, datetime, timedelta

import pytest

from app.models.outbox import BreakerState
from app.outbox.breaker import CLOSED, Breaker, Policy, after

NOW = datetime(2026, 11, 24, 1, tzinfo=UTC)
POLICY = Policy(failures=3, open_for=timedelta(seconds=30))
OPEN = Breaker(BreakerState.OPEN, 3, NOW + timedelta(seconds=30))
HALF_OPEN = Breaker(BreakerState.HALF_OPEN, 3, NOW + timedelta(seconds=60))


@pytest.mark.parametrize(
    ("before", "lived", "expected"),
    [
        (CLOSED, [], CLOSED),
        (CLOSED, [True], CLOSED),
        (CLOSED, [False], Breaker(BreakerState.CLOSED, 1, None)),
        (CLOSED, [False, False, True, False], Breaker(BreakerState.CLOSED, 1, None)),
        (CLOSED, [False, False, False], OPEN),
        (Breaker(BreakerState.CLOSED, 2, None), [False], OPEN),
        (Breaker(BreakerState.CLOSED, 2, None), [True], CLOSED),
        (HALF_OPEN, [True], CLOSED),
        (HALF_OPEN, [False], Breaker(BreakerState.OPEN, 4, NOW + timedelta(seconds=30))),
    ],
)
def test_it_moves_by_what_came_back(before: Breaker, lived: list[bool], expected: Breaker) -> None:
    assert after(before, lived, POLICY, NOW) == expected


@pytest.mark.parametrize("lived", [[True], [False], [True, False, True]])
def test_what_was_sent_before_it_opened_says_nothing_new(lived: list[bool]) -> None:
    assert after(OPEN, lived, POLICY, NOW + timedelta(seconds=5)) == OPEN


def test_a_lane_that_allows_no_failure_opens_at_the_first() -> None:
    strict = Policy(failures=1, open_for=timedelta(seconds=30))
    assert after(CLOSED, [False], strict, NOW).state is BreakerState.OPEN

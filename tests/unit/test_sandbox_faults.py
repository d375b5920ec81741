"""When faults strike."""

import pytest
from pydantic import ValidationError

from app.sandbox.faults import ALLOWED, Drawn, Fault, FaultKind, FaultPlan, Malformation, Target

ERROR = FaultKind.SERVER_ERROR


def struck(plan: FaultPlan, times: int, target: Target = Target.REQUEST) -> list[bool]:
    return [plan.draw(target).fault is not None for _ in range(times)]


def test_without_faults_nothing_strikes() -> None:
    assert FaultPlan("seed", []).draw(Target.REQUEST) == Drawn(0, None)


def test_a_counted_fault_strikes_the_next_ones_and_no_others() -> None:
    assert struck(FaultPlan("seed", [Fault(kind=ERROR, count=2)]), 4) == [True, True, False, False]


def test_a_fault_strikes_its_target_only() -> None:
    plan = FaultPlan("seed", [Fault(kind=ERROR, target=Target.STATUS_QUERY)])
    assert struck(plan, 2) == [False, False]
    assert struck(plan, 2, Target.STATUS_QUERY) == [True, True]


def test_what_did_not_strike_does_not_count() -> None:
    plan = FaultPlan("seed", [Fault(kind=ERROR, probability=0.5, count=3)])
    assert sum(struck(plan, 100)) == 3


def test_the_lot_is_the_same_for_the_same_seed() -> None:
    faults = [Fault(kind=ERROR, probability=0.3)]
    one, same, other = (struck(FaultPlan(seed, faults), 200) for seed in ("a", "a", "b"))
    assert one == same
    assert one != other
    assert 30 < sum(one) < 90


def test_at_most_one_fault_strikes_beside_delays_which_add_up() -> None:
    plan = FaultPlan(
        "seed",
        [
            Fault(kind=FaultKind.LATENCY, delay_ms=100),
            Fault(kind=FaultKind.LATENCY, delay_ms=50),
            Fault(kind=FaultKind.TIME_OUT, count=1),
            Fault(kind=ERROR, count=1),
        ],
    )
    first, second, third = (plan.draw(Target.REQUEST) for _ in range(3))
    assert first.delay == second.delay == third.delay == pytest.approx(0.15)
    assert first.is_a(FaultKind.TIME_OUT)
    assert second.is_a(ERROR)
    assert third.fault is None


def test_a_delay_varies_within_its_jitter_and_is_never_negative() -> None:
    plan = FaultPlan("seed", [Fault(kind=FaultKind.LATENCY, delay_ms=100, jitter_ms=200)])
    delays = [plan.draw(Target.REQUEST).delay for _ in range(200)]
    assert min(delays) == 0
    assert 0.2 < max(delays) <= 0.3


def test_what_is_left_of_the_plan_can_be_seen() -> None:
    plan = FaultPlan("seed", [Fault(kind=ERROR, count=2), Fault(kind=FaultKind.TIME_OUT, count=1)])
    struck(plan, 1)
    assert [fault.count for fault in plan.remaining()] == [1, 1]
    struck(plan, 1)
    assert plan.remaining() == [Fault(kind=FaultKind.TIME_OUT, count=1)]


def test_every_kind_has_a_target_it_can_strike() -> None:
    assert set().union(*ALLOWED.values()) == set(FaultKind)


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (FaultKind.DUPLICATE_CALLBACK, Target.REQUEST),
        (FaultKind.TIME_OUT, Target.CALLBACK),
        (FaultKind.REFUSAL, Target.STATUS_QUERY),
    ],
)
def test_a_fault_that_its_target_cannot_have_is_refused(kind: FaultKind, target: Target) -> None:
    with pytest.raises(ValidationError, match="cannot strike"):
        Fault(kind=kind, target=target)


def test_a_malformation_is_drawn_where_none_is_named() -> None:
    plan = FaultPlan("seed", [])
    fault = Fault(kind=FaultKind.MALFORMED_ANSWER)
    assert {plan.pick(fault) for _ in range(500)} == set(Malformation)
    assert plan.pick(fault.model_copy(update={"malformation": Malformation.DEEP})) is Malformation.DEEP

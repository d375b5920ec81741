"""What is owed, and what must not be frozen or taken beyond it. Each rule cites its article."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from app.measures.choosing import Offer
from app.measures.claims import Claim, Excess, PaidBy, Payment, excess, outstanding, transfer_cap
from tests.unit.measures_town import yuan

JUDGMENT_DUE = date(2018, 1, 10)
XIE = Claim(
    principal=yuan("85000"),
    costs=yuan("1175"),
    daily_rate=Decimal("0.0002"),
    interest_from=date(2017, 1, 1),
    late_from=JUDGMENT_DUE,
)


def noon(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T04:00:00").replace(tzinfo=UTC)


def test_interest_runs_on_the_principal_by_the_day() -> None:
    owed = outstanding(XIE, [], noon("2017-01-11"))
    assert (owed.interest, owed.late_interest, owed.total) == (yuan("170"), yuan("0"), yuan("86345"))


def test_the_doubled_part_runs_beside_ordinary_interest_from_the_end_of_the_period() -> None:
    # 法释〔2014〕8号 §1, §2: principal × 0.0175 % × days, not on interest
    owed = outstanding(XIE, [], noon("2018-01-20"))
    assert owed.late_interest == yuan("148.75")
    assert owed.interest == yuan("85000") * Decimal("0.0002") * 384


def test_no_interest_that_the_judgment_does_not_award() -> None:
    # 法释〔2014〕8号 §1(2)
    owed = outstanding(Claim(yuan("1000"), late_from=JUDGMENT_DUE), [], noon("2018-01-11"))
    assert (owed.interest, owed.late_interest) == (yuan("0"), yuan("0.18"))  # 0.175 rounded half up


def test_the_doubled_part_stands_still_while_enforcement_is_stayed_for_review() -> None:
    # 法释〔2014〕8号 §3(3)
    stayed = Claim(
        yuan("100000"),
        late_from=date(2018, 1, 1),
        suspended=((date(2017, 12, 1), date(2018, 1, 5)), (date(2018, 1, 21), date(2018, 2, 1))),
    )
    assert outstanding(stayed, [], noon("2018-01-31")).late_interest == yuan("17.50") * (30 - 4 - 10)


def test_a_payment_goes_to_costs_then_interest_then_principal_and_to_the_doubled_part_last() -> None:
    # 民法典 §561; 法释〔2014〕8号 §4
    day = noon("2018-01-20")
    interest = yuan("6528")
    paid = [Payment(date(2018, 1, 20), yuan("1175") + interest + yuan("5000"))]
    owed = outstanding(XIE, paid, day)
    assert (owed.costs, owed.interest, owed.principal) == (yuan("0"), yuan("0"), yuan("80000"))
    assert owed.late_interest == yuan("148.75")


def test_after_a_part_is_paid_interest_runs_on_the_rest() -> None:
    # 法释〔2014〕8号 §3
    claim = Claim(yuan("1000"), late_from=date(2018, 1, 1), late_rate=Decimal("0.001"))
    owed = outstanding(claim, [Payment(date(2018, 1, 11), yuan("600"))], noon("2018-01-21"))
    assert (owed.principal, owed.late_interest) == (yuan("400"), yuan("14"))


def test_a_transferred_sum_counts_from_the_day_of_the_transfer() -> None:
    # 法释〔2014〕8号 §3(2)
    paid = [Payment(date(2018, 1, 11), yuan("600"), PaidBy.TRANSFER), Payment(date(2018, 1, 12), yuan("1"))]
    owed = outstanding(Claim(yuan("1000"), late_from=date(2018, 1, 1)), paid, noon("2018-01-31"))
    assert (owed.transferred, owed.principal) == (yuan("600"), yuan("399"))


def test_payments_of_later_days_do_not_count_yet_and_their_order_does_not_matter() -> None:
    paid = [Payment(date(2018, 3, 1), yuan("500")), Payment(date(2018, 2, 1), yuan("100"))]
    claim = Claim(yuan("1000"))
    assert outstanding(claim, paid, noon("2018-02-15")).total == yuan("900")
    assert outstanding(claim, paid, noon("2018-03-01")).total == yuan("400")


def test_what_is_paid_too_much_is_owed_back() -> None:
    owed = outstanding(Claim(yuan("100")), [Payment(date(2018, 1, 1), yuan("130"))], noon("2018-01-01"))
    assert (owed.total, owed.overpaid) == (yuan("0"), yuan("30"))


def test_a_day_is_a_day_in_china() -> None:
    claim = Claim(yuan("1000"), daily_rate=Decimal("0.001"), interest_from=date(2018, 1, 1))
    assert outstanding(claim, [], datetime(2018, 1, 1, 15, 59, tzinfo=UTC)).interest == yuan("0")
    assert outstanding(claim, [], datetime(2018, 1, 1, 16, 0, tzinfo=UTC)).interest == yuan("1")


# excess, Seizure §19


def money(name: str, amount: str, harm: int = 1) -> Offer:
    return Offer(name, yuan(amount), harm=(harm,))


def house(name: str, amount: str, harm: int = 5) -> Offer:
    return Offer(name, yuan(amount), divisible=False, harm=(harm,))


def test_the_same_debt_frozen_at_five_banks_is_released_at_four() -> None:
    # Seizure §19: the first complaint everywhere
    found = excess([money(name, "85000") for name in "ABCDE"], yuan("85000"))
    assert found.clear
    assert found.surplus == yuan("340000")
    assert len(found.releases) == 4


def test_nothing_is_released_while_no_more_is_frozen_than_is_owed() -> None:
    assert excess([money("A", "60"), money("B", "40")], yuan("100")) == Excess(
        yuan("100"), yuan("100"), (), (), clear=False
    )


def test_a_house_that_cannot_be_divided_may_bind_more_when_nothing_else_suffices() -> None:
    # Seizure §19(2)
    found = excess([money("A", "100"), house("H", "500")], yuan("250"))
    assert (found.clear, found.releases, found.excused) == (False, (), ("H",))


def test_a_house_is_released_when_the_money_suffices() -> None:
    # Seizure §19(2)
    found = excess([money("A", "300"), house("H", "500")], yuan("250"))
    assert found.releases == (("A", yuan("50")), ("H", yuan("500")))


def test_what_hurts_most_is_released_first() -> None:
    # Preservation §13
    found = excess([money("payroll", "100", harm=6), money("savings", "100", harm=1)], yuan("120"))
    assert found.releases == (("payroll", yuan("80")),)


def test_a_margin_decides_what_is_clear_and_not_what_is_too_much() -> None:
    found = excess([money("A", "105")], yuan("100"), margin=Decimal("0.05"))
    assert (found.clear, found.surplus) == (False, yuan("5"))
    assert excess([money("A", "105.01")], yuan("100"), margin=Decimal("0.05")).clear


def test_everything_is_released_once_nothing_is_owed() -> None:
    # Seizure §28(4)
    assert excess([money("A", "10"), house("H", "500")], yuan("0")).surplus == yuan("510")


@pytest.mark.parametrize(
    ("held", "owed", "ordered", "cap"),
    [
        ("100", "80", "0", "80"),
        ("50", "80", "0", "50"),
        ("100", "80", "30", "50"),
        ("100", "80", "90", "0"),
        ("100", "0", "0", "0"),
    ],
)
def test_never_more_is_transferred_than_held_and_owed(held: str, owed: str, ordered: str, cap: str) -> None:
    # Civil Procedure §253
    assert transfer_cap(yuan(held), yuan(owed), yuan(ordered)) == yuan(cap)

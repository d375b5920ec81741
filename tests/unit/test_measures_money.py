"""What freezes hold of accounts, products and refunds; what is transferred. Each rule cites its article."""

import pytest

from app.measures.ladder import Thing
from app.measures.operations import Conversion, Redemption, Release
from app.measures.receipts import Consequence
from app.measures.words import Change, Ground, Nature, Reach, State, ThingKind
from tests.unit.measures_town import NOON, THREE_YEARS, YEAR, Town, days_later, yuan

# by amount


def test_what_is_really_frozen_is_reported_apart_from_the_limit() -> None:
    rung = Town().freeze("A", "account", "1500").rungs[0]
    assert (rung.limit, rung.held, rung.state) == (yuan("1500"), yuan("1000"), State.IN_FORCE)


def test_several_limits_are_in_force_as_far_as_there_is_money() -> None:
    town = Town()
    for court, limit in (("A", "600"), ("B", "300"), ("C", "300"), ("D", "50")):
        town.freeze(court, "account", limit)
    assert town.held_on("account") == {"A": yuan("600"), "B": yuan("300"), "C": yuan("100"), "D": yuan("0")}
    assert town.in_force_on("account") == ["A", "B", "C"]


def test_the_first_limit_on_an_empty_account_is_in_force_and_the_second_waits() -> None:
    town = Town()
    town.freeze("A", "empty", "100")
    town.freeze("B", "empty", "100")
    assert town.in_force_on("empty") == ["A"]
    assert town.held_on("empty") == {"A": yuan("0"), "B": yuan("0")}


def test_later_money_fills_the_limits_in_the_order_of_ranks() -> None:
    town = Town()
    for court in "ABC":
        town.freeze(court, "empty", "100")
    receipt = town.money_in("empty", "150", at=days_later(5))
    assert receipt.consequences == (
        Consequence(Change.HOLDS_MORE, "empty", "A", days_later(5), yuan("100")),
        Consequence(
            Change.PROMOTED,
            "empty",
            "B",
            days_later(5),
            yuan("50"),
            town.register.ladder("empty")[1].ends_at,
        ),
    )
    assert town.held_on("empty") == {"A": yuan("100"), "B": yuan("50"), "C": yuan("0")}


def test_the_term_of_a_limit_that_waited_runs_from_the_first_money_it_holds() -> None:
    town = Town()
    town.freeze("A", "empty", "100")
    town.freeze("B", "empty", "100")
    town.money_in("empty", "101", at=days_later(5))
    assert town.register.ladder("empty")[1].active_at == days_later(5)


def test_money_above_all_limits_stays_free_and_may_be_spent() -> None:
    # Seizure §24: the frozen part may not be paid out
    town = Town()
    town.freeze("A", "account", "600")
    assert town.register.free("account") == yuan("400")
    assert town.money_out("account", "400.01").ground is Ground.NOT_FREE
    assert town.money_out("account", "400").effective
    assert town.held_on("account") == {"A": yuan("600")}


# the whole account, 只收不付


def test_a_whole_account_takes_money_in_and_lets_none_out() -> None:
    town = Town()
    town.freeze("A", "account")
    assert town.money_out("account", "0.01").ground is Ground.NOT_FREE
    town.money_in("account", "77")
    assert town.held_on("account") == {"A": yuan("1077")}


def test_behind_a_whole_account_everybody_waits_and_ahead_of_it_limits_are_served() -> None:
    town = Town()
    town.freeze("A", "account", "300")
    town.freeze("B", "account")
    town.freeze("C", "account", "100")
    assert town.held_on("account") == {"A": yuan("300"), "B": yuan("700"), "C": yuan("0")}
    assert town.in_force_on("account") == ["A", "B"]
    town.release("B")
    assert town.held_on("account") == {"A": yuan("300"), "C": yuan("100")}


def test_preservation_of_an_account_states_the_sum() -> None:
    # Preservation §15(3)
    town = Town()
    assert town.freeze("A", "account", nature=Nature.PRESERVATION).ground is Ground.AMOUNT_NEEDED
    assert town.freeze("B", "account", "10", nature=Nature.PRESERVATION).effective
    assert town.freeze("C", "product", nature=Nature.PRESERVATION, term=THREE_YEARS).effective


# release in part, Seizure §19


def test_a_partial_release_lowers_the_limit_and_the_next_in_the_queue_takes_what_comes_free() -> None:
    # Seizure §19, §26
    town = Town()
    town.freeze("A", "account", "1000")
    town.freeze("B", "account", "500")
    receipt = town.release("A", "400")
    assert (receipt.rungs[0].limit, receipt.rungs[0].held) == (yuan("600"), yuan("600"))
    assert [(each.change, each.freeze_id, each.amount) for each in receipt.consequences] == [
        (Change.PROMOTED, "B", yuan("400")),
    ]


def test_a_partial_release_of_what_was_never_filled_frees_no_money() -> None:
    town = Town()
    town.freeze("A", "account", "1500")
    assert town.release("A", "500").rungs[0].held == yuan("1000")


def test_a_partial_release_of_all_ends_the_freeze_and_of_more_is_refused() -> None:
    town = Town()
    town.freeze("A", "account", "100")
    assert town.release("A", "100.01").ground is Ground.BEYOND_LIMIT
    assert town.release("A", "0").ground is Ground.AMOUNT_INVALID
    assert town.release("A", "100").rungs[0].state is State.RELEASED


def test_a_part_released_from_a_whole_account_leaves_a_limit() -> None:
    town = Town()
    town.freeze("A", "account")
    rung = town.release("A", "400").rungs[0]
    assert (rung.limit, rung.held) == (yuan("600"), yuan("600"))
    town.money_in("account", "50")
    assert town.register.free("account") == yuan("450")


def test_a_house_is_not_released_by_amounts() -> None:
    town = Town()
    town.freeze("A", "car")
    assert town.release("A", "1").ground is Ground.NOT_BY_AMOUNT


# transfer, Civil Procedure §253


def test_a_transfer_takes_held_money_and_uses_the_limit_up() -> None:
    # Civil Procedure §253
    town = Town()
    town.freeze("A", "account", "600")
    town.freeze("B", "account", "600")
    rung = town.transfer("A", "250").rungs[0]
    assert (rung.limit, rung.held) == (yuan("350"), yuan("350"))
    assert town.register.balance("account") == yuan("750")
    assert town.held_on("account") == {"A": yuan("350"), "B": yuan("400")}


def test_a_transfer_of_the_whole_limit_ends_the_freeze() -> None:
    town = Town()
    town.freeze("A", "account", "600")
    assert town.transfer("A", "600").rungs[0].state is State.EXHAUSTED
    assert town.transfer("A", "1").ground is Ground.ALREADY_EXHAUSTED
    town.money_in("account", "900")
    assert town.register.free("account") == yuan("1300")


def test_no_more_is_transferred_than_is_really_held() -> None:
    # Civil Procedure §253
    town = Town()
    town.freeze("A", "account", "1500")
    assert town.transfer("A", "1000.01").ground is Ground.BEYOND_HELD
    assert town.register.balance("account") == yuan("1000")


def test_no_transfer_from_a_freeze_that_waits() -> None:
    # Seizure §26
    town = Town()
    town.freeze("A", "account")
    town.freeze("B", "account", "10")
    assert town.transfer("B", "10").ground is Ground.NOT_IN_FORCE


def test_no_transfer_after_release_or_lapse() -> None:
    town = Town()
    town.freeze("A", "account", "10")
    town.release("A")
    town.freeze("B", "account", "10")
    assert town.transfer("A", "10").ground is Ground.ALREADY_RELEASED
    assert town.transfer("B", "10", at=days_later(400)).ground is Ground.ALREADY_LAPSED


@pytest.mark.parametrize("amount", ["0", "-5", "0.001", "NaN"])
def test_a_sum_that_is_none_is_refused_everywhere(amount: str) -> None:
    town = Town()
    town.freeze("A", "account", "500")
    assert town.transfer("A", amount).ground is Ground.AMOUNT_INVALID
    assert town.release("A", amount).ground is Ground.AMOUNT_INVALID
    assert town.money_in("account", amount).ground is Ground.AMOUNT_INVALID
    assert town.money_out("account", amount).ground is Ground.AMOUNT_INVALID


def test_a_car_has_no_balance_to_move() -> None:
    town = Town()
    town.freeze("A", "car")
    assert town.transfer("A", "1").ground is Ground.NOT_BY_AMOUNT
    assert town.money_in("car", "1").ground is Ground.NOT_BY_AMOUNT
    assert town.money_in("nowhere", "1").ground is Ground.THING_UNKNOWN


def test_a_tax_refund_is_transferred_like_money() -> None:
    town = Town()
    town.freeze("A", "refund", "1000", term=THREE_YEARS)
    town.money_in("refund", "50")
    assert town.transfer("A", "350").effective
    assert town.register.balance("refund") == yuan("0")


# wealth products, two legs


def test_a_product_is_frozen_in_two_legs_and_both_hold_no_more_than_the_limit() -> None:
    # Seizure §19
    town = Town()
    receipt = town.freeze("A", "product", "3000", term=THREE_YEARS)
    assert [(rung.thing_id, rung.held) for rung in receipt.rungs] == [
        ("account", yuan("1000")),
        ("product", yuan("2000")),
    ]


def test_the_account_of_a_product_is_a_deposit_and_ends_after_a_year() -> None:
    # Interpretation §485
    account, product = Town().freeze("A", "product", "3000", term=THREE_YEARS).rungs
    assert account.ends_at is not None
    assert product.ends_at is not None
    assert (account.ends_at.year, product.ends_at.year) == (2025, 2027)


def test_when_the_account_holds_the_whole_limit_the_product_is_left_alone() -> None:
    # Seizure §19
    town = Town()
    receipt = town.freeze("A", "product", "800", term=THREE_YEARS)
    assert [rung.thing_id for rung in receipt.rungs] == ["account"]
    assert [(each.thing_id, each.ground) for each in receipt.missed] == [("product", Ground.LIMIT_COVERED)]


def test_each_leg_has_its_own_rank() -> None:
    town = Town()
    town.freeze("A", "account")
    receipt = town.freeze("B", "product", "3000", term=THREE_YEARS)
    assert [(rung.thing_id, rung.rank, rung.held) for rung in receipt.rungs] == [
        ("account", 2, yuan("0")),
        ("product", 1, yuan("3000")),
    ]


def test_what_a_product_pays_out_is_caught_in_its_return_account() -> None:
    town = Town()
    town.freeze("A", "product", "3000", term=THREE_YEARS)
    receipt = town.register.apply(Redemption("x", days_later(9), "product", yuan("5000")))
    assert [(each.change, each.thing_id, each.amount) for each in receipt.consequences] == [
        (Change.HOLDS_LESS, "product", yuan("2000")),
        (Change.HOLDS_MORE, "account", yuan("2000")),
    ]
    assert town.register.free("account") == yuan("3000")


def test_no_transfer_from_the_product_itself_before_it_is_redeemed() -> None:
    town = Town()
    town.freeze("A", "product", "3000", term=THREE_YEARS)
    assert town.transfer("A", "1000.01").ground is Ground.BEYOND_HELD
    assert town.transfer("A", "1000").effective


def test_when_the_limit_is_transferred_the_product_comes_free_with_it() -> None:
    town = Town()
    town.freeze("A", "product", "3000", term=THREE_YEARS)
    town.money_in("account", "2000")
    receipt = town.transfer("A", "3000")
    assert [(rung.thing_id, rung.state) for rung in receipt.rungs] == [
        ("account", State.EXHAUSTED),
        ("product", State.EXHAUSTED),
    ]
    assert town.register.free("product") == yuan("5000")


def test_a_part_is_released_from_a_named_leg_only() -> None:
    town = Town()
    town.freeze("A", "product", "3000", term=THREE_YEARS)
    assert town.release("A", "500").ground is Ground.LEG_NEEDED
    assert town.release("A", "500", thing="product").rungs[0].held == yuan("1500")


def test_one_leg_may_be_renewed_when_the_other_cannot_yet() -> None:
    town = Town()
    town.freeze("A", "product", "3000", term=THREE_YEARS)
    town.renew("A", at=days_later(300), term=THREE_YEARS)
    receipt = town.renew("A", at=days_later(400), term=YEAR)
    assert [rung.thing_id for rung in receipt.rungs] == ["account"]
    assert [(each.thing_id, each.ground) for each in receipt.missed] == [("product", Ground.RENEWED_ALREADY)]


def test_one_leg_is_renewed_apart_and_only_by_what_its_kind_allows() -> None:
    # Interpretation §485
    town = Town()
    town.freeze("A", "product", "3000", term=THREE_YEARS)
    assert town.renew("A", term=THREE_YEARS, thing="account").ground is Ground.TERM_TOO_LONG
    assert [rung.thing_id for rung in town.renew("A", thing="account").rungs] == ["account"]
    assert town.renew("A", at=days_later(800), thing="account").ground is Ground.ALREADY_LAPSED


def test_a_measure_converted_after_one_leg_ended_answers_to_its_new_case_number() -> None:
    # Preservation §17
    town = Town()
    town.freeze("A", "product", "3000", term=THREE_YEARS, nature=Nature.PRESERVATION)
    town.register.apply(Conversion("x", days_later(400), "A", "A", "enforcement"))
    receipt = town.register.apply(Release("y", days_later(401), "A", "enforcement"))
    assert [(rung.thing_id, rung.state) for rung in receipt.rungs] == [("product", State.RELEASED)]


def test_a_product_without_a_known_return_account_cannot_pay_out_here() -> None:
    town = Town()
    town.register.add(Thing("orphan", ThingKind.WEALTH_PRODUCT, paid_into="elsewhere"), balance=yuan("10"))
    receipt = town.freeze("A", "orphan", "5")
    assert [(each.thing_id, each.ground) for each in receipt.missed] == [("elsewhere", Ground.KEPT_ELSEWHERE)]
    assert town.register.apply(Redemption("x", NOON, "orphan", yuan("1"))).ground is Ground.NO_RETURN_ACCOUNT
    assert town.register.apply(Redemption("y", NOON, "product", yuan("5001"))).ground is Ground.BEYOND_BALANCE


# unknown balances


def test_an_unknown_balance_leaves_what_is_held_unknown_and_never_zero() -> None:
    town = Town()
    rung = town.freeze("A", "silent", "100").rungs[0]
    assert (rung.state, rung.held) == (State.IN_FORCE, None)
    assert town.freeze("B", "silent", "100").rungs[0].state is State.UNKNOWN
    assert town.register.free("silent") is None
    assert town.transfer("A", "1").ground is Ground.BALANCE_UNKNOWN
    assert town.money_out("silent", "1").ground is Ground.BALANCE_UNKNOWN
    assert town.money_in("silent", "1").effective
    assert town.register.balance("silent") is None


def test_behind_a_whole_account_even_an_unknown_balance_leaves_nothing() -> None:
    town = Town()
    town.freeze("A", "silent")
    rung = town.freeze("B", "silent", "100").rungs[0]
    assert (rung.state, rung.held) == (State.WAITING, yuan("0"))
    assert town.release("A", "5").ground is Ground.BALANCE_UNKNOWN
    assert town.register.ladder("silent")[0].limit is Reach.WHOLE

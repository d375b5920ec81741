"""The plan of least harm, and what is exempt. Each rule cites its article."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from app.measures.exemption import EXEMPTIONS, Circumstances, Protection, is_exempt
from app.measures.plan import Found, Plan, least_harm
from app.measures.truing import Answer, true_up
from app.measures.words import ThingKind
from app.vocabulary import AccountNature
from tests.unit.measures_town import yuan

AS_OF = datetime(2024, 3, 1, 4, tzinfo=UTC)
NOTHING_SPECIAL = Circumstances()


def account(name: str, amount: str | None, nature: AccountNature = AccountNature.ORDINARY) -> Found:
    return Found(name, ThingKind.ACCOUNT, None if amount is None else yuan(amount), AS_OF, nature=nature)


def thing(name: str, value: str, kind: ThingKind = ThingKind.REAL_ESTATE) -> Found:
    return Found(name, kind, yuan(value), AS_OF)


def plan(owed: str, *found: Found, case: Circumstances = NOTHING_SPECIAL) -> Plan:
    return least_harm(found, yuan(owed), case, realisable_share=Decimal(1))


def taken(plan: Plan) -> dict[str, Decimal | None]:
    return {measure.asset_id: measure.limit for measure in plan.measures}


# exemption


def test_every_nature_of_account_has_its_rule() -> None:
    assert set(EXEMPTIONS) == set(AccountNature)
    assert all(rule.source for rule in EXEMPTIONS.values() if rule.protection is not Protection.NONE)


@pytest.mark.parametrize(
    "nature", [AccountNature.SOCIAL_INSURANCE, AccountNature.SUBSISTENCE, AccountNature.DEPOSIT]
)
def test_these_funds_are_never_used_for_a_claim(nature: AccountNature) -> None:
    # Social Insurance Law §64; Seizure §3(2); 法释〔1997〕4号 §1
    made = plan("100", account("A", "1000", nature), case=Circumstances(True, True))
    assert taken(made) == {}
    assert made.shortfall == yuan("100")


def test_migrant_workers_wages_are_for_those_wages_only() -> None:
    # Migrant Workers' Wages Regulation §33
    found = account("A", "1000", AccountNature.MIGRANT_WORKERS_WAGE)
    assert taken(plan("100", found)) == {}
    assert taken(plan("100", found, case=Circumstances(claim_is_for_those_wages=True))) == {"A": yuan("100")}


def test_the_housing_fund_is_used_only_once_it_could_be_withdrawn() -> None:
    assert is_exempt(AccountNature.HOUSING_FUND, NOTHING_SPECIAL)
    assert not is_exempt(AccountNature.HOUSING_FUND, Circumstances(housing_fund_withdrawable=True))


def test_the_living_cost_stays_free_out_of_wages() -> None:
    # Civil Procedure §254; Seizure §3(2)
    case = Circumstances(monthly_standard=yuan("700"), persons=2, months=2)
    made = plan("9000", account("A", "10000", AccountNature.WAGE), case=case)
    assert taken(made) == {"A": yuan("7200")}
    assert made.shortfall == yuan("1800")


def test_the_living_cost_is_spared_once_and_not_for_each_account() -> None:
    # Seizure §3(2)
    case = Circumstances(monthly_standard=yuan("1000"))
    made = plan(
        "99999",
        account("A", "600", AccountNature.WAGE),
        account("B", "5000", AccountNature.PENSION),
        account("C", "5000"),
        case=case,
    )
    assert made.covered == yuan("9600")


def test_who_has_no_income_keeps_the_living_cost_out_of_other_money() -> None:
    # Seizure §3(2)
    case = Circumstances(monthly_standard=yuan("1000"))
    assert taken(plan("99999", account("A", "5000"), case=case)) == {"A": yuan("4000")}


# the order of harm, Preservation §13


def test_one_account_that_suffices_is_frozen_alone_and_not_five() -> None:
    # Seizure §19: the same debt is not frozen at five banks at once
    found = [
        account(name, amount) for name, amount in zip("ABCDE", ("90", "500", "85", "30", "400"), strict=True)
    ]
    assert taken(plan("85", *found)) == {"C": yuan("85")}


def test_money_goes_before_things_and_no_more_is_frozen_than_needed() -> None:
    # Seizure §19
    made = plan("120", thing("house", "500"), account("A", "100"), account("B", "70"))
    assert taken(made) == {"A": yuan("100"), "B": yuan("20")}


def test_a_thing_is_sealed_only_for_the_gap_that_money_leaves() -> None:
    # Seizure §19(2)
    made = plan("250", thing("house", "500"), account("A", "100"))
    assert taken(made) == {"A": yuan("100"), "house": None}
    assert [measure.counted for measure in made.measures] == [yuan("100"), yuan("150")]


def test_what_the_business_needs_comes_last() -> None:
    # Preservation §13
    payroll = replace(account("payroll", "1000"), business_critical=True)
    car = thing("car", "300", ThingKind.VEHICLE)
    assert taken(plan("200", payroll, car)) == {"car": None}
    assert taken(plan("400", payroll, car)) == {"car": None, "payroll": yuan("100")}


def test_products_and_income_come_after_free_money() -> None:
    wage = account("wage", "100", AccountNature.WAGE)
    product = Found("product", ThingKind.WEALTH_PRODUCT, yuan("100"), AS_OF)
    made = plan("250", wage, product, account("A", "100"))
    assert list(taken(made).items()) == [("A", yuan("100")), ("product", yuan("100")), ("wage", yuan("50"))]


def test_what_others_own_or_contest_comes_after_its_like() -> None:
    # Seizure §12
    joint, disputed = replace(account("J", "100"), co_owned=True), replace(account("D", "100"), disputed=True)
    made = plan("250", disputed, joint, account("A", "100"))
    assert list(taken(made)) == ["A", "J", "D"]
    assert "co-owners must be told" in made.measures[1].line.en


def test_a_car_is_left_alone_when_the_house_must_be_sealed_anyway() -> None:
    # Seizure §19
    factory = replace(thing("factory", "1000"), business_critical=True)
    assert taken(plan("900", factory, thing("car", "300", ThingKind.VEHICLE))) == {"factory": None}


def test_of_land_that_can_be_divided_a_part_is_sealed() -> None:
    # Preservation §15(2)
    land = replace(thing("land", "1000"), divisible=True)
    made = plan("300", land, thing("house", "300"))
    assert [(measure.asset_id, measure.limit, measure.counted) for measure in made.measures] == [
        ("land", None, yuan("300"))
    ]


def test_what_goes_before_us_is_not_counted() -> None:
    mortgaged = replace(thing("house", "500"), ahead=yuan("450"))
    made = plan("100", mortgaged, replace(account("A", "30"), ahead=yuan("40")))
    assert (made.covered, made.shortfall) == (yuan("50"), yuan("50"))
    assert "waiting freeze is possible" in made.left_out[0].line.en


def test_an_unreported_balance_is_not_counted_and_said_to_be_unknown() -> None:
    made = plan("100", account("A", None))
    assert taken(made) == {}
    assert "not reported" in made.left_out[0].line.en


def test_a_thing_counts_for_what_a_second_auction_must_bring() -> None:
    # 法释〔2016〕18号 §10, §26: 70 % less a fifth
    made = least_harm([thing("house", "1000")], yuan("600"), NOTHING_SPECIAL)
    assert made.covered == yuan("560")


def test_the_plan_explains_every_asset_and_the_sum_in_both_languages() -> None:
    made = plan(
        "1250",
        account("A", "1000"),
        account("B", "9", AccountNature.SOCIAL_INSURANCE),
        thing("house", "5000"),
        thing("car", "5000", ThingKind.VEHICLE),
    )
    assert [line.en for line in made.lines] == [
        "A: freeze 1,000.00, as reported on 2024-03-01",
        "car: seal, counted for 250.00, as reported on 2024-03-01; money does not suffice (Seizure §19)",
        "B: left alone, social insurance fund: earmarked, nobody may use it otherwise (社会保险法 §64)",
        "house: not needed, the rest suffices (Seizure §19)",
        "owed 1,250.00, covered in full",
    ]
    assert made.lines[0].zh == "A：冻结 1,000.00，依据 2024-03-01 反馈"
    assert "尚缺 50.00" in plan("1050", account("A", "1000")).lines[-1].zh


# truing up


def test_as_planned_there_is_nothing_to_do() -> None:
    made = plan("150", account("A", "100"), account("B", "100"))
    trued = true_up(made, [Answer("A", True, yuan("100")), Answer("B", True, yuan("50"))])
    assert (trued.releases, trued.additions, trued.awaited, trued.shortfall) == ((), (), (), yuan("0"))


def test_a_refusal_is_made_good_from_what_was_left_unused() -> None:
    made = plan("150", account("A", "100"), account("B", "100"), account("C", "40"), thing("house", "500"))
    trued = true_up(made, [Answer("A", in_force=False), Answer("B", True, yuan("50"))])
    assert [(add.asset_id, add.limit, add.counted) for add in trued.additions] == [
        ("B", yuan("50"), yuan("50")),
        ("C", yuan("40"), yuan("40")),
        ("house", None, yuan("10")),
    ]


def test_an_account_that_held_less_than_asked_has_no_more_to_give() -> None:
    made = plan("80", account("A", "100"))
    trued = true_up(made, [Answer("A", True, yuan("60"))])
    assert (trued.additions, trued.secured, trued.shortfall) == ((), yuan("60"), yuan("20"))


def test_what_is_awaited_counts_as_planned_until_it_is_answered() -> None:
    made = plan("150", account("A", "100"), account("B", "100"))
    trued = true_up(made, [Answer("A", True, yuan("100"))])
    assert (trued.additions, trued.releases, trued.awaited) == ((), (), ("B",))


def test_a_sum_that_was_not_told_counts_for_nothing() -> None:
    made = plan("150", account("A", "100"), account("B", "100"))
    trued = true_up(made, [Answer("A", True), Answer("B", True, yuan("50"))])
    assert trued.secured == yuan("50")


def test_when_enough_is_secured_the_surplus_is_released_and_the_rest_called_off() -> None:
    # Seizure §19
    made = plan("150", account("A", "100"), account("B", "100"))
    trued = true_up(made, [Answer("A", True, yuan("100"))], owed=yuan("60"))
    assert [(low.asset_id, low.amount) for low in trued.releases] == [("A", yuan("40")), ("B", None)]


def test_the_house_is_released_when_money_arrived_that_suffices() -> None:
    # Seizure §19, §28
    made = plan("150", account("A", "100"), thing("house", "500"))
    answers = [Answer("A", True, yuan("100")), Answer("house", in_force=True)]
    assert [(low.asset_id, low.amount) for low in true_up(made, answers, owed=yuan("90")).releases] == [
        ("A", yuan("10")),
        ("house", None),
    ]
    assert true_up(made, answers).releases == ()


def test_a_thing_that_waits_in_the_queue_counts_for_nothing() -> None:
    # Seizure §26
    made = plan("150", account("A", "100"), thing("house", "500"))
    trued = true_up(made, [Answer("A", True, yuan("100")), Answer("house", in_force=False)])
    assert trued.shortfall == yuan("50")

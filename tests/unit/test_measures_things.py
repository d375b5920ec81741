"""Ranks, terms and endings of freezes on houses and cars. Each rule cites its article."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from app.measures.ladder import Thing
from app.measures.operations import Conversion, Disposal, FreezeOrder, Release
from app.measures.receipts import Consequence
from app.measures.terms import Term
from app.measures.words import RULES, Change, Extent, Ground, Nature, Reach, State, ThingKind, WaitingTerm
from tests.unit.measures_town import NOON, THREE_YEARS, TWO_YEARS, YEAR, Town, days_later, yuan

END = datetime(2025, 3, 1, 16, tzinfo=UTC)
"""Twenty-four o'clock in China of 1 March 2025, a year after noon of 1 March 2024."""


def disposal(town: Town, court: str | None, *things: str, extent: Extent = Extent.WHOLE) -> Disposal:
    return Disposal(town.number(), NOON, things, court or "elsewhere", court, extent, yuan("70"))


# order, Preservation §16; 法发〔2004〕5号 §20


def test_the_first_received_is_in_force_and_the_second_waits() -> None:
    town = Town()
    first = town.freeze("A", "car", term=TWO_YEARS)
    second = town.freeze("B", "car", at=days_later(1), term=TWO_YEARS)
    assert [(rung.rank, rung.state, rung.active_at) for rung in first.rungs] == [(1, State.IN_FORCE, NOON)]
    assert [(rung.rank, rung.state, rung.active_at) for rung in second.rungs] == [(2, State.WAITING, None)]


def test_within_one_second_the_order_of_booking_decides() -> None:
    town = Town()
    town.freeze("A", "car", at=NOON + timedelta(microseconds=900_000))
    town.freeze("B", "car", at=NOON + timedelta(microseconds=100_000))
    assert town.order_on("car") == ["A", "B"]


def test_an_order_received_a_second_earlier_and_booked_later_goes_before() -> None:
    town = Town()
    town.freeze("A", "car", at=NOON)
    receipt = town.freeze("B", "car", at=NOON - timedelta(seconds=1))
    assert town.order_on("car") == ["B", "A"]
    assert town.in_force_on("car") == ["B"]
    assert receipt.rungs[0].active_at == NOON - timedelta(seconds=1)
    assert receipt.consequences == (Consequence(Change.DISPLACED, "car", "A", NOON),)
    assert town.register.ladder("car")[1].ends_at is None


def test_an_order_booked_after_its_own_end_lapses_at_once_and_hides_nobody() -> None:
    town = Town()
    town.freeze("A", "car")
    receipt = town.freeze("B", "car", at=days_later(-400))
    assert [each.change for each in receipt.consequences] == [
        Change.DISPLACED,
        Change.LAPSED,
        Change.PROMOTED,
    ]
    assert town.in_force_on("car") == ["A"]


# Seizure §26: the next takes effect by itself


def test_on_release_the_first_in_the_queue_takes_effect_by_itself() -> None:
    town = Town()
    for court in "ABC":
        town.freeze(court, "car")
    receipt = town.release("A", at=days_later(40))
    assert receipt.rungs[0].state is State.RELEASED
    assert receipt.rungs[0].rank is None
    assert [(each.change, each.freeze_id, each.at) for each in receipt.consequences] == [
        (Change.PROMOTED, "B", days_later(40))
    ]
    assert [(rung.rank, rung.freeze_id) for rung in town.register.ladder("car")] == [(1, "B"), (2, "C")]
    assert town.in_force_on("car") == ["B"]


def test_a_waiting_freeze_may_be_released_and_those_behind_move_up() -> None:
    town = Town()
    for court in "ABC":
        town.freeze(court, "car")
    assert town.release("B").effective
    assert [(rung.rank, rung.freeze_id) for rung in town.register.ladder("car")] == [(1, "A"), (2, "C")]
    assert town.in_force_on("car") == ["A"]


def test_a_released_freeze_can_be_neither_renewed_nor_released_again() -> None:
    # Seizure §28
    town = Town()
    town.freeze("A", "car")
    town.release("A")
    assert town.renew("A").ground is Ground.ALREADY_RELEASED
    assert town.release("A").ground is Ground.ALREADY_RELEASED


def test_no_court_releases_the_freeze_of_another_case() -> None:
    town = Town()
    town.freeze("A", "car")
    assert town.register.apply(Release("x", NOON, "A", "B")).ground is Ground.NOT_THIS_CASE
    assert town.in_force_on("car") == ["A"]


# terms, Interpretation §485; Seizure §27


@pytest.mark.parametrize(
    ("thing", "most"), [("car", 2), ("house", 3), ("refund", 3), ("product", 3), ("account", 1)]
)
def test_no_freeze_lasts_longer_than_the_maximum_of_its_kind(thing: str, most: int) -> None:
    # Interpretation §485
    town = Town()
    assert town.freeze("A", thing, term=Term(years=most)).effective
    assert town.freeze("B", thing, term=Term(years=most, days=1)).ground is Ground.TERM_TOO_LONG


@pytest.mark.parametrize("term", [Term(), Term(days=-1), Term(years=1, days=-400), Term(years=9000)])
def test_a_term_of_nothing_or_beyond_the_calendar_is_refused(term: Term) -> None:
    assert Town().freeze("A", "car", term=term).ground is Ground.TERM_INVALID


def test_a_freeze_lapses_at_its_end_exactly_and_the_next_takes_effect_then() -> None:
    # Seizure §27, §26
    town = Town()
    town.freeze("A", "car")
    town.freeze("B", "car")
    assert town.register.lapse_until(END - timedelta(microseconds=1)) == ()
    assert town.register.lapse_until(END + timedelta(days=30)) == (
        Consequence(Change.LAPSED, "car", "A", END, ends_at=END),
        Consequence(
            Change.PROMOTED, "car", "B", END, ends_at=datetime(2026, 3, 2, 16, tzinfo=UTC)
        ),  # a year from 2 March, the day on which it took effect in China
    )
    assert town.in_force_on("car") == ["B"]


def test_a_lapsed_freeze_cannot_be_renewed_even_if_nobody_swept() -> None:
    # Interpretation §485: renewal must come before the end
    town = Town()
    town.freeze("A", "car")
    receipt = town.renew("A", at=END)
    assert receipt.ground is Ground.ALREADY_LAPSED
    assert [each.change for each in receipt.consequences] == [Change.LAPSED]


def test_a_renewal_one_instant_before_the_end_keeps_the_rank_and_runs_on_from_the_end() -> None:
    # Interpretation §485
    town = Town()
    town.freeze("A", "car")
    town.freeze("B", "car")
    receipt = town.renew("A", at=END - timedelta(microseconds=1), term=TWO_YEARS)
    assert receipt.rungs[0].rank == 1
    assert receipt.rungs[0].ends_at == datetime(2027, 3, 1, 16, tzinfo=UTC)


def test_a_renewal_is_bounded_like_a_freeze() -> None:
    # Interpretation §485
    town = Town()
    town.freeze("A", "car")
    assert town.renew("A", term=Term(years=2, days=1)).ground is Ground.TERM_TOO_LONG
    assert town.renew("A", term=Term()).ground is Ground.TERM_INVALID


def test_renewals_are_not_piled_up_in_advance() -> None:
    # Interpretation §485: at most the maximum beyond the running term
    town = Town()
    town.freeze("A", "car", term=TWO_YEARS)
    assert town.renew("A", term=TWO_YEARS).effective
    assert town.renew("A", term=TWO_YEARS).ground is Ground.RENEWED_ALREADY
    assert town.renew("A", at=days_later(731), term=TWO_YEARS).effective


def test_the_term_of_a_waiting_freeze_runs_from_activation_by_default() -> None:
    town = Town()
    town.freeze("A", "car")
    assert town.freeze("B", "car").rungs[0].ends_at is None
    town.release("A", at=days_later(200))
    rung = town.register.ladder("car")[0]
    assert (rung.active_at, rung.ends_at) == (days_later(200), datetime(2025, 9, 17, 16, tzinfo=UTC))


def test_the_term_of_a_waiting_freeze_may_be_set_to_run_from_registration() -> None:
    town = Town(WaitingTerm.FROM_REGISTRATION)
    town.freeze("A", "car", term=TWO_YEARS)
    town.freeze("B", "car")
    town.freeze("C", "car", term=TWO_YEARS)
    told = town.register.lapse_until(END)
    assert [(each.change, each.freeze_id) for each in told] == [(Change.LAPSED, "B")]
    assert town.order_on("car") == ["A", "C"]


def test_freezes_that_end_together_lapse_together_and_one_is_promoted() -> None:
    # P6: one promotion per ending
    town = Town(WaitingTerm.FROM_REGISTRATION)
    town.freeze("A", "car")
    town.freeze("B", "car")
    town.freeze("C", "car", term=TWO_YEARS)
    told = town.register.lapse_until(END)
    assert [(each.change, each.freeze_id) for each in told] == [
        (Change.LAPSED, "A"),
        (Change.LAPSED, "B"),
        (Change.PROMOTED, "C"),
    ]


def test_renewing_a_waiting_freeze_changes_the_term_it_will_have() -> None:
    town = Town()
    town.freeze("A", "car")
    town.freeze("B", "car")
    assert town.renew("B", term=TWO_YEARS).rungs[0].ends_at is None
    town.release("A")
    assert town.register.ladder("car")[0].ends_at == datetime(2026, 3, 1, 16, tzinfo=UTC)


def test_a_chain_of_lapses_is_worked_off_in_order_however_late_the_sweep() -> None:
    # P7: no silent lapse
    town = Town()
    for court in "ABC":
        town.freeze(court, "car", term=Term(days=10))
    told = town.register.lapse_until(days_later(1_000))
    assert [(each.change, each.freeze_id) for each in told] == [
        (Change.LAPSED, "A"),
        (Change.PROMOTED, "B"),
        (Change.LAPSED, "B"),
        (Change.PROMOTED, "C"),
        (Change.LAPSED, "C"),
    ]
    assert [each.at for each in told] == sorted(each.at for each in told)
    assert town.order_on("car") == []


# preservation, Interpretation §168; Preservation §17


def test_preservation_turns_into_enforcement_with_term_and_rank_running_on() -> None:
    town = Town()
    before = town.freeze("A", "car", nature=Nature.PRESERVATION).rungs[0]
    town.freeze("B", "car")
    receipt = town.register.apply(Conversion("x", days_later(100), "A", "A", "enforcement"))
    assert receipt.rungs == (before._replace(case_number="enforcement", nature=Nature.ENFORCEMENT),)


def test_after_conversion_orders_may_cite_either_case_number() -> None:
    town = Town()
    town.freeze("A", "car", nature=Nature.PRESERVATION)
    town.register.apply(Conversion("x", NOON, "A", "A", "enforcement"))
    assert town.renew("A").effective
    assert town.register.apply(Release("y", NOON, "A", "enforcement")).effective


def test_a_measure_of_enforcement_is_not_converted_again() -> None:
    town = Town()
    town.freeze("A", "car")
    receipt = town.register.apply(Conversion("x", NOON, "A", "A", "enforcement"))
    assert receipt.ground is Ground.NOT_PRESERVATION


# house and land, Seizure §21


def test_a_freeze_on_the_house_reaches_the_land_and_the_other_way_round() -> None:
    # Seizure §21
    town = Town()
    assert [rung.thing_id for rung in town.freeze("A", "house", term=THREE_YEARS).rungs] == ["house", "land"]
    assert [rung.rank for rung in town.freeze("B", "land", term=THREE_YEARS).rungs] == [2, 2]
    assert town.order_on("house") == town.order_on("land") == ["A", "B"]


def test_land_kept_by_another_registry_must_be_ordered_there() -> None:
    # Seizure §21(2)
    town = Town()
    town.register.add(Thing("barn", ThingKind.REAL_ESTATE, goes_with=("field",)))
    receipt = town.freeze("A", "barn")
    assert receipt.effective
    assert [(missed.thing_id, missed.ground) for missed in receipt.missed] == [
        ("field", Ground.KEPT_ELSEWHERE)
    ]


def test_a_release_lifts_house_and_land_unless_one_is_named() -> None:
    town = Town()
    town.freeze("A", "house")
    assert town.release("A", thing="land").effective
    assert (town.order_on("house"), town.order_on("land")) == (["A"], [])
    assert town.release("A", thing="land").ground is Ground.ALREADY_RELEASED
    assert town.release("A", thing="car").ground is Ground.FREEZE_UNKNOWN
    town.freeze("B", "house")
    town.release("A")
    assert town.in_force_on("house") == town.in_force_on("land") == ["B"]


# disposal, Seizure §27; 法发〔2004〕5号 §20; 法〔2022〕107号 §1


def test_sale_of_the_whole_voids_every_freeze_and_the_queue_reaches_the_surplus() -> None:
    # Seizure §27; 法〔2022〕107号 §1
    town = Town()
    town.freeze("A", "house")
    town.freeze("B", "house")
    receipt = town.register.apply(disposal(town, "A", "house", "land"))
    assert [rung.state for rung in receipt.rungs] == [State.VOID, State.VOID]
    assert [(each.change, each.thing_id, each.freeze_id, each.amount) for each in receipt.consequences] == [
        (Change.VOIDED, "house", "B", yuan("70")),
        (Change.VOIDED, "land", "B", yuan("70")),
    ]
    assert town.order_on("house") == town.order_on("land") == []
    assert town.release("B").ground is Ground.ALREADY_VOID


def test_what_was_sold_is_out_of_reach() -> None:
    # Seizure §23
    town = Town()
    town.freeze("A", "car")
    town.register.apply(disposal(town, "A", "car"))
    assert town.freeze("B", "car").ground is Ground.THING_DISPOSED
    assert town.register.apply(disposal(town, None, "car")).ground is Ground.THING_DISPOSED


def test_after_sale_of_a_part_the_next_takes_effect_on_the_remainder() -> None:
    # 法发〔2004〕5号 §20
    town = Town()
    town.freeze("A", "house")
    town.freeze("B", "house")
    receipt = town.register.apply(disposal(town, "A", "house", "land", extent=Extent.PART))
    assert [(each.change, each.freeze_id) for each in receipt.consequences] == [(Change.PROMOTED, "B")] * 2
    assert town.in_force_on("house") == town.in_force_on("land") == ["B"]
    assert town.freeze("C", "house").effective


def test_a_court_that_waits_cannot_sell() -> None:
    town = Town()
    town.freeze("A", "car")
    town.freeze("B", "car")
    assert town.register.apply(disposal(town, "B", "car")).ground is Ground.NOT_IN_FORCE
    assert town.in_force_on("car") == ["A"]


def test_a_court_to_which_the_power_to_sell_was_handed_needs_no_freeze_here() -> None:
    # 法释〔2016〕6号
    town = Town()
    town.freeze("A", "car")
    receipt = town.register.apply(disposal(town, None, "car"))
    assert [(each.change, each.freeze_id) for each in receipt.consequences] == [(Change.VOIDED, "A")]


def test_money_is_transferred_and_not_sold() -> None:
    town = Town()
    town.freeze("A", "account")
    assert town.register.apply(disposal(town, "A", "account")).ground is Ground.MONEY_IS_TRANSFERRED
    assert town.register.apply(disposal(town, "A", "nothing")).ground is Ground.THING_UNKNOWN
    assert town.register.apply(disposal(town, "A")).ground is Ground.THING_UNKNOWN


# requests


def test_the_same_request_again_gives_the_same_receipt_and_no_second_effect() -> None:
    # P3
    town = Town()
    order = FreezeOrder("A", NOON, "car", "A", YEAR)
    first = town.register.apply(order)
    town.freeze("B", "car")
    assert town.register.apply(replace(order, at=days_later(3))) is first
    assert town.order_on("car") == ["A", "B"]


def test_other_content_under_the_same_request_number_is_refused() -> None:
    # P9
    town = Town()
    town.freeze("A", "car")
    assert town.register.apply(FreezeOrder("A", NOON, "house", "A", YEAR)).ground is Ground.REQUEST_CONFLICT
    assert town.order_on("house") == []


def test_a_refused_request_stays_refused_when_it_comes_again() -> None:
    town = Town()
    renewal = town.renew("A")
    assert renewal.ground is Ground.FREEZE_UNKNOWN
    town.freeze("A", "car")
    again = town.register.apply(town.register.asked[renewal.request_id])  # type: ignore[arg-type]  # never imported here
    assert again is renewal


@pytest.mark.parametrize(
    ("thing", "limit", "nature", "ground"),
    [
        ("nowhere", None, Nature.ENFORCEMENT, Ground.THING_UNKNOWN),
        ("car", Decimal(5), Nature.ENFORCEMENT, Ground.NOT_BY_AMOUNT),
        ("account", Decimal(0), Nature.ENFORCEMENT, Ground.AMOUNT_INVALID),
        ("account", Decimal(-1), Nature.ENFORCEMENT, Ground.AMOUNT_INVALID),
        ("account", Decimal("1.001"), Nature.ENFORCEMENT, Ground.AMOUNT_INVALID),
        ("account", Decimal("NaN"), Nature.ENFORCEMENT, Ground.AMOUNT_INVALID),
        ("account", Decimal("sNaN"), Nature.ENFORCEMENT, Ground.AMOUNT_INVALID),
        ("account", Decimal("Infinity"), Nature.ENFORCEMENT, Ground.AMOUNT_INVALID),
        ("account", Decimal("1E+40"), Nature.ENFORCEMENT, Ground.AMOUNT_INVALID),
        ("account", Decimal("1E-40"), Nature.ENFORCEMENT, Ground.AMOUNT_INVALID),
        ("account", Reach.UNKNOWN, Nature.ENFORCEMENT, Ground.AMOUNT_INVALID),
        ("account", None, Nature.PRESERVATION, Ground.AMOUNT_NEEDED),  # Preservation §15
    ],
)
def test_an_order_that_cannot_stand_is_refused_with_its_ground(
    thing: str, limit: Decimal | Reach | None, nature: Nature, ground: Ground
) -> None:
    town = Town()
    order = FreezeOrder("A", NOON, thing, "A", YEAR, Reach.WHOLE if limit is None else limit, nature)
    receipt = town.register.apply(order)
    assert (receipt.ground, receipt.rungs) == (ground, ())
    assert town.register.freeze("A") == ()


def test_every_ground_is_said_in_english_and_chinese() -> None:
    assert set(RULES) == set(Ground)
    assert all(rule.en and rule.zh for rule in RULES.values())


def test_a_thing_is_registered_once() -> None:
    with pytest.raises(ValueError, match="registered already"):
        Town().register.add(Thing("car", ThingKind.VEHICLE))


def test_instants_without_a_zone_are_refused() -> None:
    with pytest.raises(TypeError):
        Town().freeze("A", "car", at=datetime(2024, 3, 1))  # noqa: DTZ001 - that is the point

"""What-if, ladders made of reports, and the register as plain data."""

import json
from decimal import Decimal

import pytest

from app.measures.ladder import Thing
from app.measures.operations import FreezeOrder, Release
from app.measures.register import Register
from app.measures.reported import ReportedFreeze, reported_register
from app.measures.snapshot import exported, imported
from app.measures.whatif import if_money_arrives, if_released, what_if
from app.measures.words import Change, Ground, Reach, State, ThingKind, WaitingTerm
from tests.unit.measures_town import NOON, THREE_YEARS, YEAR, Town, days_later, yuan

ACCOUNT = Thing("account", ThingKind.ACCOUNT)
HOUSE = Thing("house", ThingKind.REAL_ESTATE)


def reported(
    name: str, limit: str | Reach, held: str | None = None, *, in_force: bool = True
) -> ReportedFreeze:
    reach = limit if isinstance(limit, Reach) else yuan(limit)
    return ReportedFreeze(name, name, in_force, reach, None if held is None else yuan(held))


def from_report(balance: str | None, *freezes: ReportedFreeze) -> Register:
    return reported_register(ACCOUNT, None if balance is None else yuan(balance), freezes, NOON)


def test_what_if_court_b_is_released_today() -> None:
    town = Town()
    for court in "BAC":
        town.freeze(court, "house", term=THREE_YEARS)
    before = exported(town.register)
    answer = if_released(town.register, "house", "B", days_later(1))
    assert [(rung.rank, rung.freeze_id, rung.state) for rung in answer.after] == [
        (1, "A", State.IN_FORCE),
        (2, "C", State.WAITING),
    ]
    assert (1, "B", State.IN_FORCE) in [(rung.rank, rung.freeze_id, rung.state) for rung in answer.before]
    assert exported(town.register) == before


def test_what_if_eighty_thousand_arrive() -> None:
    town = Town()
    town.freeze("A", "account", "50000")
    town.freeze("B", "account", "40000")
    answer = if_money_arrives(town.register, "account", yuan("80000"), days_later(1))
    assert [rung.held for rung in answer.after] == [yuan("50000"), yuan("31000")]
    assert (answer.free_before, answer.free_after, answer.unknown) == (yuan("0"), yuan("0"), ())
    assert Change.PROMOTED in {each.change for each in answer.receipts[0].consequences}


def test_what_if_takes_several_steps_and_says_why_one_has_no_effect() -> None:
    town = Town()
    town.freeze("A", "account", "600")
    answer = what_if(
        town.register,
        "account",
        FreezeOrder("B", NOON, "account", "B", YEAR, Decimal(600)),
        Release("1", days_later(1), "A", "another"),
        Release("2", days_later(1), "A", "A"),
    )
    assert [receipt.ground for receipt in answer.receipts] == [None, Ground.NOT_THIS_CASE, None]
    assert [(rung.freeze_id, rung.held) for rung in answer.after] == [("B", yuan("600"))]


def test_a_copy_holds_what_goes_with_the_thing_and_nothing_else() -> None:
    town = Town()
    town.freeze("A", "product", "3000", term=THREE_YEARS)
    assert set(town.register.part(["account"]).books.ladders) == {"account", "product"}
    assert set(town.register.part(["land"]).books.ladders) == {"land", "house"}


def test_unknown_stays_unknown_and_never_becomes_zero() -> None:
    register = from_report(None, reported("A", "100"), reported("B", "50", in_force=False))
    answer = if_money_arrives(register, "account", yuan("80000"), days_later(1))
    assert [rung.held for rung in answer.after] == [None, yuan("0")]
    assert (answer.free_after, answer.unknown) == (None, ("A",))
    released = if_released(register, "account", "A", days_later(1))
    assert [(rung.freeze_id, rung.state, rung.held) for rung in released.after] == [
        ("B", State.IN_FORCE, None)
    ]
    assert released.unknown == ("B",)


def test_a_limit_that_was_not_reported_leaves_those_behind_it_unknown() -> None:
    register = from_report("1000", reported("A", Reach.UNKNOWN), reported("B", "100"))
    assert [rung.held for rung in register.ladder("account")] == [None, None]
    answer = if_released(register, "account", "A", days_later(1))
    assert [(rung.held, rung.ends_at) for rung in answer.after] == [(yuan("100"), None)]


def test_a_limit_is_known_from_what_it_holds_when_money_was_left_for_others() -> None:
    register = from_report("1000", reported("A", Reach.UNKNOWN, "600"), reported("B", "700", "400"))
    answer = if_money_arrives(register, "account", yuan("500"), days_later(1))
    assert [rung.held for rung in answer.after] == [yuan("600"), yuan("700")]
    assert answer.free_after == yuan("200")


def test_a_balance_is_known_when_a_freeze_holds_less_than_its_limit() -> None:
    register = from_report(None, reported("A", "100", "60"), reported("B", "50", in_force=False))
    assert register.balance("account") == yuan("60")
    answer = if_money_arrives(register, "account", yuan("70"), days_later(1))
    assert [rung.held for rung in answer.after] == [yuan("100"), yuan("30")]


def test_behind_an_unknown_limit_on_an_empty_account_nothing_is_held() -> None:
    register = from_report("0", reported("A", Reach.UNKNOWN), reported("B", "10", in_force=False))
    answer = if_money_arrives(register, "account", yuan("5"), days_later(1))
    assert [rung.held for rung in register.ladder("account")] == [yuan("0"), yuan("0")]
    assert [rung.state for rung in answer.after] == [State.IN_FORCE, State.UNKNOWN]


def test_the_word_of_the_agency_stands_where_it_differs_from_what_would_follow() -> None:
    # P6: one bank reports nothing held where a priority right goes before
    register = from_report("1000", reported("A", "600", "0"), reported("B", "100", "0", in_force=False))
    assert [(rung.state, rung.held) for rung in register.ladder("account")] == [
        (State.IN_FORCE, yuan("0")),
        (State.WAITING, yuan("0")),
    ]


def test_reported_freezes_on_a_house_are_promoted_in_the_order_of_their_ranks() -> None:
    freezes = [
        ReportedFreeze("A", "A", in_force=True, limit=Reach.WHOLE, ends_at=days_later(10)),
        ReportedFreeze("B", "B", in_force=False, limit=Reach.WHOLE, received_at=days_later(-5)),
    ]
    register = reported_register(HOUSE, None, freezes, NOON, waiting_term=WaitingTerm.FROM_REGISTRATION)
    told = register.lapse_until(days_later(11))
    assert [(each.change, each.freeze_id, each.ends_at) for each in told] == [
        (Change.LAPSED, "A", days_later(10)),
        (Change.PROMOTED, "B", None),
    ]


def test_only_what_is_there_can_be_asked_about() -> None:
    town = Town()
    with pytest.raises(KeyError):
        if_released(town.register, "car", "A", NOON)
    with pytest.raises(KeyError):
        if_money_arrives(town.register, "nowhere", yuan("1"), NOON)


def test_a_register_survives_json_with_its_memory_of_requests() -> None:
    town = Town(WaitingTerm.FROM_REGISTRATION)
    town.freeze("A", "product", "3000", term=THREE_YEARS)
    town.freeze("B", "silent")
    town.freeze("C", "house", term=THREE_YEARS)
    renewal = town.renew("C", term=THREE_YEARS)
    town.release("A", at=days_later(3))
    restored = imported(json.loads(json.dumps(exported(town.register))))
    assert exported(restored) == exported(town.register)
    assert restored.receipts == town.register.receipts
    assert restored.apply(town.register.asked[renewal.request_id]) == renewal  # type: ignore[arg-type]  # asked here, not imported
    assert restored.apply(Release(renewal.request_id, NOON, "C", "C")).ground is Ground.REQUEST_CONFLICT


def test_a_restored_register_lapses_and_promotes_as_before() -> None:
    town = Town()
    town.freeze("A", "car")
    town.freeze("B", "car")
    restored = imported(exported(town.register))
    assert restored.lapse_until(days_later(500)) == town.register.lapse_until(days_later(500))
    assert exported(restored) == exported(town.register)

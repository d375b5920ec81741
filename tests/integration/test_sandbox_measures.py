"""What sandbox agencies do when they are ordered to freeze, renew, release, transfer: real processes, over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.adapters.assets import BankAccount, RealEstate, TaxRecord
from app.adapters.measures import Target, WhyNot
from app.errors import MessageRejected
from app.measures.terms import Term, ends_at
from app.measures.words import Extent, Nature, State, ThingKind
from app.sandbox.behaviour import Manner
from app.sandbox.custody.outside import NotHere
from app.sandbox.fleet import SECOND_BANK, STANDARD, Fleet, People
from app.sandbox.population.cast import Part
from app.vocabulary import AgencyKind, AnswerState, OrderKind, RefusalReason
from tests.integration.measure_orders import (
    COURT_ACCOUNT,
    Owned,
    account,
    by_thing,
    company,
    conversion,
    declined,
    executed,
    freeze,
    house,
    only,
    person,
    release,
    renewal,
    transfer,
    unburdened_accounts,
    unburdened_houses,
    yuan,
)
from tests.integration.sandbox_hub import (
    NOTICE,
    ORDERING_NOTICE,
    POPULATION,
    RULING,
    HubSide,
    debtor,
    hub_side,
    link,
    order,
)

AGENCIES = tuple(
    agency.answering(Manner.AT_ONCE)
    for agency in (*STANDARD, SECOND_BANK)
    if agency.kind is not AgencyKind.POLICE
)
THREE_YEARS = Term(years=3)
ZC, SQ, LAND, VEHICLE, TAX = "BANK-ZC", "BANK-SQ", "LAND-ZC", "VEHICLE-ZC", "TAX-ZC"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("agencies")
    with Fleet(folder, link(), AGENCIES, people=People(count=200)) as fleet:
        yield fleet


@pytest.fixture
async def bank(fleet: Fleet) -> AsyncIterator[HubSide]:
    async with hub_side(fleet, ZC) as side:
        yield side


@pytest.fixture
async def land(fleet: Fleet) -> AsyncIterator[HubSide]:
    async with hub_side(fleet, LAND) as side:
        yield side


def first_house(index: int) -> Target:
    return house(POPULATION.houses(POPULATION.person(index))[0].unit_number)


ACCOUNTS = unburdened_accounts(ZC)
HOUSES = unburdened_houses()


@pytest.fixture
def mine() -> Owned:
    """An account that no other test touches."""
    return next(ACCOUNTS)


@pytest.fixture
def home() -> Owned:
    """A house that no other test touches."""
    return next(HOUSES)


# Freezing money


async def test_what_is_really_frozen_is_reported_apart_from_the_limit(bank: HubSide, mine: Owned) -> None:
    about, target, balance = mine
    limit = balance + 85_000
    before = datetime.now(UTC)
    report = await only(bank, freeze(ZC, about, target, limit=limit))
    assert (report.state, report.rank, report.limit) == (State.IN_FORCE, 1, limit)
    assert report.held == report.balance == balance
    assert report.received_at is not None
    assert before - timedelta(seconds=1) <= report.received_at <= datetime.now(UTC)
    assert report.active_at == report.received_at
    assert report.ends_at == ends_at(report.received_at, Term(years=1))
    assert report.agency_number


async def test_a_freeze_behind_another_court_names_it_and_holds_what_it_leaves(
    fleet: Fleet, bank: HubSide, mine: Owned
) -> None:
    about, target, balance = mine
    fleet.other_court_freezes(ZC, target.identity, balance - 100, authority="商丘市梁园区人民法院")
    report = await only(bank, freeze(ZC, about, target, limit=yuan("5000.00")))
    assert (report.state, report.rank, report.held) == (State.IN_FORCE, 2, yuan("100.00"))
    (prior,) = report.prior_freezes
    assert (prior.authority, prior.rank, prior.amount) == ("商丘市梁园区人民法院", 1, balance - 100)


async def test_what_lay_on_an_account_before_the_hub_came_has_its_rank(bank: HubSide) -> None:
    there = POPULATION.accounts(POPULATION.person(60), ZC)[0]
    known = there.prior_freezes
    report = await only(bank, freeze(ZC, person(60), account(there.account_number)))
    assert report.rank == len(known) + 1 == 3
    assert report.limit is None
    assert report.held == there.balance - sum(freeze.amount for freeze in known)
    assert [(prior.authority, prior.starts_on, prior.ends_on) for prior in report.prior_freezes] == [
        (freeze.authority, freeze.starts_on, freeze.ends_on) for freeze in known
    ]


async def test_a_freeze_that_gets_nothing_behind_another_waits(
    fleet: Fleet, bank: HubSide, mine: Owned
) -> None:
    about, target, _ = mine
    fleet.other_court_freezes(ZC, target.identity)
    report = await only(bank, freeze(ZC, about, target, limit=yuan("100.00")))
    assert (report.state, report.rank, report.held) == (State.WAITING, 2, yuan("0.00"))
    assert report.active_at is None
    assert report.ends_at is None


async def test_several_things_together_hold_no_more_than_the_limit(fleet: Fleet, bank: HubSide) -> None:
    """Seizure §19."""
    joint = POPULATION.accounts(POPULATION.characters()[Part.JOINT_HUSBAND].person, ZC)
    targets = [account(each.account_number) for each in joint]
    reports = await executed(bank, freeze(ZC, debtor(Part.JOINT_HUSBAND), *targets, limit=yuan("20000.00")))
    assert [(report.limit, report.held) for report in reports] == [
        (yuan("20000.00"), yuan("15000.00")),
        (yuan("5000.00"), yuan("5000.00")),
    ]


async def test_all_money_is_found_and_frozen_in_one_step(bank: HubSide) -> None:
    answer = await bank.answer(freeze(ZC, person(105), limit=yuan("40000.00")))
    (product,) = POPULATION.wealth_products(POPULATION.person(105), ZC)
    there = by_thing(answer)
    assert answer.state is AnswerState.EXECUTED
    assert product.return_account in there
    assert sum(report.held or 0 for report in there.values()) == 40000
    assert {asset.kind for asset in answer.assets} == {"bank_account", "wealth_product"}
    accounts = {asset.account_number: asset for asset in answer.assets if isinstance(asset, BankAccount)}
    assert accounts[product.return_account].prior_freezes  # our own: the facts are of this very hour


async def test_what_the_first_holds_whole_leaves_nothing_for_the_next(fleet: Fleet) -> None:
    husband = POPULATION.characters()[Part.JOINT_WIFE].person
    async with hub_side(fleet, ZC) as bank:
        (one,) = POPULATION.accounts(husband, ZC)
        answer = await bank.answer(freeze(ZC, debtor(Part.JOINT_WIFE), limit=yuan("1.00")))
        assert [report.identity for report in answer.measures] == [one.account_number]
    async with hub_side(fleet, SQ) as other:
        (two,) = POPULATION.wealth_products(POPULATION.person(91), SQ)
        target = Target(ThingKind.WEALTH_PRODUCT, f"{two.product_account}/{two.product_number}")
        reports = await executed(other, freeze(SQ, person(91), target, limit=yuan("1.00")))
    assert [(report.identity, report.why_not) for report in reports] == [
        (two.return_account, None),
        (target.identity, WhyNot.LIMIT_REACHED),
    ]


async def test_in_preservation_nothing_is_told_beside_what_is_frozen(bank: HubSide) -> None:
    """Preservation §12."""
    order = freeze(ZC, person(2), limit=yuan("10.00"), nature=Nature.PRESERVATION)
    answer = await bank.answer(order)
    assert answer.state is AnswerState.EXECUTED
    assert answer.assets == ()


async def test_in_preservation_money_is_frozen_up_to_a_stated_sum(bank: HubSide, mine: Owned) -> None:
    """Preservation §15."""
    about, target, _ = mine
    assert (
        await declined(bank, freeze(ZC, about, target, nature=Nature.PRESERVATION)) is WhyNot.AMOUNT_INVALID
    )


async def test_a_wealth_product_is_frozen_in_two_legs_each_with_its_report(fleet: Fleet) -> None:
    subject = POPULATION.person(59)
    (product,) = POPULATION.wealth_products(subject, SQ)
    target = Target(ThingKind.WEALTH_PRODUCT, f"{product.product_account}/{product.product_number}")
    on_account = {each.account_number: each.balance for each in POPULATION.accounts(subject, SQ)}
    limit = on_account[product.return_account] + 1000
    async with hub_side(fleet, SQ) as bank:
        first, second = await executed(bank, freeze(SQ, person(59), target, limit=limit))
    assert (first.kind, first.identity, first.held) == (
        ThingKind.ACCOUNT,
        product.return_account,
        limit - 1000,
    )
    assert (second.kind, second.identity, second.held) == (target.kind, target.identity, yuan("1000.00"))


async def test_a_product_pays_out_into_the_account_where_the_freeze_catches_it(fleet: Fleet) -> None:
    subject = POPULATION.person(100)
    (product,) = POPULATION.wealth_products(subject, SQ)
    target = Target(ThingKind.WEALTH_PRODUCT, f"{product.product_account}/{product.product_number}")
    async with hub_side(fleet, SQ) as bank:
        asked = freeze(SQ, person(100), target, limit=yuan("900000.00"))
        first, second = await executed(bank, asked)
        fleet.redeem(SQ, target.identity, product.total_amount)
        after = {each.measure.identity: each.measure.held for each in (await bank.live_list()).measures}
    assert first.held is not None
    assert after[product.return_account] == first.held + product.total_amount
    assert after[target.identity] == 0
    assert second.held == product.total_amount


# Who and what is out of reach


async def test_a_thing_of_somebody_else_is_not_frozen_and_not_told_of(bank: HubSide, mine: Owned) -> None:
    answer = await bank.answer(freeze(ZC, person(4), mine.target, limit=yuan("10.00")))
    (report,) = answer.measures
    assert report.why_not is WhyNot.HOLDER_MISMATCH
    assert (report.balance, report.prior_freezes, answer.assets) == (None, (), ())


async def test_a_name_that_does_not_fit_its_number_is_no_holder(bank: HubSide) -> None:
    about = debtor(Part.MISWRITTEN)
    subject = POPULATION.find(about.number)
    assert subject is not None
    number = POPULATION.accounts(subject, ZC)[0].account_number
    assert await declined(bank, freeze(ZC, about, account(number))) is WhyNot.HOLDER_MISMATCH
    assert (await bank.answer(freeze(ZC, about, limit=yuan("5.00")))).state is AnswerState.MISMATCH


@pytest.mark.parametrize("identity", ["4199000100000200", "41990001999999000", "somewhere"])
async def test_an_account_that_the_bank_does_not_keep_is_unknown(bank: HubSide, identity: str) -> None:
    assert await declined(bank, freeze(ZC, person(2), account(identity))) is WhyNot.THING_UNKNOWN


async def test_a_thing_of_another_kind_is_unknown(bank: HubSide, mine: Owned) -> None:
    about, target, _ = mine
    mistaken = replace(target, kind=ThingKind.WEALTH_PRODUCT)
    assert await declined(bank, freeze(ZC, about, mistaken)) is WhyNot.THING_UNKNOWN


async def test_a_closed_account_is_not_frozen_and_found_closed(
    fleet: Fleet, bank: HubSide, mine: Owned
) -> None:
    about, target, _ = mine
    fleet.close_account(ZC, target.identity)
    assert await declined(bank, freeze(ZC, about, target)) is WhyNot.ACCOUNT_CLOSED
    found = await bank.answer(order(ZC, about))
    (there,) = [
        asset
        for asset in found.assets
        if isinstance(asset, BankAccount) and asset.account_number == target.identity
    ]
    assert there.status == "closed"


async def test_a_migrant_workers_wage_account_is_exempt(fleet: Fleet, bank: HubSide) -> None:
    """Migrant Workers' Wages Regulation §33; a bank that does not know it freezes it all the same."""
    wages = next(
        each
        for each in POPULATION.accounts(POPULATION.company(11), ZC)
        if each.nature == "migrant_workers_wage"
    )
    order = freeze(ZC, company(11), account(wages.account_number), limit=yuan("100.00"))
    assert await declined(bank, order) is WhyNot.EXEMPT
    found = by_thing(await bank.answer(freeze(ZC, company(11), limit=yuan("100.00"))))
    assert found[wages.account_number].why_not is WhyNot.EXEMPT
    fleet.switch_exemptions(ZC, on=False)
    try:
        report = await only(
            bank, freeze(ZC, company(11), account(wages.account_number), limit=yuan("100.00"))
        )
    finally:
        fleet.switch_exemptions(ZC, on=True)
    assert report.held == 100


async def test_nothing_found_is_an_answer_to_a_freeze_of_all_money(bank: HubSide, land: HubSide) -> None:
    answer = await bank.answer(freeze(ZC, debtor(Part.DESTITUTE), limit=yuan("5.00")))
    assert answer.state is AnswerState.NOTHING_FOUND
    assert (await land.answer(freeze(LAND, person(2), limit=yuan("5.00")))).state is AnswerState.NOTHING_FOUND


async def test_another_currency_is_not_frozen(bank: HubSide, mine: Owned) -> None:
    about, target, _ = mine
    order = freeze(ZC, about, target, limit=yuan("5.00"), currency="USD")
    assert await declined(bank, order) is WhyNot.AMOUNT_INVALID


async def test_a_term_beyond_the_legal_maximum_is_refused(bank: HubSide, mine: Owned) -> None:
    """Interpretation §485."""
    about, target, _ = mine
    order = freeze(ZC, about, target, limit=yuan("5.00"), term=Term(years=1, days=1))
    assert await declined(bank, order) is WhyNot.TERM_INVALID


@pytest.mark.parametrize(
    ("papers", "reason"),
    [
        ({"documents": (NOTICE,)}, RefusalReason.DOCUMENT_MISSING),
        ({"documents": (RULING,)}, RefusalReason.DOCUMENT_MISSING),
        ({"documents": (ORDERING_NOTICE,)}, RefusalReason.DOCUMENT_MISSING),
        ({"officers": ()}, RefusalReason.CREDENTIALS_MISSING),
    ],
)
async def test_without_its_papers_an_order_is_refused_and_binds_nothing(
    fleet: Fleet, bank: HubSide, papers: dict[str, Any], reason: RefusalReason, mine: Owned
) -> None:
    """2013 Rules §2, §3."""
    about, target, _ = mine
    asked = freeze(ZC, about, target, limit=yuan("5.00"))
    asked = replace(asked, mandate=replace(asked.mandate, **papers))
    answer = await bank.answer(asked)
    assert answer.state is AnswerState.REFUSED
    assert answer.refusal is not None
    assert answer.refusal.reason is reason
    assert asked.request_id not in {freeze.request_id for freeze in fleet.books(ZC).freezes()}


# Things


async def test_a_second_freeze_on_a_house_waits_and_has_no_end(land: HubSide, home: Owned) -> None:
    """Seizure §26; the term runs from when it takes effect."""
    about, target, _ = home
    one = await only(land, freeze(LAND, about, target, term=THREE_YEARS))
    two = await only(land, freeze(LAND, about, target, term=THREE_YEARS))
    assert (one.state, one.rank, two.state, two.rank) == (State.IN_FORCE, 1, State.WAITING, 2)
    assert (one.limit, one.held, one.balance) == (None, None, None)
    assert (two.active_at, two.ends_at) == (None, None)


async def test_seizures_of_other_courts_stand_ahead_from_the_beginning(land: HubSide) -> None:
    (seizure, waiting) = POPULATION.houses(POPULATION.person(187))[0].seizures
    report = await only(land, freeze(LAND, person(187), first_house(187), term=THREE_YEARS))
    assert (report.state, report.rank) == (State.WAITING, 3)
    assert [prior.document_number for prior in report.prior_freezes] == [
        seizure.document_number,
        waiting.document_number,
    ]


async def test_house_and_land_are_frozen_together(land: HubSide) -> None:
    """Seizure §21."""
    plot, workshop = POPULATION.houses(POPULATION.company(4))
    reports = await executed(land, freeze(LAND, company(4), house(workshop.unit_number), term=THREE_YEARS))
    assert {report.identity for report in reports} == {plot.unit_number, workshop.unit_number}
    assert {report.state for report in reports} == {State.IN_FORCE}


async def test_a_house_is_not_frozen_by_amount(land: HubSide, home: Owned) -> None:
    order = freeze(LAND, home.about, home.target, limit=yuan("5.00"), term=THREE_YEARS)
    assert await declined(land, order) is WhyNot.AMOUNT_INVALID


async def test_a_query_shows_the_seizures_of_this_hour(land: HubSide) -> None:
    about, target = debtor(Part.DISPUTED), first_house(7)
    await executed(land, freeze(LAND, about, target, term=THREE_YEARS))
    (found,) = (await land.answer(order(LAND, about))).assets
    assert isinstance(found, RealEstate)
    (seizure,) = found.seizures
    assert seizure.authority == "柘城县人民法院"


async def test_a_sold_house_is_out_of_reach(fleet: Fleet, land: HubSide) -> None:
    """Seizure §23, §27."""
    target = first_house(46)
    asked = freeze(LAND, person(46), target, term=THREE_YEARS)
    assert (await only(land, asked)).state is State.WAITING
    first = next(freeze for freeze in fleet.books(LAND).freezes() if freeze.rung.thing_id == target.identity)
    fleet.dispose(LAND, target.identity, freeze_id=first.rung.freeze_id)
    assert await declined(land, freeze(LAND, person(46), target, term=THREE_YEARS)) is WhyNot.DISPOSED
    assert await declined(land, release(asked, target)) is WhyNot.ALREADY_ENDED
    found = await land.answer(order(LAND, person(46)))
    assert target.identity not in {
        asset.unit_number for asset in found.assets if isinstance(asset, RealEstate)
    }


async def test_after_a_sale_of_a_part_the_next_takes_effect_on_the_remainder(
    fleet: Fleet, land: HubSide
) -> None:
    """法发〔2004〕5号 §20."""
    target = first_house(81)
    waiting = await only(land, freeze(LAND, person(81), target, term=THREE_YEARS))
    first = next(freeze for freeze in fleet.books(LAND).freezes() if freeze.rung.thing_id == target.identity)
    outcome = fleet.dispose(LAND, target.identity, freeze_id=first.rung.freeze_id, extent=Extent.PART)
    assert waiting.state is State.WAITING
    assert [(rung.rank, rung.state) for rung in outcome.rungs] == [(1, State.IN_FORCE)]


async def test_a_vehicle_is_frozen_for_two_years_at_most(fleet: Fleet) -> None:
    (vehicle,) = POPULATION.vehicles(POPULATION.person(0))
    target = Target(ThingKind.VEHICLE, vehicle.vin)
    async with hub_side(fleet, VEHICLE) as side:
        too_long = freeze(VEHICLE, debtor(Part.DEBTOR), target, term=THREE_YEARS)
        assert await declined(side, too_long) is WhyNot.TERM_INVALID
        report = await only(side, freeze(VEHICLE, debtor(Part.DEBTOR), target, term=Term(years=2)))
    assert report.state is State.IN_FORCE


async def test_a_tax_refund_is_frozen_and_transferred(fleet: Fleet) -> None:
    record = POPULATION.tax_record(POPULATION.person(14))
    assert record is not None
    target = Target(ThingKind.TAX_REFUND, record.taxpayer_number)
    async with hub_side(fleet, TAX) as side:
        asked = freeze(TAX, person(14), limit=yuan("500.00"))
        report = await only(side, asked)
        paid = await only(side, transfer(asked, target, yuan("500.00")))
        (asset,) = (await side.answer(order(TAX, person(14)))).assets
    assert (report.identity, report.held) == (record.taxpayer_number, yuan("500.00"))
    assert (paid.state, paid.transferred) == (State.EXHAUSTED, yuan("500.00"))
    assert isinstance(asset, TaxRecord)
    assert asset.refund_due == record.refund_due - 500


# What follows a freeze


async def test_a_renewal_keeps_the_rank_and_runs_on_from_the_end(land: HubSide, home: Owned) -> None:
    about, target, _ = home
    asked = freeze(LAND, about, target, term=Term(years=1))
    before = await only(land, asked)
    after = await only(land, renewal(asked, target, Term(years=2)))
    assert before.ends_at is not None
    assert after.rank == before.rank
    assert after.ends_at is not None
    assert after.ends_at.year == before.ends_at.year + 2


async def test_one_leg_is_renewed_without_the_other(fleet: Fleet) -> None:
    subject = POPULATION.person(90)
    (product,) = POPULATION.wealth_products(subject, ZC)
    target = Target(ThingKind.WEALTH_PRODUCT, f"{product.product_account}/{product.product_number}")
    async with hub_side(fleet, ZC) as bank:
        asked = freeze(ZC, person(90), target, limit=yuan("60000.00"), term=Term(days=100))
        first, second = await executed(bank, asked)
        renewed = await only(bank, renewal(asked, account(product.return_account), Term(days=50)))
        also = await only(bank, renewal(asked, target, Term(days=50)))
    assert first.ends_at is not None
    assert first.ends_at == second.ends_at
    assert renewed.ends_at == also.ends_at == first.ends_at + timedelta(days=50)


async def test_a_leg_that_was_released_has_ended_though_the_other_lives_on(fleet: Fleet) -> None:
    (product,) = POPULATION.wealth_products(POPULATION.person(91), SQ)
    leg = account(product.return_account)
    on_product = Target(ThingKind.WEALTH_PRODUCT, f"{product.product_account}/{product.product_number}")
    async with hub_side(fleet, SQ) as bank:
        asked = freeze(SQ, person(91), on_product, limit=yuan("900000.00"))
        await executed(bank, asked)
        assert (await only(bank, release(asked, leg))).state is State.RELEASED
        assert await declined(bank, release(asked, leg)) is WhyNot.ALREADY_ENDED
        assert await declined(bank, transfer(asked, leg, yuan("1.00"))) is WhyNot.ALREADY_ENDED
        assert (await only(bank, release(asked, on_product))).state is State.RELEASED


async def test_a_part_of_the_limit_is_released(bank: HubSide, mine: Owned) -> None:
    about, target, _ = mine
    asked = freeze(ZC, about, target, limit=yuan("300.00"))
    await executed(bank, asked)
    report = await only(bank, release(asked, target, yuan("250.00")))
    assert (report.state, report.limit) == (State.IN_FORCE, yuan("50.00"))
    assert await declined(bank, release(asked, target, yuan("50.01"))) is WhyNot.BEYOND_LIMIT
    assert (await only(bank, release(asked, target))).state is State.RELEASED
    assert await declined(bank, release(asked, target)) is WhyNot.ALREADY_ENDED
    assert await declined(bank, renewal(asked, target)) is WhyNot.ALREADY_ENDED


async def test_a_transfer_takes_what_is_held_once_and_never_more(
    fleet: Fleet, bank: HubSide, mine: Owned
) -> None:
    """Civil Procedure §253."""
    about, target, balance = mine
    asked = freeze(ZC, about, target, limit=balance)
    await executed(bank, asked)
    assert await declined(bank, transfer(asked, target, balance + 1)) is WhyNot.BEYOND_HELD
    paying = transfer(asked, target, yuan("100.00"))
    report = await only(bank, paying)
    again = await bank.ask(paying, attempt=2)
    assert (report.transferred, report.balance, report.limit) == (
        yuan("100.00"),
        balance - 100,
        balance - 100,
    )
    assert again.measures == (report,)
    books = fleet.books(ZC)
    (booked,) = [each for each in books.transfers() if each.request_id == paying.request_id]
    assert (booked.thing_id, booked.amount) == (target.identity, yuan("100.00"))
    assert booked.paid_to == COURT_ACCOUNT.number
    assert books.balances()[target.identity] == balance - 100


async def test_nothing_is_transferred_from_what_waits(fleet: Fleet, bank: HubSide, mine: Owned) -> None:
    about, target, _ = mine
    fleet.other_court_freezes(ZC, target.identity)
    asked = freeze(ZC, about, target, limit=yuan("10.00"))
    await executed(bank, asked)
    assert await declined(bank, transfer(asked, target, yuan("1.00"))) is WhyNot.NOT_IN_FORCE


async def test_a_transfer_in_another_currency_or_from_a_product_is_declined(
    bank: HubSide, mine: Owned
) -> None:
    about, target, _ = mine
    asked = freeze(ZC, about, target, limit=yuan("10.00"))
    await executed(bank, asked)
    assert await declined(bank, transfer(asked, target, yuan("1.00"), "USD")) is WhyNot.AMOUNT_INVALID
    (product,) = POPULATION.wealth_products(POPULATION.person(90), ZC)
    of_product = Target(ThingKind.WEALTH_PRODUCT, f"{product.product_account}/{product.product_number}")
    other = freeze(ZC, person(90), of_product, limit=yuan("10.00"))
    await executed(bank, other)
    assert await declined(bank, transfer(other, of_product, yuan("1.00"))) is WhyNot.AMOUNT_INVALID


async def test_preservation_turns_into_enforcement_with_the_term_running_on(
    bank: HubSide, mine: Owned
) -> None:
    """Interpretation §168; from then on orders may cite either case."""
    about, target, _ = mine
    asked = freeze(ZC, about, target, limit=yuan("10.00"), nature=Nature.PRESERVATION)
    before = await only(bank, asked)
    new_case = "（2026）豫1424执77号"
    turned = await only(bank, conversion(asked, target, new_case))
    again = await only(bank, conversion(asked, target, new_case))
    assert (turned.rank, turned.ends_at, turned.limit) == (before.rank, before.ends_at, before.limit)
    assert again == turned
    other_case = "（2026）豫1424执78号"
    assert await declined(bank, conversion(asked, target, other_case)) is WhyNot.OTHER
    assert (await only(bank, release(asked, target, case=new_case))).state is State.RELEASED


async def test_what_is_not_frozen_cannot_be_renewed_released_or_transferred(
    bank: HubSide, mine: Owned
) -> None:
    about, target, _ = mine
    never = freeze(ZC, about, target, limit=yuan("10.00"))
    for following in (renewal(never, target), release(never, target), transfer(never, target, yuan("1.00"))):
        assert await declined(bank, following) is WhyNot.FREEZE_UNKNOWN


async def test_a_freeze_of_another_case_is_not_touched(bank: HubSide, mine: Owned) -> None:
    about, target, _ = mine
    asked = freeze(ZC, about, target, limit=yuan("10.00"))
    await executed(bank, asked)
    stranger = "（2020）豫1424执1号"
    assert await declined(bank, release(asked, target, case=stranger)) is WhyNot.NOT_THIS_CASE
    assert await declined(bank, renewal(asked, target, case=stranger)) is WhyNot.NOT_THIS_CASE


# Once and again


async def test_fifty_copies_of_a_freeze_have_one_effect_and_one_answer(
    fleet: Fleet, bank: HubSide, mine: Owned
) -> None:
    about, target, _ = mine
    asked = freeze(ZC, about, target, limit=yuan("10.00"))
    answers = await asyncio.gather(*(bank.ask(asked, attempt=1 + (n > 0)) for n in range(50)))
    assert all(answer == answers[0] for answer in answers)
    books = fleet.books(ZC)
    effects = [each for each in books.measure_effects() if each.request_id == asked.request_id]
    assert [(each.kind, each.thing_ids) for each in effects] == [(OrderKind.FREEZE, (target.identity,))]
    assert asked.order_id not in books.doubled_measures()
    assert len([each for each in books.freezes() if each.request_id == asked.request_id]) == 1


async def test_other_content_under_a_known_freeze_is_a_conflict(bank: HubSide, mine: Owned) -> None:
    about, target, _ = mine
    asked = freeze(ZC, about, target, limit=yuan("10.00"))
    first = await only(bank, asked)
    altered = freeze(ZC, about, target, limit=yuan("11.00"))
    with pytest.raises(MessageRejected, match="409"):
        await bank.ask(replace(asked, content=altered.content), attempt=2)
    assert (await bank.live_list()).measures
    assert first.limit == 10


async def test_the_judge_sees_one_order_that_froze_a_thing_twice(
    fleet: Fleet, bank: HubSide, mine: Owned
) -> None:
    about, target, _ = mine
    asked = freeze(ZC, about, target, limit=yuan("10.00"))
    await executed(bank, asked)
    doubled = replace(freeze(ZC, about, target, limit=yuan("10.00")), order_id=asked.order_id)
    await executed(bank, doubled)
    assert asked.order_id in fleet.books(ZC).doubled_measures()


async def test_no_rank_is_given_twice_however_many_come_at_once(land: HubSide, home: Owned) -> None:
    about, target, _ = home
    asked = [freeze(LAND, about, target, term=THREE_YEARS) for _ in range(40)]
    reports = await asyncio.gather(*(only(land, each) for each in asked))
    ranks = sorted(report.rank or 0 for report in reports)
    assert ranks == list(range(1, 41))
    assert [report.state for report in reports].count(State.IN_FORCE) == 1


async def test_the_world_cannot_do_what_the_agency_does_not_keep(fleet: Fleet) -> None:
    with pytest.raises(NotHere):
        fleet.money_in(ZC, "nowhere", yuan("1.00"))
    with pytest.raises(NotHere):
        fleet.other_court_releases(ZC, "nobody")


async def test_the_holder_spends_what_is_free_and_nothing_else(
    fleet: Fleet, bank: HubSide, mine: Owned
) -> None:
    """Seizure §24."""
    about, target, balance = mine
    await executed(bank, freeze(ZC, about, target, limit=balance - 10))
    assert fleet.money_out(ZC, target.identity, yuan("10.01")).ground == "not_free"
    assert fleet.money_out(ZC, target.identity, yuan("10.00")).ground is None
    assert fleet.books(ZC).balances()[target.identity] == balance - 10

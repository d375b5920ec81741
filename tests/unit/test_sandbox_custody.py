"""An agency's register of measures behind its desk: made again from its journal, whatever happened."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

import pytest

from app.adapters.liandong import wire
from app.ids import new_id
from app.measures.ladder import Thing
from app.measures.operations import FreezeOrder, Operation, Release, Renewal, Transfer
from app.measures.snapshot import exported
from app.measures.terms import Term
from app.measures.words import Extent, Ground, State, ThingKind
from app.sandbox.custody import journal, reading
from app.sandbox.custody.deed import Deed
from app.sandbox.custody.differences import WrittenOver, plant
from app.sandbox.custody.holdings import Holdings
from app.sandbox.custody.journal import ClockSet, Closed, Line, Opened, Paper, Switch, Switched
from app.sandbox.custody.outside import (
    MoneyMoves,
    NotHere,
    OtherCourtFreezes,
    OtherCourtReleases,
    ThingsAreSold,
    happen,
)
from app.sandbox.custody.reports import WHY_NOT, live_list
from app.sandbox.custody.state import Custody
from app.sandbox.population import Population, Subject
from app.vocabulary import AgencyKind

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
TOWN = Population(seed=1, size=120, bank_codes=("one", "two"))
CASE = "（2026）豫1424执5号"
CENT = Decimal("0.01")


def everybody() -> Iterator[Subject]:
    yield from map(TOWN.person, range(TOWN.size))
    yield from map(TOWN.company, range(TOWN.company_count))


def numbers_of(subject: Subject) -> tuple[str, ...]:
    """With the old number, under which a land register may keep a person."""
    return (subject.number, subject.number[:6] + subject.number[8:17])


# What an agency holds


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("one", AgencyKind.BANK),
        ("two", AgencyKind.BANK),
        ("land", AgencyKind.LAND),
        ("vehicles", AgencyKind.VEHICLE),
        ("tax", AgencyKind.TAX),
    ],
)
def test_a_thing_is_found_by_its_number_as_it_is_by_its_owner(code: str, kind: AgencyKind) -> None:
    holdings = Holdings(code, kind, TOWN)
    seen = 0
    for subject in everybody():
        for identity, holding in holdings.of(subject, numbers_of(subject)).items():
            assert holdings.together(identity)[identity] == holding
            seen += 1
    assert seen > 30


@pytest.mark.parametrize(
    "identity", ["", "4199", "41990009999999000", "419999001001GB99999F00010001", "LC1/2"]
)
@pytest.mark.parametrize("kind", list(AgencyKind))
def test_a_number_that_names_nothing_leads_to_nothing(kind: AgencyKind, identity: str) -> None:
    assert Holdings("one", kind, TOWN).together(identity) == {}


def test_what_lay_there_from_the_beginning_is_on_the_register_in_its_order() -> None:
    checked = 0
    for kind, code in ((AgencyKind.BANK, "one"), (AgencyKind.LAND, "land"), (AgencyKind.VEHICLE, "cars")):
        holdings = Holdings(code, kind, TOWN)
        for subject in everybody():
            for identity, holding in holdings.of(subject, numbers_of(subject)).items():
                deed = Deed(Custody(), NOW)
                deed.open(identity, {identity: holding})
                ladder = deed.custody.register.ladder(identity)
                assert [rung.freeze_id for rung in ladder] == [
                    prior.order.request_id for prior in holding.priors
                ]
                assert all(rung.state is State.IN_FORCE for rung in ladder[:1])
                assert all(rung.ends_at is None or rung.ends_at > NOW for rung in ladder)
                checked += len(ladder)
    assert checked > 10


def test_what_is_available_before_the_first_freeze_is_what_is_free_after_opening() -> None:
    holdings = Holdings("one", AgencyKind.BANK, TOWN)
    for subject in everybody():
        for account in TOWN.accounts(subject, "one"):
            deed = Deed(Custody(), NOW)
            deed.open(account.account_number, holdings.of(subject, (subject.number,)))
            free = deed.custody.register.free(account.account_number)
            assert free is not None
            pledged = sum((right.amount for right in account.priority_rights), Decimal(0))
            assert max(free - pledged, Decimal(0)) == account.available_balance


# The journal


class Life:
    """Some weeks at one agency, by lot."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.kind = self.dice.choice([AgencyKind.BANK, AgencyKind.LAND])
        self.holdings = Holdings("one", self.kind, TOWN)
        self.custody = Custody()
        self.lines: list[Line] = []
        self.now = NOW
        subjects = list(everybody())
        self.things = [
            identity
            for subject in self.dice.sample(subjects, 12)
            for identity in self.holdings.of(subject, (subject.number,))
        ]
        self.orders: list[tuple[UUID, str]] = []

    def pass_by(self, steps: int) -> None:
        for _ in range(steps):
            self.now += timedelta(hours=self.dice.choice([0, 0, 1, 24, 400]))
            deed = Deed(self.custody, self.now)
            with suppress(NotHere):
                self.dice.choice([self._order, self._order, self._follow, self._outside, self._odd])(deed)
            self.lines += deed.lines
            assert all(notice.request_id in self.custody.ordered for notice in deed.notices())

    def _order(self, deed: Deed) -> None:
        thing, request_id = self.dice.choice(self.things), new_id()
        owner = self.holdings.together(thing)
        deed.open(thing, owner)
        order = FreezeOrder(
            f"{request_id}/{thing}",
            deed.at,
            thing,
            CASE,
            Term(days=self.dice.choice([3, 30, 300])),
            self._limit(),
        )
        deed.carry_out(Line(order, request_id, new_id(), Paper("柘城县人民法院", None, request_id)))
        self.orders.append((request_id, thing))

    def _limit(self) -> Decimal:
        return Decimal(self.dice.randrange(1, 5_000_000)) * CENT

    def _follow(self, deed: Deed) -> None:
        if not self.orders:
            return
        request_id, thing = self.dice.choice(self.orders)
        freeze_id = f"{request_id}/{thing}"
        name = str(new_id())
        followers: list[Operation] = [
            Release(name, deed.at, freeze_id, CASE),
            Release(name, deed.at, freeze_id, CASE, self._limit(), thing),
            Renewal(name, deed.at, freeze_id, CASE, Term(days=20), thing),
            Transfer(name, deed.at, freeze_id, CASE, self._limit()),
        ]
        operation = self.dice.choice(followers)
        deed.carry_out(Line(operation, new_id(), new_id(), paid_to="1"))

    def _outside(self, deed: Deed) -> None:
        thing = self.dice.choice(self.things)
        happen(
            self.dice.choice(
                [
                    OtherCourtFreezes(thing=thing),
                    OtherCourtFreezes(thing=thing, received_at=deed.at - timedelta(days=9)),
                    OtherCourtReleases(freeze_id=f"{thing}#1"),
                    MoneyMoves(act="money_in", thing=thing, amount=self._limit()),
                    MoneyMoves(act="money_out", thing=thing, amount=self._limit()),
                    MoneyMoves(act="redemption", thing=thing, amount=self._limit()),
                    ThingsAreSold(things=(thing,), extent=self.dice.choice(list(Extent))),
                ]
            ),
            self.holdings,
            deed,
        )

    def _odd(self, deed: Deed) -> None:
        deed.let_time_pass()
        deed.note(Line(ClockSet(self.dice.randrange(5))))
        deed.note(Line(Switched(Switch.EXEMPTIONS, on=self.dice.random() < 0.5)))
        deed.note(Line(Closed(self.dice.choice(self.things))))
        if self.orders:
            request_id, thing = self.dice.choice(self.orders)
            ends_at = deed.at + timedelta(days=2)
            plant(WrittenOver(request_id=request_id, thing=thing, ends_at=ends_at), self.holdings, deed)


@pytest.mark.parametrize("seed", range(40))
def test_the_register_made_again_from_its_journal_is_the_same(seed: int) -> None:
    life = Life(seed)
    life.pass_by(60)
    again = Custody(journal.line(row) for row in journal.rows(life.lines))
    assert exported(again.register) == exported(life.custody.register)
    assert (again.papers, again.ordered, again.closed, again.ahead) == (
        life.custody.papers,
        life.custody.ordered,
        life.custody.closed,
        life.custody.ahead,
    )
    far = NOW + timedelta(days=4000)
    assert again.is_due(far) == life.custody.is_due(far)
    effects = reading.measure_effects(life.lines)
    assert len({(effect.kind, effect.request_id) for effect in effects}) == len(effects)


# What is told


def test_every_ground_has_a_reason_on_the_wire() -> None:
    assert set(WHY_NOT) == set(Ground)


def test_a_list_of_thousands_comes_in_pages_and_loses_nothing() -> None:
    custody = Custody()
    wanted = []
    for number in range(100):
        custody.do(Line(Opened(Thing(f"t{number}", ThingKind.ACCOUNT), Decimal("5.00"))))
    for number in range(6_000):
        request_id = new_id()
        wanted.append(request_id)
        order = FreezeOrder(f"{request_id}/x", NOW, f"t{number % 100}", CASE, Term(years=1), Decimal("1.00"))
        custody.do(Line(order, request_id, new_id(), Paper("柘城县人民法院", None, request_id)))
    listed: list[UUID] = []
    after, pages = None, 0
    while True:
        body = live_list(custody, after, NOW)
        assert len(body) < wire.MAX_BYTES / 2
        page = wire.read(wire.LIVE_LIST, body)
        listed += [each.request_id for each in page.measures]
        after, pages = listed[-1], pages + 1
        if not page.more:
            break
    assert listed == sorted(wanted)
    assert pages == 2

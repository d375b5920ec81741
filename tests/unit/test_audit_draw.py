"""Draws that can be repeated, error rates with their interval, and rules that ring seldom."""

import random
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import pytest

from app.audit.conspicuous import Conspicuous, Limits, Rule, Where, examine, without_act
from app.audit.draw import draw, error_rate, population, seed_of, ticket
from app.audit.entry import Actor, Entry
from tests.unit.audit_town import BANK, POLICE, cosigned, signed

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
"""In China."""
IDS = [UUID(int=number) for number in range(1, 2_001)]
LEAVES = [sha256(bytes([number])).digest() for number in range(50)]
SEED = seed_of(cosigned(LEAVES, BANK, POLICE), "2026-11")


def test_a_draw_is_repeated_by_whoever_has_note_and_entries() -> None:
    drawn = draw(SEED, IDS, 30)
    shuffled = IDS[:]
    random.Random(1).shuffle(shuffled)
    assert draw(SEED, shuffled, 30) == drawn
    by_hand = sorted(IDS, key=lambda one: sha256(SEED + one.bytes).digest())[:30]
    assert drawn == by_hand
    assert draw(SEED, IDS[:10], 30) == sorted(IDS[:10], key=lambda one: ticket(SEED, one))


def test_another_checkpoint_witness_time_or_period_draws_others() -> None:
    drawn = set(draw(SEED, IDS, 30))
    for note, period in (
        (cosigned(LEAVES, BANK, POLICE), "2026-12"),
        (cosigned(LEAVES, BANK, POLICE, time=1), "2026-11"),
        (cosigned(LEAVES[:49], BANK, POLICE), "2026-11"),
        (signed(LEAVES), "2026-11"),
    ):
        assert len(drawn & set(draw(seed_of(note, period), IDS, 30))) < 10


def test_a_draw_is_fair() -> None:
    """Every entry is drawn about as often as any other."""
    counts = dict.fromkeys(IDS[:100], 0)
    for number in range(2_000):
        for one in draw(seed_of(f"note {number}", "x"), IDS[:100], 10):
            counts[one] += 1
    assert min(counts.values()) > 140
    assert max(counts.values()) < 265


def test_the_population_is_named_by_a_digest() -> None:
    assert population(IDS) == population(IDS[::-1]) != population(IDS[1:])


@pytest.mark.parametrize(
    ("examined", "unjustified", "low", "high"),
    [
        (100, 0, 0.0, 0.0370),
        (100, 5, 0.0215, 0.1118),
        (20, 20, 0.8389, 1.0),
        (263, 81, 0.2553, 0.3662),  # Newcombe (1998), table I: method 3, 81/263
        (148, 15, 0.0624, 0.1605),  # 15/148
        (20, 0, 0.0, 0.1611),  # 0/20
        (29, 1, 0.0061, 0.1718),  # 1/29
    ],
)
def test_the_interval_is_wilsons(examined: int, unjustified: int, low: float, high: float) -> None:
    rate = error_rate(examined, unjustified)
    assert (round(rate.low, 4), round(rate.high, 4)) == (low, high)
    assert rate.rate == unjustified / examined


def test_nothing_examined_says_nothing() -> None:
    rate = error_rate(0, 0)
    assert (rate.rate, rate.low, rate.high) == (None, 0.0, 1.0)
    for wrong in ((1, 2), (0, 1), (5, -1)):
        with pytest.raises(ValueError):
            error_rate(*wrong)


def look(
    action: str = "party.unmasked",
    *,
    at: datetime = NOON,
    officer: str = "甲",
    case: str = "一",
    person: int = 1,
) -> Entry:
    return Entry(
        entry_id=UUID(int=random.getrandbits(128)),
        recorded_at=at,
        action=action,
        actor=Actor("client", "办案系统"),
        court_code="豫1424",
        officer=officer,
        case_number=case,
        subject_index=person.to_bytes(32, "big"),
    )


def rules(*entries: Entry, own_people: frozenset[bytes] = frozenset()) -> list[tuple[Rule, int]]:
    return [(one.rule, one.count) for one in examine(entries, Limits(), own_people)]


def test_an_ordinary_day_rings_no_alarm() -> None:
    """Thirty officers with ten cases each, every debtor asked about at five agencies and looked at twice."""
    day = [
        look(
            action,
            at=NOON + timedelta(minutes=number % 300),
            officer=f"o{officer}",
            case=f"{officer}/{case}",
            person=number,
        )
        for officer in range(30)
        for case in range(10)
        for number in range(2)
        for action in ("asset_query.ordered",) * 5 + ("party.unmasked", "assets.unmasked")
    ]
    assert rules(*day) == []


def test_many_look_ups_in_one_case_by_one_officer_ring_once() -> None:
    assert rules(*[look(person=number % 3) for number in range(40)]) == []
    assert rules(*[look(person=number % 3) for number in range(41)]) == [(Rule.VOLUME, 41)]
    spread = [look(officer=f"o{number % 5}", person=number % 3) for number in range(100)]
    assert rules(*spread) == []


def test_more_people_than_a_case_has_debtors() -> None:
    found = rules(*[look(person=number, officer=f"o{number % 4}") for number in range(33)])
    assert found == [(Rule.MANY_PEOPLE, 3)]


def test_whole_data_at_night_but_not_queries_of_machines() -> None:
    night = NOON + timedelta(hours=11)
    assert rules(look(at=night)) == [(Rule.NIGHT, 1)]
    assert rules(look("asset_query.ordered", at=night)) == []
    for hours, rings in ((9.99, False), (10, True), (17.99, True), (18, False)):
        assert bool(rules(look(at=NOON + timedelta(hours=hours)))) == rings


def test_the_courts_own_people() -> None:
    own = frozenset({(7).to_bytes(32, "big")})
    assert rules(look(person=7), look(person=8), own_people=own) == [(Rule.COLLEAGUE, 1)]


def test_other_deeds_are_no_look_ups() -> None:
    own = frozenset({(7).to_bytes(32, "big")})
    assert rules(look("answer.applied", person=7, at=NOON + timedelta(hours=11)), own_people=own) == []


def test_a_look_that_nothing_came_of() -> None:
    looked = [look(case="一"), look(case="一"), look(case="二"), look("asset_query.ordered", case="三")]
    later = [*looked, look("measure.drafted", case="二"), look("answer.applied", case="一")]
    assert list(without_act(looked, later)) == [
        Conspicuous(Rule.NO_ACT, Where("豫1424", "一", "甲"), 2, NOON)
    ]

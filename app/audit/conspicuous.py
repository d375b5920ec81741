"""Look-ups that a person should look at: rules over one day of the log, read once from front to back.

Each rule says what is unusual and never that anything was wrong. The limits are meant to be met seldom: an alarm that
rings daily is switched off by people.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from app.audit.entry import Entry

CHINA = timedelta(hours=8)
LOOK_UPS = frozenset({"asset_query.ordered", "party.unmasked", "assets.unmasked"})
"""Deeds by which somebody learns what he did not know of a person."""

ACTS = frozenset(
    {"measure.drafted", "measure.approved", "claim.changed", "plan.made", "case.closed", "certificate.issued"}
)
"""What a look-up is for, sooner or later."""


class Rule(StrEnum):
    VOLUME = "volume"
    """Many look-ups by one officer in one case on one day."""

    MANY_PEOPLE = "many_people"
    """More people looked up in a case than a case has debtors."""

    NIGHT = "night"
    """Somebody's whole data shown between 22 and 6 o'clock; queries are sent by machines at any hour."""

    COLLEAGUE = "colleague"
    """The person is on the list of the court's own people."""

    NO_ACT = "no_act"
    """Whole data were shown, and in all the time since nothing came of it in that case."""


@dataclass(frozen=True, slots=True)
class Limits:
    per_officer_and_case: int = 40
    people_per_case: int = 30
    night_begins: int = 22
    night_ends: int = 6
    """O'clock in China."""


class Where(NamedTuple):
    """Whose look-ups they were, and in which case; no officer where it is about the case as a whole."""

    court_code: str | None
    case_number: str | None
    officer: str | None


@dataclass(frozen=True, slots=True)
class Conspicuous:
    rule: Rule
    where: Where = field(repr=False)
    count: int
    first_at: datetime


def examine(
    entries: Iterable[Entry], limits: Limits, own_people: frozenset[bytes] = frozenset()
) -> Iterator[Conspicuous]:
    """One finding for each rule, officer and case, however often it was met. `own_people` are blind indexes."""
    seen: dict[tuple[Rule, Where], list[datetime]] = defaultdict(list)
    people: dict[Where, set[bytes]] = defaultdict(set)
    for entry in entries:
        if entry.action not in LOOK_UPS:
            continue
        where = _where(entry)
        seen[Rule.VOLUME, where].append(entry.recorded_at)
        if entry.subject_index is not None:
            case = where._replace(officer=None)
            people[case].add(entry.subject_index)
            if len(people[case]) > limits.people_per_case:
                seen[Rule.MANY_PEOPLE, case].append(entry.recorded_at)
        if entry.subject_index in own_people:
            seen[Rule.COLLEAGUE, where].append(entry.recorded_at)
        if entry.action != "asset_query.ordered" and _is_night(entry.recorded_at, limits):
            seen[Rule.NIGHT, where].append(entry.recorded_at)
    for (rule, where), found in seen.items():
        if rule is not Rule.VOLUME or len(found) > limits.per_officer_and_case:
            yield Conspicuous(rule, where, len(found), found[0])


def without_act(looked: Iterable[Entry], later: Iterable[Entry]) -> Iterator[Conspicuous]:
    """Cases of one day in which whole data were shown and `later` (that day and all since) holds no act of any kind."""
    shown: dict[Where, list[datetime]] = defaultdict(list)
    for entry in looked:
        if entry.action in LOOK_UPS and entry.action != "asset_query.ordered":
            shown[_where(entry)].append(entry.recorded_at)
    acted = {(entry.court_code, entry.case_number) for entry in later if entry.action in ACTS}
    for where, found in shown.items():
        if (where.court_code, where.case_number) not in acted:
            yield Conspicuous(Rule.NO_ACT, where, len(found), found[0])


def _where(entry: Entry) -> Where:
    return Where(entry.court_code, entry.case_number, entry.officer)


def _is_night(at: datetime, limits: Limits) -> bool:
    hour = (at + CHINA).hour
    return hour >= limits.night_begins or hour < limits.night_ends

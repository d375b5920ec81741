"""A bank's register of freezes, written from section 8 of docs/agency-protocol.md alone; numbers are its sections.

It keeps freezes on accounts, in the books of independent_agency.py. Every method runs in a transaction of its caller, and
the books have one writer, so that instant and rank are given under one lock (8.4).
"""

import calendar
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

Json = dict[str, Any]
Run = Callable[..., list[tuple[Any, ...]]]

SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (number TEXT PRIMARY KEY, holder TEXT, name TEXT, nature TEXT, balance TEXT);
CREATE TABLE IF NOT EXISTS freezes (
    booked INTEGER PRIMARY KEY AUTOINCREMENT, freeze_id TEXT, account TEXT, cases TEXT, nature TEXT, received_at TEXT,
    term TEXT, ceiling TEXT, held TEXT, state TEXT, active_at TEXT, ends_at TEXT, UNIQUE (freeze_id, account));
CREATE TABLE IF NOT EXISTS transfers (request_id TEXT PRIMARY KEY, account TEXT, amount TEXT, goes_to TEXT);
"""
COLUMNS = "booked, freeze_id, account, cases, received_at, term, ceiling, held, state, active_at, ends_at"
BEIJING = timezone(timedelta(hours=8))
LONGEST = {"years": 1}
ZERO = Decimal("0.00")
EXEMPT = {"migrant_workers_wage", "social_insurance"}


class Unfit(Exception):
    """Why an order has no effect on a thing (8.3)."""

    def __init__(self, why_not: str) -> None:
        super().__init__(why_not)
        self.why_not = why_not


# 8.5 Terms --------------------------------------------------------------------------------------------------------


def last_day(begins_on: date, term: Json) -> date:
    months = begins_on.month - 1 + term.get("months", 0) + 12 * term.get("years", 0)
    year, month = begins_on.year + months // 12, months % 12 + 1
    day = min(begins_on.day, calendar.monthrange(year, month)[1])
    return date(year, month, day) + timedelta(days=term.get("days", 0))


def end_of(day: date) -> datetime:
    midnight = datetime(day.year, day.month, day.day, tzinfo=BEIJING) + timedelta(days=1)
    return midnight.astimezone(UTC)


def day_of(instant: datetime) -> date:
    return instant.astimezone(BEIJING).date()


# The register -----------------------------------------------------------------------------------------------------


@dataclass
class Hold:
    booked: int
    freeze_id: str
    account: str
    cases: list[str]
    received_at: datetime
    term: Json
    ceiling: Decimal | None
    held: Decimal
    state: str
    active_at: datetime | None
    ends_at: datetime | None


Told = list[tuple[str, Hold]]
"""Causes of notices (8.10)."""


@dataclass(frozen=True)
class Register:
    run: Run

    def open(self, number: str, holder: str, name: str, asset: Json) -> None:
        self.run(
            "INSERT OR IGNORE INTO accounts VALUES (?, ?, ?, ?, ?)",
            number, holder, name, asset.get("nature", "ordinary"), asset["balance"],
        )  # fmt: skip

    def accounts_of(self, subject: Json) -> list[str]:
        """The largest free sum first (8.2)."""
        rows = self.run("SELECT number, holder FROM accounts ORDER BY number")
        mine = [number for number, holder in rows if holder in numbers_of(subject)]
        return sorted(mine, key=self._free, reverse=True)

    def carry_out(self, message: Json, now: datetime) -> tuple[list[Json], Told]:
        """The reports of one order, and what became of other freezes by it."""
        told = self.lapse(now)
        kind = message["kind"]
        if kind == "freeze":
            return self._freeze(message, now, told), told
        content = message[kind]
        deeds = {
            "renewal": self._renew,
            "release": self._release,
            "transfer": self._transfer,
            "conversion": self._convert,
        }
        try:
            hold = self._cited(message["subject"], content)
            more = deeds[kind](hold, message, now, told)
        except Unfit as unfit:
            return [{**content["target"], "why_not": unfit.why_not}], told
        return [{**self.report(self._again(hold)), **more}], told

    def lapse(self, now: datetime) -> Told:
        """8.5: by itself; what is next takes effect at the end instant and not at ours."""
        told: Told = []
        while due := [hold for hold in self._live() if hold.ends_at and hold.ends_at <= now]:
            first = min(due, key=lambda hold: hold.ends_at or now)
            assert first.ends_at
            self._end(first, "lapsed")
            told += [("lapsed", first), *self._settle(first.account, first.ends_at)]
        return told

    def live(self, after: str | None) -> list[Json]:
        """8.11."""
        holds = sorted(self._live(), key=lambda hold: hold.freeze_id)
        return [
            {"request_id": hold.freeze_id, "measure": self.report(hold)}
            for hold in holds
            if hold.freeze_id > (after or "")
        ]

    def report(self, hold: Hold) -> Json:
        """8.3: the whole picture."""
        told: Json = {
            "kind": "account",
            "identity": hold.account,
            "state": hold.state,
            "held": str(hold.held),
        }
        told["balance"] = str(self.balance(hold.account))
        told["received_at"] = hold.received_at.isoformat()
        told["agency_number"] = f"D-{hold.booked}"
        queue = [each.booked for each in self._queue(hold.account)]
        if hold.booked in queue:
            told["rank"] = queue.index(hold.booked) + 1
        if hold.ceiling is not None:
            told["limit"] = str(hold.ceiling)
        for name, instant in (("active_at", hold.active_at), ("ends_at", hold.ends_at)):
            if instant:
                told[name] = instant.isoformat()
        return told

    def balance(self, number: str) -> Decimal:
        ((balance,),) = self.run("SELECT balance FROM accounts WHERE number = ?", number)
        return Decimal(balance)

    # Orders -------------------------------------------------------------------------------------------------------

    def _freeze(self, message: Json, now: datetime, told: Told) -> list[Json]:
        """8.2: the limit holds for all together."""
        content = message["freeze"]
        targets = content.get("targets") or [
            {"kind": "account", "identity": number} for number in self.accounts_of(message["subject"])
        ]
        left = None if content.get("whole") else Decimal(content["limit"])
        reports: list[Json] = []
        for target in targets:
            try:
                self._check_freeze(message, target, left, now)
            except Unfit as unfit:
                reports.append({**target, "why_not": unfit.why_not})
                continue
            hold = self._admit(message, target["identity"], left, now, told)
            reports.append(self.report(hold))
            left = None if left is None else left - hold.held
        return reports

    def _check_freeze(self, message: Json, target: Json, left: Decimal | None, now: datetime) -> None:
        content = message["freeze"]
        nature = self._owned(message["subject"], target)
        if nature in EXEMPT:
            raise Unfit("exempt")
        if content["currency"] != "CNY" or (left is None and content["nature"] == "preservation"):
            raise Unfit("amount_invalid")
        if left == 0:
            raise Unfit("limit_reached")
        check_term(content["term"], now)

    def _admit(self, message: Json, account: str, ceiling: Decimal | None, now: datetime, told: Told) -> Hold:
        content, second = message["freeze"], now.replace(microsecond=0)
        self.run(
            "INSERT INTO freezes (freeze_id, account, cases, nature, received_at, term, ceiling, held, state)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, '0.00', 'waiting')",
            message["request_id"], account, json.dumps([message["mandate"]["case_number"]]), content["nature"],
            second.isoformat(), json.dumps(content["term"]), None if ceiling is None else str(ceiling),
        )  # fmt: skip
        changes = self._settle(account, second)
        told += [(cause, hold) for cause, hold in changes if hold.freeze_id != message["request_id"]]
        return self._of(message["request_id"], account)

    def _renew(self, hold: Hold, message: Json, now: datetime, told: Told) -> Json:
        """8.6: without a gap, rank and all else stay."""
        term = message["renewal"]["term"]
        check_term(term, now)
        if hold.ends_at:
            if hold.ends_at > end_of(last_day(day_of(now), LONGEST)):
                raise Unfit("term_invalid")
            hold.ends_at = end_of(last_day(day_of(hold.ends_at - timedelta(seconds=1)), term))
        hold.term = term
        self._write(hold)
        return {}

    def _release(self, hold: Hold, message: Json, now: datetime, told: Told) -> Json:
        """8.7."""
        content = message["release"]
        covered = hold.held if hold.ceiling is None else hold.ceiling
        part = covered if content.get("whole") else Decimal(content["amount"])
        if part > covered:
            raise Unfit("beyond_limit")
        if content.get("whole") or part == covered:
            self._end(hold, "released")
        else:
            hold.ceiling = covered - part
            self._write(hold)
        told += others(hold, self._settle(hold.account, now))
        return {}

    def _transfer(self, hold: Hold, message: Json, now: datetime, told: Told) -> Json:
        """8.8: in force, held, and once."""
        content = message["transfer"]
        amount = Decimal(content["amount"])
        if content["currency"] != "CNY":
            raise Unfit("amount_invalid")
        if hold.state == "waiting":
            raise Unfit("not_in_force")
        if amount > hold.held:
            raise Unfit("beyond_held")
        number = content["account"]["number"]
        self.run(
            "INSERT INTO transfers VALUES (?, ?, ?, ?)",
            message["request_id"],
            hold.account,
            str(amount),
            number,
        )
        self._book_balance(hold.account, self.balance(hold.account) - amount)
        hold.held -= amount
        if hold.ceiling is not None:
            hold.ceiling -= amount
        self._write(hold)
        if hold.ceiling == 0:
            for leg in [each for each in self._live() if each.freeze_id == hold.freeze_id]:
                self._end(leg, "exhausted")
                told += others(hold, self._settle(leg.account, now))
        told += others(hold, self._settle(hold.account, now))
        return {"transferred": str(amount)}

    def _convert(self, hold: Hold, message: Json, now: datetime, told: Told) -> Json:
        """8.9."""
        ((nature,),) = self.run("SELECT nature FROM freezes WHERE booked = ?", hold.booked)
        if nature != "preservation":
            raise Unfit("other")
        hold.cases.append(message["mandate"]["case_number"])
        self.run("UPDATE freezes SET nature = 'enforcement' WHERE booked = ?", hold.booked)
        self._write(hold)
        return {}

    def _owned(self, subject: Json, target: Json) -> str:
        """The nature of an account of this very person."""
        rows = self.run("SELECT holder, name, nature FROM accounts WHERE number = ?", target["identity"])
        if target["kind"] != "account" or not rows:
            raise Unfit("thing_unknown")
        ((holder, name, nature),) = rows
        if holder not in numbers_of(subject) or name != subject["name"]:
            raise Unfit("holder_mismatch")
        return str(nature)

    def _cited(self, subject: Json, content: Json) -> Hold:
        self._owned(subject, content["target"])
        holds = self._select(
            "freeze_id = ? AND account = ?", content["freeze_request_id"], content["target"]["identity"]
        )
        if not holds:
            raise Unfit("freeze_unknown")
        (hold,) = holds
        if content["freeze_case_number"] not in hold.cases:
            raise Unfit("not_this_case")
        if hold.state not in {"in_force", "waiting"}:
            raise Unfit("already_ended")
        return hold

    # Ladders ------------------------------------------------------------------------------------------------------

    def _settle(self, account: str, now: datetime) -> Told:
        """8.2, 8.4: give each what those ahead leave, and put in force what gets something or is the first."""
        left = self.balance(account)
        told: Told = []
        for place, hold in enumerate(self._queue(account)):
            before, state = hold.held, hold.state
            hold.held = left if hold.ceiling is None else min(hold.ceiling, left)
            left -= hold.held
            if state == "waiting" and (hold.held or not place):
                hold.state, hold.active_at = "in_force", now.replace(microsecond=0)
                hold.ends_at = end_of(last_day(day_of(now), hold.term))
                told.append(("promoted", hold))
            elif hold.held != before:
                told.append(("holds_more" if hold.held > before else "holds_less", hold))
            self._write(hold)
        return told

    def _free(self, account: str) -> Decimal:
        return self.balance(account) - sum((hold.held for hold in self._queue(account)), ZERO)

    def _queue(self, account: str) -> list[Hold]:
        return sorted(
            (hold for hold in self._live() if hold.account == account),
            key=lambda hold: (hold.received_at, hold.booked),
        )

    def _live(self) -> list[Hold]:
        return self._select("state IN ('in_force', 'waiting')")

    def _of(self, freeze_id: str, account: str) -> Hold:
        (hold,) = self._select("freeze_id = ? AND account = ?", freeze_id, account)
        return hold

    def _again(self, hold: Hold) -> Hold:
        return self._of(hold.freeze_id, hold.account)

    def _end(self, hold: Hold, state: str) -> None:
        hold.state, hold.held = state, ZERO
        self._write(hold)

    def _book_balance(self, number: str, balance: Decimal) -> None:
        self.run("UPDATE accounts SET balance = ? WHERE number = ?", str(balance), number)

    def _select(self, where: str, *values: object) -> list[Hold]:
        return [loaded(row) for row in self.run(f"SELECT {COLUMNS} FROM freezes WHERE {where}", *values)]

    def _write(self, hold: Hold) -> None:
        self.run(
            "UPDATE freezes SET cases = ?, term = ?, ceiling = ?, held = ?, state = ?, active_at = ?, ends_at = ?"
            " WHERE booked = ?",
            json.dumps(hold.cases), json.dumps(hold.term), None if hold.ceiling is None else str(hold.ceiling),
            str(hold.held), hold.state, hold.active_at and hold.active_at.isoformat(),
            hold.ends_at and hold.ends_at.isoformat(), hold.booked,
        )  # fmt: skip


def loaded(row: tuple[Any, ...]) -> Hold:
    booked, freeze_id, account, cases, received_at, term, ceiling, held, state, active_at, ends_at = row
    return Hold(
        booked=booked,
        freeze_id=freeze_id,
        account=account,
        cases=json.loads(cases),
        received_at=datetime.fromisoformat(received_at),
        term=json.loads(term),
        ceiling=None if ceiling is None else Decimal(ceiling),
        held=Decimal(held),
        state=state,
        active_at=None if active_at is None else datetime.fromisoformat(active_at),
        ends_at=None if ends_at is None else datetime.fromisoformat(ends_at),
    )


def numbers_of(subject: Json) -> set[str]:
    return {subject["certificate_number"], *subject.get("also_known_as", [])}


def check_term(term: Json, now: datetime) -> None:
    begins_on = day_of(now)
    if last_day(begins_on, term) > last_day(begins_on, LONGEST):
        raise Unfit("term_invalid")


def others(hold: Hold, told: Iterable[tuple[str, Hold]]) -> Told:
    """What an order of the hub did to the freeze it names stands in its answer (8.10)."""
    return [(cause, each) for cause, each in told if each.freeze_id != hold.freeze_id]

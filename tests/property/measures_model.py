"""The register again, as simply as it can be said: everything is worked out anew from the whole list of freezes.

Whole fen instead of decimals, a formula instead of a running rest, the time zone database instead of a fixed offset:
so that the two do not err in the same way.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")
YEARS = {"account": 1, "vehicle": 2, "real_estate": 3, "wealth_product": 3, "tax_refund": 3}


def last_day(start: date, years: int, days: int) -> date:
    try:
        moved = start.replace(year=start.year + years)
    except ValueError:
        moved = date(start.year + years, 2, 28)
    return moved + timedelta(days=days)


def midnight_after(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), CHINA)


@dataclass
class Freeze:
    freeze_id: str
    thing: str
    cases: list[str]
    preservation: bool
    key: tuple[datetime, int]
    received_at: datetime
    years: int
    days: int
    limit: int | None
    ended: str = ""
    active_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass
class Model:
    kinds: dict[str, str]
    together: dict[str, list[str]]
    return_account: dict[str, str]
    balance: dict[str, int]
    from_registration: bool
    freezes: list[Freeze] = field(default_factory=list)
    disposed: set[str] = field(default_factory=set)
    latest: dict[str, datetime] = field(default_factory=dict)
    count: int = 0

    # what is the case now

    def line(self, thing: str) -> list[Freeze]:
        live = [freeze for freeze in self.freezes if freeze.thing == thing and not freeze.ended]
        return sorted(live, key=lambda freeze: freeze.key)

    def held(self, freeze: Freeze) -> int:
        ahead = [other for other in self.line(freeze.thing) if other.key < freeze.key]
        if any(other.limit is None for other in ahead):
            return 0
        left = max(0, self.balance[freeze.thing] - sum(other.limit or 0 for other in ahead))
        return left if freeze.limit is None else min(freeze.limit, left)

    def free(self, thing: str) -> int:
        return self.balance[thing] - sum(self.held(freeze) for freeze in self.line(thing))

    def money(self, thing: str) -> bool:
        return thing in self.balance

    # time

    def reach(self, thing: str, at: datetime) -> datetime:
        """Let pass what has passed, and say when what follows happens."""
        while ends := [f.ends_at for f in self.line(thing) if f.ends_at and f.ends_at <= at]:
            for freeze in self.line(thing):
                if freeze.ends_at == min(ends):
                    freeze.ended = "lapsed"
            self.take_effect(thing, max(min(ends), self.latest.get(thing, min(ends))))
        self.latest[thing] = max(at, self.latest.get(thing, at))
        return self.latest[thing]

    def take_effect(self, thing: str, at: datetime) -> None:
        for place, freeze in enumerate(self.line(thing)):
            first = place == 0 or (self.money(thing) and self.held(freeze) > 0)
            if first and freeze.active_at is None:
                freeze.active_at = at
                freeze.ends_at = freeze.ends_at or self.end(at, freeze)

    def end(self, at: datetime, freeze: Freeze) -> datetime:
        return midnight_after(last_day(at.astimezone(CHINA).date(), freeze.years, freeze.days))

    def fits(self, thing: str, at: datetime, years: int, days: int) -> bool:
        start = at.astimezone(CHINA).date()
        return (years or days) > 0 and last_day(start, years, days) <= last_day(
            start, YEARS[self.kinds[thing]], 0
        )

    def term(self, thing: str, at: datetime, years: int, days: int) -> tuple[int, int]:
        return (years, days) if self.fits(thing, at, years, days) else (YEARS[self.kinds[thing]], 0)

    # what is ordered; each answers whether it had an effect

    def freeze(
        self,
        freeze_id: str,
        thing: str,
        case: str,
        at: datetime,
        term: tuple[int, int],
        limit: int | None,
        *,
        preservation: bool,
    ) -> bool:
        if thing in self.disposed or not self.fits(thing, at, *term):
            return False
        if (limit is not None and not self.money(thing)) or (
            limit is None and preservation and self.kinds[thing] == "account"
        ):
            return False
        self.count += 1
        account = [self.return_account[thing]] if thing in self.return_account else []
        for each in [*account, thing, *self.together.get(thing, [])]:
            if each in self.disposed or limit == 0:
                continue
            years, days = self.term(each, at, *term)
            key = (at.replace(microsecond=0), self.count)
            freeze = Freeze(freeze_id, each, [case], preservation, key, at, years, days, limit)
            self.enter(freeze, at)
            if limit is not None and not freeze.ended:
                limit -= self.held(freeze)
        return True

    def enter(self, freeze: Freeze, at: datetime) -> None:
        thing = freeze.thing
        now = self.reach(thing, at)
        late = any(other.key > freeze.key for other in self.line(thing))
        self.freezes.append(freeze)
        if self.from_registration:
            freeze.ends_at = self.end(at, freeze)
        for place, other in enumerate(self.line(thing)):
            in_front = place == 0 or (self.money(thing) and self.held(other) > 0)
            if late and other.key > freeze.key and not in_front and other.active_at:
                other.active_at = None
                other.ends_at = other.ends_at if self.from_registration else None
            if other is freeze and in_front:
                freeze.active_at = at
                freeze.ends_at = freeze.ends_at or self.end(at, freeze)
        self.take_effect(thing, now)
        if late:
            self.reach(thing, now)

    def cited(self, freeze_id: str, case: str, at: datetime) -> list[Freeze]:
        mine = [freeze for freeze in self.freezes if freeze.freeze_id == freeze_id]
        for freeze in mine:
            self.reach(freeze.thing, at)
        return [freeze for freeze in mine if not freeze.ended and case in freeze.cases]

    def renew(self, freeze_id: str, case: str, at: datetime, years: int, days: int) -> bool:
        mine = self.cited(freeze_id, case, at)
        if not any(self.fits(freeze.thing, at, years, days) for freeze in mine):
            return False
        done = False
        for freeze in mine:
            most = last_day(at.astimezone(CHINA).date(), YEARS[self.kinds[freeze.thing]], 0)
            if freeze.ends_at and freeze.ends_at > midnight_after(most):
                continue
            done = True
            freeze.years, freeze.days = self.term(freeze.thing, at, years, days)
            if freeze.ends_at:
                old = freeze.ends_at.astimezone(CHINA).date() - timedelta(days=1)
                freeze.ends_at = midnight_after(last_day(old, freeze.years, freeze.days))
        return done

    def convert(self, freeze_id: str, case: str, at: datetime, new_case: str) -> bool:
        mine = [freeze for freeze in self.cited(freeze_id, case, at) if freeze.preservation]
        for freeze in mine:
            freeze.preservation = False
            freeze.cases.append(new_case)
        return bool(mine)

    def release(self, freeze_id: str, case: str, at: datetime, part: int | None) -> bool:
        mine = self.cited(freeze_id, case, at)
        if part is not None and mine:
            if len(mine) > 1 or not self.money(mine[0].thing):
                return False
            covers = self.held(mine[0]) if mine[0].limit is None else mine[0].limit
            if not 0 < part <= covers:
                return False
            if part < covers:
                mine[0].limit = covers - part
                self.take_effect(mine[0].thing, self.latest[mine[0].thing])
                return True
        self.finish(mine, "released")
        return bool(mine)

    def finish(self, mine: list[Freeze], how: str) -> None:
        for freeze in mine:
            freeze.ended = how
            self.take_effect(freeze.thing, self.latest[freeze.thing])

    def transfer(self, freeze_id: str, case: str, at: datetime, amount: int) -> bool:
        mine = self.cited(freeze_id, case, at)
        paying = [freeze for freeze in mine if self.kinds[freeze.thing] in {"account", "tax_refund"}]
        if not paying or not paying[0].active_at or not 0 < amount <= self.held(paying[0]):
            return False
        freeze = paying[0]
        self.balance[freeze.thing] -= amount
        if freeze.limit is not None:
            freeze.limit -= amount
        if freeze.limit == 0:
            self.finish(mine, "exhausted")
        self.take_effect(freeze.thing, self.latest[freeze.thing])
        return True

    def money_in(self, thing: str, at: datetime, amount: int) -> bool:
        now = self.reach(thing, at)
        if not self.money(thing) or amount <= 0:
            return False
        self.balance[thing] += amount
        self.take_effect(thing, now)
        return True

    def money_out(self, thing: str, at: datetime, amount: int) -> bool:
        self.reach(thing, at)
        if not self.money(thing) or not 0 < amount <= self.free(thing):
            return False
        self.balance[thing] -= amount
        return True

    def redeem(self, thing: str, at: datetime, amount: int) -> bool:
        now = self.reach(thing, at)
        account = self.return_account.get(thing)
        if account is None or amount <= 0:
            return False
        later = self.reach(account, at)
        if amount > self.balance[thing]:
            return False
        self.balance[thing] -= amount
        self.take_effect(thing, now)
        self.balance[account] += amount
        self.take_effect(account, later)
        return True

    def dispose(
        self, things: list[str], at: datetime, freeze_id: str | None, case: str, *, whole: bool
    ) -> bool:
        for thing in things:
            self.reach(thing, at)
        sellers = self.cited(freeze_id, case, at) if freeze_id else []
        selling = [freeze for freeze in sellers if freeze.thing in things and freeze.active_at]
        if freeze_id and len(selling) < len(things):
            return False
        if any(self.money(thing) or thing in self.disposed for thing in things):
            return False
        for thing in things:
            ending = self.line(thing) if whole else [freeze for freeze in selling if freeze.thing == thing]
            self.disposed.update({thing} if whole else set())
            for freeze in ending:
                freeze.ended = "void"
            self.take_effect(thing, self.latest[thing])
        return True

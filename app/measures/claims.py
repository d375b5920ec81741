"""What is owed at a day, what is frozen in excess of it, and what may be transferred."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from app.measures.choosing import Offer, choose
from app.measures.money import ZERO, to_cents
from app.measures.terms import day_in_china

LATE_RATE = Decimal("0.000175")
"""加倍部分债务利息: 1.75 in ten thousand a day (法释〔2014〕8号 §1)."""


@dataclass(frozen=True)
class Claim:
    """What the enforceable document awards, and what enforcement costs.

    `principal` is every sum of money in it except ordinary interest. Ordinary interest runs on the unpaid principal at
    `daily_rate` from `interest_from` on. The doubled part runs at `late_rate` from `late_from` on, the day on which the
    period for performance ended (法释〔2014〕8号 §2), except in `suspended` spans: from a day up to, not including, another
    (§3). None: it does not run.
    """

    principal: Decimal
    costs: Decimal = ZERO
    daily_rate: Decimal = ZERO
    interest_from: date | None = None
    late_from: date | None = None
    late_rate: Decimal = LATE_RATE
    suspended: tuple[tuple[date, date], ...] = ()


class PaidBy(StrEnum):
    DEBTOR = "debtor"
    TRANSFER = "transfer"


@dataclass(frozen=True)
class Payment:
    """Interest on a transferred sum runs until the day of the transfer (法释〔2014〕8号 §3)."""

    paid_on: date
    amount: Decimal
    by: PaidBy = PaidBy.DEBTOR


@dataclass(frozen=True)
class Outstanding:
    """Sums in the unit of the currency, rounded to cents; `overpaid` is to be returned."""

    costs: Decimal
    interest: Decimal
    principal: Decimal
    late_interest: Decimal
    overpaid: Decimal = ZERO
    transferred: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        return self.costs + self.interest + self.principal + self.late_interest


def outstanding(claim: Claim, payments: Iterable[Payment], at: datetime) -> Outstanding:
    """What is still owed on the day of this instant in China; later payments do not count yet.

    Each payment goes to costs, then interest, then principal (民法典 §561), and to the doubled part last (法释〔2014〕8号 §4).
    """
    today = day_in_china(at)
    due = Outstanding(claim.costs, ZERO, claim.principal, ZERO)
    since = min((day for day in (claim.interest_from, claim.late_from) if day is not None), default=today)
    for payment in sorted(payments, key=lambda each: each.paid_on):
        if payment.paid_on <= today:
            due = _paid(_accrued(claim, due, since, payment.paid_on), payment)
            since = max(since, payment.paid_on)
    due = _accrued(claim, due, since, today)
    return Outstanding(
        due.costs,
        to_cents(due.interest),
        due.principal,
        to_cents(due.late_interest),
        due.overpaid,
        due.transferred,
    )


def _accrued(claim: Claim, due: Outstanding, since: date, until: date) -> Outstanding:
    ordinary = _days(claim.interest_from, since, until)
    late = _days(claim.late_from, since, until)
    if claim.late_from is not None:
        first = max(since, claim.late_from)
        late -= sum(_days(begins, first, min(until, ends)) for begins, ends in claim.suspended)
    return Outstanding(
        due.costs,
        due.interest + due.principal * claim.daily_rate * ordinary,
        due.principal,
        due.late_interest + due.principal * claim.late_rate * late,
        due.overpaid,
        due.transferred,
    )


def _days(begins: date | None, since: date, until: date) -> int:
    return 0 if begins is None else max(0, (until - max(begins, since)).days)


def _paid(due: Outstanding, payment: Payment) -> Outstanding:
    rest = payment.amount
    left: list[Decimal] = []
    for part in (due.costs, to_cents(due.interest), due.principal, to_cents(due.late_interest)):
        share = min(part, rest)
        rest -= share
        left.append(part - share)
    costs, interest, principal, late_interest = left
    taken = payment.amount if payment.by is PaidBy.TRANSFER else ZERO
    return Outstanding(
        costs, interest, principal, late_interest, due.overpaid + rest, due.transferred + taken
    )


@dataclass(frozen=True)
class Excess:
    """`releases` says what to free of which asset; `excused` names the things that bind more than is owed and may."""

    frozen: Decimal
    owed: Decimal
    releases: tuple[tuple[str, Decimal], ...]
    excused: tuple[str, ...]
    clear: bool

    @property
    def surplus(self) -> Decimal:
        return sum((amount for _, amount in self.releases), ZERO)


def excess(frozen: Sequence[Offer], owed: Decimal, *, margin: Decimal = ZERO) -> Excess:
    """Whether clearly more is frozen than is owed with costs, and what to release (Seizure §19; Civil Procedure §253).

    An offer's `usable` is what is really held, or what a thing is expected to bring. More than `margin`, a share of what
    is owed, counts as clear; the law names no figure. A thing that cannot be divided is excused when the others do not
    suffice without it.
    """
    picks = {pick.offer.asset_id: pick for pick in choose(frozen, owed)}
    releases: list[tuple[str, Decimal]] = []
    excused: list[str] = []
    for offer in frozen:
        pick = picks.get(offer.asset_id)
        needless = offer.usable - (pick.counted if pick else ZERO)
        if needless <= 0:
            continue
        if pick and not offer.divisible:
            excused.append(offer.asset_id)
        else:
            releases.append((offer.asset_id, needless))
    total = sum((offer.usable for offer in frozen), ZERO)
    surplus = sum((amount for _, amount in releases), ZERO)
    return Excess(total, owed, tuple(releases), tuple(excused), surplus > owed * margin)


def transfer_cap(held: Decimal, owed: Decimal, ordered: Decimal = ZERO) -> Decimal:
    """The most that may be transferred now: what is in force, and no more than is owed beside what is ordered already.

    Civil Procedure §253: never beyond what the debtor has to perform.
    """
    return max(ZERO, min(held, owed - ordered))

"""The register of control measures: who holds what, at which rank, until when.

**Order.** Freezes on one thing stand in the order in which ruling and notice were received, to the second, and within a
second in the order of booking (Preservation §16; 法发〔2004〕5号 §20). A *rank* is the place in that order among the live
freezes: 1, 2, 3 without a gap, on every kind of thing. An order received earlier and booked later (paper on a clerk's
desk) takes the place of its receipt; those behind it wait again, except for money that they still hold.

**Things** (a house, a vehicle). Rank 1 is in force, all others wait; when it ends, the next takes effect by itself at that
very instant (Seizure §26). House and land are frozen together, each on its own ladder (Seizure §21).

**Money** (an account, a wealth product, a tax refund due). A freeze by amount may be laid on money that no other holds, so
several can be in force: each holds the smaller of its limit and of what the ranks ahead leave. A freeze of the whole
account holds all that they leave, and leaves nothing. Money that arrives later fills the limits in the order of the
ranks. A freeze is in force from the first instant at which it has rank 1 or really holds something, and stays in force
then; before, it waits. So a limit of 100 on an empty account is in force and holds 0.00, and one behind it waits,
since whatever arrives goes to the one ahead. What is held is reported apart from the limit. A transfer takes held money out
and uses the limit up; a partial release lowers the limit, and frees money only where more than the new limit is held. A
part released from a whole account leaves a freeze limited to the rest.

**Wealth products** are frozen in two legs, the return account first, then the product for what the account does not hold,
so that both together hold no more than the limit (Seizure §19). Redemption moves even frozen value, because it lands in
the account; there it is caught up to the limit.

**Terms.** At most the legal maximum of the kind of thing; of a leg that the law shortens, the maximum. The term of a freeze
that waits runs from when it takes effect, or from registration when the register is so set up (practice is divided). A
renewal runs on from the running end, keeps the rank, must come before the end, and can be booked for the term after the
running one only. At the end instant the freeze has lapsed and the next has taken effect (Seizure §27).

**Disposal** of the whole voids every freeze on it (Seizure §27); those that waited reach the surplus of the price (法〔2022〕
107号 §1). Disposal of a part ends the freeze under which it was sold; the next takes effect on the remainder (法发〔2004〕5号 §20).

**Unknown** sums stay unknown: where a balance or another court's limit was not reported, what depends on it is None and the
state is `UNKNOWN`, never zero.

The same request number again gives the same receipt and has no second effect; with other content it is refused.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.measures.books import Books, Told
from app.measures.disposing import dispose
from app.measures.freezing import convert, freeze, release, renew
from app.measures.holding import money_in, money_out, redeem, transfer
from app.measures.ladder import LONG_AGO, Ladder, Thing
from app.measures.money import CENT
from app.measures.operations import (
    Conversion,
    Disposal,
    FreezeOrder,
    MoneyIn,
    MoneyOut,
    Operation,
    Redemption,
    Release,
    Renewal,
    Transfer,
)
from app.measures.receipts import Consequence, Receipt, Rung
from app.measures.words import Ground, WaitingTerm


class Register:
    """The ladders of one or many things. Not safe for threads: whoever stamps receipts books under the same lock."""

    __slots__ = ("asked", "books", "receipts")

    def __init__(self, *, waiting_term: WaitingTerm = WaitingTerm.FROM_ACTIVATION) -> None:
        self.books = Books(waiting_term)
        self.asked: dict[str, str | Operation] = {}
        self.receipts: dict[str, Receipt] = {}

    def add(self, thing: Thing, *, balance: Decimal | None = None) -> None:
        """Open the ladder of a thing. `balance` is what an account holds; None where it was not reported.

        Raises:
            ValueError: the thing is registered already.
        """
        if thing.thing_id in self.books.ladders:
            raise ValueError("this thing is registered already")
        money = None if balance is None else balance.quantize(CENT)
        self.books.ladders[thing.thing_id] = Ladder(thing, self.books.waiting_term, money)

    def apply(self, operation: Operation) -> Receipt:
        """Carry out one operation, or say why not. Never raises for what an operation asks."""
        known = self.receipts.get(operation.request_id)
        if known is not None:
            return self._repeated(known, operation)
        receipt = _VERBS[type(operation)](self.books, operation, [])
        self.asked[operation.request_id] = operation
        self.receipts[operation.request_id] = receipt
        return receipt

    def _repeated(self, known: Receipt, operation: Operation) -> Receipt:
        """The first receipt again; a second message of the same content may well be received later."""
        if fingerprint(self.asked[operation.request_id]) == fingerprint(operation):
            return known
        return Receipt(operation.request_id, operation.at, Ground.REQUEST_CONFLICT)

    def lapse_until(self, now: datetime) -> tuple[Consequence, ...]:
        """Let every freeze lapse whose end has come, in the order of the ends; what follows takes effect at those instants."""
        told: Told = []
        for ladder in self.books.ladders.values():
            if ladder.next_end is not None and ladder.next_end <= now:
                ladder.advance(now, told)
        return tuple(sorted(told, key=_instant))

    def ladder(self, thing_id: str) -> tuple[Rung, ...]:
        """The live freezes on a thing by rank, as of the last operation or lapse.

        Raises:
            KeyError: no such thing.
        """
        return self.books.ladders[thing_id].rungs()

    def freeze(self, freeze_id: str) -> tuple[Rung, ...]:
        """One freeze on everything that it reaches, ended or not; empty when there is none of this name."""
        holds = self.books.holds.get(freeze_id, ())
        return tuple(self.books.ladders[hold.thing_id].rung_of(hold) for hold in holds)

    def balance(self, thing_id: str) -> Decimal | None:
        return self.books.ladders[thing_id].balance

    def free(self, thing_id: str) -> Decimal | None:
        """What no freeze holds of a sum of money; None when it cannot be known."""
        return self.books.ladders[thing_id].free()

    def part(self, thing_ids: Iterable[str]) -> "Register":
        """A copy of some ladders and of what goes with them, without the memory of requests: to try things out on."""
        copy = Register(waiting_term=self.books.waiting_term)
        for thing_id in self._together(thing_ids):
            copy.books.ladders[thing_id] = ladder = self.books.ladders[thing_id].copy()
            for hold in ladder.live:
                copy.books.holds.setdefault(hold.freeze_id, []).append(hold)
        copy.books.booked = self.books.booked
        return copy

    def _together(self, thing_ids: Iterable[str]) -> Collection[str]:
        """These things, all that their freezes reach, and so on: an order touches nothing outside."""
        found: dict[str, None] = {}
        waiting = list(thing_ids)
        while waiting:
            thing_id = waiting.pop()
            if thing_id in found or thing_id not in self.books.ladders:
                continue
            found[thing_id] = None
            ladder = self.books.ladders[thing_id]
            waiting += ladder.reach
            for hold in ladder.live:
                waiting += [other.thing_id for other in self.books.holds[hold.freeze_id] if other is not hold]
        return found.keys()


def _instant(consequence: Consequence) -> datetime:
    return consequence.at


# Each verb is given the kind of operation that stands beside it; a chain of type tests costs more than most verbs.
_VERBS: dict[type, Callable[[Books, Any, Told], Receipt]] = {
    FreezeOrder: freeze,
    Renewal: renew,
    Release: release,
    Conversion: convert,
    Transfer: transfer,
    MoneyIn: money_in,
    MoneyOut: money_out,
    Redemption: redeem,
    Disposal: dispose,
}


def fingerprint(operation: str | Operation) -> str:
    """What an operation asks, whenever it is received."""
    return operation if isinstance(operation, str) else repr(replace(operation, at=LONG_AGO))

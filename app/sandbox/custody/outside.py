"""What happens to an agency's things without the hub: other courts, money, sales.

A toy for tests and demonstrations, like the faults.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from app.adapters.facts import Instant, Sum, Text
from app.adapters.liandong.wire import Term as WireTerm
from app.ids import new_id
from app.measures.operations import (
    Disposal,
    FreezeOrder,
    MoneyIn,
    MoneyOut,
    Redemption,
    Release,
    Renewal,
)
from app.measures.receipts import Receipt, Rung
from app.measures.terms import LEGAL_MAXIMUM, Term
from app.measures.words import LIVE, Extent, Ground, Reach
from app.sandbox.custody.deed import Deed
from app.sandbox.custody.holdings import Holdings
from app.sandbox.custody.journal import Closed, Line, Paper

OTHER_COURT = "商丘市睢阳区人民法院"
OTHER_CASE = "（2026）豫1403执2001号"


class NotHere(Exception):
    """The agency keeps no such thing, or has no such live freeze."""


class _Act(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OtherCourtFreezes(_Act):
    """Without a limit the whole thing, without a term the longest. A paper may have been received before it is booked."""

    act: Literal["other_court_freezes"] = "other_court_freezes"
    thing: Text
    limit: Sum | None = None
    term: WireTerm | None = None
    authority: Text = OTHER_COURT
    case_number: Text = OTHER_CASE
    received_at: Instant | None = None


class OtherCourtReleases(_Act):
    """The whole, or so much of the limit."""

    act: Literal["other_court_releases"] = "other_court_releases"
    freeze_id: Text
    amount: Sum | None = None


class OtherCourtRenews(_Act):
    act: Literal["other_court_renews"] = "other_court_renews"
    freeze_id: Text
    term: WireTerm


class MoneyMoves(_Act):
    """Money comes in, is spent by the holder, or is paid out by a product into its return account."""

    act: Literal["money_in", "money_out", "redemption"]
    thing: Text
    amount: Sum


class ThingsAreSold(_Act):
    """By the court of the freeze that is named; by another power, if none is."""

    act: Literal["disposal"] = "disposal"
    things: Annotated[tuple[Text, ...], Field(min_length=1)]
    extent: Extent = Extent.WHOLE
    freeze_id: Text | None = None
    surplus: Sum | None = None


class AccountIsClosed(_Act):
    act: Literal["account_closed"] = "account_closed"
    thing: Text


Act = Annotated[
    OtherCourtFreezes | OtherCourtReleases | OtherCourtRenews | MoneyMoves | ThingsAreSold | AccountIsClosed,
    Field(discriminator="act"),
]
ACT: TypeAdapter[Any] = TypeAdapter(Act)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: why it had no effect, if it had none, and the ladders of the things concerned."""

    freeze_id: str | None
    ground: Ground | None
    rungs: tuple[Rung, ...]


OUTCOME = TypeAdapter(Outcome)


def happen(act: BaseModel, holdings: Holdings, deed: Deed) -> Outcome:
    """Let it happen. Raises NotHere."""
    match act:
        case OtherCourtFreezes():
            open_thing(act.thing, holdings, deed)
            receipt = deed.carry_out(Line(_ordered(act, deed), paper=Paper(act.authority)))
            return outcome(deed, receipt, act.thing)
        case OtherCourtReleases():
            rung = live_freeze(deed, act.freeze_id)
            release = Release(new_name(), deed.at, rung.freeze_id, rung.case_number, act.amount)
            return outcome(deed, deed.carry_out(Line(release)), rung.thing_id)
        case OtherCourtRenews():
            rung = live_freeze(deed, act.freeze_id)
            renewal = Renewal(new_name(), deed.at, rung.freeze_id, rung.case_number, _term(act.term))
            return outcome(deed, deed.carry_out(Line(renewal)), rung.thing_id)
        case MoneyMoves():
            open_thing(act.thing, holdings, deed)
            movement = _MOVEMENTS[act.act](new_name(), deed.at, act.thing, act.amount)
            return outcome(deed, deed.carry_out(Line(movement)), act.thing)
        case ThingsAreSold():
            for thing in act.things:
                open_thing(thing, holdings, deed)
            return outcome(deed, deed.carry_out(Line(_sale(act, deed))), *act.things)
        case AccountIsClosed():
            open_thing(act.thing, holdings, deed)
            deed.note(Line(Closed(act.thing)))
            return outcome(deed, None, act.thing)
        case _:
            raise NotHere


def open_thing(thing: str, holdings: Holdings, deed: Deed) -> None:
    """Raises NotHere."""
    deed.open(thing, holdings.together(thing))
    if thing not in deed.custody.kept:
        raise NotHere


def live_freeze(deed: Deed, freeze_id: str, thing_id: str | None = None) -> Rung:
    """The first live rung of a freeze, on this thing if one is named. Raises NotHere."""
    for rung in deed.custody.register.freeze(freeze_id):
        if rung.state in LIVE and thing_id in {None, rung.thing_id}:
            return rung
    raise NotHere


def outcome(deed: Deed, receipt: Receipt | None, *things: str) -> Outcome:
    register = deed.custody.register
    rungs = tuple(rung for thing in things for rung in register.ladder(thing))
    return Outcome(receipt and receipt.request_id, receipt and receipt.ground, rungs)


def new_name() -> str:
    """For an operation that has no request of the hub."""
    return f"outside-{new_id()}"


_MOVEMENTS: dict[str, type[MoneyIn] | type[MoneyOut] | type[Redemption]] = {
    "money_in": MoneyIn,
    "money_out": MoneyOut,
    "redemption": Redemption,
}


def _ordered(act: OtherCourtFreezes, deed: Deed) -> FreezeOrder:
    kind = deed.custody.kept[act.thing].thing.kind
    return FreezeOrder(
        request_id=new_name(),
        at=act.received_at or deed.at,
        thing_id=act.thing,
        case_number=act.case_number,
        term=_term(act.term) if act.term else LEGAL_MAXIMUM[kind],
        limit=Reach.WHOLE if act.limit is None else act.limit,
    )


def _sale(act: ThingsAreSold, deed: Deed) -> Disposal:
    case = live_freeze(deed, act.freeze_id).case_number if act.freeze_id else OTHER_CASE
    return Disposal(new_name(), deed.at, act.things, case, act.freeze_id, act.extent, act.surplus)


def _term(term: WireTerm) -> Term:
    return Term(term.years, term.months, term.days)

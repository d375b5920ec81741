"""Differences planted between an agency's register and what the hub was told, for whoever has to find them (P18)."""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from app.adapters.facts import Instant, Sum, Text
from app.measures.operations import FreezeOrder, Release
from app.measures.receipts import Rung
from app.measures.terms import LEGAL_MAXIMUM
from app.measures.words import Reach
from app.sandbox.custody.deed import Deed
from app.sandbox.custody.holdings import Holdings
from app.sandbox.custody.journal import Doctored, Line, Paper
from app.sandbox.custody.outside import (
    OTHER_CASE,
    OTHER_COURT,
    NotHere,
    Outcome,
    live_freeze,
    new_name,
    open_thing,
    outcome,
)


class _Difference(BaseModel):
    """`request_id` and `thing` name a live freeze of the hub; the hub is told nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    request_id: UUID
    thing: Text


class Dropped(_Difference):
    """The freeze is gone."""

    difference: Literal["dropped"] = "dropped"


class Overtaken(_Difference):
    """Another court's paper turns up that was received a day before: the freeze loses its rank."""

    difference: Literal["overtaken"] = "overtaken"


class WrittenOver(_Difference):
    """Somebody wrote another limit or another end into the register."""

    difference: Literal["written_over"] = "written_over"
    limit: Sum | None = None
    ends_at: Instant | None = None


class Ghost(_Difference):
    """A freeze in the hub's name that the hub never ordered; `request_id` is the one it bears."""

    difference: Literal["ghost"] = "ghost"
    case_number: Text
    limit: Sum | None = None


Difference = Annotated[Dropped | Overtaken | WrittenOver | Ghost, Field(discriminator="difference")]
DIFFERENCE: TypeAdapter[Any] = TypeAdapter(Difference)


def plant(difference: BaseModel, holdings: Holdings, deed: Deed) -> Outcome:
    """Change the register behind the hub's back. Raises NotHere."""
    deed.announced = False
    match difference:
        case Dropped():
            rung = _named(deed, difference)
            release = Release(new_name(), deed.at, rung.freeze_id, rung.case_number, thing_id=rung.thing_id)
            receipt = deed.carry_out(Line(release))
        case Overtaken():
            rung = _named(deed, difference)
            earlier = replace(
                _whole(deed, rung.thing_id, new_name(), OTHER_CASE), at=rung.received_at - timedelta(days=1)
            )
            receipt = deed.carry_out(Line(earlier, paper=Paper(OTHER_COURT)))
        case Ghost():
            open_thing(difference.thing, holdings, deed)
            name = f"{difference.request_id}/{difference.thing}"
            order = _whole(deed, difference.thing, name, difference.case_number)
            if difference.limit is not None:
                order = replace(order, limit=difference.limit)
            receipt = deed.carry_out(Line(order, paper=Paper("柘城县人民法院", None, difference.request_id)))
        case WrittenOver():
            rung = _named(deed, difference)
            deed.note(
                Line(Doctored(rung.freeze_id, rung.thing_id, deed.at, difference.limit, difference.ends_at))
            )
            return outcome(deed, None, difference.thing)
        case _:
            raise NotHere
    return outcome(deed, receipt, difference.thing)


def _named(deed: Deed, difference: _Difference) -> Rung:
    freeze_id = deed.custody.freeze_on(difference.request_id, difference.thing)
    if freeze_id is None:
        raise NotHere
    return live_freeze(deed, freeze_id, difference.thing)


def _whole(deed: Deed, thing: str, name: str, case_number: str) -> FreezeOrder:
    kind = deed.custody.kept[thing].thing.kind
    return FreezeOrder(name, deed.at, thing, case_number, LEGAL_MAXIMUM[kind], Reach.WHOLE)

"""What happens outside: people and vehicles are seen, courts take over, and police act on their own.

A toy for tests and demonstrations, like the faults.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from app.adapters.facts import Instant, Prose, Reference, Text
from app.sandbox.lookout import messages
from app.sandbox.lookout.messages import Sighting
from app.sandbox.lookout.records import KeptHold
from app.sandbox.lookout.register import LookOuts
from app.vocabulary import HitConfidence, WatchKind


class NobodyThere(Exception):
    """Nobody is looked for under that number, or nobody is held on that hit."""


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Found(_Event):
    """Under which look-outs: by `mark`, a certificate number, plate or VIN, or by one that need not be there."""

    mark: Reference | None = None
    request_id: UUID | None = None
    place: Text

    @model_validator(mode="after")
    def _says_where_to_look(self) -> Self:
        if (self.mark is None) == (self.request_id is None):
            raise ValueError("either a mark or a request_id")
        return self


class Seen(_Found):
    """Reported under each live look-out; with `even_if_ended` also under those that nobody took off the terminals."""

    event: Literal["seen"] = "seen"
    even_if_ended: bool = False
    confidence: HitConfidence = HitConfidence.PROBABLE
    source: Text = "巡逻盘查"
    reporter: Text = "民警，警号Z0001"
    circumstances: Prose = ""
    seen_at: Instant | None = None
    """Now, by the agency's calendar, if nothing is said."""


class LearntOf(_Found):
    """Something that may lead on."""

    event: Literal["learnt_of"] = "learnt_of"
    kind: WatchKind
    detail: Prose = ""
    happened_at: Instant | None = None


class HandedOver(_Event):
    """The court came and took over."""

    event: Literal["handed_over"] = "handed_over"
    hit_id: UUID
    place: Text | None = None
    came_along: tuple[Text, ...] = ()


class HeldUnasked(_Event):
    """The police did not wait for the court, or did not care."""

    event: Literal["held_unasked"] = "held_unasked"
    hit_id: UUID


EVENT: TypeAdapter[Any] = TypeAdapter(
    Annotated[Seen | LearntOf | HandedOver | HeldUnasked, Field(discriminator="event")]
)


@dataclass(frozen=True, slots=True)
class Reported:
    """Under which request the hub was told; `hit_id` where it was a hit, or is held on one."""

    request_id: UUID
    hit_id: UUID | None = None


REPORTED = TypeAdapter(tuple[Reported, ...])


def happen(event: BaseModel, look_outs: LookOuts) -> tuple[Reported, ...]:
    """Let it happen. Raises NobodyThere."""
    look_outs.let_time_pass()
    match event:
        case Seen():
            seen = _as_seen(event, look_outs)
            under = _under(event, look_outs, even_if_ended=event.even_if_ended)
            return tuple(Reported(each, look_outs.report(each, seen)) for each in under)
        case LearntOf():
            happened_at = event.happened_at or look_outs.at
            under = _under(event, look_outs, even_if_ended=False)
            look_outs.told += [
                messages.watched(each, event.kind, happened_at, event.place, event.detail) for each in under
            ]
            return tuple(map(Reported, under))
        case HandedOver():
            hold = _held(event.hit_id, look_outs)
            look_outs.hand_over(replace(hold, place=event.place or hold.place), event.came_along)
            return (Reported(hold.look_out_id, hold.hit_id),)
        case HeldUnasked():
            hit = look_outs.hit(event.hit_id)
            if hit is None or look_outs.held(hit.hit_id):
                raise NobodyThere
            look_outs.hold(hit)
            return (Reported(hit.look_out_id, hit.hit_id),)
        case _:
            raise NobodyThere


def _as_seen(event: Seen, look_outs: LookOuts) -> Sighting:
    return Sighting(
        seen_at=event.seen_at or look_outs.at,
        place=event.place,
        source=event.source,
        confidence=event.confidence,
        reporter=event.reporter,
        circumstances=event.circumstances,
    )


def _under(event: _Found, look_outs: LookOuts, *, even_if_ended: bool) -> list[UUID]:
    if event.request_id:
        return [event.request_id]
    entered = look_outs.by_mark(event.mark or "")
    found = [each.request_id for each in entered if even_if_ended or look_outs.is_live(each)]
    if not found:
        raise NobodyThere
    return found


def _held(hit_id: UUID, look_outs: LookOuts) -> KeptHold:
    hold = look_outs.held(hit_id)
    if hold is None or hold.is_over:
        raise NobodyThere
    return hold

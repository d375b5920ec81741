"""What the hub is told of look-outs, in the words of the wire."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.adapters.liandong import wire
from app.ids import new_id
from app.sandbox.lookout.records import KeptHold
from app.vocabulary import CustodyStage, HitConfidence, WatchKind


class Told(NamedTuple):
    """One message to the hub; it goes out in its turn among those about the same request."""

    message_id: UUID
    request_id: UUID
    body: bytes


@dataclass(frozen=True, slots=True)
class Sighting:
    """Somebody or something as it was seen, whoever looks for it."""

    seen_at: datetime
    place: str = field(repr=False)
    source: str
    confidence: HitConfidence
    reporter: str = field(repr=False)
    circumstances: str = field(default="", repr=False)


def hit(look_out_id: UUID, hit_id: UUID, seen: Sighting) -> Told:
    return _told(
        wire.HitMessage(
            message_id=new_id(),
            request_id=look_out_id,
            hit_id=hit_id,
            seen_at=seen.seen_at,
            place=seen.place,
            source=seen.source,
            confidence=seen.confidence,
            reporter=seen.reporter,
            circumstances=seen.circumstances,
        )
    )


def custody(hold: KeptHold, stage: CustodyStage, at: datetime) -> Told:
    return _told(
        wire.CustodyNoticeMessage(
            message_id=new_id(),
            request_id=hold.look_out_id,
            hit_id=hold.hit_id,
            stage=stage,
            at=at,
            place=hold.place,
            came_along=hold.came_along,
        )
    )


def watched(request_id: UUID, kind: WatchKind, happened_at: datetime, place: str, detail: str) -> Told:
    return _told(
        wire.WatchNoticeMessage(
            message_id=new_id(),
            request_id=request_id,
            kind=kind,
            happened_at=happened_at,
            place=place,
            detail=detail,
        )
    )


def _told(message: wire.HitMessage | wire.CustodyNoticeMessage | wire.WatchNoticeMessage) -> Told:
    return Told(message.message_id, message.request_id, wire.write(message))

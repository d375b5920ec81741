"""Messages of agencies as the hub takes them in, and whether one was heard before.

An identical repeat changes nothing and gets the same receipt; other content under the same message id is a conflict (P9).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.contract import Acknowledged, Answer, Decoded, Posted, StatusReport
from app.adapters.locating import CustodyNotice, Hit, WatchNotice
from app.adapters.measures import Notice, Objection


class Fate(StrEnum):
    """What became of a message."""

    APPLIED = "applied"
    LATE = "late"
    CONTRADICTING = "contradicting"
    CONFLICT = "conflict"
    """Other content is on record under this message id; nothing was taken over."""

    FOREIGN = "foreign"
    """Not a request that was sent to this agency; nothing was taken over."""


@dataclass(frozen=True, slots=True)
class Received:
    """One authenticated, decoded message of an agency."""

    agency_id: UUID
    agency_code: str
    operation: str
    """`reply` or `callback`."""

    decoded: Decoded | Posted
    content_type: str
    raw: bytes = field(repr=False)
    signature: str | None = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """The same for every identical repeat: it tells of the first time."""

    receipt_id: UUID
    message_id: UUID
    fate: Fate
    received_at: datetime
    sha256: str
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    fingerprint: bytes | None
    receipt: Receipt


def fingerprint(decoded: Posted) -> bytes:
    """The digest of what a message means, independent of how it was wrapped or spaced."""
    return sha256(json.dumps(_meaning(decoded), ensure_ascii=False).encode()).digest()


def _meaning(decoded: Posted) -> list[object]:
    match decoded:
        case Acknowledged():
            return ["acknowledged", str(decoded.request_id), decoded.agency_reference]
        case Notice():
            told = [measure.model_dump_json() for measure in decoded.measures]
            return ["notice", str(decoded.request_id), decoded.as_of.isoformat(), told]
        case Objection():
            return ["objection", str(decoded.request_id), sorted(decoded.grounds), decoded.text]
        case Hit() | CustodyNotice() | WatchNotice():
            said = replace(decoded, message_id=decoded.request_id)  # the same under a new id means the same
            return [type(decoded).__name__, *map(str, astuple(said))]
        case Answer():
            return [
                "answer",
                str(decoded.request_id),
                decoded.state,
                decoded.as_of.isoformat(),
                decoded.part,
                decoded.agency_reference,
                decoded.refusal and [decoded.refusal.reason, decoded.refusal.explanation],
                [asset.model_dump_json() for asset in decoded.assets],
                [measure.model_dump_json() for measure in decoded.measures],
                decoded.remark,
            ]


def _message_keys(messages: Sequence[Received]) -> Iterator[tuple[UUID, UUID]]:
    for message in messages:
        yield message.agency_id, message.decoded.message_id
        if isinstance(message.decoded, StatusReport):
            for answer in message.decoded.answers:
                yield message.agency_id, answer.message_id


# Joined to an array and not `IN` a list of pairs: without bitmap scans (see `app.outbox.transaction`) such a list is
# looked for by reading all messages.
_KNOWN = text("""
SELECT messages.agency_id, messages.message_id, fingerprint, messages.id, messages.at, sha256, coalesce(disposition, parked_reason)
  FROM unnest(CAST(:agencies AS uuid[]), CAST(:messages AS uuid[])) AS heard(agency_id, message_id)
  JOIN messages ON messages.agency_id = heard.agency_id AND messages.message_id = heard.message_id
   AND messages.direction = 'in'
  LEFT JOIN answers ON answers.request_id = messages.request_id AND answers.message_id = messages.id
""")


async def known_messages(
    session: AsyncSession, messages: Sequence[Received]
) -> dict[tuple[UUID, UUID], Known]:
    agencies, ids = zip(*_message_keys(messages), strict=True)
    rows = await session.execute(_KNOWN, {"agencies": list(agencies), "messages": list(ids)})
    return {
        (agency_id, message_id): Known(
            print_, Receipt(row_id, message_id, Fate(fate or Fate.APPLIED), at, digest.hex())
        )
        for agency_id, message_id, print_, row_id, at, digest, fate in rows
    }

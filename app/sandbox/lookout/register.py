"""The look-outs of one agency, its hits and holds, as they change within one commit of its books."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from app.adapters.liandong.wire import HitDecisionMessage, LocateMessage, RecallMessage
from app.ids import new_id
from app.sandbox.lookout import messages, records
from app.sandbox.lookout.messages import Sighting, Told
from app.sandbox.lookout.records import KeptHit, KeptHold, KeptLookOut, KeptRecall, written
from app.vocabulary import CustodyStage, EndReason, HitDecision, Wanted

HOLD_LIMIT = timedelta(hours=24)
"""So long somebody is held for a court that does not come."""


@dataclass(slots=True)
class LookOuts:
    """Writes at once into the open transaction of `pages`, and keeps what the hub has to be told of it.

    `at` is the instant by the agency's calendar.
    """

    pages: sqlite3.Connection
    at: datetime
    heeding: bool = True
    """Whether recalls are heeded and confirmed; if not, the agency is silent about them."""

    told: list[Told] = field(default_factory=list)
    caught_up: list[UUID] = field(default_factory=list)
    """Recalls that were heeded long after they came, and whose answer is due now."""

    # Entries --------------------------------------------------------------------------------------------------

    def enter(self, message: LocateMessage) -> None:
        locate, request_id = message.locate, str(message.request_id)
        self._write(
            "INSERT INTO look_outs (request_id, order_id, case_number, wanted, action, valid_from, valid_until,"
            " entered_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            request_id,
            str(message.order_id),
            message.mandate.case_number,
            Wanted.VEHICLE if locate.vehicle else Wanted.PERSON,
            locate.action,
            written(locate.valid_from),
            written(locate.valid_until),
            written(self.at),
        )
        self.pages.executemany(
            "INSERT OR IGNORE INTO marks (mark, request_id) VALUES (?, ?)",
            [(mark, request_id) for mark in _marks(message)],
        )

    def find(self, request_id: UUID) -> KeptLookOut | None:
        row = self._row("SELECT * FROM look_outs WHERE request_id = ?", str(request_id))
        return records.look_out(row) if row else None

    def is_live(self, look_out: KeptLookOut | None) -> bool:
        return look_out is not None and look_out.ended_at is None and look_out.valid_from <= self.at

    def by_mark(self, mark: str) -> list[KeptLookOut]:
        """All that were ever entered under a certificate number, a plate or a VIN, ended or not."""
        rows = self._rows(
            "SELECT look_outs.* FROM marks JOIN look_outs USING (request_id) WHERE mark = ?"
            " ORDER BY entered_at, request_id",
            mark,
        )
        return [records.look_out(row) for row in rows]

    def end(self, request_id: UUID, reason: EndReason, at: datetime) -> None:
        self._write(
            "UPDATE look_outs SET ended_at = ?, end_reason = ? WHERE request_id = ? AND ended_at IS NULL",
            written(at),
            reason,
            str(request_id),
        )

    # Recalls --------------------------------------------------------------------------------------------------

    def is_recalled(self, look_out_id: UUID) -> bool:
        row = self._row(
            "SELECT 1 FROM recalls WHERE look_out_id = ? AND heeded_at IS NOT NULL", str(look_out_id)
        )
        return row is not None

    def recall(self, message: RecallMessage) -> None:
        """Note it, and heed it unless the agency is silent about recalls."""
        self._write(
            "INSERT INTO recalls (request_id, look_out_id, reason, received_at) VALUES (?, ?, ?, ?)",
            str(message.request_id),
            str(message.recall.locate_request_id),
            message.recall.reason,
            written(self.at),
        )
        if self.heeding:
            self._heed(message.request_id, message.recall.locate_request_id, message.recall.reason)

    def catch_up(self) -> None:
        """Heed what the agency was silent about."""
        for row in self._rows("SELECT * FROM recalls WHERE heeded_at IS NULL ORDER BY received_at"):
            recall: KeptRecall = records.recall(row)
            self._heed(recall.request_id, recall.look_out_id, recall.reason)
            self.caught_up.append(recall.request_id)

    def _heed(self, request_id: UUID, look_out_id: UUID, reason: EndReason) -> None:
        self.end(look_out_id, reason, self.at)
        self._write(
            "UPDATE recalls SET heeded_at = ? WHERE request_id = ?", written(self.at), str(request_id)
        )
        if reason is not EndReason.LOCATED:
            for hold in self._holds_under(look_out_id):
                self.release(hold, self.at)

    # Hits -----------------------------------------------------------------------------------------------------

    def report(self, look_out_id: UUID, seen: Sighting) -> UUID:
        """A hit under a look-out, which need not be there; its id."""
        hit_id = new_id()
        self._write(
            "INSERT INTO hits (hit_id, look_out_id, seen_at, place, confidence, reported_at, was_live)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            str(hit_id),
            str(look_out_id),
            written(seen.seen_at),
            seen.place,
            seen.confidence,
            written(self.at),
            self.is_live(self.find(look_out_id)),
        )
        self.told.append(messages.hit(look_out_id, hit_id, seen))
        return hit_id

    def hit(self, hit_id: UUID) -> KeptHit | None:
        row = self._row("SELECT * FROM hits WHERE hit_id = ?", str(hit_id))
        return records.hit(row) if row else None

    def note_decision(self, message: HitDecisionMessage) -> None:
        decided = message.hit_decision
        self._write(
            "INSERT INTO hit_decisions (request_id, hit_id, decision, minutes_needed, received_at)"
            " VALUES (?, ?, ?, ?, ?)",
            str(message.request_id),
            str(decided.hit_id),
            decided.decision,
            decided.minutes_needed,
            written(self.at),
        )

    def confirmed_by(self, hit_id: UUID) -> UUID | None:
        """The decision that stands, if it confirms the hit: the latest counts."""
        row = self._row(
            "SELECT * FROM hit_decisions WHERE hit_id = ? ORDER BY number DESC LIMIT 1", str(hit_id)
        )
        latest = records.decision(row) if row else None
        return latest.request_id if latest and latest.decision is HitDecision.CONFIRMED else None

    # Holds ----------------------------------------------------------------------------------------------------

    def held(self, hit_id: UUID) -> KeptHold | None:
        row = self._row("SELECT * FROM holds WHERE hit_id = ?", str(hit_id))
        return records.hold(row) if row else None

    def hold(self, hit: KeptHit) -> None:
        """Whoever asks for it answers for it: the books say whether the hit had been confirmed."""
        confirmed_by = self.confirmed_by(hit.hit_id)
        self._write(
            "INSERT INTO holds (hit_id, look_out_id, held_at, place, confirmed_by, let_go_by)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            str(hit.hit_id),
            str(hit.look_out_id),
            written(self.at),
            hit.place,
            str(confirmed_by) if confirmed_by else None,
            written(self.at + HOLD_LIMIT),
        )
        hold = self.held(hit.hit_id)
        assert hold is not None
        self.told.append(messages.custody(hold, CustodyStage.HELD, self.at))

    def hand_over(self, hold: KeptHold, came_along: tuple[str, ...]) -> None:
        self._write(
            "UPDATE holds SET handed_over_at = ?, came_along = ? WHERE hit_id = ?",
            written(self.at),
            json.dumps(came_along, ensure_ascii=False),
            str(hold.hit_id),
        )
        handed_over = replace(hold, came_along=came_along)
        self.told.append(messages.custody(handed_over, CustodyStage.HANDED_OVER, self.at))

    def release(self, hold: KeptHold, at: datetime) -> None:
        self._write("UPDATE holds SET released_at = ? WHERE hit_id = ?", written(at), str(hold.hit_id))
        self.told.append(messages.custody(hold, CustodyStage.RELEASED, at))

    def _holds_under(self, look_out_id: UUID) -> list[KeptHold]:
        rows = self._rows("SELECT * FROM holds WHERE look_out_id = ?", str(look_out_id))
        return [hold for row in rows if not (hold := records.hold(row)).is_over]

    # Time -----------------------------------------------------------------------------------------------------

    def let_time_pass(self) -> None:
        """What is past its validity ends, and whoever was not fetched in time is let go."""
        now = written(self.at)
        for row in self._rows("SELECT * FROM look_outs WHERE ended_at IS NULL AND valid_until <= ?", now):
            expired = records.look_out(row)
            self.end(expired.request_id, EndReason.EXPIRED, expired.valid_until)
        for row in self._rows(
            "SELECT * FROM holds WHERE handed_over_at IS NULL AND released_at IS NULL AND let_go_by <= ?", now
        ):
            hold = records.hold(row)
            self.release(hold, hold.let_go_by)

    # The pages ------------------------------------------------------------------------------------------------

    def _write(self, statement: str, *values: object) -> None:
        self.pages.execute(statement, values)

    def _row(self, query: str, *values: str) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self.pages.execute(query, values).fetchone()
        return row

    def _rows(self, query: str, *values: str) -> list[sqlite3.Row]:
        return self.pages.execute(query, values).fetchall()


def _marks(message: LocateMessage) -> Iterable[str]:
    """Of a vehicle only its own: its owner may pass."""
    vehicle = message.locate.vehicle
    if vehicle:
        return (vehicle.plate_number, vehicle.vin)
    return (message.subject.certificate_number, *message.subject.also_known_as)

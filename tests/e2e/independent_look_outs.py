"""A duty desk that looks for people and vehicles, written from section 9 of docs/agency-protocol.md alone; numbers are its sections.

It keeps its list in the books of independent_agency.py. Every method runs in a transaction of its caller. Whoever plays
the street writes into `sightings` and `fetched`; what stands there is looked at again and again.
"""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]
Run = Callable[..., list[tuple[Any, ...]]]
Told = list[tuple[str, str, Json]]
"""Type, request and fields of what the hub is to be told."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS look_outs (
    request_id TEXT PRIMARY KEY, case_number TEXT, marks TEXT, action TEXT, begins TEXT, ends TEXT, over INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS recalled (request_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS hits (hit_id TEXT PRIMARY KEY, look_out TEXT, place TEXT, word TEXT);
CREATE TABLE IF NOT EXISTS kept (hit_id TEXT PRIMARY KEY, look_out TEXT, place TEXT, let_go_at TEXT, stage TEXT);
CREATE TABLE IF NOT EXISTS sightings (mark TEXT, place TEXT, reported INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS fetched (hit_id TEXT PRIMARY KEY, things TEXT);
"""
HOLDING = {"hold_and_notify", "online_pursuit"}
GROUNDS = {
    "summons_by_force": ("summons", {"report_only", "hold_and_notify"}),
    "detention_decision": ("detention_decision", {"report_only", "hold_and_notify"}),
    "criminal_warrant": ("criminal_warrant", {"report_only", *HOLDING}),
    "seizure_ruling": ("ruling", {"report_only", "hold_and_notify"}),
}


def why_refused(message: Json) -> str | None:
    """9.2, before anybody is looked for."""
    locate = message["locate"]
    paper, actions = GROUNDS[locate["ground"]]
    if not {paper, "enforcement_notice"} <= {each["kind"] for each in message["mandate"]["documents"]}:
        return "document_missing"
    if locate["action"] not in actions or (locate["ground"] == "seizure_ruling") != ("vehicle" in locate):
        return "legally_barred"
    return None


class Desk:
    def __init__(self, run: Run, limit: timedelta) -> None:
        self.run = run
        self.limit = limit
        self.told: Told = []

    def carry_out(self, message: Json, now: datetime) -> str | None:
        """Why it was not done, or nothing; and what else is to be told of it."""
        self.let_time_pass(now)
        done: dict[str, Callable[[Json, datetime], str | None]] = {
            "locate": self._enter,
            "recall": self._recall,
            "hit_decision": self._decide,
        }
        return done[message["kind"]](message, now)

    def _enter(self, message: Json, now: datetime) -> str | None:
        request_id, locate, subject = message["request_id"], message["locate"], message["subject"]
        if self.run("SELECT 1 FROM recalled WHERE request_id = ?", request_id):
            return "recalled before it came"  # 9.6
        if instant(locate["valid_until"]) <= now:
            return "past its validity"
        vehicle = locate.get("vehicle")
        marks = (
            [vehicle["plate_number"], vehicle["vin"]]
            if vehicle
            else [subject["certificate_number"], *subject.get("also_known_as", [])]
        )
        self.run(
            "INSERT INTO look_outs VALUES (?, ?, ?, ?, ?, ?, 0)",
            request_id, message["mandate"]["case_number"], json.dumps(marks), locate["action"],
            written(instant(locate["valid_from"])), written(instant(locate["valid_until"])),
        )  # fmt: skip
        return None

    def _recall(self, message: Json, now: datetime) -> str | None:
        recall = message["recall"]
        look_out = recall["locate_request_id"]
        entered = self.run("SELECT case_number FROM look_outs WHERE request_id = ?", look_out)
        if entered and entered[0][0] != recall["locate_case_number"]:
            return "of another case"
        self.run("UPDATE look_outs SET over = 1 WHERE request_id = ?", look_out)
        self.run("INSERT OR IGNORE INTO recalled VALUES (?)", look_out)
        if recall["reason"] != "located":
            for (hit_id,) in self.run(
                "SELECT hit_id FROM kept WHERE look_out = ? AND stage = 'held'", look_out
            ):
                self._end(hit_id, "released", now)
        return None

    def _decide(self, message: Json, now: datetime) -> str | None:
        decided = message["hit_decision"]
        hit_id, look_out = decided["hit_id"], decided["locate_request_id"]
        hit = self.run("SELECT place FROM hits WHERE hit_id = ? AND look_out = ?", hit_id, look_out)
        if not hit:
            return "no such hit"
        self.run("UPDATE hits SET word = ? WHERE hit_id = ?", decided["decision"], hit_id)
        kept = self.run("SELECT stage FROM kept WHERE hit_id = ?", hit_id)
        if decided["decision"] == "not_him" and kept == [("held",)]:
            self._end(hit_id, "released", now)
        if decided["decision"] != "confirmed":
            return None
        live = self.run("SELECT action FROM look_outs WHERE request_id = ? AND over = 0", look_out)
        if not live:
            return "over"
        if live[0][0] in HOLDING and not kept:
            place = hit[0][0]
            self.run(
                "INSERT INTO kept VALUES (?, ?, ?, ?, 'held')",
                hit_id, look_out, place, written(now + self.limit),
            )  # fmt: skip
            self._tell(hit_id, "held", now)
        return None

    def look(self, now: datetime) -> None:
        """9.3, 9.5: what the street brought since."""
        self.let_time_pass(now)
        for row, mark, place in self.run("SELECT rowid, mark, place FROM sightings WHERE reported = 0"):
            self.run("UPDATE sightings SET reported = 1 WHERE rowid = ?", row)
            for request_id, marks in self.run(
                "SELECT request_id, marks FROM look_outs WHERE over = 0 AND begins <= ?", written(now)
            ):
                if mark in json.loads(marks):
                    self._report(request_id, place, now)
        for hit_id, things in self.run(
            "SELECT hit_id, things FROM fetched JOIN kept USING (hit_id) WHERE stage = 'held'"
        ):
            self._end(hit_id, "handed_over", now, came_along=json.loads(things))

    def let_time_pass(self, now: datetime) -> None:
        """9.1, 9.5: without being told."""
        self.run("UPDATE look_outs SET over = 1 WHERE ends <= ?", written(now))
        for hit_id, let_go_at in self.run(
            "SELECT hit_id, let_go_at FROM kept WHERE stage = 'held' AND let_go_at <= ?", written(now)
        ):
            self._end(hit_id, "released", instant(let_go_at))

    def _report(self, look_out: str, place: str, now: datetime) -> None:
        hit_id = str(uuid.uuid4())
        self.run("INSERT INTO hits VALUES (?, ?, ?, NULL)", hit_id, look_out, place)
        seen = {"hit_id": hit_id, "seen_at": written(now), "place": place}
        self.told.append(
            ("hit", look_out, {**seen, "source": "巡逻", "confidence": "probable", "reporter": "警号X1"})
        )

    def _end(self, hit_id: str, stage: str, at: datetime, **more: Any) -> None:
        self.run("UPDATE kept SET stage = ? WHERE hit_id = ?", stage, hit_id)
        self._tell(hit_id, stage, at, **more)

    def _tell(self, hit_id: str, stage: str, at: datetime, **more: Any) -> None:
        ((look_out, place),) = self.run("SELECT look_out, place FROM kept WHERE hit_id = ?", hit_id)
        fields = {"hit_id": hit_id, "stage": stage, "at": written(at), "place": place}
        self.told.append(("custody_notice", look_out, {**fields, **more}))


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def written(at: datetime) -> str:
    """All alike, so that the order of the texts is that of the instants."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")

"""An agency's side of the protocol, written from docs/agency-protocol.md alone.

It shares no code with the hub: standard library, and `cryptography` for Ed25519. Numbers in comments are sections of
that page. Its freezes are in independent_register.py, beside this program, and whom it looks for in
independent_look_outs.py. It keeps its own books in an SQLite file, which tests read to judge what really happened.

    python independent_agency.py --agency-code BANK-X --port 0 --key KEY.pem --key-id bank-x-1 \
        --hub http://127.0.0.1:8000 --hub-key HUB.pem --hub-key-id hub-1 --books books.sqlite --register register.json

The register maps certificate numbers to `{"name", "assets", "manner"}`; manner is `at_once`, `later` (acknowledged,
answered by callback) or `in_parts` (the same, one asset after another). A number that is not in it owns nothing. Measures
are carried out and answered at once.
"""

import argparse
import base64
import hashlib
import http.client
import json
import re
import secrets
import signal
import sqlite3
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from independent_look_outs import (  # type: ignore[import-not-found] # this program is run by its path
    SCHEMA as LOOK_OUT_SCHEMA,
)
from independent_look_outs import (
    Desk,
    why_refused,
)
from independent_register import (  # type: ignore[import-not-found] # as above
    SCHEMA,
    Hold,
    Register,
)

Fields = dict[str, str]
Json = dict[str, Any]

SKEW_SECONDS = 300
MAX_BODY_BYTES = 8 * 1024 * 1024
PROTOCOL = "liandong/1"


class Refused(Exception):
    """Becomes a problem (10)."""

    def __init__(self, status: int, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.status, self.code, self.detail = status, code, detail


# 4 Signatures -----------------------------------------------------------------------------------------------------

REQUEST = ('"@method"', '"@target-uri"', '"content-digest"')
RESPONSE = (
    '"@status"',
    '"@method";req',
    '"@target-uri";req',
    '"content-digest";req',
    '"signature";req;key="liandong"',
    '"content-digest"',
)
INPUT = re.compile(
    r'liandong=(\((("[^"\\]*"(;[a-z]+(="[^"\\]*")?)*( (?=")|(?=\))))*)\)((;[a-z]+=("[^"\\]*"|[0-9]+))*))'
)
PARAMETER = re.compile(r';([a-z]+)=(?:"([^"]*)"|([0-9]+))')


@dataclass(frozen=True)
class Signed:
    """A message with what its signature is about; `derived` are the values of components that are no fields of it."""

    derived: Fields
    fields: Fields
    body: bytes

    def components(self) -> list[str]:
        names = [*self.derived, '"content-digest"']
        optional = ('"content-type"', '"liandong-possible-duplicate"')
        return [*names, *(each for each in optional if each.strip('"') in self.fields)]

    def base(self, components: list[str], parameters: str) -> bytes:
        lines = [
            f"{each}: {self.derived.get(each) or self.fields[each.strip(chr(34))]}" for each in components
        ]
        return "\n".join([*lines, f'"@signature-params": {parameters}']).encode()


def request_to_sign(method: str, target: str, fields: Fields, body: bytes) -> Signed:
    return Signed({'"@method"': method, '"@target-uri"': target}, fields, body)


def response_to_sign(status: int, fields: Fields, body: bytes, request: Signed) -> Signed:
    derived = {
        '"@status"': str(status),
        '"@method";req': request.derived['"@method"'],
        '"@target-uri";req': request.derived['"@target-uri"'],
        '"content-digest";req': request.fields["content-digest"],
        '"signature";req;key="liandong"': request.fields["signature"].removeprefix("liandong="),
    }
    return Signed(derived, fields, body)


def digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


@dataclass(frozen=True)
class Keys:
    own_id: str
    own: Ed25519PrivateKey
    hub_id: str
    hub: Ed25519PublicKey

    def sign(self, message: Signed) -> Fields:
        """All fields of the message, with the three of its signature."""
        message.fields["content-digest"] = digest(message.body)
        components = message.components()
        parameters = (
            f'({" ".join(components)});created={int(time.time())};keyid="{self.own_id}";alg="ed25519"'
            f';nonce="{secrets.token_urlsafe(16)}";tag="liandong-v1"'
        )
        signature = self.own.sign(message.base(components, parameters))
        message.fields["signature-input"] = f"liandong={parameters}"
        message.fields["signature"] = f"liandong=:{base64.b64encode(signature).decode()}:"
        return message.fields

    def check(self, message: Signed) -> str:
        """The nonce of a message that the hub signed just now (4.2, steps 1 to 5)."""
        if "signature-input" not in message.fields or "signature" not in message.fields:
            raise Refused(401, "signature_refused", "missing")
        found = INPUT.fullmatch(message.fields["signature-input"])
        signature = re.fullmatch(r"liandong=:([A-Za-z0-9+/]+={0,2}):", message.fields["signature"])
        if not found or not signature:
            raise Refused(401, "signature_refused", "malformed")
        components = re.findall(r'"[^"]*"(?:;[a-z]+(?:="[^"]*")?)*', found[2])
        given: Fields = {name: text or number for name, text, number in PARAMETER.findall(found[7])}
        self._check_parameters(given)
        if not set(message.components()) <= set(components) or len(set(components)) < len(components):
            raise Refused(401, "signature_refused", "uncovered_component")
        try:
            base = message.base(components, found[1])
            self.hub.verify(base64.b64decode(signature[1]), base)
        except (KeyError, ValueError):
            raise Refused(401, "signature_refused", "malformed") from None
        except InvalidSignature:
            raise Refused(401, "signature_refused", "bad_signature") from None
        if message.fields["content-digest"] != digest(message.body):
            raise Refused(401, "signature_refused", "wrong_digest")
        return given["nonce"]

    def _check_parameters(self, given: Fields) -> None:
        if not (
            set(given) <= {"tag", "created", "expires", "keyid", "alg", "nonce"}
            and given.get("created", "").isdecimal()
            and given.get("expires", "0").isdecimal()
            and re.fullmatch(r"[A-Za-z0-9_-]{22,128}", given.get("nonce", ""))
        ):
            raise Refused(401, "signature_refused", "malformed")
        now = time.time()
        faults = {
            "wrong_tag": given.get("tag") != "liandong-v1",
            "stale": abs(now - int(given["created"])) > SKEW_SECONDS
            or int(given.get("expires", "9" * 12)) < now,
            "unknown_key": given.get("keyid") != self.hub_id,
            "wrong_algorithm": given.get("alg", "ed25519") != "ed25519",
        }
        for fault, is_so in faults.items():
            if is_so:
                raise Refused(401, "signature_refused", fault)


# 5 JSON, 6 Messages -----------------------------------------------------------------------------------------------

REQUEST_FIELDS = (
    "protocol message_id request_id order_id kind agency_code mandate subject asked_at answer_due_at"
)
CONTENT = {
    "asset_query": "scope",
    "freeze": "freeze",
    "renewal": "renewal",
    "release": "release",
    "transfer": "transfer",
    "conversion": "conversion",
    "locate": "locate",
    "recall": "recall",
    "hit_decision": "hit_decision",
}
LOOK_OUTS = {"locate", "recall", "hit_decision"}
MUST = {
    "requests": REQUEST_FIELDS,
    "status-queries": "protocol message_id request_id",
    "cancellations": "protocol message_id request_id reason",
    "live-lists": "protocol message_id",
}


def read(path: str, content_type: str, body: bytes) -> Json:
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise Refused(415, "unsupported_media_type")
    try:
        message = json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Refused(422, "malformed_message", "not JSON") from None
    if not isinstance(message, dict) or set(message) != fields_of(path, message):
        raise Refused(422, "malformed_message", "fields")
    if message["protocol"] != PROTOCOL:
        raise Refused(422, "malformed_message", "protocol")
    return message


def fields_of(path: str, message: Json) -> set[str]:
    fields = set(MUST[path].split())
    if path == "requests":
        fields.add(CONTENT.get(message.get("kind", ""), "scope"))
    if path == "live-lists" and "after" in message:
        fields.add("after")
    return fields


def _once(pairs: list[tuple[str, Any]]) -> Json:
    if len(dict(pairs)) < len(pairs):
        raise ValueError
    return dict(pairs)


def _no_constant(_: str) -> None:
    raise ValueError


def compose(kind: str, request_id: str, **fields: Any) -> Json:
    return {
        "protocol": PROTOCOL,
        "type": kind,
        "message_id": str(uuid.uuid4()),
        "request_id": request_id,
        **fields,
    }


def answer_to(message: Json, state: str, **fields: Any) -> Json:
    return compose("answer", message["request_id"], state=state, as_of=present(), **fields)


def written(message: Json) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode()


def present() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


# Books ------------------------------------------------------------------------------------------------------------


class Books:
    """Everything that must survive a crash; each method is one durable transaction."""

    def __init__(self, path: Path) -> None:
        self.lock = threading.RLock()
        self.db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.db.executescript(
            """
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = FULL;
            CREATE TABLE IF NOT EXISTS nonces (nonce TEXT PRIMARY KEY, seen REAL);
            CREATE TABLE IF NOT EXISTS requests (
                request_id TEXT PRIMARY KEY, body BLOB, state TEXT, acknowledgement BLOB, due REAL,
                arrivals INTEGER DEFAULT 1, lookups INTEGER DEFAULT 0);
            CREATE TABLE IF NOT EXISTS answers (
                message_id TEXT PRIMARY KEY, request_id TEXT, part INTEGER, body BLOB,
                owed_at REAL, attempts INTEGER DEFAULT 0, receipt BLOB);
            CREATE TABLE IF NOT EXISTS refusals (at REAL, code TEXT, detail TEXT);
            """
        )
        self.db.executescript(SCHEMA)
        self.db.executescript(LOOK_OUT_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator["Books"]:
        with self.lock:
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield self
            except BaseException:
                self.db.execute("ROLLBACK")
                raise
            self.db.execute("COMMIT")

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self.lock:
            return self.db.execute(statement, values).fetchall()


# The agency -------------------------------------------------------------------------------------------------------

Reply = tuple[int, bytes]


@dataclass(frozen=True)
class Agency:
    code: str
    keys: Keys
    books: Books
    register: Json
    hub: str
    delay: float
    retries: tuple[float, ...]
    with_papers: bool
    hold_limit: timedelta

    def open_accounts(self) -> None:
        with self.books.transaction():
            for number, entry in self.register.items():
                for asset in entry["assets"]:
                    if asset["kind"] == "bank_account":
                        self.freezes.open(asset["account_number"], number, entry["name"], asset)

    @property
    def freezes(self) -> Register:
        return Register(self.books.run)

    def accept_nonce(self, nonce: str) -> None:
        with self.books.transaction() as books:
            books.run("DELETE FROM nonces WHERE seen < ?", time.time() - 3 * SKEW_SECONDS)
            if books.run("SELECT 1 FROM nonces WHERE nonce = ?", nonce):
                raise Refused(409, "message_replayed")
            books.run("INSERT INTO nonces VALUES (?, ?)", nonce, time.time())

    def note_refusal(self, refused: Refused) -> None:
        self.books.run("INSERT INTO refusals VALUES (?, ?, ?)", time.time(), refused.code, refused.detail)

    def request(self, message: Json, body: bytes) -> Reply:
        """6.1, 7.1: one effect, however often it comes."""
        if message["agency_code"] != self.code:
            raise Refused(404, "not_the_addressee")
        request_id = message["request_id"]
        with self.books.transaction() as books:
            known = books.run("SELECT body FROM requests WHERE request_id = ?", request_id)
            if known and known[0][0] != body:
                raise Refused(409, "message_conflict")
            if known:
                books.run("UPDATE requests SET arrivals = arrivals + 1 WHERE request_id = ?", request_id)
            else:
                self._take(message, body)
        return self._reply(request_id)

    def _take(self, message: Json, body: bytes) -> None:
        request_id = message["request_id"]
        entry = self._entry(message)
        at_once = (
            entry is None
            or message["kind"] != "asset_query"
            or entry.get("manner", "at_once") == "at_once"
            or not_in_order(message) is not None
        )
        acknowledgement = None
        if not at_once:
            acknowledgement = written(
                compose("acknowledgement", request_id, agency_reference=f"X-{request_id[-8:]}")
            )
        self.books.run(
            "INSERT INTO requests (request_id, body, state, acknowledgement, due) VALUES (?, ?, ?, ?, ?)",
            request_id, body, "in_progress", acknowledgement, None if at_once else time.time() + self.delay,
        )  # fmt: skip
        if at_once:
            self._answer(message, owed_at=None)

    def _reply(self, request_id: str) -> Reply:
        answers = self._answers(request_id)
        if answers:
            return 200, written(answers[0])
        ((acknowledgement,),) = self.books.run(
            "SELECT acknowledgement FROM requests WHERE request_id = ?", request_id
        )
        return 202, acknowledgement

    def status(self, message: Json) -> Reply:
        """6.6."""
        request_id = message["request_id"]
        rows = self.books.run("SELECT state FROM requests WHERE request_id = ?", request_id)
        if not rows:
            return 200, written(compose("status_report", request_id, status="unknown_request"))
        answers = self._answers(request_id)
        return 200, written(compose("status_report", request_id, status=rows[0][0], answers=answers))

    def cancel(self, message: Json) -> Reply:
        """6.7."""
        self.books.run(
            "UPDATE requests SET state = 'cancelled', due = NULL WHERE request_id = ? AND state <> 'answered'",
            message["request_id"],
        )
        return self.status(message)

    # Looking up ---------------------------------------------------------------------------------------------------

    def _entry(self, message: Json) -> Json | None:
        subject = message["subject"]
        for number in (subject["certificate_number"], *subject.get("also_known_as", [])):
            if number in self.register:
                entry: Json = self.register[number]
                return entry
        return None

    def _answer(self, message: Json, owed_at: float | None) -> None:
        """Look up once and write down the answer, in the transaction of the caller."""
        request_id = message["request_id"]
        self.books.run(
            "UPDATE requests SET state = 'answered', due = NULL, lookups = lookups + 1 WHERE request_id = ?",
            request_id,
        )
        for answer in self._parts(message):
            self.books.run(
                "INSERT INTO answers (message_id, request_id, part, body, owed_at) VALUES (?, ?, ?, ?, ?)",
                answer["message_id"], request_id, answer.get("part", 1), written(answer), owed_at,
            )  # fmt: skip

    def _parts(self, message: Json) -> list[Json]:
        reason = not_in_order(message)
        if reason:
            return [answer_to(message, "refused", refusal={"reason": reason})]
        if message["kind"] == "asset_query":
            return self._found(message)
        if message["kind"] in LOOK_OUTS:
            return [self._looked_out(message)]
        return [self._done(message)]

    def _found(self, message: Json) -> list[Json]:
        entry = self._entry(message)
        if entry is None:
            return [answer_to(message, "nothing_found")]
        if entry["name"] != message["subject"]["name"]:
            return [answer_to(message, "mismatch")]
        assets = in_scope(entry["assets"], message["scope"])
        if not assets:
            return [answer_to(message, "nothing_found")]
        if entry.get("manner") != "in_parts":
            return [answer_to(message, "found", assets=assets)]
        parts = [
            answer_to(message, "partial", part=number, assets=[asset])
            for number, asset in enumerate(assets, 1)
        ]
        return [*parts, answer_to(message, "found", part=len(assets) + 1)]

    def _done(self, message: Json) -> Json:
        """8.3; a freeze of what is found looks somebody up as a query does (8.2)."""
        entry = self._entry(message)
        if message["kind"] == "freeze" and not message["freeze"].get("targets"):
            if entry is None or not self.freezes.accounts_of(message["subject"]):
                return answer_to(message, "nothing_found")
            if entry["name"] != message["subject"]["name"]:
                return answer_to(message, "mismatch")
        reports = self._control(message)
        done = any("state" in report for report in reports)
        return answer_to(message, "executed" if done else "not_executed", measures=reports)

    def _control(self, message: Json) -> list[Json]:
        """8: booked in the transaction in which the request is stored, and what it does to others told (8.10)."""
        reports, told = self.freezes.carry_out(message, datetime.now(UTC))
        self._owe_notices(told)
        return list(reports)

    def _looked_out(self, message: Json) -> Json:
        """9: noted and told in the transaction in which the request is stored."""
        desk = Desk(self.books.run, self.hold_limit)
        why_not = desk.carry_out(message, datetime.now(UTC))
        self._owe(desk.told)
        if why_not:
            return answer_to(message, "not_executed", remark=why_not)
        return answer_to(message, "executed")

    def _look(self) -> None:
        desk = Desk(self.books.run, self.hold_limit)
        desk.look(datetime.now(UTC))
        self._owe(desk.told)

    def _owe(self, told: list[tuple[str, str, Json]]) -> None:
        for kind, request_id, fields in told:
            message = compose(kind, request_id, **fields)
            self.books.run(
                "INSERT INTO answers (message_id, request_id, part, body, owed_at) VALUES (?, ?, 0, ?, ?)",
                message["message_id"], request_id, written(message), time.time(),
            )  # fmt: skip

    def _owe_notices(self, told: list[tuple[str, Hold]]) -> None:
        for cause, hold in told:
            measures = [self.freezes.report(hold)]
            notice = compose("notice", hold.freeze_id, cause=cause, as_of=present(), measures=measures)
            self.books.run(
                "INSERT INTO answers (message_id, request_id, part, body, owed_at) VALUES (?, ?, 0, ?, ?)",
                notice["message_id"], hold.freeze_id, written(notice), time.time(),
            )  # fmt: skip

    def live_list(self, message: Json) -> Reply:
        """8.11: one page will do for a bank of this size."""
        with self.books.transaction():
            self._owe_notices(self.freezes.lapse(datetime.now(UTC)))
            listed = compose(
                "live_list", "", as_of=present(), measures=self.freezes.live(message.get("after"))
            )
        del listed["request_id"]
        return 200, written(listed)

    def _answers(self, request_id: str) -> list[Json]:
        """Without the notices, which are part 0 of nothing."""
        rows = self.books.run(
            "SELECT body FROM answers WHERE request_id = ? AND part > 0 ORDER BY part", request_id
        )
        return [json.loads(body) for (body,) in rows]

    # Working and calling back -------------------------------------------------------------------------------------

    def work(self, stopping: threading.Event) -> None:
        while not stopping.wait(0.05):
            with self.books.transaction():
                self._owe_notices(self.freezes.lapse(datetime.now(UTC)))
                self._look()
            for request_id, body in self.books.run(
                "SELECT request_id, body FROM requests WHERE due <= ?", time.time()
            ):
                self._finish(request_id, json.loads(body))
            for message_id, body, attempts in self.books.run(
                "SELECT message_id, body, attempts FROM answers WHERE owed_at <= ?", time.time()
            ):
                self._call_back(message_id, body, attempts)

    def _finish(self, request_id: str, message: Json) -> None:
        try:
            if self.with_papers:
                for paper in message["mandate"]["documents"]:
                    self.fetch(paper)
        except (OSError, http.client.HTTPException, Refused) as error:
            sys.stderr.write(f"papers: {error!r}\n")
            self.books.run("UPDATE requests SET due = ? WHERE request_id = ?", time.time() + 1, request_id)
            return
        with self.books.transaction() as books:
            if books.run("SELECT 1 FROM requests WHERE request_id = ? AND due IS NOT NULL", request_id):
                self._answer(message, owed_at=time.time())

    def fetch(self, paper: Json) -> bytes:
        """7.4."""
        status, body = self._call("GET", f"/agency/v1/documents/{paper['document_id']}", b"")
        if status != 200 or len(body) != paper["size"] or hashlib.sha256(body).hexdigest() != paper["sha256"]:
            raise Refused(502, f"paper came with status {status} and {len(body)} bytes")
        return body

    def _call_back(self, message_id: str, body: bytes, attempts: int) -> None:
        """7.3: until there is a receipt."""
        again = time.time() + self.retries[min(attempts, len(self.retries) - 1)]
        try:
            status, reply = self._call("POST", "/agency/v1/answers", body)
        except (OSError, http.client.HTTPException, Refused) as error:
            sys.stderr.write(f"callback: {error!r}\n")
            status, reply = 0, b""
        if status == 200 and json.loads(reply)["message_id"] == message_id:
            self.books.run(
                "UPDATE answers SET owed_at = NULL, receipt = ? WHERE message_id = ?", reply, message_id
            )
            return
        stop = status in {404, 413, 415, 422} or (status == 409 and b"message_conflict" in reply)
        self.books.run(
            "UPDATE answers SET owed_at = ?, attempts = attempts + 1 WHERE message_id = ?",
            None if stop else again, message_id,
        )  # fmt: skip

    def _call(self, method: str, path: str, body: bytes) -> Reply:
        """The hub's reply; one of 2xx is signed by the hub, or it counts for nothing."""
        parts = urlsplit(self.hub)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        fields = {"content-type": "application/json"} if body else {}
        request = request_to_sign(method, self.hub + path, fields, body)
        connection = kind(parts.netloc, timeout=30)
        try:
            connection.request(method, parts.path + path, body or None, self.keys.sign(request))
            reply = connection.getresponse()
            content = reply.read(MAX_BODY_BYTES)
        finally:
            connection.close()
        if 200 <= reply.status < 300:
            received = {name.lower(): value for name, value in reply.getheaders()}
            self.keys.check(response_to_sign(reply.status, received, content, request))
        return reply.status, content


NOTICES = {
    "asset_query": {"query_notice"},
    "freeze": {"freeze_notice", "enforcement_notice"},
    "renewal": {"freeze_notice", "enforcement_notice"},
    "release": {"release_notice", "enforcement_notice"},
    "transfer": {"enforcement_notice"},
}
WITHOUT_RULING = {"asset_query", "conversion", *LOOK_OUTS}


def not_in_order(message: Json) -> str | None:
    """The lawful reason to decline (6.1, 6.4, 8.1), if there is one."""
    mandate, kind = message["mandate"], message["kind"]
    if kind not in CONTENT:
        return "out_of_scope"
    papers = {paper["kind"] for paper in mandate["documents"]}
    if kind in NOTICES and not papers & NOTICES[kind]:
        return "document_missing"
    if kind not in WITHOUT_RULING and "ruling" not in papers:
        return "document_missing"
    if kind == "locate" and (refused := why_refused(message)):
        return str(refused)
    if not mandate["officers"]:
        return "credentials_missing"
    return None


def in_scope(assets: list[Json], scope: Json) -> list[Json]:
    wanted = scope.get("asset_kinds", [])
    chosen = [dict(asset) for asset in assets if not wanted or asset["kind"] in wanted]
    if not (scope.get("transactions_from") and scope.get("transactions_to")):
        for asset in chosen:
            asset.pop("transactions", None)
    return chosen


# HTTP -------------------------------------------------------------------------------------------------------------


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, agency: Agency, endpoint: str | None) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.agency = agency
        self.endpoint = endpoint or f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        try:
            status, reply, fields = self._answered()
        except Refused as refused:
            self.server.agency.note_refusal(refused)
            status, reply = refused.status, problem(refused)
            fields = {"content-type": "application/problem+json"}
        self._send(status, reply, fields)

    def _answered(self) -> tuple[int, bytes, Fields]:
        agency, body, fields = self.server.agency, self._body(), self._fields()
        base, _, path = self.path.rpartition("/")
        if path not in MUST or base != urlsplit(self.server.endpoint).path:
            raise Refused(404, "not_found")
        signed = request_to_sign("POST", f"{self.server.endpoint}/{path}", fields, body)
        agency.accept_nonce(agency.keys.check(signed))
        message = read(path, fields.get("content-type", ""), body)
        if path == "requests":
            status, reply = agency.request(message, body)
        elif path == "live-lists":
            status, reply = agency.live_list(message)
        else:
            status, reply = agency.status(message) if path == "status-queries" else agency.cancel(message)
        response = response_to_sign(status, {"content-type": "application/json"}, reply, signed)
        return status, reply, agency.keys.sign(response)

    def _body(self) -> bytes:
        length = int(self.headers.get("content-length", "0"))
        if length > MAX_BODY_BYTES:
            self.close_connection = True
            raise Refused(413, "body_too_large")
        return self.rfile.read(length)

    def _fields(self) -> Fields:
        """One that occurs twice gets a value that nobody signed."""
        fields: Fields = {}
        for name, value in self.headers.items():
            fields[name.lower()] = "twice" if name.lower() in fields else value.strip()
        return fields

    def _send(self, status: int, body: bytes, fields: Fields) -> None:
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: a request line may name a person."""


def problem(refused: Refused) -> bytes:
    return json.dumps(
        {
            "type": f"urn:liandong:problem:{refused.code}",
            "title": refused.code,
            "status": refused.status,
            "code": refused.code,
            "detail": refused.detail,
        }
    ).encode()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--agency-code", required=True)
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    parser.add_argument(
        "--endpoint", help="the base address that the hub was given; default http://127.0.0.1:PORT"
    )
    parser.add_argument("--key", type=Path, required=True, help="own private Ed25519 key, PEM")
    parser.add_argument("--key-id", required=True)
    parser.add_argument("--hub", required=True, help="base address of the hub")
    parser.add_argument("--hub-key", type=Path, required=True, help="the hub's public Ed25519 key, PEM")
    parser.add_argument("--hub-key-id", required=True)
    parser.add_argument("--books", type=Path, required=True)
    parser.add_argument("--register", type=Path, required=True)
    parser.add_argument("--delay", type=float, default=0.2, help="seconds until a later answer is ready")
    parser.add_argument("--retries", default="5,30,120,600,1800,3600", help="seconds between callbacks")
    parser.add_argument(
        "--with-papers", action="store_true", help="fetch the court's papers before a later answer"
    )
    parser.add_argument(
        "--hold-seconds",
        type=float,
        default=86_400,
        help="how long somebody is held for a court that does not come",
    )
    given = parser.parse_args()

    own, hub = (
        load_pem_private_key(given.key.read_bytes(), None),
        load_pem_public_key(given.hub_key.read_bytes()),
    )
    assert isinstance(own, Ed25519PrivateKey)
    assert isinstance(hub, Ed25519PublicKey)
    agency = Agency(
        code=given.agency_code,
        keys=Keys(given.key_id, own, given.hub_key_id, hub),
        books=Books(given.books),
        register=json.loads(given.register.read_text()),
        hub=given.hub.rstrip("/"),
        delay=given.delay,
        retries=tuple(map(float, given.retries.split(","))),
        with_papers=given.with_papers,
        hold_limit=timedelta(seconds=given.hold_seconds),
    )
    agency.open_accounts()
    server = Server(given.port, agency, given.endpoint)
    stopping = threading.Event()
    threading.Thread(target=agency.work, args=(stopping,), daemon=True).start()

    def stop(*_: object) -> None:
        stopping.set()
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    sys.stdout.write(f"ready {server.endpoint}\n")
    sys.stdout.flush()
    server.serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    main()

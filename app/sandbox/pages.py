"""The pages of an agency's books: what is written for each message, within the transaction of the ledger."""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from app.adapters.liandong import wire
from app.adapters.liandong.wire import AnswerMessage
from app.ids import new_id
from app.sandbox.custody import journal
from app.sandbox.custody.reports import NoticeDraft
from app.sandbox.custody.state import Custody
from app.sandbox.doing import Doing
from app.sandbox.entries import AnswerDraft, Arrival, Callback, Decision, Entry, Settled, Standing, Try
from app.sandbox.lookout.messages import Told
from app.vocabulary import AnswerState, RequestStatus


def note(connection: sqlite3.Connection, arrival: Arrival) -> bool:
    """False for a nonce that was used before: a recording of a signed message is not a message."""
    noted = connection.execute(
        "INSERT INTO requests (operation, request_id, message_id, sha256, possible_duplicate, key_id, nonce,"
        " received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key_id, nonce) DO NOTHING",
        (
            arrival.operation,
            str(arrival.request_id),
            str(arrival.message_id),
            arrival.sha256,
            arrival.possible_duplicate,
            arrival.key_id,
            arrival.nonce,
            arrival.at.isoformat(),
        ),
    )
    return noted.rowcount == 1


def settle(
    connection: sqlite3.Connection, arrival: Arrival, decide: Callable[[Doing], Decision], doing: Doing
) -> Settled:
    """Note the arrival; unless an earlier decision stands, decide and do what was decided."""
    if not note(connection, arrival):
        return Settled(Entry.REPLAYED, 409)
    request_id = str(arrival.request_id)
    effect = connection.execute(
        "SELECT sha256, acknowledgement FROM effects WHERE request_id = ?", (request_id,)
    ).fetchone()
    if effect is None:
        decision = decide(doing)
        _apply(connection, arrival, decision)
        notices = write_down(connection, doing, arrival.at)
        first = decision.answers[0].body if decision.answers else None
        reply = _reply(Entry.NEW, decision.acknowledgement, first)
        return replace(reply, callbacks=(*_callbacks(arrival.request_id, decision), *notices))
    if effect["sha256"] != arrival.sha256:
        return Settled(Entry.CONFLICTING, 409)
    answer = connection.execute(
        "SELECT body FROM answers WHERE request_id = ? AND part = 1", (request_id,)
    ).fetchone()
    return _reply(Entry.REPEATED, effect["acknowledgement"], answer["body"] if answer else None)


def _reply(entry: Entry, acknowledgement: bytes | None, answer: bytes | None) -> Settled:
    if acknowledgement is not None:
        return Settled(entry, 202, acknowledgement)
    return Settled(entry, 200, answer)


def _apply(connection: sqlite3.Connection, arrival: Arrival, decision: Decision) -> None:
    request_id = str(arrival.request_id)
    connection.execute(
        "INSERT INTO effects (request_id, order_id, subject, sha256, state, agency_reference, acknowledgement,"
        " applied_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            request_id,
            str(decision.order_id),
            decision.subject,
            arrival.sha256,
            decision.state,
            decision.agency_reference,
            decision.acknowledgement,
            arrival.at.isoformat(),
        ),
    )
    _put_answers(connection, request_id, decision.answers)


def _put_answers(connection: sqlite3.Connection, request_id: str, answers: Iterable[AnswerDraft]) -> None:
    connection.executemany(
        "INSERT INTO answers (message_id, request_id, part, state, body, callback_due_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                str(answer.message_id),
                request_id,
                answer.part,
                answer.state,
                answer.body,
                answer.callback_due_at.isoformat() if answer.callback_due_at else None,
            )
            for answer in answers
        ],
    )


def _callbacks(request_id: UUID, decision: Decision) -> list[Callback]:
    return [
        Callback(answer.message_id, request_id, answer.body, answer.callback_due_at)
        for answer in decision.answers
        if answer.callback_due_at
    ]


def write_down(connection: sqlite3.Connection, doing: Doing, now: datetime) -> list[Callback]:
    """Write what became of the register, and what the hub is told: late answers, and notices of all kinds."""
    connection.executemany(journal.INSERT, journal.rows(doing.deed.lines))
    late = [_answer_late(connection, request_id, now) for request_id in doing.look_outs.caught_up]
    drafts: list[NoticeDraft | Told] = [*doing.deed.notices(), *doing.look_outs.told]
    connection.executemany(
        "INSERT INTO notices (message_id, request_id, body, written_at) VALUES (?, ?, ?, ?)",
        [(str(draft.message_id), str(draft.request_id), draft.body, now.isoformat()) for draft in drafts],
    )
    return late + [Callback(draft.message_id, draft.request_id, draft.body, now) for draft in drafts]


def _answer_late(connection: sqlite3.Connection, request_id: UUID, now: datetime) -> Callback:
    """The answer to a request that the agency was silent about."""
    message = AnswerMessage(message_id=new_id(), request_id=request_id, state=AnswerState.EXECUTED, as_of=now)
    draft = AnswerDraft(message.message_id, message.part, message.state, wire.write(message), now)
    _put_answers(connection, str(request_id), [draft])
    connection.execute("UPDATE effects SET state = ? WHERE request_id = ?", (draft.state, str(request_id)))
    return Callback(draft.message_id, request_id, draft.body, now)


def read_custody(connection: sqlite3.Connection) -> Custody:
    """The register as the books have it."""
    return Custody(journal.line(tuple(row)) for row in connection.execute(journal.SELECT))


def standing(connection: sqlite3.Connection, arrival: Arrival) -> Standing:
    request_id = str(arrival.request_id)
    effect = connection.execute("SELECT * FROM effects WHERE request_id = ?", (request_id,)).fetchone()
    if effect is None:
        return Standing(RequestStatus.UNKNOWN_REQUEST)
    answers = connection.execute(
        "SELECT * FROM answers WHERE request_id = ? ORDER BY part", (request_id,)
    ).fetchall()
    now = arrival.at.isoformat()
    given = [row for row in answers if not row["callback_due_at"] or row["callback_due_at"] <= now]
    bodies = tuple(row["body"] for row in given if not row["withdrawn_at"])
    return Standing(_status(effect, answers, given), effect["agency_reference"], bodies)


def _status(effect: sqlite3.Row, answers: list[sqlite3.Row], given: list[sqlite3.Row]) -> RequestStatus:
    if effect["cancelled_at"]:
        return RequestStatus.CANCELLED
    if not answers:
        return RequestStatus.RECEIVED
    return RequestStatus.ANSWERED if len(given) == len(answers) else RequestStatus.IN_PROGRESS


def cancel(connection: sqlite3.Connection, arrival: Arrival) -> Standing:
    """A request that is answered stays answered; of any other, nothing more is sent."""
    found = standing(connection, arrival)
    if found.status not in {RequestStatus.RECEIVED, RequestStatus.IN_PROGRESS}:
        return found
    now, request_id = arrival.at.isoformat(), str(arrival.request_id)
    if _is_measure(connection, request_id):
        return _told_early(connection, request_id, found)
    connection.execute("UPDATE effects SET cancelled_at = ? WHERE request_id = ?", (now, request_id))
    connection.execute(
        "UPDATE answers SET withdrawn_at = ? WHERE request_id = ? AND callback_due_at > ?",
        (now, request_id, now),
    )
    return standing(connection, arrival)


def _is_measure(connection: sqlite3.Connection, request_id: str) -> bool:
    row = connection.execute(
        "SELECT 1 FROM effects WHERE request_id = ? AND state IN (?, ?)",
        (request_id, AnswerState.EXECUTED, AnswerState.NOT_EXECUTED),
    ).fetchone()
    return row is not None


def _told_early(connection: sqlite3.Connection, request_id: str, found: Standing) -> Standing:
    """A measure took effect when it was received (Seizure §1), and only a release ends it: so its answer is told."""
    rows = connection.execute("SELECT body FROM answers WHERE request_id = ? ORDER BY part", (request_id,))
    bodies = tuple(row["body"] for row in rows)
    return Standing(RequestStatus.ANSWERED, found.agency_reference, bodies) if bodies else found


def tried(connection: sqlite3.Connection, tried: Try) -> None:
    message_id, at = str(tried.message_id), tried.at.isoformat()
    connection.execute(
        "INSERT INTO deliveries (message_id, status, reply, received, tried_at) VALUES (?, ?, ?, ?, ?)",
        (message_id, tried.status, tried.reply, tried.received, at),
    )
    if tried.received:
        for table in ("answers", "notices"):
            connection.execute(
                f"UPDATE {table} SET delivered_at = ? WHERE message_id = ? AND delivered_at IS NULL",  # noqa: S608 - one of two
                (at, message_id),
            )


def undelivered(connection: sqlite3.Connection) -> list[Callback]:
    """Answers first: what became of a freeze is told after the answer to its order."""
    answers = connection.execute(
        "SELECT message_id, request_id, body, callback_due_at FROM answers"
        " WHERE callback_due_at IS NOT NULL AND delivered_at IS NULL AND withdrawn_at IS NULL"
        " ORDER BY callback_due_at, part"
    )
    notices = connection.execute(
        "SELECT message_id, request_id, body, written_at AS callback_due_at FROM notices"
        " WHERE delivered_at IS NULL ORDER BY number"
    )
    return [
        Callback(
            UUID(row["message_id"]),
            UUID(row["request_id"]),
            row["body"],
            datetime.fromisoformat(row["callback_due_at"]),
        )
        for row in (*answers, *notices)
    ]

"""The agency's own books: one effect per request, and no reply that is not in them."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from app.adapters.contract import Operation
from app.measures.ladder import Thing
from app.measures.operations import FreezeOrder
from app.measures.terms import Term
from app.measures.words import ThingKind
from app.sandbox.books import Books
from app.sandbox.custody.journal import Line, Opened, Paper
from app.sandbox.doing import Doing
from app.sandbox.entries import AnswerDraft, Arrival, Decision, Entry, Try
from app.sandbox.ledger import Ledger, LedgerClosed
from app.vocabulary import AnswerState, RequestStatus

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "books.sqlite"


@pytest.fixture
async def ledger(path: Path) -> AsyncIterator[Ledger]:
    ledger = Ledger(path)
    yield ledger
    await ledger.close()


def arrival(
    request_id: UUID, operation: Operation = Operation.REQUEST, sha256: str = "a", at: datetime = NOW
) -> Arrival:
    return Arrival(operation, request_id, request_id, sha256, False, "hub-1", uuid4().hex, at)


def decision(*due: datetime | None) -> Decision:
    """One answer for each time; None is one that is given at once."""
    answers = tuple(
        AnswerDraft(uuid4(), part, AnswerState.FOUND, uuid4().bytes, due_at)
        for part, due_at in enumerate(due, 1)
    )
    acknowledgement = uuid4().bytes if None not in due else None
    return Decision(uuid4(), "subject", AnswerState.FOUND, "ref", acknowledgement, answers)


def deciding(*due: datetime | None) -> Callable[[Doing], Decision]:
    return lambda _: decision(*due)


async def test_a_hundred_copies_at_once_have_one_effect_and_one_reply(ledger: Ledger, path: Path) -> None:
    request_id = uuid4()
    settled = await asyncio.gather(*(ledger.settle(arrival(request_id), deciding(None)) for _ in range(100)))
    assert [each.entry for each in settled].count(Entry.NEW) == 1
    assert len({(each.status, each.body) for each in settled}) == 1
    books = Books(path)
    assert len(books.effects()) == 1
    assert books.arrivals() == {request_id: 100}


async def test_what_was_replied_stands_in_the_books_for_any_other_reader(ledger: Ledger, path: Path) -> None:
    request_id = uuid4()
    settled = await ledger.settle(arrival(request_id), deciding(None))
    (answer,) = Books(path).answers()
    assert answer.body == settled.body
    assert answer.callback_due_at is None


async def test_nobody_gets_a_reply_when_the_books_cannot_be_written(ledger: Ledger, path: Path) -> None:
    """As on a full disk: the whole batch fails, and the next one finds the books as they were."""
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON effects BEGIN SELECT RAISE(ABORT, 'full'); END")
        both = await asyncio.gather(
            *(ledger.settle(arrival(uuid4()), deciding(None)) for _ in range(2)), return_exceptions=True
        )
        other.execute("DROP TRIGGER full")
    assert all(isinstance(each, sqlite3.Error) for each in both)
    assert Books(path).requests() == []
    assert (await ledger.settle(arrival(uuid4()), deciding(None))).entry is Entry.NEW


async def test_a_freeze_that_could_not_be_written_was_not_laid(ledger: Ledger, path: Path) -> None:
    """The register in memory must not run ahead of the books."""

    def freeze(doing: Doing) -> int:
        deed = doing.deed
        if "account" not in deed.custody.kept:
            deed.note(Line(Opened(Thing("account", ThingKind.ACCOUNT), Decimal(5))))
        order = FreezeOrder(uuid4().hex, deed.at, "account", "a case", Term(years=1))
        deed.carry_out(Line(order, paper=Paper("another court")))
        return len(deed.custody.register.ladder("account"))

    assert (await ledger.act(freeze, NOW))[0] == 1
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON custody BEGIN SELECT RAISE(ABORT, 'full'); END")
        with pytest.raises(sqlite3.Error):
            await ledger.act(freeze, NOW)
        other.execute("DROP TRIGGER full")
    assert (await ledger.act(freeze, NOW))[0] == 2
    assert [each.rung.rank for each in Books(path).freezes()] == [1, 2]


async def test_a_nonce_is_taken_once(ledger: Ledger) -> None:
    recorded = arrival(uuid4())
    assert (await ledger.settle(recorded, deciding(None))).entry is Entry.NEW
    assert (await ledger.settle(recorded, deciding(None))).entry is Entry.REPLAYED


async def test_other_content_is_a_conflict_and_gets_no_answer(ledger: Ledger) -> None:
    request_id = uuid4()
    await ledger.settle(arrival(request_id), deciding(None))
    settled = await ledger.settle(arrival(request_id, sha256="b"), deciding(None))
    assert (settled.entry, settled.body) == (Entry.CONFLICTING, None)


async def test_a_request_is_in_progress_until_its_last_part_is_due(ledger: Ledger) -> None:
    request_id = uuid4()
    parts = decision(NOW + timedelta(seconds=1), NOW + timedelta(seconds=2))
    await ledger.settle(arrival(request_id), lambda _: parts)
    statuses = []
    for seconds in range(3):
        later = NOW + timedelta(seconds=seconds)
        standing = await ledger.standing(arrival(request_id, Operation.STATUS_QUERY, at=later))
        assert standing is not None
        statuses.append((standing.status, len(standing.answers)))
    assert statuses == [
        (RequestStatus.IN_PROGRESS, 0),
        (RequestStatus.IN_PROGRESS, 1),
        (RequestStatus.ANSWERED, 2),
    ]


async def test_a_cancellation_withdraws_what_is_not_given_yet_and_nothing_else(
    ledger: Ledger, path: Path
) -> None:
    request_id = uuid4()
    await ledger.settle(arrival(request_id), deciding(NOW, NOW + timedelta(hours=1)))
    standing = await ledger.cancel(arrival(request_id, Operation.CANCELLATION))
    assert standing is not None
    assert (standing.status, len(standing.answers)) == (RequestStatus.CANCELLED, 1)
    assert [answer.withdrawn_at is None for answer in Books(path).answers()] == [True, False]
    assert len(await ledger.undelivered()) == 1


async def test_an_answer_waits_until_it_is_received(ledger: Ledger, path: Path) -> None:
    promised = decision(NOW)
    await ledger.settle(arrival(uuid4()), lambda _: promised)
    (message_id,) = (answer.message_id for answer in promised.answers)
    await ledger.tried(Try(message_id, NOW))
    await ledger.tried(Try(message_id, NOW, 200, b"unsigned"))
    assert [callback.message_id for callback in await ledger.undelivered()] == [message_id]
    await ledger.tried(Try(message_id, NOW, 200, b"receipt", received=True))
    assert await ledger.undelivered() == []
    assert [each.status for each in Books(path).deliveries()] == [None, 200, 200]


async def test_the_judge_sees_two_receipts_for_one_answer(ledger: Ledger, path: Path) -> None:
    promised = decision(NOW)
    await ledger.settle(arrival(uuid4()), lambda _: promised)
    (message_id,) = (answer.message_id for answer in promised.answers)
    for reply in (b"one", b"one"):
        await ledger.tried(Try(message_id, NOW, 200, reply, received=True))
    assert Books(path).contradicting_receipts() == set()
    await ledger.tried(Try(message_id, NOW, 200, b"other", received=True))
    assert Books(path).contradicting_receipts() == {message_id}


async def test_a_closed_ledger_takes_nothing_more(path: Path) -> None:
    ledger = Ledger(path)
    await ledger.close()
    with pytest.raises(LedgerClosed):
        await ledger.settle(arrival(uuid4()), deciding(None))


async def test_books_can_be_read_after_the_agency_closed_them(path: Path) -> None:
    ledger = Ledger(path)
    await ledger.settle(arrival(uuid4()), deciding(None))
    await ledger.close()
    assert len(Books(path).effects()) == 1

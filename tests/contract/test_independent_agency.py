"""An agency that knows only docs/agency-protocol.md, against the hub's own transport, dialect and signatures."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.adapters.contract import (
    Acknowledged,
    Answer,
    AssetQueryOrder,
    QueryScope,
    StatusReport,
    WireMessage,
)
from app.adapters.liandong import wire
from app.adapters.signatures import RequestParts, SigningKey, new_nonce, sign_request
from app.adapters.transports.wire import WireTransport
from app.clock import ManualClock
from app.errors import MessageRejected
from app.ids import new_id
from app.vocabulary import AnswerState, AssetKind, RefusalReason, RequestStatus
from tests.contract.peer import (
    AT_ONCE,
    HUB,
    IN_PARTS,
    LATER,
    STRANGER,
    Ear,
    Line,
    Peer,
    about,
    answers_heard,
    line_to,
    until,
)

# Asking -----------------------------------------------------------------------------------------------------------


async def test_it_is_asked_and_answers(line: Line, order: AssetQueryOrder) -> None:
    found = await line.ask(about(order, AT_ONCE))
    assert isinstance(found, Answer)
    assert (found.state, len(found.assets)) == (AnswerState.FOUND, 2)


async def test_it_tells_nothing_found_from_a_name_that_does_not_fit(
    line: Line, order: AssetQueryOrder
) -> None:
    nothing = await line.ask(about(order, "419901198303030018"))
    other = await line.ask(about(order, AT_ONCE, name="何明远"))
    assert isinstance(nothing, Answer)
    assert isinstance(other, Answer)
    assert (nothing.state, other.state) == (AnswerState.NOTHING_FOUND, AnswerState.MISMATCH)


async def test_it_declines_a_request_without_its_paper(line: Line, order: AssetQueryOrder) -> None:
    bare = about(order, AT_ONCE)
    refused = await line.ask(replace(bare, mandate=replace(bare.mandate, documents=())))
    assert isinstance(refused, Answer)
    assert refused.refusal
    assert refused.refusal.reason is RefusalReason.DOCUMENT_MISSING


async def test_it_reports_what_was_asked_for_and_no_more(line: Line, order: AssetQueryOrder) -> None:
    whole = about(order, AT_ONCE)
    products = await line.ask(replace(whole, scope=QueryScope(asset_kinds=(AssetKind.WEALTH_PRODUCT,))))
    assert isinstance(products, Answer)
    assert products.state is AnswerState.NOTHING_FOUND


async def test_the_same_request_ten_times_at_once_is_looked_up_once(
    line: Line, peer: Peer, order: AssetQueryOrder
) -> None:
    asked = about(order, AT_ONCE)
    answers = await asyncio.gather(*(line.ask(asked, attempt) for attempt in range(1, 11)))
    assert all(answer == answers[0] for answer in answers)
    assert peer.books("SELECT arrivals, lookups FROM requests") == [(10, 1)]


async def test_other_content_under_a_known_request_id_is_a_conflict(
    line: Line, order: AssetQueryOrder
) -> None:
    asked = about(order, AT_ONCE)
    await line.ask(asked)
    with pytest.raises(MessageRejected) as caught:
        await line.ask(replace(asked, agency_code="BANK-ZC", scope=QueryScope((AssetKind.BANK_ACCOUNT,))))
    assert json.loads(caught.value.raw)["code"] == "message_conflict"


# Answering later --------------------------------------------------------------------------------------------------


async def test_it_acknowledges_and_answers_later(
    line: Line, ear: Ear, peer: Peer, order: AssetQueryOrder
) -> None:
    asked = about(order, LATER)
    assert isinstance(await line.ask(asked), Acknowledged)
    (answer,) = await answers_heard(line, ear, 1)
    assert (answer.request_id, answer.state) == (asked.request_id, AnswerState.FOUND)
    assert await owes_nothing(peer)


async def test_it_answers_in_parts(line: Line, ear: Ear, order: AssetQueryOrder) -> None:
    await line.ask(about(order, IN_PARTS))
    answers = sorted(await answers_heard(line, ear, 3), key=lambda answer: answer.part)
    assert [(answer.part, answer.state, len(answer.assets)) for answer in answers] == [
        (1, AnswerState.PARTIAL, 1),
        (2, AnswerState.PARTIAL, 1),
        (3, AnswerState.FOUND, 0),
    ]


async def test_it_calls_until_it_has_a_receipt_of_the_hub(
    line: Line, ear: Ear, peer: Peer, order: AssetQueryOrder
) -> None:
    ear.deaf, ear.forged = 2, 1  # the papers are not had at first, either
    await line.ask(about(order, LATER))
    answers = await answers_heard(line, ear, 2)
    assert answers[0] == answers[1]
    assert await owes_nothing(peer)


async def owes_nothing(peer: Peer) -> bool:
    await until(lambda: not peer.books("SELECT 1 FROM answers WHERE owed_at IS NOT NULL"))
    return all(receipt for (receipt,) in peer.books("SELECT receipt FROM answers"))


async def test_what_it_owes_survives_a_crash(
    line: Line, ear: Ear, peer: Peer, order: AssetQueryOrder
) -> None:
    ear.deaf = 1_000_000
    asked = about(order, LATER)
    await line.ask(asked)
    peer.kill()
    ear.deaf = 0
    peer.start()
    (answer,) = await answers_heard(line, ear, 1)
    assert answer.request_id == asked.request_id
    assert peer.books("SELECT lookups FROM requests") == [(1,)]


# Status and cancellation ------------------------------------------------------------------------------------------


async def test_its_status_reports_tell_the_truth(line: Line, ear: Ear, order: AssetQueryOrder) -> None:
    ear.deaf = 1_000_000
    later, at_once = about(order, LATER), about(order, AT_ONCE)
    await line.ask(later)
    given = await line.ask(at_once)
    assert (await line.status(new_id())).status is RequestStatus.UNKNOWN_REQUEST
    assert (await line.status(later.request_id)).status is RequestStatus.IN_PROGRESS
    report = await line.status(at_once.request_id)
    assert (report.status, report.answers) == (RequestStatus.ANSWERED, (given,))


async def test_a_cancelled_request_is_not_answered(
    line: Line, ear: Ear, peer: Peer, order: AssetQueryOrder
) -> None:
    ear.deaf = 1_000_000
    asked = about(order, LATER)
    await line.ask(asked)
    report = await line.send(line.adapter.dialect.encode_cancellation(asked.request_id, "已履行完毕"))
    assert isinstance(report, StatusReport)
    assert report.status is RequestStatus.CANCELLED
    assert peer.books("SELECT lookups, due FROM requests") == [(0, None)]


# Signatures -------------------------------------------------------------------------------------------------------


async def refusal_of(line: Line, message: WireMessage) -> str:
    with pytest.raises(MessageRejected) as caught:
        await line.send(message)
    await line.adapter.transport.aclose()
    detail: str = json.loads(caught.value.raw)["detail"]
    return detail


async def test_it_refuses_whom_it_does_not_know(line: Line, peer: Peer, order: AssetQueryOrder) -> None:
    message = line.adapter.dialect.encode(about(order, AT_ONCE))
    other = SigningKey("hub-2", Ed25519PrivateKey.generate())
    an_hour_ago = ManualClock(datetime.now(UTC) - timedelta(hours=1))
    assert await refusal_of(line_to(peer, STRANGER), message) == "bad_signature"
    assert await refusal_of(line_to(peer, other), message) == "unknown_key"
    assert await refusal_of(line_to(peer, HUB, an_hour_ago), message) == "stale"
    assert peer.books("SELECT count(*) FROM requests") == [(0,)]


async def test_it_takes_a_nonce_once(peer: Peer, order: AssetQueryOrder) -> None:
    body = status_query()
    uri = f"{peer.endpoint}/status-queries"
    plain = [(b"content-type", b"application/json")]
    signed = sign_request(RequestParts("POST", uri, plain, body), HUB, datetime.now(UTC), new_nonce())
    wire_transport = WireTransport()
    statuses = [
        (await wire_transport.exchange("POST", uri, [*plain, *signed], body)).status for _ in range(2)
    ]
    await wire_transport.aclose()
    assert statuses == [200, 409]


def status_query() -> bytes:
    return wire.write(wire.StatusQueryMessage(message_id=new_id(), request_id=new_id()))


@pytest.mark.parametrize("broken", ["tampered", "unsigned", "undigested", "created_is_text"])
async def test_it_refuses_what_is_not_what_was_signed(peer: Peer, broken: str) -> None:
    body = status_query()
    uri = f"{peer.endpoint}/status-queries"
    plain = [(b"content-type", b"application/json")]
    signed = dict(sign_request(RequestParts("POST", uri, plain, body), HUB, datetime.now(UTC), new_nonce()))
    if broken == "tampered":
        body = body.replace(b"liandong/1", b"liandong/2")
    elif broken == "unsigned":
        del signed[b"signature"]
    elif broken == "undigested":
        signed[b"signature-input"] = signed[b"signature-input"].replace(b' "content-digest"', b"")
    else:
        signed[b"signature-input"] = signed[b"signature-input"].replace(b"created=", b'created="x";expires=')
    wire_transport = WireTransport()
    reply = await wire_transport.exchange("POST", uri, [*plain, *signed.items()], body)
    await wire_transport.aclose()
    assert reply.status == 401

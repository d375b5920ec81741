"""Signatures that were kept are checked years later, without the bodies."""

from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.adapters.evidence import evidence_of_exchange, evidence_of_request, statements
from app.adapters.signatures import (
    POSSIBLE_DUPLICATE,
    RequestParts,
    ResponseParts,
    SignatureRefused,
    SigningKey,
    new_nonce,
    sign_request,
    sign_response,
)

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HUB = SigningKey("liandong-hub", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
BANK = SigningKey("bank-2026", ec.generate_private_key(ec.SECP256R1()))
ASKED, ANSWERED = '{"name":"张三"}'.encode(), '{"answer":"查无"}'.encode()


def a_request(*more: tuple[bytes, bytes]) -> RequestParts:
    headers = [(b"Content-Type", b"application/json"), (b"Host", b"bank.example"), *more]
    request = RequestParts("POST", "https://bank.example/requests", headers, ASKED)
    headers += sign_request(request, HUB, NOW, new_nonce())
    return request


def an_answer(request: RequestParts) -> ResponseParts:
    headers = [(b"content-type", b"application/json"), (b"date", b"Mon, 02 Mar 2026 09:30:00 GMT")]
    response = ResponseParts(200, headers, ANSWERED)
    headers += sign_response(response, request, BANK, NOW, new_nonce())
    return response


def digest_line(body: bytes, of: str) -> bytes:
    return f"{of}: sha-256=:{b64encode(sha256(body).digest()).decode()}:\n".encode()


@pytest.mark.parametrize("duplicate", [(), ((POSSIBLE_DUPLICATE, b"?1"),)])
def test_both_sides_of_an_exchange_are_shown_to_have_signed(
    duplicate: tuple[tuple[bytes, bytes], ...],
) -> None:
    request = a_request(*duplicate)
    kept = evidence_of_exchange(request, an_answer(request))
    ours, theirs = statements(kept)
    assert (ours.key_id, theirs.key_id) == ("liandong-hub", "bank-2026")
    HUB.private_key.public_key().verify(ours.signature, ours.base)  # type: ignore[call-arg]
    assert digest_line(ASKED, '"content-digest"') in ours.base
    assert digest_line(ANSWERED, '"content-digest"') in theirs.base
    assert digest_line(ASKED, '"content-digest";req') in theirs.base
    with pytest.raises(InvalidSignature):
        HUB.private_key.public_key().verify(theirs.signature, theirs.base)  # type: ignore[call-arg]


def test_what_came_by_itself_has_one_statement() -> None:
    [statement] = statements(evidence_of_request(a_request()))
    HUB.private_key.public_key().verify(statement.signature, statement.base)  # type: ignore[call-arg]


def test_evidence_names_nobody_and_carries_nothing_that_was_not_signed() -> None:
    request = a_request()
    kept = evidence_of_exchange(request, an_answer(request))
    assert "张三" not in kept
    assert "查无" not in kept
    assert "host" not in kept.lower()
    assert "date:" not in kept


@pytest.mark.parametrize(
    "kept", ["", "\n\n", "x", "POST https://bank.example/\n", "liandong=(…)\nliandong=:AA==:"]
)
def test_what_is_no_evidence_is_refused(kept: str) -> None:
    with pytest.raises((SignatureRefused, ValueError)):
        statements(kept)

"""An agency whose every message a test writes and signs itself, with the key of one that the hub knows."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx

from app.adapters.liandong import wire
from app.adapters.signatures import (
    RequestParts,
    ResponseParts,
    SigningKey,
    VerifyingKey,
    new_nonce,
    sign_request,
    verify_response,
)
from app.adapters.signing_keys import load_private_key
from app.ids import new_id
from app.keys import HUB_KEY_ID, load_keys
from app.settings import Settings
from app.vocabulary import AnswerState
from tests.e2e.running_hub import RunningHub, now

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class AgencyByHand:
    hub_url: str
    key: SigningKey
    hub_key: VerifyingKey = field(repr=False)

    def answer(self, body: bytes) -> httpx.Response:
        """Posted as it should be."""
        return send(self.signed(body))

    def signed(self, body: bytes, *, content_type: str = "application/json") -> RequestParts:
        request = RequestParts(
            "POST", f"{self.hub_url}/agency/v1/answers", [(b"content-type", content_type.encode())], body
        )
        return self.sign(request)

    def fetch(self, document_id: str) -> httpx.Response:
        request = RequestParts("GET", f"{self.hub_url}/agency/v1/documents/{document_id}", [], b"")
        return send(self.sign(request))

    def sign(self, request: RequestParts) -> RequestParts:
        signature = sign_request(request, self.key, now(), new_nonce())
        return replace(request, headers=[*request.headers, *signature])

    def believe(self, response: httpx.Response, request: RequestParts) -> None:
        """Raises SignatureRefused unless the hub signed this as its reply to the request."""
        parts = ResponseParts(
            response.status_code,
            [(name.lower(), value) for name, value in response.headers.raw],
            response.content,
        )
        verify_response(parts, request, {HUB_KEY_ID: self.hub_key}, now())


def send(request: RequestParts) -> httpx.Response:
    return httpx.request(
        request.method,
        request.target_uri,
        headers=list(request.headers),
        content=request.body,
        trust_env=False,
    )


def agency_by_hand(hub: RunningHub, code: str) -> AgencyByHand:
    pem = (hub.data_dir / "sandbox" / code / "key.pem").read_text()
    public = load_keys(Settings(data_dir=hub.data_dir)).signing.public_key()
    return AgencyByHand(
        hub.url,
        SigningKey(hub.fleet.running(code).key_id, load_private_key(pem)),
        VerifyingKey(HUB_KEY_ID, public, LONG_AGO),
    )


def nothing_found(request_id: str, **changes: Any) -> bytes:
    """An answer that fits every kind of agency."""
    return wire.write(
        wire.AnswerMessage(
            **{
                "message_id": new_id(),
                "request_id": UUID(request_id),
                "state": AnswerState.NOTHING_FOUND,
                "as_of": now(),
                **changes,
            }
        )
    )

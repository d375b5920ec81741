"""The signed door for agencies: who posted this, and our own signature under what we say."""

from starlette.requests import Request
from starlette.responses import Response

from app.adapters.signatures import RequestParts, ResponseParts, new_nonce, sign_response
from app.adapters.signing_keys import SigningKey
from app.api.dependencies import SessionDep
from app.api.hub import Hub
from app.keys import HUB_KEY_ID
from app.linkage.agency_messages import Sender, authenticate


async def posted_by(request: Request, session: SessionDep, hub: Hub) -> tuple[RequestParts, Sender]:
    """The request as it was signed, and the agency that signed it; raises `Refusal`.

    The address is the one that the hub publishes: behind a proxy the Host header says something else.
    """
    parts = RequestParts(
        request.method,
        str(hub.settings.public_url).rstrip("/") + _target(request),
        request.headers.raw,
        await request.body(),
    )
    request.scope["signed_message"] = parts
    return parts, await authenticate(session, parts, hub.clock.now())


def signed_response(hub: Hub, request: RequestParts, response: Response) -> Response:
    """The same response with our signature, bound to the request that it answers."""
    parts = ResponseParts(response.status_code, response.raw_headers, bytes(response.body))
    key = SigningKey(HUB_KEY_ID, hub.keys.signing)
    for name, value in sign_response(parts, request, key, hub.clock.now(), new_nonce()):
        response.headers[name.decode()] = value.decode()
    return response


def _target(request: Request) -> str:
    path = request.scope.get("raw_path") or request.url.path.encode()
    query = request.scope.get("query_string", b"")
    return (path + (b"?" + query if query else b"")).decode("ascii", "replace")

import json
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from app.adapters.contract import AssetQueryOrder
from app.adapters.scaffold import ORDER
from app.adapters.signatures import RequestParts, new_nonce, sign_response
from tests.contract.peer import AGENCY, HUB, REGISTER, Ear, Line, Peer, line_to


@pytest.fixture(scope="session")
def order() -> AssetQueryOrder:
    """About nobody who exists."""
    return ORDER


@pytest.fixture
def ear() -> Iterator[Ear]:
    listening = Ear()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = [(name.lower().encode(), value.encode()) for name, value in self.headers.items()]
            uri = f"http://127.0.0.1:{listening.port}{self.path}"
            request = RequestParts(self.command, uri, headers, body)
            response, key = listening.reply(request)
            signed = sign_response(response, request, key, datetime.now(UTC), new_nonce())
            self.send_response(response.status)
            for name, value in [*response.headers, *signed]:
                self.send_header(name.decode(), value.decode())
            self.send_header("content-length", str(len(response.body)))
            self.end_headers()
            self.wfile.write(response.body)

        do_GET = do_POST  # noqa: N815 - as above

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        listening.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield listening
        server.shutdown()
        thread.join()


@pytest.fixture
def peer(tmp_path: Path, ear: Ear) -> Iterator[Peer]:
    own = AGENCY.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    hub = HUB.private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "own.pem").write_bytes(own)
    (tmp_path / "hub.pem").write_bytes(hub)
    (tmp_path / "register.json").write_text(json.dumps(REGISTER))
    running = Peer(tmp_path, ear)
    running.start()
    yield running
    running.stop()


@pytest.fixture
async def line(peer: Peer) -> AsyncIterator[Line]:
    opened = line_to(peer)
    yield opened
    await opened.adapter.transport.aclose()

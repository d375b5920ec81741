"""A witness over HTTP: small, on the standard library alone, and able to run on a machine that has nothing else.

    python -m app.audit.witness_server --key KEYFILE --logs LOGS --state FOLDER [--host HOST] [--port PORT]

Put TLS in front of it where others than the court's own network reach it; requests need no other authentication
than the log's signature.
"""

import argparse
import json
import os
import re
import signal
import socket
import sys
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from app.audit.checkpoint import log_key
from app.audit.cosignature import Cosigner
from app.audit.note import MalformedKey, VerifierKey
from app.audit.witness import Answer, StateBroken, StateInUse, WitnessedLog, WitnessState
from app.audit.witness_protocol import ADD_CHECKPOINT, MAX_REQUEST_BYTES

Connection = socket.socket | tuple[bytes, socket.socket]
"""As the standard library types it for streams and datagrams alike."""

_PATIENCE_SECONDS = 10
_CHECKPOINT = re.compile(r"/([0-9a-f]{64})/checkpoint", re.ASCII)


class WitnessServer(ThreadingHTTPServer):
    """Serves until it is shut down. Port 0 takes a free one; `server_port` tells which."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], log: WitnessedLog) -> None:
        super().__init__(address, _Handler)
        self.log = log
        self._open: set[socket.socket] = set()

    def process_request(self, request: Connection, client_address: object) -> None:
        assert isinstance(request, socket.socket)
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Connection) -> None:
        super().shutdown_request(request)
        self._open.discard(request)

    def server_close(self) -> None:
        """Hang up on everybody, too: a kept connection would be served on with a state that was given up."""
        super().server_close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "liandong-witness"
    sys_version = ""
    timeout = _PATIENCE_SECONDS
    server: WitnessServer

    def do_POST(self) -> None:
        body = self._body()
        if body is None:
            return
        if self.path == f"/{ADD_CHECKPOINT}":
            self._answer_with(lambda: self.server.log.add_checkpoint(body))
        else:
            self._send(Answer(HTTPStatus.NOT_FOUND))

    def do_GET(self) -> None:
        found = _CHECKPOINT.fullmatch(self.path)
        if found is None:
            self._send(Answer(HTTPStatus.NOT_FOUND))
        else:
            self._answer_with(lambda: self.server.log.checkpoint(found[1]))

    def _body(self) -> bytes | None:
        """None after a refusal, with which the connection ends: what follows could be taken for a request."""
        length = self.headers.get("Content-Length", "")
        if self.headers.get("Transfer-Encoding") or not re.fullmatch(r"[0-9]{1,9}", length, re.ASCII):
            self._refuse(HTTPStatus.LENGTH_REQUIRED)
            return None
        if int(length) > MAX_REQUEST_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return None
        return self.rfile.read(int(length))

    def _refuse(self, status: HTTPStatus) -> None:
        self.close_connection = True
        self._send(Answer(status))

    def _answer_with(self, decide: Callable[[], Answer]) -> None:
        try:
            answer = decide()
        except (StateBroken, OSError) as error:
            # Not kept means not cosigned. It says so aloud and goes on: the disk may come back.
            print(f"witness: {error}", file=sys.stderr, flush=True)  # noqa: T201 - the program's log
            answer = Answer(HTTPStatus.INTERNAL_SERVER_ERROR)
            self.close_connection = True
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the standard library
        """Requests are not logged: whoever asks is a log, and what it asks is in the state."""


def new_key(name: str) -> str:
    """A key file: keep it secret, and with the state; VerifierKey's rules for the name (MalformedKey)."""
    ed25519, ml_dsa = Ed25519PrivateKey.generate(), MLDSA44PrivateKey.generate()
    fields = {
        "name": name,
        "ed25519": b64encode(ed25519.private_bytes_raw()).decode(),
        "ml_dsa_44": b64encode(ml_dsa.private_bytes_raw()).decode(),
    }
    text = json.dumps(fields, ensure_ascii=False, indent=2) + "\n"
    read_key(text)
    return text


def read_key(text: str) -> Cosigner:
    """The keys of a key file; `MalformedKey`."""
    try:
        fields = json.loads(text)
        cosigner = Cosigner(
            fields["name"],
            Ed25519PrivateKey.from_private_bytes(b64decode(fields["ed25519"], validate=True)),
            MLDSA44PrivateKey.from_seed_bytes(b64decode(fields["ml_dsa_44"], validate=True)),
        )
        str(cosigner.verifiers[0])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MalformedKey("not a key file of a witness, or its name has spaces or plus signs") from error
    return cosigner


def read_logs(text: str) -> list[VerifierKey]:
    """Verifier keys of logs, one a line, or the `log` lines of a policy; `MalformedKey`."""
    keys = []
    for line in text.splitlines():
        words = line.split()
        if words and words[0] not in {"#", "witness", "group", "quorum"} and not line.startswith("#"):
            keys.append(log_key(words[1] if words[0] == "log" and len(words) > 1 else words[0]))
    if not keys:
        raise MalformedKey("no log to witness")
    return keys


def write_secret(path: Path, text: str) -> None:
    """A new file that only its owner reads; FileExistsError: a key is never written over."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def serve(key: Path, logs: Path, state: Path, address: tuple[str, int]) -> None:
    """Until SIGTERM or Ctrl-C.

    Raises:
        MalformedKey, StateInUse, StateBroken, OSError: it cannot start; the text says why.
    """
    cosigner, known = read_key(key.read_text(encoding="utf-8")), read_logs(logs.read_text(encoding="utf-8"))
    with (
        WitnessState(state) as memory,
        WitnessServer(address, WitnessedLog(cosigner, known, memory, time.time)) as server,
    ):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
        print(f"witness {cosigner.name} http://{address[0]}:{server.server_port}/", flush=True)  # noqa: T201 - tells its address
        server.serve_forever(poll_interval=0.2)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m app.audit.witness_server", description="审计日志见证 / A witness of audit logs."
    )
    parser.add_argument("--key", type=Path, required=True, help="密钥文件 / key file")
    parser.add_argument(
        "--logs", type=Path, required=True, help="日志公钥，每行一个 / keys of logs, one a line"
    )
    parser.add_argument("--state", type=Path, required=True, help="状态文件夹 / folder of the state")
    parser.add_argument("--host", default="127.0.0.1", help="监听地址 / address to listen on")
    parser.add_argument("--port", type=int, default=8700, help="端口 / port")
    given = parser.parse_args(arguments)
    try:
        serve(given.key, given.logs, given.state, (given.host, given.port))
    except (MalformedKey, StateInUse, StateBroken, OSError) as error:
        print(f"witness: {error}", file=sys.stderr)  # noqa: T201 - the program's answer
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

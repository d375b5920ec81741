"""`python -m app.sandbox.agency`: one sandbox agency as a process of its own, with its own key and its own books."""

import argparse
import asyncio
import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from uvicorn.loops.auto import auto_loop_factory

from app.adapters.signatures import SigningKey, VerifyingKey
from app.adapters.signing_keys import load_private_key, load_public_key
from app.clock import SystemClock
from app.sandbox.behaviour import USUAL, Behaviour, Desk, Manner
from app.sandbox.clerk import Clerk
from app.sandbox.connection import BreakableProtocol
from app.sandbox.custody.bailiff import Bailiff
from app.sandbox.custody.holdings import Holdings
from app.sandbox.faults import Fault, FaultPlan
from app.sandbox.identity import Hub, Identity
from app.sandbox.ledger import Ledger
from app.sandbox.lookout.duty_desk import DutyDesk
from app.sandbox.lookup import Registry
from app.sandbox.mischief import Mischief
from app.sandbox.population import Population
from app.sandbox.postman import Postman
from app.sandbox.server import AgencyServer
from app.sandbox.switchboard import Switchboard
from app.sandbox.timekeeping import keep_time
from app.vocabulary import AgencyKind

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_SECONDS_TO_FINISH = 1


def main() -> None:
    """Serve until SIGTERM or SIGINT; one line of JSON on standard output says when it is ready."""
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(_serve(_arguments()))


async def _serve(arguments: argparse.Namespace) -> None:
    with _listen(arguments.host, arguments.port) as listener:
        address = f"http://{arguments.host}:{listener.getsockname()[1]}"
        identity = _identity(arguments, (arguments.url or address).rstrip("/"))
        hub = Hub(arguments.hub_url.rstrip("/"), {key.key_id: key for key in arguments.hub_key})
        clock = SystemClock()
        faults = FaultPlan(f"{arguments.seed}/{arguments.code}", arguments.fault)
        ledger = Ledger(arguments.books)
        postman = Postman(hub, identity, ledger, faults, clock)
        population = _population(arguments)
        registry = Registry(arguments.code, arguments.kind, population)
        holdings = Holdings(arguments.code, arguments.kind, population)
        bailiff = Bailiff(registry, holdings)
        desk = Desk(arguments.code, _behaviour(arguments))
        duty_desk = DutyDesk(registry)
        clerk = Clerk(identity, hub, registry, bailiff, duty_desk, desk, ledger, postman, clock)
        switchboard = Switchboard(holdings, faults, ledger, postman, clock)
        app = AgencyServer(clerk, switchboard, faults, Mischief(identity, faults, clock), ledger, clock)
        await postman.resume()
        hours = asyncio.create_task(keep_time(ledger, postman, clock))
        server = _Server(_config(app), _Ready(identity))
        if arguments.end_with_parent:
            _end_with_parent(server)
        try:
            await server.serve([listener])
        finally:
            hours.cancel()
            await postman.close()
            await ledger.close()


@dataclass(frozen=True, slots=True)
class _Ready:
    identity: Identity

    def say(self) -> None:
        line = json.dumps({"ready": self.identity.agency_code, "url": self.identity.url, "pid": os.getpid()})
        print(line, flush=True)  # noqa: T201 - whoever started the process waits for it


class _Server(uvicorn.Server):
    """Says when it is ready, and ends with exit code 0 when it is told to stop."""

    def __init__(self, config: uvicorn.Config, ready: _Ready) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready.say()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Uvicorn would kill the process by the same signal again, before the books are closed."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def _config(app: AgencyServer) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=BreakableProtocol,
        ws="none",
        lifespan="off",
        log_level="error",
        access_log=False,
        proxy_headers=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=_SECONDS_TO_FINISH,
    )


def _end_with_parent(server: uvicorn.Server) -> None:
    """The parent holds the other end of standard input: when it dies, however it dies, the pipe ends."""

    def stop() -> None:
        if not os.read(0, 4096):
            asyncio.get_running_loop().remove_reader(0)
            server.should_exit = True

    asyncio.get_running_loop().add_reader(0, stop)


def _listen(host: str, port: int) -> socket.socket:
    # Named, because asyncio turns Nagle's algorithm off only where it sees that it is TCP: 40 ms per reply.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def _identity(arguments: argparse.Namespace, url: str) -> Identity:
    """Without another agency's key, a fault signs with one that nobody knows."""
    key: SigningKey = arguments.key
    foreign = arguments.foreign_key or SigningKey("nobody", Ed25519PrivateKey.generate())
    return Identity(arguments.code, url, key, foreign)


def _population(arguments: argparse.Namespace) -> Population:
    banks = tuple(arguments.bank) or (arguments.code,)
    return Population(arguments.seed, arguments.population, banks)


def _behaviour(arguments: argparse.Namespace) -> Behaviour:
    usual = USUAL[arguments.kind]
    delay = usual.delay if arguments.delay_ms is None else timedelta(milliseconds=arguments.delay_ms)
    return Behaviour(arguments.manner or usual.manner, delay)


def _signing_key(text: str) -> SigningKey:
    key_id, _, path = text.partition("=")
    return SigningKey(key_id, load_private_key(Path(path).read_text()))


def _verifying_key(text: str) -> VerifyingKey:
    key_id, _, path = text.partition("=")
    return VerifyingKey(key_id, load_public_key(Path(path).read_text()), _EPOCH)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m app.sandbox.agency", description=__doc__)
    add = parser.add_argument
    add("--code", required=True, help="agency code 单位代码")
    add("--kind", required=True, type=AgencyKind, choices=list(AgencyKind), help="agency kind 单位种类")
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=0, help="0: any free port, see the ready line")
    add("--url", help="the address the hub knows, if it is not that of the socket")
    add("--books", required=True, type=Path, help="the agency's own SQLite file")
    add("--hub-url", required=True, help="where later answers are posted")
    add("--hub-key", required=True, action="append", type=_verifying_key, metavar="ID=FILE")
    add("--key", required=True, type=_signing_key, metavar="ID=FILE", help="the agency's private key")
    add("--foreign-key", type=_signing_key, metavar="ID=FILE", help="another agency's, for a fault")
    add("--seed", type=int, default=1)
    add("--population", type=int, default=2000, help="how many people live here")
    add("--bank", action="append", default=[], help="codes of all banks, the same for every agency")
    add("--manner", type=Manner, choices=list(Manner), help="when it answers; usual for its kind by default")
    add("--delay-ms", type=int, help="until a later answer, and between its parts")
    add("--end-with-parent", action="store_true", help="stop when standard input ends")
    add("--fault", action="append", default=[], type=Fault.model_validate_json, metavar="JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()

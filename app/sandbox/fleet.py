"""The standard agencies of a county, as processes: made, started, stopped, killed and started again.

The fleet makes each agency's key and hands out what a hub needs to know of it: endpoint, key id and public key.
"""

import json
import os
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from pydantic import BaseModel

from app.adapters.liandong.wire import Term
from app.measures.words import Extent
from app.sandbox.behaviour import USUAL, Behaviour, Manner
from app.sandbox.books import Books
from app.sandbox.custody.journal import Switch
from app.sandbox.custody.outside import (
    OUTCOME,
    AccountIsClosed,
    MoneyMoves,
    NotHere,
    OtherCourtFreezes,
    OtherCourtReleases,
    OtherCourtRenews,
    Outcome,
    ThingsAreSold,
)
from app.sandbox.faults import Fault
from app.sandbox.population import Population
from app.sandbox.switchboard import ACTS_PATH, CLOCK_PATH, DIFFERENCES_PATH, FAULTS_PATH, SWITCHES_PATH
from app.vocabulary import AgencyKind

_READY_SECONDS = 20.0
_STOP_SECONDS = 10.0
_SWITCH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class SandboxAgency:
    """An agency to start. `behaviour` is the usual one of its kind unless something else is said."""

    code: str
    name: str
    kind: AgencyKind
    behaviour: Behaviour
    faults: tuple[Fault, ...] = ()

    def answering(self, manner: Manner) -> "SandboxAgency":
        return replace(self, behaviour=replace(self.behaviour, manner=manner))


def _usual(code: str, name: str, kind: AgencyKind) -> SandboxAgency:
    return SandboxAgency(code, name, kind, USUAL[kind])


STANDARD: tuple[SandboxAgency, ...] = (
    _usual("POLICE-ZC", "柘城县公安局", AgencyKind.POLICE),
    _usual("TAX-ZC", "国家税务总局柘城县税务局", AgencyKind.TAX),
    _usual("LAND-ZC", "柘城县不动产登记中心", AgencyKind.LAND),
    _usual("VEHICLE-ZC", "柘城县车辆管理所", AgencyKind.VEHICLE),
    _usual("BANK-ZC", "柘城农商银行", AgencyKind.BANK),
)
"""One of each kind."""

SECOND_BANK = _usual("BANK-SQ", "商丘示例银行", AgencyKind.BANK)


def with_banks(count: int) -> tuple[SandboxAgency, ...]:
    """The standard agencies, with so many banks in place of one."""
    further = [
        _usual(f"BANK-{place:02d}", f"示例第{place}银行", AgencyKind.BANK) for place in range(3, count + 1)
    ]
    return (*STANDARD, *[SECOND_BANK, *further][: max(0, count - 1)])


@dataclass(frozen=True, slots=True)
class HubLink:
    """What the agencies know of the hub: where later answers go, and its public keys (PEM) by their ids."""

    url: str
    public_keys: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RunningAgency:
    """What a hub needs to know of an agency that is up."""

    agency: SandboxAgency
    url: str
    key_id: str
    public_key: str
    """PEM."""

    pid: int


@dataclass(frozen=True, slots=True)
class People:
    """Whom the registries keep books about; the same for all agencies of a fleet."""

    seed: int = 1
    count: int = 2000


@dataclass
class _Berth:
    """One agency's place: its folder, its port once it has one, and its process while it runs."""

    agency: SandboxAgency
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    running: RunningAgency | None = None


class AgencyNotReady(Exception):
    """An agency did not come up; its log is named in the text."""


class Fleet:
    """Agencies under one folder. Starting again finds the keys and books of the last time.

    Ports count up from `first_port`; with 0 each takes any free one, and keeps it as long as the fleet exists.
    """

    def __init__(
        self,
        folder: Path,
        hub: HubLink,
        agencies: Sequence[SandboxAgency] = STANDARD,
        *,
        people: People | None = None,
        first_port: int = 0,
    ) -> None:
        self._folder = folder
        self._hub = hub
        self._people = people or People()
        self._berths = {
            agency.code: _Berth(agency, folder / agency.code, first_port and first_port + place)
            for place, agency in enumerate(agencies)
        }
        self._banks = [agency.code for agency in agencies if agency.kind is AgencyKind.BANK]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> list[RunningAgency]:
        """Start all that do not run, and wait until they listen.

        Raises:
            AgencyNotReady: one did not come up; those that did are stopped again.
        """
        self._write_hub_keys()
        for berth in self._berths.values():
            _ensure_key(berth)
        try:
            for code, berth in self._berths.items():
                if berth.process and berth.process.poll() is not None:
                    self._reap(code)
                if berth.process is None:
                    self._launch(berth)
            return [_wait_until_ready(berth) for berth in self._berths.values()]
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ask all to finish and wait for it; kill those that do not."""
        for berth in self._berths.values():
            if berth.process:
                berth.process.terminate()
        for code in self._berths:
            self._reap(code)

    def kill(self, code: str) -> None:
        """End one agency as a power cut would."""
        process = self._berths[code].process
        if process:
            process.kill()
            self._reap(code)

    def restart(self, code: str) -> RunningAgency:
        """Start one agency again, at the same address and with the same books."""
        berth = self._berths[code]
        self._launch(berth)
        return _wait_until_ready(berth)

    def running(self, code: str) -> RunningAgency:
        """Raises KeyError when it does not run."""
        running = self._berths[code].running
        if running is None:
            raise KeyError(code)
        return running

    def all_running(self) -> list[RunningAgency]:
        return [berth.running for berth in self._berths.values() if berth.running is not None]

    @property
    def population(self) -> Population:
        """The people that these agencies know, for whoever needs debtors."""
        return Population(self._people.seed, self._people.count, tuple(self._banks) or ("bank-1",))

    def books(self, code: str) -> Books:
        return Books(_books_path(self._berths[code].folder))

    def switch_faults(self, code: str, *faults: Fault) -> None:
        """Let one agency misbehave in these ways, and in no others, from now on."""
        self._control(
            code, FAULTS_PATH, [fault.model_dump(mode="json", exclude_unset=True) for fault in faults]
        )

    def happen(self, code: str, act: BaseModel) -> Outcome:
        """Let something happen at an agency that the hub did not order; see `custody.outside`.

        Raises:
            NotHere: the agency keeps no such thing, or has no such live freeze.
        """
        return self._act(code, ACTS_PATH, act)

    def other_court_freezes(self, code: str, thing: str, limit: Decimal | None = None, **details: Any) -> str:
        """Let another court freeze a thing; the id of its freeze. `details` are those of `OtherCourtFreezes`."""
        outcome = self.happen(code, OtherCourtFreezes(thing=thing, limit=limit, **details))
        assert outcome.freeze_id is not None
        return outcome.freeze_id

    def other_court_releases(self, code: str, freeze_id: str, amount: Decimal | None = None) -> Outcome:
        return self.happen(code, OtherCourtReleases(freeze_id=freeze_id, amount=amount))

    def other_court_renews(self, code: str, freeze_id: str, *, days: int) -> Outcome:
        return self.happen(code, OtherCourtRenews(freeze_id=freeze_id, term=Term(days=days)))

    def money_in(self, code: str, thing: str, amount: Decimal) -> Outcome:
        return self.happen(code, MoneyMoves(act="money_in", thing=thing, amount=amount))

    def money_out(self, code: str, thing: str, amount: Decimal) -> Outcome:
        """Let the holder spend; without effect where the money is frozen."""
        return self.happen(code, MoneyMoves(act="money_out", thing=thing, amount=amount))

    def redeem(self, code: str, product: str, amount: Decimal) -> Outcome:
        """Let a wealth product pay out into its return account."""
        return self.happen(code, MoneyMoves(act="redemption", thing=product, amount=amount))

    def dispose(
        self, code: str, *things: str, freeze_id: str | None = None, extent: Extent = Extent.WHOLE
    ) -> Outcome:
        """Let things be sold under a freeze, or by another power when none is named."""
        return self.happen(code, ThingsAreSold(things=things, freeze_id=freeze_id, extent=extent))

    def close_account(self, code: str, thing: str) -> Outcome:
        return self.happen(code, AccountIsClosed(thing=thing))

    def plant_difference(self, code: str, difference: BaseModel) -> Outcome:
        """Let an agency's register differ from what the hub was told; see `custody.differences`. Raises NotHere."""
        return self._act(code, DIFFERENCES_PATH, difference)

    def advance_clock(self, code: str, days: int) -> None:
        """Let the agency's calendar run so many days ahead of the world's, never less than before."""
        self._control(code, CLOCK_PATH, {"offset_days": days})

    def switch_notices(self, code: str, *, on: bool) -> None:
        """Whether the agency tells by itself what becomes of the hub's freezes; outlives a restart."""
        self._control(code, SWITCHES_PATH, {"switch": Switch.NOTICES, "on": on})

    def switch_exemptions(self, code: str, *, on: bool) -> None:
        """Whether the agency refuses to freeze what is exempt; outlives a restart."""
        self._control(code, SWITCHES_PATH, {"switch": Switch.EXEMPTIONS, "on": on})

    def _act(self, code: str, path: str, what: BaseModel) -> Outcome:
        try:
            return OUTCOME.validate_json(self._control(code, path, what.model_dump(mode="json")))
        except HTTPError as error:
            with error:
                if error.code == 404:
                    raise NotHere from None
                raise

    def _control(self, code: str, path: str, content: object) -> bytes:
        """Raises HTTPError for what the switchboard refuses."""
        request = Request(  # noqa: S310 - our own process on loopback
            self.running(code).url + path, data=json.dumps(content).encode(), method="POST"
        )
        with urlopen(request, timeout=_SWITCH_SECONDS) as response:  # noqa: S310 - as above
            body: bytes = response.read()
            return body

    def _launch(self, berth: _Berth) -> None:
        with (berth.folder / "agency.log").open("ab") as log:
            berth.process = subprocess.Popen(  # noqa: S603 - our own module with our own arguments
                self._command(berth), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            )

    def _command(self, berth: _Berth) -> list[str]:
        agency, folder = berth.agency, berth.folder
        command = [sys.executable, "-m", "app.sandbox.agency", "--end-with-parent"]
        command += ["--code", agency.code, "--kind", agency.kind, "--port", str(berth.port)]
        command += ["--books", str(_books_path(folder)), "--key", f"{_key_id(agency)}={folder / 'key.pem'}"]
        command += ["--hub-url", self._hub.url]
        for key_id in self._hub.public_keys:
            command += ["--hub-key", f"{key_id}={self._hub_key_path(key_id)}"]
        if other := self._another(agency):
            command += ["--foreign-key", f"{_key_id(other.agency)}={other.folder / 'key.pem'}"]
        command += ["--seed", str(self._people.seed), "--population", str(self._people.count)]
        for code in self._banks:
            command += ["--bank", code]
        command += ["--manner", agency.behaviour.manner]
        command += ["--delay-ms", str(int(agency.behaviour.delay.total_seconds() * 1000))]
        for fault in agency.faults:
            command += ["--fault", fault.model_dump_json(exclude_unset=True)]
        return command

    def _another(self, agency: SandboxAgency) -> _Berth | None:
        """Whose key a fault may borrow."""
        return next((berth for code, berth in self._berths.items() if code != agency.code), None)

    def _write_hub_keys(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for key_id, pem in self._hub.public_keys.items():
            self._hub_key_path(key_id).write_text(pem)

    def _hub_key_path(self, key_id: str) -> Path:
        return self._folder / f"hub-{key_id.encode().hex()}.pem"

    def _reap(self, code: str) -> None:
        berth = self._berths[code]
        process, berth.process, berth.running = berth.process, None, None
        if process is None:
            return
        with process:  # closes its pipes
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _books_path(folder: Path) -> Path:
    return folder / "books.sqlite"


def _key_id(agency: SandboxAgency) -> str:
    return f"{agency.code}-1"


def _ensure_key(berth: _Berth) -> None:
    berth.folder.mkdir(parents=True, exist_ok=True)
    path = berth.folder / "key.pem"
    if path.exists():
        return
    key = Ed25519PrivateKey.generate()
    draft = path.with_suffix(".draft")
    draft.touch(mode=0o600)
    draft.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (berth.folder / "public.pem").write_bytes(public)
    draft.replace(path)


def _wait_until_ready(berth: _Berth) -> RunningAgency:
    if berth.running:
        return berth.running
    process = berth.process
    assert process is not None
    line = _read_line(process)
    if not line:
        raise AgencyNotReady(f"{berth.agency.code} did not start, see {berth.folder / 'agency.log'}")
    url = json.loads(line)["url"]
    berth.port = int(url.rpartition(":")[2])
    public_key = (berth.folder / "public.pem").read_text()
    berth.running = RunningAgency(berth.agency, url, _key_id(berth.agency), public_key, process.pid)
    return berth.running


def _read_line(process: subprocess.Popen[bytes]) -> bytes:
    """The ready line; empty when the process ended or took too long."""
    assert process.stdout is not None
    line, deadline = b"", monotonic() + _READY_SECONDS
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([process.stdout], [], [], max(0, deadline - monotonic()))
        chunk = os.read(process.stdout.fileno(), 4096) if ready else b""
        if not chunk:
            return b""
        line += chunk
    return line

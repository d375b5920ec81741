"""The standard agencies of a county, as processes: made, started, stopped, killed and started again.

The fleet makes each agency's key and hands out what a hub needs to know of it: endpoint, key id and public key.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import UUID

from pydantic import BaseModel

from app.adapters.liandong.wire import Term
from app.measures.words import Extent
from app.sandbox.berth import AgencyNotReady, Berth, RunningAgency
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
from app.sandbox.lookout.street import (
    REPORTED,
    HandedOver,
    HeldUnasked,
    LearntOf,
    NobodyThere,
    Reported,
    Seen,
)
from app.sandbox.population import Population
from app.sandbox.standard import SECOND_BANK, STANDARD, SandboxAgency, with_banks
from app.sandbox.switchboard import (
    ACTS_PATH,
    CLOCK_PATH,
    DIFFERENCES_PATH,
    FAULTS_PATH,
    STREET_PATH,
    SWITCHES_PATH,
)
from app.vocabulary import AgencyKind, WatchKind

__all__ = [
    "SECOND_BANK",
    "STANDARD",
    "AgencyNotReady",
    "Fleet",
    "HubLink",
    "People",
    "RunningAgency",
    "SandboxAgency",
    "with_banks",
]

_SWITCH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class HubLink:
    """What the agencies know of the hub: where later answers go, and its public keys (PEM) by their ids."""

    url: str
    public_keys: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class People:
    """Whom the registries keep books about; the same for all agencies of a fleet."""

    seed: int = 1
    count: int = 2000


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
            agency.code: Berth(agency, folder / agency.code, first_port and first_port + place)
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
            berth.ensure_key()
        try:
            for berth in self._berths.values():
                if berth.process and berth.process.poll() is not None:
                    berth.reap()
                if berth.process is None:
                    berth.launch(self._command(berth))
            return [berth.wait_until_ready() for berth in self._berths.values()]
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ask all to finish and wait for it; kill those that do not."""
        for berth in self._berths.values():
            if berth.process:
                berth.process.terminate()
        for berth in self._berths.values():
            berth.reap()

    def kill(self, code: str) -> None:
        """End one agency as a power cut would."""
        berth = self._berths[code]
        if berth.process:
            berth.process.kill()
            berth.reap()

    def restart(self, code: str) -> RunningAgency:
        """Start one agency again, at the same address and with the same books."""
        berth = self._berths[code]
        berth.launch(self._command(berth))
        return berth.wait_until_ready()

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
        return Books(self._berths[code].books_path)

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

    def sighting(self, code: str, mark: str, place: str, **details: Any) -> tuple[Reported, ...]:
        """Let somebody, or a vehicle, be seen: one hit under each live look-out, by certificate number, plate or VIN.

        `details` are those of `lookout.street.Seen`: confidence, source, reporter, circumstances, seen_at, and
        even_if_ended, which also reports under look-outs that have ended.

        Raises:
            NobodyThere: nobody looks for that here.
        """
        return self._let_happen(code, Seen(mark=mark, place=place, **details))

    def sighting_under(self, code: str, request_id: UUID, place: str, **details: Any) -> UUID:
        """Let a hit be reported under a request that need not be there; its id."""
        (reported,) = self._let_happen(code, Seen(request_id=request_id, place=place, **details))
        assert reported.hit_id is not None
        return reported.hit_id

    def learn(
        self, code: str, request_id: UUID, kind: WatchKind, place: str, **details: Any
    ) -> tuple[Reported, ...]:
        """Let an agency learn of something under any request. `details` are those of `lookout.street.LearntOf`."""
        return self._let_happen(code, LearntOf(request_id=request_id, kind=kind, place=place, **details))

    def hand_over(
        self, code: str, hit_id: UUID, *came_along: str, place: str | None = None
    ) -> tuple[Reported, ...]:
        """Let the court come and take over whoever is held on that hit. Raises NobodyThere."""
        return self._let_happen(code, HandedOver(hit_id=hit_id, place=place, came_along=came_along))

    def hold_unasked(self, code: str, hit_id: UUID) -> tuple[Reported, ...]:
        """Let the police hold somebody on that hit without waiting for the court. Raises NobodyThere."""
        return self._let_happen(code, HeldUnasked(hit_id=hit_id))

    def switch_recalls(self, code: str, *, on: bool) -> None:
        """Whether the agency heeds recalls; when it does again, it catches up. Outlives a restart."""
        self._control(code, SWITCHES_PATH, {"switch": Switch.RECALLS, "on": on})

    def _let_happen(self, code: str, event: BaseModel) -> tuple[Reported, ...]:
        try:
            reply = self._control(code, STREET_PATH, event.model_dump(mode="json", exclude_none=True))
        except HTTPError as error:
            with error:
                if error.code == 404:
                    raise NobodyThere from None
                raise
        return REPORTED.validate_json(reply)

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

    def _command(self, berth: Berth) -> list[str]:
        agency = berth.agency
        command = [sys.executable, "-m", "app.sandbox.agency", "--end-with-parent"]
        command += ["--code", agency.code, "--kind", agency.kind, "--port", str(berth.port)]
        command += ["--books", str(berth.books_path), "--key", berth.key]
        command += ["--hub-url", self._hub.url]
        for key_id in self._hub.public_keys:
            command += ["--hub-key", f"{key_id}={self._hub_key_path(key_id)}"]
        if other := self._another(agency):
            command += ["--foreign-key", other.key]
        command += ["--seed", str(self._people.seed), "--population", str(self._people.count)]
        for code in self._banks:
            command += ["--bank", code]
        command += ["--manner", agency.behaviour.manner]
        command += ["--delay-ms", str(int(agency.behaviour.delay.total_seconds() * 1000))]
        for fault in agency.faults:
            command += ["--fault", fault.model_dump_json(exclude_unset=True)]
        return command

    def _another(self, agency: SandboxAgency) -> Berth | None:
        """Whose key a fault may borrow."""
        return next((berth for code, berth in self._berths.items() if code != agency.code), None)

    def _write_hub_keys(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for key_id, pem in self._hub.public_keys.items():
            self._hub_key_path(key_id).write_text(pem)

    def _hub_key_path(self, key_id: str) -> Path:
        return self._folder / f"hub-{key_id.encode().hex()}.pem"

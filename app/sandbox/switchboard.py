"""The switchboard of an agency: a toy for tests and demonstrations, unsigned and open to this machine only.

GET, POST, DELETE /sandbox/faults    the faults that the agency plays
POST /sandbox/acts                   something happens that the hub did not order: see custody/outside.py
POST /sandbox/differences            a difference is planted: see custody/differences.py
POST /sandbox/street                 somebody is seen, handed over, held unasked: see lookout/street.py
POST /sandbox/clock                  {"offset_days": 30}: the agency's calendar runs ahead, and never back
POST /sandbox/switches               {"switch": "notices", "on": false}
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from app.clock import Clock
from app.errors import ErrorCode
from app.sandbox.custody.deed import Deed
from app.sandbox.custody.differences import DIFFERENCE, plant
from app.sandbox.custody.holdings import Holdings
from app.sandbox.custody.journal import ClockSet, Line, Switch, Switched
from app.sandbox.custody.outside import ACT, OUTCOME, NotHere, Outcome, happen
from app.sandbox.doing import Doing
from app.sandbox.exchange import BodyTooLarge, Exchange, Reply, json_reply, problem
from app.sandbox.faults import Fault, FaultPlan
from app.sandbox.ledger import Ledger
from app.sandbox.lookout import street
from app.sandbox.lookout.street import EVENT, REPORTED, NobodyThere, Reported
from app.sandbox.postman import Postman

FAULTS_PATH = "/sandbox/faults"
ACTS_PATH = "/sandbox/acts"
DIFFERENCES_PATH = "/sandbox/differences"
STREET_PATH = "/sandbox/street"
CLOCK_PATH = "/sandbox/clock"
SWITCHES_PATH = "/sandbox/switches"
_FAULTS = TypeAdapter(list[Fault])


class _ClockDemand(BaseModel):
    model_config = ConfigDict(extra="forbid")

    offset_days: Annotated[int, Field(ge=0, le=36_500)]


class _SwitchDemand(BaseModel):
    model_config = ConfigDict(extra="forbid")

    switch: Switch
    on: bool


@dataclass(frozen=True, slots=True)
class Switchboard:
    """One agency's."""

    holdings: Holdings
    faults: FaultPlan
    ledger: Ledger
    postman: Postman
    clock: Clock

    async def reply(self, exchange: Exchange) -> Reply:
        """Raises PeerGone."""
        client, path, method = exchange.scope["client"], exchange.scope["path"], exchange.scope["method"]
        if client is None or not ip_address(client[0]).is_loopback or path not in _PATHS:
            return problem(
                ErrorCode.NOT_FOUND, "POST /requests, /status-queries, /cancellations or /live-lists"
            )
        if path == FAULTS_PATH and method in {"GET", "DELETE"}:
            if method == "DELETE":
                self.faults.replace([])
            return self._switched_on()
        if method != "POST":
            return problem(ErrorCode.METHOD_NOT_ALLOWED, "POST, and for faults GET or DELETE")
        try:
            return await self._do(path, (await exchange.read("")).body)
        except (BodyTooLarge, ValidationError) as error:
            return problem(ErrorCode.INVALID_BODY, str(error))

    async def _do(self, path: str, body: bytes) -> Reply:
        """Raises ValidationError."""
        if path == ACTS_PATH:
            act = ACT.validate_json(body)
            return await self._happen(lambda deed: happen(act, self.holdings, deed))
        if path == STREET_PATH:
            return await self._happen_outside(EVENT.validate_json(body))
        if path == DIFFERENCES_PATH:
            difference = DIFFERENCE.validate_json(body)
            return await self._happen(lambda deed: plant(difference, self.holdings, deed))
        if path == CLOCK_PATH:
            return await self._set_clock(_ClockDemand.model_validate_json(body).offset_days)
        if path == SWITCHES_PATH:
            return await self._turn(_SwitchDemand.model_validate_json(body))
        self.faults.replace(_FAULTS.validate_json(body))
        return self._switched_on()

    async def _turn(self, demand: _SwitchDemand) -> Reply:
        """What the agency was silent about is done and said as soon as it speaks again."""

        def turn(doing: Doing) -> None:
            doing.deed.note(Line(Switched(demand.switch, demand.on)))
            if demand.switch is Switch.RECALLS and demand.on:
                doing.look_outs.catch_up()

        _, told = await self.ledger.act(turn, self.clock.now())
        self.postman.take(told)
        return json_reply(demand.model_dump(mode="json"))

    async def _happen(self, act: Callable[[Deed], Outcome]) -> Reply:
        def attempt(doing: Doing) -> Outcome | None:
            try:
                return act(doing.deed)
            except NotHere:  # others share the commit
                return None

        outcome, notices = await self.ledger.act(attempt, self.clock.now())
        self.postman.take(notices)
        if outcome is None:
            return problem(ErrorCode.NOT_FOUND, "no such thing, or no such live freeze")
        return json_reply(OUTCOME.dump_python(outcome, mode="json"))

    async def _happen_outside(self, event: BaseModel) -> Reply:
        def attempt(doing: Doing) -> tuple[Reported, ...]:
            try:
                return street.happen(event, doing.look_outs)
            except NobodyThere:  # others share the commit
                return ()

        reported, told = await self.ledger.act(attempt, self.clock.now())
        self.postman.take(told)
        if not reported:
            return problem(ErrorCode.NOT_FOUND, "nobody is looked for so, or held on that hit")
        return json_reply(REPORTED.dump_python(reported, mode="json"))

    async def _set_clock(self, offset_days: int) -> Reply:
        """What ends by then ends at once."""

        def set_clock(doing: Doing) -> bool:
            deed = doing.deed
            further = timedelta(days=offset_days) - deed.custody.ahead
            if further < timedelta(0):
                return False
            deed.note(Line(ClockSet(offset_days)))
            doing.put_the_clock_on(deed.at + further)
            return True

        done, notices = await self.ledger.act(set_clock, self.clock.now())
        self.postman.take(notices)
        if not done:
            return problem(ErrorCode.CONFLICT, "time does not run back")
        return json_reply({"offset_days": offset_days})

    def _switched_on(self) -> Reply:
        faults = [fault.model_dump(mode="json", exclude_unset=True) for fault in self.faults.remaining()]
        return json_reply(faults)


_PATHS = frozenset({FAULTS_PATH, ACTS_PATH, DIFFERENCES_PATH, STREET_PATH, CLOCK_PATH, SWITCHES_PATH})

"""Courts, hub and agencies together for as long as one likes: `python -m tests.property.freezes_longrun --steps N`.

A *step* is one thing that happens to one of them: an order is given, a message arrives, an answer is taken in, money
comes, another court acts, time goes by.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import psycopg
from pydantic import BaseModel
from sqlalchemy import make_url

from app import schema
from app.adapters.liandong.wire import Term
from app.clock import ManualClock
from app.database import create_engine, libpq_url, session_factory
from app.errors import ErrorCode, Refusal
from app.keys import load_keys
from app.linkage.control.demands import TermDemand
from app.measures.words import MEASURED_IN_MONEY, Extent, ThingKind
from app.models.freeze import HELD_SOMEWHERE
from app.postgres import EmbeddedPostgres
from app.sandbox.custody.outside import (
    MoneyMoves,
    OtherCourtFreezes,
    OtherCourtReleases,
    OtherCourtRenews,
    ThingsAreSold,
)
from app.settings import Settings
from tests.property import measures_longrun
from tests.property.freezes_agency import Agency
from tests.property.freezes_town import BANK, START, Found, Town, TownCase
from tests.property.freezes_world import Seen, World

LIFE = 10_000
"""Steps of one life, on a database of its own."""

_WORD_EVERY = 50_000
_MOST_HELD = 15
_MOST_ON_A_THING = 8
_DAY = 86_400
_SUMS = ("0.01", "1.00", "99.99", "5000.00", "20000.00", "555000.00")
_TERMS = ((0, 0), (0, 0), (0, 30), (0, 200), (1, 0))

_LAWFUL: dict[str, frozenset[ErrorCode]] = {
    "renew": frozenset({ErrorCode.FREEZE_ENDED}),
    "release": frozenset({ErrorCode.FREEZE_ENDED}),
    "part": frozenset({ErrorCode.FREEZE_ENDED, ErrorCode.AMOUNT_INVALID}),
    "transfer": frozenset({ErrorCode.FREEZE_NOT_IN_FORCE, ErrorCode.AMOUNT_BEYOND_HELD}),
    "convert": frozenset({ErrorCode.FREEZE_UNKNOWN}),
}
"""What may be refused, and why."""


class Life(World):
    """A world in which the dice decide what happens."""

    async def turn(self) -> None:
        """Some of everything, and a look at what came of it."""
        for _ in range(self.dice.choice((0, 1, 2, 4))):
            await self.order(self.dice.choice(self.town.cases))
        for _ in range(self.dice.randrange(110)):
            await self.outside()
        await self.carry()
        await self.deliver(self.dice.choice((0.3, 0.8, 1.0)))
        if self.dice.random() < 0.5:
            await self.record_slow()
        if self.dice.random() < 0.2:
            await self.wait()
        self.clock.advance(timedelta(seconds=self.dice.choice((0, 1, 2, 40))))
        await self.look()
        if self.dice.random() < 0.02:
            await self.calm()
            await self.compare()

    # What courts order ---------------------------------------------------------------------------------------

    async def order(self, case: TownCase) -> None:
        mine = [freeze for freeze in self.freezes.values() if freeze.case_id == case.id]
        held = [freeze for freeze in mine if freeze.state in HELD_SOMEWHERE]
        acts = ["freeze"] * 8 + ["everywhere"] * 2 + ["convert"] * 3 + ["release_all"]
        acts += (["renew"] * 3 + ["release"] * 3 + ["part"] * 3 + ["transfer"] * 4) if mine else []
        act = self.dice.choice(acts)
        if act == "release_all" or (act in {"freeze", "everywhere"} and len(held) > _MOST_HELD):
            await self.town.release_all(case)
            self.took("release_all", len(held))
        elif act == "freeze":
            await self._freeze(case)
        elif act == "everywhere":
            await self._freeze_everywhere(case)
        elif act == "convert":
            if preserved := self.town.preserved(case):
                await self._try(act, None, self.town.convert(case, preserved))
        else:
            await self._follow(act, case, self._one_of(act, mine))

    def _one_of(self, act: str, mine: list[Seen]) -> Seen:
        """Mostly one for which the act is lawful."""
        if self.dice.random() < 0.1:
            return self.dice.choice(mine)
        in_money = act in {"part", "transfer"}
        fit = [each for each in mine if each.live and (each.kind in MEASURED_IN_MONEY or not in_money)]
        paying = [each for each in fit if each.held] if in_money else fit
        return self.dice.choice(paying or fit or mine)

    async def _freeze(self, case: TownCase) -> None:
        years, days = self.dice.choice(_TERMS)
        chosen = self.dice.sample(case.things, self.dice.randrange(1, 1 + min(5, len(case.things))))
        things: list[dict[str, object]] = [
            {
                "asset_id": thing.asset_id,
                "limit": self._limit(case, thing.kind),
                "term": {"years": years, "days": days},
            }
            for thing in chosen
            if self._has_room(thing)
        ]
        if things:
            await self.town.freeze(case, things)
            self.took("freeze", len(things))

    async def _freeze_everywhere(self, case: TownCase) -> None:
        """Looked up and frozen in one step."""
        where = {"debtor_id": case.debtor_id, "agencies": {"codes": [BANK]}, "limit": self.dice.choice(_SUMS)}
        await self.town.freeze(case, [], [where])
        self.took("everywhere")

    def _has_room(self, thing: Found) -> bool:
        model = self.agencies[thing.agency].model
        return len(model.line(thing.identity)) < _MOST_ON_A_THING

    def _limit(self, case: TownCase, kind: ThingKind) -> str | None:
        if kind not in MEASURED_IN_MONEY:
            return None
        exact = case.is_preservation and kind is ThingKind.ACCOUNT
        return self.dice.choice(_SUMS) if exact else self.dice.choice((*_SUMS, None))

    async def _follow(self, act: str, case: TownCase, freeze: Seen) -> None:
        amount = self.dice.choice(_SUMS)
        if act == "transfer" and freeze.held and self.dice.random() < 0.5:
            amount = str(freeze.held)
        years, days = self.dice.choice(_TERMS)
        match act:
            case "renew":
                term = TermDemand(years=years, days=days)
                await self._try(act, freeze, self.town.renew(case, freeze.id, term))
            case "release":
                await self._try(act, freeze, self.town.release(case, freeze.id))
            case "part":
                amount = "1.00" if self.dice.random() < 0.7 else amount
                await self._try(act, freeze, self.town.release(case, freeze.id, amount))
            case _:
                await self._try(act, freeze, self.town.transfer(case, freeze.id, amount))

    async def _try(self, act: str, freeze: Seen | None, order: Awaitable[UUID]) -> None:
        """What the law forbids is refused, and changes nothing."""
        over = freeze is not None and freeze.ends_at is not None and freeze.ends_at <= self.clock.now()
        refused: ErrorCode | None = None
        try:
            await order
        except Refusal as refusal:
            refused = refusal.code
        assert refused is None or refused in _LAWFUL[act], (act, refused)
        if freeze is not None and refused is ErrorCode.FREEZE_ENDED:
            assert over or not freeze.live, "only what has ended is refused as ended"
        if freeze is not None and act == "renew" and refused is None:
            assert freeze.live, "nobody renews what has lapsed"
            assert not over
        self.took(f"{act} refused: {refused}" if refused else act)

    # What happens without the hub ----------------------------------------------------------------------------

    async def outside(self) -> None:
        agency = self.dice.choice(list(self.agencies.values()))
        if agency.model.kinds:
            act = self._act(agency, self.dice.choice(list(agency.model.kinds)))
            if act is not None:
                await agency.happen(act)
                self.took(type(act).__name__)

    def _act(self, agency: Agency, thing: str) -> BaseModel | None:
        live = agency.model.line(thing)
        others = [freeze.freeze_id for freeze in live if freeze.freeze_id.startswith("outside-")]
        amount = Decimal(self.dice.choice(_SUMS))
        acts = ("money_in", "money_out", "redemption", "freeze", "release", "renew", "sell")
        match self.dice.choices(acts, (6, 4, 1, 3, 3, 1, 0.3))[0]:
            case "freeze" if len(live) < _MOST_ON_A_THING:
                late = self.dice.choice((0, 0, 0, 1, 3_600, 40 * _DAY))
                return OtherCourtFreezes(
                    thing=thing,
                    limit=amount if agency.model.money(thing) and self.dice.random() < 0.7 else None,
                    term=Term(days=self.dice.choice((3, 40, 300))),
                    received_at=self.clock.now() - timedelta(seconds=late),
                )
            case "release" if others:
                return OtherCourtReleases(freeze_id=self.dice.choice(others))
            case "renew" if others:
                return OtherCourtRenews(freeze_id=self.dice.choice(others), term=Term(days=90))
            case "sell" if others:
                return ThingsAreSold(things=(thing,), freeze_id=others[0], extent=Extent.PART)
            case "money_in" | "money_out" | "redemption" as movement:
                return MoneyMoves(act=movement, thing=thing, amount=amount)
            case _:
                return None

    async def wait(self) -> None:
        """A while, or to the very instant at which something ends, where an error of one would show."""
        if self.dice.random() < 0.7:
            await self.deliver(1.0)
            await self.record_slow()
        now = self.clock.now()
        ends = sorted(one.ends_at for one in self.freezes.values() if one.live and one.ends_at)
        seconds = float(self.dice.choice((1, 3_600, _DAY, 20 * _DAY, 100 * _DAY)))
        if ends and self.dice.random() < 0.4:
            seconds = max(0.0, (ends[0] - now).total_seconds())
        await self.pass_time(seconds)


async def live(url: str, folder: Path, steps: int, seed: str) -> Counter[str]:
    """One life of so many steps on an empty, migrated database; what was done in it.

    Raises:
        AssertionError: hub, agencies and model do not agree; the seed finds the place again.
    """
    random.seed(seed)  # the hub's own jitter
    engine = create_engine(url, pool_size=2)
    vault = load_keys(Settings(data_dir=folder)).vault
    world = Life(Town(session_factory(engine), vault, ManualClock(START)), random.Random(seed))
    try:
        await world.begin()
        while world.steps < steps:
            await world.turn()
        await world.calm()
        await world.compare()
    finally:
        await world.aclose()
        await engine.dispose()
    return world.done


def _renamed(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def live_again_and_again(steps: int, seed: str) -> Counter[str]:
    """Lives of hub and agencies, each on a database of its own, until so many steps are taken."""
    done: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="liandong-proof-") as parent:
        folder = Path(parent)
        folder.chmod(0o711)  # as root, the server's account has to pass
        # What these lives prove does not depend on what survives a power cut.
        with (
            EmbeddedPostgres(
                folder / "postgres", settings={"fsync": "off", "full_page_writes": "off"}
            ) as url,
            psycopg.connect(libpq_url(url), autocommit=True) as connection,
        ):
            connection.execute("CREATE DATABASE made")
            schema.upgrade(_renamed(url, "made"))
            for number in range(-(-steps // LIFE)):
                connection.execute("CREATE DATABASE life TEMPLATE made STRATEGY file_copy")
                done += asyncio.run(live(_renamed(url, "life"), folder, LIFE, f"{seed}/{number}"))
                connection.execute("DROP DATABASE life WITH (FORCE)")
                _say(f"hub and agencies: {(number + 1) * LIFE} steps")
    return done


def run_register(steps: int, seed: int) -> Counter[str]:
    """The register alone against the model, with a word of progress now and then."""
    done: Counter[str] = Counter()
    for number in range(-(-steps // _WORD_EVERY)):
        done += measures_longrun.run(_WORD_EVERY, seed + number)
        _say(f"register: {(number + 1) * _WORD_EVERY} steps")
    return done


def _say(text: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')}  {text}, no difference\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--register-steps", type=int, default=800_000, help="of the register alone")
    parser.add_argument("--steps", type=int, default=200_000, help="of courts, hub and agencies together")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    began = time.monotonic()
    done = run_register(chosen.register_steps, chosen.seed)
    done += live_again_and_again(chosen.steps, str(chosen.seed))
    for name, count in sorted(done.items()):
        sys.stdout.write(f"{count:>9}  {name}\n")
    steps, seconds = chosen.register_steps + chosen.steps, time.monotonic() - began
    sys.stdout.write(f"{steps} steps, seed {chosen.seed}, no difference, {seconds:.0f} s\n")


if __name__ == "__main__":
    main()

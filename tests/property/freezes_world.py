"""A hub on a real database and agencies with all their books, in one process; between them a wire that the dice rule.

Messages get lost on either way, arrive twice, late and in any order; workers stand still with what they heard.
"""

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select

from app.adapters.contract import Decoded, WireReply
from app.adapters.liandong import wire
from app.adapters.signing_keys import SigningKey
from app.dispatch.agency_requests import AgencyCarrier
from app.dispatch.directory import Directory
from app.dispatch.errands import Errand, Outcome
from app.dispatch.housekeeping import Housekeeping
from app.errors import AgencyUnavailable, ExchangeError, OutcomeUnknown
from app.keys import HUB_KEY_ID
from app.linkage.answers import apply
from app.linkage.control.contents import thing_index
from app.linkage.control.reconciling import Listed, reconcile
from app.linkage.ledger import Ledger
from app.linkage.matters import lock_matters
from app.linkage.messages import Fate, Received
from app.measures.receipts import Rung
from app.measures.words import LIVE, MEASURED_IN_MONEY, ThingKind
from app.models import AgencyRequest, ClaimEntry, Freeze
from app.models.agency_request import ENDED
from app.models.claim import ClaimEntryKind
from app.models.freeze import HELD_SOMEWHERE, LIVE_FREEZES, FreezeState
from app.models.outbox import OutboxItem
from app.outbox.claim import claim
from app.sandbox.entries import Callback
from tests.property.freezes_agency import Agency, fen
from tests.property.freezes_town import AGENCIES, POPULATION, Town

LEASE = timedelta(seconds=20)
_AT_ONCE = 60
_ENDED_BY_AGENCY = frozenset({FreezeState.RELEASED, FreezeState.VOID, FreezeState.EXHAUSTED})


@dataclass(frozen=True, slots=True)
class Seen:
    """A freeze as the hub has it."""

    id: UUID
    case_id: UUID
    request_id: UUID
    agency: str
    kind: ThingKind
    identity: str
    state: FreezeState
    rank: int | None
    limit: Decimal | None
    held: Decimal | None
    balance: Decimal | None
    ends_at: datetime | None
    case_number: str

    @property
    def live(self) -> bool:
        return self.state in LIVE_FREEZES

    @property
    def said(self) -> tuple[object, ...]:
        return (self.state.value, self.rank, self.limit, self.held, self.ends_at, self.case_number)


def _as_said(rung: Rung) -> tuple[object, ...]:
    limit = rung.limit if isinstance(rung.limit, Decimal) else None
    return (rung.state.value, rung.rank, limit, rung.held, rung.ends_at, rung.case_number)


class World:
    """One life. Everything by chance comes from `dice`, so that a seed finds a life again."""

    def __init__(self, town: Town, dice: random.Random) -> None:
        self.town, self.dice, self.clock = town, dice, town.clock
        self.agencies = {
            code: Agency(code, kind, POPULATION, self.clock, dice) for code, kind in AGENCIES.items()
        }
        directory = Directory(SigningKey(HUB_KEY_ID, Ed25519PrivateKey.generate()), self.clock, Path())
        self.carrier = AgencyCarrier(town.vault, directory, self.clock)
        self.house = Housekeeping(town.sessions, town.vault, self.clock, _unguarded)
        self.slow: list[Outcome] = []
        """What workers that stand still have not recorded yet."""

        self.heard: list[tuple[str, Callback]] = []
        self.freezes: dict[UUID, Seen] = {}
        self.excused: set[UUID] = set()
        """Freezes that the hub's clock ended while a word of the agency was under way that said otherwise."""

        self.steps = 0
        self.done: Counter[str] = Counter()

    async def begin(self) -> None:
        await self.town.settle()
        for case in self.town.cases:
            await self.town.ask(case)
        await self.calm()
        await self.town.find_things()

    async def aclose(self) -> None:
        await self.carrier.aclose()
        for agency in self.agencies.values():
            await agency.aclose()

    def took(self, what: str, steps: int = 1) -> None:
        self.steps += steps
        self.done[what] += steps

    # On the wire ---------------------------------------------------------------------------------------------

    async def carry(self, *, smoothly: bool = False) -> int:
        """One round of a worker: claim, promise, exchange, record."""
        async with self.town.sessions.begin() as session:
            claimed = await claim(session, self.clock.now(), _AT_ONCE, LEASE)
            assert not claimed.spent
            errands = await self.carrier.promise(session, claimed.items, self.clock.now())
        outcomes = [await self._exchange(errand, smoothly=smoothly) for errand in errands]
        self.dice.shuffle(outcomes)
        recorded: list[Outcome] = []
        for outcome in outcomes:
            quick = smoothly or self.dice.random() < 0.9
            (recorded if quick else self.slow).append(outcome)
        await self._record(recorded)
        self.took("message carried", len(errands))
        return len(errands)

    async def record_slow(self) -> None:
        """What took too long belongs to somebody else by now, and is not recorded (P14)."""
        slow, self.slow = self.slow, []
        await self._record(slow)

    async def _record(self, outcomes: Sequence[Outcome]) -> None:
        if outcomes:
            async with self.town.sessions.begin() as session:
                await self.carrier.record(session, outcomes, self.clock.now())

    async def _exchange(self, errand: Errand, *, smoothly: bool) -> Outcome:
        sent_at = self.clock.now()
        reply: WireReply | None = None
        result: Decoded | ExchangeError
        try:
            reply = await self._reply(errand, "arrives" if smoothly else self._fate())
            result = errand.adapter.decode_reply(errand.message, reply)
        except ExchangeError as error:
            result = error
        return Outcome(errand, result, reply, sent_at, self.clock.now())

    def _fate(self) -> str:
        fates = ("arrives", "arrives twice", "reply is lost", "message is lost", "nobody is there")
        return self.dice.choices(fates, (70, 8, 10, 6, 6))[0]

    async def _reply(self, errand: Errand, fate: str) -> WireReply:
        self.done[fate] += 1
        if fate == "nobody is there":
            raise AgencyUnavailable("refused")
        if fate == "message is lost":
            raise OutcomeUnknown("reset")
        agency = self.agencies[errand.adapter.agency_code]
        reply = await agency.hear(errand.message)
        if fate == "arrives twice":
            again = await agency.hear(errand.message)
            assert again.status == reply.status, "the same message has the same reply"
        if fate == "reply is lost":
            raise OutcomeUnknown("timed_out")
        return reply

    async def deliver(self, share: float) -> None:
        """So much of what agencies say by themselves is taken in, in any order, some of it once more."""
        posts = [said for said in self.heard[-30:] if self.dice.random() < 0.05]
        self.took("message repeated", len(posts))
        for code, agency in self.agencies.items():
            kept: list[Callback] = []
            for callback in agency.outgoing:
                if self.dice.random() < share:
                    posts.append((code, callback))
                else:
                    kept.append(callback)
            agency.outgoing = kept
        self.dice.shuffle(posts)
        while posts:
            together = self.dice.choice((1, 30, 100))
            await self._take_in(posts[:together])
            posts = posts[together:]

    async def _take_in(self, posts: Sequence[tuple[str, Callback]]) -> None:
        now = self.clock.now()
        async with self.town.sessions.begin() as session:
            ledger = Ledger(self.town.vault)
            matters = await lock_matters(session, {callback.request_id for _, callback in posts})
            received = [self._received(code, callback) for code, callback in posts]
            receipts = await apply(session, ledger, matters, received)
            await ledger.write(session, now)
        assert {receipt.fate for receipt in receipts} == {Fate.APPLIED}, receipts
        self.heard += posts
        self.took("message taken in", len(posts))

    def _received(self, code: str, callback: Callback) -> Received:
        agency_id = self.town.agency_ids[code]
        adapter = self.carrier.directory.adapter(agency_id)
        assert adapter is not None
        decoded = adapter.decode_callback(wire.CONTENT_TYPE, callback.body)
        now = self.clock.now()
        return Received(agency_id, code, "callback", decoded, wire.CONTENT_TYPE, callback.body, None, now)

    async def calm(self) -> None:
        """Everything arrives, until nobody has anything to say any more."""
        while True:
            await self.record_slow()
            self.clock.advance(timedelta(seconds=31))
            carried = await self.carry(smoothly=True)
            await self.deliver(1.0)
            if not carried and not await self._waiting():
                return

    async def _waiting(self) -> int:
        async with self.town.sessions() as session:
            items = await session.scalar(select(func.count()).select_from(OutboxItem))
        return (items or 0) + sum(len(agency.outgoing) for agency in self.agencies.values())

    # Time ----------------------------------------------------------------------------------------------------

    async def pass_time(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        for agency in self.agencies.values():
            await agency.keep_time()
        await self.strike()
        self.took("time passed")

    async def strike(self) -> None:
        """The hub's clocks strike. What it did not hear yet may prove it wrong, and nothing else may."""
        now = self.clock.now()
        due = [one for one in self.freezes.values() if one.live and one.ends_at and one.ends_at <= now]
        unheard = await self._unheard() if due else set()
        struck = await self.house.strike_freeze_clocks()
        self.took("clock struck", struck)
        await self.look()
        for freeze in self.freezes.values():
            assert not freeze.live or freeze.ends_at is None or freeze.ends_at > now, "no silent lapse"
        for freeze in due:
            rung = self.rung(freeze)
            lapsed = self.freezes[freeze.id].state is FreezeState.LAPSED
            if lapsed and (rung is None or rung.state.value != FreezeState.LAPSED.value):
                assert freeze.request_id in unheard, "nothing lapses that the agency did not end"
                self.excused.add(freeze.id)

    async def _unheard(self) -> set[UUID]:
        """Requests of freezes about which a word is under way."""
        async with self.town.sessions() as session:
            rows = await session.execute(
                select(AgencyRequest.id, AgencyRequest.freeze_id, AgencyRequest.state)
            )
            requests = {request_id: (freeze_id, state) for request_id, freeze_id, state in rows}
        of_freeze = {freeze.id: freeze.request_id for freeze in self.freezes.values()}
        under_way = {request_id for request_id, (_, state) in requests.items() if state not in ENDED}
        under_way |= {one.request_id for agency in self.agencies.values() for one in agency.outgoing}
        followed = {requests[request_id][0] for request_id in under_way}
        return under_way | {of_freeze[freeze_id] for freeze_id in followed if freeze_id in of_freeze}

    # What must hold ------------------------------------------------------------------------------------------

    def rung(self, freeze: Seen) -> Rung | None:
        return self.agencies[freeze.agency].rung(freeze.request_id, freeze.identity)

    async def look(self) -> None:
        """At all freezes of the hub, at any moment: what has ended has ended, and nobody holds more than there is."""
        before, self.freezes = self.freezes, await self._read()
        for freeze in self.freezes.values():
            known, rung = before.get(freeze.id), self.rung(freeze)
            if known is not None and known.state not in HELD_SOMEWHERE:
                assert freeze.state is known.state, "what has ended never comes back"
            if freeze.state in _ENDED_BY_AGENCY:
                assert rung is not None
                assert rung.state not in LIVE, "no effect after the end"
            if freeze.state is FreezeState.NOT_EXECUTED:
                assert rung is None, "what never came about has no effect"
            if freeze.live:
                assert rung is not None, "an effect is at the agency, or it is none"
            if freeze.live and freeze.kind in MEASURED_IN_MONEY:
                assert freeze.held is not None
                assert freeze.limit is None or freeze.held <= freeze.limit
                assert freeze.balance is not None
                assert freeze.held <= freeze.balance

    async def _read(self) -> dict[UUID, Seen]:
        codes = {agency_id: code for code, agency_id in self.town.agency_ids.items()}
        names = {
            (code, thing_index(self.town.vault, code, ThingKind(kind), identity)): identity
            for code, agency in self.agencies.items()
            for identity, kind in agency.model.kinds.items()
        }
        async with self.town.sessions() as session:
            rows = await session.execute(
                select(
                    Freeze.id,
                    Freeze.case_id,
                    Freeze.request_id,
                    Freeze.agency_id,
                    Freeze.thing_kind,
                    Freeze.identity_index,
                    Freeze.state,
                    Freeze.rank,
                    Freeze.limit,
                    Freeze.held,
                    Freeze.balance,
                    Freeze.ends_at,
                    Freeze.case_number,
                ).order_by(Freeze.id)
            )
            return {
                freeze_id: Seen(
                    freeze_id,
                    case_id,
                    request_id,
                    codes[agency_id],
                    kind,
                    self._name(names, codes[agency_id], index),
                    *rest,
                )
                for freeze_id, case_id, request_id, agency_id, kind, index, *rest in rows
            }

    def _name(self, names: dict[tuple[str, bytes], str], code: str, index: bytes) -> str:
        """Before its order arrives, the agency has not opened the thing."""
        return names.get((code, index), "")

    async def compare(self) -> None:
        """When all is said: the hub has what the agencies have, and their lists show no more than what was excused."""
        await self.look()
        different = set()
        for freeze in self.freezes.values():
            rung = self.rung(freeze)
            assert freeze.state is not FreezeState.ORDERED, "everything is answered"
            if freeze.live or (rung is not None and rung.state in LIVE):
                same = rung is not None and freeze.said == _as_said(rung)
                assert same or freeze.id in self.excused, (freeze, rung)
                different |= set() if same else {freeze.id}
        for code in self.agencies:
            found = await self.reconcile(code)
            expected = [one for one in different if self.freezes[one].agency == code]
            assert found == len(expected), (code, found, expected)
        self.took("difference by the clock", len(different))
        await self._compare_money()

    async def reconcile(self, code: str) -> int:
        """The hub's mirror against the agency's list; how many differences were found."""
        agency = self.agencies[code]
        await agency.keep_time()
        adapter = self.carrier.directory.adapter(self.town.agency_ids[code])
        assert adapter is not None
        reply = await agency.hear(adapter.dialect.encode_live_list(self.town.agency_ids[code], None))
        page = adapter.decode_live_list(reply)
        assert not page.more
        listed = Listed(self.town.agency_ids[code], code, page.as_of, page.measures)
        async with self.town.sessions.begin() as session:
            outcome = await reconcile(session, self.town.vault, listed, self.clock.now())
        self.took("list compared")
        return outcome.differences

    async def _compare_money(self) -> None:
        """Every sum that left an account was booked to its order, once."""
        async with self.town.sessions() as session:
            rows = await session.execute(
                select(ClaimEntry.request_id, func.sum(ClaimEntry.amount))
                .where(ClaimEntry.kind == ClaimEntryKind.TRANSFER)
                .group_by(ClaimEntry.request_id)
            )
            booked = {request_id: fen(amount) for request_id, amount in rows}
        taken: Counter[UUID] = Counter()
        for agency in self.agencies.values():
            taken += agency.transferred
        assert booked == dict(taken)


async def _unguarded(work: Callable[[], Awaitable[int]], _: str) -> int:
    """A failure of the hub is one of the test."""
    return await work()

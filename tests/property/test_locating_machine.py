"""Looking out under late, repeated, reordered and contradicting messages of two agencies, and a clock that jumps.

Nobody is shown as held on a hit that no officer confirmed; no entry that has ended is active anywhere without being recalled;
and when the walk is over and all is said, every clock has ended in a recorded event.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from app.clock import ManualClock
from app.models import LocateEntry
from app.models.locating import (
    NEXT_CUSTODY,
    NEXT_ENTRY,
    NEXT_HIT,
    NEXT_LOCATE,
    OUT_OF_THE_WAY,
    UNDECIDED,
    CustodyState,
    EntryState,
    HitStage,
    HitState,
    LocateState,
)
from app.vocabulary import CustodyStage, EventType, HitDecision
from tests.property.locating_world import OnRecord, World, open_world

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
PLACES = st.integers(0, 50)
OFTEN = st.sampled_from([True, True, True, False])
"""Most walks go further, and most letters arrive at once: else few of them come to where something can go wrong."""

JUMPS = st.sampled_from(
    [
        timedelta(minutes=1),
        timedelta(minutes=11),
        timedelta(hours=3),
        timedelta(days=1),
        timedelta(days=25),
        timedelta(days=61),
    ]
)


class LocatingMachine(RuleBasedStateMachine):
    runner: asyncio.Runner
    world: World

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    @initialize(entered=OFTEN)
    def begin(self, entered: bool) -> None:  # noqa: FBT001 - drawn
        self.do(self.world.begin())
        if entered:
            for request in self.do(self.world.waiting()):
                self.do(self.world.carry(request, "do"))
            self.all_letters_arrive()

    def agency(self, place: int) -> UUID:
        agencies = sorted(self.world.police)
        return agencies[place % len(agencies)]

    # What happens -------------------------------------------------------------------------------------------------

    @rule(place=PLACES, how=st.sampled_from(["do", "do", "silent", "refuse"]))
    def a_request_arrives(self, place: int, how: str) -> None:
        waiting = self.do(self.world.waiting())
        if waiting:
            self.do(self.world.carry(waiting[place % len(waiting)], how))

    @rule(place=PLACES, twice=st.booleans())
    def a_letter_arrives(self, place: int, twice: bool) -> None:  # noqa: FBT001 - drawn
        if self.world.post:
            self.do(self.world.deliver(place % len(self.world.post), twice=twice))

    @rule()
    def all_letters_arrive(self) -> None:
        while self.world.post:
            self.do(self.world.deliver(0, twice=False))

    def last_letter_arrives(self) -> None:
        self.do(self.world.deliver(len(self.world.post) - 1, twice=False))

    @rule(place=PLACES, at_once=OFTEN)
    def he_is_seen(self, place: int, at_once: bool) -> None:  # noqa: FBT001 - drawn
        agency_id = self.agency(place)
        if self.do(self.was_sent(agency_id)):
            self.world.sight(agency_id)
            if at_once:
                self.last_letter_arrives()

    @rule(place=PLACES, hit=PLACES, at_once=OFTEN)
    def he_is_held_confirmed_or_not(self, place: int, hit: int, at_once: bool) -> None:  # noqa: FBT001 - drawn
        agency_id = self.agency(place)
        hits = self.world.police[agency_id].hits
        if hits:
            self.world.hold(agency_id, hits[hit % len(hits)])
            if at_once:
                self.last_letter_arrives()

    @rule(place=PLACES, hit=PLACES, stage=st.sampled_from([CustodyStage.HANDED_OVER, CustodyStage.RELEASED]))
    def he_is_let_go(self, place: int, hit: int, stage: CustodyStage) -> None:
        agency_id = self.agency(place)
        hits = self.world.police[agency_id].hits
        if hits:
            self.world.let_go(agency_id, hits[hit % len(hits)], stage)

    @rule(place=PLACES, at_once=OFTEN)
    def a_clerk_enters_it_after_all(self, place: int, at_once: bool) -> None:  # noqa: FBT001 - drawn
        agency_id = self.agency(place)
        if self.do(self.was_sent(agency_id)):
            self.world.enter_after_all(agency_id)
            if at_once:
                self.last_letter_arrives()

    @rule(place=PLACES, decision=st.sampled_from(HitDecision))
    def an_officer_decides(self, place: int, decision: HitDecision) -> None:
        hits = self.do(self.world.on_record()).hits
        if hits:
            self.do(self.world.judge(hits[place % len(hits)], decision))

    @rule()
    def an_officer_validates(self) -> None:
        self.do(self.world.validate())

    @rule(carried=OFTEN)
    def an_officer_recalls(self, carried: bool) -> None:  # noqa: FBT001 - drawn
        self.do(self.world.recall())
        self.do(self.world.strike())
        if carried:
            for request in self.do(self.world.waiting()):
                self.do(self.world.carry(request, "do"))
            self.all_letters_arrive()

    @rule(place=PLACES)
    def the_court_takes_over(self, place: int) -> None:
        held = self.do(self.world.on_record()).custodies
        if held:
            self.do(self.world.take_over(held[place % len(held)]))

    @rule(jump=JUMPS)
    def time_jumps(self, jump: timedelta) -> None:
        self.do(self.world.wait(jump))

    @rule()
    def the_clocks_strike(self) -> None:
        self.do(self.world.strike())

    async def was_sent(self, agency_id: UUID) -> bool:
        police = self.world.police[agency_id]
        return (await self.world.desk.request(police.request_id)).times_sent > 0

    # What must hold -----------------------------------------------------------------------------------------------

    @invariant()
    def nobody_is_held_or_looked_for_without_a_ground(self) -> None:
        if not self.world.police:
            return
        on_record = self.do(self.world.on_record())
        hits = {hit.id: hit for hit in on_record.hits}
        for custody in on_record.custodies:
            assert hits[custody.hit_id].state in {HitState.CONFIRMED, HitState.NOT_HIM}
            assert hits[custody.hit_id].decided_by is not None
        locate = on_record.locate
        if locate.state is LocateState.ENDED:
            assert all(gone(entry) for entry in on_record.entries)
        if locate.state is LocateState.RECALLING:
            assert locate.end_reason is not None
            assert locate.next_clock_at is not None
        # Where somebody can still be arrested the hub believes so, or the agency's own word is on its way.
        speaking = {request_id for request_id, _ in self.world.post}
        for entry in on_record.entries:
            police = self.world.police[entry.agency_id]
            assert not (police.active and gone(entry)) or police.request_id in speaking

    def teardown(self) -> None:
        if self.world.police:
            self.do(self.finish())

    async def finish(self) -> None:
        """All letters arrive, the ground is gone, every agency does as it is told: then nothing may be left over."""
        world = self.world
        await world.recall()
        for _ in range(12):
            while world.post:
                await world.deliver(0, twice=False)
            for request in await world.waiting():
                await world.carry(request, "do")
            await world.strike()
            await world.wait(timedelta(hours=25))
            last = await world.on_record()
            if is_over(last) and not world.post and not await world.waiting():
                break
        assert is_over(last)
        assert not any(police.active for police in world.police.values())
        assert all(gone(entry) for entry in last.entries)
        escalated = {event["hit_id"] for event in await world.told(EventType.HIT_ESCALATED)}
        assert {str(hit.id) for hit in last.hits if hit.stage is HitStage.ESCALATED} <= escalated
        told = await world.told(EventType.CUSTODY_CHANGED)
        changed = {(event["custody_id"], event["custody_state"]) for event in told}
        assert {(str(each.id), each.state.value) for each in last.custodies} <= changed


def is_over(last: OnRecord) -> bool:
    """Nothing waits for anything that only time or an agency could bring."""
    waiting = [hit for hit in last.hits if hit.state in UNDECIDED and hit.stage is not HitStage.ESCALATED]
    held = [custody for custody in last.custodies if custody.state is CustodyState.HELD]
    return last.locate.state in {LocateState.ENDED, LocateState.REFUSED} and not waiting and not held


def gone(entry: LocateEntry) -> bool:
    return entry.state in OUT_OF_THE_WAY and not entry.doubtful


def test_nobody_is_lost_and_nobody_is_held_without_a_word(database_url: str, tmp_path: Path) -> None:
    with asyncio.Runner() as runner_:
        stack = AsyncExitStack()
        clock = ManualClock(START)
        world_ = runner_.run(open_world(stack, database_url, tmp_path, clock))

        class Machine(LocatingMachine):
            runner = runner_
            world = world_

        try:
            run_state_machine_as_test(
                Machine,
                settings=settings(
                    max_examples=25,
                    stateful_step_count=30,
                    deadline=None,
                    # A walk is short enough to be read as it was found. To shrink one by real transactions takes
                    # many minutes: add `Phase.shrink` for the while, when it is wanted.
                    phases=(Phase.explicit, Phase.reuse, Phase.generate),
                    report_multiple_bugs=False,
                    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
                ),
            )
        finally:
            runner_.run(stack.aclose())


@pytest.mark.parametrize(
    ("table", "states"),
    [
        (NEXT_LOCATE, LocateState),
        (NEXT_ENTRY, EntryState),
        (NEXT_HIT, HitState),
        (NEXT_CUSTODY, CustodyState),
    ],
)
def test_every_state_has_its_row_and_none_leads_to_itself(table: Any, states: Any) -> None:
    assert set(table) == set(states)
    assert not [state for state, following in table.items() if state in following]


def test_only_a_confirmed_hit_can_be_taken_back_and_no_parked_one_revived() -> None:
    assert NEXT_HIT[HitState.CONFIRMED] == {HitState.NOT_HIM}
    assert not NEXT_HIT[HitState.PARKED]


def test_an_active_entry_ends_only_by_a_recall() -> None:
    assert NEXT_ENTRY[EntryState.ACTIVE] == {EntryState.RECALLING}
    assert EntryState.RECALLING in NEXT_ENTRY[EntryState.ENDED]

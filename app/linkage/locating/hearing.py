"""What holders say of their entries, of sightings and of who is held, applied to the requests of one transaction.

Everything is judged by the state of the request at this moment, whatever order messages come in. What cannot follow from
what is on record is kept beside it and becomes a task; an entry that shows up after its end is recalled again (P10).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.contract import Acknowledged, Answer, Posted, StatusReport
from app.adapters.locating import CustodyNotice, Hit, HitDecisionContent, RecallContent, WatchNotice
from app.adapters.profile import LookingOut
from app.audit.entry import Actor
from app.crypto import Vault
from app.linkage.control.contents import open_look_out
from app.linkage.ledger import Ledger
from app.linkage.locating.custodies import Held, take_custody
from app.linkage.locating.ending import HANDED_OVER, Ending, end
from app.linkage.locating.errands import Errands, close_errands
from app.linkage.locating.lookouts import Hand, LookOut, lock_look_outs
from app.linkage.locating.recalling import end_entry, finish, is_out_of_the_way, tell_of_entry
from app.linkage.locating.scene import Scene
from app.linkage.locating.sightings import take_hit
from app.linkage.matters import Matter
from app.models import Agency, AgencyRequest, Custody, LocateEntry, LocateHit, LocateRequest
from app.models.locating import (
    NEXT_ENTRY,
    UNDECIDED,
    CustodyState,
    EntryEnding,
    EntryState,
    HitState,
    LocateState,
)
from app.models.message import Disposition
from app.models.task import TaskKind
from app.vocabulary import LOOK_OUTS, ActorKind, AnswerState, EndReason, OrderKind

_HUB = Actor(ActorKind.HUB, "hand_over")
_TAKING = frozenset({TaskKind.TAKE_OVER, TaskKind.CUSTODY_LAPSED})
_NOT_HELD = frozenset({CustodyState.HANDED_OVER, CustodyState.RELEASED})


@dataclass(frozen=True, slots=True)
class Word:
    """One message, as it came in."""

    matter: Matter
    message_id: UUID
    row_id: UUID
    raw: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class LookOuts:
    """The requests to look out that the messages of one transaction are about, locked."""

    ledger: Ledger
    look_outs: Mapping[UUID, LookOut]
    entries: Mapping[UUID, LocateEntry]
    """By the request that they were entered by; all of each request to look out."""

    hits: dict[tuple[UUID, UUID], LocateHit]
    """Those named, by agency and its own id."""

    custodies: dict[UUID, Custody]
    """Of those hits."""

    limits: Mapping[UUID, timedelta]

    def is_being_recalled(self, request_id: UUID) -> bool:
        """Whether it is not to be sent again when its agency says that it never had it."""
        entry = self.entries.get(request_id)
        return entry is not None and self._of(entry).locate.state is not LocateState.LIVE

    def acknowledged(self, matter: Matter, at: datetime) -> None:
        entry = self.entries.get(matter.request.id)
        if entry is not None and entry.state is EntryState.REQUESTED:
            self._move(matter, entry, EntryState.ACCEPTED, at)

    def cancelled(self, matter: Matter, at: datetime) -> None:
        """Its agency never had it, or has taken it back before it was entered."""
        entry = self.entries.get(matter.request.id)
        if entry is not None and not is_out_of_the_way(entry):
            if EntryState.ENDED not in NEXT_ENTRY[entry.state]:
                return
            end_entry(self.ledger, matter, entry, EntryEnding.NEVER_ARRIVED, at)
            self._over(entry, at)

    def apply_answer(self, word: Word, answer: Answer) -> None:
        """Take over an answer that counts."""
        match word.matter.request.kind:
            case OrderKind.LOCATE:
                self._entered(word, answer)
            case OrderKind.RECALL if answer.state is AnswerState.EXECUTED:
                self._ended(word, answer)

    def set_aside(self, word: Word, answer: Answer) -> None:
        """An answer that came too late or contradicts: yet an entry may be there that we did not know of."""
        entry = self.entries.get(word.matter.request.id)
        if entry is None or answer.state is not AnswerState.EXECUTED:
            return
        scene = self._scene(word, entry)
        if scene.outlived_by(answer.as_of):
            scene.reappear("entered_after_its_end")

    def hear(self, word: Word, said: Hit | CustodyNotice) -> Disposition:
        entry = self.entries.get(word.matter.request.id)
        if entry is None:
            return Disposition.CONTRADICTING
        scene = self._scene(word, entry)
        if isinstance(said, Hit):
            return take_hit(scene, self.hits, said, word.row_id)
        hit = self.hits.get((word.matter.request.agency_id, said.hit_id))
        held = Held(
            hit,
            self.custodies.get(hit.id) if hit else None,
            self.limits[word.matter.request.agency_id],
        )
        return take_custody(scene, held, self.custodies, said)

    def is_carried_out(self, word: Word, notice: WatchNotice) -> bool:
        """Whether its agency may still tell of what it notices; one that goes on after the end is recalled again."""
        entry = self.entries.get(word.matter.request.id)
        if entry is None:
            return True
        scene = self._scene(word, entry)
        if scene.is_live and entry.state is not EntryState.REFUSED:
            return True
        if scene.outlived_by(notice.happened_at):
            scene.reappear(f"watch:{notice.kind}")
        return False

    async def settle(self, session: AsyncSession, at: datetime) -> None:
        """What follows when all is heard: who was handed over is not looked for any more."""
        done = [custody for custody in self.custodies.values() if custody.state in _NOT_HELD]
        if done:
            cases = {custody.case_id for custody in done}
            errands = Errands(cases, _TAKING, "custody_id", {custody.id for custody in done})
            for event in await close_errands(session, errands, at, "settled"):
                self.ledger.announce(event)
        over = {each.locate_id for each in done if each.state is CustodyState.HANDED_OVER}
        located = Ending(EndReason.LOCATED, HANDED_OVER)
        for event in await end(session, [self.look_outs[each] for each in over], located, Hand(_HUB, at)):
            self.ledger.announce(event)
        for hit in self.hits.values():
            ended = self.look_outs[hit.locate_id].locate.state is not LocateState.LIVE
            if ended and hit.state in UNDECIDED:
                hit.move_to(HitState.MOOT, at)  # reported in the very transaction in which it ended

    def _entered(self, word: Word, answer: Answer) -> None:
        entry = self.entries[word.matter.request.id]
        executed = answer.state is AnswerState.EXECUTED
        state = EntryState.ACTIVE if executed else EntryState.REFUSED
        if entry.state in {EntryState.REQUESTED, EntryState.ACCEPTED}:
            self._move(word.matter, entry, state, word.at)
            self._refused_by_all(entry, word.at)
            return
        scene = self._scene(word, entry)
        if executed and scene.outlived_by(answer.as_of):
            scene.reappear("entered_after_its_end")

    def _ended(self, word: Word, answer: Answer) -> None:
        assert word.matter.request.content is not None
        content = open_look_out(self.ledger.vault, OrderKind.RECALL, word.matter.request.content)
        assert isinstance(content, RecallContent)
        entry = self.entries[content.locate_request_id]
        if entry.state is EntryState.ENDED:
            return
        if entry.state is not EntryState.RECALLING:
            entry.move_to(EntryState.RECALLING, word.at)
        end_entry(self.ledger, word.matter, entry, EntryEnding.CONFIRMED, word.at)
        entry.ended_as_of = answer.as_of
        self._over(entry, word.at)

    def _over(self, entry: LocateEntry, at: datetime) -> None:
        look_out = self._of(entry)
        if look_out.locate.state is LocateState.RECALLING and all(
            map(is_out_of_the_way, self._siblings(entry))
        ):
            finish(self.ledger, look_out, at)

    def _refused_by_all(self, entry: LocateEntry, at: datetime) -> None:
        locate = self._of(entry).locate
        refused = (each.state is EntryState.REFUSED and not each.doubtful for each in self._siblings(entry))
        if locate.state is LocateState.LIVE and all(refused):
            locate.move_to(LocateState.REFUSED, at)
            locate.next_clock_at = None

    def _move(self, matter: Matter, entry: LocateEntry, state: EntryState, at: datetime) -> None:
        entry.move_to(state, at)
        tell_of_entry(self.ledger, matter, entry, Actor(ActorKind.AGENCY, matter.agency_code), at)

    def _of(self, entry: LocateEntry) -> LookOut:
        return self.look_outs[entry.locate_id]

    def _siblings(self, entry: LocateEntry) -> Iterable[LocateEntry]:
        return [each for each in self.entries.values() if each.locate_id == entry.locate_id]

    def _scene(self, word: Word, entry: LocateEntry) -> Scene:
        return Scene(self.ledger, word.matter, entry, self._of(entry), word.message_id, word.raw, word.at)


Said = Acknowledged | Answer | StatusReport | Posted


async def load_look_outs(
    session: AsyncSession, ledger: Ledger, matters: Iterable[Matter], said: Sequence[tuple[UUID, Said]]
) -> LookOuts | None:
    """All that these matters and messages (with their agencies) are about; None when it is nothing to do with looking out."""
    ours = [matter.request for matter in matters if matter.request.kind in LOOK_OUTS]
    if not ours:
        return None
    named = {_entered_by(ledger.vault, request) for request in ours}
    of_these = select(LocateEntry.locate_id).where(LocateEntry.request_id.in_(named))
    look_outs = await lock_look_outs(session, LocateRequest.id.in_(of_these))
    entries = await session.scalars(
        select(LocateEntry)
        .where(LocateEntry.locate_id.in_([each.locate.id for each in look_outs]))
        .order_by(LocateEntry.id)
        .execution_options(populate_existing=True)
    )
    keys = [(agency_id, word.hit_id) for agency_id, word in said if isinstance(word, Hit | CustodyNotice)]
    hits = await session.scalars(
        select(LocateHit)
        .where(tuple_(LocateHit.agency_id, LocateHit.agency_hit_id).in_(keys))
        .order_by(LocateHit.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    by_name = {(hit.agency_id, hit.agency_hit_id): hit for hit in hits}
    custodies = await session.scalars(
        select(Custody)
        .where(Custody.hit_id.in_([hit.id for hit in by_name.values()]))
        .order_by(Custody.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return LookOuts(
        ledger,
        {each.locate.id: each for each in look_outs},
        {entry.request_id: entry for entry in entries},
        by_name,
        {custody.hit_id: custody for custody in custodies},
        await _limits(session, {request.agency_id for request in ours}),
    )


def _entered_by(vault: Vault, request: AgencyRequest) -> UUID:
    """The request that the entry was entered by, which a recall and a decision cite."""
    if request.kind is OrderKind.LOCATE:
        return request.id
    assert request.content is not None
    content = open_look_out(vault, request.kind, request.content)
    assert isinstance(content, RecallContent | HitDecisionContent)
    return content.locate_request_id


async def _limits(session: AsyncSession, agency_ids: Collection[UUID]) -> dict[UUID, timedelta]:
    """How long each agency waits for the court to take over."""
    rows = await session.execute(
        select(Agency.id, Agency.settings["looking_out"]).where(Agency.id.in_(agency_ids))
    )
    return {agency_id: LookingOut.model_validate(stored or {}).hand_over_within for agency_id, stored in rows}

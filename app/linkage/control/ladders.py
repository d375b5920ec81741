"""The ladder of one thing: the hub's own freezes, and what the agency reported of others; unknown shown as unknown.

The agency's ranks are the truth (P6). A freeze of another court that was reported before ours stands ahead of ours; when
the agency's later word leaves no rank for it there, it has ended since. A rank ahead of which nobody said who holds it is
shown as unknown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.assets import BankAccount, RealEstate, TaxRecord, Vehicle, WealthProduct
from app.adapters.facts import Mortgage, PriorFreeze, PriorityRight, Seizure
from app.crypto import Vault
from app.errors import ErrorCode, Refusal
from app.linkage.acting import Acting
from app.linkage.control.found import FoundThing, find_thing
from app.masking import mask_name
from app.measures.ladder import Thing
from app.measures.register import Register
from app.measures.reported import ReportedFreeze, reported_register
from app.measures.terms import end_of
from app.measures.words import MEASURED_IN_MONEY, Reach
from app.models import Court, Freeze
from app.models.freeze import HELD_SOMEWHERE, LIVE_FREEZES, FreezeState
from app.vocabulary import SeizureKind

THING = "thing"
"""The name of the one thing in the register that a ladder makes."""

_WAITS = frozenset({SeizureKind.WAITING, SeizureKind.WAITING_ADVANCE})


class Source(StrEnum):
    OWN = "own"
    """A freeze of the acting court, through the hub."""

    OTHER_COURT = "other_court"
    """A freeze of another court, through the hub; shown as an agency would report it."""

    REPORTED = "reported"
    """What the agency reported when it was asked for assets."""

    UNKNOWN = "unknown"
    """Somebody holds this rank, and nobody said who."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One freeze. `limit` is None, with `reach` saying whether that is the whole thing or not known."""

    name: str
    """What a what-if calls it."""

    rank: int | None
    source: Source
    state: FreezeState
    reach: Reach | None
    limit: Decimal | None
    as_of: datetime
    freeze_id: UUID | None = None
    authority: str | None = None
    case_number: str | None = field(default=None, repr=False)
    held: Decimal | None = None
    received_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Right:
    """A mortgage or another right that is paid first. Who holds a right that is no mortgage is masked."""

    right: str
    holder: str = field(repr=False)
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class AssetLadder:
    thing: FoundThing
    rungs: tuple[Rung, ...]
    ended_since: tuple[Rung, ...]
    """Reported once, and contradicted by the agency's later word on ranks."""

    awaiting: tuple[UUID, ...]
    """The court's own freezes on it that the agency has not answered yet."""

    rights: tuple[Right, ...]
    balance: Decimal | None
    balance_as_of: datetime | None

    def register(self, at: datetime) -> Register:
        """The same, as a register to try things out on; what is not known stays unknown."""
        kind = self.thing.kind
        assert kind is not None
        in_money = kind in MEASURED_IN_MONEY
        freezes = [_reported(rung, in_money=in_money) for rung in self.rungs]
        return reported_register(Thing(THING, kind), self.balance if in_money else None, freezes, at)


async def ladder_of(session: AsyncSession, acting: Acting, vault: Vault, asset_id: UUID) -> AssetLadder:
    """Who stands where on the thing of this asset.

    Raises:
        Refusal: `not_found` for another court's asset as for one that does not exist; `not_freezable` for information.
    """
    thing = await find_thing(session, vault, acting.court_id, asset_id)
    if thing is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    index = thing.index(vault)
    if index is None:
        raise Refusal(ErrorCode.NOT_FREEZABLE)
    freezes = await _freezes_on(session, thing.asset.agency_id, index)
    live = [freeze for freeze in freezes if freeze.state in LIVE_FREEZES]
    rungs, ended = _placed(thing, live, acting)
    balance, as_of = _balance(thing, live)
    awaiting = [
        freeze.id
        for freeze in freezes
        if freeze.state is FreezeState.ORDERED and freeze.court_id == acting.court_id
    ]
    return AssetLadder(thing, rungs, ended, tuple(awaiting), tuple(_rights(thing)), balance, as_of)


class _OnThing(NamedTuple):
    """A freeze that went through the hub, in so far as a ladder shows it: there may be a thousand, so no whole rows."""

    id: UUID
    court_id: UUID
    court_name: str
    case_number: str
    state: FreezeState
    rank: int | None
    limit: Decimal | None
    held: Decimal | None
    balance: Decimal | None
    received_at: datetime | None
    ends_at: datetime | None
    agency_number: str | None
    reported_at: datetime | None
    state_at: datetime


async def _freezes_on(session: AsyncSession, agency_id: UUID, index: bytes) -> list[_OnThing]:
    """Of any court, by rank."""
    rows = await session.execute(
        select(
            Freeze.id,
            Freeze.court_id,
            Court.name,
            Freeze.case_number,
            Freeze.state,
            Freeze.rank,
            Freeze.limit,
            Freeze.held,
            Freeze.balance,
            Freeze.received_at,
            Freeze.ends_at,
            Freeze.agency_number,
            Freeze.reported_at,
            Freeze.state_at,
        )
        .join(Court, Court.id == Freeze.court_id)
        .where(
            Freeze.agency_id == agency_id,
            Freeze.identity_index == index,
            Freeze.state.in_(HELD_SOMEWHERE),
        )
        .order_by(Freeze.rank.nulls_last(), Freeze.received_at, Freeze.id)
    )
    return [_OnThing._make(row) for row in rows]


def _placed(
    thing: FoundThing, live: Sequence[_OnThing], acting: Acting
) -> tuple[tuple[Rung, ...], tuple[Rung, ...]]:
    ours = [_rung(freeze, acting.court_id) for freeze in live]
    by_rank = {rung.rank: rung for rung in ours if rung.rank is not None}
    as_of = thing.asset.as_of
    later = [rung.rank for rung in ours if rung.rank and rung.received_at and rung.received_at > as_of]
    below = min(later, default=None)
    ended = []
    for rung in _others(thing, live, acting.at):
        rank = _free_rank(rung.rank, by_rank, below)
        if rank is None:
            ended.append(rung)
        else:
            by_rank[rank] = _at_rank(rung, rank)
    for rank in range(1, max(by_rank, default=0)):
        by_rank.setdefault(rank, _unknown(rank, as_of))
    unranked = [rung for rung in ours if rung.rank is None]
    return (*(by_rank[rank] for rank in sorted(by_rank)), *unranked), tuple(ended)


def _free_rank(wanted: int | None, taken: dict[int, Rung], below: int | None) -> int | None:
    """The reported rank if nobody of ours has it, else the next free one; None when there is none ahead of ours."""
    rank = wanted or 1
    while rank in taken:
        rank += 1
    return rank if below is None or rank < below else None


def _rung(freeze: _OnThing, court_id: UUID) -> Rung:
    own = freeze.court_id == court_id
    return Rung(
        name=f"rank-{freeze.rank}" if freeze.rank else f"freeze-{freeze.id}",
        rank=freeze.rank,
        source=Source.OWN if own else Source.OTHER_COURT,
        state=freeze.state,
        reach=Reach.WHOLE if freeze.limit is None else None,
        limit=freeze.limit,
        as_of=freeze.reported_at or freeze.state_at,
        freeze_id=freeze.id if own else None,
        authority=freeze.court_name,
        case_number=freeze.case_number,
        held=freeze.held,
        received_at=freeze.received_at,
        ends_at=freeze.ends_at,
    )


def _others(thing: FoundThing, live: Sequence[_OnThing], now: datetime) -> Iterator[Rung]:
    """Freezes that did not come through the hub and have not run out, in the order in which they were reported."""
    case_numbers = {freeze.case_number for freeze in live}
    papers = {(freeze.court_name, freeze.agency_number) for freeze in live}
    match thing.facts:
        case BankAccount() | WealthProduct():
            for prior in sorted(thing.facts.prior_freezes, key=lambda each: each.rank or 10_001):
                if prior.case_number not in case_numbers:
                    yield from _not_run_out(_prior(prior, thing.asset.as_of), now)
        case RealEstate() | Vehicle():
            for seizure in sorted(thing.facts.seizures, key=lambda each: each.kind in _WAITS):
                if (seizure.authority, seizure.business_number) not in papers:
                    yield from _not_run_out(_seizure(seizure, thing.asset.as_of), now)
        case _:
            pass


def _not_run_out(rung: Rung, now: datetime) -> Iterator[Rung]:
    if rung.ends_at is None or rung.ends_at > now:
        yield rung


def _prior(prior: PriorFreeze, as_of: datetime) -> Rung:
    return Rung(
        name="",
        rank=prior.rank,
        source=Source.REPORTED,
        state=FreezeState.IN_FORCE if prior.rank == 1 else FreezeState.UNKNOWN,
        reach=Reach.UNKNOWN if prior.amount is None else None,
        limit=prior.amount,
        as_of=as_of,
        authority=prior.authority,
        case_number=prior.case_number,
        ends_at=end_of(prior.ends_on) if prior.ends_on else None,
    )


def _seizure(seizure: Seizure, as_of: datetime) -> Rung:
    return Rung(
        name="",
        rank=None,
        source=Source.REPORTED,
        state=FreezeState.WAITING if seizure.kind in _WAITS else FreezeState.IN_FORCE,
        reach=Reach.WHOLE,
        limit=None,
        as_of=as_of,
        authority=seizure.authority,
        ends_at=end_of(seizure.ends_on) if seizure.ends_on else None,
    )


def _unknown(rank: int, as_of: datetime) -> Rung:
    return Rung(
        name=f"rank-{rank}",
        rank=rank,
        source=Source.UNKNOWN,
        state=FreezeState.UNKNOWN,
        reach=Reach.UNKNOWN,
        limit=None,
        as_of=as_of,
    )


def _at_rank(rung: Rung, rank: int) -> Rung:
    return replace(rung, rank=rank, name=f"rank-{rank}")


def _rights(thing: FoundThing) -> Iterator[Right]:
    match thing.facts:
        case BankAccount() | WealthProduct():
            yield from (_priority(right) for right in thing.facts.priority_rights)
        case RealEstate() | Vehicle():
            yield from (_mortgage(mortgage) for mortgage in thing.facts.mortgages)
        case _:
            pass


def _priority(right: PriorityRight) -> Right:
    return Right(right.right, mask_name(right.holder), right.amount)


def _mortgage(mortgage: Mortgage) -> Right:
    return Right("mortgage", mortgage.mortgagee, mortgage.secured_amount)


def _balance(thing: FoundThing, freezes: Sequence[_OnThing]) -> tuple[Decimal | None, datetime | None]:
    """The newest word on what is there."""
    match thing.facts:
        case BankAccount():
            reported = thing.facts.balance
        case WealthProduct():
            reported = thing.facts.total_amount
        case TaxRecord():
            reported = thing.facts.refund_due
        case _:
            return None, None
    told = [(thing.asset.as_of, reported)]
    told += [
        (freeze.reported_at, freeze.balance)
        for freeze in freezes
        if freeze.reported_at is not None and freeze.balance is not None
    ]
    as_of, balance = max(told)
    return balance, as_of


def _reported(rung: Rung, *, in_money: bool) -> ReportedFreeze:
    # A freeze on money that is said to wait holds nothing; of one whose state nobody told this is not said.
    said_to_wait = rung.state is FreezeState.WAITING
    return ReportedFreeze(
        freeze_id=rung.name,
        case_number=rung.case_number or rung.name,
        in_force=not said_to_wait if in_money else rung.rank == 1,
        limit=rung.limit if rung.limit is not None else rung.reach or Reach.UNKNOWN,
        held=rung.held if in_money else None,
        received_at=rung.received_at,
        ends_at=rung.ends_at,
    )

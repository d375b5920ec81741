"""Fetches an agency's list of live freezes, page by page, and has it compared with the hub's mirror, daily (P18)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import any_, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.contract import Adapter
from app.adapters.measures import LiveMeasure
from app.adapters.transports.liaison import LIAISON
from app.clock import Clock
from app.crypto import Vault
from app.dispatch.directory import Directory
from app.errors import ExchangeError
from app.ids import new_id
from app.linkage.control.reconciling import RECONCILE, Listed, reconcile
from app.linkage.querying import agency_lane
from app.models import Agency, OutboxItem, Reconciliation
from app.outbox import breaker
from app.outbox.claim import Claim
from app.outbox.put import NewItem, put
from app.outbox.retry import next_attempt
from app.outbox.settle import bury, finish, hold, reschedule
from app.vocabulary import OrderKind

_EVERY = timedelta(hours=24)
_BACKOFF = (60.0, 600.0, 3600.0)
_MOST_ATTEMPTS = 12


async def schedule(session: AsyncSession, now: datetime) -> int:
    """Queue a comparison for each agency that takes freezes by an interface and was not compared within a day."""
    recent = exists().where(Reconciliation.agency_id == Agency.id, Reconciliation.at > now - _EVERY)
    queued = exists().where(OutboxItem.subject == Agency.id)
    agencies = await session.execute(
        select(Agency.id, Agency.code).where(
            Agency.active,
            Agency.transport != LIAISON,
            any_(Agency.capabilities) == OrderKind.FREEZE.value,
            ~recent,
            ~queued,
        )
    )
    items = [request_comparison(agency_id, code, now) for agency_id, code in agencies]
    await put(session, items, now)
    return len(items)


def request_comparison(agency_id: UUID, code: str, now: datetime) -> NewItem:
    return NewItem(
        lane=agency_lane(code),
        kind=RECONCILE,
        reference=agency_id,
        subject=agency_id,
        share=agency_id,
        run_at=now,
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    claim: Claim
    adapter: Adapter


@dataclass(frozen=True, slots=True)
class Fetched:
    comparison: Comparison
    result: Listed | ExchangeError = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReconciliationCarrier:
    vault: Vault
    directory: Directory
    clock: Clock
    kinds: frozenset[str] = frozenset({RECONCILE})

    async def promise(
        self, session: AsyncSession, claims: Sequence[Claim], now: datetime
    ) -> list[Comparison]:
        await self.directory.refresh(session, now)
        found = [(claim, self.directory.adapter(claim.reference)) for claim in claims]
        await finish(session, [claim.id for claim, adapter in found if adapter is None])
        return [Comparison(claim, adapter) for claim, adapter in found if adapter is not None]

    async def carry(self, promised: Comparison) -> Fetched:
        try:
            return Fetched(promised, await self._fetch(promised))
        except ExchangeError as error:
            return Fetched(promised, error)

    async def _fetch(self, promised: Comparison) -> Listed:
        """The pages of one list. Changes between two pages show as differences to no one: the oldest as-of time counts."""
        adapter, list_id = promised.adapter, new_id()
        measures: list[LiveMeasure] = []
        after: UUID | None = None
        as_of: datetime | None = None
        while True:
            message = adapter.dialect.encode_live_list(list_id, after)
            reply = await adapter.transport.exchange(message, attempt=1)
            page = adapter.decode_live_list(reply, after)
            measures += page.measures
            as_of = as_of or page.as_of
            if not page.more:
                return Listed(promised.claim.reference, adapter.agency_code, as_of, measures)
            after = page.measures[-1].request_id

    async def record(self, session: AsyncSession, carried: Sequence[Fetched], now: datetime) -> None:
        held = await hold(session, [fetched.comparison.claim for fetched in carried])
        ours = [fetched for fetched in carried if fetched.comparison.claim.id in held]
        for fetched in ours:
            if isinstance(fetched.result, Listed):
                await reconcile(session, self.vault, fetched.result, now)
                await finish(session, [fetched.comparison.claim.id])
            else:
                await _again(session, fetched.comparison.claim, fetched.result, now)
        lived = {fetched.comparison.claim.lane: [isinstance(fetched.result, Listed)] for fetched in ours}
        await breaker.report(session, lived, now)

    async def give_up(self, session: AsyncSession, spent: Sequence[Claim], now: datetime) -> None:
        """The dead letter on the operators' list says it; tomorrow's comparison waits for it to be replayed."""

    async def aclose(self) -> None:
        """The directory is the agency carrier's to close."""


async def _again(session: AsyncSession, claim: Claim, error: ExchangeError, now: datetime) -> None:
    run_at = next_attempt(
        claim.attempts, _BACKOFF, now, max_attempts=_MOST_ATTEMPTS, retry_after=None, jitter=1.0
    )
    if run_at is None:
        await bury(session, [(claim.id, error.reason)], now)
    else:
        await reschedule(session, [(claim.id, run_at, error.reason)])

"""Carries requests, status queries and cancellations to agencies."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.contract import Decoded, WireReply
from app.clock import Clock
from app.crypto import Vault
from app.dispatch.directory import Directory
from app.dispatch.errands import Errand, Outcome
from app.dispatch.promises import Promises
from app.dispatch.results import Results
from app.errors import ExchangeError
from app.linkage.cancelling import CANCEL
from app.linkage.ledger import Ledger
from app.linkage.matters import lock_matters
from app.linkage.parking import park_request
from app.linkage.querying import CARRY
from app.outbox.claim import ATTEMPTS_SPENT, Claim


@dataclass(frozen=True, slots=True)
class AgencyCarrier:
    vault: Vault
    directory: Directory
    clock: Clock
    kinds: frozenset[str] = frozenset({CARRY, CANCEL})

    async def promise(self, session: AsyncSession, claims: Sequence[Claim], now: datetime) -> list[Errand]:
        return await Promises(session, self.vault, self.directory, now).make(claims)

    async def carry(self, promised: Errand) -> Outcome:
        sent_at = self.clock.now()
        reply: WireReply | None = None
        result: Decoded | ExchangeError
        try:
            reply = await promised.adapter.transport.exchange(promised.message, attempt=promised.attempt)
            result = promised.adapter.decode_reply(promised.message, reply)
        except ExchangeError as error:
            result = error
        return Outcome(promised, result, reply, sent_at, self.clock.now())

    async def record(self, session: AsyncSession, carried: Sequence[Outcome], now: datetime) -> None:
        await Results(session, self.vault, self.directory, _jitter, now).record(carried)

    async def give_up(self, session: AsyncSession, spent: Sequence[Claim], now: datetime) -> None:
        """Every attempt ended without a result, as when a poison row kills its worker each time."""
        matters = await lock_matters(session, [claim.reference for claim in spent])
        ledger = Ledger(self.vault)
        for matter in matters.values():
            park_request(ledger, matter, ATTEMPTS_SPENT, now)
        await ledger.write(session, now)

    async def aclose(self) -> None:
        await self.directory.aclose()


def _jitter() -> float:
    """± 20 %, so that what failed together does not come back together."""
    return random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, keeps no secret

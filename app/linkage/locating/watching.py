"""主动反馈: what an agency tells without being asked, under a request that it carries out. A lead, never a state."""

import json
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.locating import WatchNotice
from app.crypto import Vault
from app.ids import new_id
from app.linkage.ledger import Ledger
from app.linkage.locating.scene import CLOCKS_DIFFER
from app.linkage.matters import Matter
from app.models import Case, WatchedFact
from app.models.agency_request import RequestState
from app.models.message import Disposition
from app.vocabulary import CaseStatus, EventType

_SEALED_FOR = "watch_notices.facts"
_OVER = frozenset({RequestState.REFUSED, RequestState.CANCELLED, RequestState.GIVEN_UP})


async def closed_cases(session: AsyncSession, case_ids: Collection[UUID]) -> Collection[UUID]:
    """Those of them in which nobody has to be told of anything any more."""
    rows = await session.scalars(
        select(Case.id).where(Case.id.in_(case_ids), Case.status == CaseStatus.CLOSED)
    )
    return set(rows)


def take_watch(
    ledger: Ledger, matter: Matter, notice: WatchNotice, row_id: UUID, at: datetime
) -> Disposition:
    """Keep it and tell the court; under a request that is not carried out, or of what is still to happen, only keep it."""
    request = matter.request
    if request.state in _OVER:
        return Disposition.LATE
    if notice.happened_at > at + CLOCKS_DIFFER:
        return Disposition.CONTRADICTING
    facts = json.dumps({"place": notice.place, "detail": notice.detail}, ensure_ascii=False)
    fact = WatchedFact(
        id=new_id(),
        court_id=request.court_id,
        case_id=request.case_id,
        party_id=request.party_id,
        agency_id=request.agency_id,
        request_id=request.id,
        message_id=row_id,
        kind=notice.kind,
        facts=ledger.vault.seal_text(facts, _SEALED_FOR),
        happened_at=notice.happened_at,
        received_at=at,
    )
    ledger.rows.append(fact)
    ledger.announce(
        matter.event(
            EventType.WATCH_NOTICED,
            watch_notice_id=str(fact.id),
            case_id=str(fact.case_id),
            kind=notice.kind.value,
            happened_at=notice.happened_at.isoformat(),
        )
    )
    return Disposition.APPLIED


def open_watched(vault: Vault, fact: WatchedFact) -> dict[str, str]:
    """Place and detail."""
    facts: dict[str, str] = json.loads(vault.open_text(fact.facts, _SEALED_FOR))
    return facts

"""What waited for a freeze to be answered: now it may go, or it has become needless (P5)."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.entry import Actor
from app.linkage.control.mirror import describe_freeze
from app.linkage.ledger import Ledger
from app.linkage.matters import Deed, Matter, lock_matters
from app.linkage.querying import CARRY, agency_lane
from app.models import AgencyRequest, Freeze
from app.models.agency_request import ENDED, RequestState
from app.models.freeze import HELD_SOMEWHERE, FreezeState
from app.outbox.put import NewItem, put
from app.vocabulary import ActorKind, AuditAction, EventType, OrderKind

_HUB = Actor(ActorKind.HUB, "control")


async def settle_freezes(
    session: AsyncSession, ledger: Ledger, matters: Collection[Matter], at: datetime
) -> None:
    """For freeze requests among `matters` that have ended: let go or cancel what waited for them.

    A freeze whose request was cancelled never came about. One that was given up may have: what follows it goes out, and
    the agency will say.
    """
    ended = {
        matter.request.id: matter
        for matter in matters
        if matter.request.kind is OrderKind.FREEZE and matter.request.state in ENDED
    }
    if not ended:
        return
    freezes = {
        freeze.id: freeze
        for freeze in await session.scalars(
            select(Freeze).where(Freeze.request_id.in_(ended)).order_by(Freeze.id).with_for_update()
        )
    }
    for freeze in freezes.values():
        matter = ended[freeze.request_id]
        if matter.request.state is RequestState.CANCELLED and freeze.state is FreezeState.ORDERED:
            freeze.why_not = RequestState.CANCELLED.value
            freeze.move_to(FreezeState.NOT_EXECUTED, at)
            ledger.announce(matter.event(EventType.FREEZE_CHANGED, **describe_freeze(freeze)))
    await _let_followers_go(session, ledger, freezes, at)


async def _let_followers_go(
    session: AsyncSession, ledger: Ledger, freezes: dict[UUID, Freeze], at: datetime
) -> None:
    waiting = (
        await session.scalars(
            select(AgencyRequest.id).where(
                AgencyRequest.freeze_id.in_(freezes),
                AgencyRequest.state == RequestState.QUEUED,
                AgencyRequest.times_sent == 0,
            )
        )
    ).all()
    items = []
    for follower in (await lock_matters(session, waiting)).values():
        assert follower.request.freeze_id is not None
        freeze = freezes[follower.request.freeze_id]
        if freeze.state in HELD_SOMEWHERE:
            items.append(_item(follower, freeze, at))
        else:
            _needless(ledger, follower, at)
    await put(session, items, at)


def _item(follower: Matter, freeze: Freeze, at: datetime) -> NewItem:
    return NewItem(
        lane=agency_lane(follower.agency_code),
        kind=CARRY,
        reference=follower.request.id,
        subject=freeze.request_id,
        share=follower.request.court_id,
        run_at=at,
    )


def _needless(ledger: Ledger, follower: Matter, at: datetime) -> None:
    """There is nothing at the agency that it could act on."""
    follower.request.move_to(RequestState.CANCELLED, at)
    ledger.note(follower, Deed(AuditAction.REQUEST_CANCELLED, _HUB, at, "nothing_to_act_on"))
    ledger.announce(follower.event(EventType.REQUEST_CANCELLED, reason="nothing_to_act_on"))

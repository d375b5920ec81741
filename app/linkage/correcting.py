"""更正: an agency takes an answer to an asset query back and gives another. Both stay readable; who relied on it is told.

A correction names the message that it corrects. It replaces that answer as a whole: what was reported there counts no more,
and what is reported now takes its place, with the as-of time of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.contract import Answer, Decoded, Posted
from app.crypto import Vault
from app.linkage.control.contents import open_parts
from app.linkage.control.tasks import About, NewTask, task_of
from app.linkage.ledger import Ledger
from app.linkage.matters import Matter
from app.models import AgencyAnswer, Asset, Freeze, LocateRequest, Message, Order
from app.models.locating import LocateState
from app.models.message import Direction, Disposition
from app.models.order import OrderStatus
from app.models.task import TaskKind
from app.vocabulary import AnswerState, EventType, OrderKind


@dataclass(frozen=True, slots=True)
class _Done:
    matter: Matter
    earlier: AgencyAnswer
    answer_id: UUID


@dataclass(frozen=True, slots=True)
class Corrections:
    """The answers that the messages of one transaction correct, locked with their requests."""

    ledger: Ledger
    earlier: Mapping[tuple[UUID, UUID], AgencyAnswer]
    """By request, and by the message that gave it."""

    done: list[_Done] = field(default_factory=list)

    def can(self, matter: Matter, answer: Answer) -> bool:
        """Whether what it corrects is an answer that counts, of this very request, and was not corrected before."""
        earlier = self._earlier(matter, answer)
        return earlier is not None and earlier.corrected_at is None

    def take(self, matter: Matter, answer: Answer, row_id: UUID, at: datetime) -> None:
        """Let the answer, which `can`, take the place of the earlier one."""
        earlier = self._earlier(matter, answer)
        assert earlier is not None
        earlier.corrected_at = at
        answer_id = self.ledger.answer(
            matter, answer, row_id, Disposition.APPLIED, at, corrects_id=earlier.id
        )
        self.ledger.assets(matter, answer, answer_id, at)
        if matter.request.final_part == 1 or answer.state is AnswerState.FOUND:
            matter.request.answer_state = answer.state
        self.done.append(_Done(matter, earlier, answer_id))

    def _earlier(self, matter: Matter, answer: Answer) -> AgencyAnswer | None:
        if answer.corrects is None:
            return None
        return self.earlier.get((matter.request.id, answer.corrects))

    async def settle(self, session: AsyncSession, at: datetime) -> None:
        """What was reported before counts no more, and whoever relied on it is told."""
        for done in self.done:
            gone = await session.scalars(
                update(Asset)
                .where(Asset.answer_id == done.earlier.id, Asset.superseded_at.is_(None))
                .values(superseded_at=at)
                .returning(Asset.id)
            )
            relied = await _who_relied(session, self.ledger.vault, done.matter, set(gone))
            self._tell(done, relied, at)

    def _tell(self, done: _Done, relied: "_Relied", at: datetime) -> None:
        data: dict[str, Any] = {
            "answer_id": str(done.answer_id),
            "corrects_id": str(done.earlier.id),
            "orders": [str(each) for each in relied.orders],
            "freezes": [str(each) for each in relied.freezes],
            "locate_requests": [str(each) for each in relied.locates],
        }
        if relied.orders:
            new = NewTask(About.request(done.matter.request), TaskKind.ANSWER_CORRECTED, data)
            self.ledger.rows.append(task_of(new, at))
        told = {name: data[name] for name in ("answer_id", "corrects_id")}
        self.ledger.announce(
            done.matter.event(EventType.ANSWER_CORRECTED, **told, relied_on_by=len(relied.orders))
        )


@dataclass(frozen=True, slots=True)
class _Relied:
    orders: Sequence[UUID]
    """Freezes ordered, or drafted, on what was reported."""

    freezes: Sequence[UUID]
    locates: Sequence[UUID]
    """Live requests for a vehicle under one of these freezes: its plate was in the report."""


async def load_corrections(
    session: AsyncSession, ledger: Ledger, said: Sequence[Decoded | Posted]
) -> Corrections | None:
    """None when nothing is corrected. The requests are locked by the caller."""
    named = {(word.request_id, word.corrects) for word in said if isinstance(word, Answer) and word.corrects}
    if not named:
        return None
    rows = await session.execute(
        select(AgencyAnswer, Message.message_id)
        .join(Message, Message.id == AgencyAnswer.message_id)
        .where(
            tuple_(AgencyAnswer.request_id, Message.message_id).in_(named),
            Message.direction == Direction.IN,
            AgencyAnswer.disposition == Disposition.APPLIED,
        )
        .execution_options(populate_existing=True)
    )
    return Corrections(ledger, {(row.request_id, message_id): row for row, message_id in rows if message_id})


async def _who_relied(session: AsyncSession, vault: Vault, matter: Matter, asset_ids: set[UUID]) -> _Relied:
    orders = await session.execute(
        select(Order.id, Order.content).where(
            Order.case_id == matter.request.case_id,
            Order.kind == OrderKind.FREEZE,
            Order.status != OrderStatus.REJECTED,
        )
    )
    relying = [
        order_id
        for order_id, content in orders
        if content is not None
        and any(
            not asset_ids.isdisjoint(part.asset_ids) for part in open_parts(vault, OrderKind.FREEZE, content)
        )
    ]
    freezes = (await session.scalars(select(Freeze.id).where(Freeze.order_id.in_(relying)))).all()
    locates = (
        await session.scalars(
            select(LocateRequest.id).where(
                LocateRequest.freeze_id.in_(freezes), LocateRequest.state == LocateState.LIVE
            )
        )
    ).all()
    return _Relied(relying, freezes, locates)

"""What must hold for an act on a freeze, when it is drafted and again when it is approved: time passes in between."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.measures import TransferContent
from app.crypto import Vault
from app.errors import ErrorCode, FieldError, Refusal
from app.linkage.control.claims import claim_book
from app.linkage.control.contents import Part, open_content
from app.linkage.control.excess import weigh
from app.linkage.control.exempting import guard_payment
from app.linkage.control.found import things_of_case
from app.measures.claims import transfer_cap
from app.measures.money import ZERO
from app.models import AgencyRequest, Case, Freeze
from app.models.agency_request import RequestState
from app.models.freeze import LIVE_FREEZES, FreezeState
from app.vocabulary import OrderKind

_BOOKED_OR_NOTHING_MOVED = frozenset({RequestState.ANSWERED, RequestState.REFUSED, RequestState.CANCELLED})
"""Of a transfer that is answered the claim's entry tells. Of one that was given up nobody knows: it counts as ordered."""


def guard_renewal(freeze: Freeze, at: datetime) -> None:
    """Only what is in effect can be renewed, and before its end (Seizure §27, Interpretation §485).

    Raises:
        Refusal: `freeze_ended`.
    """
    if freeze.state not in LIVE_FREEZES or (freeze.ends_at is not None and freeze.ends_at <= at):
        raise _refusal(
            ErrorCode.FREEZE_ENDED,
            "",
            "only a new freeze can be ordered (Seizure Rules §27)",
            "效力已消灭，只能重新办理（查扣冻规定 §27）",
        )


@dataclass(frozen=True, slots=True)
class Guard:
    """Judges by what is on record now. The caller has locked the case, so that no two acts are both the last that fits."""

    session: AsyncSession
    vault: Vault
    case: Case
    at: datetime

    async def transfer(self, freeze: Freeze, amount: Decimal) -> None:
        """Only what is in force for this case, and never more than is owed beside what is ordered already.

        Raises:
            Refusal: `freeze_not_in_force`, `funds_exempt`, `amount_beyond_held`, `amount_exceeds_claim` (Civil
                Procedure §253).
        """
        if freeze.state is not FreezeState.IN_FORCE:
            raise _refusal(
                ErrorCode.FREEZE_NOT_IN_FORCE, "", f"it is {freeze.state}", f"当前状态：{freeze.state}"
            )
        for thing in (await things_of_case(self.session, self.vault, self.case)).values():
            if (thing.asset.agency_id, thing.index(self.vault)) == (freeze.agency_id, freeze.identity_index):
                guard_payment(thing)
        ordered = await self._transfers_ordered()
        held = None if freeze.held is None else freeze.held - ordered.get(freeze.id, ZERO)
        if held is not None and amount > held:
            raise _refusal(ErrorCode.AMOUNT_BEYOND_HELD, "/amount", f"at most {held}", f"至多 {held}")
        owed = (await claim_book(self.session, self.case)).owed(self.at).total
        cap = transfer_cap(amount, owed, sum(ordered.values(), ZERO))
        if amount > cap:
            raise _refusal(
                ErrorCode.AMOUNT_EXCEEDS_CLAIM,
                "/amount",
                f"at most {cap} is owed beside what is ordered (Civil Procedure §253)",
                f"除已发出的扣划外，未履行金额为 {cap}（民事诉讼法 §253）",
            )

    async def excess(self, parts: Sequence[Part], note: str | None) -> None:
        """More than is owed needs the approver's reason (Seizure §19).

        Raises:
            Refusal: `reason_required`.
        """
        weighing = await weigh(self.session, self.case, parts, self.at)
        if note is None and (weighing.clear_excess or weighing.indivisible):
            raise _refusal(
                ErrorCode.REASON_REQUIRED,
                "/note",
                f"owed {weighing.owed}, secured {weighing.secured}, asked {weighing.asked}: "
                "say why nothing else suffices (Seizure Rules §19)",
                f"应履行 {weighing.owed}，已控制 {weighing.secured}，本次 {weighing.asked}："
                "请说明无其他可供执行财产的理由（查扣冻规定 §19）",
            )

    async def _transfers_ordered(self) -> dict[UUID, Decimal]:
        """By freeze: what is on its way to the court, or may be."""
        rows = await self.session.execute(
            select(AgencyRequest.freeze_id, AgencyRequest.content).where(
                AgencyRequest.case_id == self.case.id,
                AgencyRequest.kind == OrderKind.TRANSFER,
                AgencyRequest.state.not_in(_BOOKED_OR_NOTHING_MOVED),
            )
        )
        ordered: dict[UUID, Decimal] = {}
        for freeze_id, sealed in rows:
            assert freeze_id is not None
            assert sealed is not None
            content = open_content(self.vault, OrderKind.TRANSFER, sealed)
            assert isinstance(content, TransferContent)
            ordered[freeze_id] = ordered.get(freeze_id, ZERO) + content.amount
        return ordered


def _refusal(code: ErrorCode, pointer: str, en: str, zh: str) -> Refusal:
    return Refusal(code, FieldError(pointer, code.value, en, zh))

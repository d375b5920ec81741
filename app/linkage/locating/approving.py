"""The second officer's word on a request to look out; approved, it goes to every holder at once."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.crypto import Vault
from app.errors import ErrorCode, Refusal
from app.ids import new_id
from app.linkage.acting import Acting
from app.linkage.cases import find_case
from app.linkage.control.approving import (
    Issuing,
    Signature,
    decided,
    issue_parts,
    lock_draft,
    second_officer,
    sign,
)
from app.linkage.control.contents import open_parts
from app.linkage.control.demands import Approval
from app.linkage.control.drafting import open_case
from app.linkage.events import NewEvent, announce
from app.linkage.locating.drafting import ground_papers
from app.linkage.locating.ending import Ending, end
from app.linkage.locating.grounds import RULES, check_validity
from app.linkage.locating.lookouts import Hand, LookOut, lock_look_out, lock_look_outs
from app.linkage.locating.reading import find_locate
from app.linkage.locating.standing import grounds_of
from app.models import Case, LocateEntry, LocateRequest, Officer, Order
from app.models.locating import EntryState, LocateState
from app.models.outbox import Priority
from app.vocabulary import EndReason, EventType, OrderKind, Urgency

_SUPERSEDED = "由新的请求替代 · another request takes its place"


@dataclass(frozen=True, slots=True)
class Approving:
    session: AsyncSession
    acting: Acting
    vault: Vault
    revalidate_after: timedelta

    async def decide(self, locate_id: UUID, approval: Approval) -> LookOut:
        """Approve or refuse a drafted request.

        Raises:
            Refusal: `locate_request_unknown`, `state_forbids` when it was decided before, `approver_needed`,
                `same_officer`, `reason_required`; to approve also `case_closed`, `ground_gone`, `document_expired`.
        """
        session, acting = self.session, self.acting
        named = await find_locate(session, acting, locate_id)
        order = await lock_draft(session, acting, named.order_id, {OrderKind.LOCATE})
        approver = await second_officer(session, acting, order, approval)
        if approval.approve:
            case = await open_case(session, acting, order.case_id)
            look_out = await lock_look_out(session, acting, locate_id)
            await _judge_again(session, acting, case, look_out.locate, order)
        else:
            case = await find_case(session, acting, order.case_id)
            look_out = await lock_look_out(session, acting, locate_id)
        await sign(session, acting, case, order, Signature(approver, approval))
        events = [decided(order)]
        if approval.approve:
            await self._go_live(case, order, look_out.locate)
            events += await self._supersede(look_out.locate, approver)
        else:
            look_out.locate.move_to(LocateState.REJECTED, acting.at)
        await session.flush()
        events.append(look_out.event(EventType.LOCATE_CHANGED))
        await announce(session, events, acting.at)
        return look_out

    async def _go_live(self, case: Case, order: Order, locate: LocateRequest) -> None:
        assert order.content is not None
        parts = open_parts(self.vault, order.kind, order.content)
        priority = Priority.URGENT if locate.urgency is Urgency.URGENT else Priority.NORMAL
        issuing = Issuing(order, case, parts, priority=priority)
        requests = await issue_parts(self.session, self.acting, self.vault, issuing)
        at = self.acting.at
        self.session.add_all(
            LocateEntry(
                id=new_id(),
                court_id=locate.court_id,
                locate_id=locate.id,
                agency_id=part.agency_id,
                request_id=request_id,
                recalls=0,
                state=EntryState.REQUESTED,
                state_at=at,
                doubtful=False,
                created_at=at,
            )
            for part, request_id in zip(parts, requests, strict=True)
        )
        locate.move_to(LocateState.LIVE, at)
        locate.validated_at = at
        locate.revalidate_at = at + self.revalidate_after
        locate.next_clock_at = at

    async def _supersede(self, locate: LocateRequest, approver: Officer) -> list[NewEvent]:
        if locate.supersedes_id is None:
            return []
        before = await lock_look_outs(self.session, LocateRequest.id == locate.supersedes_id)
        ending = Ending(EndReason.SUPERSEDED, _SUPERSEDED, approver.work_permit_number)
        return await end(self.session, before, ending, Hand.of(self.acting, approver.work_permit_number))


async def _judge_again(
    session: AsyncSession, acting: Acting, case: Case, locate: LocateRequest, order: Order
) -> None:
    """What was lawful when it was drafted may not be any more: a paper expired, the debt was paid, the seal lifted."""
    rule = RULES[locate.ground]
    check_validity(rule, locate.valid_from, locate.valid_until, acting.at)
    await ground_papers(session, case, rule, order.document_ids, acting)
    gone = (await grounds_of(session, [locate])).gone(locate, acting.at)
    if gone is not None:
        raise Refusal(ErrorCode.GROUND_GONE, detail=gone.note)

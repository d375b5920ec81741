"""The second officer: what one drafted another approves, and only then it is sent."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.measures import FreezeContent, RenewalContent, TransferContent
from app.adapters.profile import Deadlines
from app.audit.record import record
from app.crypto import Vault
from app.errors import ErrorCode, Refusal
from app.ids import new_id
from app.linkage.acting import Acting
from app.linkage.callers import entry_of
from app.linkage.cases import find_case
from app.linkage.control.contents import Part, open_parts, seal_content, thing_index
from app.linkage.control.demands import Approval
from app.linkage.control.drafting import open_case, refusal
from app.linkage.control.guards import Guard, guard_renewal
from app.linkage.control.papers import check_papers
from app.linkage.courts import find_officer
from app.linkage.events import NewEvent, announce
from app.linkage.querying import CARRY, agency_lane
from app.linkage.witnessing import require_witnessed
from app.measures.terms import Term, day_in_china
from app.models import Agency, AgencyRequest, Case, Freeze, Officer, Order
from app.models.agency_request import ENDED, DeadlineStage, RequestState
from app.models.freeze import FreezeState
from app.models.order import OrderStatus
from app.models.outbox import Priority
from app.outbox.put import NewItem, put
from app.vocabulary import MEASURES, AuditAction, EventType, OfficerRole, OrderKind


async def decide(
    session: AsyncSession, acting: Acting, vault: Vault, order_id: UUID, approval: Approval
) -> Order:
    """Approve or refuse a drafted measure.

    Raises:
        Refusal: `not_found`, `state_forbids` when it was decided before, `approver_needed`, `same_officer`,
            `reason_required`; to approve also `case_closed`, and whatever forbids the measure by now.
    """
    order = await lock_draft(session, acting, order_id, MEASURES)
    approver = await second_officer(session, acting, order, approval)
    parts: Sequence[Part] = []
    if approval.approve:
        assert order.content is not None
        case = await open_case(session, acting, order.case_id)
        parts = open_parts(vault, order.kind, order.content)
        await _judge_again(Guard(session, vault, case, acting.at), order, parts, approval.note)
    else:
        case = await find_case(session, acting, order.case_id)
    await sign(session, acting, case, order, Signature(approver, approval))
    if approval.approve:
        await issue_parts(session, acting, vault, Issuing(order, case, parts))
    await announce(session, [decided(order)], acting.at)
    return order


async def lock_draft(
    session: AsyncSession, acting: Acting, order_id: UUID, kinds: Collection[OrderKind]
) -> Order:
    """The court's order of one of these kinds, which nobody has decided yet. Raises `Refusal`: `not_found`, `state_forbids`."""
    order = await session.scalar(
        select(Order)
        .where(Order.id == order_id, Order.court_id == acting.court_id, Order.kind.in_(kinds))
        .with_for_update()
    )
    if order is None or order.content is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    if order.status is not OrderStatus.AWAITING_APPROVAL:
        raise Refusal(ErrorCode.STATE_FORBIDS, detail=order.status.value)
    return order


async def second_officer(session: AsyncSession, acting: Acting, order: Order, approval: Approval) -> Officer:
    """Who decides: an approver of the court, not the one who drafted it. Refusing takes a reason.

    Raises:
        Refusal: `officer_unknown`, `officer_not_of_court`, `approver_needed`, `same_officer`, `reason_required`.
    """
    approver = await find_officer(session, acting.court_id, approval.officer)
    if approver.role is not OfficerRole.APPROVER:
        raise refusal(ErrorCode.APPROVER_NEEDED, "/officer", "name an approver", "请填写审批人员")
    if approver.id == order.officer_id:
        raise refusal(ErrorCode.SAME_OFFICER, "/officer", "another officer must approve", "须由另一人审批")
    if not approval.approve and approval.note is None:
        raise refusal(ErrorCode.REASON_REQUIRED, "/note", "say why it is refused", "请说明不同意的理由")
    return approver


@dataclass(frozen=True, slots=True)
class Signature:
    approver: Officer
    approval: Approval


async def sign(session: AsyncSession, acting: Acting, case: Case, order: Order, signature: Signature) -> None:
    """Write the second officer's word down, whichever it is. Raises `Refusal`: `log_not_witnessed`."""
    approver, approval = signature.approver, signature.approval
    if approval.approve:
        await require_witnessed(session, order.kind, acting.at)
    order.status = OrderStatus.ISSUED if approval.approve else OrderStatus.REJECTED
    order.approver_id = approver.id
    order.decided_at = acting.at
    order.decision_note = approval.note
    await session.flush()
    action = AuditAction.MEASURE_APPROVED if approval.approve else AuditAction.MEASURE_REJECTED
    entry = entry_of(
        acting,
        action,
        case_number=case.case_number,
        officer=approver.work_permit_number,
        purpose=approval.note or order.purpose,
        order_id=order.id,
        detail={"kind": order.kind.value},
    )
    await record(session, [entry])


def decided(order: Order) -> NewEvent:
    """What the court is told of the second officer's word."""
    approved = order.status is OrderStatus.ISSUED
    event_type = EventType.MEASURE_APPROVED if approved else EventType.MEASURE_REJECTED
    return NewEvent(order.court_id, event_type, order.id, None, {"kind": order.kind.value})


async def _judge_again(guard: Guard, order: Order, parts: Sequence[Part], note: str | None) -> None:
    """What was lawful when it was drafted may not be any more: a paper expired, a freeze lapsed, money came in."""
    await check_papers(guard.session, guard.case, order.kind, order.document_ids, day_in_china(guard.at))
    if order.kind is OrderKind.FREEZE:
        await guard.excess(parts, note)
        return
    for part in parts:
        freeze = await guard.session.get_one(Freeze, part.freeze_id)
        match part.content:
            case TransferContent(amount=amount):
                await guard.transfer(freeze, amount)
            case RenewalContent():
                guard_renewal(freeze, guard.at)


@dataclass(frozen=True, slots=True)
class Issuing:
    order: Order
    case: Case
    parts: Sequence[Part]
    clocks: Deadlines | None = None
    """Where nothing is given, each agency's own."""

    priority: Priority = Priority.NORMAL


async def issue_parts(session: AsyncSession, acting: Acting, vault: Vault, issuing: Issuing) -> list[UUID]:
    """Turn the parts of an order into requests and freezes, and put on the way what need not wait (P5)."""
    order = issuing.order
    clocks = {} if issuing.clocks else await _clocks(session, issuing.parts)
    requests: list[dict[str, Any]] = []
    freezes: list[dict[str, Any]] = []
    for part in issuing.parts:
        request_id = new_id()
        clock = issuing.clocks or clocks[part.agency_id]
        requests.append(
            {
                "id": request_id,
                "order_id": order.id,
                "kind": order.kind,
                "agency_id": part.agency_id,
                "court_id": order.court_id,
                "case_id": order.case_id,
                "party_id": part.party_id,
                "content": seal_content(vault, order.kind, part.content),
                "freeze_id": part.freeze_id,
                "state": RequestState.QUEUED,
                "state_at": acting.at,
                "due_at": acting.at + clock.answer_within,
                "give_up_at": acting.at + clock.give_up_after,
                "next_deadline": DeadlineStage.REMIND,
                "next_deadline_at": acting.at + clock.remind_after,
                "created_at": acting.at,
            }
        )
        if isinstance(part.content, FreezeContent):
            freezes += _freeze_rows(acting, vault, issuing, part, request_id)
    await session.execute(insert(AgencyRequest), requests)
    if freezes:
        await session.execute(insert(Freeze), freezes)
    items = [
        await follow_up_item(session, part, row["id"], acting)
        for part, row in zip(issuing.parts, requests, strict=True)
    ]
    ready = [replace(item, priority=issuing.priority) for item in items if item is not None]
    await put(session, ready, acting.at)
    return [row["id"] for row in requests]


def _freeze_rows(
    acting: Acting, vault: Vault, issuing: Issuing, part: Part, request_id: UUID
) -> list[dict[str, Any]]:
    content = part.content
    assert isinstance(content, FreezeContent)
    return [
        {
            "id": new_id(),
            "court_id": issuing.order.court_id,
            "case_id": issuing.order.case_id,
            "party_id": part.party_id,
            "agency_id": part.agency_id,
            "order_id": issuing.order.id,
            "request_id": request_id,
            "case_number": issuing.case.case_number,
            "thing_kind": target.kind,
            "identity_index": thing_index(vault, part.agency_code, target.kind, target.identity),
            "identity": vault.seal_text(target.identity, "freezes.identity"),
            "nature": content.nature,
            "limit": content.limit if not isinstance(content.limit, str) else None,
            "expected": part.expected,
            "term": iso_term(content.term),
            "state": FreezeState.ORDERED,
            "state_at": acting.at,
            "currency": content.currency,
            "created_at": acting.at,
        }
        for target in content.targets
    ]


def iso_term(term: Term) -> str:
    """ISO 8601: P1Y, P6M, P1Y6M10D."""
    pieces = ((term.years, "Y"), (term.months, "M"), (term.days, "D"))
    return "P" + "".join(f"{count}{unit}" for count, unit in pieces if count)


async def follow_up_item(
    session: AsyncSession, part: Part, request_id: UUID, acting: Acting
) -> NewItem | None:
    """The item that carries a request, or None while the freeze it is about has no answer: it must not overtake (P5).

    All that concerns one freeze is one subject, so that acts on it are carried in their order.
    """
    subject = part.behind or request_id
    if part.freeze_id is not None:
        freeze_request = (
            await session.execute(
                select(AgencyRequest.id, AgencyRequest.state)
                .join(Freeze, Freeze.request_id == AgencyRequest.id)
                .where(Freeze.id == part.freeze_id)
                .with_for_update(of=AgencyRequest)
            )
        ).one()
        if freeze_request.state not in ENDED:
            return None
        subject = freeze_request.id
    return NewItem(
        lane=agency_lane(part.agency_code),
        kind=CARRY,
        reference=request_id,
        subject=subject,
        share=acting.court_id,
        run_at=acting.at,
    )


async def _clocks(session: AsyncSession, parts: Sequence[Part]) -> dict[UUID, Deadlines]:
    rows = await session.execute(
        select(Agency.id, Agency.settings["deadlines"]).where(
            Agency.id.in_({part.agency_id for part in parts})
        )
    )
    return {agency_id: Deadlines.model_validate(stored or {}) for agency_id, stored in rows}

"""Drafting a freeze: lawful? within the claim? of the debtor? Nothing is sent before a second officer approves."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import any_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.kinds import KINDS
from app.adapters.measures import FreezeContent, Target
from app.audit.record import record
from app.crypto import Vault
from app.errors import ErrorCode, FieldError, Refusal
from app.ids import new_id
from app.linkage.acting import Acting
from app.linkage.callers import about, entry_of
from app.linkage.cases import find_case
from app.linkage.control.contents import Part, seal_parts
from app.linkage.control.demands import FreezeDemand, MeasureDemand, QueryAndFreeze, TermDemand, ThingToFreeze
from app.linkage.control.excess import refuse_excess, weigh
from app.linkage.control.exempting import Taken, guard_exempt, guard_living_cost
from app.linkage.control.found import YUAN, FoundThing, things_named
from app.linkage.control.papers import check_papers
from app.linkage.courts import find_officer
from app.measures.terms import LEGAL_MAXIMUM, Term, day_in_china, within_maximum
from app.measures.words import MEASURED_IN_MONEY, Nature, Reach, ThingKind
from app.models import Agency, Case, Officer, Order, Party
from app.models.order import OrderStatus
from app.vocabulary import (
    AuditAction,
    CaseStatus,
    OrderKind,
    PartyRole,
)

_KEEP_MONEY = [kind for kind, profile in KINDS.items() if not profile.controls.isdisjoint(MEASURED_IN_MONEY)]
"""A registry of houses cannot look up and freeze money."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What the officer answers for beside the measure itself."""

    scope: dict[str, str] = field(default_factory=dict)
    digests: tuple[tuple[str, str], ...] = ()


async def draft_freeze(session: AsyncSession, acting: Acting, vault: Vault, demand: FreezeDemand) -> Order:
    """A freeze order that waits for its approver.

    Raises:
        Refusal: with the rule that forbids it; nothing was changed.
    """
    case = await open_case(session, acting, demand.case_id)
    officer = await find_officer(session, acting.court_id, demand.officer)
    about(session, case_number=case.case_number, officer=demand.officer, purpose=demand.purpose)
    ruling = await check_papers(session, case, OrderKind.FREEZE, demand.documents, day_in_china(acting.at))
    drafter = _Drafter(vault, case, ruling, day_in_china(acting.at))
    parts = await _freeze_things(session, drafter, demand)
    for position, wanted in enumerate(demand.query_and_freeze):
        parts += await _query_and_freeze(session, drafter, wanted, f"/query_and_freeze/{position}")
    if not parts:
        raise Refusal(
            ErrorCode.INVALID_BODY,
            FieldError("/things", "missing", "name at least one thing", "请至少指明一项财产"),
        )
    weighing = await weigh(session, case, parts, acting.at)
    if weighing.clear_excess and demand.excess_reason is None:
        raise refuse_excess(weighing)
    return await store_draft(
        session, acting, vault, Draft(OrderKind.FREEZE, case, officer, demand, parts, _signed(demand))
    )


def _signed(demand: FreezeDemand) -> Signed:
    reason = {"excess_reason": demand.excess_reason} if demand.excess_reason else {}
    return Signed(reason, (("plan", demand.plan_sha256),) if demand.plan_sha256 else ())


async def open_case(session: AsyncSession, acting: Acting, case_id: UUID) -> Case:
    """The locked case; raises `Refusal`: `case_unknown`, `case_closed`."""
    case = await find_case(session, acting, case_id, lock=True)
    if case.status is not CaseStatus.OPEN:
        raise Refusal(ErrorCode.CASE_CLOSED)
    return case


@dataclass(frozen=True, slots=True)
class _Drafter:
    vault: Vault
    case: Case
    ruling: str
    today: date

    def freeze_thing(self, found: FoundThing, thing: ThingToFreeze, pointer: str) -> Part:
        assert found.kind is not None
        assert found.identity is not None
        limit = thing.limit if thing.limit is not None else Reach.WHOLE
        self._check_limit(found, limit, pointer)
        content = FreezeContent(
            targets=(Target(found.kind, found.identity),),
            limit=limit,
            currency=found.currency,
            term=check_term(found.kind, thing.term, self.today, f"{pointer}/term"),
            nature=self.nature,
            ruling_number=self.ruling,
        )
        return Part(
            found.asset.agency_id,
            found.agency_code,
            found.asset.party_id,
            content,
            asset_ids=(found.asset.id,),
            expected=found.money if found.kind in MEASURED_IN_MONEY else thing.estimated_value,
        )

    def freeze_money(self, agency: Agency, wanted: QueryAndFreeze, pointer: str) -> Part:
        content = FreezeContent(
            targets=(),
            limit=wanted.limit,
            currency="CNY",
            term=check_term(ThingKind.ACCOUNT, wanted.term, self.today, f"{pointer}/term"),
            nature=self.nature,
            ruling_number=self.ruling,
        )
        return Part(agency.id, agency.code, wanted.debtor_id, content)

    @property
    def nature(self) -> Nature:
        return Nature.PRESERVATION if self.case.type_code in {"执保", "财保"} else Nature.ENFORCEMENT

    def _check_limit(self, found: FoundThing, limit: Decimal | Reach, pointer: str) -> None:
        if found.kind not in MEASURED_IN_MONEY and limit is not Reach.WHOLE:
            raise refusal(
                ErrorCode.AMOUNT_INVALID,
                f"{pointer}/limit",
                "a thing is sealed as a whole",
                "该财产应整体查封",
            )
        if found.currency != YUAN and limit is not Reach.WHOLE:
            raise refusal(
                ErrorCode.AMOUNT_INVALID,
                f"{pointer}/limit",
                f"it holds {found.currency}, and limits are in yuan: freeze the whole account",
                f"该账户币种为 {found.currency}，限额以人民币计，请整户冻结",
            )
        if found.kind is ThingKind.ACCOUNT and limit is Reach.WHOLE and self.nature is Nature.PRESERVATION:
            raise refusal(
                ErrorCode.AMOUNT_INVALID,
                f"{pointer}/limit",
                "in preservation the exact sum must be stated (Preservation Rules §15)",
                "保全银行账户资金须明确具体冻结数额（财产保全规定 §15）",
            )


def check_term(kind: ThingKind, demand: TermDemand, today: date, pointer: str) -> Term:
    """The asked term, or the legal maximum; raises `Refusal(term_too_long)` (Interpretation §485)."""
    term = Term(demand.years, demand.months, demand.days)
    if not any(term):
        return LEGAL_MAXIMUM[kind]
    if not within_maximum(kind, today, term):
        raise refusal(
            ErrorCode.TERM_TOO_LONG,
            pointer,
            "at most 1 year for deposits, 2 for movables, 3 for real estate and other rights (Interpretation §485)",
            "存款不超过1年，动产不超过2年，不动产和其他财产权不超过3年（民诉法解释 §485）",
        )
    return term


async def _freeze_things(session: AsyncSession, drafter: _Drafter, demand: FreezeDemand) -> list[Part]:
    asset_ids = [thing.asset_id for thing in demand.things]
    for place, asset_id in enumerate(asset_ids):
        if asset_id in asset_ids[:place]:
            pointer = f"/things/{place}/asset_id"
            raise refusal(ErrorCode.INVALID_BODY, pointer, "it is listed twice", "重复列明同一财产")
    found = await things_named(session, drafter.vault, drafter.case, asset_ids)
    taken = [
        Taken(_freezable(found.get(thing.asset_id), f"/things/{place}"), thing.limit, f"/things/{place}")
        for place, thing in enumerate(demand.things)
    ]
    for each in taken:
        guard_exempt(each, demand.circumstances)
    await guard_living_cost(session, drafter.vault, drafter.case, taken, demand.circumstances)
    return [
        drafter.freeze_thing(each.thing, thing, each.pointer)
        for each, thing in zip(taken, demand.things, strict=True)
    ]


def _freezable(found: FoundThing | None, pointer: str) -> FoundThing:
    """Property of the debtor, as found in this case, at an agency that takes freezes (2013 Rules §7)."""
    place = f"{pointer}/asset_id"
    if found is None:
        raise refusal(ErrorCode.ASSET_UNKNOWN, place, "take it from the assets found", "请从查得财产中选择")
    if found.kind is None:
        raise refusal(
            ErrorCode.NOT_FREEZABLE, place, "this is information, not property", "该项是信息而非财产"
        )
    if found.belongs_to_another:
        raise refusal(
            ErrorCode.NOT_FREEZABLE,
            place,
            "the debtor may sign for it, but it is another's (2013 Rules §7)",
            "被执行人仅为授权签字人，该财产属于他人（2013年规定 §7）",
        )
    if not found.capable:
        raise refusal(
            ErrorCode.AGENCY_INCAPABLE, pointer, "its agency takes no freezes", "该单位不提供网络控制"
        )
    return found


async def _query_and_freeze(
    session: AsyncSession, drafter: _Drafter, wanted: QueryAndFreeze, pointer: str
) -> list[Part]:
    debtor = await session.scalar(
        select(Party.id).where(
            Party.id == wanted.debtor_id, Party.case_id == drafter.case.id, Party.role == PartyRole.DEBTOR
        )
    )
    if debtor is None:
        raise refusal(
            ErrorCode.NOT_A_DEBTOR, f"{pointer}/debtor_id", "name a debtor of this case", "请填写本案被执行人"
        )
    query = select(Agency).where(
        Agency.active,
        any_(Agency.capabilities) == OrderKind.FREEZE.value,
        Agency.kind.in_(_KEEP_MONEY),
    )
    chosen = wanted.agencies
    if chosen.codes:
        query = query.where(Agency.code.in_(chosen.codes))
    if chosen.kinds:
        query = query.where(Agency.kind.in_(chosen.kinds))
    agencies = (await session.scalars(query.order_by(Agency.code))).all()
    if not agencies or {agency.code for agency in agencies} < set(chosen.codes):
        raise refusal(
            ErrorCode.AGENCY_INCAPABLE,
            f"{pointer}/agencies",
            "not an active agency that keeps money and takes freezes",
            "不是可办理资金网络控制的单位",
        )
    return [drafter.freeze_money(agency, wanted, pointer) for agency in agencies]


@dataclass(frozen=True, slots=True)
class Draft:
    kind: OrderKind
    case: Case
    officer: Officer
    demand: MeasureDemand
    parts: Sequence[Part]
    signed: Signed = Signed()


async def store_draft(session: AsyncSession, acting: Acting, vault: Vault, draft: Draft) -> Order:
    order = Order(
        id=new_id(),
        kind=draft.kind,
        court_id=acting.court_id,
        case_id=draft.case.id,
        officer_id=draft.officer.id,
        client_id=acting.client_id,
        batch_id=None,
        purpose=draft.demand.purpose,
        legal_basis=draft.case.legal_basis,
        scope=draft.signed.scope,
        document_ids=list(draft.demand.documents),
        status=OrderStatus.AWAITING_APPROVAL,
        content=seal_parts(vault, draft.kind, list(draft.parts)),
        correlation_id=acting.correlation_id,
        created_at=acting.at,
    )
    session.add(order)
    await session.flush()
    indexes = await session.scalars(
        select(Party.number_index).where(Party.id.in_({part.party_id for part in draft.parts}))
    )
    await record(
        session,
        [
            entry_of(
                acting,
                AuditAction.MEASURE_DRAFTED,
                case_number=draft.case.case_number,
                officer=draft.officer.work_permit_number,
                purpose=draft.demand.purpose,
                subject_index=index,
                order_id=order.id,
                digests=draft.signed.digests,
                detail={"kind": draft.kind.value},
            )
            for index in indexes
        ],
    )
    return order


def refusal(code: ErrorCode, pointer: str, en: str, zh: str) -> Refusal:
    return Refusal(code, FieldError(pointer, code.value, en, zh))

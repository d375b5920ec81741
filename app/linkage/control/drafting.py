"""Drafting a freeze: lawful? within the claim? of the debtor? Nothing is sent before a second officer approves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import any_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.assets import Asset as Reported
from app.adapters.assets import BankAccount, thing_of
from app.adapters.measures import FreezeContent, Target
from app.audit.record import record
from app.crypto import Vault
from app.errors import ErrorCode, FieldError, Refusal
from app.ids import new_id
from app.linkage.acting import Acting
from app.linkage.callers import about, entry_of
from app.linkage.cases import find_case
from app.linkage.control.claims import standing_of
from app.linkage.control.contents import Part, seal_parts
from app.linkage.control.demands import FreezeDemand, MeasureDemand, QueryAndFreeze, TermDemand, ThingToFreeze
from app.linkage.control.papers import check_papers
from app.linkage.courts import find_officer
from app.linkage.findings import reported
from app.measures.terms import LEGAL_MAXIMUM, Term, within_maximum
from app.measures.words import Nature, Reach, ThingKind
from app.models import Agency, Asset, Case, Officer, Order, Party
from app.models.order import OrderStatus
from app.vocabulary import (
    AccountNature,
    AuditAction,
    CaseStatus,
    OrderKind,
    PartyRole,
)

_EXEMPT: dict[AccountNature, tuple[str, str]] = {
    AccountNature.SOCIAL_INSURANCE: (
        "social-insurance funds may not be appropriated (Social Insurance Law §64)",
        "社会保险基金专款专用（社会保险法 §64）",
    ),
    AccountNature.MIGRANT_WORKERS_WAGE: (
        "migrant workers' wage accounts may not be frozen (Regulation §33)",
        "农民工工资专用账户不得冻结（保障农民工工资支付条例 §33）",
    ),
    AccountNature.SUBSISTENCE: (
        "living costs of the debtor and dependants (Seizure Rules §3)",
        "被执行人及其所扶养家属的生活必需费用（查扣冻规定 §3）",
    ),
}


@dataclass(frozen=True, slots=True)
class _Found:
    asset: Asset
    facts: Reported
    agency_code: str
    capable: bool


async def draft_freeze(session: AsyncSession, acting: Acting, vault: Vault, demand: FreezeDemand) -> Order:
    """A freeze order that waits for its approver.

    Raises:
        Refusal: with the rule that forbids it; nothing was changed.
    """
    case = await open_case(session, acting, demand.case_id)
    officer = await find_officer(session, acting.court_id, demand.officer)
    about(session, case_number=case.case_number, officer=demand.officer, purpose=demand.purpose)
    ruling = await check_papers(session, case, OrderKind.FREEZE, demand.documents, acting.at.date())
    drafter = _Drafter(vault, case, ruling, acting.at.date())
    found = await _assets(session, vault, case, [thing.asset_id for thing in demand.things])
    parts = [
        drafter.freeze_thing(found.get(thing.asset_id), thing, f"/things/{position}")
        for position, thing in enumerate(demand.things)
    ]
    for position, wanted in enumerate(demand.query_and_freeze):
        parts += await _query_and_freeze(session, drafter, wanted, f"/query_and_freeze/{position}")
    if not parts:
        raise Refusal(
            ErrorCode.INVALID_BODY,
            FieldError("/things", "missing", "name at least one thing", "请至少指明一项财产"),
        )
    await _guard_excess(session, case, parts, demand.excess_reason)
    return await store_draft(session, acting, vault, Draft(OrderKind.FREEZE, case, officer, demand, parts))


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

    def freeze_thing(self, found: _Found | None, thing: ThingToFreeze, pointer: str) -> Part:
        if found is None:
            raise refusal(
                ErrorCode.ASSET_UNKNOWN,
                f"{pointer}/asset_id",
                "take it from the assets found",
                "请从查得财产中选择",
            )
        if not found.capable:
            raise refusal(
                ErrorCode.AGENCY_INCAPABLE, pointer, "its agency takes no freezes", "该单位不提供网络控制"
            )
        named = thing_of(found.facts)
        if named is None:
            raise refusal(
                ErrorCode.NOT_FREEZABLE,
                f"{pointer}/asset_id",
                "this is information, not property",
                "该项是信息而非财产",
            )
        kind, identity = named
        if isinstance(found.facts, BankAccount) and found.facts.nature in _EXEMPT:
            en, zh = _EXEMPT[found.facts.nature]
            raise refusal(ErrorCode.FUNDS_EXEMPT, f"{pointer}/asset_id", en, zh)
        limit = thing.limit if thing.limit is not None else Reach.WHOLE
        self._check_limit(kind, limit, pointer)
        content = FreezeContent(
            targets=(Target(kind, identity),),
            limit=limit,
            currency="CNY",
            term=check_term(kind, thing.term, self.today, f"{pointer}/term"),
            nature=self.nature,
            ruling_number=self.ruling,
        )
        return Part(
            found.asset.agency_id,
            found.agency_code,
            found.asset.party_id,
            content,
            asset_ids=(found.asset.id,),
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

    def _check_limit(self, kind: ThingKind, limit: Decimal | Reach, pointer: str) -> None:
        by_things = kind in {ThingKind.REAL_ESTATE, ThingKind.VEHICLE}
        if by_things and limit is not Reach.WHOLE:
            raise refusal(
                ErrorCode.AMOUNT_INVALID,
                f"{pointer}/limit",
                "a thing is sealed as a whole",
                "该财产应整体查封",
            )
        if kind is ThingKind.ACCOUNT and limit is Reach.WHOLE and self.nature is Nature.PRESERVATION:
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


async def _assets(session: AsyncSession, vault: Vault, case: Case, ids: Sequence[UUID]) -> dict[UUID, _Found]:
    """Of this case only: measures never touch anyone but its debtor (2013 Rules §7)."""
    rows = await session.execute(
        select(Asset, Agency.code, Agency.capabilities)
        .join(Agency, Agency.id == Asset.agency_id)
        .where(Asset.case_id == case.id, Asset.id.in_(ids), Agency.active)
    )
    return {
        asset.id: _Found(asset, reported(vault, asset), code, OrderKind.FREEZE in capabilities)
        for asset, code, capabilities in rows
    }


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
    query = select(Agency).where(Agency.active, any_(Agency.capabilities) == OrderKind.FREEZE.value)
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
            "not an active agency that takes freezes",
            "不是可办理网络控制的单位",
        )
    return [drafter.freeze_money(agency, wanted, pointer) for agency in agencies]


async def _guard_excess(session: AsyncSession, case: Case, parts: Sequence[Part], reason: str | None) -> None:
    """No clear excess over claim plus costs, unless the thing is indivisible and nothing else suffices (Seizure §19)."""
    standing = await standing_of(session, case)
    limits = [part.content.limit for part in parts if isinstance(part.content, FreezeContent)]
    asked = sum((limit for limit in limits if isinstance(limit, Decimal)), Decimal(0))
    if standing.secured + asked > standing.outstanding and reason is None:
        raise refusal(
            ErrorCode.AMOUNT_EXCEEDS_CLAIM,
            "/things",
            f"outstanding {standing.outstanding}, secured {standing.secured}, asked {asked}; "
            "lower the limits, or give excess_reason (Seizure Rules §19)",
            f"未履行 {standing.outstanding}，已控制 {standing.secured}，本次 {asked}；"
            "请调低限额，或说明理由 excess_reason（查扣冻规定 §19）",
        )


@dataclass(frozen=True, slots=True)
class Draft:
    kind: OrderKind
    case: Case
    officer: Officer
    demand: MeasureDemand
    parts: Sequence[Part]


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
        scope={},
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
                detail={"kind": draft.kind.value},
            )
            for index in indexes
        ],
    )
    return order


def refusal(code: ErrorCode, pointer: str, en: str, zh: str) -> Refusal:
    return Refusal(code, FieldError(pointer, code.value, en, zh))

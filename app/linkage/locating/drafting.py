"""Drafting a request to look out: on a ground that allows it, for a debtor of the case, or for the car it has sealed.

Nothing is sent before a second officer approves.
"""

from collections.abc import Sequence
from datetime import UTC
from uuid import UUID

from sqlalchemy import ARRAY, String, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.assets import Vehicle
from app.adapters.kinds import KINDS
from app.adapters.locating import LocateContent, WantedVehicle
from app.crypto import Vault
from app.errors import ErrorCode, FieldError, Refusal
from app.ids import new_id
from app.linkage.acting import Acting
from app.linkage.callers import about
from app.linkage.control.contents import Part
from app.linkage.control.drafting import Draft, open_case, refusal, store_draft
from app.linkage.control.found import things_of_case
from app.linkage.control.papers import check_complete, papers_named
from app.linkage.courts import find_officer
from app.linkage.demand import AgencySelection
from app.linkage.locating.demands import LocateDemand
from app.linkage.locating.grounds import Rule, check_ground, check_validity
from app.measures.terms import day_in_china, end_of
from app.measures.words import ThingKind
from app.models import Agency, Case, Document, Freeze, LocateRequest, Party, Referral
from app.models.coercion import WITHOUT_WARRANT
from app.models.freeze import FreezeState
from app.models.locating import LocateState
from app.vocabulary import (
    LOOK_OUTS,
    DocumentKind,
    LocateGround,
    OrderKind,
    PartyKind,
    PartyRole,
    Wanted,
)


async def draft_locate(
    session: AsyncSession, acting: Acting, vault: Vault, demand: LocateDemand
) -> LocateRequest:
    """A request that waits for its approver.

    Raises:
        Refusal: with the rule that forbids it; nothing was changed.
    """
    case = await open_case(session, acting, demand.case_id)
    officer = await find_officer(session, acting.court_id, demand.officer)
    about(session, case_number=case.case_number, officer=demand.officer, purpose=demand.purpose)
    wanted = Wanted.PERSON if demand.freeze_id is None else Wanted.VEHICLE
    rule = check_ground(demand.ground, wanted, demand.action)
    valid_from = demand.valid_from or acting.at
    check_validity(rule, valid_from, demand.valid_until, acting.at)
    party = await find_debtor(session, case, demand.debtor_id)
    if wanted is Wanted.PERSON and party.kind is not PartyKind.PERSON:
        raise refusal(
            ErrorCode.NOT_A_DEBTOR, "/debtor_id", "an organisation cannot be met", "单位不能作为查找对象"
        )
    papers = await ground_papers(session, case, rule, _papers(demand), acting)
    _within_paper(_of_kind(papers, rule.paper), demand)
    freeze, vehicle = await _vehicle(session, vault, case, party, demand)
    referral = await _referral(session, case, party, demand.ground, papers)
    await _not_twice(session, case, party, demand)
    content = LocateContent(
        ground=demand.ground,
        ground_number=_of_kind(papers, rule.paper).document_number,
        action=demand.action,
        urgency=demand.urgency,
        duty_phone=demand.duty_phone,
        valid_from=valid_from.astimezone(UTC),
        valid_until=demand.valid_until.astimezone(UTC),
        vehicle=vehicle,
        last_known_places=demand.last_known_places,
        phones=demand.phones,
        photo_sha256=_of_kind(papers, DocumentKind.PHOTO).sha256.hex() if demand.photo else None,
        note=demand.note or "",
    )
    agencies = await _holders(session, demand.agencies, wanted)
    parts = [Part(agency.id, agency.code, party.id, content) for agency in agencies]
    with_photo = demand.model_copy(update={"documents": _papers(demand)})
    order = await store_draft(
        session, acting, vault, Draft(OrderKind.LOCATE, case, officer, with_photo, parts)
    )
    locate = LocateRequest(
        id=new_id(),
        court_id=case.court_id,
        case_id=case.id,
        party_id=party.id,
        order_id=order.id,
        freeze_id=freeze.id if freeze else None,
        referral_id=referral.id if referral else None,
        supersedes_id=demand.supersedes,
        wanted=wanted,
        ground=demand.ground,
        ground_number=content.ground_number,
        action=demand.action,
        urgency=demand.urgency,
        valid_from=content.valid_from,
        valid_until=content.valid_until,
        state=LocateState.AWAITING_APPROVAL,
        state_at=acting.at,
        created_at=acting.at,
    )
    session.add(locate)
    await session.flush()
    return locate


def _papers(demand: LocateDemand) -> tuple[UUID, ...]:
    """Those that travel with the request; the photo is one of them."""
    photo = (demand.photo,) if demand.photo and demand.photo not in demand.documents else ()
    return demand.documents + photo


async def ground_papers(
    session: AsyncSession, case: Case, rule: Rule, named: Sequence[UUID], acting: Acting
) -> Sequence[Document]:
    """The paper of the ground and the notice that carries it.

    Raises:
        Refusal: `document_unknown`, `document_missing`, `document_expired`.
    """
    papers = await papers_named(session, case, named)
    check_complete(papers, frozenset({rule.paper, DocumentKind.ENFORCEMENT_NOTICE}), day_in_china(acting.at))
    return papers


def _within_paper(paper: Document, demand: LocateDemand) -> None:
    """Once its paper has run out nobody may be held on it: the request must end before, or with it."""
    if paper.valid_until is not None and demand.valid_until > end_of(paper.valid_until):
        raise refusal(
            ErrorCode.TERM_TOO_LONG,
            "/valid_until",
            f"not longer than its paper, {paper.valid_until}",
            f"不得超过依据文书的有效期（{paper.valid_until}）",
        )


def _of_kind(papers: Sequence[Document], kind: DocumentKind) -> Document:
    paper = next((paper for paper in papers if paper.kind is kind), None)
    if paper is None:
        raise refusal(
            ErrorCode.DOCUMENT_WRONG_KIND, "/photo", f"file it as a {kind}", f"该文书的种类应为 {kind}"
        )
    return paper


async def find_debtor(session: AsyncSession, case: Case, debtor_id: UUID) -> Party:
    """Measures never touch anyone else (2013 Rules §7). Raises `Refusal(not_a_debtor)`."""
    party: Party | None = await session.scalar(
        select(Party).where(Party.id == debtor_id, Party.case_id == case.id, Party.role == PartyRole.DEBTOR)
    )
    if party is None:
        raise refusal(
            ErrorCode.NOT_A_DEBTOR, "/debtor_id", "name a debtor of this case", "请填写本案被执行人"
        )
    about(session, subject_index=party.number_index)
    return party


async def _vehicle(
    session: AsyncSession, vault: Vault, case: Case, party: Party, demand: LocateDemand
) -> tuple[Freeze | None, WantedVehicle | None]:
    """The car under its seal. Waiting behind another court's seal is not sealed by this case (Property Investigation §16)."""
    if demand.freeze_id is None:
        return None, None
    freeze = await session.scalar(
        select(Freeze).where(
            Freeze.id == demand.freeze_id, Freeze.case_id == case.id, Freeze.party_id == party.id
        )
    )
    if freeze is None or freeze.thing_kind is not ThingKind.VEHICLE or not is_sealed(freeze):
        raise not_sealed()
    if freeze.ends_at is not None and freeze.ends_at < demand.valid_until:
        raise refusal(
            ErrorCode.TERM_TOO_LONG,
            "/valid_until",
            "not longer than the seal: renew it first",
            "不得超过查封期限，请先续封",
        )
    vin = vault.open_text(freeze.identity, "freezes.identity")
    for found in (await things_of_case(session, vault, case)).values():
        if isinstance(found.facts, Vehicle) and found.identity == vin:
            facts = found.facts
            return freeze, WantedVehicle(facts.plate_number, facts.plate_class, facts.vin)
    raise refusal(
        ErrorCode.ASSET_UNKNOWN,
        "/freeze_id",
        "its plate is not known: ask the vehicle registry first",
        "号牌信息不明，请先向车辆登记机关查询",
    )


def is_sealed(freeze: Freeze) -> bool:
    return freeze.state is FreezeState.IN_FORCE and not freeze.releasing


def not_sealed() -> Refusal:
    return refusal(
        ErrorCode.VEHICLE_NOT_SEALED,
        "/freeze_id",
        "name a seal of this case on a vehicle of this debtor that is in force (Property Investigation Rules §16)",
        "请填写本案对该被执行人车辆已生效的查封（财产调查规定 §16）",
    )


async def _referral(
    session: AsyncSession, case: Case, party: Party, ground: LocateGround, papers: Sequence[Document]
) -> Referral | None:
    """The referral whose warrant is in force; only that allows it (法释〔2024〕13号)."""
    if ground is not LocateGround.CRIMINAL_WARRANT:
        return None
    warrant = _of_kind(papers, DocumentKind.CRIMINAL_WARRANT)
    referral: Referral | None = await session.scalar(
        select(Referral).where(
            Referral.case_id == case.id,
            Referral.party_id == party.id,
            Referral.warrant_id == warrant.id,
            Referral.fate.not_in(WITHOUT_WARRANT),
        )
    )
    if referral is None:
        raise refusal(
            ErrorCode.GROUND_FORBIDS,
            "/ground",
            "record the referral and its warrant first: POST /v1/referrals (法释〔2024〕13号)",
            "请先登记移送及刑事强制措施文书（法释〔2024〕13号）",
        )
    return referral


async def _not_twice(session: AsyncSession, case: Case, party: Party, demand: LocateDemand) -> None:
    """Two live entries of one person would need two recalls; a longer or other one takes the place of the first."""
    live = (
        await session.scalars(
            select(LocateRequest).where(
                LocateRequest.case_id == case.id,
                LocateRequest.party_id == party.id,
                LocateRequest.freeze_id.is_not_distinct_from(demand.freeze_id),
                LocateRequest.state == LocateState.LIVE,
            )
        )
    ).all()
    if demand.supersedes is not None and demand.supersedes not in {locate.id for locate in live}:
        raise refusal(
            ErrorCode.LOCATE_REQUEST_UNKNOWN,
            "/supersedes",
            "name the live request for the same person or vehicle",
            "请填写针对同一对象的有效请求",
        )
    if any(locate.id != demand.supersedes for locate in live):
        raise Refusal(
            ErrorCode.CONFLICT,
            FieldError(
                "/supersedes",
                "already_looked_for",
                "name the live request that this one supersedes",
                "已有有效请求，请在 supersedes 中指明被替代的请求",
            ),
        )


async def _holders(session: AsyncSession, chosen: AgencySelection, wanted: Wanted) -> Sequence[Agency]:
    """Agencies that can meet whom or what is wanted, and take the recall as well as the request."""
    kinds = [kind for kind, profile in KINDS.items() if wanted in profile.looks_for]
    needed = literal(sorted(kind.value for kind in LOOK_OUTS), ARRAY(String))
    query = select(Agency).where(Agency.active, Agency.kind.in_(kinds), Agency.capabilities.contains(needed))
    if chosen.codes:
        query = query.where(Agency.code.in_(chosen.codes))
    if chosen.kinds:
        query = query.where(Agency.kind.in_(chosen.kinds))
    agencies = (await session.scalars(query.order_by(Agency.code))).all()
    if {agency.code for agency in agencies} < set(chosen.codes):
        raise refusal(
            ErrorCode.AGENCY_INCAPABLE,
            "/agencies",
            "not an active agency that looks out, and takes recalls, for this",
            "不是可协助查找并撤控的单位",
        )
    if not agencies:
        raise Refusal(ErrorCode.NO_AGENCY)
    return agencies

"""Orders about nobody who exists: what every dialect's recorded bytes are made from."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType
from uuid import UUID

from app.adapters.contract import (
    AgencyOrder,
    AssetQueryOrder,
    Certificate,
    DocumentReference,
    LookOutOrder,
    Mandate,
    MeasureOrder,
    OfficerCredentials,
    QueryScope,
    Subject,
)
from app.adapters.locating import (
    HitDecisionContent,
    LocateContent,
    LookOutContent,
    RecallContent,
    WantedVehicle,
)
from app.adapters.measures import (
    ConversionContent,
    CourtAccount,
    FreezeContent,
    MeasureContent,
    ReleaseContent,
    RenewalContent,
    Target,
    TransferContent,
)
from app.measures.terms import Term
from app.measures.words import Nature, Reach, ThingKind
from app.vocabulary import (
    AssetKind,
    CertificateType,
    DocumentKind,
    EndReason,
    HitDecision,
    LocateGround,
    PartyKind,
    Urgency,
    WantedAction,
)

REASON = "被执行人已履行完毕"
"""Why it is cancelled."""

ORDER = AssetQueryOrder(
    request_id=UUID("019a0c5e-1f00-7a10-8b20-5d3c9e0a41c1"),
    order_id=UUID("019a0c5e-1eff-7b02-9c40-1a7e6f2d80b3"),
    agency_code="BANK-ZC",
    mandate=Mandate(
        court_code="豫1424",
        court_name="柘城县人民法院",
        case_number="（2018）豫1424执1352号",
        legal_basis="《中华人民共和国民事诉讼法》第二百五十三条",
        purpose="查询被执行人财产状况",
        officers=(
            OfficerCredentials("陈立", "豫1424-0018", "豫执1424-0018", "12000000118"),
            OfficerCredentials("郑敏", "豫1424-0026", "豫执1424-0026"),
        ),
        documents=(
            DocumentReference(
                document_id=UUID("019a0c5d-8c11-7f3e-a5d2-6b90c4e7f215"),
                kind=DocumentKind.QUERY_NOTICE,
                title="协助查询存款通知书",
                document_number="（2018）豫1424执1352号之一",
                media_type="application/pdf",
                size=48213,
                sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            ),
        ),
    ),
    subject=Subject(
        kind=PartyKind.PERSON,
        name="贺明远",
        certificate=Certificate(CertificateType.CITIZEN_ID, "419901197905060019", ("419901790506001",)),
    ),
    scope=QueryScope(
        asset_kinds=(AssetKind.BANK_ACCOUNT, AssetKind.WEALTH_PRODUCT),
        transactions_from=date(2025, 3, 1),
        transactions_to=date(2026, 2, 28),
    ),
    asked_at=datetime(2026, 3, 2, 9, 30, 0, 125000, tzinfo=UTC),
    answer_due_at=datetime(2026, 3, 3, 9, 30, 0, 125000, tzinfo=UTC),
)

_ACCOUNT = Target(ThingKind.ACCOUNT, "6217994190010000018")
_PRODUCT = Target(ThingKind.WEALTH_PRODUCT, "LC4190010018/WJ2026-18")
_HOUSE = Target(ThingKind.REAL_ESTATE, "419901001002GB00018F00010005")
_RULING = "（2018）豫1424执1352号之二"
_FREEZE_ID = UUID("019a0c5f-2f01-7a10-8b20-5d3c9e0a41d1")
_LOOK_OUT_ID = UUID("019a0c5f-2f11-7a10-8b20-5d3c9e0a41d1")
_HIT_ID = UUID("019a0c70-11a0-7d52-b8f1-0c2e94d7a601")
_PRESERVATION_CASE = "（2017）豫1424执保88号"


def _paper(number: int, kind: DocumentKind, title: str) -> DocumentReference:
    return DocumentReference(
        document_id=UUID(int=ORDER.mandate.documents[0].document_id.int + number),
        kind=kind,
        title=title,
        document_number=_RULING,
        media_type="application/pdf",
        size=48213,
        sha256=f"{number:064x}",
    )


_PAPERS = {
    DocumentKind.RULING: _paper(1, DocumentKind.RULING, "执行裁定书"),
    DocumentKind.FREEZE_NOTICE: _paper(2, DocumentKind.FREEZE_NOTICE, "协助冻结存款通知书"),
    DocumentKind.RELEASE_NOTICE: _paper(3, DocumentKind.RELEASE_NOTICE, "协助解除冻结存款通知书"),
    DocumentKind.ENFORCEMENT_NOTICE: _paper(4, DocumentKind.ENFORCEMENT_NOTICE, "协助执行通知书"),
    DocumentKind.DETENTION_DECISION: _paper(5, DocumentKind.DETENTION_DECISION, "拘留决定书"),
    DocumentKind.PHOTO: replace(_paper(6, DocumentKind.PHOTO, "被执行人照片"), media_type="image/jpeg"),
}


def _look_out(number: int, content: LookOutContent, *papers: DocumentKind) -> LookOutOrder:
    mandate = replace(
        ORDER.mandate,
        legal_basis="《中华人民共和国民事诉讼法》第一百一十八条",
        purpose="查找被执行人、查找被查封车辆",
        documents=tuple(_PAPERS[kind] for kind in papers),
    )
    return LookOutOrder(
        request_id=UUID(int=_LOOK_OUT_ID.int + number),
        order_id=UUID(int=ORDER.order_id.int + 16 + number),
        agency_code="POLICE-ZC",
        mandate=mandate,
        subject=ORDER.subject,
        content=content,
        asked_at=ORDER.asked_at,
        answer_due_at=ORDER.answer_due_at,
    )


def _measure(
    number: int, content: MeasureContent, *papers: DocumentKind, agency_code: str = "BANK-ZC"
) -> MeasureOrder:
    mandate = replace(
        ORDER.mandate,
        legal_basis="《中华人民共和国民事诉讼法》第二百五十三条",
        purpose="控制被执行人财产",
        documents=tuple(_PAPERS[kind] for kind in papers),
    )
    return MeasureOrder(
        request_id=UUID(int=_FREEZE_ID.int + number),
        order_id=UUID(int=ORDER.order_id.int + number),
        agency_code=agency_code,
        mandate=mandate,
        subject=ORDER.subject,
        content=content,
        asked_at=ORDER.asked_at,
        answer_due_at=ORDER.answer_due_at,
    )


_FREEZE = FreezeContent(
    targets=(_ACCOUNT,),
    limit=Decimal("85000.00"),
    currency="CNY",
    term=Term(years=1),
    nature=Nature.ENFORCEMENT,
    ruling_number=_RULING,
)
_RELEASE = ReleaseContent(
    freeze_request_id=_FREEZE_ID,
    freeze_case_number=ORDER.mandate.case_number,
    target=_ACCOUNT,
    amount=None,
    reason="被执行人已履行完毕",
)
_LOCATE = LocateContent(
    ground=LocateGround.DETENTION_DECISION,
    ground_number="（2018）豫1424司惩7号",
    action=WantedAction.HOLD_AND_NOTIFY,
    urgency=Urgency.URGENT,
    duty_phone="12000000110",
    valid_from=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
    valid_until=datetime(2026, 6, 1, 16, 0, tzinfo=UTC),
    last_known_places=("某某市某某区某某路18号", "某某县某某宾馆"),
    phones=("12000000577",),
    photo_sha256=_PAPERS[DocumentKind.PHOTO].sha256,
    note="右手持拐杖",
)
_DECISION = HitDecisionContent(_LOOK_OUT_ID, _HIT_ID, HitDecision.CONFIRMED)
_TO_FREEZE = (DocumentKind.RULING, DocumentKind.FREEZE_NOTICE)
_TO_RELEASE = (DocumentKind.RULING, DocumentKind.RELEASE_NOTICE)

ORDERS: Mapping[str, AgencyOrder] = MappingProxyType(
    {
        "request": ORDER,
        "freeze": _measure(0, _FREEZE, *_TO_FREEZE),
        "freeze-a-product": _measure(8, replace(_FREEZE, targets=(_PRODUCT,)), *_TO_FREEZE),
        "freeze-what-is-found": _measure(1, replace(_FREEZE, targets=()), *_TO_FREEZE),
        "freeze-the-thing": _measure(
            2,
            replace(
                _FREEZE, targets=(_HOUSE,), limit=Reach.WHOLE, term=Term(years=3), nature=Nature.PRESERVATION
            ),
            DocumentKind.RULING,
            DocumentKind.ENFORCEMENT_NOTICE,
            agency_code="LAND-ZC",
        ),
        "renewal": _measure(
            3,
            RenewalContent(
                freeze_request_id=_FREEZE_ID,
                freeze_case_number=ORDER.mandate.case_number,
                target=_ACCOUNT,
                term=Term(months=6, days=15),
                ruling_number="（2018）豫1424执1352号之三",
            ),
            *_TO_FREEZE,
        ),
        "release": _measure(4, _RELEASE, *_TO_RELEASE),
        "release-a-part": _measure(5, replace(_RELEASE, amount=Decimal("20000.00")), *_TO_RELEASE),
        "transfer": _measure(
            6,
            TransferContent(
                freeze_request_id=_FREEZE_ID,
                freeze_case_number=ORDER.mandate.case_number,
                target=_ACCOUNT,
                amount=Decimal("13230.55"),
                currency="CNY",
                account=CourtAccount(
                    name="柘城县人民法院执行款专户",
                    number="41990100180000001",
                    bank="某某银行柘城支行",
                    bank_code="000000000018",
                ),
            ),
            DocumentKind.RULING,
            DocumentKind.ENFORCEMENT_NOTICE,
        ),
        "conversion": _measure(
            7,
            ConversionContent(
                freeze_request_id=UUID(int=_FREEZE_ID.int + 2),
                freeze_case_number=_PRESERVATION_CASE,
                target=_HOUSE,
            ),
            DocumentKind.ENFORCEMENT_NOTICE,
            agency_code="LAND-ZC",
        ),
        "locate": _look_out(
            0, _LOCATE, DocumentKind.ENFORCEMENT_NOTICE, DocumentKind.DETENTION_DECISION, DocumentKind.PHOTO
        ),
        "locate-a-vehicle": _look_out(
            1,
            LocateContent(
                ground=LocateGround.SEIZURE_RULING,
                ground_number=_RULING,
                action=WantedAction.HOLD_AND_NOTIFY,
                urgency=Urgency.ROUTINE,
                duty_phone="12000000110",
                valid_from=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
                valid_until=datetime(2026, 6, 1, 16, 0, tzinfo=UTC),
                vehicle=WantedVehicle("豫Z18A26", "小型汽车", "LLLLLLLLLLLLL0018"),
            ),
            DocumentKind.ENFORCEMENT_NOTICE,
            DocumentKind.RULING,
        ),
        "recall": _look_out(
            2,
            RecallContent(
                locate_request_id=_LOOK_OUT_ID,
                locate_case_number=ORDER.mandate.case_number,
                reason=EndReason.CLEARED,
                note="被执行人已履行完毕",
            ),
        ),
        "hit-confirmed": _look_out(3, _DECISION),
        "hit-of-another": _look_out(4, replace(_DECISION, decision=HitDecision.NOT_HIM)),
        "hit-needs-time": _look_out(5, replace(_DECISION, decision=HitDecision.MORE_TIME, minutes_needed=30)),
    }
)
"""One of each kind, and of each way in which its content may be filled in."""

LIST_ID = UUID("019a0c5e-1f00-7a10-8b20-5d3c9e0a41e0")
"""Of a list of live freezes."""

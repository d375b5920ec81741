"""One order about nobody who exists: what every dialect's recorded bytes are made from."""

from datetime import UTC, date, datetime
from uuid import UUID

from app.adapters.contract import (
    AssetQueryOrder,
    Certificate,
    DocumentReference,
    Mandate,
    OfficerCredentials,
    QueryScope,
    Subject,
)
from app.vocabulary import AssetKind, CertificateType, DocumentKind, PartyKind

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

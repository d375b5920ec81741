"""Papers of a case: uploaded, listed, fetched again."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, UploadFile
from pydantic import BaseModel, Field
from starlette.responses import Response

from app.api.bodies import StrictRoute
from app.api.dependencies import ActingDep, HubDep, SessionDep
from app.api.idempotency import OnceDep
from app.api.problems import problems
from app.api.tags import Tag
from app.errors import ErrorCode, Refusal
from app.linkage import documents
from app.linkage.cases import find_case
from app.models import Document
from app.vocabulary import DocumentKind

router = APIRouter(prefix="/v1/cases/{case_id}/documents", tags=[Tag.COURT], route_class=StrictRoute)


class DocumentView(BaseModel):
    id: UUID
    case_id: UUID
    kind: DocumentKind
    title: str
    document_number: str
    issued_on: date
    media_type: str
    """Found from the content."""
    size: int
    sha256: str = Field(description="Hex")
    amount: Decimal | None
    """The sum that it names."""
    valid_until: date | None
    seal_sha256: str | None = Field(description="Of the electronic seal · 电子签章摘要")
    created_at: datetime


class DocumentList(BaseModel):
    items: list[DocumentView]


class Upload(documents.NewDocument):
    file: UploadFile


@router.post(
    "",
    summary="提交文书 · File a document",
    status_code=201,
    response_model=DocumentView,
    responses=problems(
        ErrorCode.CASE_UNKNOWN,
        ErrorCode.CASE_CLOSED,
        ErrorCode.DOCUMENT_TYPE_REFUSED,
        ErrorCode.BODY_TOO_LARGE,
        ErrorCode.CONFLICT,
    ),
)
async def upload_document(  # noqa: PLR0913, PLR0917 - what a route needs is what FastAPI hands it
    case_id: UUID,
    upload: Annotated[Upload, Form(media_type="multipart/form-data")],
    acting: ActingDep,
    session: SessionDep,
    hub: HubDep,
    once: OnceDep,
) -> Response:
    """A paper that orders of this case travel with: PDF, OFD, PNG or JPEG. 提交本案文书（PDF、OFD、PNG、JPEG）。

    The type is found from the content, not from the name. Stored encrypted, under its SHA-256 digest.
    """
    if (upload.file.size or 0) > hub.settings.max_document_bytes:
        raise Refusal(ErrorCode.BODY_TOO_LARGE)
    case = await find_case(session, acting, case_id)
    demand = documents.NewDocument.model_validate(upload.model_dump(exclude={"file"}))
    paper = documents.Paper(await upload.file.read())
    document = await documents.store_document(session, acting, case, hub.keys.vault, demand, paper)
    return await once.answer(201, _view(document), location=f"/v1/cases/{case_id}/documents/{document.id}")


@router.get("", summary="文书列表 · List documents", responses=problems(ErrorCode.CASE_UNKNOWN))
async def list_documents(case_id: UUID, acting: ActingDep, session: SessionDep) -> DocumentList:
    """The papers of a case, without their content. 本案文书目录。"""
    case = await find_case(session, acting, case_id)
    return DocumentList(
        items=[_view(document) for document in await documents.documents_of(session, case.id)]
    )


@router.get(
    "/{document_id}",
    summary="文书信息 · Read a document's data",
    responses=problems(ErrorCode.CASE_UNKNOWN, ErrorCode.NOT_FOUND),
)
async def read_document(
    case_id: UUID, document_id: UUID, acting: ActingDep, session: SessionDep
) -> DocumentView:
    """Kind, number, date and digest of a paper. 文书种类、文号、日期和摘要值。"""
    case = await find_case(session, acting, case_id)
    return _view(await documents.find_document(session, case, document_id))


@router.get(
    "/{document_id}/content",
    summary="下载文书 · Download a document",
    response_class=Response,
    responses={
        200: {"content": {media_type: {} for media_type in documents.FILE_ENDINGS}},
        **problems(ErrorCode.CASE_UNKNOWN, ErrorCode.NOT_FOUND),
    },
)
async def download_document(
    case_id: UUID, document_id: UUID, acting: ActingDep, session: SessionDep, hub: HubDep
) -> Response:
    """The very bytes that were filed; the look is recorded. 文书原文，下载留痕。"""
    case = await find_case(session, acting, case_id)
    document = await documents.find_document(session, case, document_id)
    content = await documents.read_content(session, acting, case, hub.keys.vault, document)
    name = f"{document.id}.{documents.FILE_ENDINGS[document.media_type]}"
    return Response(
        content,
        media_type=document.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


def _view(document: Document) -> DocumentView:
    return DocumentView(
        id=document.id,
        case_id=document.case_id,
        kind=document.kind,
        title=document.title,
        document_number=document.document_number,
        issued_on=document.issued_on,
        media_type=document.media_type,
        size=document.size,
        sha256=document.sha256.hex(),
        amount=document.amount,
        valid_until=document.valid_until,
        seal_sha256=document.seal_sha256.hex() if document.seal_sha256 else None,
        created_at=document.created_at,
    )

"""Papers of a case: taken by content, kept sealed, given back byte by byte."""

import hashlib
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.models import DocumentContent
from app.vocabulary import AuditAction
from tests.integration.conftest import Office
from tests.integration.test_api_cases import entries, registered

PDF = b"%PDF-1.7\n%an invented notice\n%%EOF"
FIELDS = {
    "kind": "query_notice",
    "title": "协助查询财产通知书",
    "document_number": "（2018）豫1424执1352号之一",
    "issued_on": "2018-03-05",
}


async def upload(office: Office, case: dict[str, Any], content: bytes = PDF, **fields: Any) -> httpx.Response:
    return await office.court.post(
        f"/v1/cases/{case['id']}/documents",
        data=FIELDS | fields,
        files={"file": ("notice.exe", content, "application/x-msdownload")},
    )


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PDF, "application/pdf"),
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0....", "image/jpeg"),
        (b"PK\x03\x04....OFD.xml....", "application/ofd"),
    ],
)
async def test_the_type_is_what_the_bytes_say(office: Office, content: bytes, media_type: str) -> None:
    response = await upload(office, await registered(office), content)
    assert response.status_code == 201, response.text
    document = response.json()
    assert document["media_type"] == media_type
    assert document["size"] == len(content)
    assert document["sha256"] == hashlib.sha256(content).hexdigest()
    assert response.headers["location"].endswith(f"/documents/{document['id']}")


@pytest.mark.parametrize(
    "content", [b"", b"MZ\x90\x00", b"<html>", b"PK\x03\x04 a bare archive", b" %PDF-1.7"]
)
async def test_other_files_are_not_taken(office: Office, content: bytes) -> None:
    response = await upload(office, await registered(office), content)
    assert (response.status_code, response.json()["code"]) == (415, "document_type_refused")


async def test_a_paper_is_given_back_as_it_was_and_the_look_is_recorded(office: Office) -> None:
    case = await registered(office)
    document = (await upload(office, case)).json()
    response = await office.court.get(f"/v1/cases/{case['id']}/documents/{document['id']}/content")
    assert response.content == PDF
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-disposition"].startswith("attachment")
    (look,) = await entries(office, AuditAction.DOCUMENT_READ)
    assert look.case_number == case["case_number"]
    assert document["sha256"].encode() in look.body


async def test_papers_lie_sealed(office: Office) -> None:
    await upload(office, await registered(office))
    async with office.hub.sessions() as session:
        stored = (await session.scalars(select(DocumentContent))).one()
    assert b"invented notice" not in stored.sealed


async def test_the_same_paper_is_filed_once_per_kind(office: Office) -> None:
    case = await registered(office)
    assert (await upload(office, case)).status_code == 201
    assert (await upload(office, case)).status_code == 409
    assert (await upload(office, case, kind="ruling")).status_code == 201
    listed = (await office.court.get(f"/v1/cases/{case['id']}/documents")).json()["items"]
    assert [document["kind"] for document in listed] == ["query_notice", "ruling"]
    one = await office.court.get(f"/v1/cases/{case['id']}/documents/{listed[0]['id']}")
    assert one.json() == listed[0]


async def test_a_file_over_the_limit_is_refused(office: Office) -> None:
    content = PDF + b"x" * office.hub.settings.max_document_bytes
    response = await upload(office, await registered(office), content)
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


async def test_fields_are_checked_and_unknown_ones_refused(office: Office) -> None:
    case = await registered(office)
    for wrong, field in (
        ({"kind": "letter"}, "/kind"),
        ({"title": ""}, "/title"),
        ({"title": "a\x00b"}, "/title"),
        ({"issued_on": "yesterday"}, "/issued_on"),
        ({"urgent": "1"}, "/urgent"),
    ):
        response = await upload(office, case, PDF, **wrong)
        assert response.status_code == 422, wrong
        assert [error["field"] for error in response.json()["errors"]] == [field]


async def test_a_form_that_cannot_be_read_is_a_400(office: Office) -> None:
    case = await registered(office)
    for body in (b"", b"--x", b"--x\r\nrubbish\r\n--x--", b"no boundary at all"):
        response = await office.court.post(
            f"/v1/cases/{case['id']}/documents",
            content=body,
            headers={"content-type": "multipart/form-data; boundary=x"},
        )
        assert response.status_code in {400, 422}


async def test_a_closed_case_takes_no_paper(office: Office) -> None:
    case = await registered(office)
    await office.court.post(f"/v1/cases/{case['id']}/closure", json={"reason": "履行完毕"})
    assert (await upload(office, case)).json()["code"] == "case_closed"


async def test_a_foreign_paper_is_not_found(office: Office) -> None:
    case = await registered(office)
    document = (await upload(office, case)).json()
    other = await registered(office, case_number="（2018）豫1424执1353号")
    path = f"/documents/{document['id']}"
    assert (await office.court.get(f"/v1/cases/{other['id']}{path}")).status_code == 404
    assert (await office.other_court.get(f"/v1/cases/{case['id']}{path}/content")).status_code == 404

"""Everything about one case in one archive: what passed as it was on the wire, papers, receipts, and an index for people.

INDEX.html          what was done, in order, with links: to be read first
entries.txt         all audit entries of the case with their proofs (`liandong audit verify`)
receipts/           one for each message that passed (`liandong audit verify-receipt`)
messages/           raw, as they were on the wire
papers/
now.json            the case as it stands
policy.txt          whom the log is witnessed by
SHA256SUMS          digests of all of it (`sha256sum -c`)
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from html import escape
from typing import IO
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.audit.bundle import write_selection
from app.audit.entry import Entry
from app.audit.search import search
from app.audit.selection import Selection
from app.audit.witness_policy import standing
from app.crypto import Vault
from app.database import to_json
from app.linkage.hindsight import known_at
from app.linkage.receipts import issue_receipts
from app.models import Agency, AgencyRequest, Case, Document, DocumentContent, Message
from app.vocabulary import AuditAction

_SUFFIXES = {
    "application/json": "json",
    "application/pdf": "pdf",
    "image/png": "png",
    "image/jpeg": "jpg",
    "application/xml": "xml",
}
_PAGE = 500


@dataclass(frozen=True, slots=True)
class _Line:
    """A row of the index."""

    entry: Entry
    index: int | None
    files: tuple[str, ...]


class DossierWriter:
    """Writes one archive. It reads in the caller's session; nothing is recorded here."""

    def __init__(self, engine: AsyncEngine, session: AsyncSession, vault: Vault, out: IO[bytes]) -> None:
        self._engine = engine
        self._session = session
        self._vault = vault
        self._archive = ZipFile(out, "w", ZIP_DEFLATED)
        self._sums: dict[str, str] = {}
        self._by_digest: dict[str, str] = {}
        """Files by the digest that entries name."""

        self._by_entry: dict[UUID, str] = {}

    async def write(self, case: Case, now: datetime) -> None:
        """Raises `NothingSigned` before the log has a checkpoint, `SealExpired` when the data have expired."""
        with self._archive:
            await self._stream("entries.txt", self._entries(case))
            await self._messages(case)
            await self._papers(case)
            await self._receipts(case)
            known = await known_at(self._session, case, now)
            self._add("now.json", (to_json(known and asdict(known)) + "\n").encode())
            found = await standing(self._session)
            if found is not None:
                self._add("policy.txt", found.text.encode())
            self._add("INDEX.html", "".join(_page(case, now, await self._lines(case))).encode())
            sums = "".join(f"{digest}  {name}\n" for name, digest in sorted(self._sums.items()))
            self._archive.writestr("SHA256SUMS", sums)

    def _entries(self, case: Case) -> AsyncIterator[bytes]:
        return write_selection(self._engine, Selection(case_number=case.case_number))

    async def _stream(self, name: str, parts: AsyncIterator[bytes]) -> None:
        digest = sha256()
        with self._archive.open(name, "w", force_zip64=True) as file:
            async for part in parts:
                digest.update(part)
                file.write(part)
        self._sums[name] = digest.hexdigest()

    def _add(self, name: str, content: bytes) -> str:
        digest = sha256(content).hexdigest()
        self._archive.writestr(name, content)
        self._sums[name] = digest
        return digest

    async def _messages(self, case: Case) -> None:
        rows = await self._session.stream(
            select(Message, Agency.code)
            .join(AgencyRequest, AgencyRequest.id == Message.request_id)
            .join(Agency, Agency.id == Message.agency_id)
            .where(AgencyRequest.case_id == case.id)
            .order_by(Message.id)
            .execution_options(yield_per=100)
        )
        number = 0
        async for message, code in rows:
            number += 1
            suffix = _suffix(message.content_type)
            name = f"messages/{number:05d}-{message.direction}-{code}-{message.operation}.{suffix}"
            digest = self._add(name, self._vault.open(message.body, "messages.body"))
            self._by_digest.setdefault(digest, name)

    async def _papers(self, case: Case) -> None:
        rows = await self._session.execute(
            select(Document, DocumentContent.sealed)
            .join(DocumentContent, DocumentContent.sha256 == Document.sha256)
            .where(Document.case_id == case.id)
            .order_by(Document.id)
        )
        for document, sealed in rows:
            name = f"papers/{document.id}-{document.kind}.{_suffix(document.media_type)}"
            digest = self._add(name, self._vault.open(sealed, "document_contents.sealed"))
            self._by_digest[digest] = name

    async def _receipts(self, case: Case) -> None:
        requests = await self._session.scalars(
            select(AgencyRequest.id).where(AgencyRequest.case_id == case.id).order_by(AgencyRequest.id)
        )
        for request_id in requests.all():
            for receipt in await issue_receipts(self._session, case.case_number, request_id):
                if receipt.text is not None:
                    name = f"receipts/{receipt.index:09d}.tlog-proof"
                    self._add(name, receipt.text.encode())
                    self._by_entry[receipt.entry.entry_id] = name

    async def _lines(self, case: Case) -> list[_Line]:
        """All entries of the case, the oldest first."""
        found: list[_Line] = []
        after = None
        selection = Selection(case_number=case.case_number)
        while page := await search(self._session, selection, after=after, limit=_PAGE):
            after = page[-1].position
            for one in page:
                files = [
                    self._by_digest[digest] for _, digest in one.entry.digests if digest in self._by_digest
                ]
                if one.entry.entry_id in self._by_entry:
                    files.append(self._by_entry[one.entry.entry_id])
                found.append(_Line(one.entry, one.index, tuple(dict.fromkeys(files))))
        found.reverse()
        return found


def _suffix(media_type: str) -> str:
    return _SUFFIXES.get(media_type.partition(";")[0].strip().lower(), "bin")


_HEAD = """<!doctype html>
<html lang="zh"><meta charset="utf-8"><title>{case}</title>
<style>body{{font:14px/1.5 sans-serif;margin:2em}}table{{border-collapse:collapse}}
td,th{{border:1px solid #bbb;padding:.3em .5em;vertical-align:top;text-align:left}}</style>
<h1>{case}</h1>
<p>案件证据包，制作于 {now}。共 {count} 条记录。 · Evidence of one case, made at {now}; {count} entries.</p>
<p>核验 · To check: <code>liandong audit verify entries.txt --key KEY</code>;
<code>liandong audit verify-receipt receipts/… --keys KEY --message messages/…</code>;
<code>sha256sum -c SHA256SUMS</code>. KEY 为另行取得的公钥或见证策略，policy.txt 仅供比对 ·
KEY is the key or policy that you got elsewhere; policy.txt is there to be compared with it.</p>
<table><tr><th>序号 No.</th><th>时间 Time (UTC)</th><th>行为 Deed</th><th>何人 By</th><th>承办人 Officer</th>
<th>单位 Agency</th><th>理由 Why</th><th>结果 Outcome</th><th>文件 Files</th></tr>
"""

_DEEDS: dict[str, str] = {
    AuditAction.CASE_REGISTERED: "登记案件",
    AuditAction.CASE_READ: "查阅案件",
    AuditAction.CASE_CLOSED: "结案",
    AuditAction.PARTY_REGISTERED: "登记当事人",
    AuditAction.PARTY_READ: "查阅当事人",
    AuditAction.PARTY_UNMASKED: "查看当事人完整信息",
    AuditAction.DOCUMENT_STORED: "提交文书",
    AuditAction.DOCUMENT_READ: "查阅文书",
    AuditAction.QUERY_ORDERED: "决定查询财产",
    AuditAction.REQUEST_SENT: "向单位发送请求",
    AuditAction.REQUEST_ACKNOWLEDGED: "单位受理",
    AuditAction.ANSWER_APPLIED: "收到答复",
    AuditAction.ANSWER_SET_ASIDE: "答复另存待查",
    AuditAction.ASSETS_READ: "查阅财产",
    AuditAction.ASSETS_UNMASKED: "查看财产完整信息",
    AuditAction.MEASURE_DRAFTED: "拟定措施",
    AuditAction.MEASURE_APPROVED: "批准措施",
    AuditAction.MEASURE_REJECTED: "不批准措施",
    AuditAction.FREEZE_CHANGED: "控制状态变化",
    AuditAction.FREEZE_LAPSED: "控制期满失效",
    AuditAction.AUDIT_SEARCHED: "检索日志",
    AuditAction.RECEIPT_ISSUED: "出具回执",
    AuditAction.DOSSIER_MADE: "制作证据包",
}


def _page(case: Case, now: datetime, lines: list[_Line]) -> Iterator[str]:
    yield _HEAD.format(case=escape(case.case_number), now=now.isoformat(timespec="seconds"), count=len(lines))
    for line in lines:
        entry = line.entry
        links = "<br>".join(f'<a href="{escape(name)}">{escape(name)}</a>' for name in line.files)
        cells = (
            "-" if line.index is None else str(line.index),
            entry.recorded_at.isoformat(sep=" ", timespec="seconds").removesuffix("+00:00"),
            f"{_DEEDS.get(entry.action, '')} {entry.action}".strip(),
            f"{entry.actor.kind} {entry.actor.id}",
            entry.officer or "",
            entry.agency_code or "",
            entry.purpose or "",
            entry.outcome or "",
        )
        yield f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}<td>{links}</td></tr>\n"
    yield "</table></html>\n"

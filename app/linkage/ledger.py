"""Rows that one transaction will add, gathered while it judges and written in a few set-based statements."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.assets import Asset as ReportedAsset
from app.adapters.assets import BankAccount, TaxRecord, WealthProduct, identity_of
from app.adapters.contract import Answer
from app.audit.entry import Actor, Entry
from app.audit.record import entry_rows
from app.crypto import Vault, sha256_hex
from app.ids import new_id
from app.linkage.events import NewEvent, announce
from app.linkage.matters import Deed, Matter
from app.models import AgencyAnswer, Asset, Base, Message
from app.models.message import Disposition
from app.rows import insert_rows
from app.vocabulary import ActorKind, AuditAction


@dataclass(slots=True)
class Ledger:
    """Gather, then `write` once: messages, answers, assets, audit entries, and events last."""

    vault: Vault
    rows: list[Base] = field(default_factory=list)
    """Other rows to be added, after the messages that they refer to."""

    _messages: list[dict[str, Any]] = field(default_factory=list)
    _answers: list[dict[str, Any]] = field(default_factory=list)
    _assets: list[dict[str, Any]] = field(default_factory=list)
    _entries: list[Entry] = field(default_factory=list)
    _events: list[NewEvent] = field(default_factory=list)

    def message(self, *, body: bytes, id: UUID | None = None, **columns: Any) -> UUID:  # noqa: A002 - a column
        """Keep raw bytes as they were on the wire; `columns` are those of `Message`."""
        row_id = id or new_id()
        self._messages.append(
            {
                "id": row_id,
                "body": self.vault.seal(body, "messages.body"),
                "sha256": sha256(body).digest(),
                **columns,
            }
        )
        return row_id

    def answer(  # noqa: PLR0913, PLR0917 - an answer, where it belongs and what became of it
        self,
        matter: Matter,
        answer: Answer,
        message_row: UUID,
        disposition: Disposition,
        at: datetime,
        corrects_id: UUID | None = None,
    ) -> UUID:
        row_id = new_id()
        refusal = answer.refusal
        told = (refusal.explanation if refusal else "") or answer.remark
        self._answers.append(
            {
                "id": row_id,
                "request_id": matter.request.id,
                "court_id": matter.request.court_id,
                "message_id": message_row,
                "part": answer.part,
                "state": answer.state,
                "disposition": disposition,
                "refusal_reason": refusal.reason if refusal else None,
                "explanation": self.vault.seal_text(told, "answers.explanation") if told else None,
                "asset_count": len(answer.assets),
                "as_of": answer.as_of,
                "received_at": at,
                "corrects_id": corrects_id,
            }
        )
        return row_id

    def assets(self, matter: Matter, answer: Answer, answer_id: UUID, at: datetime) -> None:
        for asset in answer.assets:
            amount, currency = _worth(asset)
            self._assets.append(
                {
                    "id": new_id(),
                    "court_id": matter.request.court_id,
                    "case_id": matter.request.case_id,
                    "party_id": matter.request.party_id,
                    "agency_id": matter.request.agency_id,
                    "request_id": matter.request.id,
                    "answer_id": answer_id,
                    "kind": asset.kind,
                    "identity_index": self.vault.blind_index(
                        "asset", f"{matter.agency_code}/{asset.kind}/{identity_of(asset)}"
                    ),
                    "facts": self.vault.seal_text(asset.model_dump_json(), "assets.facts"),
                    "holder_role": asset.holder_role,
                    "disputed": asset.disputed,
                    "amount": amount,
                    "currency": currency,
                    "as_of": answer.as_of,
                    "reported_at": at,
                }
            )

    def note(
        self, matter: Matter, deed: Deed, *, received: bytes | None = None, sent: bytes | None = None
    ) -> None:
        """An audit entry about this matter, with the digests of the bytes that passed."""
        passed = {"received": received, "sent": sent}
        self._entries.append(
            matter.entry(deed, {name: sha256_hex(body) for name, body in passed.items() if body is not None})
        )

    def refuse(self, agency_code: str, body: bytes, outcome: str, at: datetime) -> None:
        """An audit entry about a message that belongs to no matter of its sender."""
        self._entries.append(
            Entry(
                entry_id=new_id(),
                recorded_at=at,
                action=AuditAction.MESSAGE_REFUSED,
                actor=Actor(ActorKind.AGENCY, agency_code),
                agency_code=agency_code,
                digests=(("received", sha256_hex(body)),),
                outcome=outcome,
            )
        )

    def announce(self, event: NewEvent) -> None:
        self._events.append(event)

    async def write(self, session: AsyncSession, at: datetime) -> None:
        """Flushes; never commits. Events go last, since they lock their court's counter until the commit."""
        if self._assets:
            await self._supersede(session, at)
        await insert_rows(
            session,
            (Message, self._messages),
            (AgencyAnswer, self._answers),
            (Asset, self._assets),
            *entry_rows(self._entries),
        )
        session.add_all(self.rows)
        await session.flush()
        await announce(session, self._events, at)

    async def _supersede(self, session: AsyncSession, at: datetime) -> None:
        """An earlier report of the same thing by the same agency gives way; it stays readable."""
        things = {
            "parties": [row["party_id"] for row in self._assets],
            "identities": [row["identity_index"] for row in self._assets],
        }
        await session.execute(_SUPERSEDE, things | {"at": at})


# Joined to an array: see `app.linkage.answers`.
_SUPERSEDE = text("""
UPDATE assets SET superseded_at = :at
  FROM unnest(CAST(:parties AS uuid[]), CAST(:identities AS bytea[])) AS again(party_id, identity_index)
 WHERE assets.party_id = again.party_id AND assets.identity_index = again.identity_index AND superseded_at IS NULL
""")


def _worth(asset: ReportedAsset) -> tuple[Decimal | None, str | None]:
    match asset:
        case BankAccount():
            return asset.balance, asset.currency
        case WealthProduct():
            return asset.total_amount, asset.currency
        case TaxRecord():
            return asset.refund_due, "CNY"
        case _:
            return None, None

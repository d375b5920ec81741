"""What an order that binds says, as it is kept: JSON, sealed, since it names accounts, things and places."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel, TypeAdapter

from app.adapters.locating import HitDecisionContent, LocateContent, LookOutContent, RecallContent
from app.adapters.measures import (
    ConversionContent,
    FreezeContent,
    MeasureContent,
    ReleaseContent,
    RenewalContent,
    TransferContent,
)
from app.crypto import Vault
from app.measures.words import ThingKind
from app.vocabulary import OrderKind

OrderContent = MeasureContent | LookOutContent

_CLASSES: dict[OrderKind, type[OrderContent]] = {
    OrderKind.FREEZE: FreezeContent,
    OrderKind.RENEWAL: RenewalContent,
    OrderKind.RELEASE: ReleaseContent,
    OrderKind.TRANSFER: TransferContent,
    OrderKind.CONVERSION: ConversionContent,
    OrderKind.LOCATE: LocateContent,
    OrderKind.RECALL: RecallContent,
    OrderKind.HIT_DECISION: HitDecisionContent,
}
_CONTENTS: dict[OrderKind, TypeAdapter[OrderContent]] = {
    kind: TypeAdapter(content) for kind, content in _CLASSES.items()
}


@dataclass(frozen=True, slots=True)
class Part:
    """One agency's share of an order, resolved; it becomes a request when the order is approved."""

    agency_id: UUID
    agency_code: str
    party_id: UUID
    content: OrderContent = field(repr=False)
    freeze_id: UUID | None = None
    """The freeze that a renewal, release, transfer or conversion is about."""

    asset_ids: tuple[UUID, ...] = ()
    expected: Decimal | None = None
    """Of a freeze: what it should bring, as `Freeze.expected`."""

    behind: UUID | None = None
    """The request that it must not overtake on its way to the agency; never kept."""


class _StoredPart(BaseModel):
    agency_id: UUID
    agency_code: str
    party_id: UUID
    content: dict[str, Any]
    freeze_id: UUID | None
    asset_ids: tuple[UUID, ...]
    expected: Decimal | None = None


_STORED = TypeAdapter(list[_StoredPart])


def seal_parts(vault: Vault, kind: OrderKind, parts: list[Part]) -> bytes:
    stored = [
        _StoredPart(
            agency_id=part.agency_id,
            agency_code=part.agency_code,
            party_id=part.party_id,
            content=_CONTENTS[kind].dump_python(part.content, mode="json"),
            freeze_id=part.freeze_id,
            asset_ids=part.asset_ids,
            expected=part.expected,
        )
        for part in parts
    ]
    return vault.seal(_STORED.dump_json(stored), "orders.content")


def open_parts(vault: Vault, kind: OrderKind, sealed: bytes) -> list[Part]:
    return [
        Part(
            part.agency_id,
            part.agency_code,
            part.party_id,
            _CONTENTS[kind].validate_python(part.content),
            part.freeze_id,
            part.asset_ids,
            part.expected,
        )
        for part in _STORED.validate_json(vault.open(sealed, "orders.content"))
    ]


def seal_content(vault: Vault, kind: OrderKind, content: OrderContent) -> bytes:
    return vault.seal(_CONTENTS[kind].dump_json(content), "agency_requests.content")


def open_content(vault: Vault, kind: OrderKind, sealed: bytes) -> MeasureContent:
    """Of a request that measures something."""
    content = _open(vault, kind, sealed)
    assert not isinstance(content, LookOutContent)
    return content


def open_look_out(vault: Vault, kind: OrderKind, sealed: bytes) -> LookOutContent:
    """Of a request about looking out."""
    content = _open(vault, kind, sealed)
    assert isinstance(content, LookOutContent)
    return content


def _open(vault: Vault, kind: OrderKind, sealed: bytes) -> OrderContent:
    return _CONTENTS[kind].validate_json(vault.open(sealed, "agency_requests.content"))


def thing_index(vault: Vault, agency_code: str, kind: ThingKind, identity: str) -> bytes:
    """The blind index by which freezes and reports of one thing at one agency find each other."""
    return vault.blind_index("thing", f"{agency_code}/{kind}/{identity}")

"""How a frozen thing is shown: its kind, and of its name enough to recognise it."""

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, Field

from app.masking import mask_account, mask_number
from app.measures.words import Reach, ThingKind

Limit = Decimal | Literal["whole", "unknown"]
"""A sum in the unit of its currency; `whole` means the thing itself, of an account: money comes in and none goes out."""


class ThingView(BaseModel):
    kind: ThingKind
    name: str = Field(description="Masked · 已脱敏", examples=["************8812"])


def thing_view(kind: ThingKind, identity: str) -> ThingView:
    return ThingView(kind=kind, name=_masked(kind, identity))


def limit_view(limit: Decimal | Reach | None) -> Limit:
    if limit is None or limit is Reach.WHOLE:
        return "whole"
    return "unknown" if limit is Reach.UNKNOWN else limit


def _masked(kind: ThingKind, identity: str) -> str:
    match kind:
        case ThingKind.ACCOUNT:
            return mask_account(identity)
        case ThingKind.WEALTH_PRODUCT:
            account, _, product = identity.partition("/")
            return f"{mask_account(account)}/{product}"
        case _:
            return mask_number(identity)

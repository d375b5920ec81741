"""What a court demands when it asks for a debtor's assets: the body of `POST /v1/asset-queries` and of each bulk row."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.linkage.fields import Demand, Line
from app.vocabulary import AgencyKind, AssetKind, CertificateType


class DebtorReference(Demand):
    """A debtor of the case: by the hub's id, or by certificate. A name alone identifies nobody (DOMAIN §2)."""

    debtor_id: UUID | None = None
    name: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(default=None, repr=False)
    certificate_type: CertificateType | None = None
    certificate_number: Annotated[str, Field(min_length=1, max_length=60)] | None = Field(
        default=None, repr=False
    )


class AgencySelection(Demand):
    """Whom to ask: named agencies, or all of some kinds. Nothing given means every agency that can answer."""

    codes: tuple[Line, ...] = Field(default=(), max_length=500)
    kinds: tuple[AgencyKind, ...] = Field(default=(), max_length=20)


class Scope(Demand):
    """What to ask for. Transactions are reported only when both dates are given."""

    asset_kinds: tuple[AssetKind, ...] = Field(default=(), max_length=20)
    transactions_from: date | None = None
    transactions_to: date | None = None

    @model_validator(mode="after")
    def _both_dates_in_order(self) -> Self:
        start, end = self.transactions_from, self.transactions_to
        if (start is None) != (end is None) or (start and end and start > end):
            raise ValueError("give transactions_from and transactions_to together, in order")
        return self


class AssetQueryDemand(Demand):
    case_number: Annotated[str, Field(min_length=1, max_length=80, examples=["（2018）豫1424执1352号"])]
    officer: Annotated[Line, Field(description="工作证编号: work-permit number of the officer who asks")]
    purpose: Annotated[Line, Field(examples=["查明被执行人财产状况"])]
    debtors: tuple[DebtorReference, ...] = Field(
        default=(), max_length=1000, description="Nothing given means all debtors of the case"
    )
    documents: tuple[UUID, ...] = Field(
        default=(),
        max_length=20,
        description="Nothing given means the notices of assistance in query filed with the case",
    )
    agencies: AgencySelection = AgencySelection()
    scope: Scope = Scope()

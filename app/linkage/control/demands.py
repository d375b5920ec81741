"""What a court demands when it freezes, renews, releases or takes: request bodies, strict."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.linkage.control.exempting import CircumstancesDemand
from app.linkage.demand import AgencySelection
from app.linkage.fields import Demand, Line, Money

Sum = Annotated[Money, Field(gt=0)]
"""More than nothing, two decimals at most."""

Currency = Annotated[str, Field(pattern="^CNY$", description="人民币: measures are in yuan")]


class TermDemand(Demand):
    """期限. Nothing given means the legal maximum of the kind of thing (Interpretation §485)."""

    years: Annotated[int, Field(ge=0, le=3)] = 0
    months: Annotated[int, Field(ge=0, le=36)] = 0
    days: Annotated[int, Field(ge=0, le=1096)] = 0


class MeasureDemand(Demand):
    """What every measure names: who orders it, why, and the papers that carry it (2013 Rules §3)."""

    officer: Annotated[Line, Field(description="承办人工作证编号")]
    purpose: Annotated[Line, Field(examples=["控制被执行人财产"])]
    documents: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=20)]


class ThingToFreeze(Demand):
    asset_id: UUID
    limit: Sum | None = None
    """Nothing given: the whole thing; of an account, money may come in and none goes out (只收不付)."""

    estimated_value: Sum | None = None
    """What a house or a vehicle is worth, by inquiry or appraisal (法释〔2018〕15号). Nothing given: nobody knows."""

    term: TermDemand = TermDemand()


class QueryAndFreeze(Demand):
    """边查边冻: the agencies look up the debtor's money and freeze it in the same step, up to the limit at each."""

    debtor_id: UUID
    agencies: AgencySelection = AgencySelection()
    limit: Sum
    term: TermDemand = TermDemand()


class FreezeDemand(MeasureDemand):
    case_id: UUID
    currency: Currency = "CNY"
    things: tuple[ThingToFreeze, ...] = Field(default=(), max_length=200)
    query_and_freeze: tuple[QueryAndFreeze, ...] = Field(default=(), max_length=50)
    excess_reason: Line | None = None
    """Why more than is owed may be frozen: the thing is indivisible and nothing else suffices (Seizure §19). The approver
    then gives a reason, too."""

    circumstances: CircumstancesDemand | None = None
    """Needed for wages and pensions, and where a conditional exemption is lifted."""

    plan_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    """The digest of the freeze plan that the officer signs with this order; it is kept in the audit log."""


class RenewalDemand(MeasureDemand):
    term: TermDemand = TermDemand()


class ReleaseDemand(MeasureDemand):
    amount: Sum | None = None
    """Nothing given: the whole freeze."""

    reason: Annotated[Line, Field(examples=["被执行人已履行完毕"])]


class ConversionDemand(MeasureDemand):
    preservation_case_id: UUID
    """The case (执保) whose live measures run on in this one."""


class CourtAccountDemand(Demand):
    name: Line
    number: Line
    bank: Line
    bank_code: Line


class TransferDemand(MeasureDemand):
    amount: Sum
    currency: Currency = "CNY"
    account: CourtAccountDemand


class Approval(Demand):
    """The second officer's word on a coercive act."""

    officer: Annotated[Line, Field(description="审批人工作证编号")]
    approve: bool
    note: Line | None = None
    """Required to refuse, and to approve what is more than owed."""

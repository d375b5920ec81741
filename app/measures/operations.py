"""What can happen to a register. Every operation carries a permanent request number and the instant of its receipt.

Instants are aware; the agency's receipt decides, since ruling and notice take effect on service (Seizure §1).
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.measures.terms import Term
from app.measures.words import Extent, Nature, Reach


@dataclass(frozen=True, slots=True)
class FreezeOrder:
    """冻结/查封. Its request number is from then on the name of the freeze.

    The limit is a sum, or `Reach.WHOLE`: the thing itself, of an account all that is in it and all that comes in.
    """

    request_id: str
    at: datetime
    thing_id: str
    case_number: str
    term: Term
    limit: Decimal | Reach = Reach.WHOLE
    nature: Nature = Nature.ENFORCEMENT


@dataclass(frozen=True, slots=True)
class Renewal:
    """续冻/续封, which names the freeze and the case it renews. `thing_id` narrows it to one of the things reached."""

    request_id: str
    at: datetime
    freeze_id: str
    case_number: str
    term: Term
    thing_id: str | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """解冻/解封: the whole freeze, or so much of its limit. `thing_id` narrows it to one of the things reached."""

    request_id: str
    at: datetime
    freeze_id: str
    case_number: str
    amount: Decimal | None = None
    thing_id: str | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """扣划 to the court's account."""

    request_id: str
    at: datetime
    freeze_id: str
    case_number: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Conversion:
    """保全转执行: the measure keeps term and rank and gets the number of the enforcement case."""

    request_id: str
    at: datetime
    freeze_id: str
    case_number: str
    new_case_number: str


@dataclass(frozen=True, slots=True)
class MoneyIn:
    request_id: str
    at: datetime
    thing_id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class MoneyOut:
    """The holder spends, as far as no freeze forbids it."""

    request_id: str
    at: datetime
    thing_id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Redemption:
    """A wealth product pays out, into its return account."""

    request_id: str
    at: datetime
    thing_id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Disposal:
    """Sale by the court, or set-off. House and land sold together are named together.

    `freeze_id` is the freeze under which the court sold; None where the power to sell lay with a court that had none in
    force here (法释〔2016〕6号). `surplus` is what is left after the selling creditor; None where it is not known yet.
    """

    request_id: str
    at: datetime
    thing_ids: tuple[str, ...]
    case_number: str
    freeze_id: str | None = None
    extent: Extent = Extent.WHOLE
    surplus: Decimal | None = None


Operation = (
    FreezeOrder | Renewal | Release | Transfer | Conversion | MoneyIn | MoneyOut | Redemption | Disposal
)

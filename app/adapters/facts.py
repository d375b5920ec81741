"""What typed facts are made of: exact values, and the pieces that several kinds of asset share.

Read strictly: in JSON an amount is a decimal string, an instant names its offset, unknown fields are refused. Nothing
of a value shows in a `repr` or in a validation error, since nearly all of it is personal data.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetPydanticSchema,
    PlainSerializer,
    Strict,
)
from pydantic_core import core_schema

from app.vocabulary import CertificateType, HolderRole, SeizureKind


def _written_as(pattern: str) -> GetPydanticSchema:
    """In JSON only a string of this form; pydantic alone would also take numbers and timestamps.

    Runs in Rust, unlike a validator function; the patterns avoid what regex dialects read differently. Pydantic's
    own strict mode cannot be used beside it: it would want a Decimal from JSON, too.
    """
    text = core_schema.str_schema(pattern=pattern, strict=True)

    def narrow(source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        value = handler(source)
        return core_schema.json_or_python_schema(
            json_schema=core_schema.chain_schema([text, value]),
            python_schema=value,
            serialization=value.get("serialization"),
        )

    return GetPydanticSchema(narrow)


_AS_PLAIN_DECIMAL = PlainSerializer(lambda value: format(value, "f"), return_type=str, when_used="json")
"""`str` of a Decimal may come out as 1E+2."""

Money = Annotated[
    Decimal,
    Field(max_digits=18, decimal_places=2, allow_inf_nan=False),
    _written_as(r"^-?[0-9]{1,16}(\.[0-9]{1,2})?$"),
    _AS_PLAIN_DECIMAL,
]
"""An amount in the unit of its currency, two decimals at most; a string in JSON."""

Sum = Annotated[Money, Field(gt=0)]
"""An amount that is ordered: more than nothing."""

Quantity = Annotated[
    Decimal,
    Field(max_digits=20, decimal_places=6, allow_inf_nan=False),
    _written_as(r"^-?[0-9]{1,14}(\.[0-9]{1,6})?$"),
    _AS_PLAIN_DECIMAL,
]
"""Shares of a product, or the price of one: funds are quoted with four decimals and more."""

Area = Annotated[
    Decimal,
    Field(max_digits=14, decimal_places=4, ge=0, allow_inf_nan=False),
    _written_as(r"^[0-9]{1,10}(\.[0-9]{1,4})?$"),
    _AS_PLAIN_DECIMAL,
]
"""Square metres."""

Day = Annotated[date, _written_as(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]

Instant = Annotated[
    AwareDatetime,
    _written_as(
        r"^(19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$"
    ),
]
"""RFC 3339 with its offset; beyond microseconds it is cut off. Years from 1900 on, so that it has a value in UTC."""

Identifier = Annotated[
    UUID,
    _written_as(r"^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$"),
]

_NO_CONTROLS = r"^[^\x00-\x1f\x7f-\x9f]+$"
"""Control characters forge log lines and tables, and PostgreSQL takes no NUL."""

Number = Annotated[int, Strict()]
Flag = Annotated[bool, Strict()]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Text = Annotated[str, Field(min_length=1, max_length=400, pattern=_NO_CONTROLS)]
Reference = Annotated[str, Field(min_length=1, max_length=100, pattern=_NO_CONTROLS)]
Prose = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$")]
"""Free text, in which lines may break."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Fact(BaseModel):
    """A value object of an answer; its `repr` names the kind only."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    __str__ = __repr__


class PriorFreeze(Fact):
    """在先冻结: another measure that already lies on the thing."""

    authority: Text
    document_number: Text | None = None
    case_number: Text | None = None
    amount: Money | None = None
    rank: Annotated[Number, Field(ge=1, le=10_000)] | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None


class PriorityRight(Fact):
    """优先受偿权: pledge, margin or another right that goes before the creditor."""

    right: Text
    holder: Text
    amount: Money | None = None
    contact: Text | None = None


class Holder(Fact):
    """权利人 of a real right, with the share."""

    name: Text
    certificate_type: CertificateType | None = None
    certificate_number: Text | None = None
    share: Text | None = None
    co_ownership: Text | None = None


class Mortgage(Fact):
    """抵押权."""

    mortgagee: Text
    mortgagor: Text | None = None
    kind: Text | None = None
    secured_amount: Money | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None
    certificate_number: Text | None = None


class Seizure(Fact):
    """查封登记."""

    authority: Text
    kind: SeizureKind
    document_number: Text | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None
    business_number: Text | None = None


class Reported(Fact):
    """What every asset carries beside its own facts."""

    holder_role: HolderRole = HolderRole.OWNER
    disputed: Flag = False
    """The agency itself says that somebody contests this fact; the marker travels on with it."""

    dispute_note: Text | None = None
    remark: Text | None = None


Few = Field(max_length=1000)
"""A bound on every list, so that one answer cannot fill the memory."""

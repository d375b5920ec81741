"""Kinds of text and number that request bodies are made of."""

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"),
]
"""One line of text, without control characters."""

_AMOUNT = re.compile(r"[0-9]{1,16}(\.[0-9]{1,2})?")


def _amount(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
        raise PydanticCustomError("money", "not an amount")
    return Decimal(value)


Money = Annotated[
    Decimal,
    BeforeValidator(_amount),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,16}(\.[0-9]{1,2})?$", "examples": ["85000.00"]}),
]
"""Yuan, not negative, as a string with at most two decimals: a binary float cannot hold every fen."""


class Demand(BaseModel):
    """A request body. Unknown fields are refused: a misspelt limit must not be taken for none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

"""What every message of the protocol is made of."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Protocol = Literal["liandong/1"]
PROTOCOL: Protocol = "liandong/1"


class Piece(BaseModel):
    """A message or a part of one. Its `repr` names the kind only, for nearly all of it is personal data."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, from_attributes=True)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    __str__ = __repr__

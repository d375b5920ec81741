"""No coercion unseen: a new coercive order needs a log that its witnesses have vouched for a short while ago."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.witness_policy import standing
from app.errors import ErrorCode, Refusal
from app.vocabulary import OrderKind

COERCIVE = frozenset({OrderKind.FREEZE, OrderKind.TRANSFER, OrderKind.CONVERSION, OrderKind.LOCATE})
"""What is newly done to somebody. A renewal only keeps what is in force, and its lapse could not be made good."""


async def require_witnessed(session: AsyncSession, kind: OrderKind, now: datetime) -> None:
    """Whether an order of this kind may be taken now; always, where no witness is configured.

    Raises:
        Refusal: `log_not_witnessed`. Nothing is lost: the order may be approved when the witnesses are back.
    """
    if kind not in COERCIVE:
        return
    found = await standing(session)
    if found is not None and not found.is_witnessed(now):
        raise Refusal(ErrorCode.LOG_NOT_WITNESSED)

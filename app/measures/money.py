"""Exact sums with two places, in the unit of their currency."""

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
MOST = Decimal("9999999999999999.99")
"""As many digits as the messages of agencies carry."""


def exact(amount: Decimal) -> Decimal | None:
    """This amount with two places, or None when it cannot be ordered.

    That is when it is not finite, nothing or less, beyond what a register keeps, or has a third decimal.
    """
    if not amount.is_finite() or not ZERO < amount <= MOST:
        return None
    cents = amount.quantize(CENT)
    return cents if cents == amount else None


def to_cents(amount: Decimal) -> Decimal:
    """Rounded half up, as banks in China round interest."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def written(amount: Decimal) -> str:
    """`12,345.60`, for the lines that people read."""
    return f"{amount:,.2f}"

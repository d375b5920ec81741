"""Numbers of things: plates, vehicles, real-estate units, bank cards.

Agencies report them and their books are what they are: whatever is odd becomes a warning, nothing is refused.
"""

import re
from dataclasses import dataclass, field

from stdnum import luhn

from app.identifiers.findings import Finding
from app.identifiers.spelling import PROVINCES, compact

_PLATE = re.compile(
    rf"[{PROVINCES}][A-HJ-NP-Z][A-HJ-NP-Z0-9]{{4}}[A-HJ-NP-Z0-9挂学警港澳]"  # GA 36: ordinary
    rf"|[{PROVINCES}][A-HJ-NP-Z][A-HJ-NP-Z0-9]{{6}}"  # GA 36: new energy, one sign longer
    r"|使[0-9]{6}|[0-9]{6}使"
    rf"|[{PROVINCES}][A-HJ-NP-Z][0-9]{{4}}领|领[0-9]{{6}}"
    rf"|WJ[{PROVINCES}]?[A-Z0-9]{{5}}|[A-Z]{{2}}[0-9]{{5}}"  # armed police, army
)
_VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
_VIN_VALUES = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True)
)
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
# County 6, cadastral area 3, sub-area 3, kind of parcel 2 letters, parcel 5, kind of fixture 1 letter, unit 8.
_REAL_ESTATE_UNIT = re.compile(r"[0-9]{12}[A-Z]{2}[0-9]{5}[A-Z][0-9]{8}")
_BANK_CARD = re.compile(r"[0-9]{13,19}")

_PLATE_UNUSUAL = Finding("plate_unusual", "号牌号码格式不常见。", "This is no usual plate number.")
_VIN_SHAPE = Finding(
    "vin_shape",
    "车辆识别代号应为17位，不含I、O、Q。",
    "A vehicle identification number has 17 characters, without I, O and Q.",
)
_VIN_CHECK = Finding(
    "vin_check_digit", "车辆识别代号第9位校验码不符。", "The ninth character does not fit the rest."
)
_UNIT_SHAPE = Finding(
    "real_estate_unit_shape",
    "不动产单元号应为28位：12位数字、2位字母、5位数字、1位字母、8位数字。",
    "A real-estate unit number has 28 characters: 12 digits, 2 letters, 5 digits, a letter, 8 digits.",
)
_CARD_SHAPE = Finding(
    "bank_card_shape", "银行卡号应为13至19位数字。", "A bank card number has 13 to 19 digits."
)
_CARD_CHECK = Finding(
    "bank_card_check_digit", "银行卡号校验位不符。", "The check digit of the card does not fit."
)


@dataclass(frozen=True, slots=True)
class CheckedNumber:
    normalised: str = field(repr=False)
    warnings: tuple[Finding, ...] = ()


def check_plate(text: str) -> CheckedNumber:
    """A plate number 号牌号码, without the dot or hyphen that is painted but not part of it."""
    plate = re.sub(r"[-\u00b7\u2022\u30fb]", "", compact(text)).upper()
    return _checked(plate, None if _PLATE.fullmatch(plate) else _PLATE_UNUSUAL)


def check_vin(text: str) -> CheckedNumber:
    """A vehicle identification number 车辆识别代号 (ISO 3779, GB 16735)."""
    vin = compact(text).upper()
    if not _VIN.fullmatch(vin):
        return _checked(vin, _VIN_SHAPE)
    return _checked(vin, None if vin_check_character(vin) == vin[8] else _VIN_CHECK)


def vin_check_character(vin: str) -> str:
    """What the ninth of 17 characters should be; not every importer keeps to it."""
    values = (int(sign) if sign.isdigit() else _VIN_VALUES[sign] for sign in vin)
    total = sum(value * weight for value, weight in zip(values, _VIN_WEIGHTS, strict=True))
    return "0123456789X"[total % 11]


def check_real_estate_unit(text: str) -> CheckedNumber:
    """A real-estate unit number 不动产单元号 (GB/T 37346); it is often printed in four groups."""
    unit = compact(text).upper()
    return _checked(unit, None if _REAL_ESTATE_UNIT.fullmatch(unit) else _UNIT_SHAPE)


def check_bank_card(text: str) -> CheckedNumber:
    """A bank card number. Account numbers have no check digit: do not send them here."""
    card = compact(text).replace("-", "")
    if not _BANK_CARD.fullmatch(card):
        return _checked(card, _CARD_SHAPE)
    return _checked(card, None if luhn.is_valid(card) else _CARD_CHECK)


def _checked(normalised: str, warning: Finding | None) -> CheckedNumber:
    return CheckedNumber(normalised, (warning,) if warning else ())

"""Citizen numbers 公民身份号码 (GB 11643-1999), and the 15-digit numbers before them."""

import re
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Self

from stdnum.iso7064 import mod_11_2

from app.identifiers.findings import CertificateError, Finding
from app.identifiers.spelling import compact

# The first two digits of GB/T 2260; 81–83 open the residence permits of Hong Kong, Macau and Taiwan residents.
# Finer codes are not looked at: abolished ones live on in lawful numbers, and no list of them is complete.
_REGION = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")
_EARLIEST_BIRTH_YEAR = 1850
_EIGHTEEN = re.compile(r"[0-9]{17}[0-9X]")
_FIFTEEN = re.compile(r"[0-9]{15}")

_SHAPE = Finding(
    "citizen_number_shape",
    "公民身份号码应为17位数字加1位数字或X，或旧式15位数字。请核对位数。",
    "A citizen number is 17 digits and a digit or X, or 15 digits in the old form; check its length.",
)
_BIRTH_DATE = Finding(
    "citizen_number_birth_date",
    "公民身份号码第7至14位不是真实的出生日期。请与证件核对。",
    "Digits 7 to 14 of this citizen number are no real date of birth; compare with the certificate.",
)
_BIRTH_IN_FUTURE = Finding(
    "citizen_number_birth_in_future",
    "公民身份号码中的出生日期晚于今天。请与证件核对。",
    "The date of birth in this citizen number lies in the future; compare with the certificate.",
)
_CHECK_DIGIT = Finding(
    "citizen_number_check_digit",
    "公民身份号码末位校验码不符。有一位数字有误，请与证件核对。",
    "The check character of this citizen number does not fit: a digit is wrong; compare with the certificate.",
)
REGION_UNKNOWN = Finding(
    "citizen_number_region_unknown",
    "公民身份号码的行政区划代码不在现行代码表中，请留意。",
    "The region code of this citizen number is not in the present list; mind it.",
)


class Sex(StrEnum):
    MALE = "male"
    FEMALE = "female"


@dataclass(frozen=True, slots=True)
class CitizenNumber:
    """A checked number in its 18-character form. The number does not show in `repr`."""

    number: str = field(repr=False)
    warnings: tuple[Finding, ...] = ()

    @classmethod
    def parse(cls, text: str, *, today: date) -> Self:
        """Check a number of either length; the 18-character form is derived from 15 digits.

        Full-width digits and a small x are taken. A region that is not known warns and never refuses: old
        certificates carry abolished codes.

        Raises:
            CertificateError: shape, date of birth (no real day, or after `today`), or check character.
        """
        number = compact(text).upper()
        if _FIFTEEN.fullmatch(number):
            number = _lengthen(number)
        if not _EIGHTEEN.fullmatch(number):
            raise CertificateError(_SHAPE)
        if _birth_date(number) > today:
            raise CertificateError(_BIRTH_IN_FUTURE)
        if mod_11_2.checksum(number) != 1:
            raise CertificateError(_CHECK_DIGIT)
        return cls(number, () if _REGION.match(number) else (REGION_UNKNOWN,))

    @property
    def born_on(self) -> date:
        return _birth_date(self.number)

    @property
    def sex(self) -> Sex:
        return Sex.MALE if int(self.number[16]) % 2 else Sex.FEMALE

    @property
    def fifteen(self) -> str | None:
        """The old form of somebody born in the 1900s; later births never had one."""
        return self.number[:6] + self.number[8:17] if self.number[6:8] == "19" else None

    def forms(self) -> tuple[str, ...]:
        """Every number to ask a registry with, the present form first: old records were never rewritten."""
        return (self.number, self.fifteen) if self.fifteen else (self.number,)


def _lengthen(fifteen: str) -> str:
    """The old form holds two digits of the year, and ended in 1999: the century is 19."""
    body = f"{fifteen[:6]}19{fifteen[6:]}"
    return body + str(mod_11_2.calc_check_digit(body))


def _birth_date(number: str) -> date:
    try:
        born_on = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise CertificateError(_BIRTH_DATE) from None
    if born_on.year < _EARLIEST_BIRTH_YEAR:
        raise CertificateError(_BIRTH_DATE)
    return born_on

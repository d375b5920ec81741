"""Numbers that pass every check and belong to nobody.

The region codes 419900 to 419999 were never assigned (GB/T 2260 ends Henan at 4190), so no citizen, company or plot of
land can bear a number made here. Phones begin with 12, which is no mobile range, plates with 豫Z.

A number carries its bearer's index, so a registry finds it, or knows it for a stranger's, without a table.
"""

from datetime import date

from stdnum import luhn
from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_2

from app.identifiers import CertificateError, CitizenNumber, Sex
from app.identifiers.organisations import organisation_check_character
from app.identifiers.things import vin_check_character

LIMIT = 50_000
"""100 regions times 500 sequence numbers of either sex."""

_REGION = "4199"
_COMPANY_REGISTER = "91"  # 9: market regulation, 1: company
_FAR_FUTURE = date(9999, 12, 31)


def citizen_number(index: int, born_on: date, sex: Sex) -> str:
    """The region holds the index modulo 100, the sequence number the rest; its parity is the sex."""
    high, low = divmod(index, 100)
    sequence = 2 * high + (1 if sex is Sex.MALE else 0)
    body = f"{_REGION}{low:02d}{born_on:%Y%m%d}{sequence:03d}"
    return body + str(mod_11_2.calc_check_digit(body))


def fifteen_digits(number: str) -> str:
    """The form before 1999."""
    return number[:6] + number[8:17]


def person_index(number: str) -> int | None:
    """Whose a number of 18 or 15 digits would be; None when it cannot have been made here."""
    if len(number) not in {15, 18} or not number.startswith(_REGION):
        return None
    try:
        number = CitizenNumber.parse(number, today=_FAR_FUTURE).number
    except CertificateError:
        return None
    return int(number[14:17]) // 2 * 100 + int(number[4:6])


def credit_code(index: int) -> str:
    body = f"{_COMPANY_REGISTER}{_REGION}{index % 100:02d}{_organisation_code(index)}"
    return body + uscc.calc_check_digit(body)


def company_index(number: str) -> int | None:
    """Whose a credit code, or an organisation code, would be; None when it cannot have been made here."""
    organisation = number[8:17] if len(number) == 18 else number.replace("-", "")
    digits = organisation[3:8]
    if len(organisation) != 9 or not (digits.isascii() and digits.isdigit()):
        return None
    index = int(digits)
    return index if number in {credit_code(index), _organisation_code(index), hyphenated(index)} else None


def hyphenated(index: int) -> str:
    code = _organisation_code(index)
    return f"{code[:8]}-{code[8]}"


def _organisation_code(index: int) -> str:
    body = f"MA9{index:05d}"
    return body + organisation_check_character(body)


def card_number(account_number: str) -> str:
    """A card of the union's 62 range for an account."""
    body = f"6299{account_number[-14:]}"
    return body + luhn.calc_check_digit(body)


def unit_number(index: int, building: int, unit: int, parcel: str = "GB", fixture: str = "F") -> str:
    """A real-estate unit: county, two cadastral areas, parcel, fixture."""
    return f"{_REGION}{index % 100:02d}001001{parcel}{index:05d}{fixture}{building:04d}{unit:04d}"


def region_code(index: int) -> str:
    return f"{_REGION}{index % 100:02d}"


def vin(plant: str, serial: int) -> str:
    """L is China; 00 is no maker."""
    draft = f"L00ZC2E40TA{plant}{serial:05d}"
    return draft[:8] + vin_check_character(draft) + draft[9:]


def phone(index: int) -> str:
    return f"121{index:08d}"

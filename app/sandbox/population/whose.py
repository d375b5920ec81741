"""Whose a thing is, told from its number: a registry finds what is named to it without a list of everything."""

import re

from app.sandbox.population.records import Subject
from app.sandbox.population.town import Town

_ACCOUNT = re.compile(r"4199[0-9]{3}([123])([0-9]{6})[0-9]{3}")
_PRODUCT_ACCOUNT = re.compile(r"8(199[0-9]{13})/LC[0-9]{6}")
_UNIT = re.compile(r"4199[0-9]{2}001001(GB|GX)([0-9]{5})[FW][0-9]{8}")
_VIN = re.compile(r"L00ZC2E4[0-9X]TA([CEPR])([0-9]{5})")
_OF_COMPANIES = frozenset({"2", "GX", "C", "E"})


def whose_account(town: Town, number: str) -> Subject | None:
    """The holder, the first of two; None when no number of an account is like this. So for the two below."""
    return _subject(town, _ACCOUNT.fullmatch(number))


def whose_product(town: Town, number: str) -> Subject | None:
    """A product is named by its account and its number."""
    account = _PRODUCT_ACCOUNT.fullmatch(number)
    return account and whose_account(town, f"4{account[1]}")


def whose_unit(town: Town, number: str) -> Subject | None:
    return _subject(town, _UNIT.fullmatch(number))


def whose_vehicle(town: Town, vin: str) -> Subject | None:
    return _subject(town, _VIN.fullmatch(vin))


def _subject(town: Town, match: re.Match[str] | None) -> Subject | None:
    if match is None:
        return None
    family, index = match[1], int(match[2])
    try:
        return town.company(index) if family in _OF_COMPANIES else town.person(index)
    except IndexError:
        return None

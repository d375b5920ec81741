"""Numbers of organisations: unified social credit code (GB 32100), organisation code (GB 11714), licence."""

import re

from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_10

from app.identifiers.findings import CertificateError, Finding
from app.identifiers.spelling import compact

_CREDIT_CODE = re.compile(r"[0-9A-HJ-NP-RTUWXY]{2}[0-9]{6}[0-9A-HJ-NP-RTUWXY]{10}")
_ORGANISATION_CODE = re.compile(r"[0-9A-Z]{8}[0-9X]")
_LICENCE = re.compile(r"[0-9]{13}|[0-9]{15}")
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

_CREDIT_SHAPE = Finding(
    "credit_code_shape",
    "统一社会信用代码应为18位数字和大写字母，不含I、O、S、V、Z。请核对。",
    "A unified social credit code has 18 digits and capital letters, without I, O, S, V and Z; check it.",
)
_CREDIT_CHECK = Finding(
    "credit_code_check_digit",
    "统一社会信用代码末位校验码不符。有一位有误，请与证照核对。",
    "The check character of this credit code does not fit: a character is wrong; compare with the licence.",
)
_ORGANISATION_SHAPE = Finding(
    "organisation_code_shape",
    "组织机构代码应为8位数字或大写字母，加1位校验码，例如80210043-3。",
    "An organisation code is 8 digits or capital letters and a check character, for example 80210043-3.",
)
_ORGANISATION_CHECK = Finding(
    "organisation_code_check_digit",
    "组织机构代码校验码不符。有一位有误，请与证照核对。",
    "The check character of this organisation code does not fit; compare with the certificate.",
)
_LICENCE_SHAPE = Finding(
    "business_licence_shape",
    "营业执照注册号应为15位（旧式13位）数字，或18位统一社会信用代码。",
    "A business licence number has 15 digits (13 in the oldest form), or is the 18-character credit code.",
)
_LICENCE_CHECK = Finding(
    "business_licence_check_digit",
    "营业执照注册号校验码不符，请留意。",
    "The check digit of this business licence number does not fit; mind it.",
)


def credit_code(text: str) -> str:
    """A checked unified social credit code.

    Raises:
        CertificateError: shape or check character.
    """
    code = compact(text).replace("-", "").upper()
    if not _CREDIT_CODE.fullmatch(code):
        raise CertificateError(_CREDIT_SHAPE)
    if uscc.calc_check_digit(code[:-1]) != code[-1]:
        raise CertificateError(_CREDIT_CHECK)
    return code


def embedded_organisation_code(code: str) -> str:
    """Characters 9 to 17 of a credit code are the body's organisation code; old registers know only that."""
    return code[8:17]


def organisation_code(text: str) -> str:
    """A checked organisation code, without its hyphen.

    Raises:
        CertificateError: shape or check character.
    """
    code = compact(text).replace("-", "").upper()
    if not _ORGANISATION_CODE.fullmatch(code):
        raise CertificateError(_ORGANISATION_SHAPE)
    if organisation_check_character(code[:8]) != code[8]:
        raise CertificateError(_ORGANISATION_CHECK)
    return code


def organisation_check_character(body: str) -> str:
    """GB 11714: a weighted sum modulo 11, where 10 is written X."""
    total = sum(int(sign, 36) * weight for sign, weight in zip(body, _ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X"[-total % 11]


def licence_number(text: str) -> tuple[str, tuple[Finding, ...]]:
    """A registration number of the time before credit codes; its check digit warns only, 13 digits have none.

    Raises:
        CertificateError: shape.
    """
    number = compact(text).upper()
    if not _LICENCE.fullmatch(number):
        raise CertificateError(_LICENCE_SHAPE)
    fits = len(number) == 13 or mod_11_10.is_valid(number)
    return number, () if fits else (_LICENCE_CHECK,)

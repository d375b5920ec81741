"""One door for every kind of certificate: what its number must look like, and its other forms."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from app.identifiers.citizens import CitizenNumber
from app.identifiers.findings import CertificateError, Finding
from app.identifiers.organisations import (
    credit_code,
    embedded_organisation_code,
    licence_number,
    organisation_code,
)
from app.identifiers.spelling import compact
from app.vocabulary import CertificateType

_EMPTY = Finding(
    "certificate_empty", "证件号码为空。请填写证件号码。", "The certificate number is empty; give it."
)
_TOO_LONG = Finding(
    "certificate_too_long", "证件号码过长，请核对。", "The certificate number is too long; check it."
)
_RESIDENCE_PERMIT = Finding(
    "residence_permit_unusual",
    "港澳台居民居住证号码通常为81、82或83开头的18位有效号码，请留意。",
    "A residence permit's number is usually a valid one of 18 characters that begins with 81, 82 or 83; mind it.",
)
_MAX_LENGTH = 60


@dataclass(frozen=True, slots=True)
class CheckedCertificate:
    """A number in its one spelling, the other forms registries may keep it under, and what is odd about it."""

    certificate_type: CertificateType
    normalised: str = field(repr=False)
    also_known_as: tuple[str, ...] = field(default=(), repr=False)
    warnings: tuple[Finding, ...] = ()


def check_certificate(certificate_type: CertificateType, number: str, *, today: date) -> CheckedCertificate:
    """Check a certificate number by the rule of its type.

    Citizen numbers, credit codes and organisation codes are held to their check characters. The others are accepted
    by type with a sane length and sane characters: foreign and military papers have no rule we may know.

    Raises:
        CertificateError: it cannot be such a number; the finding says why and what to do.
    """
    if len(number) > _MAX_LENGTH:
        raise CertificateError(_TOO_LONG)
    if not compact(number):
        raise CertificateError(_EMPTY)
    if certificate_type in _BY_SHAPE:
        return _by_shape(certificate_type, number)
    return _BY_RULE[certificate_type](number, today)


def _citizen_id(number: str, today: date) -> CheckedCertificate:
    citizen = CitizenNumber.parse(number, today=today)
    return CheckedCertificate(
        CertificateType.CITIZEN_ID, citizen.number, citizen.forms()[1:], citizen.warnings
    )


def _credit_code(number: str, _today: date) -> CheckedCertificate:
    code = credit_code(number)
    return CheckedCertificate(
        CertificateType.UNIFIED_SOCIAL_CREDIT_CODE, code, (embedded_organisation_code(code),)
    )


def _organisation_code(number: str, _today: date) -> CheckedCertificate:
    return CheckedCertificate(CertificateType.ORGANISATION_CODE, organisation_code(number))


def _business_licence(number: str, _today: date) -> CheckedCertificate:
    """Licences issued since 2015 bear the credit code."""
    if len(compact(number)) == 18:
        code = credit_code(number)
        return CheckedCertificate(CertificateType.BUSINESS_LICENCE, code, (embedded_organisation_code(code),))
    licence, warnings = licence_number(number)
    return CheckedCertificate(CertificateType.BUSINESS_LICENCE, licence, warnings=warnings)


def _residence_permit(number: str, today: date) -> CheckedCertificate:
    """Numbered like citizen numbers since 2018; what does not fit is odd, and accepted."""
    checked = _by_shape(CertificateType.OTHER, number)
    try:
        citizen = CitizenNumber.parse(number, today=today)
    except CertificateError:
        usual = False
    else:
        usual = citizen.number == checked.normalised and citizen.number[:2] in {"81", "82", "83"}
    return CheckedCertificate(
        CertificateType.RESIDENCE_PERMIT_HMT,
        checked.normalised,
        warnings=() if usual else (_RESIDENCE_PERMIT,),
    )


_BY_RULE: dict[CertificateType, Callable[[str, date], CheckedCertificate]] = {
    CertificateType.CITIZEN_ID: _citizen_id,
    CertificateType.UNIFIED_SOCIAL_CREDIT_CODE: _credit_code,
    CertificateType.ORGANISATION_CODE: _organisation_code,
    CertificateType.BUSINESS_LICENCE: _business_licence,
    CertificateType.RESIDENCE_PERMIT_HMT: _residence_permit,
}


@dataclass(frozen=True, slots=True)
class _Shape:
    pattern: re.Pattern[str]
    refusal: Finding


def _shape(pattern: str, name_zh: str, name_en: str, form_zh: str, form_en: str) -> _Shape:
    return _Shape(
        re.compile(pattern),
        Finding(
            "certificate_shape",
            f"{name_zh}号码应为{form_zh}。请核对号码和证件种类。",
            f"The number of {name_en} has {form_en}; check the number and the type.",
        ),
    )


_FREE = r"[\u3400-\u9fffA-Z0-9()./-]"
_BY_SHAPE: dict[CertificateType, _Shape] = {
    CertificateType.HOUSEHOLD_REGISTER: _shape(
        rf"{_FREE}{{4,30}}", "户口簿", "a household register", "4至30位数字、字母或汉字", "4 to 30 characters"
    ),
    CertificateType.PASSPORT: _shape(
        r"[A-Z0-9]{7,12}", "护照", "a passport", "7至12位字母和数字", "7 to 12 letters and digits"
    ),
    CertificateType.FOREIGN_PASSPORT: _shape(
        r"[A-Z0-9-]{4,20}",
        "外国护照",
        "a foreign passport",
        "4至20位字母和数字",
        "4 to 20 letters and digits",
    ),
    CertificateType.HK_MACAU_PERMIT: _shape(
        r"[A-Z0-9()]{8,14}",
        "港澳居民来往内地通行证",
        "a Hong Kong or Macau permit",
        "8至14位",
        "8 to 14 characters",
    ),
    CertificateType.TAIWAN_PERMIT: _shape(
        r"[A-Z0-9()]{8,14}", "台湾居民来往大陆通行证", "a Taiwan permit", "8至14位", "8 to 14 characters"
    ),
    CertificateType.MILITARY_ID: _shape(
        rf"{_FREE}{{4,30}}", "军人证件", "a military certificate", "4至30位", "4 to 30 characters"
    ),
    CertificateType.POLICE_ID: _shape(
        rf"{_FREE}{{4,30}}", "武警证件", "an armed police certificate", "4至30位", "4 to 30 characters"
    ),
    CertificateType.OTHER: _shape(
        rf"{_FREE}{{2,40}}", "其他证件", "another certificate", "2至40位", "2 to 40 characters"
    ),
}


def _by_shape(certificate_type: CertificateType, number: str) -> CheckedCertificate:
    shape = _BY_SHAPE[certificate_type]
    normalised = compact(number).upper()
    if not shape.pattern.fullmatch(normalised):
        raise CertificateError(shape.refusal)
    return CheckedCertificate(certificate_type, normalised)

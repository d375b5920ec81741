"""Numbers and names of cases, people, organisations and things: parsed, checked, made comparable. Pure, no I/O."""

from app.identifiers.case_numbers import CASE_TYPES, CaseNumber, CaseType
from app.identifiers.certificates import CheckedCertificate, check_certificate
from app.identifiers.citizens import CitizenNumber, Sex
from app.identifiers.findings import CaseNumberError, CertificateError, Finding, IdentifierError
from app.identifiers.names import normalise_name, same_name
from app.identifiers.things import (
    CheckedNumber,
    check_bank_card,
    check_plate,
    check_real_estate_unit,
    check_vin,
)

__all__ = [
    "CASE_TYPES",
    "CaseNumber",
    "CaseNumberError",
    "CaseType",
    "CertificateError",
    "CheckedCertificate",
    "CheckedNumber",
    "CitizenNumber",
    "Finding",
    "IdentifierError",
    "Sex",
    "check_bank_card",
    "check_certificate",
    "check_plate",
    "check_real_estate_unit",
    "check_vin",
    "normalise_name",
    "same_name",
]

"""How something odd about a number is told: a stable code and a text that says what is wrong and what to do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """The texts never repeat the number they speak of: it may be a person's."""

    code: str
    zh: str
    en: str


class IdentifierError(ValueError):
    """A number that cannot be what it is said to be. `finding` says why, in both languages."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(f"{finding.zh} {finding.en}")
        self.finding = finding


class CaseNumberError(IdentifierError):
    """Not a case number."""


class CertificateError(IdentifierError):
    """Not a number of that kind of certificate."""

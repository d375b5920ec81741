"""How a person or organisation is found again without being named."""

from app.crypto import Vault
from app.vocabulary import CertificateType


def certificate_index(vault: Vault, certificate_type: CertificateType, number: str) -> bytes:
    """The blind index of a normalised certificate number; an old 15-digit number is normalised to 18 before."""
    return vault.blind_index("certificate", f"{certificate_type}:{number}")

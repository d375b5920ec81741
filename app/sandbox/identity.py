"""Who speaks with whom: the agency itself, and the hub as the agency knows it."""

from dataclasses import dataclass, field

from app.adapters.signatures import KeyRing, SigningKey


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an agency is. `url` is its address as the hub knows it, without a slash at its end.

    `foreign_key` is another agency's, to sign with when a fault wants it.
    """

    agency_code: str
    url: str
    key: SigningKey = field(repr=False)
    foreign_key: SigningKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class Hub:
    """The hub's address, without a slash at its end, and its public keys."""

    url: str
    keys: KeyRing

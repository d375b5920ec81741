"""Sealing of personal data, and the keyed index that finds it again.

Sealed values are AES-256-GCM with a random nonce, bound to the place they belong to ("table.column"), so a value
cannot be moved to another column and still open. The blind index is HMAC-SHA-256 under a key of its own: equal
values are found, nothing can be read back.
"""

import hashlib
import hmac
import os
from collections.abc import Callable, Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


class SealBroken(Exception):
    """A sealed value that does not open: unknown key, wrong place, or altered bytes."""


class SealExpired(SealBroken):
    """A sealed value whose key was destroyed because its time was over. It cannot be had any more, by anybody."""


EXPIRING = "until-"
"""Ids of keys that are destroyed on a day begin so."""


class Vault:
    """Seals with the current key, opens with any key still held."""

    def __init__(
        self,
        keys: Mapping[str, bytes],
        current: str,
        index_key: bytes,
        expiring: Callable[[str], bytes | None] | None = None,
    ) -> None:
        """`expiring` finds a key that will be destroyed, every time anew: once it is destroyed, nobody has it."""
        if any(len(key) != 32 for key in (*keys.values(), index_key)):
            raise ValueError("vault and index keys are 32 bytes")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._current = current
        self._prefix = bytes([len(current.encode())]) + current.encode()
        self._index_key = index_key
        self._expiring = expiring or (lambda _: None)
        if current not in self._ciphers:
            raise ValueError(f"the current vault key {current!r} is not among the keys")

    def seal(self, value: bytes, place: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return self._prefix + nonce + self._ciphers[self._current].encrypt(nonce, value, place.encode())

    @property
    def current(self) -> str:
        """The id of the key that seals."""
        return self._current

    def seal_under(self, key_id: str, value: bytes, place: str) -> bytes:
        """As `seal`, with another key that is held; raises `SealExpired` when it is not any more."""
        nonce = os.urandom(_NONCE_BYTES)
        name = key_id.encode()
        return bytes([len(name)]) + name + nonce + self._cipher(key_id).encrypt(nonce, value, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """The value sealed for `place`; raises `SealBroken`."""
        try:
            size = sealed[0]
            key_id = sealed[1 : 1 + size].decode()
            nonce = sealed[1 + size : 1 + size + _NONCE_BYTES]
            cipher = self._cipher(key_id)
            return cipher.decrypt(nonce, sealed[1 + size + _NONCE_BYTES :], place.encode())
        except (IndexError, UnicodeDecodeError, KeyError, ValueError, InvalidTag) as error:
            raise SealBroken(place) from error

    def _cipher(self, key_id: str) -> AESGCM:
        """Raises `SealExpired`, or KeyError for a key that never was."""
        if not key_id.startswith(EXPIRING):
            return self._ciphers[key_id]
        key = self._expiring(key_id)
        if key is None:
            raise SealExpired(key_id)
        return AESGCM(key)

    def seal_text(self, value: str, place: str) -> bytes:
        return self.seal(value.encode(), place)

    def open_text(self, sealed: bytes, place: str) -> str:
        return self.open(sealed, place).decode()

    def blind_index(self, kind: str, value: str) -> bytes:
        """A keyed digest of `value`; `kind` keeps equal strings of different meaning apart."""
        return hmac.digest(self._index_key, f"{kind}\x00{value}".encode(), "sha256")


def key_id_of(sealed: bytes) -> str:
    """The id of the key that a value is sealed with; ValueError when it is no sealed value."""
    size = sealed[0] if sealed else 0
    if not 0 < size < len(sealed):
        raise ValueError("not a sealed value")
    return sealed[1 : 1 + size].decode()


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

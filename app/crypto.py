"""Sealing of personal data, and the keyed index that finds it again.

Sealed values are AES-256-GCM with a random nonce, bound to the place they belong to ("table.column"), so a value
cannot be moved to another column and still open. The blind index is HMAC-SHA-256 under a key of its own: equal
values are found, nothing can be read back.
"""

import hashlib
import hmac
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


class SealBroken(Exception):
    """A sealed value that does not open: unknown key, wrong place, or altered bytes."""


class Vault:
    """Seals with the current key, opens with any key still held."""

    def __init__(self, keys: Mapping[str, bytes], current: str, index_key: bytes) -> None:
        if any(len(key) != 32 for key in (*keys.values(), index_key)):
            raise ValueError("vault and index keys are 32 bytes")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._current = current
        self._prefix = bytes([len(current.encode())]) + current.encode()
        self._index_key = index_key
        if current not in self._ciphers:
            raise ValueError(f"the current vault key {current!r} is not among the keys")

    def seal(self, value: bytes, place: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return self._prefix + nonce + self._ciphers[self._current].encrypt(nonce, value, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """The value sealed for `place`; raises `SealBroken`."""
        try:
            size = sealed[0]
            key_id = sealed[1 : 1 + size].decode()
            nonce = sealed[1 + size : 1 + size + _NONCE_BYTES]
            return self._ciphers[key_id].decrypt(nonce, sealed[1 + size + _NONCE_BYTES :], place.encode())
        except (IndexError, UnicodeDecodeError, KeyError, ValueError, InvalidTag) as error:
            raise SealBroken(place) from error

    def seal_text(self, value: str, place: str) -> bytes:
        return self.seal(value.encode(), place)

    def open_text(self, sealed: bytes, place: str) -> str:
        return self.open(sealed, place).decode()

    def blind_index(self, kind: str, value: str) -> bytes:
        """A keyed digest of `value`; `kind` keeps equal strings of different meaning apart."""
        return hmac.digest(self._index_key, f"{kind}\x00{value}".encode(), "sha256")


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

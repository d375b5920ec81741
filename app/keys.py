"""The hub's secret keys: given in production, made once and kept in the data folder for development."""

import base64
import binascii
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from pydantic import SecretStr

from app.crypto import Vault
from app.expiry_keys import ExpiryKeys
from app.settings import Mode, Settings

HUB_KEY_ID = "liandong-hub"
"""The id under which agencies know the key that signs the hub's messages."""

_NAMES = ("vault_keys", "index_key", "token_key", "signing_key", "audit_key")
_DEVELOPMENT_FILE = "development-keys.json"


class KeysMissing(Exception):
    """The hub cannot start: a key is missing, malformed or a known default."""


@dataclass(frozen=True, slots=True)
class Keys:
    vault: Vault = field(repr=False)
    token: Ed25519PrivateKey = field(repr=False)
    signing: Ed25519PrivateKey = field(repr=False)
    audit: Ed25519PrivateKey = field(repr=False)
    audit_retiring: Ed25519PrivateKey | None = field(default=None, repr=False)


def load_keys(settings: Settings) -> Keys:
    """The keys named in the settings; in development the missing ones come from the data folder.

    Raises:
        KeysMissing: in production when any is absent, or anywhere when one is malformed or a well-known default.
    """
    given = {name: _revealed(getattr(settings, name)) for name in _NAMES}
    missing = [name for name, value in given.items() if not value]
    if missing and settings.mode is Mode.PRODUCTION:
        variables = ", ".join(f"LIANDONG_{name.upper()}" for name in missing)
        raise KeysMissing(f"production mode needs {variables} (make them with: liandong keys new)")
    kept = _development_keys(settings.data_dir) if missing else {}
    values = {name: given[name] or kept[name] for name in _NAMES}
    retiring = _revealed(settings.audit_retiring_key)
    return Keys(
        vault=_vault(values["vault_keys"], values["index_key"], ExpiryKeys(settings.expiry_keys_dir).find),
        token=_ed25519("token_key", values["token_key"]),
        signing=_ed25519("signing_key", values["signing_key"]),
        audit=_ed25519("audit_key", values["audit_key"]),
        audit_retiring=_ed25519("audit_retiring_key", retiring) if retiring else None,
    )


def new_keys() -> dict[str, str]:
    """A fresh set of keys, by the name of their setting."""
    return {
        "vault_keys": f"v1:{_random_key()}",
        "index_key": _random_key(),
        "token_key": _new_pem(),
        "signing_key": _new_pem(),
        "audit_key": _new_pem(),
    }


def _development_keys(data_dir: Path) -> dict[str, str]:
    """Made by whichever process comes first; the link makes the winner visible whole or not at all."""
    path = data_dir / _DEVELOPMENT_FILE
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        draft = data_dir / f".{_DEVELOPMENT_FILE}.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(new_keys(), file)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first; its keys are the keys
        finally:
            draft.unlink()
    kept: dict[str, str] = json.loads(path.read_text())
    return kept


def _revealed(secret: SecretStr | None) -> str:
    return secret.get_secret_value().strip() if secret else ""


def _random_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def _new_pem() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _key_bytes(name: str, text: str) -> bytes:
    """32 bytes with some disorder in them: a placeholder such as zeroes or one repeated letter is refused."""
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise KeysMissing(f"LIANDONG_{name.upper()} is not base64") from error
    if len(key) != 32 or len(set(key)) < 12:
        raise KeysMissing(f"LIANDONG_{name.upper()} must be 32 random bytes in base64")
    return key


def _vault(vault_keys: str, index_key: str, expiring: Callable[[str], bytes | None]) -> Vault:
    keys: dict[str, bytes] = {}
    for part in vault_keys.split(","):
        key_id, colon, text = part.strip().partition(":")
        if not colon or not key_id or len(key_id) > 40:
            raise KeysMissing("LIANDONG_VAULT_KEYS is a list of id:base64")
        keys[key_id] = _key_bytes("vault_keys", text)
    index = _key_bytes("index_key", index_key)
    return Vault(keys, current=next(iter(keys)), index_key=index, expiring=expiring)


def _ed25519(name: str, pem: str) -> Ed25519PrivateKey:
    # An environment file often carries a PEM on one line.
    try:
        key = load_pem_private_key(pem.replace("\\n", "\n").encode(), password=None)
    except ValueError as error:
        raise KeysMissing(f"LIANDONG_{name.upper()} is not a PEM private key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeysMissing(f"LIANDONG_{name.upper()} must be an Ed25519 key")
    return key

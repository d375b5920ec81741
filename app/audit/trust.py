"""Reading whom a verifier trusts: a verifier key, a policy, or files of public keys, from text or from files."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from app.audit.checkpoint import Checkpoint, log_key, open_checkpoint
from app.audit.note import MAX_NOTE_BYTES, MalformedKey, VerifierKey
from app.audit.policy import MalformedPolicy, Policy, read_policy

_PEM = re.compile(r"(?:# key id: ([^\n]{1,200})\n)?(-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----)")


@dataclass(frozen=True, slots=True)
class MessageKey:
    """A public key that signs messages between hub and agencies; `name` as its file tells, or the file's own name."""

    name: str
    public: Ed25519PublicKey | EllipticCurvePublicKey

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Ed25519, or ECDSA P-256 with r and s of 32 bytes each (RFC 9421 §3.3.4)."""
        try:
            if isinstance(self.public, Ed25519PublicKey):
                self.public.verify(signature, message)
            else:
                pair = (int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
                self.public.verify(encode_dss_signature(*pair), message, ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return len(signature) == 64


@dataclass(frozen=True, slots=True)
class Trust:
    policy: Policy
    message_keys: tuple[MessageKey, ...] = field(default=())


def read_trust(given: Sequence[str]) -> Trust:
    """From verifier keys, policies and PEM files, each given as text or as the name of a file.

    Of a log whose key changes, both keys may be given; of policies one is the most, since each speaks for its logs alone.

    Raises:
        MalformedKey, MalformedPolicy, UnicodeDecodeError, OSError: the text says which is of no use.
    """
    logs: list[VerifierKey] = []
    policies: list[Policy] = []
    keys: list[MessageKey] = []
    for text, name in map(_text_of, given):
        if pem := list(_message_keys(text, name)):
            keys += pem
        elif re.search(r"^[ \t]*quorum[ \t]", text, re.MULTILINE):
            policies.append(read_policy(text))
        else:
            logs.append(log_key(text.strip()))
    if (bool(logs), len(policies)) not in {(True, 0), (False, 1)}:
        raise MalformedPolicy("a policy, or else the verifier key of a log, is needed")
    return Trust(policies[0] if policies else Policy.of(*logs), tuple(keys))


def read_kept(path: Path, policy: Policy) -> Checkpoint:
    """A checkpoint that its reader kept from an earlier time, or got from a witness.

    Raises:
        NoteError, UnicodeDecodeError, OSError: it is none that a log of the policy signed.
    """
    with path.open("rb") as file:
        note = file.read(MAX_NOTE_BYTES + 1).decode()
    return open_checkpoint(note, *policy.log_keys)


def _text_of(given: str) -> tuple[str, str]:
    path = Path(given)
    if len(given) < 4096 and "\n" not in given and path.is_file():
        return path.read_text(encoding="utf-8"), path.stem
    return given, "key"


def _message_keys(text: str, name: str) -> Iterable[MessageKey]:
    for key_id, pem in _PEM.findall(text):
        try:
            public = load_pem_public_key(pem.encode())
        except ValueError as error:
            raise MalformedKey("a public key in PEM that cannot be read") from error
        if (isinstance(public, EllipticCurvePublicKey) and isinstance(public.curve, SECP256R1)) or isinstance(
            public, Ed25519PublicKey
        ):
            yield MessageKey(key_id or name, public)
        else:
            raise MalformedKey("message keys are Ed25519 or ECDSA P-256")

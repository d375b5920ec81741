r"""Receipts: one entry of the log, its proof, and the signatures of both sides, in a file that needs no hub.

A receipt is a C2SP tlog-proof. Its extra data are JSON:

    {"entry": "<the entry, which the log's leaf is made of>",
     "statements": [{"base": "…", "signature": "<base64>"}, …],
     "v": 1}

A statement is what one side signed of a message (RFC 9421): its bytes hold the message's digest, not the message.
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.audit.note import exact_base64

FORMAT = 1


class MalformedReceipt(ValueError):
    """Extra data that are not those of a receipt, to the byte."""


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """Who is said to have signed what; true when the key of that id verifies the signature over the base."""

    base: str
    signature: bytes

    @property
    def key_id(self) -> str:
        """By which the two sides know the key; empty when the base names none."""
        found = _KEY_ID.search(self.base)
        return found[1] if found else ""

    def digests(self) -> dict[str, str]:
        """The SHA-256 digests (hex) of the message it is under, and of the request it answers, by component."""
        return {component: b64decode(digest).hex() for component, digest in _DIGEST.findall(self.base)}

    @property
    def created_at(self) -> datetime | None:
        """When its maker says it was made; aware."""
        found = _CREATED.search(self.base)
        return datetime.fromtimestamp(int(found[1]), UTC) if found else None

    @property
    def target(self) -> str | None:
        found = _TARGET.search(self.base)
        return found[1] if found else None


# Lines of a signature base: a value never holds a line break, so that nothing within one looks like a line of its own.
_DIGEST = re.compile(
    r'^("content-digest"(?:;req)?): (?:[^\n]*, *)?sha-256=:([A-Za-z0-9+/]{43}=):(?:,[^\n]*)?$', re.MULTILINE
)
_KEY_ID = re.compile(r'^"@signature-params": [^\n]*;keyid="([^"\n]*)"[^\n]*\Z', re.MULTILINE)
_CREATED = re.compile(r'^"@signature-params": [^\n]*;created=([0-9]{1,11})(?:;[^\n]*)?\Z', re.MULTILINE)
_TARGET = re.compile(r'^"@target-uri"(?:;req)?: ([^\n]+)$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ReceiptBody:
    entry: bytes
    statements: tuple[SignedStatement, ...] = ()

    def to_bytes(self) -> bytes:
        """The extra data of the proof; ValueError when the entry is no UTF-8."""
        fields = {
            "v": FORMAT,
            "entry": self.entry.decode(),
            "statements": [
                {"base": one.base, "signature": b64encode(one.signature).decode()} for one in self.statements
            ],
        }
        return json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def read_body(extra: bytes) -> ReceiptBody:
    """Raises `MalformedReceipt`."""
    try:
        fields = json.loads(extra.decode())
        statements = tuple(map(_statement, fields["statements"]))
        body = ReceiptBody(fields["entry"].encode(), statements)
        exact = body.to_bytes() == extra
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise MalformedReceipt(f"not a receipt of format {FORMAT}") from error
    if not exact:
        raise MalformedReceipt("a receipt, but not in its only spelling")
    return body


def statements_about(
    digests: Iterable[str], statements: Sequence[SignedStatement]
) -> tuple[SignedStatement, ...]:
    """Those that bind one of these digests: made over that message, or over an answer to it."""
    wanted = set(digests)
    return tuple(one for one in statements if wanted & set(one.digests().values()))


def _statement(fields: dict[str, Any]) -> SignedStatement:
    base = fields["base"]
    if not isinstance(base, str) or len(fields) != 2:
        raise TypeError("not a statement")
    return SignedStatement(base, exact_base64(fields["signature"]))

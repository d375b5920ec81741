r"""The signatures of an exchange, kept so that neither side can deny its bytes.

Kept is what was signed except the bodies, which are stored elsewhere and bound by their digests: the first line and
the covered field lines of a request and, after an empty line, of the answer to it.

    POST https://bank.example/liandong/requests
    content-type: application/json
    content-digest: sha-256=:…:
    signature-input: liandong=(…)
    signature: liandong=:…:

    200
    …
"""

from collections.abc import Iterator

from app.adapters.signatures import (
    Headers,
    RequestParts,
    ResponseParts,
    Statement,
    request_statement,
    response_statement,
)

_ALWAYS = frozenset({b"content-digest", b"signature-input", b"signature"})


def evidence_of_request(request: RequestParts) -> str:
    """Of a message whose signature was verified, or made."""
    return _head(f"{request.method} {request.target_uri}", request.headers)


def evidence_of_exchange(request: RequestParts, response: ResponseParts) -> str:
    """Of a request and the answer to it, whose signature was verified."""
    return f"{evidence_of_request(request)}\n{_head(str(response.status), response.headers)}"


def statements(evidence: str) -> list[Statement]:
    """What was signed: by the asking side, and by the answering one if there was an answer.

    Raises:
        SignatureRefused, ValueError: this is no evidence that was written here.
    """
    asked, answered, reply = evidence.partition("\n\n")
    first, headers = _read(asked)
    method, _, target = first.partition(" ")
    request = RequestParts(method, target, headers, b"")
    found = [request_statement(request)]
    if answered:
        first, headers = _read(reply)
        found.append(response_statement(ResponseParts(int(first), headers, b""), request))
    return found


def _head(first: str, headers: Headers) -> str:
    return "\n".join([first, *_covered(headers)]) + "\n"


def _covered(headers: Headers) -> Iterator[str]:
    """The field lines that a signature covers, besides its own."""
    lower = [(name.lower(), value) for name, value in headers]
    components = b" ".join(value for name, value in lower if name == b"signature-input")
    for name, value in lower:
        if name in _ALWAYS or b'"%b"' % name in components:
            yield f"{name.decode('latin-1')}: {value.decode('latin-1')}"


def _read(head: str) -> tuple[str, Headers]:
    first, *lines = head.rstrip("\n").split("\n")
    fields = []
    for line in lines:
        name, _, value = line.partition(": ")
        fields.append((name.encode("latin-1"), value.encode("latin-1")))
    return first, fields

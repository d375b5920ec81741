"""Our profile of RFC 9421, checked against the RFC's own vectors, a second implementation, and hostile bytes."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import http_message_signatures as second_opinion
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.signatures import (
    Headers,
    KeyRing,
    RequestParts,
    ResponseParts,
    SignatureFault,
    SignatureRefused,
    SigningKey,
    Verified,
    VerifyingKey,
    _Subject,
    claimed_key_id,
    content_digest,
    new_nonce,
    sign_request,
    sign_response,
    verify_request,
    verify_response,
)
from app.adapters.signing_keys import Algorithm, load_private_key, load_public_key

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
NONCE = "b3k2pp5k7z9-50gnwp_emd"
URI = "https://bank.example/liandong/v1/requests?lane=1"
BODY = '{"request_id":"…"}'.encode()

KEYS = {
    Algorithm.ED25519: SigningKey("hub-2026", Ed25519PrivateKey.generate()),
    Algorithm.ECDSA_P256_SHA256: SigningKey("hub-2026", ec.generate_private_key(ec.SECP256R1())),
}
KEY = KEYS[Algorithm.ED25519]


Message = TypeVar("Message", RequestParts, ResponseParts)


def public_half(key: SigningKey) -> VerifyingKey:
    return VerifyingKey(key.key_id, key.private_key.public_key(), not_before=NOW - timedelta(days=1))


RING = {"hub-2026": public_half(KEY)}


def a_request(body: bytes = BODY, **headers: str) -> RequestParts:
    lines = [(b"Content-Type", b"application/json"), (b"Host", b"bank.example")]
    lines += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return RequestParts("POST", URI, lines, body)


def with_lines(message: Message, added: Headers) -> Message:
    return replace(message, headers=[*message.headers, *added])


def signed(
    request: RequestParts | None = None, key: SigningKey = KEY, created: datetime = NOW, nonce: str = NONCE
) -> RequestParts:
    request = request or a_request()
    return with_lines(request, sign_request(request, key, created, nonce))


def without(message: Message, *names: bytes) -> Message:
    return replace(message, headers=[line for line in message.headers if line[0].lower() not in names])


def with_field(message: Message, name: bytes, value: bytes) -> Message:
    return with_lines(without(message, name), [(name, value)])


def field(message: RequestParts | ResponseParts, name: bytes) -> bytes:
    return next(value for line, value in message.headers if line.lower() == name)


def fault(request: RequestParts, ring: KeyRing = RING, now: datetime = NOW) -> SignatureFault:
    with pytest.raises(SignatureRefused) as refused:
        verify_request(request, ring, now)
    return refused.value.code


@pytest.mark.parametrize("algorithm", Algorithm)
def test_what_is_signed_is_verified_by_the_public_key(algorithm: Algorithm) -> None:
    key = KEYS[algorithm]
    verified = verify_request(signed(key=key), {key.key_id: public_half(key)}, NOW)
    assert verified == Verified("hub-2026", NONCE, NOW)


def test_the_signed_fields_are_written_in_the_canonical_form() -> None:
    lines = dict(sign_request(a_request(), KEY, NOW, NONCE))
    assert lines[b"content-digest"] == content_digest(BODY)
    assert lines[b"signature-input"] == (
        b'liandong=("@method" "@target-uri" "content-digest" "content-type");created=1772443800;'
        b'keyid="hub-2026";alg="ed25519";nonce="b3k2pp5k7z9-50gnwp_emd";tag="liandong-v1"'
    )


def test_the_mark_of_a_possible_duplicate_cannot_be_stripped_or_added() -> None:
    marked = signed(a_request(Liandong_Possible_Duplicate="?1"))
    assert b'"liandong-possible-duplicate"' in field(marked, b"signature-input")
    verify_request(marked, RING, NOW)
    assert fault(without(marked, b"liandong-possible-duplicate")) is SignatureFault.MISSING
    assert fault(with_field(marked, b"liandong-possible-duplicate", b"?0")) is SignatureFault.BAD_SIGNATURE
    added = with_field(signed(), b"liandong-possible-duplicate", b"?1")
    assert fault(added) is SignatureFault.UNCOVERED_COMPONENT


def test_an_empty_request_needs_no_content_type_but_cannot_be_given_one_or_a_body() -> None:
    asked = signed(RequestParts("GET", URI, [], b""))
    verify_request(asked, RING, NOW)
    assert fault(with_field(asked, b"content-type", b"text/plain")) is SignatureFault.UNCOVERED_COMPONENT
    assert fault(replace(asked, body=b"x")) is SignatureFault.UNCOVERED_COMPONENT


def test_a_changed_body_is_a_wrong_digest() -> None:
    assert fault(replace(signed(), body=BODY + b" ")) is SignatureFault.WRONG_DIGEST


@pytest.mark.parametrize(
    "change",
    [
        lambda request: replace(request, method="PUT"),
        lambda request: replace(request, target_uri=URI + "0"),
        lambda request: with_field(request, b"content-type", b"text/xml"),
        lambda request: with_field(request, b"content-digest", content_digest(b"other")),
        lambda request: with_field(
            request, b"signature-input", field(request, b"signature-input").replace(b"nonce=", b'nonce="a')
        ),
    ],
)
def test_a_changed_covered_part_is_refused(change: Callable[[RequestParts], RequestParts]) -> None:
    assert fault(change(signed())) in {SignatureFault.BAD_SIGNATURE, SignatureFault.MALFORMED}


def test_a_signature_is_good_for_five_minutes_in_both_directions() -> None:
    request = signed()
    for minutes in (-5, 5):
        verify_request(request, RING, NOW + timedelta(minutes=minutes))
    for seconds in (-301, 301):
        assert fault(request, now=NOW + timedelta(seconds=seconds)) is SignatureFault.STALE


def test_an_expired_signature_is_stale_within_the_five_minutes() -> None:
    assert fault(hand_signed(b";expires=%d" % (NOW.timestamp() - 1))) is SignatureFault.STALE
    verify_request(hand_signed(b";expires=%d" % (NOW.timestamp() + 1)), RING, NOW)


def test_a_key_has_its_time_and_can_be_revoked() -> None:
    key = RING["hub-2026"]
    assert fault(signed(), {}) is SignatureFault.UNKNOWN_KEY
    assert fault(signed(), {key.key_id: replace_key(key, revoked=True)}) is SignatureFault.REVOKED_KEY
    assert fault(signed(), {key.key_id: replace_key(key, not_after=NOW)}) is SignatureFault.EXPIRED_KEY
    late = replace_key(key, not_before=NOW + timedelta(seconds=1))
    assert fault(signed(), {key.key_id: late}) is SignatureFault.EXPIRED_KEY


def replace_key(key: VerifyingKey, **changes: Any) -> VerifyingKey:
    values: dict[str, Any] = {
        "not_before": key.not_before,
        "not_after": key.not_after,
        "revoked": key.revoked,
    } | changes
    return VerifyingKey(key.key_id, key.public_key, **values)


def test_the_key_decides_the_algorithm_and_not_the_message() -> None:
    claimed = with_field(
        signed(),
        b"signature-input",
        field(signed(), b"signature-input").replace(b'alg="ed25519"', b'alg="ecdsa-p256-sha256"'),
    )
    assert fault(claimed) is SignatureFault.WRONG_ALGORITHM
    other_kind = public_half(KEYS[Algorithm.ECDSA_P256_SHA256])
    assert fault(signed(), {"hub-2026": other_kind}) is SignatureFault.WRONG_ALGORITHM
    verify_request(hand_signed(b""), RING, NOW)  # an absent alg claims nothing


def test_another_keys_signature_is_bad() -> None:
    stranger = SigningKey("hub-2026", Ed25519PrivateKey.generate())
    assert fault(signed(key=stranger)) is SignatureFault.BAD_SIGNATURE


ALL = b'"@method" "@target-uri" "content-type" "content-digest"'


def hand_signed(
    extra: bytes, components: bytes = ALL, tag: bytes = b"liandong-v1", nonce: str = NONCE
) -> RequestParts:
    """A request signed as another implementation might: `extra` parameters, other order, no alg."""
    request = with_lines(a_request(), [(b"content-digest", content_digest(BODY))])
    parameters = b'(%b);keyid="hub-2026";created=%d;tag="%b";nonce="%b"' % (
        components,
        NOW.timestamp(),
        tag,
        nonce.encode(),
    )
    parameters += extra
    derived = {b'"@method"': b"POST", b'"@target-uri"': URI.encode()}
    fields: dict[bytes, bytes | None] = {name.lower(): value for name, value in request.headers}
    base = _Subject(derived, fields, BODY).base(components.split(), parameters)
    signature = b64encode(KEY.sign(base))
    return with_lines(
        request,
        [(b"Signature-Input", b"liandong=" + parameters), (b"Signature", b"liandong=:" + signature + b":")],
    )


@pytest.mark.parametrize("missing", ALL.split())
def test_every_component_of_the_profile_must_be_covered(missing: bytes) -> None:
    left = b" ".join(name for name in ALL.split() if name != missing)
    assert fault(hand_signed(b"", components=left)) is SignatureFault.UNCOVERED_COMPONENT


def test_a_plain_field_may_be_covered_beyond_the_profile() -> None:
    verify_request(hand_signed(b"", components=ALL + b' "host"'), RING, NOW)


def test_a_signature_for_another_purpose_is_not_taken() -> None:
    assert fault(hand_signed(b"", tag=b"web-bot-auth")) is SignatureFault.WRONG_TAG


def test_a_nonce_needs_sixteen_random_bytes() -> None:
    assert fault(hand_signed(b"", nonce="a" * 21)) is SignatureFault.MALFORMED
    verify_request(hand_signed(b"", nonce=new_nonce()), RING, NOW)
    with pytest.raises(SignatureRefused):
        sign_request(a_request(), KEY, NOW, "short")


@pytest.mark.parametrize("name", [b"signature", b"signature-input", b"content-digest", b"content-type"])
def test_a_missing_or_doubled_field_is_refused(name: bytes) -> None:
    request = signed()
    assert fault(without(request, name)) in {SignatureFault.MISSING, SignatureFault.UNCOVERED_COMPONENT}
    doubled = with_lines(request, [(name.upper(), field(request, name))])
    assert fault(doubled) is SignatureFault.MALFORMED


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"created=", b"created=-"),
        (b"created=1772443800", b"created=1772443800.0"),
        (b"created=1772443800", b'created="1772443800"'),
        (b"created=1772443800", b"created=99999999999999"),
        (b'keyid="hub-2026"', b"keyid=7"),
        (b'keyid="hub-2026"', b'keyid="hub\\"2026"'),
        (b";alg=", b";ALG="),
        (b";tag=", b";created=1772443800;tag="),
        (b";tag=", b";kid=1;tag="),
        (b'"@method"', b'"@method" "@method"'),
        (b'"@method"', b'"@method";req'),
        (b'"@method"', b"@method"),
        (b'"@method" ', b'"@method"  '),
        (b'"content-type"', b'"content-type";bs'),
        (b'"content-type"', b'"content-type" "@authority"'),
        (b'"content-type"', b'"content-type" "@query-param";name="a b"'),
        (b"liandong=(", b"liandong=(("),
        (b"liandong=(", b"liandong="),
        (b"liandong=(", b"liandong=(),liandong=("),
        (b"liandong=(", b"liandong=()trailing("),
        (b"liandong=", b"Liandong="),
        (b"liandong=", b","),
        (b"liandong=(", b"\x00liandong=("),
        (b"liandong=(", b"x=(" * 5000),
    ],
)
def test_a_malformed_signature_input_is_refused_as_such(old: bytes, new: bytes) -> None:
    request = signed()
    value = field(request, b"signature-input")
    assert old in value
    refused = fault(with_field(request, b"signature-input", value.replace(old, new)))
    assert refused in {SignatureFault.MALFORMED, SignatureFault.UNCOVERED_COMPONENT}


@pytest.mark.parametrize(
    "value",
    [
        b"liandong=:AAAA:",
        b"liandong=:A:",
        b"liandong=?1",
        b"liandong=:====:",
        b"liandong",
        b"",
        b":",
        b"\xff",
        b"liandong=::",
    ],
)
def test_a_malformed_signature_is_refused_as_such(value: bytes) -> None:
    assert fault(with_field(signed(), b"signature", value)) is SignatureFault.MALFORMED


def test_a_signature_under_another_label_is_missing() -> None:
    request = signed()
    for name in (b"signature", b"signature-input"):
        request = with_field(request, name, field(request, name).replace(b"liandong=", b"proxy="))
    assert fault(request) is SignatureFault.MISSING


def test_a_proxys_own_signature_beside_ours_does_no_harm() -> None:
    request = signed()
    ours, signature = field(request, b"signature-input"), field(request, b"signature")
    request = with_field(
        request, b"signature-input", b'proxy=("@authority" "x";key="a";sf);created=1;x ,\t' + ours
    )
    request = with_field(request, b"signature", signature + b", proxy=:AAAA:")
    verify_request(request, RING, NOW)


SHA_512 = b"sha-512=:" + b64encode(bytes(64)) + b":"


def test_a_sha_512_digest_may_stand_beside_sha_256() -> None:
    verify_request(resigned_with_digest(a_request(), content_digest(BODY) + b", " + SHA_512), RING, NOW)


def test_a_sha_512_digest_may_not_stand_instead_of_sha_256() -> None:
    assert fault(resigned_with_digest(a_request(), SHA_512)) is SignatureFault.MISSING


def resigned_with_digest(request: RequestParts, value: bytes) -> RequestParts:
    parameters = field(signed(), b"signature-input").removeprefix(b"liandong=")
    fields: dict[bytes, bytes | None] = {b"content-type": b"application/json", b"content-digest": value}
    subject = _Subject({b'"@method"': b"POST", b'"@target-uri"': URI.encode()}, fields, BODY)
    base = subject.base([b'"@method"', b'"@target-uri"', b'"content-digest"', b'"content-type"'], parameters)
    signature = b"liandong=:" + b64encode(KEY.sign(base)) + b":"
    lines = [
        (b"content-digest", value),
        (b"signature-input", b"liandong=" + parameters),
        (b"signature", signature),
    ]
    return with_lines(request, lines)


@pytest.mark.parametrize(
    "request_",
    [
        RequestParts("POST", URI, [(b"content-type", b"a\r\nb: c")], BODY),
        RequestParts("POST", URI, [(b"content-type", "类".encode())], BODY),
        RequestParts("POST", URI, [(b"content-type", b"a"), (b"Content-Type", b"b")], BODY),
        RequestParts("POST", URI, [], BODY),
        RequestParts("POST\n", URI, [(b"content-type", b"a")], BODY),
        RequestParts("post", URI, [(b"content-type", b"a")], BODY),
        RequestParts("POST", "https://bank.example/银行", [(b"content-type", b"a")], BODY),
        RequestParts("POST", "https://bank.example/ x", [(b"content-type", b"a")], BODY),
        RequestParts("POST", "/relative", [(b"content-type", b"a")], BODY),
        signed(),
    ],
    ids=str,
)
def test_an_ambiguous_message_is_never_signed(request_: RequestParts) -> None:
    with pytest.raises(SignatureRefused):
        sign_request(request_, KEY, NOW, NONCE)


# Answers


def an_answer(
    request: RequestParts, body: bytes = b'{"state":"found"}', key: SigningKey = KEY
) -> ResponseParts:
    response = ResponseParts(202, [(b"Content-Type", b"application/json")] if body else [], body)
    return with_lines(response, sign_response(response, request, key, NOW, NONCE))


@pytest.mark.parametrize("body", [b"{}", b""])
@pytest.mark.parametrize("algorithm", Algorithm)
def test_an_answer_is_verified_with_the_request_it_answers(algorithm: Algorithm, body: bytes) -> None:
    key, request = KEYS[algorithm], signed()
    response = an_answer(request, body, key)
    assert verify_response(response, request, {key.key_id: public_half(key)}, NOW).nonce == NONCE


@pytest.mark.parametrize(
    "other",
    [
        signed(a_request(b"another freeze")),
        signed(replace(a_request(), target_uri=URI + "&x")),
        signed(replace(a_request(), method="PUT")),
        signed(nonce="another-attempt-at-the-same"),
    ],
    ids=["body", "address", "method", "attempt"],
)
def test_an_answer_cannot_be_replayed_for_another_request(other: RequestParts) -> None:
    response = an_answer(signed())
    with pytest.raises(SignatureRefused) as refused:
        verify_response(response, other, RING, NOW)
    assert refused.value.code is SignatureFault.BAD_SIGNATURE


def test_a_changed_status_is_refused() -> None:
    request = signed()
    with pytest.raises(SignatureRefused) as refused:
        verify_response(replace(an_answer(request), status=200), request, RING, NOW)
    assert refused.value.code is SignatureFault.BAD_SIGNATURE


def test_a_signed_request_cannot_pass_as_the_answer_to_itself() -> None:
    request = signed()
    with pytest.raises(SignatureRefused) as refused:
        verify_response(ResponseParts(200, request.headers, request.body), request, RING, NOW)
    assert refused.value.code is SignatureFault.UNCOVERED_COMPONENT


def test_an_answer_to_an_unsigned_request_is_not_signed() -> None:
    with pytest.raises(SignatureRefused) as refused:
        an_answer(a_request())
    assert refused.value.code is SignatureFault.MISSING


def test_the_claimed_key_can_be_read_before_the_key_is_loaded() -> None:
    assert claimed_key_id(signed().headers) == "hub-2026"
    with pytest.raises(SignatureRefused):
        claimed_key_id([])


# Hostile bytes

hostile = st.one_of(
    st.binary(max_size=200),
    st.text(alphabet='()";=,:?1aliandong@ \\\t', max_size=120).map(str.encode),
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"signature", b"Signature-Input", b"content-digest", b"content-type"]), hostile
        ),
        max_size=6,
    ),
    st.text(max_size=8),
    st.text(max_size=30),
    st.binary(max_size=10),
)
def test_hostile_headers_are_refused_and_nothing_else_happens(
    headers: Headers, method: str, target: str, body: bytes
) -> None:
    with pytest.raises(SignatureRefused):
        verify_request(RequestParts(method, target, headers, body), RING, NOW)
    with pytest.raises(SignatureRefused):
        verify_request(RequestParts("POST", URI, headers, body), RING, NOW)
    with pytest.raises(SignatureRefused):
        verify_response(ResponseParts(200, headers, body), signed(), RING, NOW)


@given(st.sampled_from([b"signature", b"signature-input", b"content-digest", b"content-type"]), st.data())
def test_one_changed_byte_anywhere_is_refused(name: bytes, data: st.DataObject) -> None:
    request = signed()
    value = field(request, name)
    place = data.draw(st.integers(0, len(value) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != value[place]))
    changed = value[:place] + bytes([byte]) + value[place + 1 :]
    if changed.strip(b" \t") == value:
        return
    with pytest.raises(SignatureRefused):
        verify_request(with_field(request, name, changed), RING, NOW)


def test_long_hostile_input_is_refused_at_once() -> None:
    for value in (
        b"liandong=(" + b'"a" ' * 2000,
        b"liandong=()" + b";a" * 3000 + b"\x7f",
        b'liandong=("' + b"a" * 8000,
    ):
        started = datetime.now(UTC)
        assert fault(with_field(signed(), b"signature-input", value)) is SignatureFault.MALFORMED
        assert datetime.now(UTC) - started < timedelta(seconds=0.2)


# The second opinion: http-message-signatures, an independent implementation

THEIR_ALGORITHMS = {
    Algorithm.ED25519: second_opinion.algorithms.ED25519,
    Algorithm.ECDSA_P256_SHA256: second_opinion.algorithms.ECDSA_P256_SHA256,
}


@dataclass
class TheirRequest:
    method: str
    url: str
    headers: dict[str, str]
    body: bytes


@dataclass
class TheirResponse:
    status_code: int
    headers: dict[str, str]
    body: bytes
    request: TheirRequest


def text_headers(headers: Headers) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in headers}


def raw_headers(headers: dict[str, str]) -> Headers:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


Tool = TypeVar("Tool", second_opinion.HTTPMessageSigner, second_opinion.HTTPMessageVerifier)


def their_tool(kind: type[Tool], key: SigningKey) -> Tool:
    resolver = second_opinion.MappingKeyResolver(
        public_keys={key.key_id: key.private_key.public_key()}, private_keys={key.key_id: key.private_key}
    )
    return kind(signature_algorithm=THEIR_ALGORITHMS[key.algorithm], key_resolver=resolver)


@pytest.mark.parametrize("algorithm", Algorithm)
def test_the_second_opinion_accepts_our_requests_and_answers(algorithm: Algorithm) -> None:
    key, present = KEYS[algorithm], datetime.now(UTC)
    request = signed(a_request(Liandong_Possible_Duplicate="?1"), key, present)
    response = ResponseParts(202, [(b"content-type", b"application/json")], b"{}")
    response = with_lines(response, sign_response(response, request, key, present, NONCE))
    theirs = TheirRequest("POST", URI, text_headers(request.headers), request.body)
    answer = TheirResponse(202, text_headers(response.headers), response.body, theirs)
    verifier = their_tool(second_opinion.HTTPMessageVerifier, key)
    [result] = verifier.verify(theirs, expect_tag="liandong-v1", body=BODY)
    assert '"liandong-possible-duplicate"' in result.covered_components
    [result] = verifier.verify(answer, expect_tag="liandong-v1", body=b"{}")
    assert '"content-digest";req' in result.covered_components


@pytest.mark.parametrize("algorithm", Algorithm)
def test_we_accept_the_requests_and_answers_of_the_second_opinion(algorithm: Algorithm) -> None:
    key, present = KEYS[algorithm], datetime.now(UTC)
    signer = their_tool(second_opinion.HTTPMessageSigner, key)
    options: dict[str, Any] = {
        "key_id": key.key_id,
        "nonce": NONCE,
        "label": "liandong",
        "tag": "liandong-v1",
        "created": present,
    }
    theirs = TheirRequest("POST", URI, {"Content-Type": "application/json"}, BODY)
    signer.sign(
        theirs, covered_component_ids=("@method", "@target-uri", "content-type"), body=BODY, **options
    )
    request = RequestParts("POST", URI, raw_headers(theirs.headers), BODY)
    ring = {key.key_id: public_half(key)}
    ring[key.key_id] = replace_key(ring[key.key_id], not_before=NOW - timedelta(days=9999))
    assert verify_request(request, ring, present).nonce == NONCE

    answer = TheirResponse(202, {"Content-Type": "application/json"}, b"{}", theirs)
    covered = (
        "@status",
        "content-type",
        '"@method";req',
        '"@target-uri";req',
        '"content-digest";req',
        '"signature";req;key="liandong"',
    )
    signer.sign(answer, covered_component_ids=covered, body=b"{}", **options)
    response = ResponseParts(202, raw_headers(answer.headers), b"{}")
    assert verify_response(response, request, ring, present).key_id == key.key_id


# RFC 9421 appendix B: the profile covers its algorithms and its signature base

RFC_ED25519 = "MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF"
RFC_P256 = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lf"
    "w0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ=="
)


def test_vector_b_2_6_is_reproduced_with_ed25519() -> None:
    derived = {b'"@method"': b"POST", b'"@path"': b"/foo", b'"@authority"': b"example.com"}
    fields: dict[bytes, bytes | None] = {
        b"date": b"Tue, 20 Apr 2021 02:07:55 GMT",
        b"content-type": b"application/json",
        b"content-length": b"18",
    }
    components = b'"date" "@method" "@path" "@authority" "content-type" "content-length"'
    parameters = b'(%b);created=1618884473;keyid="test-key-ed25519"' % components
    base = _Subject(derived, fields, b"").base(components.split(), parameters)
    key = SigningKey("test-key-ed25519", load_private_key(RFC_ED25519))
    expected = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
    assert key.sign(base) == b64decode(expected)


def test_vector_b_2_4_is_verified_with_ecdsa_p256() -> None:
    fields: dict[bytes, bytes | None] = {
        b"content-type": b"application/json",
        b"content-digest": b"sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:",
        b"content-length": b"23",
    }
    components = b'"@status" "content-type" "content-digest" "content-length"'
    parameters = b'(%b);created=1618884473;keyid="test-key-ecc-p256"' % components
    base = _Subject({b'"@status"': b"200"}, fields, b"").base(components.split(), parameters)
    signature = b64decode(
        "wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw=="
    )
    key = VerifyingKey("test-key-ecc-p256", load_public_key(RFC_P256), NOW)
    key.verify(signature, base)
    with pytest.raises(InvalidSignature):
        key.verify(bytes(64), base)


# Keys


@pytest.mark.parametrize("algorithm", Algorithm)
def test_keys_are_read_from_pem_on_one_line_or_several_and_from_base64(algorithm: Algorithm) -> None:
    key = KEYS[algorithm].private_key
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    der = b64encode(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()
    for text in (pem, pem.replace("\n", "\\n"), der):
        assert SigningKey("a", load_private_key(text)).algorithm is algorithm
    public = key.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    der = b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    for text in (pem, der):
        assert load_public_key(text) == public


def test_the_bare_32_bytes_of_an_ed25519_key_are_read() -> None:
    key = Ed25519PrivateKey.generate()
    public = b64encode(key.public_key().public_bytes_raw()).decode()
    assert load_private_key(b64encode(key.private_bytes_raw()).decode()).public_key() == key.public_key()
    assert load_public_key(public) == key.public_key()


def test_other_kinds_of_keys_are_refused() -> None:
    encryption = BestAvailableEncryption(b"secret")
    rsa_key = rsa.generate_private_key(65537, 2048)
    for key, how in (
        (rsa_key, NoEncryption()),
        (ec.generate_private_key(ec.SECP384R1()), NoEncryption()),
        (KEY.private_key, encryption),
    ):
        with pytest.raises(ValueError):
            load_private_key(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how).decode())
    with pytest.raises(ValueError):
        load_public_key(
            b64encode(rsa_key.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)).decode()
        )
    for text in ("", "no key", "-----BEGIN PUBLIC KEY-----", "AAAA"):
        with pytest.raises(ValueError):
            load_public_key(text)
        with pytest.raises(ValueError):
            load_private_key(text)


def test_a_private_key_does_not_show() -> None:
    assert "private" not in repr(KEY)


@pytest.mark.parametrize("key_id", ["", "a b", 'a"', "钥", "a" * 129, "a\\"])
def test_a_key_id_fits_into_a_structured_field_string(key_id: str) -> None:
    with pytest.raises(ValueError):
        SigningKey(key_id, KEY.private_key)

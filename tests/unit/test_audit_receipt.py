"""Receipts: what they prove with public keys alone, and what they say they do not."""

import json
import subprocess
import sys
from base64 import b64decode, b64encode
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.audit.policy import Policy
from app.audit.proof import inclusion_proof
from app.audit.proof_file import ProofFile, read_proof
from app.audit.receipt import MalformedReceipt, ReceiptBody, SignedStatement, read_body, statements_about
from app.audit.tree import leaf_hash, root_of
from app.audit.trust import MessageKey, Trust, read_trust
from app.audit.verdict import Outcome, Verdict
from app.audit.verify_receipt import main, verify_receipt
from tests.unit.audit_town import (
    BANK,
    ORIGIN,
    POLICE,
    POLICY,
    POLICY_TEXT,
    SIGNER,
    STRANGER,
    cosigned,
    entry,
    private,
    signed,
)

REQUEST, ANSWER = '{"name":"张三"}'.encode(), '{"found":"无"}'.encode()
HUB = private(8)
AGENCY = ec.derive_private_key(12_345, ec.SECP256R1())


def digest_field(body: bytes) -> str:
    return f"sha-256=:{b64encode(sha256(body).digest()).decode()}:"


def asked() -> SignedStatement:
    base = (
        '"@method": POST\n"@target-uri": https://bank.example/requests\n'
        f'"content-digest": {digest_field(REQUEST)}\n"content-type": application/json\n'
        '"@signature-params": ("@method" "@target-uri");created=1795478400;keyid="hub";nonce="n"'
    )
    return SignedStatement(base, HUB.sign(base.encode()))


def answered(key: ec.EllipticCurvePrivateKey = AGENCY) -> SignedStatement:
    base = (
        '"@status": 200\n"@target-uri";req: https://bank.example/requests\n'
        f'"content-digest";req: {digest_field(REQUEST)}\n"content-digest": {digest_field(ANSWER)}\n'
        '"@signature-params": ("@status");created=1795478401;keyid="bank-2026";nonce="n"'
    )
    r, s = decode_dss_signature(key.sign(base.encode(), ec.ECDSA(SHA256())))
    return SignedStatement(base, r.to_bytes(32, "big") + s.to_bytes(32, "big"))


SENT = (("sent", sha256(REQUEST).hexdigest()),)
RECEIVED = (("received", sha256(ANSWER).hexdigest()),)
ENTRIES = [
    entry(number, digests=SENT if number == 20 else RECEIVED if number == 21 else ()) for number in range(50)
]
LEAVES = [leaf_hash(body) for body in ENTRIES]
KEYS = (MessageKey("hub", HUB.public_key()), MessageKey("bank-2026", AGENCY.public_key()))
TRUST = Trust(POLICY, KEYS)


def receipt(
    index: int, *statements: SignedStatement, note: str | None = None, body: bytes | None = None
) -> str:
    proof = inclusion_proof(index, 50, lambda span: root_of(LEAVES[span.start : span.end]))
    extra = ReceiptBody(ENTRIES[index] if body is None else body, statements).to_bytes()
    return ProofFile(index, tuple(proof), note or cosigned(LEAVES, BANK, POLICE), extra).to_text()


GOOD = receipt(20, asked(), answered())


def spelled(verdict: Verdict) -> str:
    return "\n".join(one.en for one in (*verdict.faults, *verdict.proven))


def test_a_receipt_proves_entry_place_witnesses_and_both_signatures() -> None:
    verdict = verify_receipt(GOOD, TRUST, [REQUEST])
    assert (verdict.outcome, verdict.faults) == (Outcome.GOOD, [])
    text = spelled(verdict)
    assert f"Entry 20 of {ORIGIN} is exactly the one" in text
    assert "bank (2026-11-24T00:00:00+00:00), police (2026-11-24T00:00:00+00:00) vouch" in text
    assert "The holder of hub signed this message (sent" in text
    assert "The holder of bank-2026 signed an answer to this message, and so had it (sent" in text
    assert "at 2026-11-24 00:00:01+00:00 by its own clock, at https://bank.example/requests" in text
    assert "The message that was given is the one logged as sent" in text


def test_the_answers_entry_is_bound_to_the_agencys_signature() -> None:
    text = spelled(verify_receipt(receipt(21, answered()), TRUST, [ANSWER]))
    assert "The holder of bank-2026 signed this message (received" in text


def test_a_receipt_says_what_it_does_not_prove() -> None:
    unproven = "\n".join(one.en for one in verify_receipt(GOOD, TRUST).not_proven)
    for words in ("What the messages say", "purpose", "Whose the keys are", "other entries", "after 2026"):
        assert words in unproven


def test_without_the_keys_of_the_two_sides_their_signatures_are_not_proven() -> None:
    verdict = verify_receipt(GOOD, Trust(POLICY))
    assert verdict.outcome is Outcome.GOOD
    assert "signed this message" not in spelled(verdict)
    assert sum("its public key was not given" in one.en for one in verdict.not_proven) == 2


def test_without_witnesses_forks_are_not_proven() -> None:
    verdict = verify_receipt(receipt(20, note=signed(LEAVES)), Trust(Policy.of(SIGNER.verifier)))
    assert verdict.outcome is Outcome.GOOD
    assert any("a fork" in one.en for one in verdict.not_proven)


def test_a_receipt_that_is_not_witnessed_as_asked_is_refused() -> None:
    verdict = verify_receipt(receipt(20, note=cosigned(LEAVES, BANK)), TRUST)
    assert "no cosignature by police" in spelled(verdict)
    assert verdict.outcome is Outcome.BAD


def test_no_byte_of_a_receipt_can_be_changed() -> None:
    """At the least, what it belongs to is not called proven: a signature by a key that nobody knows."""
    raw = GOOD.encode()
    for place in range(len(raw)):
        if place > 500 and place % 7:
            continue  # most of it is long signatures in base64: a seventh of them is enough here
        flipped = bytearray(raw)
        flipped[place] ^= 1
        try:
            text = flipped.decode()
        except UnicodeDecodeError:
            continue
        verdict = verify_receipt(text, TRUST)
        assert verdict.outcome is not Outcome.GOOD or len(verdict.proven) < 4, place


def test_another_entry_under_the_same_proof_is_refused() -> None:
    verdict = verify_receipt(receipt(20, body=ENTRIES[21]), TRUST)
    assert "Entry 20 is not proven" in spelled(verdict)


def test_another_index_is_refused() -> None:
    proof = read_proof(GOOD)
    assert verify_receipt(replace(proof, index=21).to_text(), TRUST).outcome is Outcome.BAD
    assert verify_receipt(replace(proof, index=50).to_text(), TRUST).outcome is Outcome.BAD


def test_a_log_of_another_key_is_refused() -> None:
    verdict = verify_receipt(receipt(20, note=signed(LEAVES, STRANGER)), TRUST)
    assert "not signed by a key that was given" in spelled(verdict)


def test_a_forged_signature_of_a_side_is_found() -> None:
    forger = ec.derive_private_key(54_321, ec.SECP256R1())
    verdict = verify_receipt(receipt(20, answered(forger)), TRUST)
    assert "The signature by bank-2026 is wrong" in spelled(verdict)
    assert verdict.outcome is Outcome.BAD


def test_a_signature_over_another_message_is_found() -> None:
    verdict = verify_receipt(receipt(21, asked()), TRUST)
    assert "has nothing to do with this entry" in spelled(verdict)


def test_another_message_is_told_apart() -> None:
    verdict = verify_receipt(GOOD, TRUST, [REQUEST + b" "])
    assert "not of this entry" in spelled(verdict)


@pytest.mark.parametrize(
    "base",
    [
        '"content-digest": sha-512=:AAAA:',
        f'"x-note": "content-digest": {digest_field(REQUEST)}',
        f'"content-digest";tr: {digest_field(REQUEST)}',
        f'"content-digest": {digest_field(REQUEST)} and more',
        f'"content-digest": sha-256=:{"A" * 42}==:',
    ],
)
def test_only_the_component_itself_is_read_as_the_digest(base: str) -> None:
    assert SignedStatement(base, b"").digests() == {}


def test_a_digest_beside_another_one_is_read() -> None:
    for field in (f"sha-512=:AAAA:, {digest_field(REQUEST)}", f"{digest_field(REQUEST)}, sha-512=:AAAA:"):
        statement = SignedStatement(f'"content-digest": {field}\n"x": y', b"")
        assert statement.digests() == {'"content-digest"': sha256(REQUEST).hexdigest()}


def test_statements_are_chosen_by_the_digests_they_bind() -> None:
    both = (asked(), answered())
    assert statements_about([sha256(REQUEST).hexdigest()], both) == both
    assert statements_about([sha256(ANSWER).hexdigest()], both) == both[1:]
    assert statements_about([], both) == ()


@pytest.mark.parametrize(
    "extra",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"v":1,"entry":"x","statements":[]}',
        b'{"entry":"x","statements":[],"v":2}',
        b'{"entry":7,"statements":[],"v":1}',
        b'{"entry":"x","statements":[7],"v":1}',
        b'{"entry":"x","statements":[{"base":7,"signature":""}],"v":1}',
        b'{"entry":"x","statements":[{"base":"b","signature":"","more":1}],"v":1}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_receipt_is_unusable(extra: bytes) -> None:
    with pytest.raises(MalformedReceipt):
        read_body(extra)
    assert (
        verify_receipt(ProofFile(0, (), signed(LEAVES), extra).to_text(), TRUST).outcome is Outcome.UNUSABLE
    )


def test_a_receipt_is_a_proof_that_other_software_reads() -> None:
    """By the text of C2SP tlog-proof alone: lines, base64, hashes by hand."""
    head, _, note = GOOD.partition("\n\n")
    magic, extra, index, *hashes = head.split("\n")
    assert (magic, index) == ("c2sp.org/tlog-proof@v1", "index 20")
    body = json.loads(b64decode(extra.removeprefix("extra ")))
    node = sha256(b"\x00" + body["entry"].encode()).digest()
    place, last = 20, 49
    for line in hashes:
        sibling = b64decode(line)
        if place % 2 or place == last:
            node = sha256(b"\x01" + sibling + node).digest()
            while place and not place % 2:
                place, last = place // 2, last // 2
        else:
            node = sha256(b"\x01" + node + sibling).digest()
        place, last = place // 2, last // 2
    assert b64encode(node).decode() == note.split("\n")[2]


def pem(name: str, key: MessageKey) -> str:
    text = key.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return f"# key id: {name}\n{text}"


def test_keys_are_read_from_policies_and_files(tmp_path: Path) -> None:
    keys = tmp_path / "keys.pem"
    keys.write_text("".join(pem(key.name, key) for key in KEYS))
    trust = read_trust([POLICY_TEXT, str(keys)])
    assert [key.name for key in trust.message_keys] == ["hub", "bank-2026"]
    assert verify_receipt(GOOD, trust).outcome is Outcome.GOOD
    nameless = tmp_path / "some-bank.pem"
    nameless.write_text(pem("", KEYS[1]).removeprefix("# key id: \n"))
    [key] = read_trust([POLICY_TEXT, str(nameless)]).message_keys
    assert key.name == "some-bank"
    assert "The holder of some-bank signed" in spelled(verify_receipt(GOOD, Trust(POLICY, (key,))))


def test_both_keys_of_a_log_may_be_given_but_not_two_policies() -> None:
    trust = read_trust([str(SIGNER.verifier), str(STRANGER.verifier)])
    assert trust.policy.log_keys == (SIGNER.verifier, STRANGER.verifier)
    for given in ([], [POLICY_TEXT, POLICY_TEXT], [POLICY_TEXT, str(SIGNER.verifier)]):
        with pytest.raises(ValueError):
            read_trust(given)


def test_the_program_ends_with_0_1_or_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad, policy, message = (tmp_path / name for name in ("good", "bad", "policy", "message"))
    good.write_text(GOOD)
    bad.write_text(GOOD.replace("index 20", "index 21"))
    policy.write_text(POLICY_TEXT)
    message.write_bytes(REQUEST)
    assert main([str(good), "--keys", str(policy), "--message", str(message)]) == 0
    assert "已证明 / Proven" in capsys.readouterr().out
    assert main([str(bad), "--keys", str(policy)]) == 1
    assert main([str(good), "--keys", str(policy), "--message", str(policy)]) == 1
    assert main([str(good), "--keys", "nonsense"]) == 2
    assert main([str(policy), "--keys", str(policy)]) == 2
    assert main([str(tmp_path / "absent"), "--keys", str(policy)]) == 2


def test_it_runs_without_database_settings_or_network(tmp_path: Path) -> None:
    (tmp_path / "receipt").write_text(GOOD)
    (tmp_path / "policy").write_text(POLICY_TEXT)
    program = (
        "import socket, sys; socket.socket = None;"
        "from app.audit.verify_receipt import main; code = main(sys.argv[1:]);"
        "barred = {'sqlalchemy', 'psycopg', 'pydantic', 'fastapi', 'httpx', 'structlog', 'typer', 'urllib.request'};"
        "sys.exit(code or sorted(barred & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, tmp_path / "receipt", "--keys", tmp_path / "policy"],
        capture_output=True,
        text=True,
        env={"PATH": ""},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")

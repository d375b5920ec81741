"""C2SP tlog-policy: who is trusted, and when enough of them agree."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.audit.checkpoint import Signer
from app.audit.note import SignatureType, VerifierKey
from app.audit.policy import MalformedPolicy, read_policy

LOG = Signer("court.example/audit", Ed25519PrivateKey.from_private_bytes(bytes(range(32)))).verifier


def witness(number: int) -> VerifierKey:
    private = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    return VerifierKey(
        f"w{number}.example", private.public_key().public_bytes_raw(), SignatureType.COSIGNATURE
    )


EXAMPLE = f"""
# The example of the specification, with keys.
log {LOG} https://court.example/transparency

witness X1 {witness(1)}
witness X2 {witness(2)}
witness X3 {witness(3)}
group X-witnesses 2 X1 X2 X3

\twitness Y1   {witness(4)} \t https://y1.example/
witness Y2 {witness(5)}
witness Y3 {witness(6)}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def test_the_published_example_is_read() -> None:
    policy = read_policy(EXAMPLE)
    assert policy.log_keys == (LOG,)
    assert policy.logs[0].url == "https://court.example/transparency"
    assert [one.name for one in policy.witnesses] == ["X1", "X2", "X3", "Y1", "Y2", "Y3"]
    assert policy.witnesses[3].url == "https://y1.example/"
    assert policy.asks_for_witnesses


@pytest.mark.parametrize(
    ("cosigners", "enough"),
    [
        ("", False),
        ("X1 X2 X3", False),
        ("Y1 Y2 Y3", False),
        ("X1 Y1 Y2 Y3", False),
        ("X1 X3 Y2", True),
        ("X1 X2 X3 Y1 Y2 Y3", True),
        ("X1 X2 Z", False),
    ],
)
def test_the_quorum_of_the_published_example(cosigners: str, *, enough: bool) -> None:
    assert read_policy(EXAMPLE).is_met_by(cosigners.split()) == enough


def test_a_quorum_vouches_for_the_time_at_which_it_was_complete() -> None:
    policy = read_policy(EXAMPLE)
    assert policy.witnessed_at({"X1": 100, "X2": 50, "Y1": 70}) == 50
    assert policy.witnessed_at({"X1": 100, "X2": 50, "X3": 90, "Y1": 70}) == 70
    assert policy.witnessed_at({"X1": 100, "X2": 50}) is None
    assert read_policy("quorum none").witnessed_at({}) is None


def test_no_witness_is_asked_for_when_the_quorum_is_none() -> None:
    policy = read_policy(f"log {LOG}\nquorum none\n")
    assert not policy.asks_for_witnesses
    assert policy.is_met_by(())


def test_a_single_witness_is_a_quorum() -> None:
    policy = read_policy(f"witness 县农行 {witness(1)}\nquorum 县农行\n")
    assert policy.is_met_by({"县农行"})
    assert not policy.is_met_by({"w1.example"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"log {LOG}",
        "quorum none\nquorum none",
        "quorum a",
        "quorum",
        f"quorum a\nwitness a {witness(1)}",
        f"log {witness(1)}\nquorum none",
        f"witness a {LOG}\nquorum none",
        "log nonsense\nquorum none",
        f"log {LOG} u v\nquorum none",
        f"log {LOG}\nlog {LOG}\nquorum none",
        f"witness none {witness(1)}\nquorum none",
        f"witness a {witness(1)}\nwitness a {witness(2)}\nquorum none",
        f"witness a {witness(1)}\nwitness b {witness(1)}\nquorum none",
        f"witness a {witness(1)}\ngroup a any a\nquorum none",
        f"witness a {witness(1)}\ngroup g any\nquorum none",
        f"witness a {witness(1)}\ngroup g 2 a\nquorum none",
        f"witness a {witness(1)}\ngroup g 0 a\nquorum none",
        f"witness a {witness(1)}\ngroup g 01 a\nquorum none",
        f"witness a {witness(1)}\ngroup g some a\nquorum none",
        f"witness a {witness(1)}\ngroup g any a a\nquorum none",
        f"witness a {witness(1)}\ngroup g any a\ngroup h any a\nquorum none",
        "group g any none\nquorum none",
        "group g any g\nquorum g",
        "quorum none\r",
        "quorum\u00a0none",
        "friends all",
        "x" * 2_000_000,
    ],
)
def test_a_malformed_policy_is_refused(text: str) -> None:
    with pytest.raises(MalformedPolicy):
        read_policy(text)

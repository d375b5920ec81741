"""Known answers from C2SP signed-note, tlog-checkpoint and golang.org/x/mod/sumdb/note."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.audit.checkpoint import Checkpoint, Signer, open_checkpoint
from app.audit.note import MalformedKey, MalformedNote, SignatureWrong, SignerUnknown, VerifierKey

GO_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)
GO_SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
C2SP_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
C2SP_SIGNATURE = (
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
)

SIGNER = Signer("court.example/audit", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
NOTE = SIGNER.sign(20_852_163, bytes(range(32)))
WITNESS = Signer("witness.example/w1", Ed25519PrivateKey.from_private_bytes(bytes(32)))


def line_of(signer: Signer) -> str:
    """The signature line that `signer` would add to NOTE."""
    text = NOTE.partition("\n\n")[0] + "\n"
    raw = signer.verifier.key_id + signer.private.sign(text.encode())
    return f"— {signer.origin} {base64.b64encode(raw).decode()}\n"


@pytest.mark.parametrize("text", [GO_KEY, C2SP_KEY])
def test_published_verifier_keys_are_read_and_written_alike(text: str) -> None:
    assert str(VerifierKey.parse(text)) == text


def test_published_signatures_verify() -> None:
    signature = base64.b64decode(GO_SIGNATURE)
    assert signature[:4] == VerifierKey.parse(GO_KEY).key_id
    assert VerifierKey.parse(GO_KEY).verifies(GO_TEXT.encode(), signature[4:])
    signature = base64.b64decode(C2SP_SIGNATURE)
    assert VerifierKey.parse(C2SP_KEY).verifies(b"This is an example message.\n", signature[4:])


def test_the_key_of_a_published_seed_is_the_published_one() -> None:
    assert str(Signer("PeterNeumann", Ed25519PrivateKey.from_private_bytes(GO_SEED)).verifier) == GO_KEY


def test_no_part_and_no_mangling_of_a_key_is_taken() -> None:
    for start in range(len(GO_KEY)):
        for end in range(start + 1, len(GO_KEY) + 1):
            if (start, end) != (0, len(GO_KEY)):
                with pytest.raises(MalformedKey):
                    VerifierKey.parse(GO_KEY[start:end])
    for place, sign in enumerate(GO_KEY):
        with pytest.raises(MalformedKey):
            VerifierKey.parse(GO_KEY[:place] + chr(ord(sign) + 1) + GO_KEY[place + 1 :])


def test_keys_of_wrong_length_or_algorithm_are_refused_even_with_a_fitting_key_id() -> None:
    for text in (
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ):
        with pytest.raises(MalformedKey):
            VerifierKey.parse(text)


def test_a_checkpoint_is_written_to_the_byte() -> None:
    assert Checkpoint("example.com/behind-the-sofa", 20_852_163, bytes(32)).text == (
        "example.com/behind-the-sofa\n20852163\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
    )


def test_a_signed_checkpoint_opens_with_its_key() -> None:
    assert open_checkpoint(NOTE, SIGNER.verifier) == Checkpoint(SIGNER.origin, 20_852_163, bytes(range(32)))


def test_signatures_of_witnesses_beside_it_are_left_alone() -> None:
    assert open_checkpoint(NOTE + line_of(WITNESS), SIGNER.verifier).size == 20_852_163


def test_a_key_of_the_same_name_only_is_unknown() -> None:
    other = Signer(SIGNER.origin, Ed25519PrivateKey.from_private_bytes(bytes(32)))
    with pytest.raises(SignerUnknown):
        open_checkpoint(NOTE, other.verifier)


def test_a_key_cannot_sign_for_a_log_of_another_name() -> None:
    text = NOTE.partition("\n— ")[0]
    with pytest.raises(SignerUnknown, match="another log"):
        open_checkpoint(f"{text}\n{line_of(WITNESS)}", WITNESS.verifier)


def test_one_wrong_signature_of_a_known_key_spoils_the_note() -> None:
    raw = bytearray(base64.b64decode(NOTE.split(" ")[-1]))
    raw[-1] ^= 1
    forged = f"— {SIGNER.origin} {base64.b64encode(raw).decode()}\n"
    with pytest.raises(SignatureWrong):
        open_checkpoint(NOTE + forged, SIGNER.verifier)


def test_no_bit_of_a_note_can_be_flipped() -> None:
    raw = NOTE.encode()
    for place in range(len(raw)):
        for bit in range(8):
            flipped = bytearray(raw)
            flipped[place] ^= 1 << bit
            try:
                note = flipped.decode()
            except UnicodeDecodeError:
                continue
            with pytest.raises((MalformedNote, SignerUnknown, SignatureWrong)):
                open_checkpoint(note, SIGNER.verifier)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        NOTE[:-1],
        NOTE + "\n",
        NOTE + "Unexpected line.\n",
        "\x01" + NOTE,
        NOTE.replace("\n", "\r\n"),
        NOTE.replace("20852163", "020852163"),
        NOTE.replace("20852163", "+20852163"),
        NOTE.replace("20852163", "２０８５２１６３"),
        NOTE.replace("20852163", "9" * 20),
        NOTE.replace("\n\n", "\nextension\n\n"),
        NOTE.replace("— court", "—  court"),
        NOTE.replace("— court", "— a b"),
        NOTE.replace("— court", "— a+b"),
        NOTE.replace("— court", "- court"),
        NOTE.partition("\n\n")[0] + "\n\n",
        NOTE + "— court.example/audit AAAA\n",
        NOTE + f"— long {'A' * 200_000}\n",
    ],
)
def test_a_malformed_note_is_refused(note: str) -> None:
    with pytest.raises(MalformedNote):
        open_checkpoint(note, SIGNER.verifier)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u3000b", "a\nb"])
def test_a_name_that_would_break_a_signature_line_is_no_key(name: str) -> None:
    with pytest.raises(MalformedKey):
        VerifierKey(name, bytes(32))


def test_the_private_key_does_not_show() -> None:
    assert "Ed25519PrivateKey" not in repr(SIGNER)

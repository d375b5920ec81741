"""Known answers from C2SP tlog-cosignature and tlog-checkpoint, and what a cosignature must not be taken for."""

import base64
import struct

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from app.audit.checkpoint import Signer, log_key, open_any, read_checkpoint
from app.audit.cosignature import Cosigner, cosigned_at, witness_key
from app.audit.note import (
    MalformedKey,
    Note,
    Signature,
    SignatureType,
    SignatureWrong,
    VerifierKey,
    read_note,
    read_signatures,
)

LOG = Signer("example.com/behind-the-sofa", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
WITNESS = Cosigner(
    "witness.example.com/w1",
    Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))),
    MLDSA44PrivateKey.from_seed_bytes(bytes(range(32))),
)
ROOT = base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
NOTE = LOG.sign(20_852_163, ROOT)
TIME = 1_679_315_147

PUBLISHED = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""
"""The example of tlog-cosignature. Its keys are not published, so it shows the form alone."""


def cosigned(checkpoint: str = NOTE, time: int = TIME) -> Note:
    return read_note(checkpoint + WITNESS.sign(read_checkpoint(read_note(checkpoint).text), time))


def test_the_published_example_is_read_to_the_byte() -> None:
    note = read_note(PUBLISHED)
    checkpoint = read_checkpoint(note.text)
    assert (checkpoint.origin, checkpoint.size, checkpoint.root) == (
        "example.com/behind-the-sofa",
        20_852_163,
        ROOT,
    )
    assert checkpoint.text == note.text
    assert note.text + "\n" + "".join(map(str, note.signatures)) == PUBLISHED
    log, witness = note.signatures
    assert (log.key_id.hex(), len(log.value)) == ("033de0ae", 64)
    assert (witness.key_id.hex(), len(witness.value)) == ("8d66cf3f", 8 + 64)
    assert struct.unpack(">Q", witness.value[:8]) == (TIME,)


def test_an_ed25519_cosignature_signs_the_published_message() -> None:
    """The very lines of the specification, put together by hand."""
    message = (
        b"cosignature/v1\n"
        b"time 1679315147\n"
        b"example.com/behind-the-sofa\n"
        b"20852163\n"
        b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )
    [value] = cosigned().by(WITNESS.verifiers[0])
    assert value == struct.pack(">Q", TIME) + WITNESS.ed25519.sign(message)


def test_an_ml_dsa_cosignature_signs_the_structure_of_the_specification() -> None:
    message = (
        b"subtree/v1\n\0"
        b"\x16witness.example.com/w1"
        + (1_679_315_147).to_bytes(8, "big")
        + b"\x1bexample.com/behind-the-sofa"
        + (0).to_bytes(8, "big")
        + (20_852_163).to_bytes(8, "big")
        + ROOT
    )
    [value] = cosigned().by(WITNESS.verifiers[1])
    assert value[:8] == struct.pack(">Q", TIME)
    WITNESS.ml_dsa.public_key().verify(value[8:], message)


@pytest.mark.parametrize("which", [0, 1])
def test_each_cosignature_tells_its_time(which: int) -> None:
    note = cosigned()
    assert cosigned_at(note, read_checkpoint(note.text), WITNESS.verifiers[which]) == TIME


@pytest.mark.parametrize("which", [0, 1])
def test_key_ids_of_cosigners_are_made_with_their_own_type_byte(which: int) -> None:
    key = WITNESS.verifiers[which]
    assert witness_key(str(key)) == key
    assert str(key).split("+")[1] == key.key_id.hex()
    assert base64.b64decode(str(key).split("+", 2)[2])[0] == (0x04, 0x06)[which]


def test_the_log_does_not_take_a_cosignature_for_its_own_signature() -> None:
    """One key under both types: the ids differ, so neither stands for the other."""
    both = Cosigner(LOG.origin, LOG.private, WITNESS.ml_dsa)
    assert both.verifiers[0].public == LOG.verifier.public
    assert both.verifiers[0].key_id != LOG.verifier.key_id
    note = read_note(NOTE)
    assert cosigned_at(note, read_checkpoint(note.text), both.verifiers[0]) is None


@pytest.mark.parametrize("which", [0, 1])
def test_no_byte_of_a_cosignature_and_none_of_what_it_signs_can_be_changed(which: int) -> None:
    key = WITNESS.verifiers[which]
    note = cosigned()
    checkpoint = read_checkpoint(note.text)
    [value] = note.by(key)
    step = 1 if which == 0 else 97
    for place in range(0, len(value), step):
        flipped = bytearray(value)
        flipped[place] ^= 1
        forged = Note(note.text, (Signature(key.name, key.key_id, bytes(flipped)),))
        with pytest.raises(SignatureWrong):
            cosigned_at(forged, checkpoint, key)
    for other in (
        read_checkpoint(NOTE.replace("20852163", "20852164").partition("\n\n")[0] + "\n"),
        read_checkpoint(NOTE.replace("sofa", "sofb").partition("\n\n")[0] + "\n"),
        read_checkpoint(NOTE.replace("CsU", "DsU").partition("\n\n")[0] + "\n"),
    ):
        with pytest.raises(SignatureWrong):
            cosigned_at(note, other, key)


@pytest.mark.parametrize("which", [0, 1])
def test_a_cosignature_without_time_or_of_a_wrong_length_is_wrong(which: int) -> None:
    key = WITNESS.verifiers[which]
    checkpoint = read_checkpoint(read_note(NOTE).text)
    [value] = cosigned(time=TIME).by(key)
    timeless = cosigned(time=0)
    with pytest.raises(SignatureWrong):
        cosigned_at(timeless, checkpoint, key)
    for cut in (value[:-1], value + b"\0", value[8:]):
        with pytest.raises(SignatureWrong):
            cosigned_at(Note(NOTE, (Signature(key.name, key.key_id, cut),)), checkpoint, key)


def test_of_several_cosignatures_the_latest_counts() -> None:
    checkpoint = read_checkpoint(read_note(NOTE).text)
    note = read_note(NOTE + WITNESS.sign(checkpoint, TIME) + WITNESS.sign(checkpoint, TIME + 60))
    assert cosigned_at(note, checkpoint, WITNESS.verifiers[0]) == TIME + 60


def test_ed25519_cosigns_the_extension_lines_of_other_logs() -> None:
    text = NOTE.partition("\n\n")[0] + "\nan extension\n"
    line = Signature(LOG.origin, LOG.verifier.key_id, LOG.private.sign(text.encode()))
    note = read_note(f"{text}\n{line}")
    checkpoint = open_any(note, (LOG.verifier,))
    assert checkpoint.extensions == ("an extension",)
    both = Note(note.text, read_signatures(WITNESS.sign(checkpoint, TIME)))
    assert cosigned_at(both, checkpoint, WITNESS.verifiers[0]) == TIME
    plain = read_checkpoint(read_note(NOTE).text)
    with pytest.raises(SignatureWrong):
        cosigned_at(both, plain, WITNESS.verifiers[0])


def test_a_log_signs_with_both_keys_while_one_retires() -> None:
    old, new = LOG.private, Ed25519PrivateKey.from_private_bytes(bytes(32))
    between = Signer(LOG.origin, new, old)
    note = read_note(between.sign(7, ROOT))
    for key in (LOG.verifier, Signer(LOG.origin, new).verifier):
        assert open_any(note, (key,)).size == 7
    assert len(between.verifiers) == len(note.signatures) == 2


def test_keys_of_logs_and_of_witnesses_are_not_mixed_up() -> None:
    with pytest.raises(MalformedKey):
        witness_key(str(LOG.verifier))
    with pytest.raises(MalformedKey):
        log_key(str(WITNESS.verifiers[0]))
    with pytest.raises(MalformedKey):
        VerifierKey("w", bytes(32), SignatureType.ML_DSA_COSIGNATURE)


def test_the_private_keys_do_not_show() -> None:
    assert "PrivateKey" not in repr(WITNESS)

"""Checking a receipt with nothing but public keys: no hub, no database, no network.

    python -m app.audit.verify_receipt RECEIPT --keys POLICY_OR_KEY [--keys FILE.pem …] [--message FILE …]

It ends with 0 when all that the receipt claims is proven, 1 when something is wrong, 2 when the input is no receipt
or the keys no keys.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from app.audit.canonical import is_canonical
from app.audit.checkpoint import Checkpoint, open_any
from app.audit.entry import Entry
from app.audit.note import MalformedKey, NoteError, SignatureWrong, read_note
from app.audit.policy import MalformedPolicy
from app.audit.proof import includes
from app.audit.proof_file import MalformedProof, ProofFile, read_proof
from app.audit.receipt import MalformedReceipt, ReceiptBody, SignedStatement, read_body
from app.audit.tree import Span, leaf_hash
from app.audit.trust import Trust, read_trust
from app.audit.verdict import Statement, Verdict, unusable
from app.audit.witnessed import tell_of_witnesses

_MOST_BYTES = 4 * 1024 * 1024


def verify_receipt(text: str, trust: Trust, messages: Sequence[bytes] = ()) -> Verdict:
    """Check entry, proof, checkpoint, cosignatures and signatures; `messages` are held against the digests."""
    try:
        proof = read_proof(text)
        body = read_body(proof.extra or b"")
    except (MalformedProof, MalformedReceipt):
        return unusable("不是本格式的回执。", "Not a receipt of this format.")
    verdict = Verdict()
    checkpoint = _checkpoint(proof, trust, verdict)
    if checkpoint is not None and _stands_in_the_log(proof, body, checkpoint, verdict):
        entry = Entry.from_bytes(body.entry)
        verdict.entries = 1
        _tell_of_entry(entry, proof.index, checkpoint, verdict)
        for statement in body.statements:
            _check_statement(statement, entry, trust, verdict)
        _check_messages(messages, entry, verdict)
    verdict.not_proven += _NEVER
    return verdict


def _checkpoint(proof: ProofFile, trust: Trust, verdict: Verdict) -> Checkpoint | None:
    try:
        note = read_note(proof.note)
        verdict.checkpoint = open_any(note, trust.policy.log_keys)
        tell_of_witnesses(note, verdict.checkpoint, trust.policy, verdict)
    except SignatureWrong:
        verdict.fault("检查点上有错误的签名。", "A signature under the checkpoint is wrong.")
    except NoteError:
        verdict.fault("检查点不是由所给公钥签署。", "The checkpoint was not signed by a key that was given.")
    return verdict.checkpoint


def _stands_in_the_log(proof: ProofFile, body: ReceiptBody, checkpoint: Checkpoint, verdict: Verdict) -> bool:
    here = Span(proof.index, proof.index + 1)
    leaf = leaf_hash(body.entry)
    if not includes(checkpoint.root, checkpoint.size, proof.index, leaf, proof.hashes):
        verdict.fault(
            f"第 {proof.index} 号记录未被检查点证明。",
            f"Entry {proof.index} is not proven by the checkpoint.",
            here,
        )
        return False
    if not is_canonical(body.entry):
        verdict.fault(
            "记录确已入账，但不是规范格式。",
            "The entry was logged, but is not in the canonical form of an entry.",
            here,
        )
        return False
    return True


def _tell_of_entry(entry: Entry, index: int, checkpoint: Checkpoint, verdict: Verdict) -> None:
    about = f"{entry.action}, {entry.recorded_at.isoformat()}"
    digests = "; ".join(f"{name} {digest}" for name, digest in entry.digests) or "-"
    verdict.proven.append(
        Statement(
            f"{checkpoint.origin} 的第 {index} 号记录正是本回执所载：{about}；摘要 {digests}。记录其后未被改动、移位或删除。",
            f"Entry {index} of {checkpoint.origin} is exactly the one in this receipt: {about}; digests {digests}."
            " It was not changed, moved or removed since.",
        )
    )


@dataclass(frozen=True, slots=True)
class _Part:
    zh: str
    en: str


_PARTS = {
    '"content-digest"': _Part("签署了该报文", "signed this message"),
    '"content-digest";req': _Part("签署了对该报文的应答", "signed an answer to this message, and so had it"),
}


def _check_statement(statement: SignedStatement, entry: Entry, trust: Trust, verdict: Verdict) -> None:
    logged = {digest: name for name, digest in entry.digests}
    bound = {part: digest for part, digest in statement.digests().items() if digest in logged}
    if not bound:
        verdict.fault(
            f"{statement.key_id} 的签名与本记录无关。",
            f"The signature by {statement.key_id} has nothing to do with this entry.",
        )
        return
    keys = [key for key in trust.message_keys if key.name == statement.key_id] or trust.message_keys
    signer = next((key for key in keys if key.verifies(statement.base.encode(), statement.signature)), None)
    if signer is None and any(key.name == statement.key_id for key in keys):
        verdict.fault(f"{statement.key_id} 的签名错误。", f"The signature by {statement.key_id} is wrong.")
    elif signer is None:
        verdict.not_proven.append(
            Statement(
                f"称由 {statement.key_id} 所作的签名：未提供其公钥。",
                f"The signature said to be by {statement.key_id}: its public key was not given.",
            )
        )
    else:
        made = statement.created_at
        for part, digest in bound.items():
            verdict.proven.append(
                Statement(
                    f"公钥 {signer.name} 的持有人{_PARTS[part].zh}（{logged[digest]} {digest}），自称时间 {made}，地址 {statement.target}。",
                    f"The holder of {signer.name} {_PARTS[part].en} ({logged[digest]} {digest}),"
                    f" at {made} by its own clock, at {statement.target}.",
                )
            )


def _check_messages(messages: Sequence[bytes], entry: Entry, verdict: Verdict) -> None:
    logged = {digest: name for name, digest in entry.digests}
    for message in messages:
        digest = sha256(message).hexdigest()
        if digest in logged:
            verdict.proven.append(
                Statement(
                    f"所给报文正是记录中的 {logged[digest]}。",
                    f"The message that was given is the one logged as {logged[digest]}.",
                )
            )
        else:
            verdict.fault("所给报文不是本记录所指。", "The message that was given is not of this entry.")


_NEVER = (
    Statement(
        "报文的内容：回执只载摘要；持有报文者可用 --message 核对。",
        "What the messages say: a receipt holds digests; whoever has a message can check it with --message.",
    ),
    Statement(
        "记录中的时间、理由等是否属实：那是平台的陈述，已无法撤回，但并非他人所证。",
        "That times, purpose and the like in the entry are true: the hub says so and cannot take it back; nobody else does.",
    ),
    Statement(
        "公钥属于谁：以您取得公钥的途径为准。",
        "Whose the keys are: that depends on where you got them.",
    ),
    Statement(
        "是否还有其他记录：回执只证明这一条。",
        "Whether there are other entries: a receipt proves this one.",
    ),
)


def verify_receipt_file(path: Path, keys: Sequence[str], messages: Sequence[Path] = ()) -> Verdict:
    """As `verify_receipt`; what cannot be opened is unusable."""
    try:
        trust = read_trust(keys)
    except (MalformedKey, MalformedPolicy, UnicodeDecodeError, OSError) as error:
        return unusable(f"公钥不可用：{error}", f"The keys cannot be used: {error}")
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES).decode()
        return verify_receipt(text, trust, [message.read_bytes() for message in messages])
    except UnicodeDecodeError:
        return unusable("不是本格式的回执。", "Not a receipt of this format.")
    except OSError as error:
        return unusable(f"无法读取文件：{error.strerror}", f"A file cannot be read: {error.strerror}")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m app.audit.verify_receipt",
        description="离线核验回执 / Verify a receipt without hub, database or network.",
    )
    parser.add_argument("receipt", type=Path, help="回执 / the receipt")
    parser.add_argument(
        "--keys", action="append", required=True, help="公钥、见证策略或 PEM 文件 / keys, policy or PEM files"
    )
    parser.add_argument("--message", action="append", type=Path, default=[], help="报文 / a message")
    given = parser.parse_args(arguments)
    verdict = verify_receipt_file(given.receipt, given.keys, given.message)
    print(verdict.render())  # noqa: T201 - the program's answer
    return verdict.outcome


if __name__ == "__main__":
    sys.exit(main())

"""What cosignatures under a checkpoint prove to whoever trusts those witnesses."""

from datetime import UTC, datetime

from app.audit.checkpoint import Checkpoint
from app.audit.note import Note
from app.audit.policy import Policy
from app.audit.verdict import CUT_BACK, FORKED, Statement, Verdict


def tell_of_witnesses(note: Note, checkpoint: Checkpoint, policy: Policy, verdict: Verdict) -> None:
    """Add to the verdict what the policy's witnesses vouch for, or that they do not.

    Raises:
        SignatureWrong: a cosignature claims to be by one of them, and is not.
    """
    cosigners = policy.cosigners(note, checkpoint)
    if not policy.is_met_by(cosigners):
        missing = [one.name for one in policy.witnesses if one.name not in cosigners]
        verdict.fault(
            f"见证不足：缺少 {'、'.join(missing)} 的见证签名。",
            f"Not witnessed as the policy asks: no cosignature by {', '.join(missing)}.",
        )
    witnessed_at = policy.witnessed_at(cosigners)
    if witnessed_at is None:
        verdict.not_proven += [CUT_BACK, FORKED]
        return
    instant = datetime.fromtimestamp(witnessed_at, UTC).isoformat()
    names = [
        f"{name} ({datetime.fromtimestamp(at, UTC).isoformat()})" for name, at in sorted(cosigners.items())
    ]
    verdict.proven.append(
        Statement(
            f"见证方 {'、'.join(names)} 证明：截至 {instant}，大小为 {checkpoint.size} 的这份历史是其所见最大的一份，"
            "且延续其此前所见的每一份。只要其中有一方诚实，就没有人会被出示另一份历史。",
            f"The witnesses {', '.join(names)} vouch that until {instant} this history of {checkpoint.size} entries was the"
            " largest they had seen, and that it continues each one they had seen before. As long as one of them is honest,"
            " nobody who asks for their cosignatures is shown another history.",
        )
    )
    verdict.not_proven.append(
        Statement(f"{instant} 之后的情况。", f"What happened to the log after {instant}.")
    )

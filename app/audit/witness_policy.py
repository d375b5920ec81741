"""The log's own witnesses, as the database knows them: who they are, what they cosigned, and whether it is enough."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.audit.checkpoint import open_checkpoint
from app.audit.note import VerifierKey, read_note
from app.audit.policy import read_policy
from app.audit.published import with_cosignatures
from app.database import Transaction
from app.models.audit import AuditCheckpoint, AuditCosignature, AuditPolicy, AuditWitness

LIMIT = timedelta(minutes=15)
"""Longer than this without a witnessed checkpoint, and no new coercive order is taken."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The policy that is in force, and how far its quorum vouches for the log."""

    text: str
    limit: timedelta
    adopted_at: datetime
    witnessed_size: int | None
    witnessed_at: datetime | None

    def is_witnessed(self, now: datetime) -> bool:
        """Whether the quorum vouched within the limit; a new policy has that long to gather it for the first time."""
        return now - (self.witnessed_at or self.adopted_at) <= self.limit


class Told(NamedTuple):
    """What came of asking one witness."""

    name: str
    size: int
    """The tree that it cosigned last, as far as we know."""

    cosignature: str | None
    """Its signature line over the checkpoint that it was asked about."""

    cosigned_at: datetime | None
    failure: str | None


def with_logs(text: str, keys: Sequence[VerifierKey], url: str) -> str:
    """The policy as it is handed out: with the log's own keys, which its author need not know.

    Raises:
        MalformedPolicy: it is none, or the logs in it are others.
    """
    policy = read_policy(text)
    if set(keys) <= set(policy.log_keys):
        return text
    logs = "".join(f"log {key} {url}\n" for key in keys if key not in policy.log_keys)
    whole = logs + text
    read_policy(whole)
    return whole


async def standing(transaction: Transaction) -> Standing | None:
    """None when no witness is configured."""
    row = (
        await transaction.execute(
            select(
                AuditPolicy.policy,
                AuditPolicy.limit_seconds,
                AuditPolicy.adopted_at,
                AuditPolicy.witnessed_size,
                AuditPolicy.witnessed_at,
            )
        )
    ).first()
    return row and Standing(row[0], timedelta(seconds=row[1]), *row[2:])


async def adopt(transaction: Transaction, text: str | None, limit: timedelta, now: datetime) -> None:
    """Put a policy in force, or none. An unchanged one keeps what was witnessed; a changed one begins anew."""
    if text is None:
        await transaction.execute(delete(AuditPolicy))
        await transaction.execute(delete(AuditWitness))
        return
    values = {"policy": text, "limit_seconds": int(limit.total_seconds()), "adopted_at": now}
    anew = {**values, "witnessed_size": None, "witnessed_at": None}
    statement = upsert(AuditPolicy).values(id=1, **values)
    await transaction.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_=anew, where=AuditPolicy.policy != text)
    )
    await transaction.execute(update(AuditPolicy).values(limit_seconds=values["limit_seconds"]))
    witnesses = read_policy(text).witnesses
    await transaction.execute(
        delete(AuditWitness).where(AuditWitness.name.not_in([w.name for w in witnesses]))
    )
    for witness in witnesses:
        await transaction.execute(
            upsert(AuditWitness)
            .values(name=witness.name, url=witness.url or "", size=0, asked_at=_NEVER)
            .on_conflict_do_update(index_elements=["name"], set_={"url": witness.url or ""})
        )


_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


async def begin_round(transaction: Transaction, now: datetime, every: timedelta) -> dict[str, int] | None:
    """The witnesses to be asked, each with the size it cosigned last; None when a round began a moment ago.

    One worker at a time: the row of the policy is locked while this is decided.
    """
    await transaction.execute(select(AuditPolicy.id).with_for_update())
    last = await transaction.scalar(select(func.max(AuditWitness.asked_at)))
    if last is None or now - last < every:
        return None
    asked = await transaction.execute(
        update(AuditWitness).values(asked_at=now).returning(AuditWitness.name, AuditWitness.size)
    )
    return {row.name: row.size for row in asked}


async def end_round(transaction: Transaction, size: int, told: Sequence[Told]) -> Standing | None:
    """Keep what the witnesses said about the checkpoint of `size`, and see whether it is enough."""
    await transaction.execute(select(AuditPolicy.id).with_for_update())
    for one in told:
        values: dict[str, object] = {"size": one.size, "failure": one.failure}
        if one.cosigned_at is not None:
            values["cosigned_at"] = one.cosigned_at
        await transaction.execute(update(AuditWitness).where(AuditWitness.name == one.name).values(**values))
        if one.cosignature is not None:
            row = {"line": one.cosignature, "cosigned_at": one.cosigned_at}
            await transaction.execute(
                upsert(AuditCosignature)
                .values(size=size, witness=one.name, **row)
                .on_conflict_do_update(index_elements=["size", "witness"], set_=row)
            )
    return await _weigh(transaction, size)


async def _weigh(transaction: Transaction, size: int) -> Standing | None:
    found = await standing(transaction)
    note = await transaction.scalar(select(AuditCheckpoint.note).where(AuditCheckpoint.size == size))
    if found is None or note is None:
        return found
    lines = await transaction.scalars(select(AuditCosignature.line).where(AuditCosignature.size == size))
    policy = read_policy(found.text)
    whole = with_cosignatures(note, lines)
    cosigners = policy.cosigners(read_note(whole), open_checkpoint(whole, *policy.log_keys))
    time = policy.witnessed_at(cosigners)
    if time is None or (found.witnessed_size or 0) > size:
        return found
    witnessed_at = datetime.fromtimestamp(time, UTC)
    await transaction.execute(update(AuditPolicy).values(witnessed_size=size, witnessed_at=witnessed_at))
    # What stands below the newest witnessed tree proves nothing more.
    await transaction.execute(delete(AuditCosignature).where(AuditCosignature.size < size))
    return await standing(transaction)


async def witnesses(transaction: Transaction) -> list[AuditWitness]:
    """What became of asking each, by name."""
    rows = await transaction.execute(select(AuditWitness.__table__).order_by(AuditWitness.name))
    return [AuditWitness(**row) for row in rows.mappings()]

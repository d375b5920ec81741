"""Writing entries, in the transaction of the deed they tell of."""

from collections.abc import Sequence

from app.audit.entry import Entry
from app.audit.tree import leaf_hash
from app.database import Transaction
from app.models.audit import AuditEntry, AuditUnsequenced
from app.rows import Model, Rows, insert_rows


async def record(transaction: Transaction, entries: Sequence[Entry]) -> None:
    """Insert the entries unnumbered. Never commits; when it fails, the caller's transaction has failed with it (P15).

    Raises:
        ValueError: an entry has no canonical bytes. Nothing was inserted, and the caller must not go on.
    """
    await insert_rows(transaction, *entry_rows(entries))


def entry_rows(entries: Sequence[Entry]) -> tuple[tuple[Model, Rows], ...]:
    """What `record` inserts, for those who insert it together with the deed. Raises as `record` does."""
    bodies = [entry.to_bytes() for entry in entries]
    rows = [_row(entry, body) for entry, body in zip(entries, bodies, strict=True)]
    flags = [
        {"entry_id": entry.entry_id, "leaf_hash": leaf_hash(body)}
        for entry, body in zip(entries, bodies, strict=True)
    ]
    return (AuditEntry, rows), (AuditUnsequenced, flags)


def _row(entry: Entry, body: bytes) -> dict[str, object]:
    return {
        "entry_id": entry.entry_id,
        "recorded_at": entry.recorded_at,
        "action": entry.action,
        "actor_kind": entry.actor.kind,
        "actor_id": entry.actor.id,
        "court_code": entry.court_code,
        "officer": entry.officer,
        "case_number": entry.case_number,
        "subject_index": entry.subject_index,
        "agency_code": entry.agency_code,
        "request_id": entry.request_id,
        "correlation_id": entry.correlation_id,
        "body": body,
    }

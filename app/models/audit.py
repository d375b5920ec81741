"""The audit log's tables. What is written here is never changed: triggers (first migration) refuse it.

They stop mistakes, not a superuser; what a superuser does is found by the verifier.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id


class AuditEntry(Base):
    """One deed. `body` is the entry; the other columns only repeat what it is searched by."""

    __tablename__ = "audit_entries"
    # On the path of every write: each index serves one question of an auditor, and holds only rows that answer it.
    __table_args__ = (
        Index("ix_audit_entries_recorded_at", "recorded_at"),
        Index(
            "ix_audit_entries_case_number",
            "case_number",
            "recorded_at",
            postgresql_where="case_number IS NOT NULL",
        ),
        Index(
            "ix_audit_entries_subject_index",
            "subject_index",
            "recorded_at",
            postgresql_where="subject_index IS NOT NULL",
        ),
        Index("ix_audit_entries_officer", "officer", "recorded_at", postgresql_where="officer IS NOT NULL"),
        Index(
            "ix_audit_entries_agency_code",
            "agency_code",
            "recorded_at",
            postgresql_where="agency_code IS NOT NULL",
        ),
    )

    entry_id: Mapped[Id]
    recorded_at: Mapped[datetime]
    action: Mapped[str]
    actor_kind: Mapped[str]
    actor_id: Mapped[str]
    court_code: Mapped[str | None]
    officer: Mapped[str | None]
    case_number: Mapped[str | None]
    subject_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    agency_code: Mapped[str | None]
    request_id: Mapped[UUID | None]
    correlation_id: Mapped[str | None]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    """The canonical bytes, which the leaf hash is made of."""


class AuditUnsequenced(Base):
    """The flag of an entry that has no place in the tree yet, set in the business transaction.

    A flag, because entries become visible in another order than their ids; a row of its own, because updating the
    wide entry would write it to the WAL a second time.
    """

    __tablename__ = "audit_unsequenced"
    # Rows live for a second: without an eager vacuum the sequencer would step over the dead ones again and again.
    __table_args__ = (
        {
            "postgresql_with": {
                "autovacuum_vacuum_scale_factor": "0",
                "autovacuum_vacuum_threshold": "5000",
                "autovacuum_vacuum_cost_delay": "0",
            }
        },
    )

    entry_id: Mapped[Id]
    leaf_hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditLeaf(Base):
    """The place of an entry in the tree."""

    __tablename__ = "audit_leaves"

    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[UUID] = mapped_column(unique=True)
    leaf_hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditSubtree(Base):
    """The root of a full tile: 256 leaves at level 1, 256 such at level 2, …. With them a proof reads few rows.

    `index` counts within the level, as in C2SP tlog-tiles.
    """

    __tablename__ = "audit_subtrees"

    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditCheckpoint(Base):
    """Every state of the tree that was ever signed; the largest is the head from which the log goes on."""

    __tablename__ = "audit_checkpoints"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    peaks: Mapped[bytes] = mapped_column(LargeBinary)
    """The roots of the perfect subtrees from left to right, 32 bytes each."""

    note: Mapped[str]
    """C2SP tlog-checkpoint, signed."""

    signed_at: Mapped[datetime]


class AuditPolicy(Base):
    """Whom the log is to be witnessed by, as the worker read it; one row. Without it nothing is asked for."""

    __tablename__ = "audit_policy"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    policy: Mapped[str]
    """C2SP tlog-policy, as it is handed to whoever verifies the log."""

    limit_seconds: Mapped[int]
    """Without a witnessed checkpoint for so long, no new coercive order is taken."""

    adopted_at: Mapped[datetime]
    witnessed_size: Mapped[int | None] = mapped_column(BigInteger)
    """The largest tree that the quorum cosigned."""

    witnessed_at: Mapped[datetime | None]
    """Until when the quorum vouches that it saw no other history."""


class AuditWitness(Base):
    """What became of asking one witness of the policy; overwritten by the next time."""

    __tablename__ = "audit_witnesses"

    name: Mapped[str] = mapped_column(primary_key=True)
    url: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    """The tree that it cosigned last."""

    cosigned_at: Mapped[datetime | None]
    asked_at: Mapped[datetime]
    failure: Mapped[str | None]
    """Why the last asking came to nothing; None when it cosigned."""


class AuditCosignature(Base):
    """Of the newest trees only: each proves all that came before, so older ones are taken away."""

    __tablename__ = "audit_cosignatures"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    witness: Mapped[str] = mapped_column(primary_key=True)
    line: Mapped[str]
    """The signature line, to be put below the checkpoint of that size."""

    cosigned_at: Mapped[datetime]

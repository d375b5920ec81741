"""The queue. It knows lanes, subjects and fair shares, and nothing of courts or agencies."""

from datetime import datetime
from enum import IntEnum, StrEnum
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Identity, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, one_of


class ItemState(StrEnum):
    READY = "ready"
    """It stands in the line of its lane."""

    DELAYED = "delayed"
    """Its time has not come; then it is given a turn and stands in line."""

    BEHIND = "behind"
    """Another item of its subject has to be done first; it was taken out of the line, where all would stumble over it."""

    LEASED = "leased"
    DEAD = "dead"
    """It stays, and so does what follows it, until somebody replays it."""


class Priority(IntEnum):
    """What is urgent goes before everything else in its lane; within one priority shares take turns."""

    URGENT = 1
    NORMAL = 2
    BULK = 3


READY_TO_CLAIM = "state = 'ready' AND lease_until IS NULL"
READY_IN_SHARE = "state = 'ready' AND died_at IS NULL"


class OutboxItem(Base):
    """Something to be carried to a destination. It is deleted when it is done."""

    __tablename__ = "outbox"
    __table_args__ = (
        one_of("state", ItemState),
        CheckConstraint("priority BETWEEN 1 AND 3", name="priority"),
        CheckConstraint("(state = 'leased') = (lease_until IS NOT NULL)", name="leased"),
        CheckConstraint("(state = 'dead') = (died_at IS NOT NULL)", name="dead"),
        # Both conditions say the same, by the checks above. They differ so that a question can be answered by one of
        # the two indexes only, see app.outbox.plans.
        Index("ix_outbox_ready", "lane", "priority", "turn", "id", postgresql_where=READY_TO_CLAIM),
        Index("ix_outbox_share", "lane", "priority", "share", "turn", postgresql_where=READY_IN_SHARE),
        Index("ix_outbox_due", "run_at", postgresql_where="state = 'delayed'"),
        Index("ix_outbox_leased", "lane", "lease_until", postgresql_where="state = 'leased'"),
        Index("ix_outbox_dead", "lane", "id", postgresql_where="state = 'dead'"),
        Index("ix_outbox_subject", "subject", "id"),
        # Rows live for seconds: leave room for in-page updates and let vacuum come early.
        {
            "postgresql_with": {
                "fillfactor": "70",
                "autovacuum_vacuum_scale_factor": "0.02",
                "autovacuum_vacuum_cost_delay": "0",
            }
        },
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    lane: Mapped[str]
    kind: Mapped[str]
    """Which handler of the worker takes it."""

    reference: Mapped[UUID]
    """What it is about, in the words of its handler."""

    subject: Mapped[UUID]
    """Items of one subject are carried in the order of their ids."""

    share: Mapped[UUID]
    """Whose turn it is: within a lane shares are served in turn."""

    turn: Mapped[int] = mapped_column(BigInteger)
    """Its place in line while it is ready."""

    priority: Mapped[int] = mapped_column(SmallInteger, default=Priority.NORMAL)
    state: Mapped[ItemState] = mapped_column(default=ItemState.READY)
    run_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    """Raised at the claim, so that a poison row cannot loop for ever, and never lowered: it is the fencing token."""

    forgiven: Mapped[int] = mapped_column(default=0)
    """Attempts made before somebody replayed it; they count no longer against the lane's limit."""

    last_error: Mapped[str | None]
    created_at: Mapped[datetime]
    died_at: Mapped[datetime | None]


class LaneState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    """Nothing is claimed; what waits, waits."""

    STOPPED = "stopped"
    """Nothing is claimed, and what waited became dead letters until somebody replays them."""


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Lane(Base):
    """A destination: its own concurrency, rate, breaker. A dead one fills only its own lane (P13)."""

    __tablename__ = "lanes"
    __table_args__ = (
        one_of("state", LaneState),
        one_of("breaker", BreakerState),
        {"postgresql_with": {"fillfactor": "50"}},
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[LaneState] = mapped_column(default=LaneState.RUNNING)
    concurrency: Mapped[int]
    per_second: Mapped[float | None]
    tokens: Mapped[float] = mapped_column(default=0.0)
    refilled_at: Mapped[datetime]
    turns: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    """The highest turn served so far, for each priority: where a share begins that has nothing in line."""

    max_attempts: Mapped[int]
    breaker: Mapped[BreakerState] = mapped_column(default=BreakerState.CLOSED)
    breaker_failures: Mapped[int]
    """Failures in a row after which it opens."""

    breaker_open_seconds: Mapped[float]
    failures: Mapped[int] = mapped_column(default=0)
    probe_at: Mapped[datetime | None]
    """When an open breaker lets one probe through; half open, when the probe counts as lost and another may go."""

"""Supervision of look-ups: days examined, the court's own people, draws; two more kinds of tasks

Revision: 0007, after 0006.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | Sequence[str] | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BEFORE = (
    "renew_freeze",
    "renewal_escalated",
    "difference",
    "objection",
    "release_overdue",
    "surplus",
    "not_executed",
    "hit_waiting",
    "hit_escalated",
    "held_unconfirmed",
    "dead_entry",
    "look_out_contradicted",
    "recall_overdue",
    "take_over",
    "custody_lapsed",
    "revalidate",
    "notify_family",
    "detention_ending",
    "answer_corrected",
)
AFTER = (*BEFORE, "look_up_conspicuous", "justify_look_up")


def upgrade() -> None:
    _allow(AFTER)
    op.create_table(
        "audit_reviews",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("findings", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_audit_reviews")),
    )
    op.create_table(
        "own_people",
        sa.Column("subject_index", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject_index", name=op.f("pk_own_people")),
    )
    op.create_table(
        "draws",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("population", sa.String(), nullable=False),
        sa.Column("of", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draws")),
    )
    op.create_index("uq_draws_period", "draws", ["period"], unique=True)
    op.create_table(
        "drawn_look_ups",
        sa.Column("draw_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("outcome IN ('justified', 'unjustified')", name=op.f("ck_drawn_look_ups_outcome")),
        sa.ForeignKeyConstraint(["draw_id"], ["draws.id"], name=op.f("fk_drawn_look_ups_draw_id_draws")),
        sa.PrimaryKeyConstraint("draw_id", "entry_id", name=op.f("pk_drawn_look_ups")),
    )


def downgrade() -> None:
    op.drop_table("drawn_look_ups")
    op.drop_index("uq_draws_period", table_name="draws")
    op.drop_table("draws")
    op.drop_table("own_people")
    op.drop_table("audit_reviews")
    _allow(BEFORE)


def _allow(kinds: Sequence[str]) -> None:
    name = op.f("ck_tasks_kind")
    op.drop_constraint(name, "tasks", type_="check")
    op.create_check_constraint(name, "tasks", f"kind IN ({', '.join(map(repr, kinds))})")

"""One index for each question that the queue is asked

Revision: 0003, after 0002.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0003"
down_revision: str | Sequence[str] | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COLUMNS = {
    "ix_outbox_ready": ["lane", "priority", "turn", "id"],
    "ix_outbox_share": ["lane", "priority", "share", "turn"],
}


def upgrade() -> None:
    op.create_check_constraint(
        op.f("ck_outbox_leased"), "outbox", "(state = 'leased') = (lease_until IS NOT NULL)"
    )
    op.create_check_constraint(op.f("ck_outbox_dead"), "outbox", "(state = 'dead') = (died_at IS NOT NULL)")
    _index("ix_outbox_ready", "state = 'ready' AND lease_until IS NULL")
    _index("ix_outbox_share", "state = 'ready' AND died_at IS NULL")


def downgrade() -> None:
    for name in COLUMNS:
        _index(name, "state = 'ready'")
    op.drop_constraint(op.f("ck_outbox_dead"), "outbox", type_="check")
    op.drop_constraint(op.f("ck_outbox_leased"), "outbox", type_="check")


def _index(name: str, condition: str) -> None:
    op.drop_index(name, table_name="outbox")
    op.create_index(name, "outbox", COLUMNS[name], unique=False, postgresql_where=condition)

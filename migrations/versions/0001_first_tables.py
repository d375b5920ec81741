"""The hub's first tables

Revision: 0001, after .
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

APPEND_ONLY = ("audit_entries", "audit_leaves", "audit_subtrees", "audit_checkpoints")

REFUSE_CHANGE = """
CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING
        MESSAGE = 'the audit log is append-only: ' || TG_OP || ' on ' || TG_TABLE_NAME || ' is refused',
        ERRCODE = 'restrict_violation';
END
$$
"""


def upgrade() -> None:
    op.create_table(
        "agencies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "police", "tax", "land", "vehicle", "bank", name="agencykind", native_enum=False, length=40
            ),
            nullable=False,
        ),
        sa.Column("dialect", sa.String(), nullable=False),
        sa.Column("transport", sa.String(), nullable=False),
        sa.Column("capabilities", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('police', 'tax', 'land', 'vehicle', 'bank')", name=op.f("ck_agencies_kind")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agencies")),
        sa.UniqueConstraint("code", name=op.f("uq_agencies_code")),
    )
    op.create_table(
        "audit_checkpoints",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("peaks", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_audit_checkpoints")),
    )
    op.create_table(
        "audit_entries",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.Column("court_code", sa.String(), nullable=True),
        sa.Column("officer", sa.String(), nullable=True),
        sa.Column("case_number", sa.String(), nullable=True),
        sa.Column("subject_index", sa.LargeBinary(), nullable=True),
        sa.Column("agency_code", sa.String(), nullable=True),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("correlation_id", sa.String(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_audit_entries")),
    )
    op.create_index(
        "ix_audit_entries_agency_code",
        "audit_entries",
        ["agency_code", "recorded_at"],
        unique=False,
        postgresql_where="agency_code IS NOT NULL",
    )
    op.create_index(
        "ix_audit_entries_case_number",
        "audit_entries",
        ["case_number", "recorded_at"],
        unique=False,
        postgresql_where="case_number IS NOT NULL",
    )
    op.create_index(
        "ix_audit_entries_officer",
        "audit_entries",
        ["officer", "recorded_at"],
        unique=False,
        postgresql_where="officer IS NOT NULL",
    )
    op.create_index("ix_audit_entries_recorded_at", "audit_entries", ["recorded_at"], unique=False)
    op.create_index(
        "ix_audit_entries_subject_index",
        "audit_entries",
        ["subject_index", "recorded_at"],
        unique=False,
        postgresql_where="subject_index IS NOT NULL",
    )
    op.create_table(
        "audit_leaves",
        sa.Column("index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("index", name=op.f("pk_audit_leaves")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_audit_leaves_entry_id")),
    )
    op.create_table(
        "audit_subtrees",
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "index", name=op.f("pk_audit_subtrees")),
    )
    op.create_table(
        "audit_unsequenced",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_audit_unsequenced")),
        postgresql_with={
            "autovacuum_vacuum_scale_factor": "0",
            "autovacuum_vacuum_threshold": "5000",
            "autovacuum_vacuum_cost_delay": "0",
        },
    )
    op.create_table(
        "courts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_courts")),
        sa.UniqueConstraint("code", name=op.f("uq_courts_code")),
    )
    op.create_table(
        "document_contents",
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_document_contents")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("scope", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("location", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_table(
        "lanes",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("running", "paused", "stopped", name="lanestate", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("concurrency", sa.Integer(), nullable=False),
        sa.Column("per_second", sa.Double(), nullable=True),
        sa.Column("tokens", sa.Double(), nullable=False),
        sa.Column("refilled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("turns", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column(
            "breaker",
            sa.Enum("closed", "open", "half_open", name="breakerstate", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("breaker_failures", sa.Integer(), nullable=False),
        sa.Column("breaker_open_seconds", sa.Double(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("probe_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("breaker IN ('closed', 'open', 'half_open')", name=op.f("ck_lanes_breaker")),
        sa.CheckConstraint("state IN ('running', 'paused', 'stopped')", name=op.f("ck_lanes_state")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_lanes")),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "nonces",
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_id", "nonce", name=op.f("pk_nonces")),
    )
    op.create_index("ix_nonces_seen_at", "nonces", ["seen_at"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reference", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("share", sa.Uuid(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "ready", "delayed", "behind", "leased", "dead", name="itemstate", native_enum=False, length=40
            ),
            nullable=False,
        ),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("forgiven", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("died_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('ready', 'delayed', 'behind', 'leased', 'dead')", name=op.f("ck_outbox_state")
        ),
        sa.CheckConstraint("priority BETWEEN 1 AND 3", name=op.f("ck_outbox_priority")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        postgresql_with={
            "fillfactor": "70",
            "autovacuum_vacuum_scale_factor": "0.02",
            "autovacuum_vacuum_cost_delay": "0",
        },
    )
    op.create_index(
        "ix_outbox_dead", "outbox", ["lane", "id"], unique=False, postgresql_where="state = 'dead'"
    )
    op.create_index("ix_outbox_due", "outbox", ["run_at"], unique=False, postgresql_where="state = 'delayed'")
    op.create_index(
        "ix_outbox_leased",
        "outbox",
        ["lane", "lease_until"],
        unique=False,
        postgresql_where="state = 'leased'",
    )
    op.create_index(
        "ix_outbox_ready",
        "outbox",
        ["lane", "priority", "turn", "id"],
        unique=False,
        postgresql_where="state = 'ready'",
    )
    op.create_index(
        "ix_outbox_share",
        "outbox",
        ["lane", "priority", "share", "turn"],
        unique=False,
        postgresql_where="state = 'ready'",
    )
    op.create_index("ix_outbox_subject", "outbox", ["subject", "id"], unique=False)
    op.create_table(
        "agency_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("algorithm", sa.String(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "algorithm IN ('ed25519', 'ecdsa-p256-sha256')", name=op.f("ck_agency_keys_algorithm")
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.id"], name=op.f("fk_agency_keys_agency_id_agencies")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agency_keys")),
        sa.UniqueConstraint("key_id", name=op.f("uq_agency_keys_key_id")),
    )
    op.create_index("ix_agency_keys_agency_id", "agency_keys", ["agency_id"], unique=False)
    op.create_table(
        "api_clients",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "court", "auditor", "operator", "administrator", name="role", native_enum=False, length=40
            ),
            nullable=False,
        ),
        sa.Column("court_id", sa.Uuid(), nullable=True),
        sa.Column("secret_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("previous_secret_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "role IN ('court', 'auditor', 'operator', 'administrator')", name=op.f("ck_api_clients_role")
        ),
        sa.ForeignKeyConstraint(["court_id"], ["courts.id"], name=op.f("fk_api_clients_court_id_courts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_clients")),
        sa.UniqueConstraint("client_id", name=op.f("uq_api_clients_client_id")),
    )
    op.create_table(
        "batches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("court_id", sa.Uuid(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["court_id"], ["courts.id"], name=op.f("fk_batches_court_id_courts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
    )
    op.create_index("ix_batches_court_id_id", "batches", ["court_id", "id"], unique=False)
    op.create_table(
        "event_counters",
        sa.Column("court_id", sa.Uuid(), nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["court_id"], ["courts.id"], name=op.f("fk_event_counters_court_id_courts")),
        sa.PrimaryKeyConstraint("court_id", name=op.f("pk_event_counters")),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "events",
        sa.Column("court_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "event_type",
            sa.Enum(
                "agency_request.acknowledged",
                "agency_request.partially_answered",
                "agency_request.answered",
                "agency_request.refused",
                "agency_request.outcome_lost",
                "agency_request.parked",
                "agency_request.requeued",
                "agency_request.reminded",
                "agency_request.fell_overdue",
                "agency_request.given_up",
                "agency_request.cancelled",
                "answer.set_aside",
                "measure.approved",
                "measure.rejected",
                "freeze.changed",
                "freeze.came_near_its_end",
                "freeze.lapsed",
                "money.transferred",
                "claim.settled",
                "task.opened",
                "task.closed",
                "objection.raised",
                "objection.answered",
                "case.released",
                "webhook_endpoint.disabled",
                "webhook_endpoint.pinged",
                name="eventtype",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "event_type IN ('agency_request.acknowledged', 'agency_request.partially_answered', 'agency_request.answered', 'agency_request.refused', 'agency_request.outcome_lost', 'agency_request.parked', 'agency_request.requeued', 'agency_request.reminded', 'agency_request.fell_overdue', 'agency_request.given_up', 'agency_request.cancelled', 'answer.set_aside', 'measure.approved', 'measure.rejected', 'freeze.changed', 'freeze.came_near_its_end', 'freeze.lapsed', 'money.transferred', 'claim.settled', 'task.opened', 'task.closed', 'objection.raised', 'objection.answered', 'case.released', 'webhook_endpoint.disabled', 'webhook_endpoint.pinged')",
            name=op.f("ck_events_event_type"),
        ),
        sa.ForeignKeyConstraint(["court_id"], ["courts.id"], name=op.f("fk_events_court_id_courts")),
        sa.PrimaryKeyConstraint("court_id", "number", name=op.f("pk_events")),
    )
    op.create_index("uq_events_id", "events", ["id"], unique=True)
    op.create_table(
        "officers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("court_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("work_permit_number", sa.String(), nullable=False),
        sa.Column("enforcement_permit_number", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column(
            "role",
            sa.Enum("enforcement_officer", "approver", name="officerrole", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role IN ('enforcement_officer', 'approver')", name=op.f("ck_officers_role")),
        sa.ForeignKeyConstraint(["court_id"], ["courts.id"], name=op.f("fk_officers_court_id_courts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_officers")),
        sa.UniqueConstraint(
            "court_id", "work_permit_number", name=op.f("uq_officers_court_id_work_permit_number")
        ),
    )
    op.create_index("ix_officers_court_id_id", "officers", ["court_id", "id"], unique=False)
    op.create_table(
        "reconciliations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("compared", sa.Integer(), nullable=False),
        sa.Column("differences", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.id"], name=op.f("fk_reconciliations_agency_id_agencies")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliations")),
    )
    op.create_index("ix_reconciliations_agency_id_at", "reconciliations", ["agency_id", "at"], unique=False)
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("court_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("event_types", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        sa.Column("previous_secret_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["court_id"], ["courts.id"], name=op.f("fk_webhook_endpoints_court_id_courts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
    )
    op.create_index("ix_webhook_endpoints_court_id", "webhook_endpoints", ["court_id"], unique=False)
    op.create_table(
        "cases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("court_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.String(), nullable=False),
        sa.Column("case_number_given", sa.String(), nullable=False),
        sa.Column("type_code", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("legal_basis", sa.String(), nullable=False),
        sa.Column("claim_amount", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column(
            "status",
            sa.Enum("open", "closed", name="casestatus", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("officer_id", sa.Uuid(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_reason", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('open', 'closed')", name=op.f("ck_cases_status")),
        sa.ForeignKeyConstraint(["court_id"], ["courts.id"], name=op.f("fk_cases_court_id_courts")),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"], name=op.f("fk_cases_officer_id_officers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("court_id", "case_number", name=op.f("uq_cases_court_id_case_number")),
    )
    op.create_index("ix_cases_court_id_id", "cases", ["court_id", "id"], unique=False)
    op.create_table(
        "claim_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("payment", "transfer", "cost", name="claimentrykind", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("amount", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('payment', 'transfer', 'cost')", name=op.f("ck_claim_entries_kind")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_claim_entries_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_entries")),
    )
    op.create_index("ix_claim_entries_case_id_id", "claim_entries", ["case_id", "id"], unique=False)
    op.create_table(
        "claim_terms",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("daily_rate", sa.Numeric(precision=12, scale=10), nullable=False),
        sa.Column("interest_from", sa.Date(), nullable=False),
        sa.Column("late_performance_from", sa.Date(), nullable=True),
        sa.Column("late_daily_rate", sa.Numeric(precision=12, scale=10), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_claim_terms_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_claim_terms")),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("court_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "query_notice",
                "ruling",
                "freeze_notice",
                "release_notice",
                "enforcement_notice",
                "judgment",
                name="documentkind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("document_number", sa.String(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("seal_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('query_notice', 'ruling', 'freeze_notice', 'release_notice', 'enforcement_notice', 'judgment')",
            name=op.f("ck_documents_kind"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_documents_case_id_cases")),
        sa.ForeignKeyConstraint(["court_id"], ["courts.id"], name=op.f("fk_documents_court_id_courts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        sa.UniqueConstraint("case_id", "kind", "sha256", name=op.f("uq_documents_case_id_kind_sha256")),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "asset_query",
                "freeze",
                "renewal",
                "release",
                "transfer",
                "conversion",
                name="orderkind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("court_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("officer_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("legal_basis", sa.String(), nullable=False),
        sa.Column("scope", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("document_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "awaiting_approval", "issued", "rejected", name="orderstatus", native_enum=False, length=40
            ),
            nullable=False,
        ),
        sa.Column("approver_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_note", sa.String(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("correlation_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('asset_query', 'freeze', 'renewal', 'release', 'transfer', 'conversion')",
            name=op.f("ck_orders_kind"),
        ),
        sa.CheckConstraint(
            "status IN ('awaiting_approval', 'issued', 'rejected')", name=op.f("ck_orders_status")
        ),
        sa.ForeignKeyConstraint(
            ["approver_id"], ["officers.id"], name=op.f("fk_orders_approver_id_officers")
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_orders_batch_id_batches")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_orders_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["api_clients.id"], name=op.f("fk_orders_client_id_api_clients")
        ),
        sa.ForeignKeyConstraint(["court_id"], ["courts.id"], name=op.f("fk_orders_court_id_courts")),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"], name=op.f("fk_orders_officer_id_officers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
    )
    op.create_index(
        "ix_orders_batch_id", "orders", ["batch_id"], unique=False, postgresql_where="batch_id IS NOT NULL"
    )
    op.create_index("ix_orders_case_id_id", "orders", ["case_id", "id"], unique=False)
    op.create_index("ix_orders_court_id_id", "orders", ["court_id", "id"], unique=False)
    op.create_table(
        "parties",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("court_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            sa.Enum("debtor", "creditor", name="partyrole", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.Enum("person", "organisation", name="partykind", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "certificate_type",
            sa.Enum(
                "citizen_id",
                "household_register",
                "passport",
                "foreign_passport",
                "hk_macau_permit",
                "taiwan_permit",
                "residence_permit_hmt",
                "military_id",
                "police_id",
                "unified_social_credit_code",
                "organisation_code",
                "business_licence",
                "other",
                name="certificatetype",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("number_index", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "certificate_type IN ('citizen_id', 'household_register', 'passport', 'foreign_passport', 'hk_macau_permit', 'taiwan_permit', 'residence_permit_hmt', 'military_id', 'police_id', 'unified_social_credit_code', 'organisation_code', 'business_licence', 'other')",
            name=op.f("ck_parties_certificate_type"),
        ),
        sa.CheckConstraint("kind IN ('person', 'organisation')", name=op.f("ck_parties_kind")),
        sa.CheckConstraint("role IN ('debtor', 'creditor')", name=op.f("ck_parties_role")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_parties_case_id_cases")),
        sa.ForeignKeyConstraint(["court_id"], ["courts.id"], name=op.f("fk_parties_court_id_courts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parties")),
        sa.UniqueConstraint(
            "case_id", "role", "number_index", name=op.f("uq_parties_case_id_role_number_index")
        ),
    )
    op.create_index("ix_parties_number_index", "parties", ["number_index"], unique=False)
    op.create_table(
        "release_certificates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("court_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_release_certificates_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release_certificates")),
    )
    op.create_index("ix_release_certificates_case_id", "release_certificates", ["case_id"], unique=False)
    op.create_table(
        "agency_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "asset_query",
                "freeze",
                "renewal",
                "release",
                "transfer",
                "conversion",
                name="orderkind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("court_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("freeze_id", sa.Uuid(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "sent",
                "unknown",
                "acknowledged",
                "partially_answered",
                "answered",
                "refused",
                "cancelled",
                "undeliverable",
                "given_up",
                name="requeststate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times_sent", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("final_part", sa.Integer(), nullable=True),
        sa.Column(
            "answer_state",
            sa.Enum(
                "found",
                "nothing_found",
                "partial",
                "ambiguous",
                "mismatch",
                "refused",
                "not_yet",
                "executed",
                "not_executed",
                name="answerstate",
                native_enum=False,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("agency_reference", sa.String(), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("give_up_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("overdue", sa.Boolean(), nullable=False),
        sa.Column(
            "next_deadline",
            sa.Enum("remind", "overdue", "give_up", name="deadlinestage", native_enum=False, length=40),
            nullable=True,
        ),
        sa.Column("next_deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "answer_state IN ('found', 'nothing_found', 'partial', 'ambiguous', 'mismatch', 'refused', 'not_yet', 'executed', 'not_executed')",
            name=op.f("ck_agency_requests_answer_state"),
        ),
        sa.CheckConstraint(
            "kind IN ('asset_query', 'freeze', 'renewal', 'release', 'transfer', 'conversion')",
            name=op.f("ck_agency_requests_kind"),
        ),
        sa.CheckConstraint(
            "next_deadline IN ('remind', 'overdue', 'give_up')", name=op.f("ck_agency_requests_next_deadline")
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'sent', 'unknown', 'acknowledged', 'partially_answered', 'answered', 'refused', 'cancelled', 'undeliverable', 'given_up')",
            name=op.f("ck_agency_requests_state"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.id"], name=op.f("fk_agency_requests_agency_id_agencies")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_agency_requests_order_id_orders")),
        sa.ForeignKeyConstraint(
            ["party_id"], ["parties.id"], name=op.f("fk_agency_requests_party_id_parties")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agency_requests")),
    )
    op.create_index("ix_agency_requests_case_id_id", "agency_requests", ["case_id", "id"], unique=False)
    op.create_index(
        "ix_agency_requests_freeze_id",
        "agency_requests",
        ["freeze_id"],
        unique=False,
        postgresql_where="freeze_id IS NOT NULL",
    )
    op.create_index(
        "ix_agency_requests_next_deadline_at",
        "agency_requests",
        ["next_deadline_at"],
        unique=False,
        postgresql_where="next_deadline_at IS NOT NULL",
    )
    op.create_index("ix_agency_requests_order_id", "agency_requests", ["order_id"], unique=False)
    op.create_index(
        "ix_agency_requests_troubled",
        "agency_requests",
        ["agency_id", "id"],
        unique=False,
        postgresql_where="state IN ('unknown', 'undeliverable')",
    )
    op.create_table(
        "freezes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("court_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.String(), nullable=False),
        sa.Column(
            "thing_kind",
            sa.Enum(
                "account",
                "wealth_product",
                "tax_refund",
                "real_estate",
                "vehicle",
                name="thingkind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("identity_index", sa.LargeBinary(), nullable=False),
        sa.Column("identity", sa.LargeBinary(), nullable=False),
        sa.Column(
            "nature",
            sa.Enum("preservation", "enforcement", name="nature", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("limit", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("expected", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("term", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "ordered",
                "in_force",
                "waiting",
                "unknown",
                "not_executed",
                "released",
                "lapsed",
                "void",
                "exhausted",
                name="freezestate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("held", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("balance", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("transferred", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("active_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("agency_number", sa.String(), nullable=True),
        sa.Column("why_not", sa.String(), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("renewing", sa.Boolean(), nullable=False),
        sa.Column("releasing", sa.Boolean(), nullable=False),
        sa.Column("next_clock_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("nature IN ('preservation', 'enforcement')", name=op.f("ck_freezes_nature")),
        sa.CheckConstraint(
            "state IN ('ordered', 'in_force', 'waiting', 'unknown', 'not_executed', 'released', 'lapsed', 'void', 'exhausted')",
            name=op.f("ck_freezes_state"),
        ),
        sa.CheckConstraint(
            "thing_kind IN ('account', 'wealth_product', 'tax_refund', 'real_estate', 'vehicle')",
            name=op.f("ck_freezes_thing_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["agency_requests.id"], name=op.f("fk_freezes_request_id_agency_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freezes")),
    )
    op.create_index("ix_freezes_agency_id_identity", "freezes", ["agency_id", "identity_index"], unique=False)
    op.create_index("ix_freezes_case_id_id", "freezes", ["case_id", "id"], unique=False)
    op.create_index(
        "ix_freezes_next_clock_at",
        "freezes",
        ["next_clock_at"],
        unique=False,
        postgresql_where="next_clock_at IS NOT NULL",
    )
    op.create_index(
        "uq_freezes_request_id_identity", "freezes", ["request_id", "identity_index"], unique=True
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column(
            "direction", sa.Enum("out", "in", name="direction", native_enum=False, length=40), nullable=False
        ),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=True),
        sa.Column("signature", sa.String(), nullable=True),
        sa.Column("parked_reason", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("direction IN ('out', 'in')", name=op.f("ck_messages_direction")),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_messages_agency_id_agencies")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["agency_requests.id"], name=op.f("fk_messages_request_id_agency_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
    )
    op.create_index("ix_messages_request_id", "messages", ["request_id"], unique=False)
    op.create_index(
        "uq_messages_agency_id_direction_message_id",
        "messages",
        ["agency_id", "direction", "message_id"],
        unique=True,
        postgresql_where="message_id IS NOT NULL",
    )
    op.create_table(
        "answers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("court_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "found",
                "nothing_found",
                "partial",
                "ambiguous",
                "mismatch",
                "refused",
                "not_yet",
                "executed",
                "not_executed",
                name="answerstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "disposition",
            sa.Enum("applied", "late", "contradicting", name="disposition", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "refusal_reason",
            sa.Enum(
                "document_missing",
                "document_mismatch",
                "document_unreadable",
                "credentials_missing",
                "officer_not_filed",
                "subject_incomplete",
                "out_of_scope",
                "not_competent",
                "legally_barred",
                "other",
                name="refusalreason",
                native_enum=False,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("explanation", sa.LargeBinary(), nullable=True),
        sa.Column("asset_count", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "disposition IN ('applied', 'late', 'contradicting')", name=op.f("ck_answers_disposition")
        ),
        sa.CheckConstraint(
            "refusal_reason IN ('document_missing', 'document_mismatch', 'document_unreadable', 'credentials_missing', 'officer_not_filed', 'subject_incomplete', 'out_of_scope', 'not_competent', 'legally_barred', 'other')",
            name=op.f("ck_answers_refusal_reason"),
        ),
        sa.CheckConstraint(
            "state IN ('found', 'nothing_found', 'partial', 'ambiguous', 'mismatch', 'refused', 'not_yet', 'executed', 'not_executed')",
            name=op.f("ck_answers_state"),
        ),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_answers_message_id_messages")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["agency_requests.id"], name=op.f("fk_answers_request_id_agency_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
    )
    op.create_index("ix_answers_request_id", "answers", ["request_id"], unique=False)
    op.create_index(
        "ix_answers_set_aside",
        "answers",
        ["court_id", "id"],
        unique=False,
        postgresql_where="disposition <> 'applied'",
    )
    op.create_table(
        "objections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("court_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("grounds", sa.String(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("open", "upheld", "dismissed", name="objectionstate", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.String(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'upheld', 'dismissed')", name=op.f("ck_objections_state")),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_objections_message_id_messages")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["agency_requests.id"], name=op.f("fk_objections_request_id_agency_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objections")),
    )
    op.create_index("ix_objections_court_id_id", "objections", ["court_id", "id"], unique=False)
    op.create_index("ix_objections_request_id", "objections", ["request_id"], unique=False)
    op.create_table(
        "tasks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("court_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "renew_freeze",
                "renewal_escalated",
                "difference",
                "objection",
                "release_overdue",
                "surplus",
                "not_executed",
                name="taskkind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("freeze_id", sa.Uuid(), nullable=True),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("agency_id", sa.Uuid(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('renew_freeze', 'renewal_escalated', 'difference', 'objection', 'release_overdue', 'surplus', 'not_executed')",
            name=op.f("ck_tasks_kind"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_tasks_case_id_cases")),
        sa.ForeignKeyConstraint(["freeze_id"], ["freezes.id"], name=op.f("fk_tasks_freeze_id_freezes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
    )
    op.create_index("ix_tasks_court_id_id", "tasks", ["court_id", "id"], unique=False)
    op.create_index(
        "ix_tasks_freeze_id", "tasks", ["freeze_id"], unique=False, postgresql_where="freeze_id IS NOT NULL"
    )
    op.create_index(
        "ix_tasks_open_of_case", "tasks", ["case_id"], unique=False, postgresql_where="closed_at IS NULL"
    )
    op.create_index(
        "ix_tasks_open", "tasks", ["court_id", "due_at"], unique=False, postgresql_where="closed_at IS NULL"
    )
    op.create_table(
        "assets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("court_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("answer_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "bank_account",
                "wealth_product",
                "real_estate",
                "vehicle",
                "tax_record",
                "identity_record",
                "travel_record",
                "hotel_stay",
                name="assetkind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("identity_index", sa.LargeBinary(), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        sa.Column(
            "holder_role",
            sa.Enum(
                "owner",
                "joint_owner",
                "signatory",
                "beneficial_owner",
                name="holderrole",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("disputed", sa.Boolean(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "holder_role IN ('owner', 'joint_owner', 'signatory', 'beneficial_owner')",
            name=op.f("ck_assets_holder_role"),
        ),
        sa.CheckConstraint(
            "kind IN ('bank_account', 'wealth_product', 'real_estate', 'vehicle', 'tax_record', 'identity_record', 'travel_record', 'hotel_stay')",
            name=op.f("ck_assets_kind"),
        ),
        sa.ForeignKeyConstraint(["answer_id"], ["answers.id"], name=op.f("fk_assets_answer_id_answers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assets")),
    )
    op.create_index("ix_assets_case_id_id", "assets", ["case_id", "id"], unique=False)
    op.create_index("ix_assets_party_id_identity", "assets", ["party_id", "identity_index"], unique=False)
    op.create_index("ix_assets_request_id", "assets", ["request_id"], unique=False)
    op.execute(REFUSE_CHANGE)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()"
        )


def downgrade() -> None:
    for table in reversed(APPEND_ONLY):
        op.execute(f"DROP TRIGGER audit_append_only ON {table}")
    op.execute("DROP FUNCTION audit_refuse_change()")
    op.drop_index("ix_assets_request_id", table_name="assets")
    op.drop_index("ix_assets_party_id_identity", table_name="assets")
    op.drop_index("ix_assets_case_id_id", table_name="assets")
    op.drop_table("assets")
    op.drop_index("ix_tasks_open_of_case", table_name="tasks", postgresql_where="closed_at IS NULL")
    op.drop_index("ix_tasks_open", table_name="tasks", postgresql_where="closed_at IS NULL")
    op.drop_index("ix_tasks_freeze_id", table_name="tasks", postgresql_where="freeze_id IS NOT NULL")
    op.drop_index("ix_tasks_court_id_id", table_name="tasks")
    op.drop_table("tasks")
    op.drop_index("ix_objections_request_id", table_name="objections")
    op.drop_index("ix_objections_court_id_id", table_name="objections")
    op.drop_table("objections")
    op.drop_index("ix_answers_set_aside", table_name="answers", postgresql_where="disposition <> 'applied'")
    op.drop_index("ix_answers_request_id", table_name="answers")
    op.drop_table("answers")
    op.drop_index(
        "uq_messages_agency_id_direction_message_id",
        table_name="messages",
        postgresql_where="message_id IS NOT NULL",
    )
    op.drop_index("ix_messages_request_id", table_name="messages")
    op.drop_table("messages")
    op.drop_index("uq_freezes_request_id_identity", table_name="freezes")
    op.drop_index(
        "ix_freezes_next_clock_at", table_name="freezes", postgresql_where="next_clock_at IS NOT NULL"
    )
    op.drop_index("ix_freezes_case_id_id", table_name="freezes")
    op.drop_index("ix_freezes_agency_id_identity", table_name="freezes")
    op.drop_table("freezes")
    op.drop_index(
        "ix_agency_requests_troubled",
        table_name="agency_requests",
        postgresql_where="state IN ('unknown', 'undeliverable')",
    )
    op.drop_index("ix_agency_requests_order_id", table_name="agency_requests")
    op.drop_index(
        "ix_agency_requests_next_deadline_at",
        table_name="agency_requests",
        postgresql_where="next_deadline_at IS NOT NULL",
    )
    op.drop_index(
        "ix_agency_requests_freeze_id", table_name="agency_requests", postgresql_where="freeze_id IS NOT NULL"
    )
    op.drop_index("ix_agency_requests_case_id_id", table_name="agency_requests")
    op.drop_table("agency_requests")
    op.drop_index("ix_release_certificates_case_id", table_name="release_certificates")
    op.drop_table("release_certificates")
    op.drop_index("ix_parties_number_index", table_name="parties")
    op.drop_table("parties")
    op.drop_index("ix_orders_court_id_id", table_name="orders")
    op.drop_index("ix_orders_case_id_id", table_name="orders")
    op.drop_index("ix_orders_batch_id", table_name="orders", postgresql_where="batch_id IS NOT NULL")
    op.drop_table("orders")
    op.drop_table("documents")
    op.drop_table("claim_terms")
    op.drop_index("ix_claim_entries_case_id_id", table_name="claim_entries")
    op.drop_table("claim_entries")
    op.drop_index("ix_cases_court_id_id", table_name="cases")
    op.drop_table("cases")
    op.drop_index("ix_webhook_endpoints_court_id", table_name="webhook_endpoints")
    op.drop_table("webhook_endpoints")
    op.drop_index("ix_reconciliations_agency_id_at", table_name="reconciliations")
    op.drop_table("reconciliations")
    op.drop_index("ix_officers_court_id_id", table_name="officers")
    op.drop_table("officers")
    op.drop_index("uq_events_id", table_name="events")
    op.drop_table("events")
    op.drop_table("event_counters")
    op.drop_index("ix_batches_court_id_id", table_name="batches")
    op.drop_table("batches")
    op.drop_table("api_clients")
    op.drop_index("ix_agency_keys_agency_id", table_name="agency_keys")
    op.drop_table("agency_keys")
    op.drop_index("ix_outbox_subject", table_name="outbox")
    op.drop_index("ix_outbox_share", table_name="outbox", postgresql_where="state = 'ready'")
    op.drop_index("ix_outbox_ready", table_name="outbox", postgresql_where="state = 'ready'")
    op.drop_index("ix_outbox_leased", table_name="outbox", postgresql_where="state = 'leased'")
    op.drop_index("ix_outbox_due", table_name="outbox", postgresql_where="state = 'delayed'")
    op.drop_index("ix_outbox_dead", table_name="outbox", postgresql_where="state = 'dead'")
    op.drop_table("outbox")
    op.drop_index("ix_nonces_seen_at", table_name="nonces")
    op.drop_table("nonces")
    op.drop_table("lanes")
    op.drop_table("idempotency_keys")
    op.drop_table("document_contents")
    op.drop_table("courts")
    op.drop_table("audit_unsequenced")
    op.drop_table("audit_subtrees")
    op.drop_table("audit_leaves")
    op.drop_index(
        "ix_audit_entries_subject_index",
        table_name="audit_entries",
        postgresql_where="subject_index IS NOT NULL",
    )
    op.drop_index("ix_audit_entries_recorded_at", table_name="audit_entries")
    op.drop_index(
        "ix_audit_entries_officer", table_name="audit_entries", postgresql_where="officer IS NOT NULL"
    )
    op.drop_index(
        "ix_audit_entries_case_number", table_name="audit_entries", postgresql_where="case_number IS NOT NULL"
    )
    op.drop_index(
        "ix_audit_entries_agency_code", table_name="audit_entries", postgresql_where="agency_code IS NOT NULL"
    )
    op.drop_table("audit_entries")
    op.drop_table("audit_checkpoints")
    op.drop_table("agencies")

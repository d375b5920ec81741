"""Looking for people and cars

Revision: 0004, after 0003.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0004"
down_revision: str | Sequence[str] | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "liaison_officers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.id"], name=op.f("fk_liaison_officers_agency_id_agencies")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_liaison_officers")),
    )
    op.create_index("ix_liaison_officers_agency_id", "liaison_officers", ["agency_id"], unique=False)
    op.create_table(
        "referrals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("court_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column(
            "route",
            sa.Enum("police", "private_prosecution", name="referralroute", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("declined_id", sa.Uuid(), nullable=True),
        sa.Column(
            "fate",
            sa.Enum(
                "filed",
                "declined",
                "accepted",
                "warrant_issued",
                "warrant_withdrawn",
                "prosecuted",
                "sentenced",
                "acquitted",
                "dropped",
                name="referralfate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("fate_on", sa.Date(), nullable=False),
        sa.Column("criminal_case_number", sa.String(), nullable=True),
        sa.Column("warrant_id", sa.Uuid(), nullable=True),
        sa.Column("officer", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "fate IN ('filed', 'declined', 'accepted', 'warrant_issued', 'warrant_withdrawn', 'prosecuted', 'sentenced', 'acquitted', 'dropped')",
            name=op.f("ck_referrals_fate"),
        ),
        sa.CheckConstraint("route IN ('police', 'private_prosecution')", name=op.f("ck_referrals_route")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_referrals_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["declined_id"], ["referrals.id"], name=op.f("fk_referrals_declined_id_referrals")
        ),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_referrals_party_id_parties")),
        sa.ForeignKeyConstraint(
            ["warrant_id"], ["documents.id"], name=op.f("fk_referrals_warrant_id_documents")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referrals")),
    )
    op.create_index("ix_referrals_case_id", "referrals", ["case_id"], unique=False)
    op.create_index("ix_referrals_court_id_id", "referrals", ["court_id", "id"], unique=False)
    op.create_table(
        "liaison_tasks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("court_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["answered_by"],
            ["liaison_officers.id"],
            name=op.f("fk_liaison_tasks_answered_by_liaison_officers"),
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["agency_requests.id"], name=op.f("fk_liaison_tasks_request_id_agency_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_liaison_tasks")),
    )
    op.create_index("ix_liaison_tasks_court_id_id", "liaison_tasks", ["court_id", "id"], unique=False)
    op.create_index("uq_liaison_tasks_request_id", "liaison_tasks", ["request_id"], unique=True)
    op.create_table(
        "referral_steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column(
            "fate",
            sa.Enum(
                "filed",
                "declined",
                "accepted",
                "warrant_issued",
                "warrant_withdrawn",
                "prosecuted",
                "sentenced",
                "acquitted",
                "dropped",
                name="referralfate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("officer", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "fate IN ('filed', 'declined', 'accepted', 'warrant_issued', 'warrant_withdrawn', 'prosecuted', 'sentenced', 'acquitted', 'dropped')",
            name=op.f("ck_referral_steps_fate"),
        ),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referrals.id"], name=op.f("fk_referral_steps_referral_id_referrals")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_steps")),
    )
    op.create_index("ix_referral_steps_referral_id", "referral_steps", ["referral_id"], unique=False)
    op.create_table(
        "locate_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("court_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("freeze_id", sa.Uuid(), nullable=True),
        sa.Column("referral_id", sa.Uuid(), nullable=True),
        sa.Column("supersedes_id", sa.Uuid(), nullable=True),
        sa.Column(
            "wanted",
            sa.Enum("person", "vehicle", name="wanted", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "ground",
            sa.Enum(
                "summons_by_force",
                "detention_decision",
                "seizure_ruling",
                "criminal_warrant",
                name="locateground",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("ground_number", sa.String(), nullable=False),
        sa.Column(
            "action",
            sa.Enum(
                "report_only",
                "hold_and_notify",
                "online_pursuit",
                name="wantedaction",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "urgency",
            sa.Enum("urgent", "routine", name="urgency", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "awaiting_approval",
                "rejected",
                "live",
                "refused",
                "recalling",
                "ended",
                name="locatestate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "end_reason",
            sa.Enum(
                "located",
                "cleared",
                "entered_in_error",
                "expired",
                "superseded",
                name="endreason",
                native_enum=False,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("end_note", sa.String(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("ground_lost_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("validated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("validated_by", sa.String(), nullable=True),
        sa.Column("revalidate_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_clock_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "action IN ('report_only', 'hold_and_notify', 'online_pursuit')",
            name=op.f("ck_locate_requests_action"),
        ),
        sa.CheckConstraint(
            "end_reason IN ('located', 'cleared', 'entered_in_error', 'expired', 'superseded')",
            name=op.f("ck_locate_requests_end_reason"),
        ),
        sa.CheckConstraint(
            "ground IN ('summons_by_force', 'detention_decision', 'seizure_ruling', 'criminal_warrant')",
            name=op.f("ck_locate_requests_ground"),
        ),
        sa.CheckConstraint(
            "state IN ('awaiting_approval', 'rejected', 'live', 'refused', 'recalling', 'ended')",
            name=op.f("ck_locate_requests_state"),
        ),
        sa.CheckConstraint("urgency IN ('urgent', 'routine')", name=op.f("ck_locate_requests_urgency")),
        sa.CheckConstraint("wanted IN ('person', 'vehicle')", name=op.f("ck_locate_requests_wanted")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_locate_requests_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["freeze_id"], ["freezes.id"], name=op.f("fk_locate_requests_freeze_id_freezes")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_locate_requests_order_id_orders")),
        sa.ForeignKeyConstraint(
            ["party_id"], ["parties.id"], name=op.f("fk_locate_requests_party_id_parties")
        ),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referrals.id"], name=op.f("fk_locate_requests_referral_id_referrals")
        ),
        sa.ForeignKeyConstraint(
            ["supersedes_id"],
            ["locate_requests.id"],
            name=op.f("fk_locate_requests_supersedes_id_locate_requests"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_locate_requests")),
    )
    op.create_index("ix_locate_requests_case_id", "locate_requests", ["case_id"], unique=False)
    op.create_index("ix_locate_requests_court_id_id", "locate_requests", ["court_id", "id"], unique=False)
    op.create_index(
        "ix_locate_requests_freeze_id",
        "locate_requests",
        ["freeze_id"],
        unique=False,
        postgresql_where="freeze_id IS NOT NULL",
    )
    op.create_index(
        "ix_locate_requests_next_clock_at",
        "locate_requests",
        ["next_clock_at"],
        unique=False,
        postgresql_where="next_clock_at IS NOT NULL",
    )
    op.create_index(
        "ix_locate_requests_referral_id",
        "locate_requests",
        ["referral_id"],
        unique=False,
        postgresql_where="referral_id IS NOT NULL",
    )
    op.create_index("uq_locate_requests_order_id", "locate_requests", ["order_id"], unique=True)
    op.create_table(
        "watch_notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("court_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "sighting",
                "hotel_stay",
                "border_crossing",
                "ticket_bought",
                "car_inspected",
                "money_arrived",
                "account_closed",
                "other",
                name="watchkind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('sighting', 'hotel_stay', 'border_crossing', 'ticket_bought', 'car_inspected', 'money_arrived', 'account_closed', 'other')",
            name=op.f("ck_watch_notices_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_watch_notices_message_id_messages")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["agency_requests.id"], name=op.f("fk_watch_notices_request_id_agency_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_notices")),
    )
    op.create_index("ix_watch_notices_case_id", "watch_notices", ["case_id"], unique=False)
    op.create_index("ix_watch_notices_court_id_id", "watch_notices", ["court_id", "id"], unique=False)
    op.create_table(
        "locate_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("court_id", sa.Uuid(), nullable=False),
        sa.Column("locate_id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("recall_request_id", sa.Uuid(), nullable=True),
        sa.Column("recalls", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "requested",
                "accepted",
                "active",
                "refused",
                "recalling",
                "ended",
                name="entrystate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("doubtful", sa.Boolean(), nullable=False),
        sa.Column(
            "ending",
            sa.Enum(
                "confirmed", "never_sent", "never_arrived", name="entryending", native_enum=False, length=40
            ),
            nullable=True,
        ),
        sa.Column("ended_as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "ending IN ('confirmed', 'never_sent', 'never_arrived')", name=op.f("ck_locate_entries_ending")
        ),
        sa.CheckConstraint(
            "state IN ('requested', 'accepted', 'active', 'refused', 'recalling', 'ended')",
            name=op.f("ck_locate_entries_state"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.id"], name=op.f("fk_locate_entries_agency_id_agencies")
        ),
        sa.ForeignKeyConstraint(
            ["locate_id"], ["locate_requests.id"], name=op.f("fk_locate_entries_locate_id_locate_requests")
        ),
        sa.ForeignKeyConstraint(
            ["recall_request_id"],
            ["agency_requests.id"],
            name=op.f("fk_locate_entries_recall_request_id_agency_requests"),
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["agency_requests.id"], name=op.f("fk_locate_entries_request_id_agency_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_locate_entries")),
    )
    op.create_index("ix_locate_entries_locate_id", "locate_entries", ["locate_id"], unique=False)
    op.create_index(
        "ix_locate_entries_recalling",
        "locate_entries",
        ["court_id", "id"],
        unique=False,
        postgresql_where="state = 'recalling'",
    )
    op.create_index("uq_locate_entries_request_id", "locate_entries", ["request_id"], unique=True)
    op.create_table(
        "hits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("court_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("locate_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("agency_hit_id", sa.Uuid(), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        sa.Column("facts_digest", sa.LargeBinary(), nullable=False),
        sa.Column(
            "confidence",
            sa.Enum("certain", "probable", "possible", name="hitconfidence", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "more_time",
                "confirmed",
                "not_him",
                "moot",
                "parked",
                name="hitstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "parked_because",
            sa.Enum(
                "request_ended",
                "recalling",
                "entry_refused",
                "in_the_future",
                name="parkedbecause",
                native_enum=False,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column(
            "stage",
            sa.Enum("asked", "asked_again", "escalated", name="hitstage", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_clock_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decision_request_id", sa.Uuid(), nullable=True),
        sa.Column("minutes_needed", sa.Integer(), nullable=True),
        sa.Column("decision_note", sa.String(), nullable=True),
        sa.CheckConstraint(
            "confidence IN ('certain', 'probable', 'possible')", name=op.f("ck_hits_confidence")
        ),
        sa.CheckConstraint(
            "parked_because IN ('request_ended', 'recalling', 'entry_refused', 'in_the_future')",
            name=op.f("ck_hits_parked_because"),
        ),
        sa.CheckConstraint("stage IN ('asked', 'asked_again', 'escalated')", name=op.f("ck_hits_stage")),
        sa.CheckConstraint(
            "state IN ('open', 'more_time', 'confirmed', 'not_him', 'moot', 'parked')",
            name=op.f("ck_hits_state"),
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["locate_entries.id"], name=op.f("fk_hits_entry_id_locate_entries")
        ),
        sa.ForeignKeyConstraint(
            ["locate_id"], ["locate_requests.id"], name=op.f("fk_hits_locate_id_locate_requests")
        ),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_hits_message_id_messages")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hits")),
    )
    op.create_index("ix_hits_court_id_id", "hits", ["court_id", "id"], unique=False)
    op.create_index("ix_hits_locate_id", "hits", ["locate_id"], unique=False)
    op.create_index(
        "ix_hits_next_clock_at",
        "hits",
        ["next_clock_at"],
        unique=False,
        postgresql_where="next_clock_at IS NOT NULL",
    )
    op.create_index("uq_hits_agency_id_agency_hit_id", "hits", ["agency_id", "agency_hit_id"], unique=True)
    op.create_table(
        "custodies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("court_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("locate_id", sa.Uuid(), nullable=False),
        sa.Column("hit_id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "held", "handed_over", "released", "lapsed", name="custodystate", native_enum=False, length=40
            ),
            nullable=False,
        ),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_place", sa.LargeBinary(), nullable=False),
        sa.Column("hand_over_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_clock_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handed_over_place", sa.LargeBinary(), nullable=True),
        sa.Column("taken_by", sa.String(), nullable=True),
        sa.Column("came_along", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('held', 'handed_over', 'released', 'lapsed')", name=op.f("ck_custodies_state")
        ),
        sa.ForeignKeyConstraint(["hit_id"], ["hits.id"], name=op.f("fk_custodies_hit_id_hits")),
        sa.ForeignKeyConstraint(
            ["locate_id"], ["locate_requests.id"], name=op.f("fk_custodies_locate_id_locate_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custodies")),
    )
    op.create_index("ix_custodies_court_id_id", "custodies", ["court_id", "id"], unique=False)
    op.create_index("ix_custodies_locate_id", "custodies", ["locate_id"], unique=False)
    op.create_index(
        "ix_custodies_next_clock_at",
        "custodies",
        ["next_clock_at"],
        unique=False,
        postgresql_where="next_clock_at IS NOT NULL",
    )
    op.create_index("uq_custodies_hit_id", "custodies", ["hit_id"], unique=True)
    op.create_table(
        "detentions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("court_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("subject_index", sa.LargeBinary(), nullable=False),
        sa.Column("custody_id", sa.Uuid(), nullable=True),
        sa.Column(
            "act",
            sa.Enum(
                "no_property_report",
                "refusal_to_perform",
                "moved_seized_property",
                "broke_consumption_ban",
                "obstruction",
                name="detainedfor",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("act_on", sa.Date(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("decision_number", sa.String(), nullable=False),
        sa.Column("days", sa.SmallInteger(), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("officer", sa.String(), nullable=False),
        sa.Column("approver", sa.String(), nullable=False),
        sa.Column("family_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("family_notified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("family_notified_by", sa.String(), nullable=True),
        sa.Column(
            "ending",
            sa.Enum("served", "early", "revoked", name="detentionending", native_enum=False, length=40),
            nullable=True,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_clock_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "act IN ('no_property_report', 'refusal_to_perform', 'moved_seized_property', 'broke_consumption_ban', 'obstruction')",
            name=op.f("ck_detentions_act"),
        ),
        sa.CheckConstraint("ending IN ('served', 'early', 'revoked')", name=op.f("ck_detentions_ending")),
        sa.CheckConstraint("days BETWEEN 1 AND 15", name=op.f("ck_detentions_days")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_detentions_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["custody_id"], ["custodies.id"], name=op.f("fk_detentions_custody_id_custodies")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_detentions_document_id_documents")
        ),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_detentions_party_id_parties")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_detentions")),
    )
    op.create_index("ix_detentions_case_id", "detentions", ["case_id"], unique=False)
    op.create_index("ix_detentions_court_id_id", "detentions", ["court_id", "id"], unique=False)
    op.create_index(
        "ix_detentions_next_clock_at",
        "detentions",
        ["next_clock_at"],
        unique=False,
        postgresql_where="next_clock_at IS NOT NULL",
    )
    op.create_index(
        "uq_detentions_act", "detentions", ["court_id", "subject_index", "act", "act_on"], unique=True
    )
    op.add_column("answers", sa.Column("corrects_id", sa.Uuid(), nullable=True))
    op.add_column("answers", sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(
        op.f("fk_answers_corrects_id_answers"), "answers", "answers", ["corrects_id"], ["id"]
    )


def downgrade() -> None:
    op.drop_constraint(op.f("fk_answers_corrects_id_answers"), "answers", type_="foreignkey")
    op.drop_column("answers", "corrected_at")
    op.drop_column("answers", "corrects_id")
    op.drop_index("uq_detentions_act", table_name="detentions")
    op.drop_index(
        "ix_detentions_next_clock_at", table_name="detentions", postgresql_where="next_clock_at IS NOT NULL"
    )
    op.drop_index("ix_detentions_court_id_id", table_name="detentions")
    op.drop_index("ix_detentions_case_id", table_name="detentions")
    op.drop_table("detentions")
    op.drop_index("uq_custodies_hit_id", table_name="custodies")
    op.drop_index(
        "ix_custodies_next_clock_at", table_name="custodies", postgresql_where="next_clock_at IS NOT NULL"
    )
    op.drop_index("ix_custodies_locate_id", table_name="custodies")
    op.drop_index("ix_custodies_court_id_id", table_name="custodies")
    op.drop_table("custodies")
    op.drop_index("uq_hits_agency_id_agency_hit_id", table_name="hits")
    op.drop_index("ix_hits_next_clock_at", table_name="hits", postgresql_where="next_clock_at IS NOT NULL")
    op.drop_index("ix_hits_locate_id", table_name="hits")
    op.drop_index("ix_hits_court_id_id", table_name="hits")
    op.drop_table("hits")
    op.drop_index("uq_locate_entries_request_id", table_name="locate_entries")
    op.drop_index(
        "ix_locate_entries_recalling", table_name="locate_entries", postgresql_where="state = 'recalling'"
    )
    op.drop_index("ix_locate_entries_locate_id", table_name="locate_entries")
    op.drop_table("locate_entries")
    op.drop_index("ix_watch_notices_court_id_id", table_name="watch_notices")
    op.drop_index("ix_watch_notices_case_id", table_name="watch_notices")
    op.drop_table("watch_notices")
    op.drop_index("uq_locate_requests_order_id", table_name="locate_requests")
    op.drop_index(
        "ix_locate_requests_referral_id",
        table_name="locate_requests",
        postgresql_where="referral_id IS NOT NULL",
    )
    op.drop_index(
        "ix_locate_requests_next_clock_at",
        table_name="locate_requests",
        postgresql_where="next_clock_at IS NOT NULL",
    )
    op.drop_index(
        "ix_locate_requests_freeze_id", table_name="locate_requests", postgresql_where="freeze_id IS NOT NULL"
    )
    op.drop_index("ix_locate_requests_court_id_id", table_name="locate_requests")
    op.drop_index("ix_locate_requests_case_id", table_name="locate_requests")
    op.drop_table("locate_requests")
    op.drop_index("ix_referral_steps_referral_id", table_name="referral_steps")
    op.drop_table("referral_steps")
    op.drop_index("uq_liaison_tasks_request_id", table_name="liaison_tasks")
    op.drop_index("ix_liaison_tasks_court_id_id", table_name="liaison_tasks")
    op.drop_table("liaison_tasks")
    op.drop_index("ix_referrals_court_id_id", table_name="referrals")
    op.drop_index("ix_referrals_case_id", table_name="referrals")
    op.drop_table("referrals")
    op.drop_index("ix_liaison_officers_agency_id", table_name="liaison_officers")
    op.drop_table("liaison_officers")

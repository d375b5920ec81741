"""Words for looking out for people and cars

Revision: 0002, after 0001.
"""

from collections.abc import Mapping, Sequence

from alembic import op

revision: str = "0002"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BEFORE: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("orders", "kind"): ("asset_query", "freeze", "renewal", "release", "transfer", "conversion"),
    ("agency_requests", "kind"): ("asset_query", "freeze", "renewal", "release", "transfer", "conversion"),
    ("documents", "kind"): (
        "query_notice",
        "ruling",
        "freeze_notice",
        "release_notice",
        "enforcement_notice",
        "judgment",
    ),
    ("events", "event_type"): (
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
    ),
    ("tasks", "kind"): (
        "renew_freeze",
        "renewal_escalated",
        "difference",
        "objection",
        "release_overdue",
        "surplus",
        "not_executed",
    ),
}
AFTER: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("orders", "kind"): (
        "asset_query",
        "freeze",
        "renewal",
        "release",
        "transfer",
        "conversion",
        "locate",
        "recall",
        "hit_decision",
    ),
    ("agency_requests", "kind"): (
        "asset_query",
        "freeze",
        "renewal",
        "release",
        "transfer",
        "conversion",
        "locate",
        "recall",
        "hit_decision",
    ),
    ("documents", "kind"): (
        "query_notice",
        "ruling",
        "freeze_notice",
        "release_notice",
        "enforcement_notice",
        "judgment",
        "summons",
        "detention_decision",
        "criminal_warrant",
        "property_report_order",
        "photo",
    ),
    ("events", "event_type"): (
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
        "locate_request.changed",
        "locate_entry.changed",
        "hit.reported",
        "hit.parked",
        "hit.decided",
        "hit.asked_again",
        "hit.escalated",
        "custody.changed",
        "custody.came_near_its_end",
        "custody.refused",
        "watch.noticed",
        "detention.changed",
        "referral.changed",
        "answer.corrected",
        "liaison_task.opened",
        "webhook_endpoint.disabled",
        "webhook_endpoint.pinged",
    ),
    ("tasks", "kind"): (
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
    ),
}


def upgrade() -> None:
    _allow(AFTER)


def downgrade() -> None:
    _allow(BEFORE)


def _allow(words: Mapping[tuple[str, str], tuple[str, ...]]) -> None:
    for (table, column), allowed in words.items():
        name = op.f(f"ck_{table}_{column}")
        listed = ", ".join(f"'{word}'" for word in allowed)
        op.drop_constraint(name, table, type_="check")
        op.create_check_constraint(name, table, f"{column} IN ({listed})")

"""The one table of who may do what. A route that is missing here is forbidden to everybody, and fails a test.

Object level comes on top: a court reaches its own cases only, and a foreign id answers like an unknown one.
"""

from dataclasses import dataclass

from app.vocabulary import Role


@dataclass(frozen=True, slots=True)
class Rule:
    roles: frozenset[Role]
    personal: bool = False
    """Whether the operation touches a person: then a refused attempt is recorded, too."""


_COURT = frozenset({Role.COURT})
_ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})
_OPERATOR = frozenset({Role.OPERATOR, Role.ADMINISTRATOR})
_COURT_OR_ADMINISTRATOR = frozenset({Role.COURT, Role.ADMINISTRATOR})
_AUDIT = frozenset({Role.AUDITOR, Role.COURT})
_ALL = frozenset(Role)

PERMISSIONS: dict[str, Rule] = {
    # courts, clients, officers
    "create_court": Rule(_ADMINISTRATOR),
    "list_courts": Rule(_ADMINISTRATOR | {Role.AUDITOR}),
    "read_court": Rule(_ADMINISTRATOR | {Role.AUDITOR}),
    "change_court": Rule(_ADMINISTRATOR),
    "create_client": Rule(_ADMINISTRATOR),
    "list_clients": Rule(_ADMINISTRATOR),
    "read_client": Rule(_ADMINISTRATOR),
    "change_client": Rule(_ADMINISTRATOR),
    "rotate_client_secret": Rule(_ADMINISTRATOR),
    "enrol_officer": Rule(_COURT_OR_ADMINISTRATOR),
    "list_officers": Rule(_COURT_OR_ADMINISTRATOR),
    "read_officer": Rule(_COURT_OR_ADMINISTRATOR),
    "change_officer": Rule(_COURT_OR_ADMINISTRATOR),
    # agencies
    "create_agency": Rule(_ADMINISTRATOR),
    "list_agencies": Rule(_ALL),
    "read_agency": Rule(_OPERATOR | {Role.AUDITOR}),
    "change_agency": Rule(_ADMINISTRATOR),
    "add_agency_key": Rule(_ADMINISTRATOR),
    "list_agency_keys": Rule(_OPERATOR | {Role.AUDITOR}),
    "revoke_agency_key": Rule(_ADMINISTRATOR),
    "test_agency_connection": Rule(_OPERATOR),
    # cases
    "register_case": Rule(_COURT, personal=True),
    "list_cases": Rule(_COURT),
    "read_case": Rule(_COURT, personal=True),
    "close_case": Rule(_COURT),
    "add_party": Rule(_COURT, personal=True),
    "list_parties": Rule(_COURT, personal=True),
    "read_party": Rule(_COURT, personal=True),
    "disclose_party": Rule(_COURT, personal=True),
    "upload_document": Rule(_COURT, personal=True),
    "list_documents": Rule(_COURT),
    "read_document": Rule(_COURT),
    "download_document": Rule(_COURT, personal=True),
    # asset queries
    "create_asset_query": Rule(_COURT, personal=True),
    "list_asset_queries": Rule(_COURT),
    "read_asset_query": Rule(_COURT),
    "cancel_asset_query": Rule(_COURT),
    "create_asset_query_batch": Rule(_COURT, personal=True),
    "read_asset_query_batch": Rule(_COURT),
    "list_assets": Rule(_COURT, personal=True),
    "disclose_assets": Rule(_COURT, personal=True),
    "order_conversion": Rule(_COURT, personal=True),
    "issue_release_certificate": Rule(_COURT, personal=True),
    # measures
    "order_freeze": Rule(_COURT, personal=True),
    "list_measures": Rule(_COURT),
    "read_measure": Rule(_COURT, personal=True),
    "decide_measure": Rule(_COURT, personal=True),
    "list_freezes": Rule(_COURT, personal=True),
    "read_freeze": Rule(_COURT, personal=True),
    "renew_freeze": Rule(_COURT, personal=True),
    "release_freeze": Rule(_COURT, personal=True),
    "transfer_frozen_money": Rule(_COURT, personal=True),
    "read_ladder": Rule(_COURT, personal=True),
    "try_what_if": Rule(_COURT, personal=True),
    "read_claim": Rule(_COURT),
    "add_claim_entry": Rule(_COURT, personal=True),
    "set_claim_terms": Rule(_COURT),
    "read_exposure": Rule(_COURT, personal=True),
    "make_freeze_plan": Rule(_COURT, personal=True),
    "true_up_freeze_plan": Rule(_COURT, personal=True),
    "list_tasks": Rule(_COURT),
    "close_one_task": Rule(_COURT),
    "list_objections": Rule(_COURT),
    "read_objection": Rule(_COURT, personal=True),
    "answer_one_objection": Rule(_COURT, personal=True),
    # looking for people and vehicles
    "create_locate_request": Rule(_COURT, personal=True),
    "list_locate_requests": Rule(_COURT),
    "read_locate_request": Rule(_COURT, personal=True),
    "decide_locate_request": Rule(_COURT, personal=True),
    "recall_locate_request": Rule(_COURT, personal=True),
    "validate_locate_request": Rule(_COURT, personal=True),
    "list_recalled_entries": Rule(_COURT),
    "list_hits": Rule(_COURT),
    "read_hit": Rule(_COURT, personal=True),
    "decide_one_hit": Rule(_COURT, personal=True),
    "list_custodies": Rule(_COURT),
    "read_custody": Rule(_COURT, personal=True),
    "hand_over": Rule(_COURT, personal=True),
    "list_watch_notices": Rule(_COURT),
    "read_watch_notice": Rule(_COURT, personal=True),
    "create_detention": Rule(_COURT, personal=True),
    "list_detentions": Rule(_COURT),
    "read_detention": Rule(_COURT, personal=True),
    "record_family_notice": Rule(_COURT, personal=True),
    "end_one_detention": Rule(_COURT, personal=True),
    "create_referral": Rule(_COURT, personal=True),
    "list_referrals": Rule(_COURT),
    "read_referral": Rule(_COURT, personal=True),
    "add_fate": Rule(_COURT, personal=True),
    "create_liaison_officer": Rule(_ADMINISTRATOR),
    "list_liaison_officers": Rule(_COURT_OR_ADMINISTRATOR),
    "change_one_liaison_officer": Rule(_ADMINISTRATOR),
    "list_liaison_tasks": Rule(_COURT),
    "read_liaison_task": Rule(_COURT, personal=True),
    "answer_one_liaison_task": Rule(_COURT, personal=True),
    # what courts are told
    "list_events": Rule(_COURT),
    "create_webhook_endpoint": Rule(_COURT),
    "list_webhook_endpoints": Rule(_COURT),
    "read_webhook_endpoint": Rule(_COURT),
    "change_webhook_endpoint": Rule(_COURT),
    "rotate_webhook_secret": Rule(_COURT),
    "delete_webhook_endpoint": Rule(_COURT),
    "ping_webhook_endpoint": Rule(_COURT),
    # audit
    "list_audit_entries": Rule(_AUDIT),
    "search_audit_entries": Rule(_AUDIT, personal=True),
    "read_entry_bundle": Rule(frozenset({Role.AUDITOR}), personal=True),
    "list_witnesses": Rule(_OPERATOR | {Role.AUDITOR}),
    "list_receipts": Rule(_COURT),
    "read_known_at": Rule(_COURT),
    # operators
    "list_lanes": Rule(_OPERATOR),
    "pause_lane": Rule(_OPERATOR),
    "resume_lane": Rule(_OPERATOR),
    "stop_lane": Rule(_OPERATOR),
    "list_dead_letters": Rule(_OPERATOR),
    "replay_dead_letters": Rule(_OPERATOR),
}

TRANSPARENCY = frozenset(
    {"read_checkpoint", "read_witnessed_checkpoint", "read_audit_policy", "read_hash_tile"}
)
"""What everybody may read of the audit log: signatures and hashes."""

PUBLIC = (
    frozenset({"issue_token", "livez", "readyz", "metrics", "swagger_ui", "docs_asset", "openapi"})
    | TRANSPARENCY
)
"""Operations without a token: they show nothing of any case, or ask for credentials of their own."""

SIGNED = frozenset({"post_answer", "fetch_document", "fetch_receipt"})
"""Operations of agencies: the signature of the message says who asks, and a token would say nothing more."""

"""The words of the trade as closed lists. Chinese beside English is in docs/GLOSSARY.md; keep both in step.

Every list here is also a CHECK in the database and an enum in the OpenAPI document, so a member is never
renamed, only added.
"""

from enum import StrEnum


class AgencyKind(StrEnum):
    """协助执行单位的种类."""

    POLICE = "police"
    TAX = "tax"
    LAND = "land"
    VEHICLE = "vehicle"
    BANK = "bank"


class CertificateType(StrEnum):
    """证件种类. One internal list; every dialect maps its own codes to it and never passes codes through."""

    CITIZEN_ID = "citizen_id"
    HOUSEHOLD_REGISTER = "household_register"
    PASSPORT = "passport"
    FOREIGN_PASSPORT = "foreign_passport"
    HK_MACAU_PERMIT = "hk_macau_permit"
    TAIWAN_PERMIT = "taiwan_permit"
    RESIDENCE_PERMIT_HMT = "residence_permit_hmt"
    MILITARY_ID = "military_id"
    POLICE_ID = "police_id"
    UNIFIED_SOCIAL_CREDIT_CODE = "unified_social_credit_code"
    ORGANISATION_CODE = "organisation_code"
    BUSINESS_LICENCE = "business_licence"
    OTHER = "other"


ORGANISATION_CERTIFICATES = frozenset(
    {
        CertificateType.UNIFIED_SOCIAL_CREDIT_CODE,
        CertificateType.ORGANISATION_CODE,
        CertificateType.BUSINESS_LICENCE,
    }
)


class PartyKind(StrEnum):
    PERSON = "person"
    ORGANISATION = "organisation"


class PartyRole(StrEnum):
    DEBTOR = "debtor"
    CREDITOR = "creditor"


class CaseStatus(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class DocumentKind(StrEnum):
    """文书种类. A query travels with a notice of assistance in query (2013 Rules §3)."""

    QUERY_NOTICE = "query_notice"
    RULING = "ruling"
    FREEZE_NOTICE = "freeze_notice"
    RELEASE_NOTICE = "release_notice"
    ENFORCEMENT_NOTICE = "enforcement_notice"
    JUDGMENT = "judgment"
    SUMMONS = "summons"
    """拘传票: who was summoned twice in vain may be fetched (Civil Procedure §112)."""

    DETENTION_DECISION = "detention_decision"
    """拘留决定书."""

    CRIMINAL_WARRANT = "criminal_warrant"
    """拘留证 or 逮捕决定书 of a criminal case for refusing to perform."""

    PROPERTY_REPORT_ORDER = "property_report_order"
    """报告财产令."""

    PHOTO = "photo"


class OfficerRole(StrEnum):
    ENFORCEMENT_OFFICER = "enforcement_officer"
    APPROVER = "approver"


class Role(StrEnum):
    """What an API client may be. `app.api.permissions` holds the one table of who may do what."""

    COURT = "court"
    AUDITOR = "auditor"
    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"


class OrderKind(StrEnum):
    """What a court decides; also the name of the capability that an agency needs for it."""

    ASSET_QUERY = "asset_query"
    FREEZE = "freeze"
    RENEWAL = "renewal"
    RELEASE = "release"
    TRANSFER = "transfer"
    CONVERSION = "conversion"
    LOCATE = "locate"
    RECALL = "recall"
    HIT_DECISION = "hit_decision"


LOOK_OUTS = frozenset({OrderKind.LOCATE, OrderKind.RECALL, OrderKind.HIT_DECISION})
"""Orders about looking for somebody or for a vehicle."""

MEASURES = frozenset(OrderKind) - LOOK_OUTS - {OrderKind.ASSET_QUERY}
"""Orders that bind: what an agency does for them has an effect on somebody's property."""


class AnswerState(StrEnum):
    """The business result of an order (DOMAIN §4). `nothing_found` is an answer; silence is not."""

    FOUND = "found"
    NOTHING_FOUND = "nothing_found"
    PARTIAL = "partial"
    AMBIGUOUS = "ambiguous"
    MISMATCH = "mismatch"
    REFUSED = "refused"
    NOT_YET = "not_yet"
    EXECUTED = "executed"
    """A measure took effect on at least one thing; the reports say on which, and how. Of a look-out: it is entered and
    active; of a recall: the entry has ended; of the decision on a hit: it is known to those who act."""

    NOT_EXECUTED = "not_executed"
    """A measure took effect on nothing; the reports say why. Of a look-out: the remark says why."""


class RefusalReason(StrEnum):
    """Why an agency lawfully declines. Foreign reasons are mapped to these by a table in the dialect."""

    DOCUMENT_MISSING = "document_missing"
    DOCUMENT_MISMATCH = "document_mismatch"
    DOCUMENT_UNREADABLE = "document_unreadable"
    CREDENTIALS_MISSING = "credentials_missing"
    OFFICER_NOT_FILED = "officer_not_filed"
    SUBJECT_INCOMPLETE = "subject_incomplete"
    OUT_OF_SCOPE = "out_of_scope"
    NOT_COMPETENT = "not_competent"
    LEGALLY_BARRED = "legally_barred"
    OTHER = "other"


class RequestStatus(StrEnum):
    """What an agency says of a request when it is asked for its status."""

    UNKNOWN_REQUEST = "unknown_request"
    RECEIVED = "received"
    IN_PROGRESS = "in_progress"
    ANSWERED = "answered"
    CANCELLED = "cancelled"


class AssetKind(StrEnum):
    BANK_ACCOUNT = "bank_account"
    WEALTH_PRODUCT = "wealth_product"
    REAL_ESTATE = "real_estate"
    VEHICLE = "vehicle"
    TAX_RECORD = "tax_record"
    IDENTITY_RECORD = "identity_record"
    TRAVEL_RECORD = "travel_record"
    HOTEL_STAY = "hotel_stay"


class HolderRole(StrEnum):
    """In what role the debtor stands to the thing."""

    OWNER = "owner"
    JOINT_OWNER = "joint_owner"
    SIGNATORY = "signatory"
    BENEFICIAL_OWNER = "beneficial_owner"


class AccountNature(StrEnum):
    """What an account is for; decides exemption (Seizure Rules §3, Migrant Workers' Wages Regulation §33)."""

    ORDINARY = "ordinary"
    WAGE = "wage"
    PENSION = "pension"
    SOCIAL_INSURANCE = "social_insurance"
    MIGRANT_WORKERS_WAGE = "migrant_workers_wage"
    SUBSISTENCE = "subsistence"
    HOUSING_FUND = "housing_fund"
    DEPOSIT = "deposit"


class RealRight(StrEnum):
    """不动产权利类型."""

    LAND_OWNERSHIP = "land_ownership"
    CONSTRUCTION_LAND_USE = "construction_land_use"
    HOUSE_PROPERTY = "house_property"
    SEA_USE = "sea_use"
    STRUCTURE = "structure"
    FOREST_RIGHT = "forest_right"


class SeizureKind(StrEnum):
    """查封类型 as land registries number them: 1 查封, 2 轮候查封, 3 预查封, 4 轮候预查封, 5 续封."""

    SEIZURE = "seizure"
    WAITING = "waiting"
    ADVANCE = "advance"
    WAITING_ADVANCE = "waiting_advance"
    RENEWED = "renewed"


class LocateGround(StrEnum):
    """Why somebody may be looked for. Each allows some actions only: `app.linkage.locating.grounds`."""

    SUMMONS_BY_FORCE = "summons_by_force"
    DETENTION_DECISION = "detention_decision"
    SEIZURE_RULING = "seizure_ruling"
    CRIMINAL_WARRANT = "criminal_warrant"


class Wanted(StrEnum):
    """What is looked for."""

    PERSON = "person"
    VEHICLE = "vehicle"


class WantedAction(StrEnum):
    REPORT_ONLY = "report_only"
    HOLD_AND_NOTIFY = "hold_and_notify"
    """临控: who is met is kept until the court has confirmed the hit and takes over."""

    ONLINE_PURSUIT = "online_pursuit"
    """网上追逃: the police's own list of the wanted; for nobody without a criminal warrant."""


class Urgency(StrEnum):
    URGENT = "urgent"
    ROUTINE = "routine"


class EndReason(StrEnum):
    """Three endings kept apart (NCIC): located, cleared, cancelled as entered in error; and by the clock."""

    LOCATED = "located"
    CLEARED = "cleared"
    ENTERED_IN_ERROR = "entered_in_error"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


class HitDecision(StrEnum):
    CONFIRMED = "confirmed"
    NOT_HIM = "not_him"
    MORE_TIME = "more_time"


class HitConfidence(StrEnum):
    CERTAIN = "certain"
    PROBABLE = "probable"
    POSSIBLE = "possible"


class CustodyStage(StrEnum):
    HELD = "held"
    HANDED_OVER = "handed_over"
    RELEASED = "released"


class WatchKind(StrEnum):
    """What an agency learnt that may lead to whoever, or whatever, is looked for."""

    SIGHTING = "sighting"
    HOTEL_STAY = "hotel_stay"
    BORDER_CROSSING = "border_crossing"
    TICKET_BOUGHT = "ticket_bought"
    CAR_INSPECTED = "car_inspected"
    MONEY_ARRIVED = "money_arrived"
    ACCOUNT_CLOSED = "account_closed"
    OTHER = "other"


class EventType(StrEnum):
    """What a court system is told through `/v1/events` and webhooks: `noun.past_verb`."""

    REQUEST_ACKNOWLEDGED = "agency_request.acknowledged"
    REQUEST_PARTIALLY_ANSWERED = "agency_request.partially_answered"
    REQUEST_ANSWERED = "agency_request.answered"
    REQUEST_REFUSED = "agency_request.refused"
    REQUEST_OUTCOME_LOST = "agency_request.outcome_lost"
    REQUEST_UNDELIVERABLE = "agency_request.parked"
    REQUEST_REQUEUED = "agency_request.requeued"
    REQUEST_REMINDED = "agency_request.reminded"
    REQUEST_OVERDUE = "agency_request.fell_overdue"
    REQUEST_GIVEN_UP = "agency_request.given_up"
    REQUEST_CANCELLED = "agency_request.cancelled"
    ANSWER_SET_ASIDE = "answer.set_aside"
    MEASURE_APPROVED = "measure.approved"
    MEASURE_REJECTED = "measure.rejected"
    FREEZE_CHANGED = "freeze.changed"
    FREEZE_ENDING = "freeze.came_near_its_end"
    FREEZE_LAPSED = "freeze.lapsed"
    MONEY_TRANSFERRED = "money.transferred"
    CLAIM_SETTLED = "claim.settled"
    TASK_OPENED = "task.opened"
    TASK_CLOSED = "task.closed"
    OBJECTION_RAISED = "objection.raised"
    OBJECTION_ANSWERED = "objection.answered"
    CASE_RELEASED = "case.released"
    LOCATE_CHANGED = "locate_request.changed"
    ENTRY_CHANGED = "locate_entry.changed"
    HIT_REPORTED = "hit.reported"
    HIT_PARKED = "hit.parked"
    HIT_DECIDED = "hit.decided"
    HIT_ASKED_AGAIN = "hit.asked_again"
    HIT_ESCALATED = "hit.escalated"
    CUSTODY_CHANGED = "custody.changed"
    CUSTODY_ENDING = "custody.came_near_its_end"
    CUSTODY_REFUSED = "custody.refused"
    WATCH_NOTICED = "watch.noticed"
    DETENTION_CHANGED = "detention.changed"
    REFERRAL_CHANGED = "referral.changed"
    ANSWER_CORRECTED = "answer.corrected"
    LIAISON_TASK_OPENED = "liaison_task.opened"
    WEBHOOK_DISABLED = "webhook_endpoint.disabled"
    WEBHOOK_PINGED = "webhook_endpoint.pinged"


class AuditAction(StrEnum):
    """Every deed of which the log keeps an entry: `noun.past_verb`."""

    TOKEN_ISSUED = "token.issued"  # noqa: S105 - the name of a deed, not a secret
    TOKEN_REFUSED = "token.refused"  # noqa: S105 - as above
    COURT_CHANGED = "court.changed"
    CLIENT_CHANGED = "client.changed"
    OFFICER_CHANGED = "officer.changed"
    AGENCY_CHANGED = "agency.changed"
    AGENCY_TESTED = "agency.tested"
    AGENCY_KEY_CHANGED = "agency_key.changed"
    LANE_CHANGED = "lane.changed"
    CASE_REGISTERED = "case.registered"
    CASE_CLOSED = "case.closed"
    CASE_READ = "case.read"
    PARTY_REGISTERED = "party.registered"
    PARTY_READ = "party.read"
    PARTY_UNMASKED = "party.unmasked"
    DOCUMENT_STORED = "document.stored"
    DOCUMENT_READ = "document.read"
    QUERY_ORDERED = "asset_query.ordered"
    QUERY_READ = "asset_query.read"
    ORDER_REFUSED = "order.refused"
    MEASURE_DRAFTED = "measure.drafted"
    MEASURE_APPROVED = "measure.approved"
    MEASURE_REJECTED = "measure.rejected"
    FREEZE_CHANGED = "freeze.changed"
    FREEZE_WARNED = "freeze.warned"
    FREEZE_LAPSED = "freeze.lapsed"
    FREEZES_READ = "freezes.read"
    CLAIM_CHANGED = "claim.changed"
    PLAN_MADE = "plan.made"
    TASK_OPENED = "task.opened"
    TASK_CLOSED = "task.closed"
    OBJECTION_RAISED = "objection.raised"
    OBJECTION_ANSWERED = "objection.answered"
    REGISTER_COMPARED = "register.compared"
    CERTIFICATE_ISSUED = "certificate.issued"
    LOCATE_ENDED = "locate_request.ended"
    LOCATE_VALIDATED = "locate_request.validated"
    LOCATES_READ = "locate_requests.read"
    ENTRY_CHANGED = "locate_entry.changed"
    HIT_REPORTED = "hit.reported"
    HIT_PARKED = "hit.parked"
    HIT_DECIDED = "hit.decided"
    HIT_ASKED_AGAIN = "hit.asked_again"
    HIT_ESCALATED = "hit.escalated"
    HITS_READ = "hits.read"
    CUSTODY_CHANGED = "custody.changed"
    CUSTODY_WARNED = "custody.warned"
    CUSTODY_REFUSED = "custody.refused"
    CUSTODIES_READ = "custodies.read"
    WATCH_NOTICED = "watch.noticed"
    WATCHES_READ = "watches.read"
    DETENTION_CHANGED = "detention.changed"
    DETENTIONS_READ = "detentions.read"
    REFERRAL_CHANGED = "referral.changed"
    REFERRALS_READ = "referrals.read"
    ANSWER_CORRECTED = "answer.corrected"
    LIAISON_OFFICER_CHANGED = "liaison_officer.changed"
    LIAISON_TASK_READ = "liaison_task.read"
    LIAISON_TASK_ANSWERED = "liaison_task.answered"
    ASSETS_READ = "assets.read"
    ASSETS_UNMASKED = "assets.unmasked"
    REQUEST_SENT = "agency_request.sent"
    REQUEST_ATTEMPT_FAILED = "agency_request.attempt_failed"
    REQUEST_OUTCOME_LOST = "agency_request.outcome_lost"
    REQUEST_ACKNOWLEDGED = "agency_request.acknowledged"
    REQUEST_CANCELLED = "agency_request.cancelled"
    REQUEST_CANCELLATION_ASKED = "agency_request.cancellation_asked"
    REQUEST_PARKED = "agency_request.parked"
    REQUEST_REPLAYED = "agency_request.replayed"
    REQUEST_REMINDED = "agency_request.reminded"
    REQUEST_OVERDUE = "agency_request.fell_overdue"
    REQUEST_GIVEN_UP = "agency_request.given_up"
    STATUS_ASKED = "request_status.asked"
    STATUS_REPORTED = "request_status.reported"
    ANSWER_APPLIED = "answer.applied"
    ANSWER_REPEATED = "answer.repeated"
    ANSWER_SET_ASIDE = "answer.set_aside"
    MESSAGE_REFUSED = "message.refused"
    MESSAGE_PARKED = "message.parked"
    EVENTS_READ = "events.read"
    WEBHOOK_CHANGED = "webhook_endpoint.changed"
    WEBHOOK_DISABLED = "webhook_endpoint.disabled"
    AUDIT_SEARCHED = "audit.searched"
    AUDIT_EXPORTED = "audit.exported"
    RECEIPT_ISSUED = "receipt.issued"
    DOSSIER_MADE = "dossier.made"
    LOOK_UPS_DRAWN = "look_ups.drawn"
    LOOK_UP_JUSTIFIED = "look_up.justified"
    OWN_PERSON_ADDED = "own_person.added"
    HOLD_PLACED = "legal_hold.placed"
    HOLD_LIFTED = "legal_hold.lifted"
    DATA_EXPIRED = "personal_data.expired"


class ActorKind(StrEnum):
    """Who did what an audit entry tells."""

    CLIENT = "client"
    OFFICER = "officer"
    AGENCY = "agency"
    HUB = "hub"
    COMMAND_LINE = "command_line"

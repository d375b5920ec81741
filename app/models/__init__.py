"""All tables. Importing this package completes `Base.metadata`, which migrations compare against."""

from app.models.agency import Agency, AgencyKey
from app.models.agency_request import AgencyRequest
from app.models.asset import Asset
from app.models.audit import AuditCheckpoint, AuditEntry, AuditLeaf, AuditSubtree, AuditUnsequenced
from app.models.base import Base
from app.models.case import Case, Document, DocumentContent, Party
from app.models.claim import ClaimEntry, ClaimTerms
from app.models.coercion import Detention, Referral, ReferralStep
from app.models.court import ApiClient, Court, Officer
from app.models.event import CourtEvent, EventCounter, WebhookEndpoint
from app.models.exchange import IdempotencyKey, Nonce
from app.models.freeze import Freeze
from app.models.liaison import LiaisonOfficer, LiaisonTask
from app.models.locating import Custody, LocateEntry, LocateHit, LocateRequest, WatchedFact
from app.models.message import AgencyAnswer, Message
from app.models.order import Batch, Order
from app.models.outbox import Lane, OutboxItem
from app.models.retention import CaseRetention, LegalHold
from app.models.supervision import AuditReview, Draw, DrawnLookUp, OwnPerson
from app.models.task import Objection, Reconciliation, ReleaseCertificate, Task

__all__ = [
    "Agency",
    "AgencyAnswer",
    "AgencyKey",
    "AgencyRequest",
    "ApiClient",
    "Asset",
    "AuditCheckpoint",
    "AuditEntry",
    "AuditLeaf",
    "AuditReview",
    "AuditSubtree",
    "AuditUnsequenced",
    "Base",
    "Batch",
    "Case",
    "CaseRetention",
    "ClaimEntry",
    "ClaimTerms",
    "Court",
    "CourtEvent",
    "Custody",
    "Detention",
    "Document",
    "DocumentContent",
    "Draw",
    "DrawnLookUp",
    "EventCounter",
    "Freeze",
    "IdempotencyKey",
    "Lane",
    "LegalHold",
    "LiaisonOfficer",
    "LiaisonTask",
    "LocateEntry",
    "LocateHit",
    "LocateRequest",
    "Message",
    "Nonce",
    "Objection",
    "Officer",
    "Order",
    "OutboxItem",
    "OwnPerson",
    "Party",
    "Reconciliation",
    "Referral",
    "ReferralStep",
    "ReleaseCertificate",
    "Task",
    "WatchedFact",
    "WebhookEndpoint",
]

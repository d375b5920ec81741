"""The hub's own protocol, version 1, as it stands on the wire: docs/agency-protocol.md in types.

Both sides use these models, each to write its own messages and to read the other's.
"""

from typing import Annotated, TypeVar

from pydantic import Field, TypeAdapter

from app.adapters import strict_json
from app.adapters.liandong.from_agency import (
    AcknowledgementMessage,
    AnswerMessage,
    LiveFreeze,
    LiveListMessage,
    NoticeMessage,
    ObjectionMessage,
    Refusal,
    Response,
    StatusReportMessage,
)
from app.adapters.liandong.from_hub import (
    AssetQueryMessage,
    CancellationMessage,
    Conversion,
    ConversionMessage,
    CourtAccount,
    Disposition,
    Document,
    Freeze,
    FreezeMessage,
    LiveListQueryMessage,
    Mandate,
    MeasureMessage,
    Officer,
    ReceiptMessage,
    Release,
    ReleaseMessage,
    Renewal,
    RenewalMessage,
    Scope,
    StatusQueryMessage,
    Subject,
    Target,
    Term,
    Transfer,
    TransferMessage,
)
from app.adapters.liandong.look_out import (
    CustodyNoticeMessage,
    Decision,
    HitDecisionMessage,
    HitMessage,
    Locate,
    LocateMessage,
    LookOutMessage,
    Recall,
    RecallMessage,
    WantedVehicle,
    WatchNoticeMessage,
)
from app.adapters.liandong.pieces import PROTOCOL, Piece, Protocol
from app.adapters.strict_json import CONTENT_TYPE, MAX_BYTES, write
from app.vocabulary import OrderKind

__all__ = [
    "BRANCHES",
    "CALLBACK",
    "CANCELLATION",
    "CONTENT_TYPE",
    "LIVE_LIST",
    "LIVE_LIST_QUERY",
    "MAX_BYTES",
    "PROTOCOL",
    "RECEIPT",
    "REQUEST",
    "RESPONSE",
    "STATUS_QUERY",
    "STATUS_REPORT",
    "AcknowledgementMessage",
    "AnswerMessage",
    "AssetQueryMessage",
    "CancellationMessage",
    "Conversion",
    "ConversionMessage",
    "CourtAccount",
    "CustodyNoticeMessage",
    "Decision",
    "Disposition",
    "Document",
    "Freeze",
    "FreezeMessage",
    "HitDecisionMessage",
    "HitMessage",
    "LiveFreeze",
    "LiveListMessage",
    "LiveListQueryMessage",
    "Locate",
    "LocateMessage",
    "LookOutMessage",
    "Mandate",
    "MeasureMessage",
    "NoticeMessage",
    "ObjectionMessage",
    "Officer",
    "Piece",
    "PostedMessage",
    "Protocol",
    "Recall",
    "RecallMessage",
    "ReceiptMessage",
    "Refusal",
    "Release",
    "ReleaseMessage",
    "Renewal",
    "RenewalMessage",
    "RequestMessage",
    "Response",
    "Scope",
    "StatusQueryMessage",
    "StatusReportMessage",
    "Subject",
    "Target",
    "Term",
    "Transfer",
    "TransferMessage",
    "WantedVehicle",
    "WatchNoticeMessage",
    "read",
    "write",
]

RequestMessage = Annotated[AssetQueryMessage | MeasureMessage | LookOutMessage, Field(discriminator="kind")]
"""请求: one agency's part of a court's order."""

PostedMessage = (
    AnswerMessage
    | AcknowledgementMessage
    | NoticeMessage
    | ObjectionMessage
    | HitMessage
    | CustodyNoticeMessage
    | WatchNoticeMessage
)
"""What an agency posts by itself."""

REQUEST: TypeAdapter[AssetQueryMessage | MeasureMessage | LookOutMessage] = TypeAdapter(RequestMessage)
STATUS_QUERY = TypeAdapter(StatusQueryMessage)
CANCELLATION = TypeAdapter(CancellationMessage)
RESPONSE: TypeAdapter[AnswerMessage | AcknowledgementMessage] = TypeAdapter(Response)
CALLBACK: TypeAdapter[PostedMessage] = TypeAdapter(Annotated[PostedMessage, Field(discriminator="type")])
STATUS_REPORT = TypeAdapter(StatusReportMessage)
LIVE_LIST_QUERY = TypeAdapter(LiveListQueryMessage)
LIVE_LIST = TypeAdapter(LiveListMessage)
RECEIPT = TypeAdapter(ReceiptMessage)

BRANCHES = frozenset(
    {
        "answer",
        "acknowledgement",
        "notice",
        "objection",
        "hit",
        "custody_notice",
        "watch_notice",
        *OrderKind,
    }
)
"""The tags of unions at the root of a message, which stand in pydantic's paths and not in the message."""

M = TypeVar("M")


def read(what: TypeAdapter[M], body: bytes) -> M:
    """One message of a kind that is named above. Raises `MalformedAnswer`, which repeats nothing of it."""
    return strict_json.read(what, body, branches=BRANCHES)

"""Agencies that have named people instead of an interface (联络员): the request lies on their desk once it is recorded.

Nothing leaves the hub. What would be sent is kept word for word as for any agency, in the hub's own protocol, and is what
these people read; their answer comes in through the hub's own API in the same protocol, and is judged like any other.
"""

from pathlib import Path
from typing import Final
from uuid import uuid5

from app.adapters.contract import Operation, WireMessage, WireReply
from app.adapters.liandong import wire
from app.adapters.profile import AgencyProfile
from app.clock import Clock
from app.errors import MessageRejected
from app.vocabulary import RequestStatus

LIAISON: Final = "liaison"
DIALECT: Final = "liandong-1"
"""The only one that it speaks."""


class LiaisonTransport:
    """Fulfils `contract.Transport` without a wire, so that nothing of it can fail."""

    async def exchange(self, message: WireMessage, *, attempt: int) -> WireReply:  # noqa: ARG002 - the contract's
        """The same word on every repeat: received, in progress, or taken off the desk."""
        reply_id = uuid5(message.message_id, LIAISON)
        match message.operation:
            case Operation.REQUEST:
                said = wire.AcknowledgementMessage(message_id=reply_id, request_id=message.request_id)
                return WireReply(202, wire.CONTENT_TYPE, wire.write(said))
            case Operation.STATUS_QUERY | Operation.CANCELLATION:
                cancelled = message.operation is Operation.CANCELLATION
                status = RequestStatus.CANCELLED if cancelled else RequestStatus.IN_PROGRESS
                report = wire.StatusReportMessage(
                    message_id=reply_id, request_id=message.request_id, status=status
                )
                return WireReply(200, wire.CONTENT_TYPE, wire.write(report))
            case Operation.LIVE_LIST:
                raise MessageRejected("people are not asked for lists of live freezes")

    async def aclose(self) -> None:
        """There is nothing to close."""


def open_liaison(_profile: AgencyProfile, _clock: Clock, _secrets: Path) -> LiaisonTransport:
    return LiaisonTransport()

"""The one distinction that matters when an order went wrong on the wire: was any of it sent?

Both families are httpx's own exceptions too, so that code written against httpx understands them.
"""

import httpx


class NeverSent(httpx.TransportError):
    """No byte of the request left this machine: it may be sent again without asking anybody."""


class ConnectFailed(NeverSent, httpx.ConnectError):
    """The name did not resolve, the peer refused, or TLS could not be agreed."""


class AddressRefused(ConnectFailed):
    """The name resolves to addresses that may not be called."""


class ConnectTimedOut(NeverSent, httpx.ConnectTimeout):
    """No connection within its time limit."""


class PoolExhausted(NeverSent, httpx.PoolTimeout):
    """Every connection stayed busy for as long as one may wait for a place."""


class Unsendable(NeverSent, httpx.LocalProtocolError):
    """Not a request that HTTP/1.1 can carry: the caller is wrong."""


class MaybeSent(httpx.TransportError):
    """The request was handed to the kernel and no whole answer came back: the peer may have acted on it."""


class WriteFailed(MaybeSent, httpx.WriteError):
    """The connection broke while some of the request was still waiting here."""


class ReadFailed(MaybeSent, httpx.ReadError):
    """The connection broke before or in the answer."""


class AnswerTimedOut(MaybeSent, httpx.ReadTimeout):
    """The peer was silent too long, or took too long in all."""


class BrokenAnswer(MaybeSent, httpx.RemoteProtocolError):
    """The peer closed early, or its answer is not HTTP as we take it."""


class AnswerTooLarge(BrokenAnswer):
    """Head or body of the answer exceed their cap."""

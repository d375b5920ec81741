"""How a fault looks on the wire, once the agency has acted and has a reply to give."""

import asyncio
import json
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from app.adapters.signatures import Headers
from app.clock import Clock
from app.sandbox.exchange import Exchange, Reply
from app.sandbox.faults import Fault, FaultKind, FaultPlan, Malformation
from app.sandbox.identity import Identity

_INSTEAD = {
    Malformation.EMPTY: b"",
    Malformation.NOT_JSON: "查询成功".encode(),
    Malformation.DEEP: b'{"assets":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}
_AT_THE_END = {
    Malformation.NOT_UTF8: b',"remark":"\xc4\xe3"}',
    Malformation.DUPLICATE_FIELD: b',"protocol":"liandong/1"}',
    Malformation.UNKNOWN_FIELD: b',"unexpected":1}',
    Malformation.NOT_A_NUMBER: b',"part":NaN}',
}


@dataclass(frozen=True, slots=True)
class Mischief:
    """Gives replies, well or badly."""

    identity: Identity
    faults: FaultPlan
    clock: Clock

    async def give(self, exchange: Exchange, reply: Reply) -> None:
        """As it should be."""
        await _send(exchange, reply.status, self._signed(reply), reply.body)

    async def refuse_service(self, exchange: Exchange, fault: Fault) -> None:
        """A 5xx or 429 page of some machine in between: unsigned, in HTML."""
        status = 429 if fault.kind is FaultKind.TOO_MANY_REQUESTS else _status(fault)
        wait = fault.retry_after_seconds
        headers = [] if wait is None else [(b"retry-after", b"%d" % wait)]
        page = Reply(status, b"<html><body>busy</body></html>", "text/html", headers)
        await _send(exchange, page.status, page.plain_headers(), page.body)

    async def spoil(self, exchange: Exchange, reply: Reply, fault: Fault) -> None:
        """Give the reply in the way the fault wants it."""
        match fault.kind:
            case FaultKind.TIME_OUT:
                await exchange.peer_is_gone()
            case FaultKind.RESET_AFTER_EFFECT:
                await reset(exchange)
            case FaultKind.GATEWAY_ERROR:
                await self.refuse_service(exchange, fault)
            case FaultKind.DROP_IN_ANSWER:
                await self._drop_in_answer(exchange, reply)
            case FaultKind.SLOW_BODY:
                await self._dribble(exchange, reply, fault.delay_ms / 1000)
            case FaultKind.MALFORMED_ANSWER:
                await self._garble(exchange, reply, self.faults.pick(fault))
            case FaultKind.WRONG_SIGNATURE:
                other = replace(reply, status=reply.status + 1)
                await _send(exchange, reply.status, self._signed(other), reply.body)
            case FaultKind.FOREIGN_KEY:
                headers = reply.signed_headers(self.identity.foreign_key, self.clock.now())
                await _send(exchange, reply.status, headers, reply.body)
            case _:  # it has shown in what the reply says
                await self.give(exchange, reply)

    def _signed(self, reply: Reply) -> Headers:
        return reply.signed_headers(self.identity.key, self.clock.now())

    async def _drop_in_answer(self, exchange: Exchange, reply: Reply) -> None:
        await exchange.start(reply.status, self._signed(reply))
        await exchange.body(reply.body[: len(reply.body) // 2], more=True)
        exchange.connection.close()
        await exchange.peer_is_gone()

    async def _dribble(self, exchange: Exchange, reply: Reply, pause: float) -> None:
        await exchange.start(reply.status, self._signed(reply))
        gone = asyncio.ensure_future(exchange.peer_is_gone())
        try:
            for place in range(len(reply.body)):
                await exchange.body(reply.body[place : place + 1], more=True)
                await asyncio.wait({gone}, timeout=pause)
                if gone.done():
                    return
            await exchange.body(b"")
        finally:
            gone.cancel()

    async def _garble(self, exchange: Exchange, reply: Reply, malformation: Malformation) -> None:
        """Signed all the same: what is wrong is what is said, not who says it."""
        if malformation is Malformation.NOT_HTTP:
            exchange.connection.write(b"HTTP/9.9 000 \x00\r\nthis is no answer\r\n\r\n")
            exchange.connection.close()
            await exchange.peer_is_gone()
            return
        garbled = replace(reply, body=_garbled(reply.body, malformation))
        if malformation is Malformation.WRONG_MEDIA_TYPE:
            garbled = replace(garbled, content_type="text/html")
        await self.give(exchange, garbled)


async def reset(exchange: Exchange) -> None:
    exchange.connection.reset()
    await exchange.peer_is_gone()


async def _send(exchange: Exchange, status: int, headers: Headers, body: bytes) -> None:
    await exchange.start(status, headers)
    await exchange.body(body)


def _status(fault: Fault) -> int:
    return fault.status or (502 if fault.kind is FaultKind.GATEWAY_ERROR else 503)


def _garbled(body: bytes, malformation: Malformation) -> bytes:
    match malformation:
        case Malformation.WRONG_TYPE:
            return _with(body, request_id=17)
        case Malformation.FOREIGN_REQUEST:
            return _with(body, request_id=str(uuid4()))
        case Malformation.TRUNCATED:
            return body[: len(body) * 2 // 3]
        case _ if malformation in _INSTEAD:
            return _INSTEAD[malformation]
        case _:
            return body[:-1] + _AT_THE_END.get(malformation, b"}")


def _with(body: bytes, **fields: Any) -> bytes:
    return json.dumps({**json.loads(body), **fields}, ensure_ascii=False).encode()

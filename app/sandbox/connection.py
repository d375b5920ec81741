"""Hold of the very connection a request came in on, which ASGI does not give: to break it as networks do."""

import socket
import struct
from asyncio import Transport
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_EXTENSION = "sandbox.connection"
_NO_LINGER = struct.pack("ii", 1, 0)


class Connection:
    """The accepted socket behind one exchange."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def reset(self) -> None:
        """RST: what was not sent yet is thrown away, and the peer's next read fails."""
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._transport.abort()

    def close(self) -> None:
        """FIN after what was sent so far."""
        self._transport.close()

    def write(self, data: bytes) -> None:
        """Bytes of one's own making, past HTTP."""
        self._transport.write(data)


class BreakableProtocol(HttpToolsProtocol):
    """Uvicorn's protocol, which hands each exchange its connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        extensions: dict[str, Any] = {_EXTENSION: Connection(self.transport)}
        self.scope["extensions"] = extensions


def connection_of(scope: Any) -> Connection:
    connection = scope["extensions"][_EXTENSION]
    assert isinstance(connection, Connection)
    return connection

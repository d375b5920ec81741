"""The sandbox's own HTTP client, against peers whose every byte is known."""

import asyncio

import pytest

from app.sandbox.poster import NothingCameBack, Poster
from tests.integration.peers import OK, Handler, always_ok, answering, peer


async def post_to(handler: Handler, times: int = 1) -> tuple[list[bytes], int]:
    """The bodies that came back, and how many connections it took."""
    async with peer(handler) as there:
        poster = Poster(f"{there.url}agency/v1/answers")
        try:
            bodies = [(await poster.post([(b"x", b"y")], b"{}")).body for _ in range(times)]
        finally:
            poster.close()
        return bodies, there.connections


async def test_a_connection_is_used_again() -> None:
    assert await post_to(always_ok, times=3) == ([b"ok"] * 3, 1)


async def test_a_connection_that_the_peer_closed_is_replaced() -> None:
    async with peer(answering(OK)) as there:
        poster = Poster(there.url)
        for _ in range(2):
            assert (await poster.post([], b"{}")).status == 200
            await asyncio.sleep(0.02)
        poster.close()
        assert there.connections == 2


async def test_a_chunked_response_is_put_together() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=1\r\nde\r\n0\r\n\r\n"
    assert await post_to(answering(chunked, OK), times=2) == ([b"abcde", b"ok"], 1)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",
        b"SSH-2.0 hello\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_is_no_whole_response_tells_nothing(answer: bytes) -> None:
    with pytest.raises(NothingCameBack):
        await post_to(answering(answer))


async def test_a_refused_connection_tells_nothing() -> None:
    async with peer(always_ok) as gone:
        poster = Poster(gone.url)
    with pytest.raises(NothingCameBack):
        await poster.post([], b"{}")

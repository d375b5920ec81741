"""Our HTTP client against peers that misbehave, on real sockets: never sent, or maybe sent."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import httpx
import pytest

from app.adapters.transports.wire import WireTransport
from app.adapters.transports.wire_connection import Origin, Reply, WireLimits
from app.adapters.transports.wire_errors import (
    AddressRefused,
    AnswerTimedOut,
    AnswerTooLarge,
    BrokenAnswer,
    ConnectFailed,
    ConnectTimedOut,
    MaybeSent,
    NeverSent,
    PoolExhausted,
    ReadFailed,
    Unsendable,
)
from tests.integration.peers import (
    OK,
    Handler,
    always_ok,
    answering,
    make_certificate,
    peer,
    read_request,
    server_side,
)

QUICK = WireLimits(connect_seconds=0.3, read_seconds=0.3, total_seconds=0.6, pool_seconds=0.2)


@asynccontextmanager
async def wire(limits: WireLimits = QUICK, **options: object) -> AsyncIterator[WireTransport]:
    transport = WireTransport(limits, **options)  # type: ignore[arg-type]  # forwarded as given
    try:
        yield transport
    finally:
        await transport.aclose()


async def ask(handler: Handler, limits: WireLimits = QUICK, body: bytes = b"freeze") -> Reply:
    async with peer(handler) as there, wire(limits) as transport:
        return await transport.exchange("POST", there.url, [(b"content-type", b"text/plain")], body)


# Never sent


async def free_port() -> int:
    async with peer(always_ok) as gone:
        return gone.port


async def test_a_refused_connection_was_never_sent() -> None:
    async with wire() as transport:
        with pytest.raises(ConnectFailed) as failed:
            await transport.exchange("POST", f"http://127.0.0.1:{await free_port()}/", [], b"freeze")
    assert isinstance(failed.value, NeverSent)
    assert isinstance(failed.value, httpx.ConnectError)


async def test_a_name_that_does_not_resolve_was_never_sent() -> None:
    async with wire(WireLimits()) as transport:
        with pytest.raises(ConnectFailed, match="does not resolve"):
            await transport.exchange("POST", "http://agency.invalid/", [], b"freeze")


async def test_a_peer_that_lets_nobody_in_times_out_before_sending() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)  # a TLS client waits here for the server's half of the handshake

    async with peer(silent) as there, wire() as transport:
        with pytest.raises(ConnectTimedOut) as failed:
            await transport.exchange("POST", f"https://127.0.0.1:{there.port}/", [], b"freeze")
    assert isinstance(failed.value, NeverSent)
    assert isinstance(failed.value, httpx.ConnectTimeout)


async def test_waiting_for_a_place_in_vain_was_never_sent() -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await asyncio.sleep(60)

    limits = WireLimits(pool_seconds=0.05, read_seconds=0.3, max_connections=1)
    async with peer(slow) as there, wire(limits) as transport:
        first = asyncio.create_task(transport.exchange("POST", there.url))
        await asyncio.sleep(0.01)
        with pytest.raises(PoolExhausted) as failed:
            await transport.exchange("POST", there.url)
        assert isinstance(failed.value, NeverSent)
        with pytest.raises(AnswerTimedOut):
            await first


@pytest.mark.parametrize(
    ("method", "url", "header"),
    [
        ("POST", "ftp://agency.example/", (b"a", b"b")),
        ("POST", "http://", (b"a", b"b")),
        ("POST", "http://user:secret@agency.example/", (b"a", b"b")),
        ("POST", "http://agency.example:99999/", (b"a", b"b")),
        ("POST", "http://agency.example/ HTTP/1.1\r\nx: y", (b"a", b"b")),
        ("POST", "http://机关.example/", (b"a", b"b")),
        ("HEAD", "http://agency.example/", (b"a", b"b")),
        ("POST /x", "http://agency.example/", (b"a", b"b")),
        ("POST", "http://agency.example/", (b"a", b"b\r\nevil: c")),
        ("POST", "http://agency.example/", (b"a: b\r\nevil", b"c")),
        ("POST", "http://agency.example/", (b"a", b"\x00")),
        ("POST", "http://agency.example/", (b"a b", b"c")),
        ("POST", "http://agency.example/", (b"", b"c")),
    ],
)
async def test_what_http_cannot_carry_is_never_sent(
    method: str, url: str, header: tuple[bytes, bytes]
) -> None:
    async with wire() as transport:
        with pytest.raises(Unsendable):
            await transport.exchange(method, url, [header])


async def test_a_closed_transport_sends_nothing() -> None:
    async with peer(always_ok) as there, wire() as transport:
        await transport.exchange("POST", there.url)
        await transport.aclose()
        with pytest.raises(NeverSent):
            await transport.exchange("POST", there.url)
        assert there.connections == 1


# Maybe sent


async def test_a_drop_before_the_peer_reads_may_have_been_read() -> None:
    async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)
        writer.transport.abort()

    with pytest.raises(MaybeSent):
        await ask(drop)


async def test_a_reset_after_the_body_may_have_been_sent() -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")  # what stays unread turns the close into a reset

    with pytest.raises(MaybeSent) as failed:
        await ask(reset, body=b"x" * 5_000_000)
    assert isinstance(failed.value, ReadFailed | BrokenAnswer | httpx.WriteError)


async def test_a_close_after_the_body_may_have_been_sent() -> None:
    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)

    with pytest.raises(BrokenAnswer) as failed:
        await ask(close)
    assert isinstance(failed.value, MaybeSent)
    assert isinstance(failed.value, httpx.RemoteProtocolError)


@pytest.mark.parametrize(
    "answer",
    [
        OK[:-1],
        OK[:20],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
async def test_half_an_answer_is_none(answer: bytes) -> None:
    with pytest.raises(BrokenAnswer):
        await ask(answering(answer))


@pytest.mark.parametrize(
    "answer",
    [
        b"200 OK\r\n\r\n",
        b"HTTP/1.1 banana\r\n\r\n",
        b"\x16\x03\x01\x00\xff",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nBad Header: 1\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok",
    ],
)
async def test_a_malformed_answer_leaves_the_outcome_unknown(answer: bytes) -> None:
    with pytest.raises(BrokenAnswer):
        await ask(answering(answer))


async def test_a_slow_answer_times_out_by_silence() -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK[:30])
        await asyncio.sleep(60)

    started = time.monotonic()
    with pytest.raises(AnswerTimedOut) as failed:
        await ask(trickle)
    assert 0.25 < time.monotonic() - started < 0.55
    assert isinstance(failed.value, MaybeSent)
    assert isinstance(failed.value, httpx.ReadTimeout)


async def test_an_answer_that_trickles_for_ever_times_out_in_total() -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b".")
            await asyncio.sleep(0.05)

    started = time.monotonic()
    with pytest.raises(AnswerTimedOut):
        await ask(trickle)
    assert 0.55 < time.monotonic() - started < 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" + b"x" * 101,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 101,
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
    ],
)
async def test_a_body_over_the_cap_is_not_read(answer: bytes) -> None:
    with pytest.raises(BrokenAnswer):
        await ask(answering(answer), WireLimits(max_body_bytes=100, read_seconds=1))


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 1000,
        b"HTTP/1.1 200 OK\r\na: " + b"x" * 5000,
        b"HTTP/1.1 200 " + b"x" * 5000,
        b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" * 1000,
    ],
)
async def test_a_head_over_the_cap_is_not_read(answer: bytes) -> None:
    with pytest.raises(AnswerTooLarge):
        await ask(answering(answer), WireLimits(max_head_bytes=1000, read_seconds=1))


async def test_a_cancelled_exchange_closes_its_connection_and_gives_its_place_back() -> None:
    async def slow_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        if there.connections == 1:
            await asyncio.sleep(60)
        writer.write(OK)
        await reader.read()

    async with peer(slow_once) as there, wire(WireLimits(max_connections=1)) as transport:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await transport.exchange("POST", there.url)
        assert (await transport.exchange("POST", there.url)).body == b"ok"
        assert there.connections == 2


# Answers


async def test_the_request_is_written_once_and_as_given() -> None:
    seen: list[tuple[bytes, bytes]] = []

    async def record(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_request(reader))
        writer.write(OK)
        await reader.read()

    async with peer(record) as there, wire() as transport:
        headers = [(b"X-Court", b"\xe6\xb3\x95"), (b"Host", b"evil"), (b"Transfer-Encoding", b"chunked")]
        reply = await transport.exchange("PUT", there.url + "a/b?c=d#e", headers, b"body")
    assert reply == Reply(200, [(b"content-type", b"text/plain"), (b"content-length", b"2")], b"ok")
    [(head, body)] = seen
    assert body == b"body"
    assert head.split(b"\r\n") == [
        b"PUT /a/b?c=d HTTP/1.1",
        b"host: 127.0.0.1:%d" % there.port,
        b"accept-encoding: identity",
        b"content-length: 4",
        b"X-Court: \xe6\xb3\x95",
        b"",
        b"",
    ]


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
            b"abcde",
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nSigned: no\r\n\r\n", b"a"),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.0 200 OK\r\n\r\nold", b"old"),
        (b"HTTP/1.1 100 Continue\r\na: b\r\n\r\n" + OK, b"ok"),
        (OK + b"rubbish", b"ok"),
        (OK + OK, b"ok"),
    ],
)
async def test_every_lawful_framing_is_understood(answer: bytes, body: bytes) -> None:
    reply = await ask(answering(answer))
    assert (reply.status, reply.body) == (200, body)
    assert b"signed" not in dict(reply.headers)
    assert b"a" not in dict(reply.headers)


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_without_a_body_is_whole_at_once(status: int) -> None:
    reply = await ask(answering(b"HTTP/1.1 %d X\r\nA: b\r\n\r\n" % status))
    assert reply == Reply(status, [(b"a", b"b")], b"")


async def test_an_answer_in_single_bytes_is_whole() -> None:
    async def bytewise(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for byte in OK:
            writer.write(bytes([byte]))
            await asyncio.sleep(0)

    assert (await ask(bytewise)).body == b"ok"


async def test_a_redirect_is_an_answer_and_not_followed() -> None:
    reply = await ask(
        answering(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
    )
    assert reply.status == 302


async def test_the_answer_before_the_whole_request_is_read_counts() -> None:
    async def early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        await reader.read(20_000_000)
        await asyncio.sleep(0.1)

    assert (await ask(early, body=b"x" * 20_000_000)).status == 413


# Connections


async def test_a_connection_is_kept_and_used_again() -> None:
    async with peer(always_ok) as there, wire() as transport:
        for _ in range(5):
            assert (await transport.exchange("POST", there.url, body=b"x")).body == b"ok"
        assert there.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        OK.replace(b"HTTP/1.1", b"HTTP/1.0"),
        OK + b"HTTP/1.1 200 OK\r\n",
        OK + OK,
        b"HTTP/1.1 200 OK\r\n\r\nok",
    ],
)
async def test_a_connection_that_ends_or_says_too_much_is_not_used_again(answer: bytes) -> None:
    async with peer(answering(answer)) as there, wire() as transport:
        for _ in range(2):
            assert (await transport.exchange("POST", there.url)).body == b"ok"
        assert there.connections == 2


async def test_a_late_second_answer_is_not_taken_for_the_next_requests_answer() -> None:
    async def smuggle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK)
        await asyncio.sleep(0.02)
        writer.write(OK.replace(b"ok", b"no"))
        await asyncio.sleep(60)

    async with peer(smuggle) as there, wire() as transport:
        for _ in range(2):
            assert (await transport.exchange("POST", there.url)).body == b"ok"
            await asyncio.sleep(0.05)
        assert there.connections == 2


async def test_a_connection_closed_by_the_peer_while_idle_is_replaced() -> None:
    async with peer(answering(OK)) as there, wire() as transport:
        for _ in range(3):
            assert (await transport.exchange("POST", there.url)).body == b"ok"
            await asyncio.sleep(0.02)
        assert there.connections == 3


async def test_a_close_that_the_event_loop_has_not_seen_yet_is_seen() -> None:
    """The peer is a thread, so that the close happens while this loop does nothing but sleep without looking."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(2)

    def serve_twice() -> None:
        for _ in range(2):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(OK)

    thread = threading.Thread(target=serve_twice, daemon=True)
    thread.start()
    with listener:
        async with wire() as transport:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
            for _ in range(2):
                assert (await transport.exchange("POST", url)).body == b"ok"
                time.sleep(0.05)  # noqa: ASYNC251 - the loop must not look
        await asyncio.to_thread(thread.join)


async def test_an_old_idle_connection_is_replaced_before_the_peer_closes_it() -> None:
    async with peer(always_ok) as there, wire(WireLimits(idle_seconds=0.02)) as transport:
        await transport.exchange("POST", there.url)
        await asyncio.sleep(0.04)
        await transport.exchange("POST", there.url)
        assert there.connections == 2


async def test_fifty_at_once_share_ten_connections() -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            await asyncio.sleep(0.005)
            writer.write(OK)

    async with peer(slow) as there, wire(WireLimits(max_connections=10)) as transport:
        replies = await asyncio.gather(*(transport.exchange("POST", there.url) for _ in range(50)))
        assert {reply.body for reply in replies} == {b"ok"}
        assert there.connections == 10


async def test_an_idle_connection_makes_room_for_another_origin() -> None:
    limits = WireLimits(max_connections=2)
    async with peer(always_ok) as one, peer(always_ok) as two, wire(limits) as transport:
        await asyncio.gather(*(transport.exchange("POST", one.url) for _ in range(2)))
        await transport.exchange("POST", two.url)
        assert len(transport._open) <= 2
        await transport.exchange("POST", one.url)
        assert (one.connections, two.connections) == (2, 1)


async def test_closing_ends_what_is_under_way() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async with peer(silent) as there, wire(WireLimits()) as transport:
        waiting = asyncio.create_task(transport.exchange("POST", there.url))
        await asyncio.sleep(0.02)
        await transport.aclose()
        with pytest.raises(MaybeSent):
            await waiting


# Addresses


async def test_the_guard_is_asked_about_the_address_that_is_connected_to() -> None:
    asked: list[IPv4Address | IPv6Address] = []

    def refuse(address: IPv4Address | IPv6Address) -> bool:
        asked.append(address)
        return not address.is_loopback

    async with peer(always_ok) as there, wire(address_guard=refuse) as transport:
        for host in ("127.0.0.1", "localhost", "127.1", "2130706433", "[::ffff:127.0.0.1]", "0x7f000001"):
            with pytest.raises(AddressRefused):
                await transport.exchange("POST", f"http://{host}:{there.port}/")
        assert there.connections == 0
    assert set(asked) <= {ip_address("127.0.0.1"), ip_address("::1")}


async def test_an_address_the_guard_allows_is_called() -> None:
    async with peer(always_ok) as there, wire(address_guard=lambda address: address.is_loopback) as transport:
        assert (await transport.exchange("POST", there.url)).status == 200


async def test_a_dead_first_address_is_survived() -> None:
    async with peer(always_ok) as there, wire() as transport:
        origin = Origin(secure=False, host="two.example", port=there.port)
        connection = await transport._connect_to_any(origin, ["127.0.0.2", "127.0.0.1"])
        assert connection.is_reusable()


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls") / "peer.pem")


async def test_a_certificate_of_nobody_we_trust_ends_before_sending(certificate: Path) -> None:
    async with peer(always_ok, server_side(certificate)) as there, wire(WireLimits()) as transport:
        with pytest.raises(ConnectFailed, match="no TLS") as failed:
            await transport.exchange("POST", f"https://127.0.0.1:{there.port}/", [], b"freeze")
        assert isinstance(failed.value, NeverSent)
        assert there.connections == 0


async def test_a_certificate_for_another_name_ends_before_sending(certificate: Path) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with (
        peer(always_ok, server_side(certificate)) as there,
        wire(WireLimits(), tls=trusting) as transport,
    ):
        with pytest.raises(ConnectFailed, match="no TLS"):
            await transport.exchange("POST", f"https://localhost:{there.port}/")


async def test_tls_spoken_to_a_plain_peer_ends_before_sending() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with peer(plain) as there, wire(WireLimits()) as transport:
        with pytest.raises(ConnectFailed, match="no TLS"):
            await transport.exchange("POST", f"https://127.0.0.1:{there.port}/", [], b"freeze")


async def test_both_sides_show_certificates_and_the_connection_is_kept(certificate: Path) -> None:
    theirs = server_side(certificate)
    theirs.verify_mode = ssl.CERT_REQUIRED
    theirs.load_verify_locations(certificate)
    ours = ssl.create_default_context(cafile=str(certificate))
    ours.load_cert_chain(certificate)
    async with peer(always_ok, theirs) as there, wire(WireLimits(), tls=ours) as transport:
        for _ in range(3):
            reply = await transport.exchange("POST", f"https://127.0.0.1:{there.port}/", [], b"x" * 100_000)
            assert reply.body == b"ok"
        assert there.connections == 1


async def test_a_tls_drop_after_the_body_may_have_been_sent(certificate: Path) -> None:
    async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.transport.abort()

    ours = ssl.create_default_context(cafile=str(certificate))
    async with peer(drop, server_side(certificate)) as there, wire(WireLimits(), tls=ours) as transport:
        with pytest.raises(MaybeSent):
            await transport.exchange("POST", f"https://127.0.0.1:{there.port}/", [], b"freeze")


# Behind httpx


async def test_behind_httpx_it_is_an_ordinary_transport() -> None:
    async with peer(always_ok) as there, httpx.AsyncClient(transport=WireTransport(QUICK)) as client:
        response = await client.post(there.url, json={"a": 1})
        assert (response.status_code, response.text) == (200, "ok")
        assert response.headers["content-type"] == "text/plain"


async def test_httpx_sees_its_own_exceptions_with_the_request() -> None:
    async with httpx.AsyncClient(transport=WireTransport(QUICK)) as client:
        with pytest.raises(httpx.ConnectError) as failed:
            await client.post(f"http://127.0.0.1:{await free_port()}/", content=b"x")
        assert failed.value.request.method == "POST"

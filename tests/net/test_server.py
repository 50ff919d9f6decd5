"""The listener, spoken to over raw sockets by clients that behave badly."""

import asyncio
import json
import socket
import ssl
import struct
import warnings

import pytest
import pytest_asyncio
import structlog
import trustme

from palomar.net.asgi import BodyRefusal, fault_of, header, read_body, respond
from palomar.net.capacity import Capacity
from palomar.net.server import HttpLimits, HttpListener, ListenError, TlsFiles

BODY_LIMIT = 100_000


async def echo(scope, receive, send):
    """Answers with what it understood; refuses bodies over the limit."""
    body = await read_body(scope, receive, limit=BODY_LIMIT)
    if body is BodyRefusal.TOO_LARGE:
        await respond(send, 413, b"too large", [])
    elif body is not BodyRefusal.DISCONNECTED:
        understood = [scope["method"], scope["path"], scope["query_string"].decode(), len(body)]
        await respond(send, 200, json.dumps(understood).encode(), [(b"content-type", b"application/json")])


class Client:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    def send(self, data):
        self.writer.write(data)

    async def answer(self):
        """Status, headers and body of the next answer."""
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 5)
        status_line, *lines = head.decode().splitlines()[:-1]
        headers = dict(line.lower().split(": ", 1) for line in lines)
        body = await asyncio.wait_for(self.reader.readexactly(int(headers["content-length"])), 5)
        return int(status_line.split()[1]), headers, body

    async def closed(self):
        """Return True if the server closes now, without sending more."""
        try:
            return await asyncio.wait_for(self.reader.read(), 5) == b""
        except ConnectionResetError:
            return True


@pytest_asyncio.fixture
async def listen():
    """Starts listeners on free ports of the loopback and stops them after the test."""
    listeners = []

    async def start(app=echo, **settings):
        listener = HttpListener(app, host="127.0.0.1", port=0, **settings)
        await listener.start()
        listeners.append(listener)
        return listener

    yield start
    for listener in listeners:
        await listener.stop(0.1)


@pytest_asyncio.fixture
async def connect():
    clients = []

    async def open_connection(listener, **tls):
        clients.append(Client(*await asyncio.open_connection("127.0.0.1", listener.port, **tls)))
        return clients[-1]

    yield open_connection
    for client in clients:
        client.writer.close()


async def test_a_request_is_answered_and_the_connection_kept(listen, connect):
    client = await connect(await listen())
    for path in ("a", "b"):
        client.send(f"GET /{path}%20c?x=1 HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        status, headers, body = await client.answer()
        assert (status, json.loads(body)) == (200, ["GET", f"/{path} c", "x=1", 0])
    assert "server" not in headers
    assert headers["date"].endswith("gmt")


async def test_a_body_is_read_by_length_and_by_chunks(listen, connect):
    client = await connect(await listen())
    client.send(b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n12345")
    assert json.loads((await client.answer())[2])[3] == 5
    client.send(b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n123\r\n")
    client.send(b"4\r\n4567\r\n0\r\n\r\n")
    assert json.loads((await client.answer())[2])[3] == 7


async def test_raw_octets_in_a_target_are_taken_as_if_they_were_escaped(listen, connect):
    client = await connect(await listen())
    client.send("GET /?message=Año HTTP/1.1\r\nHost: x\r\n\r\n".encode("latin-1"))
    status, _, body = await client.answer()
    assert (status, json.loads(body)[2]) == (200, "message=A%F1o")


async def test_pipelined_requests_are_answered_in_order(listen, connect):
    client = await connect(await listen())
    client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n" % number for number in range(20)))
    assert [json.loads((await client.answer())[2])[1] for _ in range(20)] == [f"/{number}" for number in range(20)]


async def test_a_head_is_sent_at_once_if_its_body_follows_later(listen, connect):
    gate = asyncio.Event()

    async def slow(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await gate.wait()
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        await send({"type": "http.response.body", "body": b"b"})

    client = await connect(await listen(slow))
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert (await asyncio.wait_for(client.reader.readuntil(b"\r\n\r\n"), 5)).startswith(b"HTTP/1.1 200 OK")
    gate.set()
    assert await asyncio.wait_for(client.reader.readexactly(2), 5) == b"ab"


async def test_too_many_pipelined_requests_end_the_connection(listen, connect):
    client = await connect(await listen(limits=HttpLimits(pipelined=4)))
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" * 100)
    assert (await asyncio.wait_for(client.reader.read(), 5)).count(b"HTTP/1.1 200") < 100


async def test_a_client_of_http_1_0_gets_its_answer_and_the_end(listen, connect):
    client = await connect(await listen())
    client.send(b"GET /old HTTP/1.0\r\n\r\n")
    status, headers, body = await client.answer()
    assert (status, headers["connection"], json.loads(body)[1]) == (200, "close", "/old")
    assert await client.closed()


async def test_a_head_that_takes_too_long_is_cut(listen, connect):
    listener = await listen(limits=HttpLimits(head_seconds=0.05))
    silent, begun, kept = [await connect(listener) for _ in range(3)]
    begun.send(b"GET / HTTP/1.1\r\nHos")
    kept.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert (await kept.answer())[0] == 200
    kept.send(b"GET / HT")
    for client in (silent, begun, kept):
        assert await client.closed()


async def test_slow_octets_do_not_prolong_the_deadline_of_a_head(listen, connect):
    client = await connect(await listen(limits=HttpLimits(head_seconds=0.05)))
    begun, ended = False, asyncio.ensure_future(client.closed())
    while not ended.done():
        client.send(b"GET / HTTP/1.1\r\nX: y\r\n" if not begun else b"X: y\r\n")
        begun = True
        await asyncio.wait({ended}, timeout=0.01)
    assert ended.result()


async def test_a_body_that_takes_too_long_is_cut(listen, connect):
    client = await connect(await listen(limits=HttpLimits(body_seconds=0.05)))
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n123")
    assert await client.closed()


async def test_an_idle_connection_is_closed_after_its_time(listen, connect):
    client = await connect(await listen(limits=HttpLimits(keep_alive_seconds=0.05)))
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert (await client.answer())[0] == 200
    assert await client.closed()


async def test_the_application_may_take_longer_than_any_of_these(listen, connect):
    async def slow(scope, receive, send):
        await asyncio.sleep(0.1)  # past every deadline below
        await echo(scope, receive, send)

    seconds = 0.02
    limits = HttpLimits(head_seconds=seconds, body_seconds=seconds, write_seconds=seconds, keep_alive_seconds=seconds)
    client = await connect(await listen(slow, limits=limits))
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n123")
    assert (await client.answer())[0] == 200


async def test_a_client_that_does_not_read_its_answer_is_cut(listen, connect):
    cut = asyncio.Event()

    async def flooding(scope, receive, send):
        async def flood():
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while True:
                await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
                await asyncio.sleep(0)

        await receive()
        flooder = asyncio.ensure_future(flood())
        assert (await receive())["type"] == "http.disconnect"
        flooder.cancel()
        cut.set()

    client = await connect(await listen(flooding, limits=HttpLimits(write_seconds=0.05)))
    client.writer.transport.pause_reading()
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    await asyncio.wait_for(cut.wait(), 5)


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"NONSENSE\r\n\r\n", 400),
        (b"CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET http://h?x HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),  # TLS to a plain port
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"a" * 40_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"a" * 400_000, 431),
        (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 101 + b"\r\n", 431),
    ],
)
async def test_a_bad_head_gets_a_plain_answer_and_the_end(listen, connect, request_head, status):
    async def unreached(scope, receive, send):
        raise AssertionError("no application sees this")

    client = await connect(await listen(unreached))
    client.send(request_head)
    assert (await client.answer())[0] == status
    assert await client.closed()


@pytest.mark.parametrize(
    "rest",
    [
        b"Host: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"Host: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"Host: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        b"Host: h\r\nContent-Length: -1\r\n\r\n",
        b"Host: h\r\nContent-Length: 1x\r\n\r\nx",
        b"Host: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
        b"Host: h\r\nTransfer-Encoding: identity\r\n\r\n",
        b"Host: h\r\nTransfer-Encoding: gzip\r\n\r\n" + b"x" * 100_000,
        b"Host : h\r\n\r\n",
        b"no colon\r\n\r\n",
        b"Host: h\r\nX: \0\r\n\r\n",
    ],
)
async def test_a_head_that_is_bad_after_its_first_line_is_refused_by_the_face_of_its_path(listen, connect, rest):
    async def refusing(scope, receive, send):
        assert (await receive())["body"] == b""
        await respond(send, fault_of(scope), scope["path"].encode(), [])

    client = await connect(await listen(refusing))
    client.send(b"POST /path?q HTTP/1.1\r\n" + rest)
    status, headers, body = await client.answer()
    assert (status, headers["connection"], body) == (400, "close", b"/path")
    assert await client.closed()


@pytest.mark.parametrize("method", ["get", "post", "Post", "SEND", "M-SEARCH", "x"])
async def test_an_unknown_method_is_refused_by_the_face_of_its_path(listen, connect, method):
    client = await connect(await listen())
    for _ in range(2):
        client.send(f"{method} /path HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi".encode())
        _, _, body = await client.answer()
        assert json.loads(body) == [method, "/path", "", 2]
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert json.loads((await client.answer())[2])[0] == "GET"


async def test_a_request_after_one_with_an_unknown_method_has_its_own_method(listen, connect):
    client = await connect(await listen())
    client.send(b"get /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
    assert [json.loads((await client.answer())[2])[:2] for _ in range(2)] == [["get", "/1"], ["GET", "/2"]]


async def test_a_good_request_before_a_bad_one_is_answered(listen, connect):
    client = await connect(await listen())
    client.send(b"GET /good HTTP/1.1\r\nHost: h\r\n\r\nNONSENSE\r\n\r\n")
    status, headers, body = await client.answer()
    assert (status, headers["connection"], json.loads(body)[1]) == (200, "close", "/good")
    assert await client.closed()


async def test_a_malformed_chunked_body_is_a_400_and_a_disconnect(listen, connect):
    results = []

    async def reading(scope, receive, send):
        results.append(await read_body(scope, receive, limit=BODY_LIMIT))
        await respond(send, 200, b"never seen", [])

    client = await connect(await listen(reading))
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    client.send(b"nonsense\r\n")
    assert (await client.answer())[0] == 400
    assert await client.closed()
    assert results == [BodyRefusal.DISCONNECTED]


async def test_a_large_body_in_one_piece_with_its_head_is_not_counted_as_head(listen, connect):
    client = await connect(await listen())
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 90000\r\n\r\n" + b"x" * 90_000)
    assert json.loads((await client.answer())[2])[3] == 90_000


async def test_a_body_over_the_limit_by_its_length_is_refused_before_it_comes(listen, connect):
    client = await connect(await listen())
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 100001\r\n\r\n")
    assert (await client.answer())[0] == 413


async def test_a_chunked_body_is_refused_when_it_has_grown_too_large(listen, connect):
    client = await connect(await listen())
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(11):
        client.send(b"2710\r\n" + b"x" * 10_000 + b"\r\n")
    assert (await client.answer())[0] == 413
    client.send(b"0\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n")
    assert json.loads((await client.answer())[2])[1] == "/next"


async def test_the_rest_of_a_refused_body_is_drained_and_the_connection_kept(listen, connect):
    client = await connect(await listen())
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n" + b"x" * 500_000)
    assert (await client.answer())[0] == 413
    client.send(b"GET /next HTTP/1.1\r\nHost: h\r\n\r\n")
    assert json.loads((await client.answer())[2])[1] == "/next"


async def test_draining_a_refused_body_has_a_limit(listen, connect):
    client = await connect(await listen(limits=HttpLimits(drain_octets=10_000)))
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n")
    assert (await client.answer())[0] == 413
    client.send(b"x" * 1_000_000)
    assert await client.closed()


async def test_a_closing_client_gets_its_refusal_although_it_still_sends(listen, connect):
    client = await connect(await listen())
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 600000\r\n\r\n")
    client.send(b"x" * 300_000)
    status, headers, _ = await client.answer()
    assert (status, headers["connection"]) == (413, "close")
    client.send(b"x" * 300_000)
    assert await client.closed()


async def test_endless_trailers_end_the_connection_and_never_become_headers(listen, connect):
    seen = []

    async def looking(scope, receive, send):
        assert await read_body(scope, receive, limit=BODY_LIMIT) == b"abc"
        seen.append(header(scope, b"x-forwarded-for"))
        await respond(send, 204, b"", [])

    client = await connect(await listen(looking))
    start = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"
    client.send(start + b"X-Forwarded-For: 1.2.3.4\r\n\r\n")
    assert (await client.answer())[0] == 204
    assert seen == [None]
    client.send(start)
    client.send((b"X: " + b"y" * 1000 + b"\r\n") * 600)
    assert (await client.answer())[0] == 400
    assert await client.closed()


async def test_an_offer_to_upgrade_is_ignored_and_its_body_read(listen, connect):
    """As java.net.http.HttpClient begins every connection."""
    client = await connect(await listen())
    offer = b"Host: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n"
    client.send(b"POST /a HTTP/1.1\r\n" + offer + b"Content-Length: 5\r\n\r\n12")
    client.send(b"345GET /b HTTP/1.1\r\n" + offer + b"\r\n")
    client.send(b"POST /c HTTP/1.1\r\n" + offer + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    client.send(b"GET /d HTTP/1.1\r\nHost: h\r\n\r\n")
    understood = [json.loads((await client.answer())[2]) for _ in range(4)]
    assert understood == [["POST", "/a", "", 5], ["GET", "/b", "", 0], ["POST", "/c", "", 3], ["GET", "/d", "", 0]]


async def test_an_expected_100_is_given_when_the_body_is_wanted(listen, connect):
    client = await connect(await listen())
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.send(b"abc")
    assert (await client.answer())[0] == 200


async def test_one_connection_too_many_is_answered_503(listen, connect):
    gate, inside = asyncio.Event(), asyncio.Semaphore(0)

    async def gated(scope, receive, send):
        inside.release()
        await gate.wait()
        await respond(send, 200, b"done", [])

    listener = await listen(gated, limits=HttpLimits(connections=2))
    first, second = await connect(listener), await connect(listener)
    for client in (first, second):
        client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        await asyncio.wait_for(inside.acquire(), 5)
    with structlog.testing.capture_logs() as logs:
        third = await connect(listener)
        assert (await third.answer())[0] == 503
        assert await third.closed()
    assert [(log["event"], log["address"], log["times"]) for log in logs] == [("connections_refused", "127.0.0.1", 1)]
    gate.set()
    assert (await first.answer())[0] == 200


async def test_a_new_connection_gets_the_place_of_the_one_that_is_idle_longest(listen, connect):
    listener = await listen(limits=HttpLimits(connections=3))
    clients = [await connect(listener) for _ in range(3)]
    for client in (clients[1], clients[2], clients[0]):
        client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert (await client.answer())[0] == 200
        await asyncio.sleep(0.005)  # the loop's clock counts milliseconds
    newcomer = await connect(listener)
    newcomer.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert (await newcomer.answer())[0] == 200
    assert await clients[1].closed()
    clients[2].send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert (await clients[2].answer())[0] == 200


async def test_two_listeners_share_their_places(listen, connect):
    capacity = Capacity(connections=2)
    one, other = await listen(capacity=capacity), await listen(capacity=capacity)
    first = await connect(one)
    second, third = await connect(other), await connect(other)
    assert await first.closed()
    for client in (second, third):
        client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert (await client.answer())[0] == 200
    assert capacity.taken == 2


async def test_unfinished_bodies_have_a_limit_and_the_largest_is_answered_503(listen, connect):
    capacity = Capacity(connections=100, unfinished_octets=100_000)
    listener = await listen(capacity=capacity)
    head = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 90000\r\n\r\n"
    small, large, last = [await connect(listener) for _ in range(3)]
    came = 0
    for client, octets in ((small, 20_000), (large, 60_000)):
        client.send(head + b"x" * octets)
        came += octets
        while capacity.unfinished < came:
            await asyncio.sleep(0.001)
    last.send(head + b"x" * 30_000)
    assert (await large.answer())[0] == 503
    assert await large.closed()
    small.send(b"x" * 70_000)
    status, _, body = await small.answer()
    assert (status, json.loads(body)[3]) == (200, 90_000)
    last.writer.close()
    while capacity.unfinished:
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("pipelined", [1, 3])
async def test_a_client_that_half_closes_is_still_answered(listen, connect, pipelined):
    gate = asyncio.Event()

    async def slow(scope, receive, send):
        await gate.wait()
        await echo(scope, receive, send)

    client = await connect(await listen(slow))
    for number in range(pipelined):
        client.send(b"POST /%d HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi" % number)
    client.writer.write_eof()
    await asyncio.sleep(0.02)
    gate.set()
    for number in range(pipelined):
        status, headers, body = await client.answer()
        assert (status, json.loads(body)[1]) == (200, f"/{number}")
    assert headers["connection"] == "close"
    assert await client.closed()


async def test_a_client_that_half_closes_in_the_middle_of_a_request_has_left(listen, connect):
    heard = asyncio.Event()

    async def reading(scope, receive, send):
        while (await receive())["type"] != "http.disconnect":
            pass
        heard.set()

    listener = await listen(reading)
    in_body, in_head = await connect(listener), await connect(listener)
    in_body.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhi")
    in_head.send(b"POST / HT")
    await asyncio.sleep(0.02)
    for client in (in_body, in_head):
        client.writer.write_eof()
        assert await client.closed()
    await asyncio.wait_for(heard.wait(), 5)


async def test_a_stream_ends_when_its_client_half_closes(listen, connect):
    ended = asyncio.Event()

    async def stream(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
        ended.set()
        await send({"type": "http.response.body", "body": b""})

    client = await connect(await listen(stream))
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    await asyncio.wait_for(client.reader.readuntil(b"x\r\n"), 5)
    client.writer.write_eof()
    await asyncio.wait_for(ended.wait(), 5)


async def test_an_idle_connection_is_closed_when_its_client_half_closes(listen, connect):
    client = await connect(await listen())
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert (await client.answer())[0] == 200
    client.writer.write_eof()
    assert await client.closed()


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (b"GET / HTTP/1.1\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n", 400),
        (b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n", 400),
        (b"GET http://h/ HTTP/1.1\r\n", 400),
        (b"GET / HTTP/1.0\r\n", None),
        (b"GET / HTTP/1.1\r\nhOST:\r\n", None),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked \r\n", None),
    ],
)
async def test_a_bad_head_is_passed_to_the_application_and_its_connection_is_closed(listen, connect, lines, fault):
    async def telling(scope, receive, send):
        await respond(send, fault_of(scope) or 200, b"", [])

    client = await connect(await listen(telling))
    client.send(lines + b"\r\n" + (b"0\r\n\r\n" if b"chunked" in lines.lower() else b""))
    status, headers, _ = await client.answer()
    assert status == (fault or 200)
    if fault:
        assert headers["connection"] == "close"
        assert await client.closed()


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"//json/send", "/json/send"),
        (b"/json//send", "/json/send"),
        (b"///", "/"),
        (b"//?a=1//2", "/"),
        (b"/json/%2Fsend", "/json/send"),
        (b"/%2F/json/send", "/json/send"),
        (b"/json/send//", "/json/send/"),
        (b"http://h//json//send", "/json/send"),
    ],
)
async def test_slashes_together_are_one(listen, connect, target, path):
    client = await connect(await listen())
    client.send(b"GET %b HTTP/1.1\r\nHost: h\r\n\r\n" % target)
    _, _, body = await client.answer()
    assert json.loads(body)[1:3] == [path, "a=1//2" if b"?" in target else ""]


async def test_stopping_lets_a_request_end_closes_the_idle_and_accepts_no_more(listen, connect):
    gate, inside = asyncio.Event(), asyncio.Event()

    async def gated(scope, receive, send):
        inside.set()
        await gate.wait()
        await respond(send, 200, b"done", [])

    listener = await listen(gated)
    idle, working = await connect(listener), await connect(listener)
    working.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    await inside.wait()
    stopping = asyncio.ensure_future(listener.stop(5))
    assert await idle.closed()
    with pytest.raises(OSError):
        await connect(listener)
    assert not stopping.done()
    gate.set()
    status, headers, body = await working.answer()
    assert (status, headers["connection"], body) == (200, "close", b"done")
    await asyncio.wait_for(stopping, 5)


async def test_stopping_cancels_what_does_not_end_within_the_deadline(listen, connect):
    cancelled, inside = asyncio.Event(), asyncio.Event()

    async def endless(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        inside.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    listener = await listen(endless)
    client = await connect(listener)
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    await inside.wait()
    with structlog.testing.capture_logs() as logs:
        await listener.stop(0.02)
    assert cancelled.is_set()
    assert (await client.reader.read()).startswith(b"HTTP/1.1 200")
    assert logs == []


async def test_an_application_that_fails_is_a_500_and_one_line_in_the_log(listen, connect):
    async def failing(scope, receive, send):
        raise RuntimeError("a bug")

    client = await connect(await listen(failing))
    with structlog.testing.capture_logs() as logs:
        client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert (await client.answer())[0] == 500
    assert [(log["event"], log["log_level"]) for log in logs] == [("application failed", "error")]


async def test_the_scope_is_what_asgi_says(listen, connect):
    scopes = []

    async def keeping(scope, receive, send):
        scopes.append(scope)
        await respond(send, 204, b"", [])

    listener = await listen(keeping)
    client = await connect(listener)
    client.send(b"POST /a%2Fb%C3%B1?x=%20#y HTTP/1.1\r\nHOST: h\r\nX-Y: Z\r\nContent-Length: 0\r\n\r\n")
    assert (await client.answer())[0] == 204
    assert scopes == [
        {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/a/bñ",
            "raw_path": b"/a%2Fb%C3%B1",
            "query_string": b"x=%20",
            "root_path": "",
            "headers": [(b"host", b"h"), (b"x-y", b"Z"), (b"content-length", b"0")],
            "client": client.writer.get_extra_info("sockname"),
            "server": ("127.0.0.1", listener.port),
        }
    ]


async def test_a_target_in_absolute_form_is_a_path(listen, connect):
    client = await connect(await listen())
    client.send(b"GET http://h/a?x#y HTTP/1.1\r\nHost: h\r\n\r\n")
    assert json.loads((await client.answer())[2]) == ["GET", "/a", "x", 0]


async def test_if_a_client_leaves_its_running_request_is_told_and_the_pipelined_ones_never_start(listen, connect):
    paths, disconnected = [], asyncio.Event()

    async def waiting(scope, receive, send):
        paths.append(scope["path"])
        await receive()
        assert (await receive())["type"] == "http.disconnect"
        disconnected.set()

    client = await connect(await listen(waiting))
    client.send(b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
    reset = struct.pack("ii", 1, 0)  # a close that is no mere end of his side
    client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
    client.writer.transport.abort()
    await asyncio.wait_for(disconnected.wait(), 5)
    assert paths == ["/1"]


async def test_a_port_in_use_is_named_in_the_error(listen):
    port = (await listen()).port
    with pytest.raises(ListenError, match=rf"127\.0\.0\.1 port {port}: the port is in use"):
        await HttpListener(echo, host="127.0.0.1", port=port).start()


@pytest.fixture
def files(tmp_path):
    return TlsFiles(certificate=tmp_path / "chain.pem", key=tmp_path / "key.pem")


def issue(authority, files, name="localhost"):
    certificate = authority.issue_cert(name)
    files.key.write_bytes(certificate.private_key_pem.bytes())
    files.certificate.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))


def trusting(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return {"ssl": context, "server_hostname": "localhost"}


async def test_https_serves_and_a_renewed_certificate_is_used_without_a_restart(listen, connect, files):
    old, new = trustme.CA(), trustme.CA()
    issue(old, files)
    listener = await listen(tls=files)
    assert listener.url == f"https://127.0.0.1:{listener.port}"
    before = await connect(listener, **trusting(old))
    issue(new, files)
    listener.reload_tls()
    with pytest.raises(ssl.SSLCertVerificationError):
        await connect(listener, **trusting(old))
    after = await connect(listener, **trusting(new))
    for client in (before, after):
        client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert (await client.answer())[0] == 200


@pytest.mark.parametrize("spoilt", ["certificate", "key", "both"])
async def test_a_certificate_without_its_key_is_refused_and_the_old_one_kept(listen, connect, files, spoilt):
    authority = trustme.CA()
    issue(authority, files)
    listener = await listen(tls=files)
    if spoilt in ("certificate", "both"):
        files.certificate.write_text("nonsense")
    if spoilt == "key":
        files.key.write_bytes(trustme.CA().issue_cert("localhost").private_key_pem.bytes())
    if spoilt == "both":
        files.key.unlink()
    with pytest.raises(ListenError, match=r"cannot use certificate .*chain\.pem"):
        listener.reload_tls()
    client = await connect(listener, **trusting(authority))
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert (await client.answer())[0] == 200


async def test_tls_1_2_is_spoken_and_1_1_is_not(listen, connect, files):
    authority = trustme.CA()
    issue(authority, files)
    listener = await listen(tls=files)
    tls = trusting(authority)
    tls["ssl"].set_ciphers("ALL:@SECLEVEL=0")
    tls["ssl"].maximum_version = ssl.TLSVersion.TLSv1_2
    client = await connect(listener, **tls)
    assert client.writer.get_extra_info("ssl_object").version() == "TLSv1.2"
    with warnings.catch_warnings(action="ignore"):
        tls["ssl"].minimum_version = ssl.TLSVersion.TLSv1
        tls["ssl"].maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(OSError):
        await connect(listener, **tls)

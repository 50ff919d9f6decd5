"""The callback client against servers that answer well, badly or not at all."""

import asyncio
import socket
import ssl

import pytest
import trustme

from palomar.net.networks import AddressGuard
from palomar.ports import HttpRequest

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answering(*answers):
    """A behaviour: on every connection the answers in turn (the last again and again), each to a whole
    request."""

    async def behaviour(server, reader, writer, number):
        turn = 0
        while True:
            await server.request(reader)
            writer.write(answers[min(turn, len(answers) - 1)])
            turn += 1

    return behaviour


def closing_after(answer):
    async def behaviour(server, reader, writer, number):
        await server.request(reader)
        writer.write(answer)

    return behaviour


async def silent(server, reader, writer, number):
    await server.request(reader)
    await reader.read()


def get(url):
    return HttpRequest(method="GET", url=url)


async def test_requests_one_after_the_other_share_a_connection(serve, make_client):
    server, client = await serve(answering(OK)), make_client()
    for number in range(5):
        outcome = await client.send(get(server.url(f"/{number}")))
        assert (outcome.status, outcome.error, outcome.body_start) == (200, None, b"ok")
        assert outcome.ok
        assert 0 <= outcome.elapsed_ms < 5000
    assert server.connections == 1
    assert [request.split()[1] for request in server.requests] == [b"/0", b"/1", b"/2", b"/3", b"/4"]


async def test_a_post_brings_its_body(serve, make_client):
    server, client = await serve(answering(OK)), make_client()
    await client.send(HttpRequest(method="POST", url=server.url(), body=b"x" * 100_000))
    assert server.requests[0].endswith(b"\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000)


async def test_done_is_called_later_even_for_what_fails_at_once(make_client):
    client, outcomes = make_client(), []
    client.start(get("nonsense"), outcomes.append)
    client.start(HttpRequest(method="GET", url="http://h/", headers=(("X", "a\r\nb"),)), outcomes.append)
    assert outcomes == []
    await asyncio.sleep(0)
    assert [outcome.error for outcome in outcomes] == ["bad_url", "bad_url"]


@pytest.mark.parametrize(
    ("answer", "status", "body_start"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", 304, b""),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 302, b""),
        (
            b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
            500,
            b"abcde",
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" + OK, 200, b"ok"),
        (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n" + b"x" * 300, 200, b"x" * 200),
    ],
)
async def test_answers_of_every_framing_keep_the_connection(serve, make_client, answer, status, body_start):
    server, client = await serve(answering(answer)), make_client()
    for _ in range(2):
        outcome = await client.send(get(server.url()))
        assert (outcome.status, outcome.error, outcome.body_start) == (status, None, body_start)
    assert server.connections == 1


@pytest.mark.parametrize(
    ("answer", "body_start"),
    [
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", b"ok"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok"),
        (OK + b"HTTP/1.1 200 OK\r\n", b"ok"),  # more than was asked for
        (OK + b"garbage", b"ok"),
    ],
)
async def test_an_answer_that_closes_the_connection_makes_the_client_open_another(
    serve, make_client, answer, body_start
):
    server, client = await serve(answering(answer)), make_client()
    for _ in range(2):
        outcome = await client.send(get(server.url()))
        assert (outcome.status, outcome.body_start) == (200, body_start)
    assert server.connections == 2


@pytest.mark.parametrize(
    ("answer", "body_start"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\ncut", b"cut"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ncut", b"cut"),
    ],
)
async def test_a_body_that_ends_with_its_connection_leaves_the_status(serve, make_client, answer, body_start):
    server, client = await serve(closing_after(answer)), make_client()
    outcome = await client.send(get(server.url()))
    assert (outcome.status, outcome.error, outcome.body_start) == (200, None, body_start)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", "closed"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "closed"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "closed"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "protocol"),
        (b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nabc", "protocol"),
        (b"\x00" * 100, "protocol"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000, "too_large"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 30_000, "too_large"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000, "too_large"),
    ],
)
async def test_an_answer_that_is_no_http_is_an_error(serve, make_client, answer, error):
    server, client = await serve(closing_after(answer)), make_client()
    outcome = await client.send(get(server.url()))
    assert (outcome.status, outcome.error) == (None, error)
    assert server.connections == 1


async def test_a_remembered_answer_is_not_mistaken_for_a_different_one(serve, make_client):
    no = b"HTTP/1.1 500 OK\r\nContent-Length: 2\r\n\r\nno"
    more = OK + b"HTTP/1.1 500 No\r\n"  # the connection ends with it
    server, client = await serve(answering(OK, OK, OK, no, no, OK, OK, more, OK)), make_client()
    outcomes = [await client.send(get(server.url())) for _ in range(9)]
    assert [(outcome.status, outcome.body_start) for outcome in outcomes] == [
        *[(200, b"ok")] * 3,
        *[(500, b"no")] * 2,
        *[(200, b"ok")] * 4,
    ]
    assert server.connections == 2


async def test_an_answer_may_come_octet_by_octet(serve, make_client):
    async def trickling(server, reader, writer, number):
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            await server.request(reader)
            for octet in OK:
                writer.write(bytes([octet]))
                await asyncio.sleep(0)

    server, client = await serve(trickling), make_client()
    for _ in range(2):
        assert (await client.send(get(server.url()))).body_start == b"ok"
    assert server.connections == 1


async def test_a_body_without_end_is_dropped_and_its_status_kept(serve, make_client):
    async def endless(server, reader, writer, number):
        await server.request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
            await writer.drain()

    server, client = await serve(endless), make_client()
    outcome = await client.send(get(server.url()))
    assert (outcome.status, outcome.error, outcome.body_start) == (200, None, b"x" * 200)


async def test_a_silent_server_times_out_and_the_next_request_is_answered(serve, make_client):
    async def once_silent(server, reader, writer, number):
        await (silent if number == 0 else answering(OK))(server, reader, writer, number)

    server, client = await serve(once_silent), make_client(timeout_seconds=0.05)
    outcome = await client.send(get(server.url()))
    assert (outcome.status, outcome.error) == (None, "timeout")
    assert outcome.elapsed_ms >= 49  # whole milliseconds of one clock, a timer of another
    assert (await client.send(get(server.url()))).status == 200


async def test_a_request_that_waits_for_a_slot_also_times_out(serve, make_client):
    server, client = await serve(silent), make_client(timeout_seconds=0.05, slots_a_host=1)
    outcomes = await asyncio.gather(*(client.send(get(server.url())) for _ in range(3)))
    assert [outcome.error for outcome in outcomes] == ["timeout"] * 3


async def test_a_slow_body_times_out_too(serve, make_client):
    async def stuck(server, reader, writer, number):
        await server.request(reader)
        writer.write(OK[:-1])
        await reader.read()

    server, client = await serve(stuck), make_client(timeout_seconds=0.05)
    assert (await client.send(get(server.url()))).error == "timeout"


async def test_a_request_on_a_closed_connection_is_sent_again_on_a_new_one(serve, make_client):
    async def one_answer_then_gone(server, reader, writer, number):
        await server.request(reader)
        writer.write(OK)
        await server.request(reader)  # read the second request, answer nothing

    server, client = await serve(one_answer_then_gone), make_client()
    for _ in range(3):
        assert (await client.send(get(server.url()))).status == 200
    assert server.connections == 3
    assert len(server.requests) == 5


async def test_a_request_with_a_partial_answer_is_not_sent_again(serve, make_client):
    async def half_an_answer(server, reader, writer, number):
        await server.request(reader)
        writer.write(OK)
        await server.request(reader)
        writer.write(b"H")

    server, client = await serve(half_an_answer), make_client()
    assert (await client.send(get(server.url()))).status == 200
    assert (await client.send(get(server.url()))).error == "closed"
    assert server.connections == 1


async def test_a_request_is_sent_again_only_once(serve, make_client):
    async def only_the_first_is_answered(server, reader, writer, number):
        await server.request(reader)
        if number == 0:
            writer.write(OK)
            await server.request(reader)

    server, client = await serve(only_the_first_is_answered), make_client()
    assert (await client.send(get(server.url()))).status == 200
    assert (await client.send(get(server.url()))).error == "closed"
    assert server.connections == 2


async def test_unrequested_answers_on_an_idle_connection_are_dropped(serve, make_client):
    answered, refused = asyncio.Event(), asyncio.Event()

    async def talkative(server, reader, writer, number):
        await server.request(reader)
        writer.write(OK)
        if number == 0:
            await answered.wait()
            writer.write(b"HTTP/1.1 500 Evil\r\nContent-Length: 0\r\n\r\n")
            assert await reader.read() == b""
            refused.set()

    server, client = await serve(talkative), make_client()
    assert (await client.send(get(server.url()))).status == 200
    answered.set()
    await asyncio.wait_for(refused.wait(), 5)
    assert (await client.send(get(server.url()))).status == 200
    assert server.connections == 2


async def test_connections_of_a_host_stay_within_its_slots(serve, make_client):
    gate, arrived, most = asyncio.Event(), 0, 0
    full = asyncio.Event()

    async def gated(server, reader, writer, number):
        nonlocal arrived, most
        while True:
            await server.request(reader)
            arrived += 1
            most = max(most, arrived)
            if arrived == 3:
                full.set()
            await gate.wait()
            arrived -= 1
            writer.write(OK)

    server, client = await serve(gated), make_client(slots_a_host=3)
    sending = [asyncio.ensure_future(client.send(get(server.url()))) for _ in range(10)]
    await asyncio.wait_for(full.wait(), 5)
    gate.set()
    assert [outcome.status for outcome in await asyncio.gather(*sending)] == [200] * 10
    assert (server.connections, most) == (3, 3)


async def test_a_slow_request_takes_no_slot_of_another_owner_of_the_same_host(serve, make_client):
    async def by_path(server, reader, writer, number):
        while True:
            if b"/hangs" not in await server.request(reader):
                writer.write(OK)

    server, client = await serve(by_path), make_client(slots_a_host=2, timeout_seconds=5.0)
    hanging = [
        asyncio.ensure_future(client.send(HttpRequest(method="GET", url=server.url("/hangs"), owner=1)))
        for _ in range(5)
    ]
    healthy = [client.send(HttpRequest(method="GET", url=server.url("/well"), owner=2)) for _ in range(5)]
    async with asyncio.timeout(2):
        assert [outcome.status for outcome in await asyncio.gather(*healthy)] == [200] * 5
    for sending in hanging:
        sending.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)


async def test_all_hosts_share_one_limit_and_idle_connections_are_closed_for_new_ones(serve, make_client):
    servers = [await serve(answering(OK)) for _ in range(4)]
    client = make_client(connections=2)
    for _ in range(2):
        urls = [server.url() for server in servers] * 3
        outcomes = await asyncio.gather(*(client.send(get(url)) for url in urls))
        assert [outcome.status for outcome in outcomes] == [200] * 12


async def test_idle_connections_are_closed_after_a_while(serve, make_client):
    gone = asyncio.Event()

    async def watching(server, reader, writer, number):
        await server.request(reader)
        writer.write(OK)
        assert await reader.read() == b""
        gone.set()

    server, client = await serve(watching), make_client(idle_seconds=0.02)
    assert (await client.send(get(server.url()))).status == 200
    await asyncio.wait_for(gone.wait(), 5)


async def test_a_port_where_nothing_listens_is_a_connect_error(make_client):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        outcome = await make_client().send(get(f"http://127.0.0.1:{bound.getsockname()[1]}/"))
    assert (outcome.status, outcome.error) == (None, "connect")


async def test_loopback_is_refused_by_number_and_by_name(serve, make_client):
    server, client = await serve(answering(OK)), make_client(guard=AddressGuard())
    for host in ("127.0.0.1", "localhost", "127.1", "2130706433", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]"):
        outcome = await client.send(get(server.url(host=host)))
        assert (host, outcome.status, outcome.error) == (host, None, "refused_network")
    assert server.connections == 0


class Names:
    """A resolver whose queries take the next of given lists of addresses."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    async def __call__(self, host):
        self.asked.append(host)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_only_the_permitted_addresses_of_a_name_are_tried(serve, make_client):
    names = Names(["10.255.255.1", "127.0.0.1", "fe80::1"])
    server, client = await serve(answering(OK)), make_client(resolve=names)
    assert (await client.send(get(server.url(host="names.example")))).status == 200
    assert b"\r\nHost: names.example:%d\r\n" % server.port in server.requests[0]


async def test_after_an_address_that_does_not_answer_the_next_one_is_tried(serve, make_client):
    server = await serve(answering(OK))
    client = make_client(resolve=Names(["127.9.9.9", "127.0.0.1"]))
    assert (await client.send(get(server.url(host="names.example")))).status == 200


async def test_a_name_is_resolved_once_for_many_connections(serve, make_client):
    names = Names(["127.0.0.1"])
    server, client = await serve(answering(OK)), make_client(resolve=names)
    outcomes = await asyncio.gather(*(client.send(get(server.url(host="names.example"))) for _ in range(8)))
    assert [outcome.status for outcome in outcomes] == [200] * 8
    assert names.asked == ["names.example"]


async def test_a_name_that_does_not_resolve_is_a_connect_error_and_is_tried_again(make_client):
    names = Names(socket.gaierror(-2, "no such name"), [], ["10.0.0.1"])
    client = make_client(resolve=names)
    errors = [(await client.send(get("http://names.example/"))).error for _ in range(3)]
    assert errors == ["connect", "connect", "refused_network"]


async def test_a_resolver_that_hangs_is_a_time_out(make_client):
    async def hanging(host):
        await asyncio.Event().wait()

    client = make_client(resolve=hanging, connect_timeout_seconds=0.02)
    assert (await client.send(get("http://names.example/"))).error == "timeout"


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def server_context(authority, *names):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def client_context(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_tls_is_verified_against_the_name_in_the_url(serve, make_client, authority):
    server = await serve(answering(OK), tls=server_context(authority, "right.example"))
    names = Names(["127.0.0.1"], ["127.0.0.1"])
    client = make_client(tls=client_context(authority), resolve=names)
    for _ in range(2):
        assert (await client.send(get(server.url(scheme="https", host="right.example")))).status == 200
    assert server.connections == 1
    assert (await client.send(get(server.url(scheme="https", host="wrong.example")))).error == "tls"


async def test_tls_works_for_an_address_in_the_certificate(serve, make_client, authority):
    server = await serve(answering(OK), tls=server_context(authority, "127.0.0.1"))
    client = make_client(tls=client_context(authority))
    assert (await client.send(get(server.url(scheme="https")))).status == 200


async def test_an_unknown_authority_is_refused(serve, make_client, authority):
    server = await serve(answering(OK), tls=server_context(trustme.CA(), "127.0.0.1"))
    for client in (make_client(tls=client_context(authority)), make_client(tls=None)):
        assert (await client.send(get(server.url(scheme="https")))).error == "tls"
    assert server.requests == []


async def test_a_server_without_tls_is_a_tls_error(serve, make_client, authority):
    async def plain(server, reader, writer, number):
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad\r\n\r\n")

    server = await serve(plain)
    outcome = await make_client(tls=client_context(authority)).send(get(server.url(scheme="https")))
    assert outcome.error == "tls"


async def test_cancelling_a_request_frees_its_slot(serve, make_client):
    server, client = await serve(silent), make_client(slots_a_host=1, timeout_seconds=5.0)
    sending = asyncio.ensure_future(client.send(get(server.url())))
    while not server.requests:
        await asyncio.sleep(0)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    following = asyncio.ensure_future(client.send(get(server.url())))
    async with asyncio.timeout(2):
        while len(server.requests) < 2:
            await asyncio.sleep(0)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)


async def test_closing_lets_requests_end_within_the_deadline_and_takes_no_more(serve, make_client):
    gate = asyncio.Event()

    async def gated(server, reader, writer, number):
        await server.request(reader)
        await gate.wait()
        writer.write(OK)
        await reader.read()

    server, client = await serve(gated), make_client()
    sending = asyncio.ensure_future(client.send(get(server.url())))
    while not server.requests:
        await asyncio.sleep(0)
    closing = asyncio.ensure_future(client.close(deadline_seconds=5))
    await asyncio.sleep(0)
    assert (await client.send(get(server.url()))).error == "closed"
    gate.set()
    assert (await sending).status == 200
    await closing


async def test_closing_drops_requests_that_do_not_end_in_time(serve, make_client):
    server, client = await serve(silent), make_client(slots_a_host=1)
    sending = [asyncio.ensure_future(client.send(get(server.url()))) for _ in range(2)]
    while not server.requests:
        await asyncio.sleep(0)
    await client.close(deadline_seconds=0.01)
    assert [outcome.error for outcome in await asyncio.gather(*sending)] == ["closed", "closed"]


async def test_origins_have_one_spelling_and_a_bad_url_has_none(make_client):
    client = make_client()
    assert client.origin_of("HTTP://u:p@Example.COM/x?y") == "http://example.com:80"
    assert client.origin_of("mailto:x@y") == ""

"""Request and answer of one cycle, over a connection that keeps what is written to it."""

import asyncio

import pytest
import pytest_asyncio
import structlog

from palomar.net.request_cycle import RequestCycle

TEXT = [(b"Content-Type", b"text/plain")]


class FakeConnection:
    date_line = b"date: today\r\n"

    def __init__(self):
        self.writable = None
        self.written = []
        self.reading = True
        self.closed = False
        self.ended = 0

    def write(self, data):
        self.written.append(data)

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed

    def pause_reading(self):
        self.reading = False

    def resume_reading(self):
        self.reading = True

    def response_ended(self):
        self.ended += 1


@pytest_asyncio.fixture
async def connection():
    return FakeConnection()


def cycle_on(connection, method="POST", *, keep_alive=True, chunks=True, expects=False):
    scope = {"type": "http", "method": method, "path": "/", "headers": []}
    return RequestCycle(scope, connection, keep_alive=keep_alive, chunks_understood=chunks, expects_continue=expects)


def start(status=200, headers=()):
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(octets, *, more=False):
    return {"type": "http.response.body", "body": octets, "more_body": more}


def sending(*messages):
    async def app(scope, receive, send):
        for message in messages:
            await send(message)

    return app


async def run_logged(cycle, app):
    with structlog.testing.capture_logs() as logs:
        await cycle.run(app)
    return [log["event"] for log in logs]


async def test_head_and_body_leave_in_one_piece(connection):
    await cycle_on(connection).run(sending(start(200, [*TEXT, (b"content-length", b"2")]), body(b"ok")))
    head = b"HTTP/1.1 200 OK\r\ndate: today\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\n"
    assert connection.written == [head + b"ok"]
    assert (connection.ended, connection.closed) == (1, False)


async def test_a_body_of_unknown_length_is_sent_in_chunks(connection):
    await cycle_on(connection).run(sending(start(), body(b"ab", more=True), body(b"", more=True), body(b"c" * 16)))
    answer = b"".join(connection.written)
    assert answer.endswith(b"transfer-encoding: chunked\r\n\r\n2\r\nab\r\n10\r\ncccccccccccccccc\r\n0\r\n\r\n")


async def test_a_client_without_chunked_coding_gets_the_body_until_the_connection_closes(connection):
    cycle = cycle_on(connection, keep_alive=False, chunks=False)
    await cycle.run(sending(start(), body(b"ab", more=True), body(b"c")))
    assert b"".join(connection.written).endswith(b"connection: close\r\n\r\nabc")
    assert b"chunked" not in connection.written[0]
    assert connection.closed


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"5")]])
async def test_head_gets_no_body(connection, headers):
    await cycle_on(connection, "HEAD").run(sending(start(200, headers), body(b"hello")))
    answer = b"".join(connection.written)
    assert answer.endswith(b"\r\n\r\n")
    assert b"chunked" not in answer
    assert connection.ended == 1


@pytest.mark.parametrize("status", [204, 304])
async def test_a_status_without_a_body_has_no_framing(connection, status):
    await cycle_on(connection).run(sending(start(status), body(b"")))
    answer = b"".join(connection.written)
    assert b"chunked" not in answer
    assert answer.endswith(b"\r\n\r\n")


async def test_the_application_may_ask_for_the_end_of_the_connection(connection):
    await cycle_on(connection).run(sending(start(204, [(b"Connection", b"Close")]), body(b"")))
    assert connection.written[0].lower().count(b"connection: close") == 1
    assert connection.closed


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [body(b"first")],
        [start(), start()],
        [start(200, [(b"x", b"a\r\nset-cookie: b")])],
        [start(200, [(b"x", b"a\0")])],
        [start(200, [(b"x y", b"a")])],
        [start(200, [(b"x:", b"a")])],
        [start(200, [(b"", b"a")])],
        [start(200, [(b"content-length", b"2")]), body(b"abc")],
        [start(200, [(b"content-length", b"2")]), body(b"a")],
        [start(204), body(b"a")],
    ],
)
async def test_a_failure_before_anything_was_sent_is_a_500_that_is_logged_once(connection, messages):
    assert len(await run_logged(cycle_on(connection), sending(*messages))) == 1
    assert len(connection.written) == 1
    assert connection.written[0].startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert connection.written[0].endswith(b"\r\n\r\nInternal Server Error")
    assert connection.closed


@pytest.mark.parametrize("end", [[], [start()]])
async def test_an_answer_that_breaks_off_ends_the_connection(connection, end):
    messages = [start(), body(b"a", more=True), *end]
    assert len(await run_logged(cycle_on(connection), sending(*messages))) == 1
    assert connection.written[-1].endswith(b"\r\n\r\n1\r\na\r\n")
    assert (connection.closed, connection.ended) == (True, 0)


async def test_a_failure_after_the_answer_is_only_logged(connection):
    assert await run_logged(cycle_on(connection), sending(start(204), body(b""), body(b""))) == ["application failed"]
    assert (len(connection.written), connection.closed) == (1, False)


async def test_a_body_is_received_as_far_as_it_came(connection):
    cycle = cycle_on(connection)
    cycle.body_came(b"ab")
    cycle.body_came(b"c")
    assert await cycle.receive() == {"type": "http.request", "body": b"abc", "more_body": True}
    waiting = asyncio.ensure_future(cycle.receive())
    await asyncio.sleep(0)
    assert not waiting.done()
    cycle.body_ended()
    assert await waiting == {"type": "http.request", "body": b"", "more_body": False}


async def test_a_body_nobody_asks_for_stops_the_reading_until_somebody_does(connection):
    cycle = cycle_on(connection)
    cycle.body_came(b"x" * 100_000)
    assert not connection.reading
    assert len((await cycle.receive())["body"]) == 100_000
    waiting = asyncio.ensure_future(cycle.receive())
    await asyncio.sleep(0)
    assert connection.reading
    cycle.disconnect()
    assert await waiting == {"type": "http.disconnect"}


async def test_after_the_answer_the_application_receives_a_disconnect(connection):
    cycle = cycle_on(connection)
    await cycle.run(sending(start(204), body(b"")))
    assert await cycle.receive() == {"type": "http.disconnect"}


async def test_sending_to_a_client_that_has_left_is_no_error(connection):
    cycle = cycle_on(connection)
    cycle.disconnect()
    assert await run_logged(cycle, sending(start(204), body(b""))) == []
    assert connection.written == []


async def test_100_continue_is_sent_once_and_not_after_an_answer_began(connection):
    cycle = cycle_on(connection, expects=True)
    cycle.body_came(b"a")
    await cycle.receive()
    cycle.body_ended()
    await cycle.receive()
    assert connection.written == [b"HTTP/1.1 100 Continue\r\n\r\n"]
    refusing, connection.written = cycle_on(connection, expects=True), []
    await refusing.run(sending(start(204), body(b"")))
    await refusing.receive()
    assert len(connection.written) == 1


async def test_sending_waits_for_room(connection):
    connection.writable = asyncio.Event()
    running = asyncio.ensure_future(cycle_on(connection).run(sending(start(204), body(b""))))
    await asyncio.sleep(0)
    assert connection.written == []
    connection.writable.set()
    connection.writable = None
    await running
    assert len(connection.written) == 1


async def test_a_cancelled_request_is_a_500_and_not_logged(connection):
    async def endless(scope, receive, send):
        await receive()

    with structlog.testing.capture_logs() as logs:
        running = asyncio.ensure_future(cycle_on(connection).run(endless))
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert logs == []
    assert connection.written[0].startswith(b"HTTP/1.1 500 ")

"""The bare ASGI functions, fed by hand."""

import pytest

from palomar.net.asgi import BODY_FOLLOWS, BodyRefusal, client_address, header, read_body, respond
from palomar.net.networks import TrustedProxies


class Messages:
    """A receive that gives these messages and no more."""

    def __init__(self, *messages):
        self.left = list(messages)

    async def __call__(self):
        return self.left.pop(0)


def part(body, more=False):
    return {"type": "http.request", "body": body, "more_body": more}


GONE = {"type": "http.disconnect"}


async def test_an_answer_is_two_messages_with_its_length():
    sent = []

    async def send(message):
        sent.append(message)

    await respond(send, 201, b"abc", [(b"content-type", b"text/plain")])
    assert sent == [
        {
            "type": "http.response.start",
            "status": 201,
            "headers": [(b"content-type", b"text/plain"), (b"content-length", b"3")],
            BODY_FOLLOWS: True,
        },
        {"type": "http.response.body", "body": b"abc"},
    ]


@pytest.mark.parametrize(
    ("messages", "result"),
    [
        ([part(b"")], b""),
        ([part(b"12345")], b"12345"),
        ([part(b"123456")], BodyRefusal.TOO_LARGE),
        ([part(b"12", True), part(b"345")], b"12345"),
        ([part(b"12", True), part(b"", True), part(b"3", True), part(b"")], b"123"),
        ([part(b"12", True), part(b"3456")], BodyRefusal.TOO_LARGE),
        ([part(b"12", True), part(b"3456", True)], BodyRefusal.TOO_LARGE),
        ([part(b"123456", True)], BodyRefusal.TOO_LARGE),
        ([GONE], BodyRefusal.DISCONNECTED),
        ([part(b"12", True), GONE], BodyRefusal.DISCONNECTED),
    ],
)
async def test_a_body_is_read_whole_up_to_its_limit(messages, result):
    receive = Messages(*messages)
    assert await read_body({"headers": []}, receive, limit=5) == result
    assert receive.left == []


async def test_a_body_whose_content_length_is_too_large_is_not_received():
    scope = {"headers": [(b"content-length", b"6")]}
    assert await read_body(scope, Messages(), limit=5) is BodyRefusal.TOO_LARGE


def test_a_header_is_its_first_value():
    scope = {"headers": [(b"a", b"1"), (b"b", b"2"), (b"b", b"3")]}
    assert (header(scope, b"b"), header(scope, b"c")) == (b"2", None)


@pytest.mark.parametrize(
    ("client", "forwarded", "address"),
    [
        (("10.0.0.1", 5), [b"198.51.100.7"], "198.51.100.7"),
        (("10.0.0.1", 5), [b"198.51.100.7", b"10.0.0.2"], "198.51.100.7"),
        (("10.0.0.1", 5), [b"\xff"], "10.0.0.1"),
        (("10.0.0.1", 5), [], "10.0.0.1"),
        (("203.0.113.9", 5), [b"198.51.100.7"], "203.0.113.9"),
        (None, [b"198.51.100.7"], ""),
    ],
)
def test_the_clients_address_is_read_behind_trusted_proxies_only(client, forwarded, address):
    scope = {"client": client, "headers": [(b"x-forwarded-for", value) for value in forwarded]}
    assert client_address(scope, TrustedProxies(["10.0.0.0/8"])) == address

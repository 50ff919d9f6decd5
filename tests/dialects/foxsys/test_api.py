"""What does not fit in a transcript: octets that are no text, faults of ours, large bodies, long lists."""

import asyncio
import json

import pytest
import structlog
from tests.dialects.foxsys.fake_gateway import BASIC, FakeGateway, api_of, ask, code_of

from palomar.vocabulary.account import Account
from palomar.vocabulary.message import State

ONE = b'"recipient":[{"msisdn":"34609033162"}]'
DEEP = 100_000


async def test_a_byte_order_mark_is_no_fault() -> None:
    assert await code_of(FakeGateway(), b'\xef\xbb\xbf{%b,"message":"Hi"}' % ONE) == "0"


@pytest.mark.parametrize(
    "body",
    [
        b'{%b,"message":"\xff"}' % ONE,
        b'{%b,"message":"\xed\xa0\x80"}' % ONE,
        '{"message":"Hi"}'.encode("utf-16"),
        b'{"message":' + b"[" * DEEP,
        b'{"message":' + b"[" * DEEP + b"]" * DEEP + b"}",
        b'{"x":' + b'{"x":' * DEEP,
        b'{"message":"\\ud83d","x":' + b"[" * DEEP + b"]" * DEEP + b"}",
        b'{"subid":' + b"9" * 10_000 + b"}",
        b'{"message":"\\ud83d","subid":' + b"9" * 10_000 + b"}",
        b"\x00",
    ],
    ids=["utf8", "surrogate", "utf16", "open", "deep", "objects", "deep-loose", "digits", "digits-loose", "nul"],
)
async def test_octets_that_are_no_json_are_code_11(body: bytes) -> None:
    assert await code_of(FakeGateway(), body) == "11"


async def test_a_body_over_the_limit_is_413_and_not_read() -> None:
    gateway = FakeGateway()
    api = api_of(gateway, body_limit=100)
    declared = await ask(api, b"{", headers=[(b"authorization", BASIC), (b"content-length", b"101")])
    grown = await ask(api, [b"x" * 60, b"x" * 60, b"x" * 60])
    for answer in (declared, grown):
        assert answer is not None
        assert answer.status == 413
        assert answer.json["code"] == "413"
        assert answer.json["message"] == "Request body too large"
        assert len(answer.json["subid"]) == 13
    assert gateway.requests == []


async def test_a_client_that_leaves_in_the_middle_of_a_body_gets_no_answer() -> None:
    gateway = FakeGateway()
    assert await ask(api_of(gateway), [b'{"message":']) is None
    assert gateway.requests == []


async def test_a_fault_of_ours_is_500_logged_once_and_tells_the_client_nothing() -> None:
    gateway = FakeGateway(failure=RuntimeError("secret"))
    with structlog.testing.capture_logs() as logs:
        answer = await ask(api_of(gateway), b'{%b,"message":"Hi"}' % ONE)
    assert answer is not None
    assert answer.status == 500
    assert answer.json == {"code": "500", "message": "Internal server error"}
    assert [(log["event"], log["path"], type(log["request_id"])) for log in logs] == [
        ("request failed", "/json/send", int)
    ]


async def test_a_list_of_thousands_does_not_hold_up_the_loop() -> None:
    gateway = FakeGateway()
    numbers = [{"msisdn": f"346{number:08d}"} for number in range(5_000)]
    parameters = [{"n": {"msisdn": "default", "value": "x"}}]
    body = json.dumps({"recipient": numbers, "message": "%n%", "parameters": parameters}).encode()
    sending = asyncio.create_task(ask(api_of(gateway), body))
    turns = 0
    while not sending.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns >= 3 * 5_000 / 500
    assert [recipient.text for recipient in gateway.requests[0].recipients] == ["x"] * 5_000


async def test_many_commas_take_no_time() -> None:
    gateway = FakeGateway()
    assert await code_of(gateway, {"recipient": [{"msisdn": "34609033162" + ", " * 1_000_000}], "message": "Hi"}) == "0"
    assert await code_of(gateway, {"recipient": [{"msisdn": "1," * 1_000_000}], "message": "Hi"}) == "24"
    assert [recipient.msisdn for recipient in gateway.requests[0].recipients] == ["34609033162"]


async def test_a_bad_number_is_stored_short_and_printable() -> None:
    gateway = FakeGateway()
    await code_of(gateway, b'{"recipient":[{"msisdn":"34609033162,a\\ud83d\\n%b"}],"message":"Hi"}' % (b"x" * 99))
    noformat = gateway.requests[0].recipients[1]
    assert noformat.state is State.NOFORMAT
    assert noformat.msisdn == "a??" + "x" * 29


@pytest.mark.parametrize(("tpoa", "asked"), [("Shop", 0), ("", 1), (None, 1), ("no sender at all", 1)])
async def test_the_default_sender_is_looked_up_only_if_the_request_names_none(tpoa: str | None, asked: int) -> None:
    askings: list[str] = []

    def sender(account: Account, *, dialect: str = "", vendor: str) -> str | None:
        askings.append(account.login)
        return "Application"

    gateway = FakeGateway()
    gateway.default_sender = sender
    body = {"message": "Hi", "tpoa": tpoa, "recipient": [{"msisdn": "34600000001"}]}
    assert await code_of(gateway, body) == "0"
    assert len(askings) == asked
    assert gateway.requests[0].sender == ("Application" if asked else "Shop")

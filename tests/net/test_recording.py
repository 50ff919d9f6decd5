"""The recorder: a call as it went through, whatever becomes of it, and nothing about the call is changed."""

from typing import Any

import pytest

from palomar.net.recording import KEPT_OCTETS, Recorder
from palomar.vocabulary.account import Account, AccountId
from palomar.vocabulary.http_record import HttpRecord

ACME = Account(id=AccountId(1), login="acme")


async def through(app: Any, *pieces: bytes) -> tuple[list[HttpRecord], list[Any]]:
    """Pass one call through a recorder; return its record and what was sent back."""
    records: list[HttpRecord] = []
    sent: list[Any] = []
    coming = [*pieces] or [b""]

    async def receive() -> Any:
        return {"type": "http.request", "body": coming.pop(0), "more_body": bool(coming)}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "http_version": "1.1",
        "raw_path": b"/json/s%65nd",
        "query_string": b"a=1",
        "headers": [(b"host", b"x")],
    }
    try:
        await Recorder(app, ended=records.append)(scope, receive, send)
    except RuntimeError:
        sent.append("a bug")
    return records, sent


async def test_a_call_is_recorded_as_it_came_and_went() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["user"], scope["password"] = ACME, "s3cr3t"
        body = b""
        while (message := await receive())["more_body"]:
            body += message["body"]
        assert body + message["body"] == b"hello"
        await send({"type": "http.response.start", "status": 201, "headers": [(b"x-y", b"z")]})
        await send({"type": "http.response.body", "body": b"go", "more_body": True})
        await send({"type": "http.response.body", "body": b"od"})

    (record,), sent = await through(app, b"hel", b"lo")
    assert (record.method, record.target, record.headers) == ("POST", b"/json/s%65nd?a=1", ((b"host", b"x"),))
    assert (record.body, record.body_octets, record.answer, record.answer_octets) == (b"hello", 5, b"good", 4)
    assert (record.status, record.answer_headers, record.account, record.password) == (
        201,
        ((b"x-y", b"z"),),
        ACME,
        "s3cr3t",
    )
    assert [message["type"] for message in sent] == ["http.response.start", *["http.response.body"] * 2]


async def test_the_beginning_of_a_long_body_is_recorded() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"y" * (KEPT_OCTETS + 1)})

    (record,), _ = await through(app, b"x" * KEPT_OCTETS, b"x" * 10)
    assert (len(record.body), record.body_octets) == (KEPT_OCTETS, KEPT_OCTETS + 10)
    assert (len(record.answer), record.answer_octets) == (KEPT_OCTETS, KEPT_OCTETS + 1)


@pytest.mark.parametrize("fails", [True, False])
async def test_a_call_without_an_answer_is_recorded_too(fails: bool) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if fails:
            raise RuntimeError("a bug")

    (record,), sent = await through(app)
    assert (record.status, record.account, record.answer) == (0, None, b"")
    assert sent == (["a bug"] if fails else [])

"""Whatever is sent, the answer is an envelope and never our fault."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.dialects.labs402t.application import Labs402t, Reply, labs402t
from tests.support.databases import Place, migrated

from palomar.dialects.labs402t.errors import HTTP_STATUSES, MESSAGES, Code

STATUSES = {*HTTP_STATUSES.values(), 404, 405, 409, 413, 415, 422, 429}
PATHS = ("/sms/send", "/sms/schedule", "/sms/batch", "/users/nadie/password")
SEGMENTS = ("sms", "users", "accounts", "send", "status", "balance", "costs", "password", "demo")
NAMES = ("to", "text", "from", "send_at", "messages", "current_password", "new_password", "x")

_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["34600000000", "Hola", "2031-01-01"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=8,
)
_documents = st.dictionaries(st.sampled_from(NAMES), _values, max_size=6)
_bodies = st.one_of(_documents.map(lambda document: json.dumps(document).encode()), st.binary(max_size=60))


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Keep one loop: Hypothesis calls its tests many times, and they share an application that runs on it."""
    with asyncio.Runner() as runner:
        yield runner.get_loop()


@pytest.fixture(scope="module")
def labs(loop: asyncio.AbstractEventLoop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Labs402t]:
    place = Place(engine="sqlite", where=str(tmp_path_factory.mktemp("fuzz") / "palomar.db"))

    async def begin() -> tuple[Any, Labs402t]:
        await migrated(place)
        context = labs402t(place)
        running = await context.__aenter__()
        await running.add("demo", credit=1_000_000)
        return context, running

    context, running = loop.run_until_complete(begin())
    yield running
    loop.run_until_complete(context.__aexit__(None, None, None))


def assert_envelope(reply: Reply) -> None:
    document = reply.json
    assert reply.status in STATUSES
    assert list(document)[:3] == ["status", "message", "data"]
    assert document["message"] == MESSAGES[Code(document["status"])]
    assert isinstance(document["data"], dict)
    assert (reply.status == 200) == (document["status"] == 0)
    assert reply.headers["content-type"] == "application/json; charset=utf-8"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(path=st.sampled_from(PATHS), body=_bodies, key=st.none() | st.text(alphabet='ab "é', max_size=4))
def test_any_body_gets_an_envelope(
    loop: asyncio.AbstractEventLoop, labs: Labs402t, path: str, body: bytes, key: str | None
) -> None:
    assert_envelope(loop.run_until_complete(labs.post(path, body, key=key)))


@settings(max_examples=150, deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]),
    path=st.lists(st.sampled_from(SEGMENTS) | st.text(max_size=8), max_size=4),
    authorization=st.sampled_from(["Bearer key-demo", "Bearer", "", "Basic x", "Bearer key-demo\xff"]),
)
def test_any_path_gets_an_envelope(
    loop: asyncio.AbstractEventLoop, labs: Labs402t, method: str, path: list[str], authorization: str
) -> None:
    asked = labs.ask(method, "/api/v1/" + "/".join(path), body=b"{}", headers={"authorization": authorization})
    reply = loop.run_until_complete(asked)

    if not any(piece in ("docs", "openapi.json") for piece in path):
        assert_envelope(reply)


NASTY = {
    "deep": b'{"to":' + b"[" * 40_000 + b"]" * 40_000 + b"}",
    "deep, where nobody looks": b'{"x":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}",
    "bad UTF-8": b'{"to":"34600000000","text":"\xff"}',
    "bad UTF-8, where nobody looks": b'{"to":"34600000000","text":"a","x":"\xff"}',
    "UTF-16": '{"to":"34600000000","text":"a"}'.encode("utf-16"),
    "a surrogate in UTF-8": b'{"to":"34600000000","text":"\xed\xa0\x80"}',
    "NaN": b'{"to":NaN,"text":"a"}',
    "an endless number": b'{"to":' + b"9" * 50_000 + b',"text":"a"}',
    "two documents": b"{}{}",
    "a comment": b'{"to":"34600000000","text":"a"} // nada',
}


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize("key", [None, "k"])
def test_malformed_bodies_are_bad_requests(
    loop: asyncio.AbstractEventLoop, labs: Labs402t, name: str, key: str | None
) -> None:
    reply = loop.run_until_complete(labs.post("/sms/send", NASTY[name], key=key and f"{key} {name}"))

    assert_envelope(reply)
    assert (reply.status, reply.code) == (400, -30)


def test_a_body_over_the_limit_is_refused(loop: asyncio.AbstractEventLoop, labs: Labs402t) -> None:
    reply = loop.run_until_complete(labs.post("/sms/send", b" " * 100_001))

    assert_envelope(reply)
    assert reply.status == 413


def test_a_byte_order_mark_is_ignored(loop: asyncio.AbstractEventLoop, labs: Labs402t) -> None:
    body = b'\xef\xbb\xbf{"to":"34600000000","text":"a"}'

    assert loop.run_until_complete(labs.post("/sms/send", body)).code == 0


def test_a_failure_of_ours_is_answered_in_an_envelope(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    async def fail() -> Reply:
        place = Place(engine="sqlite", where=str(tmp_path / "palomar.db"))
        await migrated(place)
        async with labs402t(place) as labs:
            await labs.add("demo")
            await labs.database.close()
            return await labs.get("/accounts/demo/balance")

    reply = loop.run_until_complete(fail())

    assert (reply.status, reply.json) == (500, {"status": -30, "message": "Petición no válida", "data": {}})

"""Heads that HTTP forbids are refused in the form of who owns the path, and too many slashes in a path are one."""

import asyncio

import pytest
from tests.dialects.contract_application import Application
from tests.dialects.contracts import every_speaker
from tests.dialects.speaking import Call, Reply, Speaker

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBER = "525512345678"


async def raw(palomar: Application, call: Call, *heads: str, version: str = "1.1", half_close: bool = False) -> Reply:
    """Return the answer to a request with exactly these lines in its head, beside those of the call."""
    reader, writer = await asyncio.open_connection("127.0.0.1", palomar.port)
    headers = [f"{name}: {value}" for name, value in call.headers.items()]
    framing = [] if any("Transfer-Encoding" in line for line in heads) else [f"Content-Length: {len(call.body)}"]
    lines = [f"{call.method} {call.target} HTTP/{version}", *heads, *headers, *framing, "Connection: close"]
    body = call.body if framing else b"%x\r\n%b\r\n0\r\n\r\n" % (len(call.body), call.body)
    if not framing and not call.body:
        body = b"0\r\n\r\n"
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    if half_close:
        writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    head, _, rest = answer.partition(b"\r\n\r\n")
    status, *found = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in found)
    return Reply(int(status.split()[1]), {name.lower(): value.strip() for name, _, value in pairs}, rest)


@every_speaker
@pytest.mark.parametrize(
    ("heads", "version", "status"),
    [
        ([], "1.1", 400),
        (["Host: a", "Host: b"], "1.1", 400),
        (["Host: a", "hOST: a"], "1.0", 400),
        (["Host: a", "Transfer-Encoding: gzip, chunked"], "1.1", 501),
        (["Host: a", "Transfer-Encoding: identity"], "1.1", 400),
        (["Host: a", "Content-Length: 1"], "1.1", 400),
    ],
    ids=["none", "two", "two by 1.0", "coded", "identity", "two lengths"],
)
async def test_a_bad_head_is_refused_in_the_dialects_form_and_nothing_is_sent(
    palomar: Application, speaker: Speaker, heads: list[str], version: str, status: int
) -> None:
    who = await palomar.customer()
    reply = await raw(palomar, speaker.send(who, NUMBER, "Hola"), *heads, version=version)
    assert reply.status == status
    speaker.check_bad_head(reply, status)
    assert reply.headers["connection"] == "close"
    assert await palomar.messages(who) == []


@every_speaker
@pytest.mark.parametrize("method", ["post", "get", "SEND"])
async def test_a_method_in_other_letters_is_a_wrong_one(palomar: Application, speaker: Speaker, method: str) -> None:
    who = await palomar.customer()
    call = speaker.send(who, NUMBER, "Hola")
    reply = await raw(palomar, Call(method, call.target, call.headers, call.body), "Host: h")
    speaker.check(reply)
    assert reply.status == 405
    assert "POST" in reply.headers["allow"].split(", ")


@every_speaker
async def test_http_1_0_needs_no_host(palomar: Application, speaker: Speaker) -> None:
    who = await palomar.customer()
    assert speaker.said(await raw(palomar, speaker.send(who, NUMBER, "Hola"), version="1.0")) == "accepted"


@every_speaker
async def test_a_client_that_half_closes_is_answered_and_billed_once(palomar: Application, speaker: Speaker) -> None:
    who = await palomar.customer()
    reply = await raw(palomar, speaker.send(who, NUMBER, "Hola"), "Host: h", half_close=True)
    assert speaker.said(reply) == "accepted"
    assert len(await palomar.messages(who)) == 1


@every_speaker
@pytest.mark.parametrize("spelling", ["//{0}", "/{1}", "http://palomar/{0}", "/%2F{0}"])
async def test_slashes_together_are_one(palomar: Application, speaker: Speaker, spelling: str) -> None:
    who = await palomar.customer()
    call = speaker.send(who, NUMBER, "Hola")
    path, question, query = call.target[1:].partition("?")
    target = spelling.format(path, path.replace("/", "//")) + question + query
    reply = await raw(palomar, Call(call.method, target, call.headers, call.body), "Host: h")
    assert speaker.said(reply) == "accepted"


@pytest.mark.parametrize("path", ["/health/live", "/console/", "/nowhere", "/abcdef1"])
async def test_bad_heads_for_other_paths_are_answered_in_plain_text(palomar: Application, path: str) -> None:
    reply = await raw(palomar, Call("GET", path))
    assert (reply.status, reply.content_type, reply.body) == (400, "text/plain", b"Bad Request\n")

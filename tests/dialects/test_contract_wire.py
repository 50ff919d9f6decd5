"""Whatever octets come: the answer is in the vendor's own form, never our fault, and no secret is in it."""

from urllib.parse import urlencode

import pytest
from tests.dialects.contract_application import Application
from tests.dialects.contracts import SPEAKERS, every_speaker
from tests.dialects.convergia.speaker import CONVERGIA
from tests.dialects.speaking import Call, Customer, Reply, Speaker, shows

pytestmark = pytest.mark.asyncio(loop_scope="module")

HUGE = 10 * 1024 * 1024
NUMBER = "525512345678"
ENVELOPE = b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>%b</e:Body></e:Envelope>'

JSON_BODIES = [
    b"",
    b" \r\n",
    b"\x00",
    b"\xff\xfe\xfd",
    b"\xef\xbb\xbf",
    b"{",
    b"}",
    b"{]",
    b'{"a":1}{"b":2}',
    b"null",
    b"true",
    b"1e999",
    b'"text"',
    b"[]",
    b"[[]]",
    b"[{},{}]",
    b"{}",
    b'{"":{}}',
    b'{"message":null,"recipient":null,"registros":null,"messages":null,"to":null,"text":null}',
    b'{"message":{},"recipient":{},"registros":{},"messages":{},"to":{},"text":{},"subid":{},"cmd":[]}',
    b'{"message":"x","recipient":[1,null,"x",[],{}],"registros":[1,null,"x",[],{}],"messages":[1,null,"x",[],{}]}',
    b'{"message":"\\ud83d","recipient":[{"msisdn":"%b"}],"to":"%b","text":"\\ud83d"}' % ((NUMBER.encode(),) * 2),
    b'{"registros":[{"telefono":%b,"mensaje":"\\u0000"}],"to":"1","text":"\\u0000"}' % NUMBER.encode(),
    b'{"message":"\xf1","to":"\xf1","registros":[{"telefono":"\xf1","mensaje":"\xf1"}]}',
    b'{"username":["x"],"password":{"x":1},"login":1,"current_password":0,"new_password":[]}',
    b'{"to":' + b"9" * 4_000 + b',"text":"x","registros":[{"telefono":' + b"9" * 4_000 + b',"mensaje":"x"}]}',
    b'{"messages":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b"username=x&password=y&message=%FF%FE&number=%",
    b"--b\r\nContent-Disposition: form-data; name=x\r\n\r\n",
]
FORM_BODIES = [
    b"",
    b"&&&===",
    b"%",
    b"%zz=%zz&number=%00",
    b"number=%FF&message=%FF",
    b"number=%s&message=%%00" % NUMBER.encode(),
    b"message[]=x&number[a]=1",
    b"messageid=-1",
    b"messageid=99999999999999999999",
    "messageid=١٢٣٤".encode(),
    b"a=1&" * 50_000,
    b'{"number":"x"}',
    b"\xff" * 100,
]
SOAP_BODIES = [
    b"",
    b"\x00",
    b"<",
    b"<a/>",
    b"<a><b></a>",
    b"plain text",
    ENVELOPE % b"",
    ENVELOPE % b"<x/>",
    ENVELOPE % b"<enviar_mensaje/>",
    ENVELOPE % b"<enviar_mensaje><username><a><b/></a></username></enviar_mensaje>",
    ENVELOPE % b"<estatus_mensaje><messageid>9</messageid></estatus_mensaje>",
    ENVELOPE % b"<enviar_mensaje>&undefined;</enviar_mensaje>",
    b'<!DOCTYPE e [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + ENVELOPE % b"<enviar_mensaje>&x;</enviar_mensaje>",
    b'<?xml version="1.0" encoding="martian"?><a/>',
    b"<a>" * 10_000,
    b"\xff\xfe" + "<a/>".encode("utf-16-le"),
    '<?xml version="1.0" encoding="ISO-8859-1"?><ñ/>'.encode("latin-1"),
]
BODIES = {"json": JSON_BODIES, "form": FORM_BODIES, "soap": SOAP_BODIES}
EVERY_PATH = [(speaker, path) for speaker in SPEAKERS for path in speaker.posts]
every_path = pytest.mark.parametrize(
    ("speaker", "path"), EVERY_PATH, ids=[f"{speaker.name} {path}" for speaker, path in EVERY_PATH]
)


async def answer(palomar: Application, speaker: Speaker, who: Customer, call: Call) -> Reply:
    """Return the answer, checked: in the vendor's form and without a secret."""
    reply = await palomar.ask(call)
    speaker.check(reply)
    said = repr(reply.headers).encode() + reply.body
    assert not any(shows(said, secret) for secret in who.secrets)
    assert reply.status < 500 or speaker.fault_is_500
    return reply


@every_path
async def test_malformed_bodies_are_declined_and_send_nothing(
    palomar: Application, speaker: Speaker, path: str
) -> None:
    who = await palomar.customer()
    for body in BODIES[speaker.bodies]:
        await answer(palomar, speaker, who, speaker.post(who, path, body))
    assert await palomar.messages(who) == []


@every_path
async def test_a_body_of_ten_mebibytes_is_declined(palomar: Application, speaker: Speaker, path: str) -> None:
    who = await palomar.customer()
    await answer(palomar, speaker, who, speaker.post(who, path, b"x" * HUGE))
    assert await palomar.messages(who) == []


@every_speaker
async def test_a_huge_body_of_a_send_is_answered_as_too_large(palomar: Application, speaker: Speaker) -> None:
    who = await palomar.customer()
    send = speaker.send(who, NUMBER, "Hola")
    path = speaker.post_to or send.target
    reply = await answer(palomar, speaker, who, speaker.post(who, path, send.body + b" " * HUGE))
    assert speaker.said(reply) == speaker.huge


@every_path
@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "OPTIONS", "TRACE"])
async def test_a_wrong_method_is_answered_with_the_allowed_ones(
    palomar: Application, speaker: Speaker, path: str, method: str
) -> None:
    who = await palomar.customer()
    right = speaker.post(who, path, b"{}")
    reply = await answer(palomar, speaker, who, Call(method, right.target, right.headers, right.body))
    assert reply.status == 405
    assert "POST" in reply.headers["allow"].split(", ")


@every_speaker
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_an_unknown_path_below_a_prefix_has_that_dialects_404(
    palomar: Application, speaker: Speaker, method: str
) -> None:
    who = await palomar.customer()
    for path in speaker.unknown:
        there = speaker.post(who, path, b"")
        reply = await answer(palomar, speaker, who, Call(method, there.target, there.headers))
        assert reply.status == 404, path


@pytest.mark.parametrize("speaker", [one for one in SPEAKERS if one.authorization], ids=lambda speaker: speaker.name)
@pytest.mark.parametrize(
    "authorization",
    ["", "Basic", "Basic !!!", "Basic AAAA", "Bearer", "Bearer ", "Bearer a.b.c", "Digest x=1", "ñ" * 50],
)
async def test_malformed_credentials_are_bad_credentials(
    palomar: Application, speaker: Speaker, authorization: str
) -> None:
    who = await palomar.customer()
    send = speaker.send(who, NUMBER, "Hola")
    reply = await answer(
        palomar,
        speaker,
        who,
        Call(send.method, send.target, {**send.headers, "Authorization": authorization}, send.body),
    )
    assert reply.status == 401
    assert await palomar.messages(who) == []


async def test_convergia_reports_the_first_missing_parameter(palomar: Application) -> None:
    who = await palomar.customer()
    whole = {"username": who.login, "password": who.password, "message": "Hola", "number": NUMBER}
    for count, code in enumerate(("101", "102", "103", "104")):
        given = dict(list(whole.items())[:count])
        reply = await answer(palomar, CONVERGIA, who, Call("GET", "/?extra=x&" + urlencode(given)))
        assert CONVERGIA.said(reply) == code

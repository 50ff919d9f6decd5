"""However a request is made, its work and its memory grow no faster than its octets, up to what each dialect takes.

Each example is a piece of text, repeated, in one of the places where a dialect takes text: eight times as many pieces
must not take much more than eight times the processor time. Measured in process time, without a listener.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.dialects.contract_house import House, ask_face, running_house
from tests.dialects.speakers import CONVERGIA, CONVERGIA_SOAP, FOXSYS, LABS402T, SOFMEX, Call, Customer
from tests.support.growth import cpu_seconds, peak_octets

from palomar.dialects import DIALECTS
from palomar.net.networks import TrustedProxies

pytestmark = pytest.mark.asyncio(loop_scope="module")

TIMES: Final = 8
BEYOND: Final = 3.0
"""What is quadratic takes eight times as long as what is linear."""
AN_OCTET_SECONDS: Final = 40e-9
"""What is quicker than this an octet is a single look at the body, whether or not the small one needed it."""
AN_OCTET_HELD: Final = 100
FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
NUMBER: Final = "525512345678"

LETTERS: Final = "()[]{}<>\"'\\/.,;:!?&%=#@+- \t\r\n0aé€ж😀\u0301\u200b\ufb01\u2026\ud83d"
PIECES: Final = st.lists(st.sampled_from([*LETTERS, "http://a", "%a%", "{t}"]), min_size=1, max_size=4).map("".join)
Make = Callable[[Customer, str], Call]


def labs(who: Customer, document: dict[str, Any], path: str = "/sms/send") -> Call:
    return LABS402T.post(who, f"/api/v1{path}", json.dumps(document).encode())


def foxsys(who: Customer, **document: Any) -> Call:
    known = {"message": "Hola", "recipient": [{"msisdn": NUMBER}], "long": 1, "ucs2": 1}
    return FOXSYS.post(who, "/json/send", json.dumps(known | document).encode())


def sofmex(who: Customer, **record: Any) -> Call:
    records = [{"telefono": NUMBER, "mensaje": "Hola"} | record]
    return SOFMEX.post(who, "/sms/v3/asignacion", json.dumps({"registros": records}).encode())


def octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


PLACES: Final[dict[str, dict[str, Make]]] = {
    "foxsys": {
        "message": lambda who, text: foxsys(who, message=text),
        "a message with short links": lambda who, text: foxsys(who, message=text, shortlink=1),
        "a value": lambda who, text: foxsys(
            who, message="%a%", parameters=[{"a": {"msisdn": "default", "value": text}}], shortlink=1
        ),
        "a message with values": lambda who, text: foxsys(
            who, message=text, parameters=[{"a": {"msisdn": "default", "value": ""}}]
        ),
        "a number": lambda who, text: foxsys(who, recipient=[{"msisdn": text}]),
        "tpoa": lambda who, text: foxsys(who, tpoa=text),
        "label": lambda who, text: foxsys(who, label=text),
        "ackurl": lambda who, text: foxsys(who, ackurl=f"http://a/{text}"),
        "scheduled": lambda who, text: foxsys(who, scheduled=text),
        "subid": lambda who, text: foxsys(who, subid=text),
        "raw": lambda who, text: FOXSYS.post(who, "/json/send", octets(text)),
        "raw in a list": lambda who, text: FOXSYS.post(who, "/json/send", b'{"recipient":[' + octets(text)),
    },
    "labs402t": {
        "text": lambda who, text: labs(who, {"to": f"+{NUMBER}", "text": text}),
        "to": lambda who, text: labs(who, {"to": text, "text": "x"}),
        "from": lambda who, text: labs(who, {"to": f"+{NUMBER}", "text": "x", "from": text}),
        "texts": lambda who, text: labs(who, {"messages": [{"to": text, "text": text}] * 20}, "/sms/batch"),
        "send_at": lambda who, text: labs(who, {"to": f"+{NUMBER}", "text": "x", "send_at": text}, "/sms/schedule"),
        "raw": lambda who, text: LABS402T.post(who, "/api/v1/sms/send", octets(text)),
    },
    "sofmex": {
        "mensaje": lambda who, text: sofmex(who, mensaje=text),
        "telefono": lambda who, text: sofmex(who, telefono=text),
        "raw": lambda who, text: SOFMEX.post(who, "/sms/v3/asignacion", octets(text)),
        "a question": lambda who, text: SOFMEX.post(
            who, "/sms/v3/status", json.dumps({"registros": [{"idMessage": text}]}).encode()
        ),
        "a login": lambda who, text: Call("POST", "/login", FORM, b"username=&x=" + octets(text)),
    },
    "convergia": {
        "message": lambda who, text: CONVERGIA.post(
            who, "/", b"number=%b&message=%b" % (NUMBER.encode(), octets(text))
        ),
        "number": lambda who, text: CONVERGIA.post(who, "/", b"message=x&number=%b" % octets(text)),
        "raw": lambda who, text: CONVERGIA.post(who, "/", octets(text)),
        "raw in parts": lambda who, text: Call(
            "POST", "/", {"Content-Type": "multipart/form-data; boundary=b"}, b"--b\r\n" + octets(text)
        ),
        "raw in an envelope": lambda who, text: CONVERGIA_SOAP.post(who, "/webservice.php", octets(text)),
        "text in an envelope": lambda who, text: CONVERGIA_SOAP.send(who, NUMBER, printable(text)),
    },
}
LARGE: Final = {"foxsys": 400_000, "labs402t": 400_000, "sofmex": 400_000, "convergia": 160_000}
WITHIN: Final = 39_000
"""Octets of a text that FOXSYS still looks at."""


def printable(text: str) -> str:
    """Without what no XML holds."""
    return "".join(letter for letter in text if letter.isprintable() and not "\ud800" <= letter <= "\udfff")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def palomar(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with running_house(tmp_path_factory.mktemp("growth"), carrier=False) as house:
        yield house


@pytest.mark.parametrize("dialect", PLACES)
async def test_work_and_memory_grow_no_faster_than_the_octets(palomar: House, dialect: str, tmp_path: Path) -> None:
    who = await palomar.customer(credit=1_000_000, unpaid_limit=0)
    known = next(one for one in DIALECTS if one.name == dialect)
    face = known.face(palomar.app.gateway, TrustedProxies(), 8 * 1024 * 1024, palomar.app.config.dialects[dialect])
    loop = asyncio.get_running_loop()
    failures: list[str] = []

    def seconds(call: Call) -> float:
        return cpu_seconds(lambda: run(ask_face(face, call)))

    def run(awaitable: Any) -> None:
        asyncio.run_coroutine_threadsafe(awaitable, loop).result(30)

    @settings(max_examples=50, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(sorted(PLACES[dialect])), PIECES, st.sampled_from((WITHIN, LARGE[dialect])))
    def examples(place: str, piece: str, most: int) -> None:
        make = PLACES[dialect][place]
        large = piece * (most // len(octets(piece)))
        small = large[: len(large) // TIMES]
        calls = make(who, small), make(who, large)
        length = len(calls[1].body) + len(calls[1].target)
        ratio = seconds(calls[1]) / max(seconds(calls[0]) * TIMES, length * AN_OCTET_SECONDS)
        if ratio > BEYOND:
            failures.append(f"{place} of {piece!r}: {ratio:.1f} times what is linear")
        held = [peak_octets(lambda call=call: run(ask_face(face, call))) for call in calls]  # type: ignore[misc]
        if held[1] > max(held[0] * TIMES * BEYOND, length * AN_OCTET_HELD):
            failures.append(f"{place} of {piece!r}: {held} octets held, for {length}")

    await asyncio.to_thread(examples)
    assert failures == []

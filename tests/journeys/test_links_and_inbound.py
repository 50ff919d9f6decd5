"""Short links are followed and told; what phones write is joined, told, and obeyed. Signed, on the real application."""

import contextlib
import hashlib
import hmac
import http.client
import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.support.foxsys_client import FoxsysClient
from tests.support.live_smsc import LiveSmsc
from tests.support.server import Palomar, Server
from tests.support.sink import Post, Sink
from tests.support.smscs import LOCAL_CALLBACKS, carrier_toml
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey

PHONE, NUMBER, SECRET = "34600000001", "34900100200", "s3cret"
TARGET = "https://shop.example.com/offer?id=1&who=2"
BROWSER = "Mozilla/5.0 (Linux; Android 14) Chrome/120 Mobile"


@pytest.fixture
def smsc() -> Iterator[LiveSmsc]:
    with LiveSmsc() as running:
        yield running


class Acme(Palomar):
    """A house whose only carrier is that SMSC, and a customer who is called back."""

    def __init__(self, directory: Path, smsc: LiveSmsc, sink: Sink) -> None:
        super().__init__(directory, toml=carrier_toml(smsc.port) + LOCAL_CALLBACKS)
        self._key = self.account("acme")
        settings = {"clickurl": f"{sink.url}/click", "inboundurl": f"{sink.url}/in", "callback_secret": SECRET}
        self.command("account", "set", "acme", *(f"{name}={value}" for name, value in settings.items()))
        self.command("number", "add", f"+{NUMBER}", "--account", "acme")

    def client(self, server: Server) -> FoxsysClient:
        return FoxsysClient(server.url, "acme", self._key)


@pytest.fixture
def acme(tmp_path: Path, smsc: LiveSmsc, sink: Sink) -> Acme:
    return Acme(tmp_path / "house", smsc, sink)


def test_each_recipient_s_link_leads_to_the_page_and_tells_who_followed_it(
    acme: Acme, smsc: LiveSmsc, sink: Sink
) -> None:
    with acme.serve() as server, acme.client(server) as program:
        numbers = [PHONE, "34600000002"]
        answer = program.request(
            "POST",
            "/json/send",
            {
                "message": f"Offer ({TARGET}).",
                "recipient": [{"msisdn": number} for number in numbers],
                "subid": "links",
                "shortlink": 1,
            },
        )
        assert answer.code == "0"
        eventually(lambda: all(smsc.texts(number) for number in numbers), within_seconds=10, what="both messages")
        links = [link_in(smsc.texts(number)[0], server.url) for number in numbers]
        assert len(set(links)) == 2

        assert follow(links[1], "WhatsApp/2.23.20.0 A") == (302, TARGET)
        assert follow(links[1], BROWSER) == (302, TARGET)
        assert follow(f"{server.url}/zzzzzz1", BROWSER)[0] == 404

        (post,) = eventually(lambda: list(sink.posts), within_seconds=10, what="the click is told")
        assert post.path == "/callback/click"
        assert post.json | {"timestamp": ""} == {
            "subid": "links",
            "msisdn": numbers[1],
            "ip": "127.0.0.1",
            "useragent": BROWSER,
            "timestamp": "",
        }
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", post.json["timestamp"])
        assert is_signed(post)
        (message,) = acme.json("message", "list", "--msisdn", numbers[1])
        clicks = [m["detail"]["robot"] for m in timeline(acme, message["id"]) if m["kind"] == "clicked"]
        assert clicks == [True, False]
    acme.audit()


def test_a_long_message_from_a_phone_is_told_whole_though_its_parts_come_backwards(
    acme: Acme, smsc: LiveSmsc, sink: Sink
) -> None:
    text = "".join(f"{number:03} palabras, " for number in range(30))
    with acme.serve():
        smsc.write(text, source=PHONE, destination=NUMBER, backwards=True)
        (post,) = eventually(lambda: list(sink.posts), within_seconds=10, what="the message is told")
        assert post.path == "/callback/in"
        assert post.json | {"timestamp": ""} == {
            "inbound_number": NUMBER,
            "msisdn": PHONE,
            "message": text,
            "service_number": NUMBER,
            "timestamp": "",
        }
        assert is_signed(post)
        smsc.write("hello?", source=PHONE, destination="34900999999")
        unclaimed = eventually(lambda: acme.json("number", "unclaimed"), within_seconds=10, what="kept for nobody")
        assert [(found["number"], found["messages"]) for found in unclaimed] == [("34900999999", 1)]
        assert len(sink.posts) == 1


def test_a_phone_that_writes_baja_gets_nothing_more_until_it_writes_alta(
    acme: Acme, smsc: LiveSmsc, sink: Sink
) -> None:
    with acme.serve() as server, acme.client(server) as program:
        smsc.write("¡Baja!", source=PHONE, destination=NUMBER)
        eventually(lambda: len(sink.posts) == 1, within_seconds=10, what="BAJA is told")
        assert program.send("hi", PHONE, subid="blocked").code == "0"
        smsc.write("alta", source=PHONE, destination=NUMBER)
        eventually(lambda: len(sink.posts) == 2, within_seconds=10, what="ALTA is told")
        assert program.send("again", PHONE, subid="sent").code == "0"
        eventually(lambda: smsc.texts(PHONE), within_seconds=10, what="the second message")
        assert smsc.texts(PHONE) == ["again"]
        (blocked,) = acme.json("message", "list", "--subid", "blocked")
        assert blocked["state"] == "blocked"
        assert acme.json("blacklist", "list", "--account", "acme") == []
    acme.audit()


def test_a_callback_that_failed_for_good_is_replayed_with_a_signature_of_its_own(
    acme: Acme, smsc: LiveSmsc, sink: Sink
) -> None:
    sink.status = 500
    with acme.serve():
        smsc.write("hola", source=PHONE, destination=NUMBER)
        (waiting,) = eventually(lambda: attempted(acme), within_seconds=10, what="the first attempt")
        assert (waiting["failed"], waiting["about"].split()[0]) == (False, "inbound")
        with contextlib.closing(sqlite3.connect(acme.data_dir / "palomar.db", timeout=5)) as database, database:
            database.execute("UPDATE callbacks SET failed = 1")  # as after a day
        assert [entry["id"] for entry in acme.json("callback", "list", "--failed")] == [waiting["id"]]

        sink.status = 200
        acme.command("callback", "replay", str(waiting["id"]))

        eventually(lambda: not acme.json("callback", "list"), within_seconds=10, what="the outbox is empty")
        first, second = sink.posts
        assert first.body == second.body
        assert is_signed(second)


def link_in(text: str, url: str) -> str:
    match = re.fullmatch(rf"Offer \(({re.escape(url)}/[0-9A-Za-z]{{7}})\)\.", text)
    assert match is not None, text
    return match[1]


def follow(link: str, agent: str) -> tuple[int, str | None]:
    """What a browser gets: status, and where it is sent."""
    address = urlsplit(link)
    assert address.hostname is not None
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    connection.request("GET", address.path, headers={"User-Agent": agent})
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status, response.getheader("Location")


def is_signed(post: Post) -> bool:
    """As a customer checks it."""
    told = dict(piece.split("=", 1) for piece in post.signature.split(","))
    wanted = hmac.new(SECRET.encode(), told["t"].encode() + b"." + post.body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted, told["v1"]) and abs(time.time() - int(told["t"])) < 60


def timeline(acme: Acme, identity: str) -> list[dict[str, Any]]:
    moments: list[dict[str, Any]] = acme.json("message", "show", identity)["timeline"]
    return moments


def attempted(acme: Acme) -> list[dict[str, Any]]:
    return [entry for entry in acme.json("callback", "list") if entry["attempts"]]

"""The main job against an SMSC that is not ours: npm's ``smpp``, over TCP, configured in TOML."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.certificates import Authority
from tests.support.foxsys_client import FoxsysClient
from tests.support.server import Palomar, Server
from tests.support.sink import Sink
from tests.support.smscs import (
    LOCAL_CALLBACKS,
    PASSWORD,
    SYSTEM_ID,
    NpmSmsc,
    carrier_toml,
    drive_smpp,
    npm_smsc,
    npm_smsc_with_tls,
)
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey


@pytest.fixture
def smsc(tmp_path: Path) -> Iterator[NpmSmsc]:
    with npm_smsc(tmp_path) as running:
        yield running


class Acme(Palomar):
    """A house whose only carrier is that SMSC, and a customer."""

    def __init__(self, directory: Path, smsc: NpmSmsc, **more: object) -> None:
        super().__init__(directory, toml=carrier_toml(smsc.port, **more) + LOCAL_CALLBACKS)
        self._key = self.account("acme")

    def client(self, server: Server) -> FoxsysClient:
        return FoxsysClient(server.url, "acme", self._key)


def ended(acme: Palomar, subid: str) -> dict[str, Any] | None:
    """The message of a request once it has ended."""
    (message,) = acme.json("message", "list", "--subid", subid)
    return message if message["final"] else None


def test_a_message_goes_through_it_and_its_receipt_comes_back_to_the_customer(
    tmp_path: Path, smsc: NpmSmsc, sink: Sink
) -> None:
    acme = Acme(tmp_path / "house", smsc)
    with acme.serve() as server, acme.client(server) as program:
        answer = program.send("Hola, ¿qué tal? 1€", "34600000009", tpoa="Palomar", subid="journey", ackurl=sink.url)
        assert (answer.status, answer.body["code"], answer.body["subid"]) == (200, "0", "journey")

        eventually(lambda: len(sink.paths) >= 2, within_seconds=10, what="both callbacks")
        assert [(c["acklevel"], c["desc"], c["subid"]) for c in sink.callbacks()] == [
            ("operator", "ACCEPTD", "journey"),
            ("handset", "DELIVRD", "journey"),
        ]
        (submit,) = smsc.events("submit")
        assert (submit["number"], submit["source"], submit["text"]) == ("34600000009", "Palomar", "Hola, ¿qué tal? 1€")
        assert submit["receipt"] == 1
        eventually(lambda: smsc.events("receipt answered"), within_seconds=5, what="the receipt is acknowledged")
        assert smsc.events("receipt answered") == [{"event": "receipt answered", "status": 0}]
        (message,) = acme.json("message", "list")
        assert (message["state"], message["carrier"], message["dialect"]) == ("delivered", "outside", "foxsys")
        assert server.stop() == 0
    assert smsc.events("unbind")
    acme.audit()


def test_a_text_beyond_gsm_and_one_of_several_parts_arrive_as_they_were_written(tmp_path: Path, smsc: NpmSmsc) -> None:
    acme = Acme(tmp_path / "house", smsc)
    long_text = "Palomar " * 30
    with acme.serve() as server, acme.client(server) as program:
        unicode = program.send("Привет, 世界 🐦", "34600000008", ucs2=1)
        parts = program.send(long_text, "34600000009", long=True)
        for answer in (unicode, parts):
            eventually(lambda subid=answer.body["subid"]: ended(acme, subid), within_seconds=10, what="delivered")
    texts: dict[str, list[dict[str, Any]]] = {}
    for submit in smsc.events("submit"):
        texts.setdefault(submit["number"], []).append(submit)
    assert [(submit["text"], submit["coding"]) for submit in texts["34600000008"]] == [("Привет, 世界 🐦", 8)]
    assert "".join(submit["text"] for submit in texts["34600000009"]) == long_text
    assert len(texts["34600000009"]) == 2


def test_what_it_refuses_is_rejected_and_given_back_and_what_it_fails_to_deliver_is_paid(
    tmp_path: Path, smsc: NpmSmsc, sink: Sink
) -> None:
    acme = Acme(tmp_path / "house", smsc)
    with acme.serve() as server, acme.client(server) as program:
        refused = program.send("hi", "34600000003", ackurl=sink.url).body["subid"]
        undelivered = program.send("hi", "34600000001", ackurl=sink.url).body["subid"]
        states = {
            subid: eventually(lambda subid=subid: ended(acme, subid), within_seconds=10, what="an end")["state"]
            for subid in (refused, undelivered)
        }
        assert states == {refused: "rejected", undelivered: "undelivered"}
        eventually(lambda: len(sink.paths) >= 3, within_seconds=10, what="three callbacks")
        assert program.balance().body == {"code": 0, "credits": "99.00"}
    told = {(c["acklevel"], c["status"], c["desc"], c["subid"]) for c in sink.callbacks()}
    assert told == {
        ("error", "ko", "REJECTD", refused),
        ("operator", "ok", "ACCEPTD", undelivered),
        ("error", "ko", "UNDELIV", undelivered),
    }
    acme.audit()


def test_a_link_that_is_cut_comes_back_and_brings_the_receipt(tmp_path: Path, smsc: NpmSmsc) -> None:
    acme = Acme(tmp_path / "house", smsc)
    with acme.serve() as server, acme.client(server) as program:
        subid = program.send("hi", "34600000002").body["subid"]
        message = eventually(lambda: ended(acme, subid), within_seconds=10, what="an end after the link came back")
        assert message["state"] == "delivered"
    assert len(smsc.events("bind")) == 2
    assert len(smsc.events("submit")) == 1


def test_a_wrong_password_is_refused_again_and_again_while_messages_wait(tmp_path: Path, smsc: NpmSmsc) -> None:
    acme = Acme(tmp_path / "house", smsc, password="wrong")
    with acme.serve() as server, acme.client(server) as program:
        eventually(lambda: len(smsc.events("bind")) >= 2, within_seconds=10, what="two binds")
        assert {bind["welcome"] for bind in smsc.events("bind")} == {False}
        assert program.send("hi", "34600000009").code == "0"
        assert [message["state"] for message in acme.json("message", "list")] == ["queued"]
        ready = program.request("GET", "/health/ready")
        assert (ready.status, ready.body["carriers"]) == (200, {"outside": False})
        assert "ESME_RINVPASWD" in server.stderr
        assert server.stop() == 0


LONG = "Hola, ¿qué tal? " * 12
"""192 septets: two parts."""


@pytest.mark.parametrize(
    ("wishes", "command", "told"),
    [
        ({"long_messages": "sar"}, "submit_sm", {"in_payload": False, "header": []}),
        ({"long_messages": "payload"}, "submit_sm", {"in_payload": True, "sar": None}),
        ({"submit": "data_sm"}, "data_sm", {"in_payload": True, "sar": None}),
        ({"submit": "data_sm", "long_messages": "sar"}, "data_sm", {"in_payload": True, "header": []}),
        ({"bind": "transmitter+receiver", "links": 2}, "submit_sm", {"in_payload": False, "sar": None}),
    ],
    ids=["sar", "payload", "data_sm", "data_sm and sar", "transmitter and receiver"],
)
def test_a_long_message_arrives_whole_in_every_way_that_a_carrier_may_want(
    tmp_path: Path, smsc: NpmSmsc, wishes: dict[str, Any], command: str, told: dict[str, Any]
) -> None:
    acme = Acme(tmp_path / "house", smsc, **wishes)
    with acme.serve() as server, acme.client(server) as program:
        subid = program.send(LONG, "34600000009", long=True).body["subid"]
        message = eventually(lambda: ended(acme, subid), within_seconds=10, what="both receipts")
        assert (message["state"], message["parts"]) == ("delivered", 2)
        assert server.stop() == 0
    submits = sorted(smsc.events("submit"), key=lambda submit: (submit["sar"], submit["header"]))
    assert "".join(submit["text"] for submit in submits) == LONG
    assert {submit["command"] for submit in submits} == {command}
    for number, submit in enumerate(submits, 1):
        assert {name: submit[name] for name in told} == told
        if submit["sar"] is not None:
            assert submit["sar"][1:] == [2, number]
        else:
            assert submit["header"][0].endswith(f"02{number:02x}")


def test_what_a_carrier_wants_in_every_submit_stands_in_it_and_the_echo_comes_back(
    tmp_path: Path, smsc: NpmSmsc
) -> None:
    acme = Acme(
        tmp_path / "house",
        smsc,
        service_type="CMT",
        source_types={"alphanumeric": "5/1"},
        priority=2,
        validity="relative",
        validity_seconds=3_600,
        echo=True,
        receipts="always",
    )
    with acme.serve() as server, acme.client(server) as program:
        subid = program.send("hi", "34600000009", tpoa="Palomar").body["subid"]
        eventually(lambda: ended(acme, subid), within_seconds=10, what="the receipt")
    (submit,) = smsc.events("submit")
    assert (submit["service"], submit["ton"], submit["npi"], submit["priority"]) == ("CMT", 5, 1, 2)
    assert submit["validity"]
    assert isinstance(submit["echo"], int)


def test_a_text_in_a_language_of_the_carrier_takes_fewer_parts_and_is_read_by_it(tmp_path: Path, smsc: NpmSmsc) -> None:
    acme = Acme(tmp_path / "house", smsc, languages=["spanish"])
    text = "Mañana a las 3: ¿vendrá Ávila? Ángel está en Cádiz, allí sí hay sitio; si no, él irá también. Adiós"
    with acme.serve() as server, acme.client(server) as program:
        subid = program.send(text, "34600000009", ucs2=1, long=True).body["subid"]
        message = eventually(lambda: ended(acme, subid), within_seconds=10, what="the receipt")
    assert (message["parts"], message["alphabet"]) == (1, "spanish-single")
    (submit,) = smsc.events("submit")
    assert (submit["text"], submit["coding"], submit["header"]) == (text, 0, ["240102"])


@pytest.mark.parametrize("shown", ["ours", "a stranger's"])
def test_a_carrier_that_asks_for_our_certificate_sees_it(tmp_path: Path, shown: str) -> None:
    theirs, ours = Authority(tmp_path, "carrier"), Authority(tmp_path, "us")
    client = (ours if shown == "ours" else Authority(tmp_path, "stranger")).issue("palomar.example", to="client")
    with npm_smsc_with_tls(tmp_path, theirs.issue("127.0.0.1"), ours.file) as smsc:
        acme = Acme(
            tmp_path / "house",
            smsc,
            tls=True,
            tls_ca=str(theirs.file),
            tls_certificate=str(client.certificate),
            tls_key=str(client.key),
        )
        with acme.serve() as server, acme.client(server) as program:
            subid = program.send("hi", "34600000009").body["subid"]
            if shown == "ours":
                message = eventually(lambda: ended(acme, subid), within_seconds=10, what="delivered over TLS")
                assert message["state"] == "delivered"
            else:
                eventually(lambda: smsc.events("tls refused"), within_seconds=10, what="the handshake is refused")
                assert [message["state"] for message in acme.json("message", "list")] == ["queued"]
    assert bool(smsc.events("submit")) is (shown == "ours")


def test_kannels_own_smsc_is_bound_twice_and_what_goes_each_way_arrives(tmp_path: Path) -> None:
    with drive_smpp(tmp_path, messages=20) as port:
        toml = carrier_toml(port, bind="transmitter+receiver", system_type="VMA")
        acme = Palomar(tmp_path / "house", toml=toml.replace(SYSTEM_ID, "foo").replace(PASSWORD, "bar"))
        key = acme.account("acme")
        with acme.serve() as server, FoxsysClient(server.url, "acme", key) as program:
            subids = [program.send(f"message {n}", "34600000009", ackurl="").body["subid"] for n in range(5)]
            for subid in subids:
                eventually(lambda subid=subid: sent(acme, subid), within_seconds=10, what="its answer")
            eventually(lambda: unclaimed(acme) == {"123": 20}, within_seconds=10, what="what its SMSC sent is kept")


def sent(acme: Palomar, subid: str) -> bool:
    (message,) = acme.json("message", "list", "--subid", subid)
    return message["state"] == "sent"


def unclaimed(acme: Palomar) -> dict[str, int]:
    """How many inbound messages each number got that no account owns."""
    return {row["number"]: row["messages"] for row in acme.json("number", "unclaimed")}

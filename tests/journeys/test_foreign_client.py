"""Our stand-alone simulator as the SMSC of clients that are not ours: Kannel, and a library of PyPI."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.kannel import Kannel
from tests.support.live_smsc import LiveSmsc
from tests.support.processes import Process
from tests.support.sink import Sink
from tests.support.smscs import PASSWORD, SYSTEM_ID, simulator
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey

DELIVERED, FAILED, TAKEN, REFUSED = "1", "2", "8", "16"
"""Kannel's kinds of report."""

_CLIENT = Path(__file__).parents[1] / "support" / "aiosmpp_client.py"
LONG, WORLD, LONG_WORLD = "Palomar " * 30, "Привет, 世界", "Привет, 世界! " * 12


@pytest.fixture
def smsc() -> Iterator[LiveSmsc]:
    with LiveSmsc() as running:
        yield running


# --- Kannel


def test_kannel_binds_sends_and_gets_the_receipts_that_the_numbers_ask_for(tmp_path: Path, sink: Sink) -> None:
    wanted = {
        "34600000000": {TAKEN, DELIVERED},
        "34600099901": {TAKEN, FAILED},
        "34600099904": {REFUSED},
        "34600000001": {TAKEN, DELIVERED},
        "34600000002": {TAKEN, DELIVERED},
    }
    texts = {"34600000001": WORLD, "34600000002": LONG}
    with simulator(tmp_path) as smsc:
        with Kannel(tmp_path, smsc_port=smsc.port, system_id=SYSTEM_ID, password=PASSWORD) as kannel:
            for number in wanted:
                kannel.send(to=number, text=texts.get(number, "Hola"), dlr_url=f"{sink.url}?to={number}&kind=%d")
            eventually(lambda: reported(sink, wanted) == wanted, within_seconds=15, what="every report")
        counted = smsc.counted()
    assert counted["submitted"] == len(wanted) + 1, "the long text is two parts"
    assert counted["refused"] == 1
    assert counted["deliveries_refused"] == 0


def test_phones_show_what_kannel_sent_and_kannel_gets_what_they_write(
    tmp_path: Path, sink: Sink, smsc: LiveSmsc
) -> None:
    texts = {"34600000001": LONG_WORLD, "34600000002": LONG, "34600000003": "Hola €"}
    with Kannel(tmp_path, smsc_port=smsc.port, system_id=SYSTEM_ID, password=PASSWORD, inbound_url=sink.url) as kannel:
        for number, text in texts.items():
            kannel.send(to=number, text=text, dlr_url=sink.url, sender="85355")
        for number, text in texts.items():
            eventually(lambda n=number: smsc.shown(n), within_seconds=15, what=f"a message at {number}")  # type: ignore[misc]
            eventually(lambda n=number, t=text: smsc.shown(n)[0].text == t, within_seconds=15, what=text)  # type: ignore[misc]
        smsc.answer("34600000001", "85355", "BAJA")
        smsc.answer("34600000002", "85355", LONG)
        told = eventually(lambda: inbound(sink, 2), within_seconds=15, what="both answers")
    assert sorted(told) == [("34600000001", "85355", "BAJA"), ("34600000002", "85355", LONG)]


def reported(sink: Sink, wanted: dict[str, set[str]]) -> dict[str, set[str]]:
    """The kinds of report that came for each number."""
    kinds: dict[str, set[str]] = {number: set() for number in wanted}
    for callback in sink.callbacks():
        kinds[callback["to"]].add(callback["kind"])
    return kinds


def inbound(sink: Sink, count: int) -> list[tuple[str, str, str]]:
    """What phones wrote, once so many have."""
    told = [(c["from"].lstrip("+"), c["to"], c["text"]) for c in sink.callbacks() if "text" in c]
    return told if len(told) >= count else []


# --- aiosmpplib


class PythonClient(Process):
    """A client of ``aiosmpplib`` that sends these messages; :meth:`events` is what it tells."""

    def __init__(self, directory: Path, port: int, *messages: tuple[str, str, str]) -> None:
        wanted = [{"to": to, "text": text, "how": how} for to, text, how in messages]
        command = [sys.executable, str(_CLIENT), str(port), SYSTEM_ID, PASSWORD, json.dumps(wanted)]
        super().__init__(command, directory=directory, name="aiosmpp_client")

    def events(self, kind: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.stdout.splitlines(keepends=True) if line.endswith("\n")]
        return [line for line in lines if line["event"] == kind]

    def until(self, kind: str, count: int) -> list[dict[str, Any]]:
        return eventually(
            lambda: found if len(found := self.events(kind)) >= count else [],
            within_seconds=15,
            what=f"{count} of {kind}: {self.stdout}{self.stderr}",
        )


def test_a_python_client_sends_texts_of_every_kind_gets_receipts_and_what_a_phone_writes(
    tmp_path: Path, smsc: LiveSmsc
) -> None:
    messages = [
        ("34600000001", "Hola", "plain"),
        ("34600000002", WORLD, "plain"),
        ("34600000003", LONG, "udh"),
        ("34600000004", LONG_WORLD, "udh"),
        ("34600000005", LONG * 2, "payload"),
        ("34600099901", "Hola", "plain"),
        ("34600099904", "Hola", "plain"),
    ]
    with PythonClient(tmp_path, smsc.port, *messages) as client:
        answers = {event["log_id"]: event["status"] for event in client.until("answer", len(messages))}
        receipts = {event["log_id"]: event["stat"] for event in client.until("receipt", len(messages) - 1)}
        smsc.answer("34600000001", "85355", "BAJA")
        (wrote,) = client.until("inbound", 1)
        smsc.answer("34600000001", "85355", LONG)
        _, wrote_long = client.until("inbound", 2)
        assert client.events("error") == []

    refused = {"34600099904"}
    assert answers == {to: "ESME_RINVDSTADR" if to in refused else "ESME_ROK" for to, _, _ in messages}
    assert receipts == {
        to: "UNDELIV" if to == "34600099901" else "DELIVRD" for to, _, _ in messages if to not in refused
    }
    for to, text, _ in messages[:5]:
        assert [shown.text for shown in smsc.shown(to) if not shown.is_written] == [text]
    assert (wrote["source"], wrote["to"], wrote["text"]) == ("34600000001", "85355", "BAJA")
    assert wrote_long["text"] == LONG


def test_a_python_client_comes_back_after_chaos_on_its_connection(tmp_path: Path) -> None:
    numbers = [f"346000000{number:02}" for number in range(40)]
    with simulator(tmp_path, "--chaos", "drop-at-pdu=30,garbage=5%,double-receipts=20%,seed=4") as running:
        with PythonClient(tmp_path, running.port, *((to, "Hola", "plain") for to in numbers)) as client:
            told = {event["log_id"] for event in client.until("receipt", 20)}
            assert told - {""} <= set(numbers), "the library knows a doubled receipt no more"
        counted = running.counted()
    assert counted["dropped"] > 0

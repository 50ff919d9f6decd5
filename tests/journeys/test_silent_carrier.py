"""Over TCP, with real clocks: an SMSC that binds, answers enquire_link, and never answers a submit."""

from collections import Counter
from pathlib import Path

import pytest
from tests.support.foxsys_client import FoxsysClient
from tests.support.raw_smsc import Frame, RawSmsc, delivery, numbered, raw_smsc
from tests.support.server import Palomar
from tests.support.smscs import carrier_toml
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey

MESSAGES = 40
TIMEOUT = 1.5
RECEIPT = 0x04
"""esm_class of a delivery receipt."""


def numbers(count: int, *, begin: int = 0) -> list[str]:
    return [f"346{begin + serial:08}" for serial in range(count)]


def never(frame: Frame) -> None:
    """Answer nothing."""


def addresses(frame: Frame) -> tuple[str, str]:
    """Sender and recipient of a submit_sm (SMPP 3.4 section 4.4.1)."""
    _, rest = frame.body.split(b"\0", 1)
    sender, rest = rest[2:].split(b"\0", 1)
    return sender.decode(), rest[2:].split(b"\0", 1)[0].decode()


def copies(smsc: RawSmsc) -> Counter[str]:
    """How often each number was submitted."""
    return Counter(addresses(frame)[1] for frame in list(smsc.submits))


def report(smsc: RawSmsc, frame: Frame, reference: str) -> None:
    """Send the receipt of one copy."""
    sender, number = addresses(frame)
    text = (
        f"id:{reference} sub:001 dlvrd:001 submit date:2611291200 done date:2611291201 stat:DELIVRD err:000 text:Hola"
    )
    smsc.deliver(delivery(text.encode(), source=number, destination=sender, esm_class=RECEIPT))


def states(palomar: Palomar) -> Counter[str]:
    return Counter(message["state"] for message in palomar.json("message", "list", "--limit", "0"))


def test_the_second_carrier_has_the_traffic_and_the_first_comes_back_with_one_message_at_a_time(
    tmp_path: Path,
) -> None:
    with raw_smsc(on_submit=never) as first, raw_smsc() as second:
        toml = carrier_toml(first.port, name="first", window=10, response_timeout_seconds=TIMEOUT)
        palomar = Palomar(tmp_path, toml=toml + carrier_toml(second.port, name="second"))
        key = palomar.account("acme", credit=1_000)
        palomar.command("route", "add", "first", "--priority", "1")
        palomar.command("route", "add", "second", "--priority", "2")
        with palomar.serve() as server, FoxsysClient(server.url, "acme", key) as program:
            first.bound()
            second.bound()
            assert program.send("Hola", *numbers(MESSAGES)).code == "0"
            eventually(
                lambda: len(copies(second)) >= MESSAGES - 10, within_seconds=TIMEOUT + 8, what="most by the second"
            )
            eventually(lambda: len(copies(second)) >= MESSAGES - 2, within_seconds=30, what="the copies too")
            assert set(copies(second).values()) == {1}
            assert max(copies(first).values()) == 1, "a copy goes by the other"
            assert sum(copies(first).values()) <= 10 + 4, "the window, and a trial now and then"
            before = len(first.submits)
            first.on_submit = numbered
            for serial in range(30):
                assert program.send("Hola", *numbers(3, begin=1_000 + 3 * serial)).code == "0"
                wanted = MESSAGES - 4 + 3 * serial
                eventually(lambda wanted=wanted: taken(palomar) >= wanted, within_seconds=30, what="they left")
                if len(first.submits) > before + 3:
                    break
            assert len(first.submits) > before + 3, "the first takes everything again"
            assert server.stop() == 0
        palomar.audit()


def taken(palomar: Palomar) -> int:
    found = states(palomar)
    return found["sent"] + found["delivered"]


def test_alone_it_gets_no_number_more_than_twice_and_receipts_end_what_is_in_doubt(tmp_path: Path) -> None:
    with raw_smsc(on_submit=never) as smsc:
        toml = carrier_toml(smsc.port, window=50, response_timeout_seconds=TIMEOUT)
        palomar = Palomar(tmp_path, toml=toml)
        key = palomar.account("acme", credit=1_000)
        with palomar.serve() as server, FoxsysClient(server.url, "acme", key) as program:
            smsc.bound()
            assert program.send("Hola", *numbers(MESSAGES)).code == "0"
            eventually(lambda: len(smsc.submits) > MESSAGES, within_seconds=40, what="one of them again")
            first, second = list(smsc.submits)[:MESSAGES], list(smsc.submits)[MESSAGES:]
            assert max(copies(smsc).values()) == 2
            assert len(second) <= 3, "one at a time"
            for serial, frame in enumerate(first):
                report(smsc, frame, f"a{serial}")
            eventually(lambda: states(palomar)["delivered"] == MESSAGES, within_seconds=30, what="all delivered")
            for serial, frame in enumerate(second):
                report(smsc, frame, f"b{serial}")
            eventually(lambda: palomar.json("carrier", "orphans") == [], within_seconds=30, what="each found its copy")
            assert server.stop() == 0
        assert max(copies(smsc).values()) == 2
        palomar.audit()


def test_receipts_that_come_before_the_doubt_is_decided_leave_nothing_to_send_again(tmp_path: Path) -> None:
    with raw_smsc(on_submit=never) as smsc:
        palomar = Palomar(tmp_path, toml=carrier_toml(smsc.port, window=50, response_timeout_seconds=TIMEOUT))
        key = palomar.account("acme", credit=1_000)
        with palomar.serve() as server, FoxsysClient(server.url, "acme", key) as program:
            smsc.bound()
            assert program.send("Hola", *numbers(4)).code == "0"
            eventually(lambda: len(smsc.submits) == 4, within_seconds=10, what="all have come")
            for serial, frame in enumerate(list(smsc.submits)):
                report(smsc, frame, f"a{serial}")
            eventually(lambda: states(palomar)["delivered"] == 4, within_seconds=30, what="all delivered")
            assert server.stop() == 0
        assert len(smsc.submits) == 4
        palomar.audit()

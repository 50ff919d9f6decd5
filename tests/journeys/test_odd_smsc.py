"""A carrier that speaks SMPP as some do: what it means is read, and what nobody can read is counted and named."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.raw_smsc import (
    DELIVER_SM,
    GENERIC_NACK,
    RESPONSE,
    Frame,
    RawSmsc,
    delivery,
    numbered,
    pdu,
    raw_smsc,
    tlv,
)
from tests.support.server import Palomar
from tests.support.smscs import carrier_toml
from tests.support.waiting import eventually

PHONE = "34600000001"
RECEIPT = 0x04


@pytest.fixture
def smsc() -> Iterator[RawSmsc]:
    with raw_smsc() as smsc:
        yield smsc


@pytest.fixture
def house(tmp_path: Path, smsc: RawSmsc) -> Iterator[Palomar]:
    """The application, bound to that carrier."""
    with running(tmp_path, smsc) as palomar:
        yield palomar


def sent(house: Palomar, smsc: RawSmsc, *, text: str = "hello", to: str = PHONE) -> tuple[str, str]:
    """A message that the carrier took: its id, and the carrier's."""
    before = len(smsc.submits)
    made = house.json("message", "send", "--account", "acme", "--to", to, "--text", text)
    eventually(lambda: len(smsc.submits) > before, within_seconds=15, what="a submit")
    message_id = str(made[0]["id"])
    reaches(house, message_id, "sent")
    return message_id, f"m{smsc.submits[-1].sequence}"


def reaches(house: Palomar, message_id: str, state: str) -> None:
    eventually(lambda: shown(house, message_id)["state"] == state, within_seconds=15, what=f"{message_id} {state}")


def shown(house: Palomar, message_id: str) -> dict[str, Any]:
    found: dict[str, Any] = house.json("message", "show", message_id)
    return found


def warnings(house: Palomar) -> str:
    return "\n".join(found["text"] for found in house.json("doctor") if found["verdict"] == "warning")


def test_octets_behind_a_whole_pdu_cost_no_receipt_no_text_and_no_stop(house: Palomar, smsc: RawSmsc) -> None:
    message_id, reference = sent(house, smsc)
    receipt = delivery(b"id:%s stat:DELIVRD" % reference.encode(), esm_class=RECEIPT, behind=b"\0")
    assert smsc.deliver(receipt).status == 0
    reaches(house, message_id, "delivered")
    message_id, reference = sent(house, smsc)
    in_parameters = tlv(0x1E, reference.encode() + b"\0") + tlv(0x427, b"\2") + b"\4\x23\0\3\3"
    assert smsc.deliver(delivery(b"", esm_class=RECEIPT, behind=in_parameters)).status == 0
    reaches(house, message_id, "delivered")
    house.command("number", "add", "85355", "--account", "acme")
    eventually(lambda: refused_by_a_stop(house, smsc), within_seconds=15, what="a number that is obeyed")
    assert "carrier outside: sends deliver_sm with octets that are no optional parameters" in warnings(house)


def refused_by_a_stop(house: Palomar, smsc: RawSmsc) -> bool:
    """Whether a STOP with half a parameter behind it is obeyed (a server knows a new number within a second)."""
    assert smsc.deliver(delivery(b"STOP", behind=b"\x04\x27\0\1")).status == 0
    return any(blocked["msisdn"] == PHONE for blocked in house.json("blacklist", "list", "--account", "acme"))


def test_words_of_receipts_count_by_what_they_mean_and_the_doctor_names_what_nobody_knows(
    house: Palomar, smsc: RawSmsc
) -> None:
    for said, state in (
        (b"stat:FAILED", "undelivered"),
        (b"status=[UNDL]", "undelivered"),
        (b"stat:Entregado", "delivered"),
    ):
        message_id, reference = sent(house, smsc)
        assert smsc.deliver(delivery(b"id:%s %s" % (reference.encode(), said), esm_class=RECEIPT)).status == 0
        reaches(house, message_id, state)
    message_id, reference = sent(house, smsc)
    undefined = tlv(0x0427, b"\0")
    body = delivery(b"id:%s stat:UNDELIV" % reference.encode(), esm_class=RECEIPT, behind=undefined)
    assert smsc.deliver(body).status == 0
    reaches(house, message_id, "undelivered")
    message_id, reference = sent(house, smsc)
    assert smsc.deliver(delivery(b"id:%s stat:MISLUKT" % reference.encode(), esm_class=RECEIPT)).status == 0
    assert shown(house, message_id)["state"] == "sent"
    assert "carrier outside: its receipts say 'MISLUKT', which is not known" in warnings(house)
    house.configure(carrier_toml(smsc.port, receipt_words={"Mislukt": "undelivered"}))
    assert "MISLUKT" not in warnings(house)


def test_the_same_words_once_more_are_a_message_and_what_a_broken_link_brings_again_is_none(
    house: Palomar, smsc: RawSmsc
) -> None:
    house.command("number", "add", "85355", "--account", "acme")
    for _ in range(3):
        assert smsc.deliver(delivery(b"SI")).status == 0
    eventually(lambda: written(house, "85355") == 3, within_seconds=10, what="three answers")
    smsc.send_delivery(delivery(b"NO"))
    smsc.drop()
    assert smsc.bound().deliver(delivery(b"NO")).status == 0
    assert written(house, "85355") == 4


def written(house: Palomar, number: str) -> int:
    """How many messages came to a number."""
    with sqlite3.connect(house.data_dir / "palomar.db") as database:
        return int(database.execute("SELECT count(*) FROM inbound WHERE destination = ?", (number,)).fetchone()[0])


def test_an_emoji_across_two_parts_and_a_stop_in_any_ucs2_are_read(house: Palomar, smsc: RawSmsc) -> None:
    house.command("number", "add", "85355", "--account", "acme")
    octets = "a😀".encode("utf-16-be")
    for number, some in ((1, octets[:4]), (2, octets[4:])):
        header = bytes((5, 0, 3, 9, 2, number))
        assert smsc.deliver(delivery(header + some, esm_class=0x40, data_coding=8)).status == 0
    with sqlite3.connect(house.data_dir / "palomar.db") as database:
        assert database.execute("SELECT text FROM inbound WHERE whole = 1").fetchall() == [("a😀",)]
    stop = "STOP".encode("utf-16-le")
    phones = {"34600000002": b"\xff\xfe" + stop, "34600000003": stop + b"\0", "34600000004": b"STOP\0"}
    for count, (source, text) in enumerate(phones.items(), 1):
        assert smsc.deliver(delivery(text, source=source, data_coding=0 if len(text) < 8 else 8)).status == 0
        eventually(lambda count=count: blocked(house) == count, within_seconds=10, what=f"{source} obeyed")


def blocked(house: Palomar) -> int:
    return len(house.json("blacklist", "list", "--account", "acme"))


def test_a_receipt_that_calls_itself_a_text_and_one_of_id_0(house: Palomar, smsc: RawSmsc) -> None:
    message_id, reference = sent(house, smsc)
    assert smsc.deliver(delivery(b"id:0 stat:DELIVRD", esm_class=RECEIPT)).status == 0
    assert shown(house, message_id)["state"] == "sent"
    both = tlv(0x1E, reference.encode() + b"\0") + tlv(0x427, b"\2")
    assert smsc.deliver(delivery(b"id:%s stat:DELIVRD" % reference.encode(), esm_class=0, behind=both)).status == 0
    reaches(house, message_id, "delivered")


def test_a_generic_nack_of_number_0_to_a_bind_is_its_answer(tmp_path: Path) -> None:
    with raw_smsc(on_bind=lambda frame: pdu(GENERIC_NACK, 0, status=0x0F)) as smsc:
        palomar = Palomar(tmp_path / "house", toml=carrier_toml(smsc.port, bind_timeout_seconds=20))
        with palomar.serve():
            eventually(
                lambda: "generic_nack ESME_RINVSYSID" in palomar.command("carrier", "list").stdout,
                within_seconds=10,
                what="the status of the bind's answer",
            )
        assert "generic_nack ESME_RINVSYSID" in palomar.command("doctor", "carrier", "outside", code=1).stdout


def test_of_a_long_message_one_receipt_is_enough_where_the_settings_say_so(tmp_path: Path, smsc: RawSmsc) -> None:
    palomar = Palomar(tmp_path / "house", toml=carrier_toml(smsc.port, receipt_of="message"))
    with palomar.serve():
        palomar.account("acme")
        smsc.bound()
        made = palomar.json("message", "send", "--account", "acme", "--to", PHONE, "--text", "long " * 80)
        eventually(lambda: len(smsc.submits) == 3, within_seconds=15, what="three parts")
        reaches(palomar, made[0]["id"], "sent")
        receipt = delivery(b"id:m%d stat:DELIVRD" % smsc.submits[-1].sequence, esm_class=RECEIPT)
        assert smsc.deliver(receipt).status == 0
        reaches(palomar, made[0]["id"], "delivered")


def test_the_doctor_takes_no_echo_in_the_alphabet_that_it_asks_for(tmp_path: Path) -> None:
    """An SMSC that reads coding 0 as GSM, and writes its receipts in GSM too: an octet that is none becomes ``?``."""

    def report(frame: Frame) -> bytes:
        text = frame.body.rpartition(b"\0")[2][1:]
        echo = bytes(octet if octet < 0x80 else 0x3F for octet in text)
        receipt = delivery(b"id:m%d stat:DELIVRD err:000 text:%s" % (frame.sequence, echo), esm_class=RECEIPT)
        return numbered(frame) + pdu(DELIVER_SM, frame.sequence, receipt)

    with raw_smsc(on_submit=report) as smsc:
        palomar = Palomar(tmp_path / "house", toml=carrier_toml(smsc.port))
        told = palomar.json("doctor", "carrier", "outside", "--to", PHONE, "--messages", "2", "--wait", "5")
    (finding,) = [finding for finding in told["findings"] if finding["subject"] == "alphabet of coding 0"]
    assert finding["verdict"] == "unknown"
    assert finding["text"].startswith("cannot be told")
    assert "look at the phone" in finding["text"]
    assert "alphabet" not in told["configuration"]


def test_what_a_killed_process_had_not_acknowledged_for_sure_is_no_other_message(tmp_path: Path, smsc: RawSmsc) -> None:
    palomar = Palomar(tmp_path / "house", toml=carrier_toml(smsc.port))
    with palomar.serve() as server:
        assert smsc.bound().deliver(delivery(b"SI")).status == 0
        server.kill()
    smsc.drop()
    with palomar.serve():
        assert smsc.bound().deliver(delivery(b"SI")).status == 0
        assert written(palomar, "85355") == 1
        assert smsc.deliver(delivery(b"SI")).status == 0
        assert written(palomar, "85355") == 2


@pytest.mark.parametrize(
    "body",
    [b"m%d", b"m%d\0\0\0", b"m%d\0" + tlv(0x425, b"")[:3], b"m%d\0" + b"\xff" * 9],
    ids=["no NUL", "more NULs", "half a parameter", "garbage"],
)
def test_an_answer_that_is_odd_is_read_as_far_as_it_makes_sense(tmp_path: Path, body: bytes) -> None:
    def answer(frame: Frame) -> bytes:
        return pdu(frame.command | RESPONSE, frame.sequence, body.replace(b"%d", b"%d" % frame.sequence))

    with raw_smsc(on_submit=answer) as smsc, running(tmp_path, smsc) as palomar:
        message_id, reference = sent(palomar, smsc)
        assert smsc.deliver(delivery(b"id:%s stat:DELIVRD" % reference.encode(), esm_class=RECEIPT)).status == 0
        reaches(palomar, message_id, "delivered")


@pytest.mark.parametrize("body", [b"", b"\0", b"null\0", b" \0"], ids=["none", "empty", "null", "blank"])
def test_an_answer_without_an_id_takes_the_message_and_no_receipt_of_another(tmp_path: Path, body: bytes) -> None:
    def answer(frame: Frame) -> bytes:
        return pdu(frame.command | RESPONSE, frame.sequence, body)

    with raw_smsc(on_submit=answer) as smsc, running(tmp_path, smsc) as palomar:
        message_id, _ = sent(palomar, smsc)
        for said in (b"id:0 stat:DELIVRD", b"id: stat:DELIVRD", b"id:null stat:DELIVRD"):
            assert smsc.deliver(delivery(said, source="34699999999", esm_class=RECEIPT)).status == 0
        assert shown(palomar, message_id)["state"] == "sent"
        assert "carrier outside: sends answers without an id" in warnings(palomar)
        receipt = delivery(b"id:9 stat:DELIVRD text:hello", source=PHONE, destination="", esm_class=RECEIPT)
        assert smsc.deliver(receipt).status == 0
        reaches(palomar, message_id, "delivered")


@contextmanager
def running(directory: Path, smsc: RawSmsc) -> Iterator[Palomar]:
    """The application, bound to this carrier."""
    palomar = Palomar(directory / "house", toml=carrier_toml(smsc.port))
    with palomar.serve():
        palomar.account("acme")
        smsc.bound()
        yield palomar

"""The contents of a capture: the whole conversation, no password, never more than its limit."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from tests.carriers.smpp.parts import NOW_MS, part
from tests.carriers.smpp.scripted import Rig
from tests.contracts.virtual_time import in_virtual_time
from tests.support.tshark import dissected, faults

from palomar.carriers.smpp.links.capture import Capture, mask_password
from palomar.carriers.smpp.links.pcap import FILE_HEADER
from palomar.smpp import (
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    EnquireLink,
    Outbind,
    Pdu,
    SubmitSm,
    decode,
    encode,
)
from palomar.text.alphabets import Alphabet
from palomar.vocabulary.lane import Rank


async def converse(file: Path, *sent: Any, **changes: Any) -> None:
    """Run a whole session of a carrier that is captured."""
    async with Rig(capture=file, password="hush", **changes) as rig:
        await rig.live()
        for outgoing in sent:
            assert rig.carrier.reserve(1)
            rig.carrier.submit(outgoing)
        await rig.sink.until(lambda: len(rig.sink.answers) == len(sent))
        rig.smsc.last.deliver(source_addr="573001234567", destination_addr="85355", short_message=b"answer")
        await rig.sink.until(lambda: bool(rig.sink.inbounds))


@in_virtual_time
async def test_a_session_is_dissected_from_bind_to_unbind(tmp_path: Path) -> None:
    file = tmp_path / "acme.pcap"
    await converse(file, part("¿Qué?"), bind="transmitter+receiver")
    assert faults(file) == []
    packets = dissected(file, "smpp.command_id", "smpp.password", "smpp.source_addr", "smpp.data_coding")
    commands = [int(packet["smpp.command_id"], 16) for packet in packets]
    assert commands[:4] == [0x2, 0x80000002, 0x1, 0x80000001]
    assert sorted(commands[4:]) == sorted([0x4, 0x80000004, 0x5, 0x80000005, 0x6, 0x80000006, 0x6, 0x80000006])
    assert [packet["smpp.password"] for packet in packets if packet["smpp.password"]] == ["****", "****"]
    assert b"hush" not in file.read_bytes()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, {"gsm_sms.udh.mm.msg_part": "2"}),
        ({"long_messages": "sar"}, {"smpp.sar_segment_seqnum": "2", "smpp.sar_msg_ref_num": "427"}),
        ({"long_messages": "payload"}, {"smpp.sm_length": "0", "gsm_sms.udh.mm.msg_part": "2"}),
        ({"submit": "data_sm"}, {"smpp.command_id": "0x00000103", "smpp.message_payload": "050003ab0202" + "78" * 47}),
        ({"submit": "data_sm", "long_messages": "sar"}, {"smpp.sar_total_segments": "2"}),
    ],
    ids=["udh", "sar", "payload", "data_sm", "data_sm sar"],
)
@in_virtual_time
async def test_every_way_of_a_long_message_is_dissected(
    tmp_path: Path, changes: dict[str, Any], told: dict[str, str]
) -> None:
    file = tmp_path / "acme.pcap"
    await converse(file, part("x" * 200), part("x" * 200, number=2), **changes)
    assert faults(file) == []
    packets = dissected(file, *told, only="smpp.command_id == 4 || smpp.command_id == 0x103")
    assert packets[-1] == told


@in_virtual_time
async def test_shifts_flash_validity_priority_and_echo_are_dissected(tmp_path: Path) -> None:
    file = tmp_path / "acme.pcap"
    sent = part(
        "não há", alphabet=Alphabet.PORTUGUESE_BOTH, flash=True, rank=Rank.URGENT, stale_ms=NOW_MS + 10**7, number=1
    )
    await converse(file, sent, languages=("portuguese",), validity="absolute", priority=0, urgent_priority=2, echo=True)
    assert faults(file) == []
    names = (
        "smpp.data_coding",
        "smpp.priority_flag",
        "smpp.user_message_reference",
        "gsm_sms.dis_iei_lang.single_shift",
        "gsm_sms.dis_iei_lang.locking_shift",
    )
    (packet,) = dissected(file, *names, only="smpp.command_id == 4")
    assert packet == {
        "smpp.data_coding": "0x10",
        "smpp.priority_flag": "0x02",
        "smpp.user_message_reference": "0x0101",
        "gsm_sms.dis_iei_lang.single_shift": "3",
        "gsm_sms.dis_iei_lang.locking_shift": "3",
    }


@pytest.mark.parametrize("pdu_type", [BindReceiver, BindTransmitter, BindTransceiver, Outbind])
def test_a_password_is_masked_in_its_own_length(pdu_type: type[Pdu]) -> None:
    pdu = pdu_type(sequence_number=1)
    pdu.system_id, pdu.password = "esme", "hush!"  # type: ignore[attr-defined]
    masked = mask_password(encode(pdu))
    read = decode(masked)
    assert read.password == "*****"  # type: ignore[attr-defined]
    read.password = "hush!"  # type: ignore[attr-defined]
    assert read == pdu


def test_pdus_without_a_password_are_unchanged() -> None:
    for pdu in (SubmitSm(short_message=b"hush"), EnquireLink()):
        assert mask_password(encode(pdu)) == encode(pdu)


@given(st.binary(max_size=40), st.sampled_from([1, 2, 9, 11]))
def test_nothing_behind_the_system_id_of_a_malformed_bind_is_shown(body: bytes, command: int) -> None:
    frame = (16 + len(body)).to_bytes(4, "big") + command.to_bytes(4, "big") + bytes(8) + body
    masked = mask_password(frame)
    assert len(masked) == len(frame)
    _, _, rest = body.partition(b"\0")
    password = rest.partition(b"\0")[0]
    start = len(body) - len(rest)
    assert masked[16 + start : 16 + start + len(password)] == b"*" * len(password)


def test_a_full_file_makes_room_for_the_next(tmp_path: Path) -> None:
    file = tmp_path / "acme.pcap"
    capture = Capture(file, octets_max=1_000, wall_ms=lambda: NOW_MS)
    flow = capture.flow()
    for number in range(1, 40):
        flow.sent(encode(SubmitSm(sequence_number=number, short_message=b"x" * 100)))
        assert file.stat().st_size <= 1_000
    capture.close()
    older = file.with_name("acme.pcap.1")
    assert older.stat().st_size <= 1_000
    assert {path.name for path in tmp_path.iterdir()} == {"acme.pcap", "acme.pcap.1"}
    for each in (file, older):
        assert each.read_bytes().startswith(FILE_HEADER)
        assert len(dissected(each, "smpp.command_id")) > 2


def test_only_its_owner_may_read_it_and_an_older_one_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "acme.pcap"
    file.write_bytes(b"older")
    capture = Capture(file, octets_max=10_000, wall_ms=lambda: NOW_MS)
    capture.flow().sent(encode(EnquireLink()))
    capture.close()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.with_name("acme.pcap.1").read_bytes() == b"older"


def test_a_file_that_cannot_be_written_is_logged_once_and_costs_no_link(tmp_path: Path) -> None:
    with capture_logs() as logs:
        capture = Capture(tmp_path / "none" / "acme.pcap", octets_max=10_000, wall_ms=lambda: NOW_MS)
        flow = capture.flow()
        for _ in range(3):
            flow.sent(encode(EnquireLink()))
        flow.ended()
    assert [entry["event"] for entry in logs] == ["carrier_capture_failed"]
    assert logs[0]["reason"] == os.strerror(2)


def test_pdus_that_come_in_pieces_are_written_whole_and_garbage_as_it_came(tmp_path: Path) -> None:
    file = tmp_path / "acme.pcap"
    capture = Capture(file, octets_max=100_000, wall_ms=lambda: NOW_MS)
    flow = capture.flow()
    octets = encode(Outbind(sequence_number=1, system_id="smsc", password="hush")) + encode(EnquireLink())
    for octet in octets:
        flow.received(bytes((octet,)))
    flow.received(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    flow.ended()
    capture.close()
    written = file.read_bytes()
    assert b"hush" not in written
    assert b"HTTP/1.1 400" in written
    packets = dissected(file, "smpp.command_id", only="smpp.command_id == 0x0b || smpp.command_id == 0x15")
    assert [packet["smpp.command_id"] for packet in packets] == ["0x0000000b", "0x00000015"]
